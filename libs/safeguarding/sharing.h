// Who may see what: the one place where it is decided, for every answer.
//
//   const Decision decision = Decide(asker, purpose, fact);
//   if (decision.visibility == Visibility::kNothing) ...  // as if it were not
//   *viewed.add_basis() = PolicyBasis();
//
// The policy is a table (sharing.cc): for a role, whose facts it may see and
// how. What no row allows is NOTHING: it is neither shown nor counted, named,
// linked, ordered by or waited for, and the answer is the same as if the fact
// did not exist. A fact is one section of one event, so that an informant can
// be withheld alone.
//
// Version 1: coordinators and auditors (roles that the register gives a system)
// see the combined record; a publisher sees what its own organisation
// published, of every writer and system of that organisation; nobody else sees
// anything. Who viewed what is shown to auditors only. A section of an audience
// that this version does not know is a notice to those who see the combined
// record: something is held, ask the source. Of a discreet kind (kind.h of
// libs/event) every section but CLEAR is of the audience "restricted": its type
// decides nothing.
//
// Threads: safe. Failure: none; a purpose that was not stated sees nothing.
#ifndef VIGIL_LIBS_SAFEGUARDING_SHARING_H_
#define VIGIL_LIBS_SAFEGUARDING_SHARING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/organisation.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::safeguarding {

// Recorded with every view. Changes whenever any answer would.
inline constexpr absl::string_view kPolicyVersion = "1";

// Name "policy", the version, and the SHA-256 of the table: of each row its
// columns in words, as parts (libs/base/parts.h).
event::v1::Basis PolicyBasis();

// What the register lets a system be.
enum class Role { kPublisher, kCoordinator, kAuditor, kOperator };

struct Asker {
  std::vector<Role> roles;
  // For whom it asks in this question: one of the organisations for which the
  // register lets it speak.
  Organisation organisation;
};

struct Fact {
  Organisation organisation;  // who asserts it: of the event's source
  std::string type;           // "vigil.event.v1.ConcernRaised"
  std::string audience;       // of the section: "standard", "restricted"
};

// From least to most.
enum class Visibility { kNothing, kNotice, kRedacted, kFull };

// As views record it. Of kNothing there is no record: aborts.
event::v1::Visibility AsRecorded(Visibility visibility);

struct Decision {
  Visibility visibility = Visibility::kNothing;
  absl::string_view rule;           // "PUBLISHER_OWN"; published
  std::optional<Organisation> ask;  // whom to ask for what is not shown here
};

Decision Decide(const Asker& asker, event::v1::Purpose purpose,
                const Fact& fact);

// Whether it may know that a subject exists, whose facts these organisations
// assert: ask about it, have it in a list of candidates or of linked subjects.
// FULL or NOTHING; for a subject without facts as for one whose facts it may
// not see.
Decision DecideSubject(const Asker& asker, event::v1::Purpose purpose,
                       absl::Span<const Organisation> asserted_by);

// Whether it may ask about children at all. If not, the answer is
// PERMISSION_DENIED with the rule and the version, whomever it asks about.
Decision DecideAsking(const Asker& asker, event::v1::Purpose purpose);

// Whether it sees the combined record: all that is linked and grouped, by
// whomever.
bool SeesCombinedRecord(const Asker& asker);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_SHARING_H_
