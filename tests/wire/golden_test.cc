// Every kind of event that was ever released still opens, and is still written
// as the same bytes: golden/events.txt holds one of each, in base64.
//
// A new kind: run this test with VIGIL_ADD_GOLDEN=1 and commit what it adds. A
// line of the file is never changed: bytes like it lie in logs for ever.
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/unknown.h"
#include "tests/sample.h"

namespace vigil::event {
namespace {

constexpr char kFile[] = VIGIL_GOLDEN_EVENTS;

std::map<std::string, std::string> Stored() {
  std::map<std::string, std::string> stored;
  std::ifstream in(kFile);
  std::string line;
  while (std::getline(in, line)) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    std::string bytes;
    EXPECT_EQ(parts.size(), 2u);
    EXPECT_TRUE(absl::Base64Unescape(parts[1], &bytes)) << parts[0];
    EXPECT_TRUE(stored.emplace(parts[0], bytes).second) << parts[0];
  }
  return stored;
}

Request TheRequest() {
  const NamingKey key("00c0ffee", std::string(32, 'k'));
  Request request;
  request.source = Source("police", "police:43");
  request.system = "records";
  request.request_id = "golden";
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  request.request_digest = key.RequestDigest(std::string(32, 'd'));
  request.traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.received = absl::FromUnixMillis(1'767'225'600'123);
  return request;
}

std::string SealOne(Draft draft) {
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return Seal(std::move(drafts), TheRequest())[0].value;
}

// One event of that kind, with something in every section.
std::string SealSample(const google::protobuf::FieldDescriptor* kind) {
  const NamingKey key("00c0ffee", std::string(32, 'k'));
  Draft draft;
  draft.subject = key.Subject(SubjectKind::kPerson, "police:43", "niche", "1");
  FillWithWords(&draft.header, 2);
  draft.kind.set_summary("summary");
  FillWithWords(draft.kind.GetReflection()->MutableMessage(&draft.kind, kind),
                3);
  FillWithWords(&draft.people.emplace(), 1);
  FillWithWords(&draft.informant.emplace(), 1);
  FillWithWords(&draft.place.emplace(), 1);
  return SealOne(std::move(draft));
}

const google::protobuf::OneofDescriptor* Kinds() {
  return v1::Kind::descriptor()->FindOneofByName("kind");
}

TEST(Golden, EveryKindHasOne) {
  const std::map<std::string, std::string> stored = Stored();
  for (int i = 0; i < Kinds()->field_count(); ++i) {
    const auto* kind = Kinds()->field(i);
    const std::string& type = kind->message_type()->full_name();
    if (stored.count(type) == 0 && std::getenv("VIGIL_ADD_GOLDEN") != nullptr) {
      std::ofstream(kFile, std::ios::app)
          << type << " " << absl::Base64Escape(SealSample(kind)) << "\n";
      continue;
    }
    EXPECT_TRUE(stored.count(type)) << type << " has no golden event";
  }
}

TEST(Golden, WhatWasSaidIsStillWrittenAsTheSameBytes) {
  for (const auto& [type, bytes] : Stored()) {
    SCOPED_TRACE(type);
    const auto envelope = Scan(bytes);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    Draft draft;
    draft.subject = std::string(envelope->subject);
    draft.header = *envelope->OpenGivenHeader();
    draft.kind = *envelope->OpenKind();
    draft.kind.clear_header();  // Seal's, of a discreet kind
    draft.people = *envelope->Open<v1::People>(v1::PART_PEOPLE);
    draft.informant = *envelope->Open<v1::Informant>(v1::PART_INFORMANT);
    draft.place = *envelope->Open<v1::Place>(v1::PART_PLACE);
    EXPECT_EQ(absl::Base64Escape(SealOne(std::move(draft))),
              absl::Base64Escape(bytes));
  }
}

TEST(Golden, EveryKindEverReleasedStillOpens) {
  const auto stored = Stored();
  ASSERT_FALSE(stored.empty());
  for (const auto& [type, bytes] : stored) {
    SCOPED_TRACE(type);
    const auto envelope = Scan(bytes);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    EXPECT_EQ(envelope->type, type);
    EXPECT_EQ(envelope->request_count, 1u);
    const auto kind = envelope->OpenKind();
    ASSERT_TRUE(kind.ok()) << kind.status();
    const auto header = envelope->Open<v1::Header>(v1::PART_HEADER);
    ASSERT_TRUE(header.ok()) << header.status();
    Violations unknown;
    FindUnknown(*kind, &unknown);
    FindUnknown(*header, &unknown);
    EXPECT_TRUE(unknown.empty());
    EXPECT_TRUE(envelope->Open<v1::People>(v1::PART_PEOPLE).ok());
    EXPECT_TRUE(envelope->Open<v1::Informant>(v1::PART_INFORMANT).ok());
    EXPECT_TRUE(envelope->Open<v1::Place>(v1::PART_PLACE).ok());
  }
}

}  // namespace
}  // namespace vigil::event
