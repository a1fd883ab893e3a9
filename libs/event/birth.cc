#include "libs/event/birth.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/event/codes.h"
#include "libs/event/time_text.h"
#include "libs/event/when.h"

namespace vigil::event {
namespace {

std::optional<absl::CivilDay> FullDate(absl::string_view text) {
  return ParseCivilDay(text);
}

// `months` before or after a day. A day that the month does not have is the
// first of the next one.
absl::CivilDay AddMonths(absl::CivilDay day, int months) {
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  const int last = DaysInMonth(static_cast<int>(month.year()), month.month());
  return day.day() <= last ? absl::CivilDay(month) + (day.day() - 1)
                           : absl::CivilDay(month + 1);
}

// Whole months of age on `day` of who was born on `born`; -1 before birth.
int MonthsOld(absl::CivilDay born, absl::CivilDay day) {
  if (day < born) {
    return -1;
  }
  int months = static_cast<int>(absl::CivilMonth(day) - absl::CivilMonth(born));
  return AddMonths(born, months) <= day ? months : months - 1;
}

// The days on which it can have begun; nothing if that is any day.
std::optional<Days> Began(const v1::When& when) {
  const PossibleTimes times = when.has_interval() && when.interval().has_since()
                                  ? PossibleTimesOf(when.interval().since())
                                  : PossibleTimesOf(when);
  if (times.earliest == absl::InfinitePast() ||
      times.latest == absl::InfiniteFuture()) {
    return std::nullopt;
  }
  return Days{absl::ToCivilDay(times.earliest, London()),
              absl::ToCivilDay(times.latest, London())};
}

std::string Count(int64_t n, absl::string_view unit) {
  return absl::StrCat(n, " ", unit, n == 1 ? "" : "s");
}

}  // namespace

std::optional<Days> BornBetween(const v1::Birth& birth) {
  switch (birth.value_case()) {
    case v1::Birth::kDate: {
      const std::optional<PartialDate> date = ParseDate(birth.date());
      if (!date) {
        return std::nullopt;
      }
      return Days{date->first, date->last};
    }
    case v1::Birth::kEstimatedAge: {
      const v1::EstimatedAge& age = birth.estimated_age();
      const std::optional<absl::CivilDay> on = FullDate(age.on());
      if (!on || (!age.has_years() && !age.has_months()) ||
          age.years() > kMaxAgeYears || age.months() > 11) {
        return std::nullopt;
      }
      const int least = static_cast<int>(12 * age.years() + age.months());
      const int most = age.has_months() ? least + 1 : least + 12;
      return Days{AddMonths(*on, -most) + 1, AddMonths(*on, -least)};
    }
    case v1::Birth::kExpected:
    case v1::Birth::kNotKnown:
    case v1::Birth::VALUE_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string AgeAt(const v1::Birth& birth, const v1::When& when) {
  const std::optional<Days> then = Began(when);
  if (!then) {
    return "";
  }
  constexpr char kNotYetBorn[] = "not yet born";
  if (birth.has_expected()) {
    const std::optional<absl::CivilDay> expected = FullDate(birth.expected());
    return expected && then->last <= *expected ? kNotYetBorn : "";
  }
  const std::optional<Days> born = BornBetween(birth);
  if (!born) {
    return "";
  }
  if (then->last < born->first) {
    return kNotYetBorn;
  }
  const int least = MonthsOld(born->last, then->first);
  const int most = MonthsOld(born->first, then->last);
  if (least < 0) {
    return "";
  }
  std::string age;
  if (most == 0 && born->first == born->last && then->first == then->last) {
    age = Count(then->first - born->first, "day");
  } else if (most == 0) {
    age = "under 1 month";
  } else if (least == most && most < 12) {
    age = Count(most, "month");
  } else if (least == most) {
    age = Count(most / 12, "year");
    if (most % 12 != 0) {
      absl::StrAppend(&age, " ", Count(most % 12, "month"));
    }
  } else if (least / 12 == most / 12) {
    age = most < 12 ? "under 1 year" : Count(most / 12, "year");
  } else if (birth.has_estimated_age()) {
    age = Count(most / 12, "year");
  } else {
    return "";
  }
  return birth.has_estimated_age() ? absl::StrCat("about ", age) : age;
}

bool HadReached(int years, const v1::Birth& birth, const v1::When& when) {
  const std::optional<Days> born = BornBetween(birth);
  const std::optional<Days> then = Began(when);
  return born && then && AddMonths(born->last, 12 * years) <= then->first;
}

void CheckBirth(const v1::Birth& birth, absl::Time received,
                const FieldPath& path, Violations* violations,
                Warnings* warnings) {
  const absl::CivilDay today = absl::ToCivilDay(received, London());
  switch (birth.value_case()) {
    case v1::Birth::kDate: {
      const std::string field = FieldPath(&path, "date").Text();
      const std::optional<PartialDate> date = ParseDate(birth.date());
      if (date && date->first > today) {
        violations->Add(field, code::kBirthInFuture);
      }
      return;
    }
    case v1::Birth::kExpected: {
      const std::string field = FieldPath(&path, "expected").Text();
      const std::optional<absl::CivilDay> expected = FullDate(birth.expected());
      if (expected && *expected < today) {
        warnings->Add(field, code::kExpectedDatePassed);
      }
      return;
    }
    case v1::Birth::kEstimatedAge: {
      const FieldPath estimate(&path, "estimated_age");
      const v1::EstimatedAge& age = birth.estimated_age();
      if (!age.has_years() && !age.has_months()) {
        violations->Add(FieldPath(&estimate, "years").Text(), code::kRequired);
      }
      const std::string on_field = FieldPath(&estimate, "on").Text();
      const std::optional<absl::CivilDay> on = FullDate(age.on());
      if (age.on().empty()) {
        violations->Add(on_field, code::kRequired);
      } else if (!on && ParseDate(age.on())) {
        violations->Add(on_field, code::kDateFormat);
      } else if (on && *on > today) {
        violations->Add(on_field, code::kTimeInFuture);
      }
      return;
    }
    case v1::Birth::kNotKnown:
    case v1::Birth::VALUE_NOT_SET:
      return;
  }
}

}  // namespace vigil::event
