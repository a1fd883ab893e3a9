#include "libs/event/when.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/calendar.h"
#include "libs/event/time_text.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::When When(const std::string& text) {
  v1::When when;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &when))
      << text;
  return when;
}

absl::Time At(const std::string& text) { return *ParseInstant(text); }

std::vector<std::string> Codes(const Violations& violations) {
  std::vector<std::string> codes;
  for (const Violation& violation : violations.list()) {
    codes.push_back(violation.field + " " + violation.code);
  }
  return codes;
}

std::vector<std::string> Wrong(const std::string& text) {
  Violations violations;
  Warnings warnings;
  const FieldPath root;
  CheckWhen(When(text), FieldPath(&root, "occurred"), &violations, &warnings);
  return Codes(violations);
}

TEST(ParseInstant, TakesOneSpelling) {
  EXPECT_EQ(ParseInstant("1970-01-01T00:00:01Z"), absl::FromUnixSeconds(1));
  EXPECT_EQ(ParseInstant("1970-01-01T01:00:01.250+01:00"),
            absl::FromUnixMillis(1250));
  EXPECT_EQ(ParseInstant("1969-12-31T18:30:00-05:30"), absl::UnixEpoch());
  EXPECT_EQ(ParseInstant("1970-01-01T00:00:00.000000001Z"),
            absl::FromUnixNanos(1));
  for (const char* text : {"",
                           "1970-01-01",
                           "1970-01-01T00:00:00",
                           "1970-01-01T00:00:00z",
                           "1970-01-01t00:00:00Z",
                           "1970-01-01 00:00:00Z",
                           "1970-01-01T00:00Z",
                           "1970-01-01T00:00:60Z",
                           "1970-01-01T24:00:00Z",
                           "1970-13-01T00:00:00Z",
                           "1970-02-29T00:00:00Z",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00.1234567890Z",
                           "1970-01-01T00:00:00,5Z",
                           "1970-01-01T00:00:00+0100",
                           "1970-01-01T00:00:00+24:00",
                           "1970-01-01T00:00:00+01:60",
                           "1970-01-01T00:00:00Z ",
                           "0000-01-01T00:00:00Z",
                           "1970-01-01T-1:00:00Z"}) {
    EXPECT_EQ(ParseInstant(text), std::nullopt) << text;
  }
}

TEST(ParseDate, TakesAYearAMonthOrADay) {
  const auto month = ParseDate("2024-02");
  ASSERT_TRUE(month);
  EXPECT_EQ(month->precision, PartialDate::Precision::kMonth);
  EXPECT_EQ(month->first, absl::CivilDay(2024, 2, 1));
  EXPECT_EQ(month->last, absl::CivilDay(2024, 2, 29));
  EXPECT_EQ(ParseDate("2023")->last, absl::CivilDay(2023, 12, 31));
  EXPECT_EQ(ParseDate("9999")->last, absl::CivilDay(9999, 12, 31));
  for (const char* text : {"", "23", "2023-1", "2023-13", "2023-02-29",
                           "02-03-2023", "2023-2-3", "+202", "2023-", "0000"}) {
    EXPECT_FALSE(ParseDate(text)) << text;
  }
}

TEST(FindZone, TakesTheDatabasesOwnNamesOnly) {
  EXPECT_EQ(FindZone("Europe/London"), London());
  EXPECT_TRUE(FindZone("Europe/Paris"));
  EXPECT_TRUE(FindZone("America/Argentina/Buenos_Aires"));
  EXPECT_TRUE(FindZone("UTC"));
  for (const char* name :
       {"", "localtime", "/usr/share/zoneinfo/Europe/Paris",
        "right/Europe/Paris", "posix/Europe/Paris", "Europe/Atlantis", "Europe",
        "Europe/", "Europe/../Europe/Paris", "libc:localtime",
        "Fixed/UTC+01:00:00"}) {
    EXPECT_FALSE(FindZone(name)) << name;
  }
}

TEST(PossibleTimes, OfADateAreADayInLondon) {
  // The clock went forward on 29 March 2026: that day has 23 hours.
  const PossibleTimes day = PossibleTimesOf(When("date: '2026-03-29'"));
  EXPECT_EQ(day.earliest, At("2026-03-29T00:00:00Z"));
  EXPECT_EQ(day.latest, At("2026-03-29T22:59:59.999999Z"));
  const PossibleTimes year = PossibleTimesOf(When("date: '2025'"));
  EXPECT_EQ(year.earliest, At("2025-01-01T00:00:00Z"));
  EXPECT_EQ(year.latest, At("2025-12-31T23:59:59.999999Z"));
}

