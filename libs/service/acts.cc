#include "libs/service/acts.h"

#include <optional>
#include <utility>

#include "libs/base/check.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
using ::google::protobuf::Message;
using ::vigil::event::v1::Kind;

// If the request is a Request: that `part` of it, as that `kind`.
template <typename Request, typename Fact>
std::optional<Statement> Try(const Message& request,
                             const Fact& (Request::*part)() const,
                             Fact* (Kind::*kind)()) {
  const Request* act = As<Request>(request);
  if (act == nullptr) return std::nullopt;
  Kind fact;
  *(fact.*kind)() = (act->*part)();
  return Said(*act).Fact(std::move(fact));
}

}  // namespace

Statement TranslateAct(const Message& request) {
  if (const auto* act = As<common::RaiseConcernRequest>(request)) {
    Kind concern;
    *concern.mutable_concern_raised() = act->concern();
    return Said(*act).Fact(std::move(concern)).Beside(act->observations());
  }
  // One line for each act: the request, its part, the kind that it becomes.
  std::optional<Statement> said;
  if (!said)
    said = Try(request, &common::RegisterPersonRequest::registration,
               &Kind::mutable_subject_registered);
  if (!said)
    said = Try(request, &common::MakeReferralRequest::referral,
               &Kind::mutable_referral_made);
  if (!said)
    said = Try(request, &common::ConfirmReferralRequest::confirmation,
               &Kind::mutable_referral_confirmed);
  if (!said)
    said = Try(request, &common::AcknowledgeReferralRequest::acknowledgement,
               &Kind::mutable_referral_acknowledged);
  if (!said)
    said = Try(request, &common::DecideReferralRequest::decision,
               &Kind::mutable_referral_decided);
  if (!said)
    said = Try(request, &common::MakeEnquiryRequest::enquiry,
               &Kind::mutable_enquiry_made);
  if (!said)
    said = Try(request, &common::AnswerEnquiryRequest::answer,
               &Kind::mutable_enquiry_answered);
  if (!said)
    said = Try(request, &common::DecideSharingRequest::decision,
               &Kind::mutable_sharing_decided);
  if (!said)
    said = Try(request, &common::RecordConsentRequest::consent,
               &Kind::mutable_consent_recorded);
  if (!said)
    said = Try(request, &common::RecordContactRequest::contact,
               &Kind::mutable_contact_made);
  if (!said)
    said = Try(request, &common::RecordHomeVisitRequest::visit,
               &Kind::mutable_home_visited);
  if (!said)
    said = Try(request, &common::RecordObservationRequest::observation,
               &Kind::mutable_observation_made);
  if (!said)
    said = Try(request, &common::RecordServiceRequest::service,
               &Kind::mutable_service_offered);
  if (!said)
    said = Try(request, &common::RecordAssessmentRequest::assessment,
               &Kind::mutable_assessment_stepped);
  if (!said)
    said = Try(request, &common::RecordMeetingRequest::meeting,
               &Kind::mutable_meeting_held);
  if (!said)
    said = Try(request, &common::RecordPlanRequest::plan,
               &Kind::mutable_plan_stepped);
  if (!said)
    said = Try(request, &common::ReportProgressRequest::progress,
               &Kind::mutable_progress_reported);
  if (!said)
    said = Try(request, &common::RecordNoticeRequest::notice,
               &Kind::mutable_notice_given);
  if (!said)
    said = Try(request, &common::RecordRepresentationRequest::representation,
               &Kind::mutable_representation_made);
  if (!said)
    said = Try(request, &common::RecordLifeEventRequest::life_event,
               &Kind::mutable_life_event_recorded);
  if (!said)
    said = Try(request, &common::RecordAllegationRequest::allegation,
               &Kind::mutable_allegation_made);
  if (!said)
    said = Try(request, &common::CorrectRequest::correction,
               &Kind::mutable_entry_corrected);
  if (!said)
    said = Try(request, &common::SupplementRequest::supplement,
               &Kind::mutable_entry_supplemented);
  if (!said)
    said = Try(request, &common::WithdrawRequest::withdrawal,
               &Kind::mutable_entry_withdrawn);
  if (!said)
    said = Try(request, &common::JudgeSignificanceRequest::judgement,
               &Kind::mutable_significance_judged);
  Check(said.has_value(), "an act that no vocabulary translates");
  return *std::move(said);
}

}  // namespace vigil::service
