#include "services/social_care/vocabulary.h"

#include "gtest/gtest.h"
#include "services/vocabulary_contract.h"
#include "vigil/social_care/v1/social_care.pb.h"

namespace vigil::social_care {
namespace {

TEST(SocialCareVocabulary, KeepsTheContract) {
  ExpectKeepsVocabularyContract(SocialCare());
}

TEST(SocialCareVocabulary, EnquiriesAreOfSection47) {
  v1::RecordEnquiriesRequest request;
  request.set_stage(event::v1::STAGE_COMPLETED);
  request.set_substantiated(event::v1::ANSWER_NO);
  const auto enquiries = Translate(request).facts[0].investigation_stepped();
  EXPECT_EQ(enquiries.type().code(), "s47");
  EXPECT_EQ(enquiries.substantiated(), event::v1::ANSWER_NO);
}

TEST(SocialCareVocabulary, TheSendersOwnTypeIsKept) {
  v1::CloseCaseRequest request;
  EXPECT_EQ(Translate(request).facts[0].responsibility_changed().type().code(),
            "CLOSED");
  request.mutable_type()->set_code("CIN-END");
  EXPECT_EQ(Translate(request).facts[0].responsibility_changed().type().code(),
            "CIN-END");
}

}  // namespace
}  // namespace vigil::social_care
