#include "libs/service/drafts.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/event/kind.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"

namespace vigil::service {
namespace {

namespace v1 = ::vigil::event::v1;
using common::v1::Statement;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

event::NamingKeys Keys() {
  return {.current = event::NamingKey("00c0ffee", std::string(32, 'k'))};
}

Statement Parse(const std::string& text) {
  Statement statement;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
            submission {
              request_id: "r-1"
              organisation { scheme: "police" code: "99" }
              author { role: "officer" }
              record_ref { system: "crime" id: "C-1" }
            }
            account {
              occurred { date: "2026-03-01" words: "WORDS-CANARY" }
              headline: "HEADLINE-CANARY"
            }
      )pb" +
          text,
      &statement));
  return statement;
}

struct Made {
  std::vector<event::Sealed> sealed;
  Drafting drafting;  // without drafts
  event::Violations violations;
  std::vector<event::Envelope> events;
};

Made Make(const Statement& statement, bool any_subject = false) {
  Made made;
  const event::NamingKeys keys = Keys();
  const auto parts = event::PartsOf(statement);
  made.drafting = DraftsOf(statement, parts,
                           {.keys = keys,
                            .any_subject = any_subject,
                            .system = "records",
                            .conversation_ref = "conversation"},
                           &made.violations);
  event::Request request;
  request.source = "//vigil/police/police:99";
  request.system = "records";
  request.request_id = "r-1";
  request.request_key = "key";
  request.request_digest = "digest";
  request.received = absl::FromUnixMillis(1'772'000'000'000);
  made.sealed = Seal(std::move(made.drafting.drafts), request);
  for (const event::Sealed& sealed : made.sealed) {
    const auto scanned = event::Scan(sealed.value);
    EXPECT_TRUE(scanned.ok()) << scanned.status();
    if (scanned.ok()) made.events.push_back(*scanned);
  }
  return made;
}

v1::ClearPart ClearOf(const event::Envelope& event) {
  return *event.Open<v1::ClearPart>(v1::PART_CLEAR);
}

std::string Local(const std::string& id) {
  return Keys().current.Subject(event::SubjectKind::kPerson, "police:99",
                                "crime", id);
}

constexpr char kTwoChildren[] = R"pb(
  about {
    person { ref { local_id { system: "crime" id: "older" } } }
    seen { seen: ANSWER_YES alone: ANSWER_YES own_words: "OWN-WORDS-CANARY" }
    observations { indicator { own { display: "bare mattress" } } }
  }
  about {
    person { ref { number: 2 } }
    seen { seen: ANSWER_NO not_seen_reason: "asleep" }
  }
  involved {
    person { ref { local_id { system: "crime" id: "mother" } } }
    ties {
      about: [ 0, 1 ]
      relation { code: "mother" }
    }
  }
  informant {
    name: "INFORMANT-CANARY"
    person { number: 9 }
  }
  place { name: "PLACE-CANARY" }
  incident_attended { incident { code: "domestic_abuse" } }
)pb";

TEST(DraftsTest, EachSubjectHasItsFactsAndEachObservationIsOneOfThem) {
  const Statement statement = Parse(kTwoChildren);
  const Made made = Make(statement);
  ASSERT_TRUE(made.violations.empty());
  EXPECT_EQ(EventsOf(statement), 3u);
  ASSERT_THAT(made.events, SizeIs(3));
  EXPECT_EQ(made.events[0].type, "vigil.event.v1.IncidentAttended");
  EXPECT_EQ(made.events[1].type, "vigil.event.v1.ObservationMade");
  EXPECT_EQ(made.events[2].type, "vigil.event.v1.IncidentAttended");
  EXPECT_EQ(made.events[0].subject, Local("older"));
  EXPECT_EQ(made.events[1].subject, Local("older"));
  EXPECT_TRUE(event::IsNumbered(made.events[2].subject));
}

TEST(DraftsTest, WhatDiffersFromChildToChildStandsInThatChildsEventAlone) {
  const Made made = Make(Parse(kTwoChildren));
  ASSERT_THAT(made.sealed, SizeIs(3));
  EXPECT_TRUE(absl::StrContains(made.sealed[0].value, "OWN-WORDS-CANARY"));
  EXPECT_FALSE(absl::StrContains(made.sealed[2].value, "OWN-WORDS-CANARY"));
}

