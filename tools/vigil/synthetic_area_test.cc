#include "tools/vigil/synthetic_area.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/event/check.h"
#include "nlohmann/json.hpp"
#include "tools/vigil/agencies.h"
#include "tools/vigil/proto_json.h"

namespace vigil::cli {
namespace {

using testing::Contains;
using testing::Each;
using testing::Gt;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

struct Sent {
  std::string agency;
  std::string line;
  friend bool operator==(const Sent&, const Sent&) = default;
};

constexpr SyntheticOptions kOptions = {
    .families = 40, .lines = 3000, .seed = 7};

std::vector<Sent> Generate(SyntheticArea& area) {
  std::vector<Sent> sent;
  area.Generate([&](absl::string_view agency, absl::string_view line) {
    sent.push_back({std::string(agency), std::string(line)});
  });
  return sent;
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

// Each line is what a service would accept.
TEST(SyntheticAreaTest, EveryLinePassesTheCheck) {
  SyntheticArea area(kOptions);
  const absl::Time received =
      absl::FromCivil(absl::CivilDay(2025, 6, 1), absl::UTCTimeZone());
  for (const Sent& sent : Generate(area)) {
    std::unique_ptr<google::protobuf::Message> item(
        FindAgency(sent.agency)->item->New());
    ASSERT_THAT(ReadJson(sent.line, item.get()), IsEmpty()) << sent.line;
    const auto* oneof = item->GetDescriptor()->oneof_decl(0);
    const auto* field =
        item->GetReflection()->GetOneofFieldDescriptor(*item, oneof);
    event::Violations violations;
    event::Warnings warnings;
    event::CheckRequest(item->GetReflection()->GetMessage(*item, field),
                        received, &violations, &warnings);
    std::string text;
    for (const event::Violation& violation : violations.list()) {
      absl::StrAppend(&text, violation.field, ": ", violation.code, "\n");
    }
    ASSERT_TRUE(violations.empty()) << text << sent.line;
  }
}

TEST(SyntheticAreaTest, HoldsWhatItPromises) {
  SyntheticArea area(kOptions);
  const std::vector<Sent> sent = Generate(area);
  std::map<std::string, int> by_agency;
  std::map<std::string, int> by_request;
  std::map<std::string, int> times_seen;
  std::map<std::string, std::set<std::string>> conversations;
  std::map<std::string, std::set<std::string>> incidents;
  for (const Sent& one : sent) {
    ++by_agency[one.agency];
    ++times_seen[one.line];
    const auto json = nlohmann::json::parse(one.line);
    ++by_request[json.begin().key()];
    const auto& submission = json.begin().value()["submission"];
    if (submission.contains("conversationRef")) {
      conversations[submission["conversationRef"]].insert(one.agency);
    }
    for (const auto& incident :
         submission.value("incidentRefs", nlohmann::json::array())) {
      incidents[incident["id"]].insert(one.agency);
    }
  }
  for (const Agency& agency : Agencies()) {
    EXPECT_THAT(by_agency, Contains(Pair(agency.name, Gt(20)))) << agency.name;
  }
  for (const char* request :
       {"registerPerson", "raiseConcern", "makeReferral", "confirmReferral",
        "acknowledgeReferral", "decideReferral", "makeEnquiry", "answerEnquiry",
        "decideSharing", "recordHomeVisit", "recordIncident", "correct",
        "supplement", "withdraw", "judgeSignificance"}) {
    EXPECT_THAT(by_request, Contains(Pair(request, Gt(0)))) << request;
  }
  EXPECT_THAT(times_seen, Contains(Pair(testing::_, Gt(1))));  // a repeat
  const auto shared = [](const auto& references) {
    for (const auto& [reference, agencies] : references) {
      if (agencies.size() > 1) return true;
    }
    return false;
  };
  EXPECT_TRUE(shared(conversations));
  EXPECT_TRUE(shared(incidents));
}

TEST(SyntheticAreaTest, UsesNumbersThatNobodyHas) {
  SyntheticArea area(kOptions);
  (void)Generate(area);
  const auto truth = nlohmann::json::parse(area.ChildrenJson());
  std::vector<std::string> numbers;
  int known_to_several = 0;
  for (const auto& child : truth["children"]) {
    numbers.push_back(child["nhsNumber"]);
    if (child["knownAs"].size() > 2) ++known_to_several;
  }
  EXPECT_THAT(numbers, Each(StartsWith("999")));
  EXPECT_EQ(std::set<std::string>(numbers.begin(), numbers.end()).size(),
            numbers.size());
  EXPECT_GT(known_to_several, 10);
}

}  // namespace
}  // namespace vigil::cli
