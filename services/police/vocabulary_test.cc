#include "services/police/vocabulary.h"

#include "gtest/gtest.h"
#include "services/vocabulary_contract.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::police {
namespace {

TEST(PoliceVocabulary, KeepsTheContract) {
  ExpectKeepsVocabularyContract(Police());
}

TEST(PoliceVocabulary, EachObservationIsAFactBesideTheIncident) {
  v1::RecordIncidentRequest request;
  request.set_child_present(event::v1::ANSWER_YES);
  request.add_observations()->mutable_indicator()->set_code("SPARSE_BEDROOM");
  request.add_observations()->mutable_indicator()->set_code("LITTLE_FOOD");
  request.add_children();
  const service::Statement said = Translate(request);
  ASSERT_EQ(said.facts.size(), 3u);
  EXPECT_EQ(said.facts[0].incident_attended().child_present(),
            event::v1::ANSWER_YES);
  EXPECT_EQ(said.facts[2].observation_made().indicator().code(), "LITTLE_FOOD");
}

TEST(PoliceVocabulary, PoliceProtectionIsAMeasureUnderSection46) {
  v1::RecordPoliceProtectionRequest request;
  request.set_step(v1::PROTECTION_STEP_USED);
  const service::Statement said = Translate(request);
  EXPECT_EQ(said.facts[0].measure_taken().type().code(), "s46");
  EXPECT_EQ(said.facts[0].measure_taken().stage(), event::v1::STAGE_STARTED);
}

TEST(PoliceVocabulary, MissingThenReturned) {
  v1::RecordMissingEpisodeRequest request;
  request.set_step(v1::MISSING_STEP_REPORTED);
  EXPECT_EQ(Translate(request).facts[0].missing_reported().stage(),
            event::v1::STAGE_STARTED);
  request.set_step(v1::MISSING_STEP_RETURNED);
  EXPECT_EQ(Translate(request).facts[0].missing_reported().stage(),
            event::v1::STAGE_COMPLETED);
}

}  // namespace
}  // namespace vigil::police
