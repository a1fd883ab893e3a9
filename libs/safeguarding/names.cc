#include "libs/safeguarding/names.h"

#include <unicode/bytestream.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uvernum.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/check.h"

namespace vigil::safeguarding {
namespace {

// Changes with anything below that changes a fold.
constexpr absl::string_view kRulesVersion = "1";

// To Latin letters; then without what hangs on letters (accents, the signs that
// stand for an ayin or a soft sign); then without what no decomposition
// reaches, such as the stroke of an o.
constexpr char kRules[] =
    "Any-Latin; NFKD; [[:Mn:][:Lm:]] Remove; Latin-ASCII; Any-Lower";

// One for each thread: making one takes milliseconds, and ICU promises nothing
// of one that is shared.
const icu::Transliterator& Transliteration() {
  static thread_local const std::unique_ptr<const icu::Transliterator> kept =
      [] {
        UErrorCode error = U_ZERO_ERROR;
        std::unique_ptr<const icu::Transliterator> made(
            icu::Transliterator::createInstance(kRules, UTRANS_FORWARD, error));
        Check(U_SUCCESS(error) && made != nullptr,
              "the rules that fold names are known to ICU");
        return made;
      }();
  return *kept;
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(c); });
}

// Folds nothing; puts each run of letters and digits into `parts`.
void SplitAscii(absl::string_view text, std::vector<std::string>& parts) {
  std::string part;
  for (const char c : text) {
    if (absl::ascii_isalnum(c)) {
      part.push_back(absl::ascii_tolower(c));
    } else if (!part.empty()) {
      parts.push_back(std::exchange(part, {}));
    }
  }
  if (!part.empty()) {
    parts.push_back(std::move(part));
  }
}

void SplitUnicode(const icu::UnicodeString& text,
                  std::vector<std::string>& parts) {
  for (int32_t at = 0; at < text.length();) {
    const int32_t begin = at;
    while (at < text.length() && (u_isUAlphabetic(text.char32At(at)) ||
                                  u_isdigit(text.char32At(at)))) {
      at = text.moveIndex32(at, 1);
    }
    if (at > begin) {
      text.tempSubStringBetween(begin, at).toUTF8String(parts.emplace_back());
    } else {
      at = text.moveIndex32(at, 1);
    }
  }
}

void SortUnique(std::vector<std::string>& tokens) {
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
}

void AddTokens(absl::string_view name, std::vector<std::string>& tokens) {
  std::vector<std::string> parts = FoldName(name);
  for (size_t i = 1; i < parts.size(); ++i) {
    tokens.push_back(absl::StrCat(parts[i - 1], parts[i]));
  }
  std::move(parts.begin(), parts.end(), std::back_inserter(tokens));
}

// Forms and spellings of one given name, folded: of kNameFormsVersion. A line
// is what one child is called by several agencies; a form of several names
// stands in several. Names that brothers and sisters have beside each other
// (Paul and Paula) are never one line.
constexpr absl::string_view kForms[] = {
    "abigail abi abbie abby gail",
    "aidan aiden",
    "alan allan allen al",
    "alexander alex alec xander",
    "alexandra alex alexa",
    "alfred alf alfie fred",
    "amelia millie",
    "andrew andy drew",
    "anthony antony tony",
    "archibald archie",
    "barbara barb babs",
    "benjamin ben benny",
    "caroline carolyn carrie",
    "catherine katherine katharine kathryn cathryn kate katie katy cathy kathy "
    "kat kitty",
    "charles charlie chas",
    "charlotte charlie lottie",
    "christina kristina chris tina chrissie",
    "christine kristine chris chrissie",
    "christopher kristopher chris kit",
    "daniel dan danny",
    "david dave davey davy",
    "deborah debra debbie deb",
    "dorothy dot dottie",
    "edward ed eddie ted teddy ned",
    "eleanor elinor ellie nell nellie",
    "elizabeth elisabeth eliza liz lizzie lizzy beth betty betsy bess libby",
    "ellen ellie nell",
    "emily em emmy millie",
    "florence flo florrie flossie",
    "frances fran frankie",
    "francis frank frankie",
    "frederick fred freddie freddy",
    "geoffrey jeffrey geoff jeff",
    "georgina georgie",
    "graham graeme",
    "gregory greg",
    "harold harry hal",
    "henry harry hal",
    "isabella isabel isabelle isobel bella izzy",
    "jacob jake",
    "jacqueline jackie jacqui",
    "james jim jimmy jamie",
    "jennifer jenny jen",
    "jessica jess jessie",
    "joanna joanne jo",
    "john jon johnny",
    "jonathan jonathon jon jonny",
    "joseph joe joey",
    "josephine jo josie",
    "joshua josh",
    "kenneth ken kenny",
    "kimberley kimberly kim",
    "lawrence laurence larry laurie",
    "leonard leo len lenny",
    "lewis louis lou louie",
    "louise lou",
    "lucas lukas luke",
    "madeleine madeline maddie maddy",
    "margaret maggie meg peggy madge marge",
    "mark marc",
    "matilda tilda tilly",
    "matthew mathew matt matty",
    "michael mick mike mikey micky",
    "mohammed muhammad mohammad mohamed muhammed mohamad mohd md",
    "natalie nathalie nat",
    "nathan nate nat",
    "nathaniel nathanael nate nat",
    "nicholas nicolas nick nicky",
    "nicola nicky nikki",
    "oliver ollie",
    "olivia liv livvy",
    "pamela pam",
    "patricia pat patty tricia trish",
    "patrick pat paddy",
    "peter pete",
    "philip phillip phil pip",
    "philippa pippa pip",
    "rachel rachael",
    "rebecca rebekah becca becky",
    "richard rick ricky rich dick",
    "robert rob robbie bob bobby",
    "ronald ron ronnie",
    "rosemary rosie",
    "samantha sam sammy",
    "samuel sam sammy",
    "sarah sara",
    "sean shaun shawn",
    "simon si",
    "sofia sophia sophie",
    "stephanie steph",
    "stephen steven steve",
    "stuart stewart stu",
    "susan suzanne sue susie suzie",
    "terence terrence terry",
    "theodore theo ted teddy",
    "theresa teresa terry tess tessa",
    "thomas tom tommy",
    "timothy tim",
    "tobias toby",
    "victoria vicky vicki vikki tori",
    "vincent vince vinny",
    "william will bill billy willy",
    "yousef yusuf yousuf youssef yusef",
    "zachary zach zac zack",
};

