#include "libs/safeguarding/compare.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "libs/safeguarding/names.h"

namespace vigil::safeguarding {
namespace {

using event::v1::Demographics;
using event::v1::Identifier;
using event::v1::PersonName;

bool SameIdentifier(const Identifier& a, const Identifier& b) {
  return a.type() == b.type() && a.value() == b.value() &&
         a.system() == b.system();
}

Reason EqualReason(event::v1::IdentifierType type) {
  switch (type) {
    case event::v1::IDENTIFIER_TYPE_NHS_NUMBER:
      return Reason::kNhsNumberEqual;
    case event::v1::IDENTIFIER_TYPE_UPN:
      return Reason::kUpnEqual;
    case event::v1::IDENTIFIER_TYPE_TEMPORARY_UPN:
      return Reason::kTemporaryUpnEqual;
    default:
      return Reason::kIdentifierEqual;
  }
}

using Words = std::vector<std::string>;

bool Contains(const Words& sorted, absl::string_view word) {
  return std::binary_search(
      sorted.begin(), sorted.end(), word,
      [](absl::string_view a, absl::string_view b) { return a < b; });
}

// Whether the i-th part is among the tokens, by itself or with a neighbour.
bool IsAmong(const Words& parts, size_t i, const Words& tokens) {
  return Contains(tokens, parts[i]) ||
         (i > 0 && Contains(tokens, parts[i - 1] + parts[i])) ||
         (i + 1 < parts.size() && Contains(tokens, parts[i] + parts[i + 1]));
}

bool AreAllAmong(const Words& parts, const Words& tokens) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!IsAmong(parts, i, tokens)) {
      return false;
    }
  }
  return true;
}

bool BeginsAny(absl::string_view part, const Words& tokens) {
  return part.size() >= kMinPrefixCharacters &&
         std::any_of(tokens.begin(), tokens.end(), [&](const auto& token) {
           return absl::StartsWith(token, part);
         });
}

// What was asked, folded once for all names that it is compared with.
struct AskedName {
  Words parts;
  Words tokens;
};

ReasonSet CompareName(const AskedName& asked, const PersonName& name) {
  const Words tokens = NameTokens(name);
  ReasonSet reasons;
  if (AreAllAmong(asked.parts, tokens)) {
    // Either way of writing the name down is the name.
    const bool full = (!(name.given().empty() && name.family().empty()) &&
                       AreAllAmong(FoldName(name.given()), asked.tokens) &&
                       AreAllAmong(FoldName(name.family()), asked.tokens)) ||
                      (!name.as_given().empty() &&
                       AreAllAmong(FoldName(name.as_given()), asked.tokens));
    reasons.insert(full ? Reason::kFullNameEqual : Reason::kNamePartsEqual);
  } else {
    for (size_t i = 0; i < asked.parts.size(); ++i) {
      if (IsAmong(asked.parts, i, tokens)) {
        reasons.insert(Reason::kNamePartEqual);
      } else if (BeginsAny(asked.parts[i], tokens)) {
        reasons.insert(Reason::kNamePrefix);
      }
    }
  }
  if (!reasons.empty()) {
    if (name.use() == event::v1::NAME_USE_FORMER) {
      reasons.insert(Reason::kFormerName);
    } else if (name.use() == event::v1::NAME_USE_ALIAS) {
      reasons.insert(Reason::kAlias);
    }
  }
  return reasons;
}

// Lengths of "2021", "2021-03" and "2021-03-02".
constexpr size_t kYear = 4;
constexpr size_t kMonth = 7;
constexpr size_t kDay = 10;

Reason CompareDates(absl::string_view a, absl::string_view b) {
  const size_t precision = std::min(a.size(), b.size());
  if (precision < kDay) {
    if (a.substr(0, precision) != b.substr(0, precision)) {
      return Reason::kBirthDatesDiffer;
    }
    return precision >= kMonth ? Reason::kBirthMonthEqual
                               : Reason::kBirthYearEqual;
  }
  if (a == b) {
    return Reason::kBirthDateEqual;
  }
  const auto year = [](absl::string_view d) { return d.substr(0, kYear); };
  const auto month = [](absl::string_view d) { return d.substr(5, 2); };
  const auto day = [](absl::string_view d) { return d.substr(8, 2); };
  if (year(a) == year(b) && month(a) == day(b) && day(a) == month(b)) {
    return Reason::kDayAndMonthSwapped;
  }
  int year_a = 0;
  int year_b = 0;
  if (month(a) == month(b) && day(a) == day(b) &&
      absl::SimpleAtoi(year(a), &year_a) &&
      absl::SimpleAtoi(year(b), &year_b) && std::abs(year_a - year_b) == 1) {
    return Reason::kBirthYearOffByOne;
  }
  int different = 0;
  for (size_t i = 0; i < precision; ++i) {
    different += a[i] != b[i] ? 1 : 0;
  }
  return different == 1 ? Reason::kBirthDigitDiffers
                        : Reason::kBirthDatesDiffer;
}

}  // namespace

