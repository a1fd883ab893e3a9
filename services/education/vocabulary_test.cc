#include "services/education/vocabulary.h"

#include "gtest/gtest.h"
#include "services/vocabulary_contract.h"
#include "vigil/education/v1/education.pb.h"

namespace vigil::education {
namespace {

TEST(EducationVocabulary, KeepsTheContract) {
  ExpectKeepsVocabularyContract(Education());
}

TEST(EducationVocabulary, AbsenceIsMeasuredInPercentOfSessions) {
  v1::RecordAbsenceRequest request;
  request.set_percent_missed("12.5");
  const auto observed = Translate(request).facts[0].observation_made();
  EXPECT_EQ(observed.measurement().value(), "12.5");
  EXPECT_EQ(observed.measurement().unit(), "%");
  EXPECT_EQ(observed.bearing(), event::v1::BEARING_CONCERN);
}

TEST(EducationVocabulary, EachEnrolmentStepIsATermOfItsOwn) {
  v1::RecordEnrolmentRequest request;
  request.set_step(v1::ENROLMENT_STEP_MISSING_FROM_EDUCATION);
  EXPECT_EQ(Translate(request).facts[0].arrangement_changed().type().code(),
            "MISSING");
  request.set_step(v1::ENROLMENT_STEP_LEFT);
  EXPECT_EQ(Translate(request).facts[0].arrangement_changed().stage(),
            event::v1::STAGE_COMPLETED);
}

}  // namespace
}  // namespace vigil::education