// With what a name begins that stands for none: of a child that has none yet.
constexpr absl::string_view kPlaceholders =
    "baby bb infant newborn unborn foetus fetus twin triplet unknown unnamed "
    "tbc";
// A name of nothing but these says nothing either.
constexpr absl::string_view kNothing = "not known name named yet";
// Which one a placeholder means, beside others.
using Words = std::pair<absl::string_view, absl::string_view>;
constexpr Words kNumbers[] = {
    {"1", "1"}, {"one", "1"},   {"i", "1"},   {"a", "1"}, {"first", "1"},
    {"2", "2"}, {"two", "2"},   {"ii", "2"},  {"b", "2"}, {"second", "2"},
    {"3", "3"}, {"three", "3"}, {"iii", "3"}, {"c", "3"}, {"third", "3"}};
constexpr Words kSexes[] = {
    {"boy", "boy"}, {"male", "boy"}, {"girl", "girl"}, {"female", "girl"}};

bool IsWordOf(absl::string_view words, absl::string_view word) {
  const std::vector<absl::string_view> split = absl::StrSplit(words, ' ');
  return std::find(split.begin(), split.end(), word) != split.end();
}

absl::string_view LookUp(absl::Span<const Words> table,
                         absl::string_view word) {
  for (const auto& [key, value] : table) {
    if (key == word) return value;
  }
  return {};
}

// The lines of kForms in which a name stands.
const std::vector<size_t>& LinesOf(absl::string_view name) {
  static const auto* const lines = [] {
    auto* made = new absl::flat_hash_map<std::string, std::vector<size_t>>;
    for (size_t i = 0; i < std::size(kForms); ++i) {
      for (const absl::string_view form : absl::StrSplit(kForms[i], ' ')) {
        (*made)[form].push_back(i);
      }
    }
    return made;
  }();
  static const auto* const none = new std::vector<size_t>;
  const auto it = lines->find(name);
  return it == lines->end() ? *none : it->second;
}

bool AreForms(absl::string_view one, absl::string_view other) {
  const std::vector<size_t>& lines = LinesOf(other);
  return std::any_of(
      LinesOf(one).begin(), LinesOf(one).end(), [&](size_t line) {
        return std::find(lines.begin(), lines.end(), line) != lines.end();
      });
}

bool IsInitialOf(absl::string_view initial, absl::string_view part) {
  return initial.size() == 1 && absl::StartsWith(part, initial);
}

bool PartsAgree(absl::string_view one, absl::string_view other) {
  return one == other || AreForms(one, other) || IsInitialOf(one, other) ||
         IsInitialOf(other, one);
}

using Parts = std::vector<std::string>;

// How many parts from `at` on, joined, are the text: two of "anne", "marie" are
// "annemarie". 0: none are.
size_t JoinedAs(const Parts& parts, size_t at, absl::string_view text) {
  size_t end = at;
  while (end < parts.size() && !text.empty() &&
         absl::ConsumePrefix(&text, parts[end])) {
    ++end;
  }
  return text.empty() ? end - at : 0;
}

// Whether each part of the one answers to a part of the other to which no other
// part does.
bool AnswersTo(const Parts& fewer, const Parts& more) {
  std::vector<bool> used(more.size(), false);
  const auto use = [&](size_t at, size_t count) {
    for (size_t i = at; i < at + count; ++i) {
      if (used[i]) return false;
    }
    for (size_t i = at; i < at + count; ++i) used[i] = true;
    return true;
  };
  for (size_t i = 0; i < fewer.size();) {
    size_t answered = 0;  // parts of `fewer`
    for (size_t j = 0; j < more.size() && answered == 0; ++j) {
      const size_t joined = JoinedAs(fewer, i, more[j]);
      const size_t apart = JoinedAs(more, j, fewer[i]);
      if (PartsAgree(fewer[i], more[j]) && use(j, 1)) {
        answered = 1;
      } else if (joined > 0 && use(j, 1)) {
        answered = joined;
      } else if (apart > 0 && use(j, apart)) {
        answered = 1;
      }
    }
    if (answered == 0) return false;
    i += answered;
  }
  return true;
}

