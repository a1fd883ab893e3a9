#include "libs/event/seal.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/event/open.h"

namespace vigil::event {
namespace {

constexpr char kSubject[] =
    "s1.p.00c0ffee.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

Draft Concern(const std::string& headline) {
  Draft draft;
  draft.subject = kSubject;
  draft.header.set_headline(headline);
  draft.kind.mutable_concern_raised()->set_urgency(v1::URGENCY_URGENT);
  draft.people.emplace();
  return draft;
}

Request ARequest() {
  Request request;
  request.source = "//vigil/police/police:43";
  request.system = "records";
  request.request_id = "r-1";
  request.request_key = "key";
  request.request_digest = "digest";
  request.traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.received = absl::FromUnixMillis(1'760'000'000'123);
  return request;
}

std::string AudienceOf(const Draft& draft, v1::Part part) {
  const auto sealed = Seal({draft}, ARequest());
  return std::string(Scan(sealed[0].value)->Find(part)->audience);
}

TEST(Seal, WhatIsSealedOpensAsItWas) {
  const auto sealed = Seal({Concern("two"), Concern("facts")}, ARequest());
  ASSERT_EQ(sealed.size(), 2u);
  const auto envelope = Scan(sealed[1].value);
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->id, sealed[1].id);
  EXPECT_EQ(envelope->source, "//vigil/police/police:43");
  EXPECT_EQ(envelope->type, "vigil.event.v1.ConcernRaised");
  EXPECT_EQ(envelope->subject, kSubject);
  EXPECT_EQ(envelope->partition_key, kSubject);
  EXPECT_EQ(envelope->received, absl::FromUnixMillis(1'760'000'000'123));
  EXPECT_EQ(envelope->request_key, "key");
  EXPECT_EQ(envelope->request_digest, "digest");
  EXPECT_EQ(envelope->request_index, 1u);
  EXPECT_EQ(envelope->request_count, 2u);
  const auto header = envelope->Open<v1::Header>(v1::PART_HEADER);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->headline(), "facts");
  EXPECT_EQ(header->label(), "Concern raised");
  EXPECT_EQ(header->system(), "records");
  const auto kind = envelope->OpenKind();
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(kind->concern_raised().urgency(), v1::URGENCY_URGENT);
}

TEST(Seal, FactsOfOneRequestHaveIdsOfTheirOwn) {
  const auto sealed = Seal({Concern("a"), Concern("a")}, ARequest());
  EXPECT_NE(sealed[0].id, sealed[1].id);
  EXPECT_EQ(sealed[0].id, Seal({Concern("a")}, ARequest())[0].id);
}

TEST(Seal, NoCaseContentStandsInTheClearEnvelope) {
  Draft draft = Concern("HEADLINE-CANARY");
  draft.kind.set_summary("SUMMARY-CANARY");
  const auto sealed = Seal({draft}, ARequest());
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(event.ParseFromString(sealed[0].value));
  EXPECT_NE(event.binary_data().find("SUMMARY-CANARY"), std::string::npos);
  event.clear_binary_data();
  EXPECT_EQ(event.SerializeAsString().find("CANARY"), std::string::npos);
  for (const auto& [name, value] : sealed[0].headers) {
    EXPECT_EQ(value.find("CANARY"), std::string::npos) << name;
  }
}

TEST(Seal, ConfidentialPartsHaveTheRestrictedAudience) {
  Draft draft = Concern("h");
  draft.informant.emplace().set_confidentiality(v1::CONFIDENTIALITY_ANONYMOUS);
  draft.place.emplace().mutable_address()->set_shielded(v1::ANSWER_YES);
  const auto sealed = Seal({draft}, ARequest());
  const auto envelope = Scan(sealed[0].value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->Find(v1::PART_INFORMANT)->audience, "restricted");
  EXPECT_EQ(envelope->Find(v1::PART_PLACE)->audience, "restricted");
  EXPECT_EQ(envelope->Find(v1::PART_HEADER)->audience, "standard");
}

TEST(Seal, AShieldedAddressRestrictsThePeople) {
  Draft draft = Concern("h");
  draft.people->mutable_subject()->mutable_demographics()->add_addresses();
  EXPECT_EQ(AudienceOf(draft, v1::PART_PEOPLE), "standard");
  v1::Person& carer = *draft.people->add_involved()->mutable_person();
  carer.mutable_demographics()->add_addresses();
  carer.mutable_demographics()->add_addresses()->set_shielded(v1::ANSWER_YES);
  EXPECT_EQ(AudienceOf(draft, v1::PART_PEOPLE), "restricted");
  draft.people->clear_involved();
  draft.people->mutable_subject()
      ->mutable_demographics()
      ->mutable_addresses(0)
      ->set_shielded(v1::ANSWER_YES);
  EXPECT_EQ(AudienceOf(draft, v1::PART_PEOPLE), "restricted");
}

