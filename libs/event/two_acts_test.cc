#include "libs/event/two_acts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using common::v1::Statement;
using common::v1::SubmitBatchRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Type>
std::vector<std::string> Found(const std::string& bytes) {
  Violations violations;
  FindTwoActs(bytes, *Type::descriptor(), &violations);
  std::vector<std::string> found;
  for (const Violation& violation : violations.list()) {
    found.push_back(absl::StrCat(violation.field, " ", violation.code));
  }
  return found;
}

std::string Concern() {
  Statement statement;
  statement.mutable_submission()->set_request_id("r");
  statement.add_about();
  statement.add_about();
  statement.mutable_concern_raised()->set_basis("b");
  return statement.SerializeAsString();
}

std::string Referral() {
  Statement statement;
  statement.mutable_referral_made()->set_basis("b");
  return statement.SerializeAsString();
}

TEST(FindTwoActs, OneIsFine) {
  EXPECT_THAT(Found<Statement>(Concern()), IsEmpty());
  EXPECT_THAT(Found<Statement>(""), IsEmpty());
}

TEST(FindTwoActs, FindsWhatTheParserHides) {
  const std::string bytes = Concern() + Referral() + Concern();
  EXPECT_THAT(Found<Statement>(bytes), ElementsAre("act TWO_ACTS"));
  Statement parsed;
  ASSERT_TRUE(parsed.ParseFromString(Concern() + Referral()));
  EXPECT_FALSE(parsed.has_concern_raised());
}

TEST(FindTwoActs, TwoOfOneKindAreTwoActs) {
  EXPECT_THAT(Found<Statement>(Concern() + Concern()),
              ElementsAre("act TWO_ACTS"));
}

TEST(FindTwoActs, NamesTheStatementOfABatch) {
  SubmitBatchRequest batch;
  batch.add_statements()->mutable_concern_raised();
  std::string bytes = batch.SerializeAsString();
  const std::string two = Concern() + Referral();
  bytes.push_back('\x0a');
  ASSERT_LT(two.size(), 128u);
  bytes.push_back(static_cast<char>(two.size()));
  bytes += two;
  EXPECT_THAT(Found<SubmitBatchRequest>(bytes),
              ElementsAre("statements[1].act TWO_ACTS"));
}

TEST(FindTwoActs, LeavesOtherMessagesAndBrokenBytesAlone) {
  EXPECT_THAT(Found<common::v1::Receipt>(Concern() + Referral()), IsEmpty());
  EXPECT_THAT(Found<Statement>("\xff\xff"), IsEmpty());
}

}  // namespace
}  // namespace vigil::event
