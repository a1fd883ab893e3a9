#include "services/mash/vocabulary.h"

#include "gtest/gtest.h"
#include "services/vocabulary_contract.h"
#include "vigil/mash/v1/mash.pb.h"

namespace vigil::mash {
namespace {

TEST(MashVocabulary, KeepsTheContract) {
  ExpectKeepsVocabularyContract(Mash());
}

TEST(MashVocabulary, OnlyTheHubMayNameAnySubject) {
  EXPECT_TRUE(Mash().any_subject);
}

TEST(MashVocabulary, ASeparationIsAboutBothGroups) {
  v1::SeparateSubjectsRequest request;
  request.add_group_a("a");
  request.add_group_b("b");
  const service::Statement said = Translate(request);
  EXPECT_EQ(said.subjects, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(said.facts[0].subjects_separated().group_b(0), "b");
}

}  // namespace
}  // namespace vigil::mash