TEST(Seal, OfADiscreetKindTheHeaderTellsOnlyThatItHappened) {
  v1::Kind contact;
  contact.mutable_service_contact();
  v1::Kind allegation;
  allegation.mutable_allegation_made()->add_categories()->set_display("CANARY");
  for (const v1::Kind& kind : {contact, allegation}) {
    Draft draft = Concern("CANARY headline");
    draft.kind = kind;
    draft.kind.set_summary("CANARY summary");
    draft.header.mutable_occurred()->set_date("2026-03-27");
    draft.header.mutable_occurred()->set_words("CANARY words");
    draft.header.mutable_observed()->set_words("CANARY words");
    draft.header.mutable_recorded()->set_words("CANARY words");
    draft.header.mutable_organisation()->set_code("X99A1");
    draft.header.mutable_author()->set_role("CANARY role");
    draft.header.mutable_author()->set_duty_contact("CANARY desk");
    draft.header.mutable_term()->set_display("CANARY term");
    draft.header.mutable_record_ref()->set_id("17");
    draft.header.set_conversation_ref("c-1");
    draft.people->add_involved()->set_note("CANARY note");
    draft.informant.emplace().set_confidentiality(v1::CONFIDENTIALITY_OPEN);
    draft.place.emplace().set_name("CANARY clinic");
    const auto sealed = Seal({draft}, ARequest());
    const auto envelope = Scan(sealed[0].value);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    EXPECT_TRUE(IsDiscreet(envelope->type));
    EXPECT_EQ(envelope->sections.size(), 5u);
    for (const SectionView& section : envelope->sections) {
      if (section.part != v1::PART_HEADER) {
        EXPECT_EQ(section.audience, "restricted") << section.part;
        continue;
      }
      EXPECT_EQ(section.audience, "standard");
      EXPECT_EQ(section.bytes.find("CANARY"), absl::string_view::npos);
    }

    const auto told = envelope->Open<v1::Header>(v1::PART_HEADER);
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->headline(), told->label());
    EXPECT_EQ(told->label(), LabelOf(sealed[0].type));
    EXPECT_EQ(told->occurred().date(), "2026-03-27");
    EXPECT_EQ(told->organisation().code(), "X99A1");
    EXPECT_EQ(told->record_ref().id(), "17");
    EXPECT_EQ(told->conversation_ref(), "c-1");

    // Nothing that was said is lost.
    const auto given = envelope->OpenGivenHeader();
    ASSERT_TRUE(given.ok()) << given.status();
    draft.header.set_label(told->label());
    draft.header.set_system(told->system());
    EXPECT_EQ(given->SerializeAsString(), draft.header.SerializeAsString());
  }
}

TEST(Seal, TheHeaderOfAnyOtherKindIsAsItWasGiven) {
  const auto sealed = Seal({Concern("headline")}, ARequest());
  const auto envelope = Scan(sealed[0].value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_FALSE(IsDiscreet(envelope->type));
  EXPECT_FALSE(envelope->OpenKind()->has_header());
  EXPECT_EQ(envelope->OpenGivenHeader()->headline(), "headline");
}

TEST(Open, EveryTruncationIsRefusedOrStillWhole) {
  const std::string value = Seal({Concern("h")}, ARequest())[0].value;
  for (size_t size = 0; size < value.size(); ++size) {
    const auto envelope = Scan(absl::string_view(value).substr(0, size));
    if (!envelope.ok()) {
      EXPECT_EQ(envelope.status().code(), absl::StatusCode::kDataLoss);
    }
  }
  ASSERT_TRUE(Scan(value).ok());
}

TEST(Open, AKindOfALaterVersionStillHasItsHeader) {
  // Field 4000 of Kind's oneof, as a later build might write it.
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(
      event.ParseFromString(Seal({Concern("later")}, ARequest())[0].value));
  v1::Sections sections;
  ASSERT_TRUE(sections.ParseFromString(event.binary_data()));
  sections.mutable_sections(1)->set_bytes("\x82\xfa\x01\x00", 4);
  event.set_type("vigil.event.v9.SomethingNew");
  event.set_binary_data(sections.SerializeAsString());
  const std::string value = event.SerializeAsString();
  const auto envelope = Scan(value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->Open<v1::Header>(v1::PART_HEADER)->headline(), "later");
  EXPECT_EQ(envelope->OpenKind().status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(Open, TypeAndKindMustAgree) {
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(event.ParseFromString(Seal({Concern("h")}, ARequest())[0].value));
  event.set_type("vigil.event.v1.HomeVisited");
  const std::string value = event.SerializeAsString();
  EXPECT_EQ(Scan(value)->OpenKind().status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(Label, EveryKindHasOneInPlainWords) {
  std::set<std::string> labels;
  const auto* oneof = v1::Kind::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const std::string label =
        LabelOf(oneof->field(i)->message_type()->full_name());
    EXPECT_FALSE(label.empty());
    EXPECT_TRUE(labels.insert(label).second) << label;
  }
}

}  // namespace
}  // namespace vigil::event
