#include "libs/event/birth.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/event/time_text.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

std::string Age(const std::string& birth, const std::string& when) {
  return AgeAt(Parse<v1::Birth>(birth), Parse<v1::When>(when));
}

TEST(BornBetween, IsAsWideAsWhatIsKnown) {
  EXPECT_EQ(BornBetween(Parse<v1::Birth>("date: '2023-04'")),
            (Days{absl::CivilDay(2023, 4, 1), absl::CivilDay(2023, 4, 30)}));
  EXPECT_EQ(BornBetween(Parse<v1::Birth>(
                "estimated_age { years: 3 on: '2026-03-28' }")),
            (Days{absl::CivilDay(2022, 3, 29), absl::CivilDay(2023, 3, 28)}));
  EXPECT_EQ(BornBetween(Parse<v1::Birth>(
                "estimated_age { years: 0 months: 6 on: '2026-03-28' }")),
            (Days{absl::CivilDay(2025, 8, 29), absl::CivilDay(2025, 9, 28)}));
  for (const char* text :
       {"", "not_known {}", "expected: '2026-09-01'", "date: 'May'",
        "estimated_age { years: 3 }", "estimated_age { on: '2026-03-28' }",
        "estimated_age { years: 4000000000 on: '2026-03-28' }"}) {
    EXPECT_EQ(BornBetween(Parse<v1::Birth>(text)), std::nullopt) << text;
  }
}

TEST(AgeAt, CountsWholeMonthsFromTheBirthday) {
  const std::string born = "date: '2023-04-02'";
  EXPECT_EQ(Age(born, "date: '2026-03-28'"), "2 years 11 months");
  EXPECT_EQ(Age(born, "date: '2026-04-01'"), "2 years 11 months");
  EXPECT_EQ(Age(born, "date: '2026-04-02'"), "3 years");
  EXPECT_EQ(Age(born, "date: '2024-04-02'"), "1 year");
  EXPECT_EQ(Age(born, "date: '2024-05-02'"), "1 year 1 month");
  EXPECT_EQ(Age(born, "date: '2023-11-30'"), "7 months");
  EXPECT_EQ(Age(born, "date: '2023-04-14'"), "12 days");
  EXPECT_EQ(Age(born, "date: '2023-04-02'"), "0 days");
  EXPECT_EQ(Age(born, "date: '2023-04-01'"), "not yet born");
  // Half past eleven at night by UTC is the birthday already in London.
  EXPECT_EQ(Age(born, "instant: '2026-04-01T23:30:00Z'"), "3 years");
  EXPECT_EQ(Age("date: '2024-02-29'", "date: '2025-02-28'"), "11 months");
  EXPECT_EQ(Age("date: '2024-02-29'", "date: '2025-03-01'"), "1 year");
}

TEST(AgeAt, SaysNoMoreThanIsKnown) {
  EXPECT_EQ(Age("date: '2023-04'", "date: '2026-03-28'"), "2 years");
  EXPECT_EQ(Age("date: '2023-04-02'", "date: '2026-03'"), "2 years");
  EXPECT_EQ(Age("date: '2023'", "date: '2026-03-28'"), "");
  EXPECT_EQ(Age("date: '2026-03'", "date: '2026-03-28'"), "");
  EXPECT_EQ(Age("date: '2026-03-01'", "date: '2026-03'"), "under 1 month");
  EXPECT_EQ(Age("date: '2025-10'", "date: '2026-03-28'"), "under 1 year");
  EXPECT_EQ(Age("date: '2023-04-02'", "not_known {}"), "");
  EXPECT_EQ(Age("date: '2023-04-02'", "interval { until { date: '2026' } }"),
            "");
  EXPECT_EQ(
      Age("date: '2023-04-02'", "interval { since { date: '2026-03-28' } }"),
      "2 years 11 months");
  EXPECT_EQ(Age("not_known {}", "date: '2026-03-28'"), "");
  EXPECT_EQ(
      Age("estimated_age { years: 3 on: '2026-03-28' }", "date: '2026-03-28'"),
      "about 3 years");
  EXPECT_EQ(
      Age("estimated_age { years: 3 on: '2026-03-28' }", "date: '2026-09-28'"),
      "about 4 years");
}

TEST(AgeAt, OfAChildNotYetBorn) {
  EXPECT_EQ(Age("expected: '2026-09-01'", "date: '2026-03-28'"),
            "not yet born");
  EXPECT_EQ(Age("expected: '2026-09-01'", "date: '2026-09-02'"), "");
}

TEST(HadReached, OnlyIfSurely) {
  const auto when = Parse<v1::When>("date: '2026-03-28'");
  EXPECT_TRUE(HadReached(18, Parse<v1::Birth>("date: '2008-03-28'"), when));
  EXPECT_FALSE(HadReached(18, Parse<v1::Birth>("date: '2008-03-29'"), when));
  EXPECT_FALSE(HadReached(18, Parse<v1::Birth>("date: '2008'"), when));
  EXPECT_TRUE(HadReached(18, Parse<v1::Birth>("date: '2007'"), when));
}

std::vector<std::string> Wrong(const std::string& birth,
                               Warnings* warnings = nullptr) {
  Violations violations;
  Warnings unused;
  const FieldPath root;
  CheckBirth(Parse<v1::Birth>(birth), *ParseInstant("2026-03-28T10:00:00Z"),
             FieldPath(&root, "birth"), &violations,
             warnings == nullptr ? &unused : warnings);
  std::vector<std::string> wrong;
  for (const Violation& violation : violations.list()) {
    wrong.push_back(violation.field + " " + violation.code);
  }
  return wrong;
}

TEST(CheckBirth, SaysWhatIsWrongAndWhere) {
  for (const char* text :
       {"date: '2026-03-28'", "date: '2026'", "not_known {}", "",
        "expected: '2026-09-01'",
        "estimated_age { years: 150 months: 11 on: '2026-03-28' }"}) {
    EXPECT_THAT(Wrong(text), IsEmpty()) << text;
  }
  EXPECT_THAT(Wrong("date: '2026-03-29'"),
              ElementsAre("birth.date BIRTH_IN_FUTURE"));
  // The rules of the schema find what is malformed.
  EXPECT_THAT(Wrong("date: '29/03/2026'"), IsEmpty());
  EXPECT_THAT(Wrong("expected: '2026-09'"), IsEmpty());
  EXPECT_THAT(Wrong("estimated_age { years: 3 on: 'now' }"), IsEmpty());
  EXPECT_THAT(Wrong("estimated_age {}"),
              ElementsAre("birth.estimated_age.years REQUIRED",
                          "birth.estimated_age.on REQUIRED"));
  EXPECT_THAT(Wrong("estimated_age { years: 3 on: '2026-03' }"),
              ElementsAre("birth.estimated_age.on DATE_FORMAT"));
  EXPECT_THAT(Wrong("estimated_age { years: 3 on: '2026-03-29' }"),
              ElementsAre("birth.estimated_age.on TIME_IN_FUTURE"));
}

TEST(CheckBirth, WarnsOfAnExpectedDatePassed) {
  Warnings warnings;
  EXPECT_THAT(Wrong("expected: '2026-03-27'", &warnings), IsEmpty());
  ASSERT_EQ(warnings.total(), 1u);
  EXPECT_EQ(warnings.list()[0].code, "EXPECTED_DATE_PASSED");
}

}  // namespace
}  // namespace vigil::event
