#include "libs/safeguarding/corrections.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "libs/event/seal.h"

namespace vigil::safeguarding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using event::v1::Account;
using event::v1::Kind;
using event::v1::PersonPart;
using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;

template <typename M>
M Parse(const std::string& text) {
  M message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

template <typename M>
void ExpectIs(const std::optional<M>& got, const std::string& text) {
  ASSERT_TRUE(got);
  EXPECT_TRUE(MessageDifferencer::Equals(*got, Parse<M>(text)))
      << got->DebugString();
}

// A decision about a child; its mother was involved.
Content Original() {
  Content content;
  content.subject = "child";
  content.submission = Parse<event::v1::Submission>(R"(
    request_id: "1" incident_refs { issuer: "police:43" id: "7" })");
  content.account = Parse<Account>(R"(
    occurred { date: "2026-03-28" words: "Saturday" }
    headline: "Decided" summary: "Wrong" outcome: "Visit"
    documents { title: "a" } documents { title: "b" })");
  content.kind = Parse<Kind>(R"(
    referral_decided {
      outcome { code: "no_further_action" }
      reasoning { reasons: "Because" }
      feedback: "None" })");
  content.place = Parse<event::v1::Place>(R"(name: "Home")");
  content.informant = Parse<event::v1::Informant>(R"(name: "A neighbour")");
  content.persons = {{"child", Parse<PersonPart>(R"(
         about {
           person {
             ref { local_id { system: "s" id: "1" } }
             demographics { names { given: "Ada" } birth { date: "2020" } } }
           seen { seen: ANSWER_NO own_words: "Nothing" }
           note: "Note" }
         index: 0)")},
                     {"mother", Parse<PersonPart>(R"(
         involved {
           person { ref { number: 1 } }
           role { code: "suspect" }
           note: "Mother" }
         index: 0)")}};
  return content;
}

// The same said again, otherwise; only `fields` count.
Content Again(const std::vector<std::string>& fields) {
  Content content;
  content.subject = "child";
  content.submission = Parse<event::v1::Submission>(R"(
    request_id: "2" incident_refs { issuer: "police:43" id: "8" })");
  content.account = Parse<Account>(R"(
    occurred { date: "2026-03-27" } headline: "Decided again"
    summary: "Right" documents { title: "c" })");
  content.kind = Parse<Kind>(R"(
    referral_decided {
      outcome { code: "section_47" } reasoning { departure_from_guidance: "Away" } })");
  content.persons = {{"child", Parse<PersonPart>(R"(
         about {
           person {
             ref { subject: "child" }
             demographics { names { given: "Bea" } } }
           seen { seen: ANSWER_YES own_words: "Daddy was shouting" } }
         index: 0)")},
                     {"mother", Parse<PersonPart>(R"(
         involved {
           person { ref { number: 1 } } role { code: "witness" } }
         index: 0)")},
                     {"uncle", Parse<PersonPart>(R"(
         involved {
           person { ref { number: 2 } } role { code: "suspect" } note: "Uncle" }
         index: 1)")}};
  content.amends.emplace();
  event::v1::Target& target = *content.clear.add_targets();
  target.set_manner(event::v1::MANNER_CORRECTS);
  for (const std::string& field : fields) {
    content.amends->add_fields(field);
    target.add_fields(field);
  }
  return content;
}

TEST(Correct, WithoutCorrectionsItIsAsItWasSaid) {
  const InForce now = Correct(Original(), {});
  EXPECT_EQ(now.content.account->summary(), "Wrong");
  EXPECT_THAT(now.unreadable, IsEmpty());
}

TEST(Correct, OnlyTheFieldsNamedCount) {
  const InForce now = Correct(
      Original(), {Again({"account.summary", "referral_decided.outcome"})});
  ExpectIs(now.content.account, R"(
    occurred { date: "2026-03-28" words: "Saturday" }
    headline: "Decided" summary: "Right" outcome: "Visit"
    documents { title: "a" } documents { title: "b" })");
  ExpectIs(now.content.kind, R"(
    referral_decided {
      outcome { code: "section_47" }
      reasoning { reasons: "Because" }
      feedback: "None" })");
  EXPECT_THAT(now.unreadable, IsEmpty());
}

TEST(Correct, WhatIsNamedAndEmptyIsEmptied) {
  const InForce now = Correct(
      Original(),
      {Again({"account.outcome", "referral_decided.feedback", "place",
              "about.note", "informant.name", "account.occurred.words"})});
  EXPECT_EQ(now.content.account->outcome(), "");
  ExpectIs(now.content.kind, R"(
    referral_decided {
      outcome { code: "no_further_action" }
      reasoning { reasons: "Because" } })");
  EXPECT_FALSE(now.content.place);
  EXPECT_EQ(now.content.about()->note(), "");
  EXPECT_EQ(now.content.about()->seen().own_words(), "Nothing");
  ExpectIs(now.content.informant, "");
  EXPECT_EQ(now.content.account->occurred().date(), "2026-03-28");
  EXPECT_EQ(now.content.account->occurred().words(), "");
}

TEST(Correct, ListsAndMessagesAreReplacedWhole) {
  for (const char* path : {"account.documents", "account.documents.title"}) {
    const InForce now =
        Correct(Original(),
                {Again({path, "account.occurred", "referral_decided.reasoning",
                        "submission.incident_refs"})});
    ExpectIs(now.content.account, R"(
      occurred { date: "2026-03-27" }
      headline: "Decided" summary: "Wrong" outcome: "Visit"
      documents { title: "c" })");
    EXPECT_EQ(now.content.kind->referral_decided().reasoning().reasons(), "");
    EXPECT_EQ(now.content.kind->referral_decided()
                  .reasoning()
                  .departure_from_guidance(),
              "Away");
    ExpectIs(now.content.submission, R"(
      request_id: "1" incident_refs { issuer: "police:43" id: "8" })");
  }
  const InForce all = Correct(Original(), {Again({"account"})});
  EXPECT_EQ(all.content.account->headline(), "Decided again");
  EXPECT_EQ(all.content.account->outcome(), "");
}

TEST(Correct, AWithinAMessageThatWasNotThere) {
  Content original = Original();
  original.account->clear_occurred();
  original.kind.reset();
  const InForce now =
      Correct(original, {Again({"account.occurred.date", "place.name",
                                "referral_decided.outcome"})});
  EXPECT_EQ(now.content.account->occurred().date(), "2026-03-27");
  ExpectIs(now.content.place, "");
  ExpectIs(now.content.kind,
           R"(referral_decided { outcome { code: "section_47" } })");
}

TEST(Correct, PersonsAreMatchedByReference) {
  const InForce now = Correct(
      Original(), {Again({"about.seen.own_words", "about.person.demographics",
                          "involved.role"})});
  ASSERT_EQ(now.content.persons.size(), 3);
  ExpectIs(now.content.persons[0].part, R"(
    about {
      person {
        ref { local_id { system: "s" id: "1" } }
        demographics { names { given: "Bea" } } }
      seen { seen: ANSWER_NO own_words: "Daddy was shouting" }
      note: "Note" }
    index: 0)");
  ExpectIs(now.content.persons[1].part, R"(
    involved {
      person { ref { number: 1 } } role { code: "witness" } note: "Mother" }
    index: 0)");
  EXPECT_EQ(now.content.persons[2].whose, "uncle");
  ExpectIs(now.content.persons[2].part, R"(
    involved { person { ref { number: 2 } } role { code: "suspect" } }
    index: 1)");
}

TEST(Correct, WhoIsNotGivenStaysAsTheyWere) {
  Content again = Again({"involved", "about"});
  again.persons.erase(again.persons.begin() + 1);
  const InForce now = Correct(Original(), {again});
  ASSERT_EQ(now.content.persons.size(), 3);
  EXPECT_EQ(now.content.about()->note(), "");
  EXPECT_EQ(now.content.persons[1].part->involved().note(), "Mother");
  EXPECT_EQ(now.content.persons[2].part->involved().note(), "Uncle");

  // One that is about another child says nothing of this one.
  again.subject = "sibling";
  again.persons[0].whose = "sibling";
  const InForce other = Correct(Original(), {again});
  EXPECT_EQ(other.content.about()->note(), "Note");
}

TEST(Correct, TiesLeadToTheSamePersons) {
  Content original = Original();
  original.abouts = {{0, "child"}, {1, "sibling"}};
  Content again = Again({"involved.ties"});
  again.abouts = {{0, "sibling"}, {1, "stranger"}, {2, "child"}};
  event::v1::Involved& mother = *again.persons[1].part->mutable_involved();
  *mother.add_ties() =
      Parse<event::v1::Tie>(R"(about: 0 about: 2 relation { code: "mother" })");
  *mother.add_ties() =
      Parse<event::v1::Tie>(R"(about: 1 relation { code: "aunt" })");
  const InForce now = Correct(original, {again});
  ExpectIs(now.content.persons[1].part, R"(
    involved {
      person { ref { number: 1 } } role { code: "suspect" } note: "Mother"
      ties { about: 1 about: 0 relation { code: "mother" } } }
    index: 0)");
}

TEST(Correct, AReferenceIsNeverCorrected) {
  const InForce now =
      Correct(Original(), {Again({"about.person.ref", "involved.person.ref"})});
  EXPECT_EQ(now.content.about()->person().ref().local_id().id(), "1");
}

TEST(Correct, TheLaterWinsFieldByField) {
  Content first = Again({"account.summary", "account.headline"});
  Content second = Again({"account.summary"});
  second.account->set_summary("Better");
  const InForce now = Correct(Original(), {first, second});
  EXPECT_EQ(now.content.account->summary(), "Better");
  EXPECT_EQ(now.content.account->headline(), "Decided again");
}

TEST(Correct, AnotherActAndUnknownPathsChangeNothing) {
  Content again = Again({"home_visited.outcome", "account.of_a_later_version",
                         "of_a_later_version"});
  again.kind = Parse<Kind>("home_visited { outcome: VISIT_OUTCOME_SEEN }");
  const InForce now = Correct(Original(), {again});
  ExpectIs(now.content.kind, Original().kind->DebugString());
  ExpectIs(now.content.account, Original().account->DebugString());
  EXPECT_THAT(now.unreadable, IsEmpty());
}

TEST(Correct, WhatIsRightAndDestroyedIsNotGuessed) {
  Content again =
      Again({"account.summary", "account.occurred", "place",
             "referral_decided.outcome", "about.seen", "involved.role"});
  again.submission.reset();
  again.account.reset();
  again.amends.reset();
  again.kind.reset();
  again.persons[0].part.reset();
  again.persons[2].part.reset();
  again.unreadable = {event::v1::PART_HEADER, event::v1::PART_KIND,
                      event::v1::PART_PERSON, event::v1::PART_PLACE};
  again.clear.mutable_occurred()->set_date("2026-03-27");
  const InForce now = Correct(Original(), {again});
  EXPECT_THAT(now.unreadable, ElementsAre("account.summary", "place",
                                          "referral_decided.outcome",
                                          "about.seen", "involved.role"));
  EXPECT_EQ(now.content.account->summary(), "");
  EXPECT_EQ(now.content.account->outcome(), "Visit");
  EXPECT_EQ(now.content.account->occurred().date(), "2026-03-27");
  EXPECT_FALSE(now.content.place);
  EXPECT_FALSE(now.content.kind->referral_decided().has_outcome());
  EXPECT_EQ(now.content.kind->referral_decided().feedback(), "None");
  EXPECT_FALSE(now.content.about()->has_seen());
  EXPECT_EQ(now.content.about()->note(), "Note");
  EXPECT_EQ(now.content.persons[1].part->involved().role().code(), "witness");
  EXPECT_FALSE(now.content.persons[2].part);
  // What was later said in full counts.
  const InForce later = Correct(
      Original(), {again, Again({"account", "referral_decided.outcome"})});
  EXPECT_THAT(later.unreadable,
              ElementsAre("place", "about.seen", "involved.role"));
  EXPECT_EQ(later.content.account->summary(), "Right");
}

// As a writer names them after its naming key was replaced.
TEST(Correct, PersonsUnderANewReferenceAreTheSame) {
  Content again = Again({"about.note", "involved.role", "involved.ties"});
  again.subject = "child-new";
  again.persons = {{"child-new", Parse<PersonPart>(R"(
                      about { note: "Now" })")},
                   {"mother-new", Parse<PersonPart>(R"(
                      involved {
                        role { code: "witness" }
                        ties { about: 3 relation { code: "mother" } } })")}};
  again.abouts = {{3, "child-new"}};
  Content original = Original();
  original.abouts = {{0, "child"}};
  Renamings renamings;
  renamings.Join("child", "child-new");
  renamings.Join("mother", "mother-new");
  const InForce now = Correct(original, {again}, renamings);
  ASSERT_EQ(now.content.persons.size(), original.persons.size());
  EXPECT_EQ(now.content.about()->note(), "Now");
  const auto mother = std::find_if(
      now.content.persons.begin(), now.content.persons.end(),
      [](const Content::Person& person) { return person.whose == "mother"; });
  ASSERT_NE(mother, now.content.persons.end());
  EXPECT_EQ(mother->part->involved().role().code(), "witness");
  ASSERT_EQ(mother->part->involved().ties_size(), 1);
  EXPECT_THAT(mother->part->involved().ties(0).about(), ElementsAre(0));
  // Without the renaming they are others.
  EXPECT_NE(Correct(original, {again}).content.about()->note(), "Now");
}

TEST(Correct, OfADiscreetKindClearTellsNoMoreThanThePart) {
  Content again = Again({"act"});
  again.amends.reset();
  const InForce now = Correct(Original(), {again});
  EXPECT_FALSE(now.content.kind);
  EXPECT_THAT(now.unreadable, ElementsAre("act"));
}

TEST(Concerns, APathItsPartsAndWhatItIsIn) {
  struct Row {
    std::string field;
    std::string path;
    bool concerns;
  };
  const Row rows[] = {
      {"about", "about.person", true},
      {"about.person", "about.person", true},
      {"about.person.demographics.names", "about.person", true},
      {"about.seen", "about.person", false},
      {"about.personal", "about.person", false},
      {"account", "submission.incident_refs", false},
      {"submission.incident_refs", "submission.incident_refs", true},
      {"act", "service_contact.consent", true},
      {"act", "account.summary", false},
      {"act", "act", true},
      {"service_contact", "service_contact.consent", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Concerns(row.field, row.path), row.concerns)
        << row.field << " " << row.path;
  }
  EXPECT_TRUE(Corrects(Again({"account", "about"}).clear, "about.person"));
  EXPECT_FALSE(Corrects(Again({"account"}).clear, "about.person"));
  event::v1::ClearPart supplement = Again({"about"}).clear;
  supplement.mutable_targets(0)->set_manner(event::v1::MANNER_SUPPLEMENTS);
  EXPECT_FALSE(Corrects(supplement, "about.person"));
}

TEST(ReadContent, ReadsWhatMayBeRead) {
  const Content original = Original();
  event::v1::Header header;
  *header.mutable_submission() = *original.submission;
  *header.mutable_account() = *original.account;
  for (const auto& [field, subject] :
       {std::pair("about[0].person.ref", "child"),
        {"about[1].household.ref", "home"},
        {"involved[0].person.ref", "mother"},
        {"about[0].observations[0].ref", "nobody"}}) {
    event::v1::Named& named = *header.add_named();
    named.set_field(field);
    named.set_subject(subject);
  }
  event::v1::InformantPart informant;
  *informant.mutable_informant() = *original.informant;
  event::Draft draft = {.subject = "child", .kind = Kind::kReferralDecided};
  draft.sections.push_back(event::SectionOf(event::v1::PART_HEADER, header));
  draft.sections.push_back(
      event::SectionOf(event::v1::PART_KIND, *original.kind));
  // The other way round.
  for (const size_t i : {1, 0}) {
    draft.sections.push_back(
        event::SectionOf(event::v1::PART_PERSON, *original.persons[i].part));
    draft.sections.back().whose = original.persons[i].whose;
  }
  draft.sections.push_back(
      event::SectionOf(event::v1::PART_INFORMANT, informant));
  draft.sections.back().restricted = true;
  draft.sections.push_back(
      event::SectionOf(event::v1::PART_PLACE, *original.place));
  event::Request request;
  request.source = "//vigil/police/police:43";
  request.system = "s";
  request.request_id = "1";
  request.received = absl::FromUnixSeconds(1);
  std::vector<event::Draft> drafts;
  drafts.push_back(std::move(draft));
  const std::vector<event::Sealed> sealed =
      event::Seal(std::move(drafts), request);
  const absl::StatusOr<event::Envelope> envelope = event::Scan(sealed[0].value);
  ASSERT_TRUE(envelope.ok()) << envelope.status();

  const Content content =
      ReadContent(*envelope, [](const event::SectionView& section) {
        return section.audience == event::kStandard;
      });
  EXPECT_EQ(content.subject, "child");
  EXPECT_EQ(content.clear.type(), "vigil.event.v1.ReferralDecided");
  ExpectIs(content.submission, original.submission->DebugString());
  ExpectIs(content.account, original.account->DebugString());
  ExpectIs(content.kind, original.kind->DebugString());
  ExpectIs(content.place, original.place->DebugString());
  EXPECT_FALSE(content.amends);
  EXPECT_FALSE(content.informant);
  EXPECT_THAT(content.unreadable, ElementsAre(event::v1::PART_INFORMANT));
  ASSERT_EQ(content.persons.size(), 2);
  EXPECT_EQ(content.persons[0].whose, "child");
  EXPECT_EQ(content.persons[1].whose, "mother");
  EXPECT_EQ(content.about()->note(), "Note");
  EXPECT_THAT(content.abouts, ElementsAre(::testing::Pair(0, "child"),
                                          ::testing::Pair(1, "home")));
}

}  // namespace
}  // namespace vigil::safeguarding
