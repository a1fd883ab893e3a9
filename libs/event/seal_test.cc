#include "libs/event/seal.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/event/kind.h"
#include "libs/event/open.h"

namespace vigil::event {
namespace {

constexpr char kSubject[] =
    "s1.p.00c0ffee.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA";

Draft Concern(const std::string& headline) {
  Draft draft;
  draft.subject = kSubject;
  draft.kind = v1::Kind::kConcernRaised;
  draft.clear.mutable_organisation()->set_code("43");
  v1::Header header;
  header.mutable_account()->set_headline(headline);
  draft.sections.push_back(SectionOf(v1::PART_HEADER, header));
  v1::Kind kind;
  kind.mutable_concern_raised()->set_urgency(v1::URGENCY_URGENT);
  draft.sections.push_back(SectionOf(v1::PART_KIND, kind));
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
  const auto clear = envelope->Open<v1::ClearPart>(v1::PART_CLEAR);
  ASSERT_TRUE(clear.ok()) << clear.status();
  EXPECT_EQ(clear->type(), "vigil.event.v1.ConcernRaised");
  EXPECT_EQ(clear->organisation().code(), "43");
  const auto header = envelope->Open<v1::Header>(v1::PART_HEADER);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->account().headline(), "facts");
  const auto kind = envelope->OpenKind();
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(kind->concern_raised().urgency(), v1::URGENCY_URGENT);
  for (const SectionView& section : envelope->sections) {
    EXPECT_EQ(section.whose, kSubject);
    EXPECT_EQ(section.audience, kStandard);
  }
}

// The envelope is written field by field: a library reads the same.
TEST(Seal, ACloudEventsLibraryReadsIt) {
  const Sealed sealed = Seal({Concern("h")}, ARequest())[0];
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(event.ParseFromString(sealed.value));
  EXPECT_EQ(event.id(), sealed.id);
  EXPECT_EQ(event.spec_version(), "1.0");
  EXPECT_EQ(event.type(), sealed.type);
  const auto& attributes = event.attributes();
  EXPECT_EQ(attributes.size(), 10u);
  EXPECT_EQ(attributes.at("subject").ce_string(), kSubject);
  EXPECT_EQ(attributes.at("dataschema").ce_uri(),
            "proto:vigil.event.v1.Sections");
  EXPECT_EQ(attributes.at("datacontenttype").ce_string(),
            "application/protobuf");
  EXPECT_EQ(attributes.at("time").ce_timestamp().seconds(), 1'760'000'000);
  EXPECT_EQ(attributes.at("time").ce_timestamp().nanos(), 123'000'000);
  EXPECT_EQ(attributes.at("requestindex").ce_integer(), 0);
  EXPECT_EQ(attributes.at("requestcount").ce_integer(), 1);
  v1::Sections sections;
  EXPECT_TRUE(sections.ParseFromString(event.binary_data()));
}

// In binary mode a CloudEvent's attributes are headers ce_*: beside a
// structured body some libraries would take those for the event.
TEST(Seal, NoHeaderIsTakenForBinaryMode) {
  const Sealed sealed = Seal({Concern("h")}, ARequest())[0];
  for (const auto& [name, value] : sealed.headers) {
    EXPECT_NE(name.substr(0, 3), "ce_");
    EXPECT_NE(name.substr(0, 3), "ce-");
  }
  EXPECT_EQ(sealed.headers[0].first, "content-type");
  EXPECT_EQ(sealed.headers[0].second, "application/cloudevents+protobuf");
}

TEST(Seal, FactsOfOneRequestHaveIdsOfTheirOwn) {
  const auto sealed = Seal({Concern("a"), Concern("a")}, ARequest());
  EXPECT_NE(sealed[0].id, sealed[1].id);
  EXPECT_EQ(sealed[0].id, Seal({Concern("a")}, ARequest())[0].id);
}

TEST(Seal, NoCaseContentStandsInTheClearEnvelope) {
  const auto sealed = Seal({Concern("HEADLINE-CANARY")}, ARequest());
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(event.ParseFromString(sealed[0].value));
  EXPECT_NE(event.binary_data().find("HEADLINE-CANARY"), std::string::npos);
  event.clear_binary_data();
  EXPECT_EQ(event.SerializeAsString().find("CANARY"), std::string::npos);
  for (const auto& [name, value] : sealed[0].headers) {
    EXPECT_EQ(value.find("CANARY"), std::string::npos) << name;
  }
}

TEST(Seal, OfADiscreetKindAllButClearIsRestrictedAndItsNameIsNot) {
  for (const auto kind :
       {v1::Kind::kServiceContact, v1::Kind::kAllegationMade}) {
    Draft draft = Concern("h");
    draft.kind = kind;
    const auto sealed = Seal({draft}, ARequest());
    const auto envelope = Scan(sealed[0].value);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    EXPECT_EQ(envelope->type, kDiscreetType);
    for (const SectionView& section : envelope->sections) {
      EXPECT_EQ(section.audience,
                section.part == v1::PART_CLEAR ? kStandard : kRestricted);
    }
    EXPECT_EQ(sealed[0].value.find(std::string(MessageNameOf(kind))),
              std::string::npos);
  }
}

TEST(ClearTime, TellsNoWordsAndOfABirthTheYearAlone) {
  v1::When when;
  when.set_instant("2026-03-28T10:00:00Z");
  when.set_words("at dawn");
  EXPECT_EQ(ClearTime(when).instant(), "2026-03-28T10:00:00Z");
  EXPECT_EQ(ClearTime(when).words(), "");
  EXPECT_EQ(ClearTime(when, true).date(), "2026");
  when.mutable_local()->set_time("2025-10-26T01:30:00");
  EXPECT_EQ(ClearTime(when, true).date(), "2025");
  when.mutable_interval()->mutable_until()->set_date("2024-05-01");
  EXPECT_EQ(ClearTime(when, true).date(), "2024");
  when.mutable_interval()->mutable_since()->set_date("2023-12");
  EXPECT_EQ(ClearTime(when, true).date(), "2023");
  when.mutable_not_known();
  EXPECT_TRUE(ClearTime(when, true).has_not_known());
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

// An event whose sections a test changes.
std::string Changed(const std::function<void(v1::Sections&)>& change) {
  ::io::cloudevents::v1::CloudEvent event;
  EXPECT_TRUE(
      event.ParseFromString(Seal({Concern("later")}, ARequest())[0].value));
  v1::Sections sections;
  EXPECT_TRUE(sections.ParseFromString(event.binary_data()));
  change(sections);
  event.set_binary_data(sections.SerializeAsString());
  return event.SerializeAsString();
}

TEST(Open, AKindOfALaterVersionStillHasItsHeader) {
  // Field 4000 of Kind's oneof, as a later build might write it.
  const std::string value = Changed([](v1::Sections& sections) {
    sections.mutable_sections(2)->set_bytes("\x82\xfa\x01\x00", 4);
  });
  const auto envelope = Scan(value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->Open<v1::Header>(v1::PART_HEADER)->account().headline(),
            "later");
  EXPECT_EQ(envelope->OpenKind().status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(Open, ASealedSectionIsNotReadAndTheOthersAre) {
  const std::string value = Changed([](v1::Sections& sections) {
    sections.mutable_sections(1)->set_key_id("k-1");
  });
  const auto envelope = Scan(value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->Open<v1::Header>(v1::PART_HEADER).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(envelope->OpenKind().ok());
}

TEST(Open, WithoutAClearThatIsLegibleItIsNoEvent) {
  EXPECT_FALSE(Scan(Changed([](v1::Sections& sections) {
                 sections.mutable_sections()->DeleteSubrange(0, 1);
               })).ok());
  EXPECT_FALSE(Scan(Changed([](v1::Sections& sections) {
                 sections.mutable_sections(0)->set_key_id("k-1");
               })).ok());
}

TEST(Open, TypeAndKindMustAgree) {
  ::io::cloudevents::v1::CloudEvent event;
  ASSERT_TRUE(event.ParseFromString(Seal({Concern("h")}, ARequest())[0].value));
  event.set_type("vigil.event.v1.HomeVisited");
  const std::string value = event.SerializeAsString();
  EXPECT_EQ(Scan(value)->OpenKind().status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace vigil::event