Match MakeMatch(const ReasonSet& reasons) {
  Match match;
  for (const Reason reason : reasons) {
    match.reasons.push_back(ReasonFor(reason));
    match.rank += ReasonFor(reason).weight;
  }
  return match;
}

bool IsBetter(const ReasonSet& a, const ReasonSet& b) {
  if (a.empty() || b.empty()) {
    return !a.empty();
  }
  const int rank_a = MakeMatch(a).rank;
  const int rank_b = MakeMatch(b).rank;
  return rank_a != rank_b ? rank_a > rank_b : a < b;
}

bool IsBetter(Reason a, Reason b) {
  return IsBetter(ReasonSet{a}, ReasonSet{b});
}

ReasonSet CompareIdentifier(const Identifier& asked,
                            absl::Span<const Demographics> demographics) {
  ReasonSet best;
  if (IsPlaceholder(asked)) {
    return best;
  }
  for (const Demographics& said : demographics) {
    for (const Identifier& theirs : said.identifiers()) {
      if (!SameIdentifier(asked, theirs)) {
        continue;
      }
      ReasonSet reasons;
      switch (theirs.holder()) {
        case event::v1::IDENTIFIER_HOLDER_MOTHER:
        case event::v1::IDENTIFIER_HOLDER_OTHER:
          reasons.insert(Reason::kIdentifierOfAnotherPerson);
          break;
        case event::v1::IDENTIFIER_HOLDER_SELF:
          reasons.insert(EqualReason(asked.type()));
          break;
        default:
          reasons.insert(EqualReason(asked.type()));
          reasons.insert(Reason::kIdentifierHolderNotStated);
      }
      if (theirs.verified() != event::v1::ANSWER_YES) {
        reasons.insert(Reason::kIdentifierNotVerified);
      }
      if (IsBetter(reasons, best)) {
        best = reasons;
      }
    }
  }
  return best;
}

bool HasOther(const Identifier& asked,
              absl::Span<const Demographics> demographics) {
  for (const Demographics& said : demographics) {
    for (const Identifier& theirs : said.identifiers()) {
      if (theirs.holder() == event::v1::IDENTIFIER_HOLDER_SELF &&
          theirs.type() == asked.type() && theirs.system() == asked.system() &&
          theirs.value() != asked.value()) {
        return true;
      }
    }
  }
  return false;
}

bool IsWholeName(const ReasonSet& named) {
  return named.contains(Reason::kFullNameEqual) ||
         named.contains(Reason::kNamePartsEqual);
}

ReasonSet CompareNames(absl::string_view asked_name,
                       absl::Span<const Demographics> demographics) {
  const AskedName asked{FoldName(asked_name), QueryTokens(asked_name)};
  ReasonSet best;
  if (asked.parts.empty()) {
    return best;
  }
  for (const Demographics& said : demographics) {
    for (const PersonName& name : said.names()) {
      ReasonSet reasons = CompareName(asked, name);
      if (IsBetter(reasons, best)) {
        best = std::move(reasons);
      }
    }
  }
  return best;
}

bool IsPlaceholder(const Identifier& identifier) {
  return identifier.type() == event::v1::IDENTIFIER_TYPE_NHS_NUMBER &&
         !identifier.value().empty() &&
         identifier.value().find_first_not_of(identifier.value()[0]) ==
             std::string::npos;
}

bool IsDate(absl::string_view date) {
  return date.size() == kYear || date.size() == kMonth || date.size() == kDay;
}

bool IsFullDate(absl::string_view date) { return date.size() == kDay; }

Reason CompareBirths(absl::string_view asked,
                     absl::Span<const Demographics> demographics) {
  Reason best = Reason::kBirthDateNotKnown;
  bool known = false;
  for (const Demographics& said : demographics) {
    Reason reason = Reason::kBirthDateNotKnown;
    if (IsDate(said.birth().date())) {
      reason = CompareDates(asked, said.birth().date());
    } else if (asked.size() == kDay && said.birth().expected() == asked) {
      reason = Reason::kExpectedDateEqual;
    } else {
      continue;
    }
    if (!known || IsBetter(reason, best)) {
      best = reason;
      known = true;
    }
  }
  return best;
}

}  // namespace vigil::safeguarding