TEST(DraftsTest, TheRequestsDigestIsProvedFromOneChildsEvent) {
  const Statement statement = Parse(kTwoChildren);
  const Made made = Make(statement);
  for (const size_t i : {0u, 2u}) {
    const auto header = made.events[i].Open<v1::Header>(v1::PART_HEADER);
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(
        event::RequestDigest(header->parts(), v1::Kind::kIncidentAttended),
        event::RequestDigest(statement));
    // What stands in this event has the digests that stand there too.
    std::set<std::string> digests;
    for (const auto& part : header->parts()) digests.insert(part.sha256());
    const auto holds = [&](const google::protobuf::Message& message) {
      return digests.contains(
          std::string(AsBytes(event::MessageDigest(message))));
    };
    EXPECT_TRUE(holds(header->submission()));
    EXPECT_TRUE(holds(header->account()));
    v1::PersonPart person;
    ASSERT_TRUE(
        made.events[i]
            .Open(*made.events[i].FindPerson(made.events[i].subject), &person)
            .ok());
    EXPECT_TRUE(holds(person.about()));
    EXPECT_TRUE(holds(made.events[i]
                          .Open<v1::InformantPart>(v1::PART_INFORMANT)
                          ->informant()));
    EXPECT_TRUE(holds(*made.events[i].Open<v1::Place>(v1::PART_PLACE)));
    EXPECT_TRUE(holds(made.events[i].OpenKind()->incident_attended()));
  }
}

TEST(DraftsTest, EverybodyIsNamedAndTheInformantInItsSectionAlone) {
  const Made made = Make(Parse(kTwoChildren));
  std::set<std::string> fields;
  for (const v1::Named& named : made.drafting.named) {
    EXPECT_TRUE(event::IsSubjectReference(named.subject()));
    fields.insert(named.field());
  }
  EXPECT_THAT(fields,
              UnorderedElementsAre("about[0].person.ref", "about[1].person.ref",
                                   "involved[0].person.ref"));
  const std::string informant = Keys().current.NumberedSubject(
      event::SubjectKind::kPerson, "police:99", "crime", "C-1", 9);
  const auto part = made.events[0].Open<v1::InformantPart>(v1::PART_INFORMANT);
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->subject(), informant);
  EXPECT_THAT(ClearOf(made.events[0]).others(),
              UnorderedElementsAre(Local("mother"), made.events[2].subject));
}

TEST(DraftsTest, InTheClearStandsNobodysContent) {
  const Made made = Make(Parse(kTwoChildren));
  for (const event::Envelope& event : made.events) {
    const std::string clear(event.Find(v1::PART_CLEAR)->bytes);
    EXPECT_FALSE(absl::StrContains(clear, "CANARY"));
    EXPECT_FALSE(absl::StrContains(clear, "C-1"));
  }
  const v1::ClearPart clear = ClearOf(made.events[0]);
  EXPECT_EQ(clear.occurred().date(), "2026-03-01");
  EXPECT_EQ(clear.record(), Keys().current.Record("police:99", "crime", "C-1"));
}

