// Times as text: the strict subset of RFC 3339 and ISO 8601 that the wire uses,
// with one spelling for each thing.
//
//   instant      2026-03-28T10:00:00Z, 2026-03-28T10:00:00.250+01:00
//   local time   2026-10-25T01:30:00
//   date         2026-03-28, 2026-03, 2026
//
// Capitals T and Z; seconds always, 00 to 59; one to nine decimals, of an
// instant only; years 1000 to 9999; the day must exist.
//
// Threads: safe. Failure: nothing is returned for any other text.
#ifndef VIGIL_LIBS_EVENT_TIME_TEXT_H_
#define VIGIL_LIBS_EVENT_TIME_TEXT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace vigil::event {

std::optional<absl::Time> ParseInstant(absl::string_view text);

std::optional<absl::CivilSecond> ParseLocalTime(absl::string_view text);

// A date, or as much of it as is known: the days that it can mean.
struct PartialDate {
  enum class Precision { kYear, kMonth, kDay };
  Precision precision;
  absl::CivilDay first;
  absl::CivilDay last;
};
std::optional<PartialDate> ParseDate(absl::string_view text);

// A zone of the IANA database by its name, "Europe/London". Names that the
// library would also take (a file's path, "localtime", the zones with leap
// seconds) are none: they mean another thing on another machine.
std::optional<absl::TimeZone> FindZone(absl::string_view name);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_TIME_TEXT_H_
