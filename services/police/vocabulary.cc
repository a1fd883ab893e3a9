#include "services/police/vocabulary.h"

#include <utility>

#include "libs/service/acts.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::police {
namespace {

using service::As;
using service::Said;
using service::Statement;
using ::vigil::event::v1::Kind;
using ::vigil::event::v1::Stage;

Statement Incident(const v1::RecordIncidentRequest& request) {
  Kind kind;
  auto& incident = *kind.mutable_incident_attended();
  incident.set_child_present(request.child_present());
  incident.set_child_whereabouts(request.child_whereabouts());
  if (request.has_child_role()) {
    *incident.mutable_child_role() = request.child_role();
  }
  if (request.has_risk_grading()) {
    *incident.mutable_risk_grading() = request.risk_grading();
  }
  *incident.mutable_offences() = request.offences();
  return Said(request).Fact(std::move(kind)).Beside(request.observations());
}

Stage StageOf(v1::MissingStep step) {
  switch (step) {
    case v1::MISSING_STEP_REPORTED:
      return event::v1::STAGE_STARTED;
    case v1::MISSING_STEP_RETURNED:
      return event::v1::STAGE_COMPLETED;
    default:
      return event::v1::STAGE_UNSPECIFIED;
  }
}

Statement MissingEpisode(const v1::RecordMissingEpisodeRequest& request) {
  Kind kind;
  auto& missing = *kind.mutable_missing_reported();
  missing.set_stage(StageOf(request.step()));
  if (request.has_missing_from()) {
    *missing.mutable_from() = request.missing_from();
  }
  missing.set_return_interview(request.return_interview_held());
  missing.set_circumstances(request.circumstances());
  return Said(request).Fact(std::move(kind));
}

Stage StageOf(v1::ProtectionStep step) {
  switch (step) {
    case v1::PROTECTION_STEP_USED:
      return event::v1::STAGE_STARTED;
    case v1::PROTECTION_STEP_ENDED:
      return event::v1::STAGE_COMPLETED;
    default:
      return event::v1::STAGE_UNSPECIFIED;
  }
}

Statement PoliceProtection(const v1::RecordPoliceProtectionRequest& request) {
  Kind kind;
  auto& measure = *kind.mutable_measure_taken();
  measure.set_stage(StageOf(request.step()));
  auto& type = *measure.mutable_type();
  type.set_system("Children Act 1989");
  type.set_code("s46");
  type.set_display("Police protection");
  measure.set_authority(request.designated_officer());
  if (request.has_began()) *measure.mutable_starts() = request.began();
  if (request.has_ends()) *measure.mutable_ends() = request.ends();
  measure.set_grounds(request.grounds());
  return Said(request).Fact(std::move(kind));
}

Statement Order(const v1::RecordOrderRequest& request) {
  Kind kind;
  auto& measure = *kind.mutable_measure_taken();
  measure.set_stage(request.stage());
  if (request.has_order()) *measure.mutable_type() = request.order();
  measure.set_authority(request.issued_by());
  if (request.has_from()) *measure.mutable_starts() = request.from();
  if (request.has_until()) *measure.mutable_ends() = request.until();
  return Said(request).Fact(std::move(kind));
}

Statement Investigation(const v1::RecordInvestigationRequest& request) {
  Kind kind;
  auto& investigation = *kind.mutable_investigation_stepped();
  investigation.set_stage(request.stage());
  if (request.has_offence()) *investigation.mutable_type() = request.offence();
  if (request.has_outcome()) {
    *investigation.mutable_outcome() = request.outcome();
  }
  return Said(request).Fact(std::move(kind));
}

}  // namespace

Statement Translate(const google::protobuf::Message& request) {
  if (auto* r = As<v1::RecordIncidentRequest>(request)) return Incident(*r);
  if (auto* r = As<v1::RecordMissingEpisodeRequest>(request)) {
    return MissingEpisode(*r);
  }
  if (auto* r = As<v1::RecordPoliceProtectionRequest>(request)) {
    return PoliceProtection(*r);
  }
  if (auto* r = As<v1::RecordOrderRequest>(request)) return Order(*r);
  if (auto* r = As<v1::RecordInvestigationRequest>(request)) {
    return Investigation(*r);
  }
  return service::TranslateAct(request);
}

service::Writer Police() {
  return {.name = "police",
          .service = v1::Item::descriptor()->file()->FindServiceByName(
              "PoliceService"),
          .translate = Translate,
          .any_subject = false};
}

}  // namespace vigil::police
