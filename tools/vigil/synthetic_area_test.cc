#include "tools/vigil/synthetic_area.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/event/check.h"
#include "libs/event/digest.h"
#include "libs/service/drafts.h"
#include "nlohmann/json.hpp"
#include "services/writers.h"
#include "tools/vigil/proto_json.h"

namespace vigil::cli {
namespace {

using common::v1::Statement;
using testing::Contains;
using testing::Each;
using testing::Gt;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

struct Sent {
  std::string writer;
  std::string line;
  friend bool operator==(const Sent&, const Sent&) = default;
};

constexpr SyntheticOptions kOptions = {
    .families = 40, .lines = 5000, .seed = 7};

std::vector<Sent> Generate(SyntheticArea& area) {
  std::vector<Sent> sent;
  area.Generate([&](absl::string_view writer, absl::string_view line) {
    sent.push_back({std::string(writer), std::string(line)});
  });
  return sent;
}

Statement Parsed(const Sent& sent) {
  Statement statement;
  EXPECT_THAT(ReadJson(sent.line, &statement), IsEmpty()) << sent.line;
  return statement;
}

TEST(SyntheticAreaTest, SendsAsManyLinesAsAskedFor) {
  for (const int64_t lines : {1, 2, 10, 333}) {
    SyntheticArea area({.families = 3, .lines = lines, .seed = 1});
    EXPECT_EQ(static_cast<int64_t>(Generate(area).size()), lines);
  }
}

TEST(SyntheticAreaTest, ASeedGivesTheSameBytes) {
  SyntheticArea one(kOptions);
  SyntheticArea two(kOptions);
  SyntheticOptions other = kOptions;
  other.seed = 8;
  SyntheticArea three(other);
  const std::vector<Sent> first = Generate(one);
  EXPECT_EQ(first, Generate(two));
  EXPECT_NE(first, Generate(three));
  EXPECT_EQ(one.ChildrenJson(), two.ChildrenJson());
}

// Each line is what its writer accepts.
TEST(SyntheticAreaTest, EveryLineIsAccepted) {
  SyntheticArea area(kOptions);
  const absl::Time received =
      absl::FromCivil(absl::CivilDay(2025, 6, 1), absl::UTCTimeZone());
  std::set<std::string> warned;
  const event::NamingKeys keys = {{"00000001", std::string(32, 'k')}};
  for (const Sent& sent : Generate(area)) {
    const Statement statement = Parsed(sent);
    const service::Writer* writer = FindWriter(sent.writer);
    ASSERT_NE(writer, nullptr) << sent.writer;
    EXPECT_TRUE(writer->Takes(statement.act_case())) << sent.line;
    event::Violations violations;
    event::Warnings warnings;
    event::CheckRequest(statement, received, &violations, &warnings);
    const service::Drafting drafting = service::DraftsOf(
        statement, event::PartsOf(statement),
        {.keys = keys, .any_subject = writer->IsHub()}, &violations);
    std::string text;
    for (const event::Violation& violation : violations.list()) {
      absl::StrAppend(&text, violation.field, ": ", violation.code, "\n");
    }
    for (const event::Violation& warning : warnings.list()) {
      warned.insert(warning.code);
    }
    ASSERT_THAT(text, IsEmpty()) << sent.line;
    EXPECT_FALSE(drafting.drafts.empty());
  }
  // Some copy a number from a form, and say so; a child is born early; a clock
  // was put back.
  EXPECT_THAT(warned, testing::IsSubsetOf({"IDENTIFIER_NOT_VERIFIED",
                                           "EXPECTED_DATE_PASSED",
                                           "LOCAL_TIME_AMBIGUOUS"}));
}

TEST(SyntheticAreaTest, EveryWriterTellsEverythingThatItPromises) {
  SyntheticArea area(kOptions);
  std::map<std::string, int> by_writer;
  std::map<std::string, int> by_act;
  std::map<std::string, int> times_seen;
  std::map<std::string, std::set<std::string>> conversations;
  std::map<std::string, std::set<std::string>> incidents;
  for (const Sent& one : Generate(area)) {
    const Statement statement = Parsed(one);
    ++by_writer[one.writer];
    ++times_seen[one.line];
    ++by_act[std::string(service::ActName(statement.act_case()))];
    const event::v1::Submission& submission = statement.submission();
    if (!submission.conversation_ref().empty()) {
      conversations[submission.conversation_ref()].insert(one.writer);
    }
    for (const auto& incident : submission.incident_refs()) {
      incidents[incident.id()].insert(one.writer);
    }
  }
  EXPECT_GE(by_writer.size(), 6u);
  for (const auto& [writer, lines] : by_writer) EXPECT_GT(lines, 20) << writer;
  for (const char* act : {"subject_registered",     "concern_raised",
                          "concern_answered",       "help_requested",
                          "referral_made",          "referral_confirmed",
                          "referral_acknowledged",  "referral_chased",
                          "referral_decided",       "enquiry_made",
                          "enquiry_answered",       "sharing_decided",
                          "incident_attended",      "contact_made",
                          "home_visited",           "observation_made",
                          "service_contact",        "service_offered",
                          "priority_rated",         "assessment_stepped",
                          "investigation_stepped",  "meeting_stepped",
                          "plan_stepped",           "progress_reported",
                          "measure_taken",          "arrangement_changed",
                          "missing_reported",       "notice_given",
                          "needs_identified",       "adversity_recorded",
                          "person_informed",        "relationship_stated",
                          "household_described",    "life_event_recorded",
                          "responsibility_changed", "entry_withdrawn",
                          "significance_judged",    "organisation_described",
                          "function_held"}) {
    EXPECT_THAT(by_act, Contains(Pair(act, Gt(0)))) << act;
  }
  EXPECT_THAT(times_seen, Contains(Pair(testing::_, Gt(1))));  // a repeat
  const auto shared = [](const auto& references) {
    for (const auto& [reference, writers] : references) {
      if (writers.size() > 1) return true;
    }
    return false;
  };
  EXPECT_TRUE(shared(conversations));
  EXPECT_TRUE(shared(incidents));
}

// What the wire was made for, and what a generator of one child at a time would
// never have.
TEST(SyntheticAreaTest, HoldsWhatIsAwkwardToSay) {
  SyntheticArea area(kOptions);
  std::map<std::string, int> found;
  for (const Sent& sent : Generate(area)) {
    const Statement statement = Parsed(sent);
    std::set<std::string> words;
    std::set<std::string> seen;
    for (const auto& about : statement.about()) {
      if (about.has_seen())
        seen.insert(event::v1::Answer_Name(about.seen().seen()));
      if (!about.seen().own_words().empty()) {
        words.insert(about.seen().own_words());
      }
      if (!about.observations().empty()) ++found["observation beside a child"];
      if (!about.ties().empty()) ++found["sibling"];
    }
    if (words.size() > 1) ++found["two children who said two things"];
    if (seen.size() > 1) ++found["one child seen and one not"];
    for (const auto& involved : statement.involved()) {
      if (involved.person().ref().has_number()) ++found["adult by number"];
      if (involved.person().ref().has_local_id()) ++found["adult by id"];
      if (involved.ties_size() > 1) ++found["father of some"];
    }
    if (statement.submission().history() == event::v1::ANSWER_YES) {
      ++found["history"];
    }
    if (statement.submission().has_commissioned_by()) ++found["contract"];
    for (const std::string& field : statement.amends().fields()) {
      ++found[field];
    }
  }
  for (const char* what :
       {"observation beside a child", "sibling",
        "two children who said two things", "one child seen and one not",
        "adult by number", "adult by id", "father of some", "history",
        "contract", "about.seen.own_words", "account.occurred",
        "account.details", "involved"}) {
    EXPECT_THAT(found, Contains(Pair(what, Gt(0)))) << what;
  }
}

TEST(SyntheticAreaTest, UsesNumbersThatNobodyHas) {
  SyntheticArea area(kOptions);
  (void)Generate(area);
  const auto truth = nlohmann::json::parse(area.ChildrenJson());
  std::vector<std::string> numbers;
  int known_to_several = 0;
  for (const char* list : {"children", "adults"}) {
    for (const auto& person : truth[list]) {
      numbers.push_back(person["nhsNumber"]);
      if (person["knownAs"].size() > 2) ++known_to_several;
    }
  }
  EXPECT_THAT(numbers, Each(StartsWith("999")));
  EXPECT_EQ(std::set<std::string>(numbers.begin(), numbers.end()).size(),
            numbers.size());
  EXPECT_GT(known_to_several, 10);
}

}  // namespace
}  // namespace vigil::cli
