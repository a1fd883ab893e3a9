#include "services/vocabulary_contract.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/event/seal.h"
#include "tests/sample.h"

namespace vigil {

void ExpectKeepsVocabularyContract(const service::Writer& writer) {
  ASSERT_NE(writer.service, nullptr);
  ASSERT_GT(writer.service->method_count(), 1);
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
    std::string all = said.submission->SerializeAsString() +
                      said.account->SerializeAsString();
    for (const auto& child : said.children) {
      all += child.person->SerializeAsString();
    }
    for (const std::string& subject : said.subjects) all += subject;
    for (const event::v1::Kind& fact : said.facts) {
      EXPECT_FALSE(event::TypeOf(fact).empty());
      all += fact.SerializeAsString();
    }
    for (const std::string& word : words) {
      EXPECT_NE(all.find(word), std::string::npos)
          << "lost in translation: the field with " << word << " of\n"
          << request->DebugString();
    }
  }
}

}  // namespace vigil
