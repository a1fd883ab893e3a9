// When somebody was born, as well as it is known, and how old they were then.
//
//   BornBetween(birth)                 -> 2023-04-01 to 2023-04-30
//   AgeAt(birth, header.occurred())    -> "2 years 11 months"
//
// A date of birth is a day where the child was born; ages are counted in days
// of the calendar of Europe/London, and reached on the birthday (Family Law
// Reform Act 1969 section 9; who is born on 29 February reaches it on 1 March
// of a common year).
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_EVENT_BIRTH_H_
#define VIGIL_LIBS_EVENT_BIRTH_H_

#include <optional>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/event/violation.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {

inline constexpr int kMaxAgeYears = 150;
// Children Act 1989 section 105(1).
inline constexpr int kAdultYears = 18;

struct Days {
  absl::CivilDay first;
  absl::CivilDay last;

  friend bool operator==(const Days&, const Days&) = default;
};

// The days on which the person can have been born; nothing if not known, not
// stated, only expected, or malformed.
std::optional<Days> BornBetween(const v1::Birth& birth);

// How old they were when it happened (an interval: when it began), as precisely
// as both times allow: "2 years 3 months", "2 years", "7 months", "12 days" (in
// the first month), "about 3 years" from an estimated age, "not yet born" on or
// before an expected date or before a date of birth. Empty if it cannot be
// told.
std::string AgeAt(const v1::Birth& birth, const v1::When& when);

// Whether they had surely reached that age when it happened.
bool HadReached(int years, const v1::Birth& birth, const v1::When& when);

void CheckBirth(const v1::Birth& birth, absl::Time received,
                const FieldPath& path, Violations* violations,
                Warnings* warnings);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_BIRTH_H_
