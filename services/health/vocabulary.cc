#include "services/health/vocabulary.h"

#include <utility>

#include "libs/service/acts.h"
#include "vigil/health/v1/health.pb.h"

namespace vigil::health {
namespace {

using service::As;
using service::Said;
using service::Statement;
using ::vigil::event::v1::Kind;

// Whether they stayed, if that was answered with yes or no.
event::v1::Attendance AttendanceOf(event::v1::Answer left_before_seen) {
  switch (left_before_seen) {
    case event::v1::ANSWER_YES:
      return event::v1::ATTENDANCE_LEFT_BEFORE_END;
    case event::v1::ANSWER_NO:
      return event::v1::ATTENDANCE_ATTENDED;
    default:
      return event::v1::ATTENDANCE_UNSPECIFIED;
  }
}

Statement Attendance(const v1::RecordAttendanceRequest& request) {
  Kind kind;
  auto& contact = *kind.mutable_contact_made();
  if (request.has_setting()) *contact.mutable_mode() = request.setting();
  contact.set_attendance(AttendanceOf(request.left_before_seen()));
  contact.set_left_before_seen(request.left_before_seen());
  contact.set_non_mobile_injury(request.non_mobile_injury());
  Statement said = Said(request).Fact(std::move(kind));
  if (request.has_presenting_problem()) {
    auto& observed = *said.facts.emplace_back().mutable_observation_made();
    *observed.mutable_indicator() = request.presenting_problem();
  }
  // Bruising in a baby that cannot move by itself is a fact of its own too:
  // rules look for it (F37).
  if (request.non_mobile_injury() == event::v1::ANSWER_YES) {
    auto& injury = *said.facts.emplace_back().mutable_observation_made();
    injury.mutable_indicator()->set_system("vigil.health");
    injury.mutable_indicator()->set_code("NON_MOBILE_INJURY");
    injury.mutable_indicator()->set_display("Injury in a non-mobile baby");
    injury.set_bearing(event::v1::BEARING_CONCERN);
  }
  return std::move(said).Beside(request.observations());
}

Statement WasNotBrought(const v1::RecordWasNotBroughtRequest& request) {
  Kind kind;
  auto& contact = *kind.mutable_contact_made();
  if (request.has_clinic()) *contact.mutable_mode() = request.clinic();
  contact.set_attendance(event::v1::ATTENDANCE_WAS_NOT_BROUGHT);
  contact.set_next_planned(request.rebooked_for());
  return Said(request).Fact(std::move(kind));
}

Statement Measurement(const v1::RecordMeasurementRequest& request) {
  Kind kind;
  auto& observed = *kind.mutable_observation_made();
  *observed.mutable_measurement() = request.measurement();
  if (request.measurement().has_quantity()) {
    *observed.mutable_indicator() = request.measurement().quantity();
  }
  observed.set_severity(request.centile());
  observed.set_bearing(request.bearing());
  return Said(request).Fact(std::move(kind));
}

Statement Registration(const v1::RecordRegistrationRequest& request) {
  Kind kind;
  auto& arrangement = *kind.mutable_arrangement_changed();
  switch (request.step()) {
    case v1::REGISTRATION_STEP_REGISTERED:
      arrangement.set_stage(event::v1::STAGE_STARTED);
      break;
    case v1::REGISTRATION_STEP_REMOVED:
      arrangement.set_stage(event::v1::STAGE_COMPLETED);
      break;
    default:
      break;
  }
  auto& type = *arrangement.mutable_type();
  type.set_system("vigil.health");
  type.set_code("REGISTRATION");
  type.set_display("Registration with a practice or service");
  if (request.has_practice()) *arrangement.mutable_with() = request.practice();
  if (request.has_effective()) {
    *arrangement.mutable_effective() = request.effective();
  }
  return Said(request).Fact(std::move(kind));
}

Statement SensitiveContact(const v1::RecordSensitiveContactRequest& request) {
  Kind kind;
  kind.mutable_service_contact();
  return Said(request).Fact(std::move(kind));
}

}  // namespace

Statement Translate(const google::protobuf::Message& request) {
  if (auto* r = As<v1::RecordAttendanceRequest>(request)) return Attendance(*r);
  if (auto* r = As<v1::RecordWasNotBroughtRequest>(request)) {
    return WasNotBrought(*r);
  }
  if (auto* r = As<v1::RecordMeasurementRequest>(request)) {
    return Measurement(*r);
  }
  if (auto* r = As<v1::RecordRegistrationRequest>(request)) {
    return Registration(*r);
  }
  if (auto* r = As<v1::RecordSensitiveContactRequest>(request)) {
    return SensitiveContact(*r);
  }
  return service::TranslateAct(request);
}

service::Writer Health() {
  return {.name = "health",
          .service = v1::Item::descriptor()->file()->FindServiceByName(
              "HealthService"),
          .translate = Translate,
          .any_subject = false};
}

}  // namespace vigil::health
