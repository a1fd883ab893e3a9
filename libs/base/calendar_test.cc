#include "libs/base/calendar.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(CalendarTest, LondonHasSummerTime) {
  EXPECT_EQ(absl::FormatTime("%H:%M %z",
                             absl::FromCivil(absl::CivilHour(2026, 7, 1, 12),
                                             absl::UTCTimeZone()),
                             London()),
            "13:00 +0100");
  // 25 October 2026 01:30 comes twice, 29 March 2026 01:30 never.
  EXPECT_EQ(London().At(absl::CivilMinute(2026, 10, 25, 1, 30)).kind,
            absl::TimeZone::TimeInfo::REPEATED);
  EXPECT_EQ(London().At(absl::CivilMinute(2026, 3, 29, 1, 30)).kind,
            absl::TimeZone::TimeInfo::SKIPPED);
}

TEST(CalendarDeathTest, WithoutTheDatabaseTheProcessSaysSo) {
  // A new process, in which no other test has loaded the zone yet.
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        ::setenv("TZDIR", "/nonexistent", 1);
        London();
      },
      "install tzdata");
}

TEST(CalendarTest, LeapYears) {
  EXPECT_TRUE(IsLeapYear(2024));
  EXPECT_TRUE(IsLeapYear(2000));
  EXPECT_FALSE(IsLeapYear(1900));
  EXPECT_FALSE(IsLeapYear(2026));
}

TEST(CalendarTest, DaysInMonthAgreeWithTheCivilCalendar) {
  for (int year : {1900, 2000, 2024, 2026}) {
    for (int month = 1; month <= 12; ++month) {
      const absl::CivilMonth first(year, month);
      EXPECT_EQ(DaysInMonth(year, month),
                absl::CivilDay(first + 1) - absl::CivilDay(first));
    }
  }
}

TEST(CalendarDeathTest, ThereIsNoThirteenthMonth) {
  EXPECT_DEATH(DaysInMonth(2026, 13), "1 to 12");
  EXPECT_DEATH(DaysInMonth(2026, 0), "1 to 12");
}

TEST(CalendarTest, OnlyWholeDatesThatExistAreRead) {
  EXPECT_EQ(ParseCivilDay("2026-02-28"), absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(ParseCivilDay("2024-02-29"), absl::CivilDay(2024, 2, 29));
  EXPECT_EQ(ParseCivilDay("1000-01-01"), absl::CivilDay(1000, 1, 1));
  for (const char* text :
       {"", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
        "2026-04-31", "0999-12-31", "2026-2-28", "20260228", "2026-02-28 ",
        " 2026-02-28", "2026/02/28", "26-02-28", "2026-02-2x", "+026-02-28",
        "2026-02", "28-02-2026", "12026-02-28"}) {
    EXPECT_EQ(ParseCivilDay(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(CalendarProperty, EachDayReadsAsItIsWritten, ()) {
  const absl::CivilDay day =
      absl::CivilDay(1000, 1, 1) + *rc::gen::inRange(0, 9000 * 365);
  RC_ASSERT(ParseCivilDay(absl::FormatCivilTime(day)) == day);
}

}  // namespace
}  // namespace vigil
