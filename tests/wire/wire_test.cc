// The wire as clients meet it: vectors and golden events, read by this program
// and by those in python, java and go. With VIGIL_WIRE_WRITE set, this program
// writes what it would expect; whoever then commits a changed vector breaks
// every client that exists.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/base/hash.h"
#include "libs/event/digest.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/time_text.h"
#include "nlohmann/json.hpp"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/education/v1/education.pb.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Message;
using Json = nlohmann::ordered_json;

bool Writing() { return std::getenv("VIGIL_WIRE_WRITE") != nullptr; }

std::string PathOf(const std::string& name) {
  return absl::StrCat(VIGIL_WIRE, "/", name);
}

std::string ReadFile(const std::string& name) {
  std::ifstream file(PathOf(name), std::ios::binary);
  EXPECT_TRUE(file) << PathOf(name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const std::string& name, const std::string& bytes) {
  std::ofstream(PathOf(name), std::ios::binary) << bytes;
  ADD_FAILURE() << PathOf(name) << " is written, not compared";
}

// Compares what the vector says with what the code gives, or writes it down.
void Expect(Json* vector, const char* field, const std::string& actual) {
  if (Writing()) {
    (*vector)[field] = actual;
  }
  EXPECT_EQ((*vector)[field].get<std::string>(), actual) << vector->dump();
}

std::string Text(const Json& vector, const char* field) {
  return vector[field].get<std::string>();
}

std::unique_ptr<Message> RequestOf(const Json& vector) {
  // What the linker must keep, since only names refer to it.
  const google::protobuf::Descriptor* const linked[] = {
      police::v1::Item::descriptor(),
      education::v1::RecordIncidentRequest::descriptor(),
      mash::v1::GroupEntriesRequest::descriptor(),
      chronology::v1::ReplayRequest::descriptor()};
  static_cast<void>(linked);
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          Text(vector, "message"));
  EXPECT_NE(type, nullptr) << Text(vector, "message");
  std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(type)
          ->New());
  const auto status = google::protobuf::util::JsonStringToMessage(
      vector["request"].dump(), request.get());
  EXPECT_TRUE(status.ok()) << status.ToString();
  return request;
}

TEST(Wire, DigestsAreThoseOfTheVectors) {
  Json file = Json::parse(ReadFile("vectors/digests.json"));
  ASSERT_GT(file["digests"].size(), 15u);
  for (Json& vector : file["digests"]) {
    const std::unique_ptr<Message> message = RequestOf(vector);
    const Message* request = message.get();
    if (vector.contains("inner")) {
      const auto& reflection = *message->GetReflection();
      request = &reflection.GetMessage(
          *message, message->GetDescriptor()->FindFieldByCamelcaseName(
                        Text(vector, "inner")));
    }
    Expect(&vector, "digest",
           absl::BytesToHexString(AsBytes(RequestDigest(*request))));
  }
  if (Writing()) {
    WriteFile("vectors/digests.json", file.dump(1, ' ', true) + "\n");
  }
}

TEST(Wire, NamesAreThoseOfTheVectors) {
  Json file = Json::parse(ReadFile("vectors/ids.json"));
  Json& key_vector = file["naming_key"];
  const NamingKey key(Text(key_vector, "id"),
                      absl::HexStringToBytes(Text(key_vector, "secret")));
  Expect(&key_vector, "check", key.CheckValue());
  for (Json& vector : file["organisations"]) {
    v1::Organisation organisation;
    organisation.set_scheme(Text(vector, "scheme"));
    organisation.set_code(Text(vector, "code"));
    const std::string text = OrganisationText(organisation);
    Expect(&vector, "text", text);
    Expect(&vector, "source", Source(Text(vector, "writer"), text));
  }
  for (Json& vector : file["event_ids"]) {
    Expect(&vector, "event_id",
           EventId(Text(vector, "source"), Text(vector, "system"),
                   Text(vector, "request_id"), Text(vector, "subject"),
                   Text(vector, "type"), vector["ordinal"].get<uint32_t>()));
  }
  for (Json& vector : file["conversation_refs"]) {
    Expect(&vector, "conversation_ref",
           ConversationRef(Text(vector, "source"), Text(vector, "system"),
                           Text(vector, "request_id")));
  }
  for (Json& vector : file["subjects"]) {
    Expect(&vector, "subject",
           key.Subject(static_cast<SubjectKind>(Text(vector, "kind")[0]),
                       Text(vector, "organisation"), Text(vector, "system"),
                       Text(vector, "local_id")));
  }
  for (Json& vector : file["persons_of_records"]) {
    Expect(&vector, "subject",
           key.UnnumberedSubject(
               static_cast<SubjectKind>(Text(vector, "kind")[0]),
               Text(vector, "organisation"), Text(vector, "record_system"),
               Text(vector, "record_id"),
               vector["person_number"].get<uint32_t>()));
  }
  for (Json& vector : file["requests"]) {
    Expect(&vector, "request_key",
           key.RequestKey(Text(vector, "source"), Text(vector, "system"),
                          Text(vector, "request_id")));
    Expect(&vector, "request_digest",
           key.RequestDigest(absl::HexStringToBytes(Text(vector, "digest"))));
  }
  if (Writing()) {
    WriteFile("vectors/ids.json", file.dump(1, ' ', true) + "\n");
  }
}

// The event of golden/concern_raised.binpb, sealed anew.
Sealed ConcernRaised() {
  Draft draft;
  draft.subject = absl::StrCat("s1.p.0123abcd.", std::string(43, 'A'));
  draft.header.mutable_occurred()->set_date("2026-03-27");
  draft.header.mutable_organisation()->set_scheme("police");
  draft.header.mutable_organisation()->set_code("43");
  draft.header.mutable_author()->set_role("duty sergeant");
  draft.header.set_headline("Called to the address");
  draft.kind.set_summary("Synthetic.");
  draft.kind.mutable_concern_raised()->set_significant_harm(v1::ANSWER_NO);
  Request request;
  request.source = "//vigil/police/police:43";
  request.system = "northshire-police";
  request.request_id = "2026-03-28/17";
  request.request_key = "request-key";
  request.request_digest = "request-digest";
  request.traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.received = *ParseInstant("2026-03-28T10:00:00.250Z");
  return Seal({draft}, request)[0];
}

TEST(Wire, AnEventIsSealedAsTheGoldenOne) {
  constexpr char kName[] = "golden/concern_raised.binpb";
  const Sealed sealed = ConcernRaised();
  if (Writing()) {
    WriteFile(kName, sealed.value);
  }
  // The attributes are a map, which has no order on the wire; all else is
  // equal.
  io::cloudevents::v1::CloudEvent golden;
  io::cloudevents::v1::CloudEvent today;
  ASSERT_TRUE(golden.ParseFromString(ReadFile(kName)));
  ASSERT_TRUE(today.ParseFromString(sealed.value));
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(golden, today));
  EXPECT_EQ(golden.binary_data(), today.binary_data());
}

TEST(Wire, TheGoldenEventIsRead) {
  const std::string value = ReadFile("golden/concern_raised.binpb");
  const auto envelope = Scan(value);
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->source, "//vigil/police/police:43");
  EXPECT_EQ(envelope->type, "vigil.event.v1.ConcernRaised");
  const auto header = envelope->Open<v1::Header>(v1::PART_HEADER);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->label(), "Concern raised");
  EXPECT_EQ(header->occurred().date(), "2026-03-27");
  const auto kind = envelope->OpenKind();
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(kind->concern_raised().significant_harm(), v1::ANSWER_NO);
}

}  // namespace
}  // namespace vigil::event
