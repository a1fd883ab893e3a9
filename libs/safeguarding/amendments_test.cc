#include "libs/safeguarding/amendments.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "rapidcheck/gtest.h"

namespace vigil::safeguarding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using event::v1::EntryRef;
using event::v1::Header;
using event::v1::Kind;
using event::v1::Manner;
using event::v1::SIGNIFICANCE_NOT_YET_JUDGED;
using event::v1::SIGNIFICANCE_ROUTINE;
using event::v1::SIGNIFICANCE_SIGNIFICANT;
using event::v1::SIGNIFICANCE_UNSPECIFIED;

const std::string kPolice = event::Source("police", "police:43");
const std::string kOtherForce = event::Source("police", "police:44");
const std::string kHospital = event::Source("health", "ods:RXX");
const std::string kHub = event::Source("mash", "la:E09000001");
const std::string kCouncil = event::Source("social_care", "la:E09000001");

constexpr char kChild[] = "child";
constexpr char kSibling[] = "sibling";

// What one event names: "e" is the entry of that id under kChild, "e/sibling"
// under another subject; "record r", "record r@2" a record of the speaker's,
// "record r of police:43" another organisation's.
struct Naming {
  std::string target;
  Manner manner;
  std::vector<std::string> fields = {};
};

struct What {
  Kind kind;
  std::vector<Naming> names = {};
  std::string moved_to = "";
};

// One event in a table; logged in the order of the table.
struct Event {
  std::string id;
  std::string source;
  What what;
  std::string record = "";                  // of system "s"; "id@version"
  std::vector<std::string> incidents = {};  // of issuer "police:43"
  bool conflict = false;
  bool provisional = false;
  std::string subject = kChild;
  std::string request = "";
};

void SetRecord(const std::string& text, event::v1::RecordRef* ref) {
  const std::vector<std::string> parts = absl::StrSplit(text, '@');
  ref->set_system("s");
  ref->set_id(parts[0]);
  if (parts.size() > 1) {
    ref->set_version(parts[1]);
  }
}

EntryRef RefOf(absl::string_view target) {
  EntryRef ref;
  if (absl::ConsumePrefix(&target, "record ")) {
    const std::vector<std::string> parts = absl::StrSplit(target, " of ");
    SetRecord(parts[0], ref.mutable_record_ref());
    if (parts.size() > 1) {
      const std::vector<std::string> of = absl::StrSplit(parts[1], ':');
      ref.mutable_organisation()->set_scheme(of[0]);
      ref.mutable_organisation()->set_code(of[1]);
    }
    return ref;
  }
  const std::vector<std::string> parts = absl::StrSplit(target, '/');
  ref.set_event_id(parts[0]);
  ref.set_subject(parts.size() > 1 ? parts[1] : kChild);
  return ref;
}

// Stands for the HMAC of a record: of a writer's key, and not another's.
std::string RecordMac(const std::string& source, const std::string& named,
                      const std::string& id) {
  const event::SourceParts parts = event::ParseSource(source);
  return absl::StrCat("hmac ", parts.writer, " ",
                      named.empty() ? parts.organisation : named, " ", id);
}

What Concern() {
  What what;
  what.kind.mutable_concern_raised();
  return what;
}
What Visit() {
  What what;
  what.kind.mutable_home_visited();
  return what;
}
What Acknowledged(const std::string& target) {
  What what;
  *what.kind.mutable_referral_acknowledged()->mutable_referral() =
      RefOf(target);
  what.names = {{target, event::v1::MANNER_ANSWERS}};
  return what;
}
What Decided(const std::string& target) {
  What what;
  *what.kind.mutable_referral_decided()->mutable_referral() = RefOf(target);
  what.names = {{target, event::v1::MANNER_ANSWERS}};
  return what;
}
What Answering(Kind kind, const std::string& target) {
  return {std::move(kind), {{target, event::v1::MANNER_ANSWERS}}};
}
// A concern said again.
What Corrected(const std::string& target, std::vector<std::string> fields) {
  What what = Concern();
  what.names = {{target, event::v1::MANNER_CORRECTS, std::move(fields)}};
  return what;
}
What Supplemented(const std::string& target) {
  What what = Concern();
  what.names = {{target, event::v1::MANNER_SUPPLEMENTS, {"account.summary"}}};
  return what;
}
What Withdrawn(const std::string& target) {
  What what;
  *what.kind.mutable_entry_withdrawn()->mutable_target() = RefOf(target);
  what.names = {{target, event::v1::MANNER_WITHDRAWS}};
  return what;
}
What Judged(const std::string& target, event::v1::Significance significance) {
  What what;
  *what.kind.mutable_significance_judged()->mutable_target() = RefOf(target);
  what.kind.mutable_significance_judged()->set_significance(significance);
  what.names = {{target, event::v1::MANNER_JUDGES}};
  return what;
}
What Grouped(const std::vector<std::string>& targets) {
  What what;
  for (const std::string& target : targets) {
    *what.kind.mutable_entries_grouped()->add_entries() = RefOf(target);
    what.names.push_back({target, event::v1::MANNER_GROUPS});
  }
  return what;
}
What Ungrouped(const std::vector<std::string>& targets) {
  What what;
  for (const std::string& target : targets) {
    *what.kind.mutable_entries_ungrouped()->add_entries() = RefOf(target);
    what.names.push_back({target, event::v1::MANNER_UNGROUPS});
  }
  return what;
}
What Reassigned(const std::string& target, const std::string& to) {
  What what;
  *what.kind.mutable_entry_reassigned()->mutable_target() = RefOf(target);
  what.kind.mutable_entry_reassigned()->set_to_subject(to);
  what.names = {{target, event::v1::MANNER_REASSIGNS}};
  what.moved_to = to;
  return what;
}
What Settled(const std::string& saying, const std::string& target) {
  What what;
  *what.kind.mutable_target_settled()->mutable_saying() = RefOf(saying);
  *what.kind.mutable_target_settled()->mutable_target() = RefOf(target);
  what.names = {{saying, event::v1::MANNER_CITES},
                {target, event::v1::MANNER_SETTLES}};
  return what;
}

