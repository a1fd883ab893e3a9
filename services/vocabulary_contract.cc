#include "services/vocabulary_contract.h"

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "libs/base/parts.h"
#include "libs/event/check.h"
#include "libs/event/seal.h"
#include "tests/sample.h"

namespace vigil {
namespace {

// The request within a batch's item, or nullptr.
const google::protobuf::Message* RequestOf(
    const google::protobuf::Message& item) {
  const auto* oneof = item.GetDescriptor()->oneof_decl(0);
  const auto* field =
      item.GetReflection()->GetOneofFieldDescriptor(item, oneof);
  return field == nullptr ? nullptr
                          : &item.GetReflection()->GetMessage(item, field);
}

// tests/wire/examples/<agency>.jsonl has one good request for every rpc.
void ExpectGoodExamples(const service::Writer& writer) {
  const absl::Time received = absl::FromUnixSeconds(1'790'000'000);
  const auto* item_type = writer.service->file()->FindMessageTypeByName("Item");
  std::ifstream in(std::string(VIGIL_EXAMPLES) + "/" + writer.name + ".jsonl");
  std::set<std::string> seen;
  for (std::string line; std::getline(in, line);) {
    SCOPED_TRACE(line);
    const std::unique_ptr<google::protobuf::Message> item(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(item_type)
            ->New());
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(line, item.get());
    ASSERT_TRUE(parsed.ok()) << parsed.message();
    const google::protobuf::Message* request = RequestOf(*item);
    ASSERT_NE(request, nullptr);
    event::Violations violations;
    event::Warnings warnings;
    event::CheckRequest(*request, received, &violations, &warnings);
    for (const event::Violation& violation : violations.list()) {
      ADD_FAILURE() << violation.field << " " << violation.code;
    }
    EXPECT_FALSE(writer.translate(*request).facts.empty());
    EXPECT_TRUE(seen.insert(request->GetDescriptor()->name()).second);
  }
  for (int i = 0; i < writer.service->method_count(); ++i) {
    const auto* method = writer.service->method(i);
    if (method->name() == "SubmitBatch") continue;
    EXPECT_TRUE(seen.count(method->input_type()->name()))
        << method->name() << " has no example";
  }
}

// All that a statement says.
std::string TextOf(const service::Statement& said) {
  std::vector<std::string> parts = {said.submission->SerializeAsString(),
                                    said.account->SerializeAsString()};
  for (const auto& child : said.children) {
    parts.push_back(child.person->SerializeAsString());
  }
  parts.insert(parts.end(), said.subjects.begin(), said.subjects.end());
  for (const event::v1::Kind& fact : said.facts) {
    parts.push_back(fact.SerializeAsString());
  }
  return EncodeParts(
      std::vector<absl::string_view>(parts.begin(), parts.end()));
}

// What a statement points to is not translated.
bool IsGivenWhole(const google::protobuf::Message& part) {
  return part.GetDescriptor() == common::v1::Submission::descriptor() ||
         part.GetDescriptor() == common::v1::Account::descriptor() ||
         part.GetDescriptor() == event::v1::Person::descriptor();
}

// Requests that differ in one answer give statements that differ.
void ExpectKeepsEveryAnswer(const service::Writer& writer,
                            google::protobuf::Message* request) {
  std::map<std::string, std::string> said = {
      {TextOf(writer.translate(*request)), "the request"}};
  VaryEach(request, IsGivenWhole, [&](const std::string& what) {
    const auto [other, added] =
        said.emplace(TextOf(writer.translate(*request)), what);
    EXPECT_TRUE(added) << "lost in translation: " << what
                       << " says the same as " << other->second;
  });
}

}  // namespace

void ExpectKeepsVocabularyContract(const service::Writer& writer) {
  ASSERT_NE(writer.service, nullptr);
  ASSERT_GT(writer.service->method_count(), 1);
  ExpectGoodExamples(writer);
  for (int i = 0; i < writer.service->method_count(); ++i) {
    const auto* method = writer.service->method(i);
    if (method->name() == "SubmitBatch") continue;
    SCOPED_TRACE(method->name());
    const std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(method->input_type())
            ->New());
    const std::vector<std::string> words = FillWithWords(request.get());
    ASSERT_FALSE(words.empty());

    const service::Statement said = writer.translate(*request);
    ASSERT_NE(said.submission, nullptr);
    ASSERT_NE(said.account, nullptr);
    ASSERT_FALSE(said.facts.empty());
    EXPECT_TRUE(!said.children.empty() || !said.subjects.empty());
    for (const event::v1::Kind& fact : said.facts) {
      EXPECT_FALSE(event::TypeOf(fact).empty());
    }
    const std::string all = TextOf(said);
    for (const std::string& word : words) {
      EXPECT_NE(all.find(word), std::string::npos)
          << "lost in translation: the field with " << word << " of\n"
          << request->DebugString();
    }
    ExpectKeepsEveryAnswer(writer, request.get());
  }
}

}  // namespace vigil
