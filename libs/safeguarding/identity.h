// Who is one child: the subjects (children as single agencies know them) that
// belong together, why, and who else may be the same.
//
//   absl::StatusOr<Identity> identity = Resolve(facts, subject);
//   for (const event::v1::LinkedSubject& linked : identity->subjects) ...
//
// Facts never move: each entry stays under the subject it came with, and who is
// one child is judged anew with every question. The answer is an equivalence:
// whichever subject is asked from, the same ones belong together, in whatever
// order the facts were learnt.
//
// What joins two subjects:
//
// - RENAMED: a SubjectRenamed names both. They are one subject under two
//   references (a naming key was replaced): what is known of one is known of
//   the other, and a separation that names one separates both.
// - DECISION: a SubjectsLinked names both, and no LinkRevoked cancels it.
//   (Both lie in section CLEAR, so these outlive every key. A link by rule
//   rests on what is said of people: it must be logged as a decision before a
//   key of theirs is destroyed.)
// - RULE: both state the same NHS number, or the same permanent UPN, verified
//   and their own; and a full date of birth, the same; and put together the
//   two state one NHS number of their own at most, one such UPN, one date of
//   birth, and not both sexes; and their given names do not contradict
//   (names.h: twins get each other's number). Verified or not makes no
//   difference to what contradicts. Never by a mother's number, one whose
//   holder nobody stated, a temporary UPN, an NHS number of ten equal digits (a
//   placeholder), nor an identifier of any other type. Where several so agree
//   and some of them contradict each other (one says girl, one boy, a third
//   neither), those are joined that contradict the same ones: the third may be
//   either, and is joined with nobody. So no rule joins what contradicts, not
//   even around a corner.
//
// Somebody known by number in one record only (s1.n) is joined by no rule, and
// is no match of anybody, until a decision links them: one mother in sixty
// records is not sixty mothers. Whoever asks about them is shown whom they may
// be.
//
// What parts them: a SubjectsSeparated (without a SeparationRevoked) cuts every
// edge between its groups, made by rule or decision, before or after it. A
// third subject that both groups reach without crossing the other, would join
// them again: it is cut from both groups, since nobody can tell whose it is,
// and shown for review. (To settle it, separate again with the third subject
// named in its group.) All separations act at once, on the same picture, so
// their order does not matter. Without them everything is as it was.
//
// A possible match agrees in an identifier in some weaker way, or in a whole
// name and the full date of birth. It is shown with its reasons, never joined.
//
// Source of the rules: proto/README.md, F23-F29 of the domain's facts (an own
// verified identifier only: newborns carry their mother's number; twins share a
// date of birth).
//
// Threads: safe if `facts` is.
#ifndef VIGIL_LIBS_SAFEGUARDING_IDENTITY_H_
#define VIGIL_LIBS_SAFEGUARDING_IDENTITY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/safeguarding/match.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

// A SubjectsLinked, or a SubjectRenamed of its two.
struct Link {
  std::string event_id;
  event::v1::LinkKind kind = event::v1::LINK_KIND_DECISION;  // or RENAMED
  std::vector<std::string> subjects;
};

// A SubjectsSeparated.
struct Separation {
  std::string event_id;
  std::vector<std::string> group_a;
  std::vector<std::string> group_b;
};

// What the section CLEAR of an event of that type decides (ClearPart.decided);
// nothing if it is no such event or names too few.
std::optional<Link> LinkOf(absl::string_view event_id, absl::string_view type,
                           const event::v1::ClearPart& clear);
std::optional<Separation> SeparationOf(absl::string_view event_id,
                                       absl::string_view type,
                                       const event::v1::ClearPart& clear);

// A LinkRevoked or SeparationRevoked.
struct Revocation {
  std::string event_id;  // of what it revokes
  std::string subject;   // that this names
  bool of_separation = false;
};
std::optional<Revocation> RevocationOf(absl::string_view type,
                                       const event::v1::ClearPart& clear);

// Those that no revocation names, by id and one of their subjects. A
// LinkRevoked cancels links by decision only, a SeparationRevoked separations,
// and nothing a renaming. It counts whenever it was logged, also before what it
// revokes.
std::vector<Link> Active(std::vector<Link> links,
                         absl::Span<const Revocation> revocations);
std::vector<Separation> Active(std::vector<Separation> separations,
                               absl::Span<const Revocation> revocations);

// Whether a search may find the subject, whose active links these are: nobody
// who is known by number in one record, but by what links them.
bool MayBeFound(absl::string_view subject, absl::Span<const Link> links);

// More than any child is known by (every agency, several systems of each): more
// means that something that does not identify is taken to identify.
inline constexpr size_t kMaxLinkedSubjects = 200;
// As many as a person will look through.
inline constexpr size_t kMaxPossibleMatches = 50;

// Subjects, each once.
struct Found {
  std::vector<std::string> subjects;
  bool all = true;  // false: there are more than these, or may be
};

// The facts in the state of knowledge that is asked about: whoever implements
// it leaves out what was logged later, and what was withdrawn or corrected
// (amendments.h: `people_stand`; of what was corrected, what is in force:
// corrections.h). Answers are sets: order and repetition do not matter. A
// subject of which nothing is known has empty ones. Any error ends Resolve with
// it.
class IdentityFacts {
 public:
  virtual ~IdentityFacts() = default;

  // What each event said of the person.
  virtual absl::StatusOr<std::vector<event::v1::Demographics>> Person(
      const std::string& subject) const = 0;

  // The active ones that name it.
  virtual absl::StatusOr<std::vector<Link>> LinksOf(
      const std::string& subject) const = 0;
  virtual absl::StatusOr<std::vector<Separation>> SeparationsOf(
      const std::string& subject) const = 0;

  // The subjects that carry it, whoever holds it, verified or not. Equal means
  // type, value and system. At most `limit`.
  virtual absl::StatusOr<Found> HoldersOf(
      const event::v1::Identifier& identifier, size_t limit) const = 0;

  // The subjects that carry this name token (names.h, NameTokens) and this full
  // date of birth, "2021-03-02". At most `limit`. An index of token and date
  // together answers it in one scan; of either alone, hardly.
  virtual absl::StatusOr<Found> NamedAndBorn(const std::string& token,
                                             const std::string& birth_date,
                                             size_t limit) const = 0;
};

struct PossibleMatch {
  std::string subject;
  std::vector<MatchReason> reasons;
};

// An edge that a separation cut, for whoever reviews it.
struct Cut {
  std::string subject;  // of this child
  std::string other;    // no longer of this child
  event::v1::LinkKind kind = event::v1::LINK_KIND_RULE;  // what linked them
  std::string event_id;  // of that link; empty for a rule
  std::string separation_event_id;
  // The two were not separated by name: one lies between the groups.
  bool between = false;
};

struct Identity {
  // The subject asked about (kind ASKED), then the others in the order of their
  // references, each with what links it to `via`.
  std::vector<event::v1::LinkedSubject> subjects;
  // Of any of these subjects; the best first. Not those that were separated
  // from this child by name.
  std::vector<PossibleMatch> possible_matches;
  std::vector<Cut> cuts;
  // Base64url of a hash over these subjects and all that links them: the same
  // whichever of them is asked about. Changes when the set or a basis does.
  std::string version;
  // More than kMaxLinkedSubjects hang together. Then nothing is joined: whom
  // links reach directly is a possible match (TOO_MANY_LINKED), and a person
  // must look.
  bool too_many = false;
};

absl::StatusOr<Identity> Resolve(const IdentityFacts& facts,
                                 const std::string& subject);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_IDENTITY_H_
