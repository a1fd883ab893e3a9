#include "services/social_care/vocabulary.h"

#include <string>
#include <utility>

#include "libs/service/acts.h"
#include "vigil/social_care/v1/social_care.pb.h"

namespace vigil::social_care {
namespace {

using service::As;
using service::Said;
using service::Statement;
using ::vigil::event::v1::Kind;
using ::vigil::event::v1::ResponsibilityChanged;

Statement Priority(const v1::RatePriorityRequest& request) {
  Kind kind;
  *kind.mutable_priority_rated() = request.priority();
  return Said(request).Fact(std::move(kind));
}

Statement Enquiries(const v1::RecordEnquiriesRequest& request) {
  Kind kind;
  auto& enquiries = *kind.mutable_investigation_stepped();
  enquiries.set_stage(request.stage());
  auto& type = *enquiries.mutable_type();
  type.set_system("Children Act 1989");
  type.set_code("s47");
  type.set_display("Section 47 enquiries");
  if (request.has_outcome()) *enquiries.mutable_outcome() = request.outcome();
  enquiries.set_substantiated(request.substantiated());
  enquiries.set_unmet_needs_considered(request.unmet_needs_considered());
  enquiries.set_services_offered(request.services_offered());
  return Said(request).Fact(std::move(kind));
}

Statement Order(const v1::RecordOrderRequest& request) {
  Kind kind;
  *kind.mutable_measure_taken() = request.measure();
  return Said(request).Fact(std::move(kind));
}

Statement Placement(const v1::RecordPlacementRequest& request) {
  Kind kind;
  *kind.mutable_arrangement_changed() = request.arrangement();
  return Said(request).Fact(std::move(kind));
}

// A change of responsibility whose type is ours where the sender states none.
ResponsibilityChanged Responsibility(const std::string& code,
                                     const std::string& display) {
  ResponsibilityChanged change;
  change.mutable_type()->set_system("vigil.social_care");
  change.mutable_type()->set_code(code);
  change.mutable_type()->set_display(display);
  return change;
}

template <typename Request>
Statement Changed(const Request& request, ResponsibilityChanged change) {
  Kind kind;
  *kind.mutable_responsibility_changed() = std::move(change);
  return Said(request).Fact(std::move(kind));
}

Statement LeadWorker(const v1::AssignLeadWorkerRequest& request) {
  ResponsibilityChanged change =
      Responsibility("LEAD_WORKER", "Lead worker changed");
  if (request.has_from()) *change.mutable_from() = request.from();
  if (request.has_to()) *change.mutable_to() = request.to();
  return Changed(request, std::move(change));
}

Statement Transfer(const v1::TransferCaseRequest& request) {
  ResponsibilityChanged change =
      Responsibility("TRANSFERRED", "Case transferred");
  if (request.has_direction()) *change.mutable_type() = request.direction();
  if (request.has_other()) *change.mutable_other() = request.other();
  change.set_reason(request.reason());
  return Changed(request, std::move(change));
}

Statement Opened(const v1::OpenCaseRequest& request) {
  ResponsibilityChanged change = Responsibility("OPENED", "Case opened");
  if (request.has_type()) *change.mutable_type() = request.type();
  return Changed(request, std::move(change));
}

Statement Closed(const v1::CloseCaseRequest& request) {
  ResponsibilityChanged change = Responsibility("CLOSED", "Case closed");
  if (request.has_type()) *change.mutable_type() = request.type();
  if (request.has_closure_reason()) {
    *change.mutable_closure_reason() = request.closure_reason();
  }
  return Changed(request, std::move(change));
}

}  // namespace

Statement Translate(const google::protobuf::Message& request) {
  if (auto* r = As<v1::RatePriorityRequest>(request)) return Priority(*r);
  if (auto* r = As<v1::RecordEnquiriesRequest>(request)) return Enquiries(*r);
  if (auto* r = As<v1::RecordOrderRequest>(request)) return Order(*r);
  if (auto* r = As<v1::RecordPlacementRequest>(request)) return Placement(*r);
  if (auto* r = As<v1::AssignLeadWorkerRequest>(request)) return LeadWorker(*r);
  if (auto* r = As<v1::TransferCaseRequest>(request)) return Transfer(*r);
  if (auto* r = As<v1::OpenCaseRequest>(request)) return Opened(*r);
  if (auto* r = As<v1::CloseCaseRequest>(request)) return Closed(*r);
  return service::TranslateAct(request);
}

service::Writer SocialCare() {
  return {.name = "social_care",
          .service = v1::Item::descriptor()->file()->FindServiceByName(
              "SocialCareService"),
          .translate = Translate,
          .any_subject = false};
}

}  // namespace vigil::social_care
