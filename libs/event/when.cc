#include "libs/event/when.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "libs/base/big_endian.h"
#include "libs/base/calendar.h"
#include "libs/event/codes.h"
#include "libs/event/time_text.h"

namespace vigil::event {
namespace {

constexpr char kUnreadable[] = "not readable";

constexpr absl::string_view kMonths[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

PossibleTimes AnyTime() {
  return {absl::InfinitePast(), absl::InfiniteFuture()};
}

// A time on a clock on the wall, and what it can mean.
struct OnTheWall {
  absl::CivilSecond civil;
  absl::TimeZone zone;
  absl::TimeZone::TimeInfo info;
};

std::optional<OnTheWall> Read(const v1::LocalTime& local) {
  const std::optional<absl::CivilSecond> civil = ParseLocalTime(local.time());
  const std::optional<absl::TimeZone> zone = FindZone(local.zone());
  if (!civil || !zone) {
    return std::nullopt;
  }
  return OnTheWall{*civil, *zone, zone->At(*civil)};
}

bool IsAmbiguous(const OnTheWall& wall) {
  return wall.info.kind == absl::TimeZone::TimeInfo::REPEATED;
}

std::optional<PossibleTimes> OfInstant(absl::string_view text) {
  const std::optional<absl::Time> instant = ParseInstant(text);
  if (!instant) {
    return std::nullopt;
  }
  return PossibleTimes{*instant, *instant};
}

std::optional<PossibleTimes> OfLocal(const v1::LocalTime& local) {
  const std::optional<OnTheWall> wall = Read(local);
  if (!wall || wall->info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
    return std::nullopt;
  }
  PossibleTimes times = {wall->info.pre, wall->info.post};
  if (local.occurrence() == v1::OCCURRENCE_FIRST) {
    times.latest = times.earliest;
  } else if (local.occurrence() == v1::OCCURRENCE_SECOND) {
    times.earliest = times.latest;
  }
  return times;
}

std::optional<PossibleTimes> OfDate(absl::string_view text) {
  const std::optional<PartialDate> date = ParseDate(text);
  if (!date) {
    return std::nullopt;
  }
  return PossibleTimes{
      absl::FromCivil(date->first, London()),
      absl::FromCivil(date->last + 1, London()) - absl::Microseconds(1)};
}

std::optional<PossibleTimes> Of(const v1::Moment& moment) {
  switch (moment.value_case()) {
    case v1::Moment::kInstant:
      return OfInstant(moment.instant());
    case v1::Moment::kLocal:
      return OfLocal(moment.local());
    case v1::Moment::kDate:
      return OfDate(moment.date());
    case v1::Moment::VALUE_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

uint64_t SortableMicros(absl::Time time) {
  // Saturates at the infinities. The flipped sign bit puts the past first.
  return static_cast<uint64_t>(absl::ToUnixMicros(time)) ^ (1ull << 63);
}

std::string DayText(absl::CivilDay day) {
  return absl::StrFormat("%d %s %d", day.day(),
                         kMonths[day.month() - 1].substr(0, 3), day.year());
}

std::string ClockText(absl::CivilSecond civil) {
  std::string text =
      absl::StrFormat("%s, %02d:%02d", DayText(absl::CivilDay(civil)),
                      civil.hour(), civil.minute());
  if (civil.second() != 0) {
    absl::StrAppendFormat(&text, ":%02d", civil.second());
  }
  return text;
}

std::string DateText(absl::string_view text) {
  const std::optional<PartialDate> date = ParseDate(text);
  if (!date) {
    return kUnreadable;
  }
  switch (date->precision) {
    case PartialDate::Precision::kDay:
      return DayText(date->first);
    case PartialDate::Precision::kMonth:
      return absl::StrCat(kMonths[date->first.month() - 1], " ",
                          date->first.year());
    case PartialDate::Precision::kYear:
      return absl::StrCat(date->first.year());
  }
  return kUnreadable;
}

std::string InstantText(absl::string_view text) {
  const std::optional<absl::Time> instant = ParseInstant(text);
  if (!instant) {
    return kUnreadable;
  }
  const absl::CivilSecond civil = absl::ToCivilSecond(*instant, London());
  const absl::TimeZone::TimeInfo info = London().At(civil);
  std::string shown = ClockText(civil);
  if (info.kind == absl::TimeZone::TimeInfo::REPEATED) {
    absl::StrAppend(&shown, *instant < info.trans
                                ? " (before the clock went back)"
                                : " (after the clock went back)");
  }
  return shown;
}

std::string LocalText(const v1::LocalTime& local) {
  const std::optional<OnTheWall> wall = Read(local);
  if (!wall) {
    return kUnreadable;
  }
  std::string shown = ClockText(wall->civil);
  if (local.zone() != "Europe/London") {
    absl::StrAppend(&shown, " (", local.zone(), ")");
  }
  if (!IsAmbiguous(*wall)) {
    return shown;
  }
  switch (local.occurrence()) {
    case v1::OCCURRENCE_FIRST:
      return absl::StrCat(shown, " (before the clock went back)");
    case v1::OCCURRENCE_SECOND:
      return absl::StrCat(shown, " (after the clock went back)");
    default:
      return absl::StrCat(shown, " (before or after the clock went back)");
  }
}

std::string MomentText(const v1::Moment& moment) {
  switch (moment.value_case()) {
    case v1::Moment::kInstant:
      return InstantText(moment.instant());
    case v1::Moment::kLocal:
      return LocalText(moment.local());
    case v1::Moment::kDate:
      return DateText(moment.date());
    case v1::Moment::VALUE_NOT_SET:
      return kUnreadable;
  }
  return kUnreadable;
}

std::string IntervalText(const v1::Interval& interval) {
  if (interval.has_since() && interval.has_until()) {
    return absl::StrCat(MomentText(interval.since()), " to ",
                        MomentText(interval.until()));
  }
  if (interval.has_since()) {
    return absl::StrCat("from ", MomentText(interval.since()));
  }
  if (interval.has_until()) {
    return absl::StrCat("until ", MomentText(interval.until()));
  }
  return kUnreadable;
}

std::string ValueText(const v1::When& when) {
  switch (when.value_case()) {
    case v1::When::kInstant:
      return InstantText(when.instant());
    case v1::When::kLocal:
      return LocalText(when.local());
    case v1::When::kDate:
      return DateText(when.date());
    case v1::When::kInterval:
      return IntervalText(when.interval());
    case v1::When::kNotKnown:
      return "not known";
    case v1::When::VALUE_NOT_SET:
      return "not stated";
  }
  return kUnreadable;
}

void CheckLocal(const v1::LocalTime& local, const FieldPath& parent,
                Violations* violations, Warnings* warnings) {
  const FieldPath path(&parent, "local");
  const std::string time_path = FieldPath(&path, "time").Text();
  if (!local.zone().empty() && !FindZone(local.zone())) {
    violations->Add(FieldPath(&path, "zone").Text(), code::kZoneUnknown);
  }
  const std::optional<OnTheWall> wall = Read(local);
  if (!wall) {
    return;
  }
  if (wall->info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
    violations->Add(time_path, code::kLocalTimeNonexistent);
  } else if (IsAmbiguous(*wall) &&
             local.occurrence() == v1::OCCURRENCE_UNSPECIFIED) {
    warnings->Add(time_path, code::kLocalTimeAmbiguous);
  } else if (!IsAmbiguous(*wall) &&
             local.occurrence() == v1::OCCURRENCE_SECOND) {
    violations->Add(FieldPath(&path, "occurrence").Text(),
                    code::kLocalTimeNotAmbiguous);
  }
}

void CheckMoment(const v1::Moment& moment, const FieldPath& path,
                 Violations* violations, Warnings* warnings) {
  if (moment.has_local()) {
    CheckLocal(moment.local(), path, violations, warnings);
  }
}

}  // namespace

PossibleTimes PossibleTimesOf(const v1::Moment& moment) {
  return Of(moment).value_or(AnyTime());
}

PossibleTimes PossibleTimesOf(const v1::Interval& interval) {
  PossibleTimes times = AnyTime();
  if (interval.has_since()) {
    times.earliest = PossibleTimesOf(interval.since()).earliest;
  }
  if (interval.has_until()) {
    times.latest = PossibleTimesOf(interval.until()).latest;
  }
  return times;
}

PossibleTimes PossibleTimesOf(const v1::When& when) {
  switch (when.value_case()) {
    case v1::When::kInstant:
      return OfInstant(when.instant()).value_or(AnyTime());
    case v1::When::kLocal:
      return OfLocal(when.local()).value_or(AnyTime());
    case v1::When::kDate:
      return OfDate(when.date()).value_or(AnyTime());
    case v1::When::kInterval:
      return PossibleTimesOf(when.interval());
    case v1::When::kNotKnown:
    case v1::When::VALUE_NOT_SET:
      return AnyTime();
  }
  return AnyTime();
}

std::string WhenKey(const v1::When& when) {
  PossibleTimes times = PossibleTimesOf(when);
  if (times.earliest == absl::InfinitePast()) {
    times.earliest = when.has_interval()
                         ? PossibleTimesOf(when.interval().until()).earliest
                         : absl::InfiniteFuture();
    if (times.earliest == absl::InfinitePast()) {
      times.earliest = absl::InfiniteFuture();  // unreadable at both ends
    }
  }
  std::string key;
  key.reserve(kWhenKeyBytes);
  AppendBigEndian64(key, SortableMicros(times.earliest));
  AppendBigEndian64(key, SortableMicros(times.latest));
  return key;
}

bool IsInFuture(const v1::When& when, absl::Time received) {
  const absl::Duration tolerance = when.approximate() == v1::ANSWER_YES
                                       ? kApproximateTolerance
                                       : kClockTolerance;
  PossibleTimes times = PossibleTimesOf(when);
  return times.earliest > received + tolerance;
}

std::string WhenText(const v1::When& when) {
  std::string text = ValueText(when);
  if (when.approximate() == v1::ANSWER_YES) {
    text = absl::StrCat("about ", text);
  }
  if (!when.words().empty()) {
    absl::StrAppend(&text, " (\"", when.words(), "\")");
  }
  return text;
}

void CheckInterval(const v1::Interval& interval, const FieldPath& path,
                   Violations* violations, Warnings* warnings) {
  if (!interval.has_since() && !interval.has_until()) {
    violations->Add(path.Text(), code::kIntervalEmpty);
    return;
  }
  CheckMoment(interval.since(), FieldPath(&path, "since"), violations,
              warnings);
  CheckMoment(interval.until(), FieldPath(&path, "until"), violations,
              warnings);
  if (interval.has_since() && interval.has_until() &&
      PossibleTimesOf(interval.until()).latest <
          PossibleTimesOf(interval.since()).earliest) {
    violations->Add(path.Text(), code::kIntervalReversed);
  }
}

void CheckWhen(const v1::When& when, const FieldPath& path,
               Violations* violations, Warnings* warnings) {
  if (when.has_local()) {
    CheckLocal(when.local(), path, violations, warnings);
  } else if (when.has_interval()) {
    CheckInterval(when.interval(), FieldPath(&path, "interval"), violations,
                  warnings);
  }
}

}  // namespace vigil::event