TEST(PossibleTimes, OfAnHourThatCameTwiceAreBothUnlessStated) {
  const std::string local =
      "local { time: '2026-10-25T01:30:00' zone: 'Europe/London' ";
  EXPECT_EQ(
      PossibleTimesOf(When(local + "}")),
      (PossibleTimes{At("2026-10-25T00:30:00Z"), At("2026-10-25T01:30:00Z")}));
  EXPECT_EQ(
      PossibleTimesOf(When(local + "occurrence: OCCURRENCE_FIRST }")),
      (PossibleTimes{At("2026-10-25T00:30:00Z"), At("2026-10-25T00:30:00Z")}));
  EXPECT_EQ(
      PossibleTimesOf(When(local + "occurrence: OCCURRENCE_SECOND }")),
      (PossibleTimes{At("2026-10-25T01:30:00Z"), At("2026-10-25T01:30:00Z")}));
}

TEST(PossibleTimes, OfAnIntervalReachFromEndToEnd) {
  EXPECT_EQ(PossibleTimesOf(When("interval { since { date: '2019' } until { "
                                 "date: '2020-05' } }")),
            (PossibleTimes{At("2019-01-01T00:00:00Z"),
                           At("2020-05-31T22:59:59.999999Z")}));
  EXPECT_EQ(
      PossibleTimesOf(When("interval { since { date: '2019' } }")),
      (PossibleTimes{At("2019-01-01T00:00:00Z"), absl::InfiniteFuture()}));
  EXPECT_EQ(PossibleTimesOf(When("interval { until { instant: "
                                 "'2020-01-01T00:00:00Z' } }")),
            (PossibleTimes{absl::InfinitePast(), At("2020-01-01T00:00:00Z")}));
}

TEST(PossibleTimes, OfWhatNobodyCanReadAreAny) {
  const PossibleTimes any = {absl::InfinitePast(), absl::InfiniteFuture()};
  for (const char* text :
       {"", "not_known {}", "instant: 'yesterday'", "date: '28/03/2026'",
        "local { time: '2026-03-29T01:30:00' zone: 'Europe/London' }",
        "local { time: '2026-03-29T03:30:00' zone: 'Mars' }", "interval {}",
        "interval { since {} }"}) {
    EXPECT_EQ(PossibleTimesOf(When(text)), any) << text;
  }
}

TEST(WhenKey, IsTheOneOrder) {
  const std::vector<std::string> in_order = {
      "date: '1901'",
      "instant: '1969-12-31T23:59:59.999999Z'",
      "instant: '1970-01-01T00:00:00Z'",
      "interval { until { date: '2018' } }",
      "instant: '2019-01-01T00:00:00Z'",
      "date: '2019-01-01'",
      "interval { since { date: '2019-01-01' } until { date: '2019-01-03' } }",
      "date: '2019-01'",
      "date: '2019'",
      "interval { since { date: '2019-01-01' } }",
      "instant: '2019-01-01T00:00:00.000001Z'",
      "date: '2019-01-02'",
      "local { time: '2026-10-25T01:30:00' zone: 'Europe/London' occurrence: "
      "OCCURRENCE_FIRST }",
      "local { time: '2026-10-25T01:30:00' zone: 'Europe/London' }",
      "local { time: '2026-10-25T01:30:00' zone: 'Europe/London' occurrence: "
      "OCCURRENCE_SECOND }",
      "date: '9999'",
      "not_known {}",
  };
  for (size_t i = 0; i < in_order.size(); ++i) {
    const std::string key = WhenKey(When(in_order[i]));
    EXPECT_EQ(key.size(), kWhenKeyBytes);
    if (i > 0) {
      EXPECT_LT(WhenKey(When(in_order[i - 1])), key)
          << in_order[i - 1] << " before " << in_order[i];
    }
  }
  const std::string not_known = WhenKey(When("not_known {}"));
  EXPECT_EQ(WhenKey(When("")), not_known);
  EXPECT_EQ(WhenKey(When("date: 'soon'")), not_known);
  EXPECT_EQ(WhenKey(When("interval { until {} }")), not_known);
  // How the sender put it moves nothing.
  EXPECT_EQ(WhenKey(When("date: '2019' approximate: ANSWER_YES words: 'then'")),
            WhenKey(When("date: '2019'")));
}

TEST(IsInFuture, OnlyIfItCannotBePast) {
  const absl::Time received = At("2026-03-28T10:00:00Z");
  for (const char* text :
       {"instant: '2026-03-28T10:05:00Z'",
        "instant: '2026-03-28T11:05:00+01:00'", "date: '2026-03-28'",
        "date: '2026-03'", "date: '2026'",
        "interval { since { date: '2026-03-28' } until { date: '2026-04' } }",
        "interval { until { date: '2030' } }", "not_known {}", "",
        "instant: '2026-03-28T12:00:00Z' approximate: ANSWER_YES",
        "date: '2026-03-29' approximate: ANSWER_YES"}) {
    EXPECT_FALSE(IsInFuture(When(text), received)) << text;
  }
  for (const char* text :
       {"instant: '2026-03-28T10:05:00.001Z'", "date: '2026-03-29'",
        "date: '2026-04'", "date: '2027'",
        "interval { since { date: '2026-03-29' } }",
        "date: '2026-03-30' approximate: ANSWER_YES"}) {
    EXPECT_TRUE(IsInFuture(When(text), received)) << text;
  }
}