TEST(DraftsTest, ADateOfBirthIsNoMoreThanItsYearInTheClear) {
  const Made made = Make(Parse(R"pb(
    about { person { ref { number: 1 } } }
    life_event_recorded { event: LIFE_EVENT_BIRTH }
  )pb"));
  ASSERT_THAT(made.events, SizeIs(1));
  EXPECT_EQ(ClearOf(made.events[0]).occurred().date(), "2026");
}

TEST(DraftsTest, OfADiscreetActOnlyThatThereIsSomethingIsTold) {
  const Statement statement = Parse(R"pb(
    about { person { ref { local_id { system: "crime" id: "c" } } } }
    involved {
      person { ref { local_id { system: "crime" id: "accused" } } }
      ties {
        about: 0
        relation { code: "professional" }
      }
    }
    amends {
      target {
        event_id: "0b4a2c1e-3e9b-4f52-9a0a-0c9d3f1c2b7a"
        subject: "urn:999001"
      }
      how: AMENDMENT_CORRECTION
      fields: "allegation_made.categories"
    }
    allegation_made { employer { scheme: "urn" code: "999001" } }
  )pb");
  const Made made = Make(statement);
  ASSERT_THAT(made.events, SizeIs(1));
  const event::Envelope& event = made.events[0];
  EXPECT_EQ(event.type, event::kDiscreetType);
  const v1::ClearPart clear = ClearOf(event);
  EXPECT_THAT(clear.others(), IsEmpty());
  ASSERT_THAT(clear.targets(), SizeIs(1));
  EXPECT_THAT(clear.targets(0).fields(), ElementsAre("act"));
  const auto header = event.Open<v1::Header>(v1::PART_HEADER);
  ASSERT_TRUE(header.ok());
  EXPECT_FALSE(header->parts(header->parts_size() - 1).has_field());
  EXPECT_EQ(event::RequestDigest(header->parts(), v1::Kind::kAllegationMade),
            event::RequestDigest(statement));
  for (const event::SectionView& section : event.sections) {
    EXPECT_EQ(section.audience, section.part == v1::PART_CLEAR
                                    ? event::kStandard
                                    : event::kRestricted);
  }
  EXPECT_EQ(made.sealed[0].id.find("Allegation"), std::string::npos);
}

TEST(DraftsTest, AnAnswerWithoutSubjectStandsUnderThatOfItsEntry) {
  const std::string subject = Local("theirs");
  Statement statement = Parse(R"pb(referral_acknowledged { referral {} })pb");
  auto& referral =
      *statement.mutable_referral_acknowledged()->mutable_referral();
  referral.set_event_id("0b4a2c1e-3e9b-4f52-9a0a-0c9d3f1c2b7a");
  referral.set_subject(subject);
  const Made made = Make(statement);
  ASSERT_THAT(made.events, SizeIs(1));
  EXPECT_EQ(made.events[0].subject, subject);
  EXPECT_EQ(ClearOf(made.events[0]).targets(0).manner(), v1::MANNER_ANSWERS);
}

TEST(DraftsTest, ADecisionAboutWhoIsWhoStandsInTheClear) {
  Statement statement = Parse(R"pb(
    subjects_separated { basis { evidence: "EVIDENCE" } }
  )pb");
  statement.mutable_subjects_separated()->add_group_a(Local("b"));
  statement.mutable_subjects_separated()->add_group_b(Local("a"));
  const Made made = Make(statement, true);
  ASSERT_THAT(made.events, SizeIs(1));
  EXPECT_EQ(made.events[0].subject, std::min(Local("a"), Local("b")));
  const v1::ClearPart clear = ClearOf(made.events[0]);
  EXPECT_THAT(clear.decided().one(), ElementsAre(Local("b")));
  EXPECT_THAT(clear.decided().other(), ElementsAre(Local("a")));
}

TEST(DraftsTest,
     ToWhomItIsDirectedStandsInTheClearAndACorrectionDirectsNothing) {
  Statement statement = Parse(R"pb(
    about { person { ref { number: 1 } } }
    referral_made { addressee { scheme: "la" code: "E99000001" } }
  )pb");
  const Made made = Make(statement);
  ASSERT_THAT(made.events, SizeIs(1));
  ASSERT_THAT(ClearOf(made.events[0]).addressees(), SizeIs(1));
  EXPECT_EQ(ClearOf(made.events[0]).addressees(0).code(), "E99000001");
  statement.mutable_amends()->add_fields("account.headline");
  const Made corrected = Make(statement);
  ASSERT_THAT(corrected.events, SizeIs(1));
  EXPECT_THAT(ClearOf(corrected.events[0]).addressees(), IsEmpty());
  statement.mutable_amends()->add_fields("referral_made.addressee");
  EXPECT_THAT(ClearOf(Make(statement).events[0]).addressees(), SizeIs(1));
}

TEST(DraftsTest, AGroupingStandsUnderTheLowestSubjectOfItsEntries) {
  Statement statement = Parse("entries_grouped {}");
  for (const char* id : {"b", "a"}) {
    auto& entry = *statement.mutable_entries_grouped()->add_entries();
    entry.set_event_id("0b4a2c1e-3e9b-4f52-9a0a-0c9d3f1c2b7a");
    entry.set_subject(Local(id));
  }
  const Made made = Make(statement, true);
  ASSERT_THAT(made.events, SizeIs(1));
  EXPECT_EQ(made.events[0].subject, std::min(Local("a"), Local("b")));
  statement.add_about()->mutable_person()->mutable_ref()->set_number(1);
  EXPECT_FALSE(Make(statement, true).violations.empty());
}

TEST(DraftsTest, WhatWasNoticedIsNoNewFactWhenItIsSaidAgainInACorrection) {
  Statement statement = Parse(kTwoChildren);
  statement.mutable_amends()->add_fields("account.headline");
  EXPECT_EQ(EventsOf(statement), 2u);
  EXPECT_THAT(Make(statement).events, SizeIs(2));
}

TEST(DraftsTest, AForeignSubjectIsTheHubsAlone) {
  Statement statement = Parse(R"pb(
    about { person { ref {} } }
    concern_raised {}
  )pb");
  const std::string foreign =
      event::NamingKey("deadbeef", std::string(32, 'x'))
          .Subject(event::SubjectKind::kPerson, "ods:RXX", "pas", "1");
  statement.mutable_about(0)->mutable_person()->mutable_ref()->set_subject(
      foreign);
  EXPECT_FALSE(Make(statement).violations.empty());
  EXPECT_TRUE(Make(statement, true).violations.empty());
}

TEST(DraftsTest, NobodyIsThereTwice) {
  const Made made = Make(Parse(R"pb(
    about { person { ref { local_id { system: "crime" id: "c" } } } }
    involved { person { ref { local_id { system: "crime" id: "c" } } } }
    concern_raised {}
  )pb"));
  ASSERT_FALSE(made.violations.empty());
  EXPECT_EQ(made.violations.list()[0].code, "PERSON_REPEATED");
}

}  // namespace
}  // namespace vigil::service
