#include "services/health/vocabulary.h"

#include <utility>

#include "gtest/gtest.h"
#include "services/vocabulary_contract.h"
#include "vigil/health/v1/health.pb.h"

namespace vigil::health {
namespace {

TEST(HealthVocabulary, KeepsTheContract) {
  ExpectKeepsVocabularyContract(Health());
}

TEST(HealthVocabulary, InjuryInANonMobileBabyIsAFactOfItsOwn) {
  v1::RecordAttendanceRequest request;
  request.set_non_mobile_injury(event::v1::ANSWER_YES);
  const service::Statement said = Translate(request);
  ASSERT_EQ(said.facts.size(), 2u);
  EXPECT_EQ(said.facts[1].observation_made().bearing(),
            event::v1::BEARING_CONCERN);
  for (const auto answer : {event::v1::ANSWER_UNSPECIFIED, event::v1::ANSWER_NO,
                            event::v1::ANSWER_NOT_KNOWN}) {
    request.set_non_mobile_injury(answer);
    const service::Statement other = Translate(request);
    ASSERT_EQ(other.facts.size(), 1u);
    EXPECT_EQ(other.facts[0].contact_made().non_mobile_injury(), answer);
  }
}

TEST(HealthVocabulary, WhetherTheyStayedIsSaidOnlyIfItWasAnswered) {
  const std::pair<event::v1::Answer, event::v1::Attendance> answers[] = {
      {event::v1::ANSWER_UNSPECIFIED, event::v1::ATTENDANCE_UNSPECIFIED},
      {event::v1::ANSWER_YES, event::v1::ATTENDANCE_LEFT_BEFORE_END},
      {event::v1::ANSWER_NO, event::v1::ATTENDANCE_ATTENDED},
      {event::v1::ANSWER_NOT_KNOWN, event::v1::ATTENDANCE_UNSPECIFIED},
      {event::v1::ANSWER_NOT_ASKED, event::v1::ATTENDANCE_UNSPECIFIED},
      {event::v1::ANSWER_NOT_APPLICABLE, event::v1::ATTENDANCE_UNSPECIFIED}};
  for (const auto& [answer, attendance] : answers) {
    v1::RecordAttendanceRequest request;
    request.set_left_before_seen(answer);
    const service::Statement said = Translate(request);
    EXPECT_EQ(said.facts[0].contact_made().attendance(), attendance);
    EXPECT_EQ(said.facts[0].contact_made().left_before_seen(), answer);
  }
}

TEST(HealthVocabulary, NotBroughtIsSaidOfTheAdults) {
  const service::Statement said = Translate(v1::RecordWasNotBroughtRequest());
  EXPECT_EQ(said.facts[0].contact_made().attendance(),
            event::v1::ATTENDANCE_WAS_NOT_BROUGHT);
}

TEST(HealthVocabulary, ASensitiveServiceTellsOnlyThatItWasInContact) {
  v1::RecordSensitiveContactRequest request;
  const service::Statement said = Translate(request);
  EXPECT_TRUE(said.facts[0].has_service_contact());
}

}  // namespace
}  // namespace vigil::health
