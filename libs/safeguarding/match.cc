#include "libs/safeguarding/match.h"

#include "absl/strings/str_cat.h"
#include "libs/safeguarding/compare.h"

namespace vigil::safeguarding {
namespace {

using event::v1::Demographics;

// Published. The weights keep the order of what is surer: any identifier of
// one's own, then names and dates together, a whole name without its date above
// a part of a name with it.
constexpr MatchReason kReasons[] = {
    {Reason::kNhsNumberEqual, "NHS_NUMBER_EQUAL", "The NHS number is the same.",
     10'000},
    {Reason::kUpnEqual, "UPN_EQUAL", "The unique pupil number is the same.",
     8'000},
    {Reason::kTemporaryUpnEqual, "TEMPORARY_UPN_EQUAL",
     "The temporary pupil number is the same.", 5'000},
    {Reason::kIdentifierEqual, "IDENTIFIER_EQUAL",
     "An identifier of the same system is the same.", 6'000},
    {Reason::kIdentifierOfAnotherPerson, "IDENTIFIER_OF_ANOTHER_PERSON",
     "The same number is held as that of the mother or another person.", 1'500},
    {Reason::kFullNameEqual, "FULL_NAME_EQUAL",
     "The full name is the same, in any order.", 600},
    {Reason::kNamePartsEqual, "NAME_PARTS_EQUAL",
     "All parts of the one name are in the other, in any order.", 500},
    {Reason::kNamePartEqual, "NAME_PART_EQUAL",
     "A part of the name is the same.", 200},
    {Reason::kNamePrefix, "NAME_PREFIX",
     "A part of the name begins with what was asked.", 100},
    {Reason::kFormerName, "FORMER_NAME", "It is a former name.", -10},
    {Reason::kAlias, "ALIAS", "It is an alias.", -10},
    {Reason::kBirthDateEqual, "BIRTH_DATE_EQUAL",
     "The date of birth is the same.", 300},
    {Reason::kDayAndMonthSwapped, "DAY_AND_MONTH_SWAPPED",
     "The date of birth is the same with day and month swapped.", 200},
    {Reason::kBirthYearOffByOne, "BIRTH_YEAR_OFF_BY_ONE",
     "Day and month of birth are the same, the years are next to each other.",
     150},
    {Reason::kBirthDigitDiffers, "BIRTH_DIGIT_DIFFERS",
     "The dates of birth differ in one digit.", 150},
    {Reason::kBirthMonthEqual, "BIRTH_MONTH_EQUAL",
     "Month and year of birth are the same; more is not stated.", 120},
    {Reason::kBirthYearEqual, "BIRTH_YEAR_EQUAL",
     "The year of birth is the same; more is not stated.", 60},
    {Reason::kExpectedDateEqual, "EXPECTED_DATE_EQUAL",
     "The date is that on which the birth was expected.", 200},
    {Reason::kIdentifierNotVerified, "IDENTIFIER_NOT_VERIFIED",
     "The number was not verified on both sides.", -100},
    {Reason::kIdentifierHolderNotStated, "IDENTIFIER_HOLDER_NOT_STATED",
     "Whose number it is was not stated on both sides.", -100},
    {Reason::kIdentifiersDiffer, "IDENTIFIERS_DIFFER",
     "They have different numbers of one type.", -200},
    {Reason::kBirthDateNotKnown, "BIRTH_DATE_NOT_KNOWN",
     "A full date of birth is not known of both.", 0},
    {Reason::kBirthDatesDiffer, "BIRTH_DATES_DIFFER",
     "Different dates of birth are stated.", -150},
    {Reason::kSexDiffers, "SEX_DIFFERS", "The sexes stated differ.", -50},
    {Reason::kGivenNamesDiffer, "GIVEN_NAMES_DIFFER",
     "The given names are not forms of one name.", -50},
    {Reason::kMatchesContradict, "MATCHES_CONTRADICT",
     "Others who match as well contradict each other.", -50},
    {Reason::kBetweenSeparated, "BETWEEN_SEPARATED",
     "It links with both sides of a separation.", 0},
    {Reason::kTooManyLinked, "TOO_MANY_LINKED",
     "More subjects hang together than one child can have.", 0},
};

}  // namespace

absl::Span<const MatchReason> Reasons() { return kReasons; }

const MatchReason& ReasonFor(Reason reason) {
  return kReasons[static_cast<size_t>(reason)];
}

std::string ReasonsMarkdown() {
  std::string text =
      "# Reasons\n\n"
      "Why a candidate matched, or why somebody is shown as a possible match "
      "and not joined.\nCodes are never renamed and never change their "
      "meaning. The weights order candidates and\nmean nothing else.\n\n"
      "| Code | Meaning | Weight |\n|---|---|---|\n";
  for (const MatchReason& reason : kReasons) {
    absl::StrAppend(&text, "| `", reason.code, "` | ", reason.text, " | ",
                    reason.weight, " |\n");
  }
  return text;
}

std::optional<Match> MatchPerson(const Query& query,
                                 absl::Span<const Demographics> demographics) {
  ReasonSet reasons;
  if (query.identifier) {
    reasons = CompareIdentifier(*query.identifier, demographics);
  }
  const bool identified = !reasons.empty();
  const bool named_asked = !query.name.empty();
  const bool born_asked = IsDate(query.birth_date);
  if (!identified && !named_asked && !born_asked) {
    return std::nullopt;
  }

  const ReasonSet named =
      named_asked ? CompareNames(query.name, demographics) : ReasonSet();
  if (named_asked && named.empty() && !identified) {
    return std::nullopt;
  }
  reasons.insert(named.begin(), named.end());

  if (born_asked) {
    const Reason born = CompareBirths(query.birth_date, demographics);
    if (!identified) {
      if (born == Reason::kBirthDatesDiffer && !IsWholeName(named)) {
        return std::nullopt;
      }
      if (born == Reason::kBirthDateNotKnown && !named_asked) {
        return std::nullopt;
      }
    }
    reasons.insert(born);
  }
  if (query.identifier && !identified &&
      HasOther(*query.identifier, demographics)) {
    reasons.insert(Reason::kIdentifiersDiffer);
  }
  return MakeMatch(reasons);
}

}  // namespace vigil::safeguarding