TEST(WhenText, IsWhatAPersonWouldWrite) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"instant: '2026-03-28T10:00:00Z'", "28 Mar 2026, 10:00"},
      {"instant: '2026-07-01T10:00:00Z'", "1 Jul 2026, 11:00"},
      {"instant: '2026-07-01T10:00:07.5Z'", "1 Jul 2026, 11:00:07"},
      {"instant: '2026-10-25T00:30:00Z'",
       "25 Oct 2026, 01:30 (before the clock went back)"},
      {"instant: '2026-10-25T01:30:00Z'",
       "25 Oct 2026, 01:30 (after the clock went back)"},
      {"local { time: '2026-10-25T01:30:00' zone: 'Europe/London' }",
       "25 Oct 2026, 01:30 (before or after the clock went back)"},
      {"local { time: '2026-10-25T01:30:00' zone: 'Europe/London' occurrence: "
       "OCCURRENCE_SECOND }",
       "25 Oct 2026, 01:30 (after the clock went back)"},
      {"local { time: '2026-05-01T14:00:00' zone: 'Europe/Paris' }",
       "1 May 2026, 14:00 (Europe/Paris)"},
      {"date: '2026-03-28'", "28 Mar 2026"},
      {"date: '2026-03'", "March 2026"},
      {"date: '2019' approximate: ANSWER_YES", "about 2019"},
      {"date: '2019' approximate: ANSWER_YES words: 'the winter before he "
       "started school'",
       "about 2019 (\"the winter before he started school\")"},
      {"interval { since { date: '2019' } until { date: '2026-03' } }",
       "2019 to March 2026"},
      {"interval { since { date: '2019' } }", "from 2019"},
      {"interval { until { date: '2020-05' } }", "until May 2020"},
      {"not_known {}", "not known"},
      {"", "not stated"},
      {"date: 'last week'", "not readable"},
  };
  for (const auto& [when, text] : cases) {
    EXPECT_EQ(WhenText(When(when)), text) << when;
  }
}

TEST(CheckWhen, AcceptsEveryForm) {
  for (const char* text :
       {"instant: '2026-03-28T10:00:00Z'", "date: '2026'", "not_known {}",
        "local { time: '2026-05-01T14:00:00' zone: 'Europe/London' }",
        "interval { since { date: '2019' } until { date: '2019-03' } }"}) {
    EXPECT_THAT(Wrong(text), IsEmpty()) << text;
  }
}

TEST(CheckWhen, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(Wrong("local { time: '2026-05-01T14:00:00' zone: 'Mars' }"),
              ElementsAre("occurred.local.zone ZONE_UNKNOWN"));
  EXPECT_THAT(
      Wrong("local { time: '2026-03-29T01:30:00' zone: 'Europe/London' }"),
      ElementsAre("occurred.local.time LOCAL_TIME_NONEXISTENT"));
  EXPECT_THAT(
      Wrong("local { time: '2026-05-01T01:30:00' zone: 'Europe/London' "
            "occurrence: OCCURRENCE_SECOND }"),
      ElementsAre("occurred.local.occurrence LOCAL_TIME_NOT_AMBIGUOUS"));
  EXPECT_THAT(Wrong("interval {}"),
              ElementsAre("occurred.interval INTERVAL_EMPTY"));
  EXPECT_THAT(
      Wrong("interval { since { date: '2020' } until { date: '2019-12-31' } }"),
      ElementsAre("occurred.interval INTERVAL_REVERSED"));
  EXPECT_THAT(
      Wrong("interval { until { local { time: '2026-03-29T01:30:00' zone: "
            "'Europe/London' } } }"),
      ElementsAre("occurred.interval.until.local.time LOCAL_TIME_NONEXISTENT"));
}

// The rules of the schema find it.
TEST(CheckWhen, LeavesTheFormOfTextsAlone) {
  for (const char* text :
       {"instant: '2026-03-28T10:00:00'", "date: '2026-02-30'",
        "local { time: '2026-05-01' zone: 'Europe/London' }",
        "local { time: '2026-05-01T14:00:00' }",
        "interval { until { instant: 'now' } }"}) {
    EXPECT_THAT(Wrong(text), IsEmpty()) << text;
  }
}

TEST(CheckWhen, WarnsOfAnHourThatCameTwice) {
  Violations violations;
  Warnings warnings;
  const FieldPath root;
  CheckWhen(When("local { time: '2026-10-25T01:30:00' zone: 'Europe/London' }"),
            FieldPath(&root, "occurred"), &violations, &warnings);
  EXPECT_TRUE(violations.empty());
  EXPECT_THAT(Codes(warnings),
              ElementsAre("occurred.local.time LOCAL_TIME_AMBIGUOUS"));
}

}  // namespace
}  // namespace vigil::event