// Given and family name of one that came in one piece: "Quill, Ada" or "Ada
// Quill".
std::pair<Parts, Parts> Split(absl::string_view as_given) {
  if (const size_t comma = as_given.find(',');
      comma != absl::string_view::npos) {
    return {FoldName(as_given.substr(comma + 1)),
            FoldName(as_given.substr(0, comma))};
  }
  Parts given = FoldName(as_given);
  Parts family;
  if (given.size() > 1) {
    family.push_back(std::move(given.back()));
    given.pop_back();
  }
  return {std::move(given), std::move(family)};
}

template <typename T>
void AddNew(T element, std::vector<T>& to) {
  if (std::find(to.begin(), to.end(), element) == to.end()) {
    to.push_back(std::move(element));
  }
}

}  // namespace

std::string NameFoldVersion() {
  return absl::StrCat(kRulesVersion, "+icu", U_ICU_VERSION);
}

std::vector<std::string> FoldName(absl::string_view name) {
  std::vector<std::string> parts;
  if (IsAscii(name)) {  // most are, and then it is a hundred times quicker
    SplitAscii(name, parts);
  } else {
    icu::UnicodeString text = icu::UnicodeString::fromUTF8(
        icu::StringPiece(name.data(), static_cast<int32_t>(name.size())));
    Transliteration().transliterate(text);
    SplitUnicode(text, parts);
  }
  if (parts.size() > kMaxNameParts) {
    parts.resize(kMaxNameParts);
  }
  return parts;
}

std::vector<std::string> NameTokens(const event::v1::PersonName& name) {
  std::vector<std::string> tokens;
  AddTokens(name.family(), tokens);
  AddTokens(name.given(), tokens);
  AddTokens(name.as_given(), tokens);
  SortUnique(tokens);
  return tokens;
}

std::vector<std::string> QueryTokens(absl::string_view name) {
  std::vector<std::string> tokens;
  AddTokens(name, tokens);
  SortUnique(tokens);
  return tokens;
}

void GivenNames::Add(const event::v1::PersonName& name) {
  Parts given = FoldName(name.given());
  Parts family = FoldName(name.family());
  if (given.empty() && family.empty()) {
    std::tie(given, family) = Split(name.as_given());
  }
  if (given.empty()) return;
  if (IsWordOf(kPlaceholders, given[0]) ||
      std::all_of(given.begin(), given.end(), [](const std::string& part) {
        return IsWordOf(kNothing, part) || !LookUp(kSexes, part).empty();
      })) {
    Placeholder placeholder;
    for (const std::string& part : given) {
      if (const auto number = LookUp(kNumbers, part); !number.empty()) {
        placeholder.number = std::string(number);
      } else if (const auto sex = LookUp(kSexes, part); !sex.empty()) {
        placeholder.sex = std::string(sex);
      }
    }
    AddNew(std::move(placeholder), placeholders_);
    return;
  }
  Name added = {.given = given, .whole = std::move(given)};
  added.whole.insert(added.whole.end(), family.begin(), family.end());
  std::sort(added.whole.begin(), added.whole.end());
  AddNew(std::move(added), names_);
}

void GivenNames::Add(const GivenNames& other) {
  for (const Name& name : other.names_) AddNew(name, names_);
  for (const Placeholder& placeholder : other.placeholders_) {
    AddNew(placeholder, placeholders_);
  }
}

bool GivenNames::Agree(const Name& one, const Name& other) {
  return AnswersTo(one.given, other.given) ||
         AnswersTo(other.given, one.given) ||
         // Family and given name the other way round.
         (one.whole.size() > 1 && one.whole == other.whole);
}

bool GivenNames::Contradict(const GivenNames& other) const {
  if (!names_.empty() && !other.names_.empty()) {
    return std::none_of(names_.begin(), names_.end(), [&](const Name& one) {
      return std::any_of(other.names_.begin(), other.names_.end(),
                         [&](const Name& name) { return Agree(one, name); });
    });
  }
  if (!names_.empty() || !other.names_.empty() || placeholders_.empty() ||
      other.placeholders_.empty()) {
    return false;
  }
  const auto differ = [](absl::string_view a, absl::string_view b) {
    return !a.empty() && !b.empty() && a != b;
  };
  return std::none_of(
      placeholders_.begin(), placeholders_.end(), [&](const Placeholder& one) {
        return std::any_of(other.placeholders_.begin(),
                           other.placeholders_.end(),
                           [&](const Placeholder& another) {
                             return !differ(one.number, another.number) &&
                                    !differ(one.sex, another.sex);
                           });
      });
}

}  // namespace vigil::safeguarding
