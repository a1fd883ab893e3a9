#include "libs/safeguarding/amendments.h"

#include <algorithm>
#include <deque>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/event/reference.h"
#include "rapidcheck/gtest.h"

namespace vigil::safeguarding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using event::v1::Header;
using event::v1::Kind;
using event::v1::SIGNIFICANCE_NOT_YET_JUDGED;
using event::v1::SIGNIFICANCE_ROUTINE;
using event::v1::SIGNIFICANCE_SIGNIFICANT;

const std::string kPolice = event::Source("police", "police:43");
const std::string kOtherForce = event::Source("police", "police:44");
const std::string kHospital = event::Source("health", "ods:RXX");
const std::string kHub = event::Source("mash", "la:E09000001");

// One event in a table; logged in the order of the table.
struct Event {
  std::string id;
  std::string source;
  Kind kind;
  std::string record = "";                  // of system "s"; "id@version"
  std::vector<std::string> incidents = {};  // of issuer "police:43"
  bool conflict = false;
  bool provisional = false;
};

void SetRecord(const std::string& text, event::v1::RecordRef* ref) {
  const size_t at = text.find('@');
  ref->set_system("s");
  ref->set_id(text.substr(0, at));
  if (at != std::string::npos) {
    ref->set_version(text.substr(at + 1));
  }
}

void SetTarget(const std::string& target, event::v1::EventRef* ref) {
  if (target.starts_with("record ")) {
    SetRecord(target.substr(7), ref->mutable_record_ref());
  } else {
    ref->set_event_id(target);
  }
}

Kind Concern() {
  Kind kind;
  kind.mutable_concern_raised();
  return kind;
}
Kind Corrected(const std::string& target, std::vector<std::string> fields) {
  Kind kind;
  SetTarget(target, kind.mutable_entry_corrected()->mutable_target());
  for (const std::string& field : fields) {
    kind.mutable_entry_corrected()->add_fields(field);
  }
  return kind;
}
Kind Supplemented(const std::string& target) {
  Kind kind;
  SetTarget(target, kind.mutable_entry_supplemented()->mutable_target());
  return kind;
}
Kind Withdrawn(const std::string& target,
               std::vector<std::string> fields = {}) {
  Kind kind;
  SetTarget(target, kind.mutable_entry_withdrawn()->mutable_target());
  for (const std::string& field : fields) {
    kind.mutable_entry_withdrawn()->add_fields(field);
  }
  return kind;
}
Kind Judged(const std::string& target, event::v1::Significance significance) {
  Kind kind;
  SetTarget(target, kind.mutable_significance_judged()->mutable_target());
  kind.mutable_significance_judged()->set_significance(significance);
  return kind;
}
Kind Grouped(std::vector<std::string> ids) {
  Kind kind;
  for (const std::string& id : ids) {
    kind.mutable_entries_grouped()->add_event_ids(id);
  }
  return kind;
}
Kind Ungrouped(std::vector<std::string> ids) {
  Kind kind;
  for (const std::string& id : ids) {
    kind.mutable_entries_ungrouped()->add_event_ids(id);
  }
  return kind;
}
Kind Reassigned(const std::string& id, const std::string& to) {
  Kind kind;
  kind.mutable_entry_reassigned()->set_event_id(id);
  kind.mutable_entry_reassigned()->set_to_subject(to);
  return kind;
}

// The states, in words, by event id.
class Record {
 public:
  explicit Record(const std::vector<Event>& events) : events_(events) {
    for (const Event& event : events_) {
      Header& header = headers_.emplace_back();
      if (!event.record.empty()) {
        SetRecord(event.record, header.mutable_record_ref());
      }
      for (const std::string& incident : event.incidents) {
        header.add_incident_refs()->set_issuer("police:43");
        header.mutable_incident_refs(header.incident_refs_size() - 1)
            ->set_id(incident);
      }
    }
    for (size_t i = 0; i < events_.size(); ++i) {
      facts_.push_back({.event_id = events_[i].id,
                        .source = events_[i].source,
                        .header = &headers_[i],
                        .kind = &events_[i].kind,
                        .logged = absl::FromUnixSeconds(i),
                        .topic = "t",
                        .partition = 0,
                        .offset = static_cast<int64_t>(i),
                        .conflict = events_[i].conflict,
                        .provisional = events_[i].provisional});
    }
    states_ = Amend(facts_);
  }
  Record(const Record&) = delete;

