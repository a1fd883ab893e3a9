// When something happened, as well as anybody knows: what each When can mean,
// the one order of all of them, and their text for people.
//
//   const PossibleTimes times = PossibleTimesOf(header.occurred());
//   key.append(WhenKey(header.occurred()));   // rows come sorted
//   row.text = WhenText(header.occurred());   // "about March 2026"
//
// What a When can mean is the time from `earliest` to `latest`:
//
//   instant             that instant
//   local time          that instant; of an ambiguous hour without `occurrence`
//                       from the first to the second
//   date, month, year   from its first to its last microsecond, by the clocks
//   of
//                       Europe/London: a date has no zone, and this is where
//                       the agencies are
//   interval            from the earliest of `since` to the latest of `until`;
//   an
//                       open end is infinite
//   not known           any time
//
// `approximate` widens nothing, since nobody said by how much. A When that is
// unset or malformed (which CheckWhen refuses, but a log may hold what a later
// or a faulty writer wrote) counts as not known: every entry has its place.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_EVENT_WHEN_H_
#define VIGIL_LIBS_EVENT_WHEN_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "libs/event/violation.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {

struct PossibleTimes {
  absl::Time earliest;  // or InfinitePast
  absl::Time latest;    // inclusive; or InfiniteFuture

  friend bool operator==(const PossibleTimes&, const PossibleTimes&) = default;
};

PossibleTimes PossibleTimesOf(const v1::When& when);
PossibleTimes PossibleTimesOf(const v1::Interval& interval);
PossibleTimes PossibleTimesOf(const v1::Moment& moment);

// The order in which a chronology tells things: by when each can have begun at
// the earliest, and of those that agree, the more precise first:
//
//   2019-01-01T00:00Z < 1 Jan 2019 < January 2019 < 2019 < since 1 Jan 2019
//
// An interval without a beginning ("until May 2020") stands where its end can
// have been at the earliest. What is not known stands after everything, where a
// reader of either direction meets it at an end of the page and never lost in
// the middle. Entries whose keys are equal are told apart by their position.
//
// The key is that order as bytes: two big-endian numbers of microseconds since
// 1970, the sign flipped. It enters indexes only, which can be built anew.
inline constexpr size_t kWhenKeyBytes = 16;
std::string WhenKey(const v1::When& when);

// How far a sender's clock may be ahead of ours.
inline constexpr absl::Duration kClockTolerance = absl::Minutes(5);
// How far ahead an approximate time may lie: "around ten" said at half past
// nine is no fault.
inline constexpr absl::Duration kApproximateTolerance = absl::Hours(24);

// Whether all that `when` can mean lies after `received` and the tolerance. A
// time that may be past ("today", "March 2026" in March) does not.
bool IsInFuture(const v1::When& when, absl::Time received);

// For a person, by the clocks of Europe/London; another zone is named.
//
//   28 Mar 2026, 10:00         25 Oct 2026, 01:30 (before the clock went back)
//   28 Mar 2026                25 Oct 2026, 01:30 (before or after the clock
//   March 2026                                     went back)
//   about 2019                 14:00 (Europe/Paris)
//   2019 to March 2026         from 2019      until May 2020
//   not known                  not stated (unset)
//   about 2019 ("the winter before he started school")
//   not readable (malformed)
std::string WhenText(const v1::When& when);

// Adds what is wrong with `when` beyond the rules of its schema, which hold the
// form of each text: an interval without end or beginning, or reversed; a zone
// or local time that does not exist. Warns of an hour that the clock showed
// twice. Times in the future are none of its concern.
void CheckWhen(const v1::When& when, const FieldPath& path,
               Violations* violations, Warnings* warnings);
void CheckInterval(const v1::Interval& interval, const FieldPath& path,
                   Violations* violations, Warnings* warnings);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_WHEN_H_
