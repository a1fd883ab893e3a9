// Dates as people write them, and the clock of Europe/London.
//
//   std::optional<absl::CivilDay> born = ParseCivilDay("2026-02-28");
//   absl::CivilDay today = absl::ToCivilDay(now, London());
//
// A date is a day of the calendar, never an instant: a child is born on a day,
// wherever the reader sits. absl::FormatCivilTime writes what ParseCivilDay
// reads.
//
// Threads: safe.
#ifndef VIGIL_LIBS_BASE_CALENDAR_H_
#define VIGIL_LIBS_BASE_CALENDAR_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace vigil {

// From the system's time-zone database, loaded at the first call. A machine
// without it cannot tell when anything is due, so the process ends and says so;
// a server calls this as it starts.
absl::TimeZone London();

// Gregorian.
bool IsLeapYear(int year);

// 28 to 31. `month` is 1 to 12 (others: aborts).
int DaysInMonth(int year, int month);

// Whether there is such a day, in the years that four digits write: 1000 to
// 9999.
bool IsCivilDay(int year, int month, int day);

// "YYYY-MM-DD" exactly, and a day that exists: "2026-02-29", "2026-2-28" and
// "20260228" are nothing.
std::optional<absl::CivilDay> ParseCivilDay(absl::string_view text);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_CALENDAR_H_
