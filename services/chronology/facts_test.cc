#include "services/chronology/facts.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/projection/index.h"
#include "services/chronology/test_facts.h"
#include "services/chronology/view.h"
#include "tests/temporary_folder.h"

namespace vigil::chronology {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kNumber[] = "9990000018";
constexpr char kBorn[] = "2021-03-02";

// An index without a log: what a runner would give it.
class FactsTest : public testing::Test {
 protected:
  FactsTest()
      : index_(*projection::Index::Open(folder_.path() + "/index",
                                        ChronologyFold())) {}

  void Tell(const Teller& teller, const std::vector<Statement>& statements,
            const std::string& request_id) {
    std::vector<eventlog::LoggedRecord> records;
    for (auto& sealed : Sealed(teller, statements, request_id)) {
      const int64_t offset = offset_++;
      records.push_back({.position = {{sealed.topic, 0}, offset},
                         .logged = absl::FromUnixSeconds(1'780'000'000),
                         .record = std::move(sealed.record)});
    }
    ASSERT_TRUE(index_->Apply(records).ok());
  }

  // So many events of one subject, each of which says who it is.
  void Register(const Teller& teller, const std::string& subject, int times) {
    Tell(teller,
         std::vector<Statement>(
             static_cast<size_t>(times),
             Registered(subject, "Jones", "Anna", kBorn, kNumber)),
         absl::StrCat(teller.organisation, subject));
  }

  Facts FactsOf(Extent extent = {}) {
    return Facts(index_->snapshot(), std::move(extent));
  }

  static ev1::Identifier Number() {
    ev1::Identifier number;
    number.set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
    number.set_value(kNumber);
    return number;
  }

  const TemporaryFolder folder_;
  const std::unique_ptr<projection::Index> index_;
  int64_t offset_ = 0;
};

TEST_F(FactsTest, ALimitCountsSubjectsAndNotTheirEvents) {
  const std::string a = Subject("police:99", "1");
  const std::string b = Subject("police:99", "2");
  const std::string c = Subject("police:99", "3");
  for (const std::string& subject : {a, b, c}) Register(kPolice, subject, 50);
  Facts facts = FactsOf();
  const auto looks = {facts.SubjectsWithIdentifier(Number(), 3),
                      facts.SubjectsNamed("jon", 3),
                      facts.SubjectsNamedAndBorn("jones", kBorn, 3),
                      facts.SubjectsBorn("2021", 3)};
  for (const safeguarding::Found& found : looks) {
    EXPECT_THAT(found.subjects, UnorderedElementsAre(a, b, c));
    EXPECT_TRUE(found.all);
  }
  const auto less = {facts.SubjectsWithIdentifier(Number(), 2),
                     facts.SubjectsNamed("jon", 2),
                     facts.SubjectsNamedAndBorn("jones", kBorn, 2),
                     facts.SubjectsBorn("2021", 2)};
  for (const safeguarding::Found& found : less) {
    EXPECT_THAT(found.subjects, SizeIs(2));
    EXPECT_FALSE(found.all);
  }
  EXPECT_TRUE(facts.status().ok()) << facts.status();
}

TEST_F(FactsTest, WhatOthersSayDoesNotCount) {
  const std::string shared = Subject("police:99", "1");
  const std::string own = Subject("ods:X99A1", "2");
  Register(kPolice, shared, 50);
  Register(kHub, shared, 1);
  Register(kHealth, own, 1);
  Facts health = FactsOf({.organisation = kHealth.organisation});
  const safeguarding::Found found = health.SubjectsWithIdentifier(Number(), 1);
  EXPECT_THAT(found.subjects, ElementsAre(own));
  EXPECT_TRUE(found.all);
  // Its own word of a subject of which others say much more.
  Facts hub = FactsOf({.organisation = kHub.organisation});
  EXPECT_THAT(hub.SubjectsWithIdentifier(Number(), 1).subjects,
              ElementsAre(shared));
  Facts before = FactsOf({.logged_until = absl::FromUnixSeconds(0)});
  EXPECT_THAT(before.SubjectsWithIdentifier(Number(), 1).subjects, IsEmpty());
}

TEST_F(FactsTest, WhatAPartOfTheLogHoldsIsNotKnownUntilItAnswers) {
  Register(kPolice, Subject("police:99", "1"), 1);
  const std::string police = "vigil.police.events.v1";
  const std::string health = "vigil.health.events.v1";
  const std::string mash = "vigil.mash.events.v1";
  Standing standing;
  standing.now = absl::FromUnixSeconds(1'780'000'060);
  standing.topics = {{police, 1}, {health, 2}, {mash, 2}};
  standing.runner.ends = {{{police, 0}, 1},
                          {{health, 0}, 0},  // and 1 never answered
                          {{mash, 0}, 0},
                          {{mash, 1}, 0}};
  standing.runner.stale_since = absl::FromUnixSeconds(1'780'000'000);
  const Facts facts = FactsOf();
  std::map<std::string, ev1::Answer> connected;
  for (const v1::SourceState& source : SourceStates(facts, standing)) {
    connected[source.writer()] = source.connected();
  }
  EXPECT_EQ(connected["police"], ev1::ANSWER_YES);
  EXPECT_EQ(connected["health"], ev1::ANSWER_NOT_KNOWN);
  EXPECT_EQ(connected["mash"], ev1::ANSWER_NO);

  Asking asking;
  asking.asker.roles = {safeguarding::Role::kCoordinator};
  const v1::Completeness complete =
      CompletenessOf(facts, asking, nullptr, standing);
  EXPECT_EQ(complete.log_reachable(), ev1::ANSWER_NO);
  EXPECT_FALSE(complete.has_lag_records());
  EXPECT_THAT(complete.words(), HasSubstr(" Not connected: mash."));
  EXPECT_THAT(complete.words(),
              HasSubstr(" Not known whether connected: health."));
  EXPECT_THAT(complete.words(),
              HasSubstr(" The log, or a part of it, cannot be reached since "));
  EXPECT_THAT(complete.words(), HasSubstr(": what came later may be missing."));
}

}  // namespace
}  // namespace vigil::chronology
