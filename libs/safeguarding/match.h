// Why somebody may be the child that is looked for: what was compared, and how
// it agreed.
//
//   Query query{.name = "Jones, Anna", .birth_date = "2021-03-02"};
//   if (std::optional<Match> match = MatchPerson(query, demographics)) {
//     candidate.rank = match->rank;     // higher is better
//     for (const MatchReason& reason : match->reasons) ...
//   }
//
// Reasons are published codes with a fixed text: REASONS.md is the table, and a
// test keeps it equal. Neither ever holds a value: a reason says that dates of
// birth agree, not which date that is.
//
// The rank orders candidates and means nothing else: it is the sum of the
// table's weights, so an identifier outweighs any name, and a name any date. It
// is no probability; a professional decides. Ties are the caller's to break.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_SAFEGUARDING_MATCH_H_
#define VIGIL_LIBS_SAFEGUARDING_MATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

// In the order in which an answer lists them.
enum class Reason {
  // The same identifier.
  kNhsNumberEqual,
  kUpnEqual,
  kTemporaryUpnEqual,
  kIdentifierEqual,
  kIdentifierOfAnotherPerson,
  // How the names agree; former and alias say which name it was.
  kFullNameEqual,
  kNamePartsEqual,
  kNamePartEqual,
  kNamePrefix,
  kFormerName,
  kAlias,
  // How the dates of birth agree.
  kBirthDateEqual,
  kDayAndMonthSwapped,
  kBirthYearOffByOne,
  kBirthDigitDiffers,
  kBirthMonthEqual,
  kBirthYearEqual,
  kExpectedDateEqual,
  // Why those who agree so far are not joined.
  kIdentifierNotVerified,
  kIdentifierHolderNotStated,
  kIdentifiersDiffer,
  kBirthDateNotKnown,
  kBirthDatesDiffer,
  kSexDiffers,
  kGivenNamesDiffer,
  kMatchesContradict,
  kBetweenSeparated,
  kTooManyLinked,
};

struct MatchReason {
  Reason reason;
  absl::string_view code;  // "NHS_NUMBER_EQUAL"; published, never changed
  absl::string_view text;  // a sentence for people
  int weight;

  friend bool operator==(const MatchReason& a, const MatchReason& b) {
    return a.reason == b.reason;
  }
};

const MatchReason& ReasonFor(Reason reason);
absl::Span<const MatchReason> Reasons();

// Reasons() as the text of REASONS.md.
std::string ReasonsMarkdown();

// What somebody looks for: at least one of the three.
struct Query {
  std::string name;        // its parts in any order; empty: not asked
  std::string birth_date;  // "2021-03-02", "2021-03", "2021"; empty: not asked
  std::optional<event::v1::Identifier> identifier;  // type, value, system
};

struct Match {
  int rank = 0;
  std::vector<MatchReason> reasons;  // in the order of Reason, none twice
};

// Whether the person whom all these describe (each one event's section PERSON)
// may be the one that is looked for:
//
// - the identifier is theirs, whatever else was asked (a name that was
//   misspelt must not hide the child), or
// - what was asked of name and date of birth agrees, in one of the ways above.
// A
//   date of birth that is not known contradicts nothing. One that disagrees
//   outright rules out a person whose name agrees only in part; whose whole
//   name agrees stays, further down.
//
// A name agrees only if a token of it (names.h) begins with a token of the
// query, so an index of tokens misses nobody.
std::optional<Match> MatchPerson(
    const Query& query, absl::Span<const event::v1::Demographics> demographics);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_MATCH_H_
