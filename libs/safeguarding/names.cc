#include "libs/safeguarding/names.h"

#include <unicode/bytestream.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uvernum.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

}  // namespace vigil::safeguarding