  std::vector<EntryFact>& facts() { return facts_; }

  const EntryState& operator[](const std::string& id) const {
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].event_id == id) {
        return states_[i];
      }
    }
    ADD_FAILURE() << id;
    return states_[0];
  }
  std::vector<std::string> Ids(const std::vector<size_t>& indices) const {
    std::vector<std::string> ids;
    for (const size_t i : indices) {
      ids.emplace_back(facts_[i].event_id);
    }
    return ids;
  }

 private:
  std::vector<Event> events_;
  std::deque<Header> headers_;
  std::vector<EntryFact> facts_;
  std::vector<EntryState> states_;
};

// What follows for entry "e" of the police (record "r@1").
struct Case {
  std::string name;
  std::vector<Event> later;
  State state;
  std::vector<std::string> amendments = {};
  bool people_stand = true;
  std::string reassigned_to = "";
  event::v1::Significance significance = SIGNIFICANCE_NOT_YET_JUDGED;
  std::string significance_by = "";
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class AmendTest : public ::testing::TestWithParam<Case> {};

TEST_P(AmendTest, SaysWhatFollows) {
  const Case& c = GetParam();
  std::vector<Event> events = {{"e", kPolice, Concern(), "r@1"}};
  events.insert(events.end(), c.later.begin(), c.later.end());
  const Record record(events);
  const EntryState& state = record["e"];
  EXPECT_EQ(state.state, c.state);
  EXPECT_EQ(record.Ids(state.amendments), c.amendments);
  EXPECT_EQ(state.people_stand, c.people_stand);
  EXPECT_EQ(state.reassigned_to, c.reassigned_to);
  EXPECT_EQ(state.significance, c.significance);
  EXPECT_EQ(
      state.significance_by ? record.Ids({*state.significance_by}).front() : "",
      c.significance_by);
}

INSTANTIATE_TEST_SUITE_P(
    Entry, AmendTest,
    ::testing::Values(
        Case{"NothingSaid", {}, State::kCurrent},
        Case{"CorrectedByItsSource",
             {{"c", kPolice, Corrected("e", {"kind.summary"})}},
             State::kCorrected,
             {"c"}},
        Case{"CorrectedByRecordReference",  // the correction has the same one
             {{"c", kPolice, Corrected("record r", {"kind.summary"}), "r@2"}},
             State::kCorrected,
             {"c"}},
        Case{"CorrectedByVersion",
             {{"c", kPolice, Corrected("record r@1", {"kind.summary"})}},
             State::kCorrected,
             {"c"}},
        Case{"AnotherVersion",
             {{"c", kPolice, Corrected("record r@2", {"kind.summary"})}},
             State::kCurrent},
        Case{"AnotherRecord",
             {{"c", kPolice, Withdrawn("record q")}},
             State::kCurrent},
        Case{"AnotherForcesRecordOfTheSameName",
             {{"c", kOtherForce, Withdrawn("record r")}},
             State::kCurrent},
        Case{"TheHubsOwnRecordOfTheSameName",
             {{"c", kHub, Withdrawn("record r")}},
             State::kCurrent},
        Case{"Supplemented",
             {{"c", kPolice, Supplemented("e")}},
             State::kCurrent,
             {"c"}},
        Case{"WithdrawnByItsSource",
             {{"w", kPolice, Withdrawn("e")}},
             State::kWithdrawn,
             {"w"},
             false},
        Case{"WithdrawnByTheHub",
             {{"w", kHub, Withdrawn("e")}},
             State::kWithdrawn,
             {"w"},
             false},
        Case{"DisputedByAnotherForce",
             {{"w", kOtherForce, Withdrawn("e")},
              {"c", kHospital, Corrected("e", {"people"})}},
             State::kCurrent,
             {"w", "c"}},
        Case{"WithdrawnInPart",
             {{"w", kPolice, Withdrawn("e", {"kind.details"})}},
             State::kCorrected,
             {"w"}},
        Case{"WithdrawnThenCorrected",
             {{"w", kPolice, Withdrawn("e")},
              {"c", kPolice, Corrected("e", {"kind.summary"})}},
             State::kWithdrawn,
             {"w", "c"},
             false},
        Case{"CorrectedInWhoItWas",
             {{"c", kPolice, Corrected("e", {"people.subject.demographics"})}},
             State::kCorrected,
             {"c"},
             false},
        Case{"AFieldThatOnlySoundsLikeIt",
             {{"c", kPolice, Corrected("e", {"peoples"})}},
             State::kCorrected,
             {"c"}},
        Case{"TheWithdrawalWithdrawn",
             {{"w", kPolice, Withdrawn("e")}, {"w2", kPolice, Withdrawn("w")}},
             State::kCurrent,
             {"w"}},
        Case{"TheWithdrawalWithdrawnThatIsWithdrawn",
             {{"w", kPolice, Withdrawn("e")},
              {"w2", kPolice, Withdrawn("w")},
              {"w3", kPolice, Withdrawn("w2")}},
             State::kWithdrawn,
             {"w"},
             false},
        Case{"TheCorrectionWithdrawn",
             {{"c", kPolice, Corrected("e", {"people"})},
              {"w", kHub, Withdrawn("c")}},
             State::kCurrent,
             {"c"}},
        Case{"ASourceCannotWithdrawWhatTheHubSaid",
             {{"c", kHub, Corrected("e", {"kind.summary"})},
              {"w", kPolice, Withdrawn("c")}},
             State::kCorrected,
             {"c"}},
        Case{"TwoThatWithdrawEachOther",
             {{"w", kPolice, Withdrawn("v")},
              {"v", kPolice, Withdrawn("w")},
              {"c", kPolice, Corrected("e", {"kind.summary"})}},
             State::kCorrected,
             {"c"}},
        Case{"Reassigned",
             {{"m", kHub, Reassigned("e", "s1")},
              {"n", kPolice, Reassigned("e", "s2")}},
             State::kCurrent,
             {"m", "n"},
             false,
             "s2"},
        Case{"ReassignedByAStranger",
             {{"m", kHospital, Reassigned("e", "s1")}},
             State::kCurrent,
             {"m"}},
        Case{"JudgedByAnybodyTheLatestCounts",
             {{"j", kHub, Judged("e", SIGNIFICANCE_ROUTINE)},
              {"k", kHospital, Judged("e", SIGNIFICANCE_SIGNIFICANT)}},
             State::kCurrent,
             {},
             true,
             "",
             SIGNIFICANCE_SIGNIFICANT,
             "k"},
        Case{"TheJudgementWithdrawn",
             {{"j", kHub, Judged("record r", SIGNIFICANCE_ROUTINE)},
              {"j2", kHub, Judged("e", SIGNIFICANCE_ROUTINE)},
              {"k", kHospital, Judged("e", SIGNIFICANCE_SIGNIFICANT)},
              {"w", kHospital, Withdrawn("k")}},
             State::kCurrent,
             {},
             true,
             "",
             SIGNIFICANCE_ROUTINE,
             "j2"},
        Case{"JudgedAnewAsNotYetJudged",
             {{"j", kHub, Judged("e", SIGNIFICANCE_SIGNIFICANT)},
              {"k", kHub, Judged("e", SIGNIFICANCE_NOT_YET_JUDGED)}},
             State::kCurrent,
             {},
             true,
             "",
             SIGNIFICANCE_NOT_YET_JUDGED,
             "k"}),
    [](const auto& param) { return param.param.name; });

TEST(Amend, StatesInTheirOrder) {
  const Record record({
      {"conflict", kPolice, Concern(), "", {}, true, true},
      {"provisional", kPolice, Concern(), "", {}, false, true},
      {"corrected", kPolice, Concern(), "", {}, true, true},
      {"withdrawn", kPolice, Concern(), "", {}, true, true},
      {"provisional-corrected", kPolice, Concern(), "", {}, false, true},
      {"c", kPolice, Corrected("corrected", {"kind.summary"})},
      {"d", kPolice, Corrected("provisional-corrected", {"kind.summary"})},
      {"w", kPolice, Withdrawn("withdrawn")},
  });
  EXPECT_EQ(record["conflict"].state, State::kConflict);
  EXPECT_EQ(record["provisional"].state, State::kProvisional);
  EXPECT_EQ(record["corrected"].state, State::kConflict);
  EXPECT_EQ(record["withdrawn"].state, State::kWithdrawn);
  EXPECT_EQ(record["provisional-corrected"].state, State::kCorrected);
}

TEST(Amend, AWithdrawalMayBeLoggedBeforeItsEntry) {
  const Record record(
      {{"w", kPolice, Withdrawn("e")}, {"e", kPolice, Concern(), "r"}});
  EXPECT_EQ(record["e"].state, State::kWithdrawn);
  EXPECT_THAT(record.Ids(record["w"].targets), ElementsAre("e"));
}

TEST(Amend, WhatHasNoTargetHereStandsAlone) {
  const Record record(
      {{"w", kPolice, Withdrawn("elsewhere")}, {"x", kPolice, Withdrawn("x")}});
  EXPECT_THAT(record["w"].targets, IsEmpty());
  EXPECT_THAT(record["x"].targets, IsEmpty());
  EXPECT_EQ(record["x"].state, State::kCurrent);
}

TEST(Amend, ARecordReferenceMeansEveryFactOfTheRecord) {
  const Record record({{"e", kPolice, Concern(), "r"},
                       {"f", kPolice, Concern(), "r"},
                       {"w", kPolice, Withdrawn("record r"), "r"}});
  EXPECT_EQ(record["e"].state, State::kWithdrawn);
  EXPECT_EQ(record["f"].state, State::kWithdrawn);
  EXPECT_EQ(record["w"].state, State::kCurrent);
}

TEST(Amend, AnUnreadableEntrySaysNothingOfOthers) {
  Header header;
  const EntryFact fact{.event_id = "e", .source = kPolice, .header = &header};
  const std::vector<EntryState> states = Amend({fact});
  ASSERT_EQ(states.size(), 1);
  EXPECT_EQ(states[0].state, State::kCurrent);
}

TEST(Incident, EntriesThatShareAReferenceAreOne) {
  const Record record({{"b", kPolice, Concern(), "", {"1"}},
                       {"a", kHospital, Concern(), "", {"2", "1"}},
                       {"c", kOtherForce, Concern(), "", {"2"}},
                       {"d", kHub, Concern(), "", {"3"}},
                       {"b2", kPolice, Concern(), "", {"1"}}});
  EXPECT_THAT(record.Ids(record["a"].incident_group),
              ElementsAre("b", "b2", "c"));
  EXPECT_THAT(record["a"].also_reported_by,
              ElementsAre("police:43", "police:44"));
  EXPECT_THAT(record["b"].also_reported_by,
              ElementsAre("ods:RXX", "police:44"));
  EXPECT_THAT(record["d"].incident_group, IsEmpty());
}

TEST(Incident, NumbersOfDifferentIssuersMeanNothingToEachOther) {
  Record record({{"a", kPolice, Concern(), "", {"1"}},
                 {"b", kPolice, Concern(), "", {"1"}}});
  Header other;
  other.add_incident_refs()->set_issuer("ods:RXX");
  other.mutable_incident_refs(0)->set_id("1");
  record.facts()[1].header = &other;
  EXPECT_THAT(Amend(record.facts())[0].incident_group, IsEmpty());
  // Nor does a reference without a number.
  other.mutable_incident_refs(0)->clear_id();
  record.facts()[0].header = &other;
  EXPECT_THAT(Amend(record.facts())[0].incident_group, IsEmpty());
}

TEST(Incident, TheHubGroupsAndUngroups) {
  std::vector<Event> events = {{"a", kPolice, Concern(), "", {"1"}},
                               {"b", kHospital, Concern(), "", {"1"}},
                               {"c", kOtherForce, Concern()},
                               {"g", kHub, Grouped({"a", "c", "elsewhere"})}};
  {
    const Record record(events);
    EXPECT_THAT(record.Ids(record["c"].incident_group), ElementsAre("a", "b"));
  }
  events.push_back({"u", kHub, Ungrouped({"a"})});
  {
    const Record record(events);
    EXPECT_THAT(record["a"].incident_group, IsEmpty());
    EXPECT_THAT(record["b"].incident_group, IsEmpty());
    EXPECT_THAT(record["c"].incident_group, IsEmpty());
  }
  events.push_back({"g2", kHub, Grouped({"a", "c"})});
  {
    const Record record(events);
    EXPECT_THAT(record.Ids(record["a"].incident_group), ElementsAre("c"));
  }
  events.push_back({"w", kHub, Withdrawn("u")});
  {
    const Record record(events);
    EXPECT_THAT(record.Ids(record["a"].incident_group), ElementsAre("b", "c"));
  }
}

TEST(Incident, AnAgencyGroupsItsOwnEntriesOnly) {
  const Record record({{"a", kPolice, Concern()},
                       {"b", kPolice, Concern()},
                       {"c", kHospital, Concern()},
                       {"g", kPolice, Grouped({"a", "b"})},
                       {"h", kPolice, Grouped({"b", "c"})},
                       {"u", kHospital, Ungrouped({"a", "b"})}});
  EXPECT_THAT(record.Ids(record["a"].incident_group), ElementsAre("b"));
  EXPECT_THAT(record["c"].incident_group, IsEmpty());
  EXPECT_THAT(record["a"].also_reported_by, IsEmpty());
}

TEST(Incident, WhatWasWithdrawnIsNotAlsoReported) {
  const Record record({{"a", kPolice, Concern(), "", {"1"}},
                       {"b", kHospital, Concern(), "", {"1"}},
                       {"w", kHospital, Withdrawn("b")}});
  EXPECT_THAT(record.Ids(record["a"].incident_group), ElementsAre("b"));
  EXPECT_THAT(record["a"].also_reported_by, IsEmpty());
  EXPECT_THAT(record["b"].also_reported_by, ElementsAre("police:43"));
}

TEST(Incident, ACorrectedReferenceCounts) {
  const std::vector<Event> before = {{"a", kPolice, Concern(), "", {"1"}},
                                     {"b", kHospital, Concern(), "", {"1"}},
                                     {"c", kHospital, Concern(), "", {"2"}}};
  std::vector<Event> events = before;
  events.push_back(
      {"x", kPolice, Corrected("a", {"header.incident_refs"}), "", {"2"}});
  const Record corrected(events);
  EXPECT_THAT(corrected.Ids(corrected["a"].incident_group), ElementsAre("c"));
  EXPECT_THAT(corrected["b"].incident_group, IsEmpty());

  events = before;
  events.push_back({"x", kPolice, Withdrawn("a", {"header.incident_refs"})});
  const Record withdrawn(events);
  EXPECT_THAT(withdrawn["a"].incident_group, IsEmpty());
}

std::string Described(const std::vector<EntryFact>& facts) {
  const std::vector<EntryState> states = Amend(facts);
  std::vector<std::string> lines;
  const auto ids = [&](std::vector<size_t> indices, bool sort) {
    std::vector<std::string> found;
    for (const size_t i : indices) {
      found.emplace_back(facts[i].event_id);
    }
    if (sort) {
      std::sort(found.begin(), found.end());
    }
    return absl::StrJoin(found, " ");
  };
  for (size_t i = 0; i < facts.size(); ++i) {
    const EntryState& s = states[i];
    lines.push_back(absl::StrCat(
        facts[i].event_id, ": ", static_cast<int>(s.state), " targets ",
        ids(s.targets, true), " amendments ", ids(s.amendments, false), " ",
        s.significance, " ",
        s.significance_by ? facts[*s.significance_by].event_id : "", " group ",
        ids(s.incident_group, false), " also ",
        absl::StrJoin(s.also_reported_by, " "), " ", s.reassigned_to, " ",
        s.people_stand));
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, "\n");
}

RC_GTEST_PROP(AmendProperty, DoesNotDependOnTheOrderOfTheFacts, ()) {
  const std::vector<std::string> ids = {"a", "b", "c", "d", "e", "f"};
  std::vector<Event> events;
  for (const std::string& id : ids) {
    const std::string source = *rc::gen::element(kPolice, kOtherForce, kHub);
    const std::string target = *rc::gen::elementOf(ids);
    const std::string other = *rc::gen::elementOf(ids);
    const std::vector<Kind> kinds = {
        Concern(),
        Concern(),
        Corrected(target, {"people", "header.incident_refs"}),
        Withdrawn(target),
        Withdrawn(target, {"people"}),
        Judged(target, SIGNIFICANCE_ROUTINE),
        Grouped({target, other}),
        Ungrouped({target}),
        Reassigned(target, id)};
    events.push_back({id,
                      source,
                      kinds[*rc::gen::inRange<size_t>(0, kinds.size())],
                      "",
                      {*rc::gen::element<std::string>("1", "2", "3")}});
  }
  Record record(events);
  std::vector<EntryFact> facts = record.facts();
  const std::string before = Described(facts);
  for (size_t i = facts.size(); i > 1; --i) {
    std::swap(facts[i - 1], facts[*rc::gen::inRange<size_t>(0, i)]);
  }
  RC_ASSERT(Described(facts) == before);
}

}  // namespace
}  // namespace vigil::safeguarding
