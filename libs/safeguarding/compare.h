// How two people agree, one trait at a time: what match.h and identity.h are
// made of. Not for others.
#ifndef VIGIL_LIBS_SAFEGUARDING_COMPARE_H_
#define VIGIL_LIBS_SAFEGUARDING_COMPARE_H_

#include <set>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/safeguarding/match.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

// In the order of the table.
using ReasonSet = std::set<Reason>;

Match MakeMatch(const ReasonSet& reasons);

// Which of two to tell: the one that ranks higher; of equals what stands first
// in the table, so that it is the same in whatever order facts come. An empty
// set is worse than any other.
bool IsBetter(const ReasonSet& a, const ReasonSet& b);
bool IsBetter(Reason a, Reason b);

// An NHS number of ten equal digits stands for one that is not known. (Each of
// them has a right check digit.)
bool IsPlaceholder(const event::v1::Identifier& identifier);

// "2021", "2021-03" or "2021-03-02"; and the last only.
bool IsDate(absl::string_view date);
bool IsFullDate(absl::string_view date);

// How the person carries the identifier, at best; empty if not, or if it is a
// placeholder.
ReasonSet CompareIdentifier(
    const event::v1::Identifier& asked,
    absl::Span<const event::v1::Demographics> demographics);

// Whether the person has another number of their own of that type.
bool HasOther(const event::v1::Identifier& asked,
              absl::Span<const event::v1::Demographics> demographics);

// How the best of the person's names agrees; empty if none does.
ReasonSet CompareNames(absl::string_view asked,
                       absl::Span<const event::v1::Demographics> demographics);
bool IsWholeName(const ReasonSet& named);

// How the best of the person's dates of birth agrees with a date.
Reason CompareBirths(absl::string_view asked,
                     absl::Span<const event::v1::Demographics> demographics);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_COMPARE_H_
