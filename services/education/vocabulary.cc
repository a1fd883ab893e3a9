#include "services/education/vocabulary.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "libs/service/acts.h"
#include "vigil/education/v1/education.pb.h"

namespace vigil::education {
namespace {

using service::As;
using service::Said;
using service::Statement;
using ::vigil::event::v1::Kind;

constexpr char kSystem[] = "vigil.education";

void SetTerm(event::v1::CodedTerm& term, absl::string_view code,
             absl::string_view display) {
  term.set_system(kSystem);
  term.set_code(std::string(code));
  term.set_display(std::string(display));
}

Statement Incident(const v1::RecordIncidentRequest& request) {
  Kind kind;
  auto& incident = *kind.mutable_incident_attended();
  incident.set_child_present(request.child_present());
  if (request.has_child_role()) {
    *incident.mutable_child_role() = request.child_role();
  }
  return Said(request).Fact(std::move(kind)).Beside(request.observations());
}

Statement Absence(const v1::RecordAbsenceRequest& request) {
  Kind kind;
  auto& observed = *kind.mutable_observation_made();
  if (request.has_pattern()) {
    *observed.mutable_indicator() = request.pattern();
  } else {
    SetTerm(*observed.mutable_indicator(), "ABSENCE", "Absence from school");
  }
  observed.set_bearing(event::v1::BEARING_CONCERN);
  if (!request.percent_missed().empty()) {
    auto& measured = *observed.mutable_measurement();
    SetTerm(*measured.mutable_quantity(), "SESSIONS_MISSED", "Sessions missed");
    measured.set_value(request.percent_missed());
    measured.set_unit("%");
  }
  return Said(request).Fact(std::move(kind));
}

Statement Exclusion(const v1::RecordExclusionRequest& request) {
  Kind kind;
  auto& measure = *kind.mutable_measure_taken();
  measure.set_stage(event::v1::STAGE_STARTED);
  if (request.has_type()) *measure.mutable_type() = request.type();
  if (request.has_from()) *measure.mutable_starts() = request.from();
  if (request.has_until()) *measure.mutable_ends() = request.until();
  return Said(request).Fact(std::move(kind));
}

Statement Enrolment(const v1::RecordEnrolmentRequest& request) {
  Kind kind;
  auto& arrangement = *kind.mutable_arrangement_changed();
  auto& type = *arrangement.mutable_type();
  switch (request.step()) {
    case v1::ENROLMENT_STEP_JOINED:
      arrangement.set_stage(event::v1::STAGE_STARTED);
      SetTerm(type, "JOINED", "Joined the school");
      break;
    case v1::ENROLMENT_STEP_LEFT:
      arrangement.set_stage(event::v1::STAGE_COMPLETED);
      SetTerm(type, "LEFT", "Left the school");
      break;
    case v1::ENROLMENT_STEP_HOME_EDUCATED:
      arrangement.set_stage(event::v1::STAGE_CHANGED);
      SetTerm(type, "HOME_EDUCATED", "Educated at home");
      break;
    case v1::ENROLMENT_STEP_MISSING_FROM_EDUCATION:
      arrangement.set_stage(event::v1::STAGE_CHANGED);
      SetTerm(type, "MISSING", "Missing from education");
      break;
    default:
      break;
  }
  if (request.has_school()) *arrangement.mutable_with() = request.school();
  if (request.has_effective()) {
    *arrangement.mutable_effective() = request.effective();
  }
  return Said(request).Fact(std::move(kind));
}

}  // namespace

Statement Translate(const google::protobuf::Message& request) {
  if (auto* r = As<v1::RecordIncidentRequest>(request)) return Incident(*r);
  if (auto* r = As<v1::RecordAbsenceRequest>(request)) return Absence(*r);
  if (auto* r = As<v1::RecordExclusionRequest>(request)) return Exclusion(*r);
  if (auto* r = As<v1::RecordEnrolmentRequest>(request)) return Enrolment(*r);
  return service::TranslateAct(request);
}

service::Writer Education() {
  return {.name = "education",
          .service = v1::Item::descriptor()->file()->FindServiceByName(
              "EducationService"),
          .translate = Translate,
          .any_subject = false};
}

}  // namespace vigil::education