// The states, in words, by event id.
class Record {
 public:
  explicit Record(const std::vector<Event>& events) : events_(events) {
    for (const Event& event : events_) {
      Header& header = headers_.emplace_back();
      event::v1::ClearPart& clear = clears_.emplace_back();
      types_.emplace_back(event::TypeOf(event.what.kind.kind_case()));
      if (!event.record.empty()) {
        SetRecord(event.record,
                  header.mutable_submission()->mutable_record_ref());
        clear.set_record(
            RecordMac(event.source, "", header.submission().record_ref().id()));
      }
      for (const std::string& incident : event.incidents) {
        event::v1::IncidentRef& ref =
            *header.mutable_submission()->add_incident_refs();
        ref.set_issuer("police:43");
        ref.set_id(incident);
      }
      for (const Naming& naming : event.what.names) {
        const EntryRef ref = RefOf(naming.target);
        event::v1::Target& target = *clear.add_targets();
        target.set_manner(naming.manner);
        if (ref.has_event_id()) {
          target.set_event_id(ref.event_id());
          target.set_subject(ref.subject());
        } else {
          target.set_record(
              RecordMac(event.source,
                        ref.has_organisation()
                            ? event::OrganisationText(ref.organisation())
                            : "",
                        ref.record_ref().id()));
        }
        for (const std::string& field : naming.fields) {
          target.add_fields(field);
        }
        if (naming.manner == event::v1::MANNER_CORRECTS ||
            naming.manner == event::v1::MANNER_SUPPLEMENTS) {
          *header.mutable_amends()->mutable_target() = ref;
        }
      }
      if (!event.what.moved_to.empty()) {
        clear.mutable_decided()->add_other(event.what.moved_to);
      }
    }
    for (size_t i = 0; i < events_.size(); ++i) {
      facts_.push_back({.event_id = events_[i].id,
                        .source = events_[i].source,
                        .type = types_[i],
                        .subject = events_[i].subject,
                        .clear = &clears_[i],
                        .header = &headers_[i],
                        .kind = &events_[i].what.kind,
                        .request_key = events_[i].request,
                        .request_index = static_cast<uint32_t>(i),
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

  // Every key is destroyed.
  void Forget() {
    for (EntryFact& fact : facts_) {
      fact.header = nullptr;
      fact.kind = nullptr;
    }
    states_ = Amend(facts_);
  }
  void Judge() { states_ = Amend(facts_); }

  EntryFact& fact(const std::string& id) {
    return *std::find_if(facts_.begin(), facts_.end(),
                         [&](const auto& f) { return f.event_id == id; });
  }

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
  std::deque<event::v1::ClearPart> clears_;
  std::deque<std::string> types_;
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
  // The same when every key was destroyed.
  bool rests_on_content = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class AmendTest : public ::testing::TestWithParam<Case> {};

TEST_P(AmendTest, SaysWhatFollows) {
  const Case& c = GetParam();
  std::vector<Event> events = {{"e", kPolice, Concern(), "r@1"}};
  events.insert(events.end(), c.later.begin(), c.later.end());
  Record record(events);
  for (const bool forgotten : {false, true}) {
    SCOPED_TRACE(forgotten ? "keys destroyed" : "as sent");
    if (forgotten && c.rests_on_content) {
      break;
    }
    if (forgotten) {
      record.Forget();
    }
    const EntryState& state = record["e"];
    EXPECT_EQ(state.state, c.state);
    EXPECT_EQ(record.Ids(state.amendments), c.amendments);
    EXPECT_EQ(state.people_stand, c.people_stand);
    EXPECT_EQ(state.reassigned_to, c.reassigned_to);
    EXPECT_EQ(state.significance, forgotten && state.significance_by
                                      ? SIGNIFICANCE_UNSPECIFIED
                                      : c.significance);
    EXPECT_EQ(state.significance_by
                  ? record.Ids({*state.significance_by}).front()
                  : "",
              c.significance_by);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Entry, AmendTest,
    ::testing::Values(
        Case{"NothingSaid", {}, State::kCurrent},
        Case{"CorrectedByItsSource",
             {{"c", kPolice, Corrected("e", {"account.summary"})}},
             State::kCorrected,
             {"c"}},
        Case{"TheEntryOfAnotherSubject",
             {{"c", kPolice, Corrected("e/sibling", {"account.summary"})},
              {"w", kPolice, Withdrawn("e/sibling")}},
             State::kCurrent},
        Case{"CorrectedAsAnotherAct",
             {{"c",
               kPolice,
               {Visit().kind,
                {{"e", event::v1::MANNER_CORRECTS, {"account.summary"}}}}}},
             State::kCurrent},
        Case{
            "CorrectedByRecordReference",  // the correction has the same one
            {{"c", kPolice, Corrected("record r", {"account.summary"}), "r@2"}},
            State::kCorrected,
            {"c"}},
        Case{"CorrectedByVersion",
             {{"c", kPolice, Corrected("record r@1", {"account.summary"})}},
             State::kCorrected,
             {"c"}},
        Case{"AnotherVersion",
             {{"c", kPolice, Corrected("record r@2", {"account.summary"})}},
             State::kCurrent,
             {},
             true,
             "",
             SIGNIFICANCE_NOT_YET_JUDGED,
             "",
             true},
        Case{"AnotherVersionAsSettled",
             {{"f", kPolice, Concern(), "r@2"},
              {"c", kPolice, Corrected("record r@2", {"account.summary"})},
              {"s", kHub, Settled("c", "f")}},
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
        Case{"TheHubNamesTheRecordOfAnother",
             {{"c", kHub, Withdrawn("record r of police:43")}},
             State::kWithdrawn,
             {"c"},
             false,
             "",
             SIGNIFICANCE_NOT_YET_JUDGED,
             "",
             true},
        Case{"TheHubNamesTheRecordOfAnotherAndSettledIt",
             {{"c", kHub, Withdrawn("record r of police:43")},
              {"s", kHub, Settled("c", "e")}},
             State::kWithdrawn,
             {"c"},
             false},
        Case{"OnlyTheHubSettles",
             {{"c", kPolice, Withdrawn("record q")},
              {"s", kPolice, Settled("c", "e")}},
             State::kCurrent},
        Case{"TheSettlementWithdrawn",
             {{"c", kPolice, Withdrawn("record q")},
              {"s", kHub, Settled("c", "e")},
              {"w", kHub, Withdrawn("s")}},
             State::kCurrent},
        Case{"SettledAsAnotherEntry",
             {{"f", kPolice, Concern(), "r@1"},
              {"c", kPolice, Withdrawn("record r")},
              {"s", kHub, Settled("c", "f")}},
             State::kCurrent},
        Case{"DisputedByWhoNamesItsRecord",
             {{"c", kHospital, Withdrawn("record r of police:43")}},
             State::kCurrent,
             {"c"},
             true,
             "",
             SIGNIFICANCE_NOT_YET_JUDGED,
             "",
             true},
        Case{"Supplemented",
             {{"c", kPolice, Supplemented("e")}},
             State::kCurrent,
             {"c"}},
        Case{"Answered", {{"a", kHub, Acknowledged("e")}}, State::kCurrent},
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
              {"c", kHospital, Corrected("e", {"about"})}},
             State::kCurrent,
             {"w", "c"}},
        Case{"WithdrawnThenCorrected",
             {{"w", kPolice, Withdrawn("e")},
              {"c", kPolice, Corrected("e", {"account.summary"})}},
             State::kWithdrawn,
             {"w", "c"},
             false},
        Case{"CorrectedInWhoItWas",
             {{"c", kPolice,
               Corrected("e", {"about.person.demographics.birth"})}},
             State::kCorrected,
             {"c"},
             false},
        Case{"CorrectedInAllThatIsSaidOfThePerson",
             {{"c", kPolice, Corrected("e", {"about"})}},
             State::kCorrected,
             {"c"},
             false},
        Case{"CorrectedInWhatThePersonSaid",
             {{"c", kPolice, Corrected("e", {"about.seen.own_words"})}},
             State::kCorrected,
             {"c"}},
        Case{"AFieldThatOnlySoundsLikeIt",
             {{"c", kPolice, Corrected("e", {"about.personal"})}},
             State::kCorrected,
             {"c"}},
        Case{"ACorrectionCorrected",
             {{"c", kPolice, Corrected("e", {"account.summary"})},
              {"d", kPolice, Corrected("c", {"about.person"})}},
             State::kCorrected,
             {"c", "d"},
             false},
        Case{"CorrectionsOfEachOther",
             {{"c", kPolice, Corrected("d", {"account.summary"})},
              {"d", kPolice, Corrected("c", {"account.summary"})}},
             State::kCurrent},
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
        Case{"TheWithdrawalSaidAgain",  // its reason, not once more the deed
             {{"w", kPolice, Withdrawn("e")},
              {"c",
               kPolice,
               {Withdrawn("e").kind,
                {{"w", event::v1::MANNER_CORRECTS, {"entry_withdrawn.reason"}},
                 {"e", event::v1::MANNER_WITHDRAWS}}}},
              {"w2", kPolice, Withdrawn("w")}},
             State::kCurrent,
             {"w"}},
        Case{"TheCorrectionWithdrawn",
             {{"c", kPolice, Corrected("e", {"about"})},
              {"w", kHub, Withdrawn("c")}},
             State::kCurrent,
             {"c"}},
        Case{"ASourceCannotWithdrawWhatTheHubSaid",
             {{"c", kHub, Corrected("e", {"account.summary"})},
              {"w", kPolice, Withdrawn("c")}},
             State::kCorrected,
             {"c"}},
        Case{"TwoThatWithdrawEachOther",
             {{"w", kPolice, Withdrawn("v")},
              {"v", kPolice, Withdrawn("w")},
              {"c", kPolice, Corrected("e", {"account.summary"})}},
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
      {"c", kPolice, Corrected("corrected", {"account.summary"})},
      {"d", kPolice, Corrected("provisional-corrected", {"account.summary"})},
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
  EXPECT_THAT(record["w"].unmatched, IsEmpty());
}

TEST(Amend, WhatReachesNothingIsListed) {
  const Record record(
      {{"e", kPolice, Concern(), "r"},
       {"w", kPolice, Withdrawn("elsewhere")},
       {"x", kPolice, Withdrawn("x")},
       {"s", kPolice, Withdrawn("e/sibling")},
       {"q", kPolice, Withdrawn("record q")},
       {"v",
        kPolice,
        {Visit().kind,
         {{"e", event::v1::MANNER_CORRECTS, {"account.summary"}}}}},
       {"g", kHub, Grouped({"e", "elsewhere"})},
       {"a", kHub, Acknowledged("e/sibling")}});
  for (const char* id : {"w", "x", "s", "q", "v"}) {
    SCOPED_TRACE(id);
    EXPECT_THAT(record[id].targets, IsEmpty());
    EXPECT_THAT(record[id].unmatched, ElementsAre(0));
    EXPECT_EQ(record[id].state, State::kCurrent);
  }
  EXPECT_THAT(record.Ids(record["g"].targets), ElementsAre("e"));
  EXPECT_THAT(record["g"].unmatched, ElementsAre(1));
  EXPECT_THAT(record["a"].answers, IsEmpty());
  EXPECT_THAT(record["a"].unmatched, ElementsAre(0));
  EXPECT_EQ(record["e"].state, State::kCurrent);
}

TEST(Amend, WhatAnswersAnEntryIsOne) {
  const Record record({{"e", kPolice, Concern(), "r"},
                       {"a", kHub, Acknowledged("e")},
                       {"b", kPolice, Acknowledged("record r")},
                       {"c", kHub, Acknowledged("record r of police:43")}});
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_THAT(record.Ids(record[id].answers), ElementsAre("e")) << id;
    EXPECT_THAT(record[id].targets, IsEmpty()) << id;
    EXPECT_TRUE(record[id].people_stand) << id;
  }
  EXPECT_THAT(record["e"].amendments, IsEmpty());
}

// A referral of two children, with something observed of one, and what answers
// it.
class Answers : public ::testing::Test {
 protected:
  static Event Of(const std::string& id, const std::string& subject,
                  What what) {
    return {id,    kPolice, std::move(what), "r",       {},
            false, false,   subject,         "referral"};
  }
  static std::vector<std::string> Reached(const Event& answer,
                                          const std::string& elsewhere = "") {
    Kind referral;
    referral.mutable_referral_made();
    Kind observed;
    observed.mutable_observation_made();
    Record record({Of("e", kChild, {referral}), Of("o", kChild, {observed}),
                   Of("f", kSibling, {referral}), answer});
    if (!elsewhere.empty()) {
      record.fact(elsewhere).elsewhere = true;
      record.Judge();
    }
    return record.Ids(record[answer.id].answers);
  }
};

TEST_F(Answers, OfAReferralAsAWholeReachAllWhomItIsAbout) {
  std::vector<Kind> kinds(4);
  kinds[0].mutable_referral_acknowledged();
  kinds[1].mutable_referral_confirmed();
  kinds[2].mutable_referral_chased();
  kinds[3].mutable_referral_clarified();
  for (const Kind& kind : kinds) {
    SCOPED_TRACE(event::MessageNameOf(kind.kind_case()));
    for (const char* target : {"e", "f/sibling", "record r"}) {
      SCOPED_TRACE(target);
      EXPECT_THAT(Reached({"a", kPolice, Answering(kind, target)}),
                  ElementsAre("e", "o", "f"));
      EXPECT_THAT(Reached({"a", kPolice, Answering(kind, target)}, "f"),
                  ElementsAre("e", "o", "f"));
    }
  }
  EXPECT_THAT(Reached({"a", kHub, Acknowledged("record r of police:43")}, ""),
              ElementsAre("e", "o", "f"));
}

TEST_F(Answers, OfADecisionReachThoseItIsAboutAndLeaveOthersOpen) {
  const auto about = [](const std::string& subject, const std::string& target) {
    return Event{"d", kPolice, Decided(target), "", {}, false, false, subject};
  };
  EXPECT_THAT(Reached(about(kChild, "record r")), ElementsAre("e", "o"));
  EXPECT_THAT(Reached(about(kSibling, "record r")), ElementsAre("f"));
  EXPECT_THAT(Reached(about(kChild, "e")), ElementsAre("e"));
  // An id of a statement names the statement.
  EXPECT_THAT(Reached(about(kSibling, "e")), ElementsAre("f"));
  Kind rated;
  rated.mutable_priority_rated();
  EXPECT_THAT(Reached({"p", kPolice, Answering(rated, "record r")}),
              ElementsAre("e", "o"));
  // As most authorities decide: under their own reference for the child, in
  // whose record the other child's entries are not.
  EXPECT_THAT(Reached(about("own", "record r"), "f"), ElementsAre("e", "o"));
  EXPECT_THAT(Reached(about("own", "e"), "f"), ElementsAre("e"));
  EXPECT_THAT(Reached(about("own", "f/sibling"), "f"), ElementsAre("e"));
  EXPECT_THAT(Reached(about("own", "e")), ElementsAre("e"));
}

TEST(Amend, TellsWhatIsAboutEntries) {
  const auto is = [](const What& what) {
    event::v1::ClearPart clear;
    for (const Naming& naming : what.names) {
      clear.add_targets()->set_manner(naming.manner);
    }
    return IsAboutEntries(event::TypeOf(what.kind.kind_case()), clear);
  };
  EXPECT_FALSE(is(Concern()));
  EXPECT_FALSE(is(Acknowledged("e")));
  EXPECT_TRUE(is(Corrected("e", {})));
  EXPECT_TRUE(is(Supplemented("e")));
  EXPECT_TRUE(is(Withdrawn("e")));
  EXPECT_TRUE(is(Settled("e", "f")));
  event::v1::ClearPart clear;
  EXPECT_FALSE(IsAboutEntries(event::kDiscreetType, clear));
  EXPECT_FALSE(IsAboutEntries("vigil.event.v1.OfALaterVersion", clear));
  EXPECT_TRUE(IsAboutEntries("vigil.event.v1.EntryWithdrawn", clear));
  clear.add_targets()->set_manner(event::v1::MANNER_CORRECTS);
  EXPECT_TRUE(IsAboutEntries(event::kDiscreetType, clear));
}

TEST(Amend, ARecordReferenceMeansEveryFactOfTheRecord) {
  std::vector<Event> events = {{"e", kPolice, Concern(), "r"},
                               {"f", kPolice, Concern(), "r"},
                               {"v", kPolice, Visit(), "r"}};
  events.push_back({"x", kPolice, Withdrawn("record r"), "r"});
  const Record withdrawn(events);
  EXPECT_EQ(withdrawn["e"].state, State::kWithdrawn);
  EXPECT_EQ(withdrawn["f"].state, State::kWithdrawn);
  EXPECT_EQ(withdrawn["v"].state, State::kWithdrawn);
  EXPECT_EQ(withdrawn["x"].state, State::kCurrent);
  // A correction is one of what is of its own type.
  events.back() = {"x", kPolice, Corrected("record r", {"account.summary"}),
                   "r"};
  const Record corrected(events);
  EXPECT_THAT(corrected.Ids(corrected["x"].targets), ElementsAre("e", "f"));
  EXPECT_EQ(corrected["v"].state, State::kCurrent);
}

// One record about two children.
TEST(Amend, WhatIsSaidOfOneChildOfARecordIsOfThatOneAlone) {
  std::vector<Event> events = {
      {"e1", kPolice, Concern(), "r@1"},
      {"e2", kPolice, Concern(), "r@1", {}, false, false, kSibling}};
  const auto with = [&](const What& what, const std::string& source) {
    std::vector<Event> all = events;
    all.push_back({"x", source, what, "", {}, false, false, kSibling});
    return all;
  };
  const What corrected = Corrected("record r", {"about.seen"});
  const Record record(with(corrected, kPolice));
  EXPECT_THAT(record.Ids(record["e2"].corrections), ElementsAre("x"));
  EXPECT_EQ(record["e1"].state, State::kCurrent);
  EXPECT_THAT(record["e1"].amendments, IsEmpty());
  const Record withdrawn(with(Withdrawn("record r"), kPolice));
  EXPECT_EQ(withdrawn["e2"].state, State::kWithdrawn);
  EXPECT_EQ(withdrawn["e1"].state, State::kCurrent);
  const Record by_hub(with(Withdrawn("record r of police:43"), kHub));
  EXPECT_EQ(by_hub["e2"].state, State::kWithdrawn);
  EXPECT_EQ(by_hub["e1"].state, State::kCurrent);
  // A version that hers is not of is none of his.
  const Record other(with(Corrected("record r@2", {"about.seen"}), kPolice));
  EXPECT_THAT(other["x"].targets, IsEmpty());
  // Of whom nothing stands there: the hub's own reference of a child.
  events.pop_back();
  const Record alone(with(corrected, kPolice));
  EXPECT_THAT(alone.Ids(alone["e1"].corrections), ElementsAre("x"));
}

TEST(Amend, ACorrectionOfAnothersCorrectionIsOfTheOwnEntry) {
  const auto event = [](const std::string& id, const What& what,
                        const std::string& subject,
                        const std::string& request) {
    return Event{id, kPolice, what, "", {}, false, false, subject, request};
  };
  const std::vector<std::string> fields = {"account.summary"};
  const Record record({event("e1", Concern(), kChild, "k"),
                       event("e2", Concern(), kSibling, "k"),
                       event("c1", Corrected("e1", fields), kChild, "l"),
                       event("c2", Corrected("e1", fields), kSibling, "l"),
                       event("d", Corrected("c1", fields), kSibling, "m")});
  EXPECT_THAT(record.Ids(record["e1"].corrections), ElementsAre("c1"));
  EXPECT_THAT(record.Ids(record["e2"].corrections), ElementsAre("c2", "d"));
}

// Each child has one name before the naming key was replaced, and one after.
TEST(Amend, ReferencesThatWereRenamedAreOneSubject) {
  const auto event = [](const std::string& id, const What& what,
                        const std::string& subject, const std::string& record,
                        const std::string& request) {
    return Event{id, kPolice, what, record, {}, false, false, subject, request};
  };
  const std::vector<std::string> fields = {"about.person"};
  Record record(
      {event("e1", Concern(), kChild, "r", "k"),
       event("e2", Concern(), kSibling, "r", "k"),
       event("by-record", Corrected("record r", fields), "child-new", "", "l"),
       event("by-id", Corrected("e2", fields), "child-new", "", "m"),
       event("by-name", Withdrawn("e2/sibling-new"), "child-new", "", "n")});
  Renamings renamings;
  renamings.Join(kChild, "child-new");
  renamings.Join("sibling-new", kSibling);
  record.fact("by-id").clear = [&] {
    static auto* const clear = new event::v1::ClearPart();
    *clear = *record.fact("by-id").clear;
    clear->mutable_targets(0)->set_subject("sibling-new");
    return clear;
  }();
  const std::vector<EntryState> states = Amend(record.facts(), renamings);
  EXPECT_THAT(record.Ids(states[0].corrections),
              ElementsAre("by-record", "by-id"));
  EXPECT_EQ(states[0].state, State::kCorrected);
  EXPECT_EQ(states[1].state, State::kWithdrawn);
  EXPECT_THAT(states[1].corrections, IsEmpty());
}

TEST(Amend, ASettlementIsOfOneOfSeveralRecords) {
  const std::vector<Event> events = {
      {"e", kPolice, Concern(), "r"},
      {"f", kPolice, Concern(), "q"},
      {"h", kHospital, Concern(), "s"},
      {"g", kHub, Grouped({"record r of police:43", "record q of police:43"})},
      {"s", kHub, Settled("g", "e")}};
  const Record record(events);
  EXPECT_THAT(record.Ids(record["e"].incident_group), ElementsAre("f"));
  EXPECT_THAT(record.Ids(record["g"].targets), ElementsAre("e", "f"));
  // What reaches nothing is what was settled, and the other stays.
  std::vector<Event> unknown = events;
  unknown[3].what =
      Grouped({"record no of police:43", "record q of police:43"});
  const Record other(unknown);
  EXPECT_THAT(other.Ids(other["g"].targets), ElementsAre("e", "f"));
  EXPECT_THAT(other.Ids(other["e"].incident_group), ElementsAre("f"));
}

TEST(Amend, ACouncilsRecordIsFoundThroughTheHub) {
  const Record record(
      {{"e", kCouncil, Concern(), "r"}, {"w", kHub, Withdrawn("record r")}});
  EXPECT_EQ(record["e"].state, State::kWithdrawn);
}

TEST(Amend, WhichCorrectionsAndSupplementsCount) {
  const Record record({{"e", kPolice, Concern()},
                       {"c", kPolice, Corrected("e", {"account.summary"})},
                       {"d", kHospital, Corrected("e", {"account.summary"})},
                       {"s", kHospital, Supplemented("e")},
                       {"t", kHospital, Supplemented("e")},
                       {"f", kHub, Corrected("e", {"account.summary"})},
                       {"g", kPolice, Corrected("e", {"account.summary"})},
                       {"w", kPolice, Withdrawn("g")},
                       {"x", kHospital, Withdrawn("t")}});
  EXPECT_THAT(record.Ids(record["e"].corrections), ElementsAre("c", "f"));
  EXPECT_THAT(record.Ids(record["e"].supplements), ElementsAre("s"));
  EXPECT_THAT(record.Ids(record["e"].amendments),
              ElementsAre("c", "d", "s", "t", "f", "g"));
  EXPECT_THAT(record["e"].withdrawals, IsEmpty());
  EXPECT_THAT(record.Ids(record["g"].withdrawals), ElementsAre("w"));
  EXPECT_FALSE(record["c"].people_stand);
}

// One statement about two children; its correction names one of the two facts.
TEST(Amend, AnIdNamesTheStatementThatItIsOf) {
  const std::string request = "k1";
  const std::string again = "k2";
  Record record(
      {{"e1", kPolice, Concern(), "", {}, false, false, kChild, request},
       {"e2", kPolice, Concern(), "", {}, false, false, kSibling, request},
       {"c1",
        kPolice,
        Corrected("e1", {"account.summary"}),
        "",
        {},
        false,
        false,
        kChild,
        again},
       {"c2",
        kPolice,
        Corrected("e1", {"account.summary"}),
        "",
        {},
        false,
        false,
        kSibling,
        again}});
  EXPECT_THAT(record.Ids(record["e1"].corrections), ElementsAre("c1"));
  EXPECT_THAT(record.Ids(record["e2"].corrections), ElementsAre("c2"));
  // As the sibling's record is given.
  record.fact("e1").elsewhere = true;
  record.Forget();
  EXPECT_THAT(record.Ids(record["e2"].corrections), ElementsAre("c2"));
  EXPECT_THAT(record["c2"].unmatched, IsEmpty());
  // What was said of one alone is corrected of that one alone.
  record.fact("e2").request_key = "k3";
  record.Judge();
  EXPECT_THAT(record["e2"].corrections, IsEmpty());
  EXPECT_THAT(record.Ids(record["e1"].corrections), ElementsAre("c1", "c2"));
}

TEST(Amend, AWithdrawalByIdIsOfThatEntryAlone) {
  const Record record(
      {{"e1", kPolice, Concern(), "", {}, false, false, kChild, "k"},
       {"e2", kPolice, Concern(), "", {}, false, false, kSibling, "k"},
       {"w", kPolice, Withdrawn("e1"), "", {}, false, false, kSibling, "l"}});
  EXPECT_EQ(record["e1"].state, State::kWithdrawn);
  EXPECT_EQ(record["e2"].state, State::kCurrent);
}

TEST(Amend, OfADiscreetKindTheNeutralTypeAndFieldsDecide) {
  Record record({{"e", kHospital, Concern(), "r"},
                 {"c", kHospital, Corrected("record r", {"about"}), "r"},
                 {"d", kHospital, Corrected("e", {"act"}), "r"}});
  for (EntryFact& fact : record.facts()) {
    fact.type = event::kDiscreetType;
  }
  record.Forget();
  EXPECT_THAT(record.Ids(record["e"].corrections), ElementsAre("c", "d"));
  EXPECT_FALSE(record["e"].people_stand);
}

TEST(Amend, AnUnreadableEntrySaysNothingOfOthers) {
  const event::v1::ClearPart clear;
  const EntryFact fact{.event_id = "e", .source = kPolice, .clear = &clear};
  const std::vector<EntryState> states = Amend({fact});
  ASSERT_EQ(states.size(), 1);
  EXPECT_EQ(states[0].state, State::kCurrent);
}

TEST(Incident, EntriesThatShareAReferenceAreOne) {
  Record record({{"b", kPolice, Concern(), "", {"1"}},
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
  // One whose header cannot be read is in no group but a decided one.
  record.fact("a").header = nullptr;
  record.Judge();
  EXPECT_THAT(record["a"].incident_group, IsEmpty());
  EXPECT_THAT(record.Ids(record["b"].incident_group), ElementsAre("b2"));
}

TEST(Incident, NumbersOfDifferentIssuersMeanNothingToEachOther) {
  Record record({{"a", kPolice, Concern(), "", {"1"}},
                 {"b", kPolice, Concern(), "", {"1"}}});
  Header other;
  event::v1::IncidentRef& ref =
      *other.mutable_submission()->add_incident_refs();
  ref.set_issuer("ods:RXX");
  ref.set_id("1");
  record.fact("b").header = &other;
  EXPECT_THAT(Amend(record.facts())[0].incident_group, IsEmpty());
  // Nor does a reference without a number.
  ref.clear_id();
  record.fact("a").header = &other;
  EXPECT_THAT(Amend(record.facts())[0].incident_group, IsEmpty());
}

TEST(Incident, TheHubGroupsAndUngroups) {
  std::vector<Event> events = {{"a", kPolice, Concern(), "", {"1"}},
                               {"b", kHospital, Concern(), "", {"1"}},
                               {"c", kOtherForce, Concern()},
                               {"g", kHub, Grouped({"a", "c", "elsewhere"})}};
  {
    Record record(events);
    EXPECT_THAT(record.Ids(record["c"].incident_group), ElementsAre("a", "b"));
    record.Forget();
    EXPECT_THAT(record.Ids(record["c"].incident_group), ElementsAre("a"));
    record.fact("a").elsewhere = true;
    record.Judge();
    EXPECT_THAT(record["c"].incident_group, IsEmpty());
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
      {"x", kPolice, Corrected("a", {"submission.incident_refs"}), "", {"2"}});
  Record corrected(events);
  EXPECT_THAT(corrected.Ids(corrected["a"].incident_group), ElementsAre("c"));
  EXPECT_THAT(corrected["b"].incident_group, IsEmpty());
  // What is right can no longer be told; what was said is wrong.
  corrected.fact("x").header = nullptr;
  corrected.Judge();
  EXPECT_THAT(corrected["a"].incident_group, IsEmpty());

  events = before;
  events.push_back(
      {"x", kPolice, Corrected("a", {"submission.incident_refs"})});
  const Record emptied(events);
  EXPECT_THAT(emptied["a"].incident_group, IsEmpty());
}

std::string Described(const std::vector<EntryFact>& facts, bool of_content) {
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
        ids(s.targets, true), " answers ", ids(s.answers, true), " unmatched ",
        absl::StrJoin(s.unmatched, " "), " amendments ",
        ids(s.amendments, false), " corrections ", ids(s.corrections, false),
        " supplements ", ids(s.supplements, false), " withdrawals ",
        ids(s.withdrawals, false), " by ",
        s.significance_by ? facts[*s.significance_by].event_id : "", " ",
        s.reassigned_to, " ", s.people_stand));
    if (of_content) {
      absl::StrAppend(&lines.back(), " group ", ids(s.incident_group, false),
                      " also ", absl::StrJoin(s.also_reported_by, " "), " ",
                      static_cast<int>(s.significance));
    }
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, "\n");
}

// Any events about each other, by id and by the speaker's own records.
std::vector<Event> AnyEvents() {
  const std::vector<std::string> ids = {"a", "b", "c", "d", "e", "f", "g"};
  std::vector<Event> events;
  for (const std::string& id : ids) {
    const std::string source = *rc::gen::element(kPolice, kOtherForce, kHub);
    const std::string other = *rc::gen::elementOf(ids);
    const std::string target = *rc::gen::element<std::string>(
        *rc::gen::elementOf(ids), *rc::gen::elementOf(ids) + "/sibling",
        "record r", "record q");
    const std::vector<What> all = {
        Concern(),
        Concern(),
        Visit(),
        Acknowledged(target),
        Corrected(target, {"about", "submission.incident_refs"}),
        Corrected(target, {"account.summary"}),
        Supplemented(target),
        Withdrawn(target),
        Judged(target, SIGNIFICANCE_ROUTINE),
        Grouped({target, other}),
        Ungrouped({target}),
        Settled(other, *rc::gen::elementOf(ids)),
        Reassigned(target, id)};
    events.push_back({id,
                      source,
                      all[*rc::gen::inRange<size_t>(0, all.size())],
                      *rc::gen::element<std::string>("r", "q", ""),
                      {*rc::gen::element<std::string>("1", "2", "3")},
                      false,
                      false,
                      *rc::gen::element<std::string>(kChild, kChild, kSibling),
                      *rc::gen::element<std::string>("", "k", "l")});
  }
  return events;
}

RC_GTEST_PROP(AmendProperty, DoesNotDependOnTheOrderOfTheFacts, ()) {
  Record record(AnyEvents());
  std::vector<EntryFact> facts = record.facts();
  const std::string before = Described(facts, true);
  for (size_t i = facts.size(); i > 1; --i) {
    std::swap(facts[i - 1], facts[*rc::gen::inRange<size_t>(0, i)]);
  }
  RC_ASSERT(Described(facts, true) == before);
}

RC_GTEST_PROP(AmendProperty, DestroyingAnyKeyChangesNoAmendment, ()) {
  Record record(AnyEvents());
  std::vector<EntryFact> facts = record.facts();
  const std::string before = Described(facts, false);
  for (EntryFact& fact : facts) {
    if (*rc::gen::arbitrary<bool>()) fact.header = nullptr;
    if (*rc::gen::arbitrary<bool>()) fact.kind = nullptr;
  }
  RC_ASSERT(Described(facts, false) == before);
}

}  // namespace
}  // namespace vigil::safeguarding
