// Vectors: what this program computes, and those in python, java and go, from
// the same files. With VIGIL_WIRE_WRITE set, this program writes what it would
// expect; whoever then commits a changed vector breaks every client that
// exists.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/base/hash.h"
#include "libs/event/digest.h"
#include "libs/event/reference.h"
#include "nlohmann/json.hpp"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Message;
using Json = nlohmann::ordered_json;

bool Writing() { return std::getenv("VIGIL_WIRE_WRITE") != nullptr; }

std::string PathOf(const std::string& name) {
  return absl::StrCat(VIGIL_WIRE, "/vectors/", name);
}

Json Read(const std::string& name) {
  std::ifstream file(PathOf(name), std::ios::binary);
  EXPECT_TRUE(file) << PathOf(name);
  std::stringstream text;
  text << file.rdbuf();
  return Json::parse(text.str());
}

void Write(const std::string& name, const Json& vectors) {
  std::ofstream(PathOf(name), std::ios::binary)
      << vectors.dump(1, ' ', true) << "\n";
  ADD_FAILURE() << PathOf(name) << " is written, not compared";
}

// Compares what the vector says with what the code gives, or writes it down.
void Expect(Json* vector, const char* field, const Json& actual) {
  if (Writing()) (*vector)[field] = actual;
  EXPECT_EQ((*vector)[field], actual) << vector->dump();
}

std::string Text(const Json& vector, const char* field) {
  return vector[field].get<std::string>();
}

SubjectKind KindIn(const Json& vector) {
  return Text(vector, "kind") == "person" ? SubjectKind::kPerson
                                          : SubjectKind::kHousehold;
}

std::string Hex(const Sha256Digest& digest) {
  return absl::BytesToHexString(AsBytes(digest));
}

void ParseJson(const Json& json, Message* message) {
  const auto status =
      google::protobuf::util::JsonStringToMessage(json.dump(), message);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json.dump();
}

TEST(Wire, MessagesHaveTheDigestsOfTheVectors) {
  // What the linker must keep, since only names refer to it.
  const google::protobuf::Descriptor* const linked[] = {
      common::v1::Statement::descriptor(),
      chronology::v1::ReplayRequest::descriptor(),
      io::cloudevents::v1::CloudEvent::descriptor()};
  static_cast<void>(linked);
  Json file = Read("digests.json");
  ASSERT_GE(file["messages"].size(), 10u);
  for (Json& vector : file["messages"]) {
    const auto* type = google::protobuf::DescriptorPool::generated_pool()
                           ->FindMessageTypeByName(Text(vector, "message"));
    ASSERT_NE(type, nullptr) << vector;
    const std::unique_ptr<Message> message(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(type)
            ->New());
    ParseJson(vector["value"], message.get());
    Expect(&vector, "digest", Hex(MessageDigest(*message)));
  }
  if (Writing()) Write("digests.json", file);
}

TEST(Wire, StatementsHaveTheDigestsOfTheVectors) {
  Json file = Read("digests.json");
  ASSERT_GE(file["statements"].size(), 20u);
  for (Json& vector : file["statements"]) {
    common::v1::Statement statement;
    ParseJson(vector["statement"], &statement);
    const std::vector<StatementPart> parts = PartsOf(statement);
    Json listed = Json::array();
    for (const StatementPart& part : parts) {
      listed.push_back({{"field", part.field},
                        {"index", part.index},
                        {"digest", Hex(part.digest)}});
    }
    Expect(&vector, "parts", listed);
    Expect(&vector, "digest", Hex(RequestDigest(parts)));
  }
  if (Writing()) Write("digests.json", file);
}

TEST(Wire, NamesAreThoseOfTheVectors) {
  Json file = Read("ids.json");
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
           key.Subject(KindIn(vector), Text(vector, "organisation"),
                       Text(vector, "system"), Text(vector, "local_id")));
  }
  for (Json& vector : file["numbered"]) {
    Expect(&vector, "subject",
           key.NumberedSubject(KindIn(vector), Text(vector, "organisation"),
                               Text(vector, "record_system"),
                               Text(vector, "record_id"),
                               vector["number"].get<uint32_t>()));
  }
  for (Json& vector : file["references"]) {
    Expect(&vector, "valid", IsSubjectReference(Text(vector, "text")));
  }
  for (Json& vector : file["requests"]) {
    Expect(&vector, "request_key",
           key.RequestKey(Text(vector, "source"), Text(vector, "system"),
                          Text(vector, "request_id")));
    Expect(&vector, "request_digest",
           key.RequestDigest(absl::HexStringToBytes(Text(vector, "digest"))));
  }
  for (Json& vector : file["records"]) {
    Expect(&vector, "record",
           key.Record(Text(vector, "organisation"), Text(vector, "system"),
                      Text(vector, "id")));
  }
  if (Writing()) Write("ids.json", file);
}

}  // namespace
}  // namespace vigil::event
