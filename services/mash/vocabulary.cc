#include "services/mash/vocabulary.h"

#include <utility>

#include "libs/service/acts.h"
#include "vigil/mash/v1/mash.pb.h"

namespace vigil::mash {
namespace {

using service::As;
using service::Said;
using service::Statement;
using ::vigil::event::v1::Kind;

Statement Priority(const v1::RatePriorityRequest& request) {
  Kind kind;
  *kind.mutable_priority_rated() = request.priority();
  return Said(request).Fact(std::move(kind));
}

Statement Incident(const v1::RecordIncidentRequest& request) {
  Kind kind;
  *kind.mutable_incident_attended() = request.incident();
  return Said(request).Fact(std::move(kind)).Beside(request.observations());
}

Statement Investigation(const v1::RecordInvestigationRequest& request) {
  Kind kind;
  *kind.mutable_investigation_stepped() = request.investigation();
  return Said(request).Fact(std::move(kind));
}

Statement Measure(const v1::RecordMeasureRequest& request) {
  Kind kind;
  *kind.mutable_measure_taken() = request.measure();
  return Said(request).Fact(std::move(kind));
}

Statement Arrangement(const v1::RecordArrangementRequest& request) {
  Kind kind;
  *kind.mutable_arrangement_changed() = request.arrangement();
  return Said(request).Fact(std::move(kind));
}

Statement Missing(const v1::RecordMissingEpisodeRequest& request) {
  Kind kind;
  *kind.mutable_missing_reported() = request.missing();
  return Said(request).Fact(std::move(kind));
}

Statement Link(const v1::LinkSubjectsRequest& request) {
  Kind kind;
  auto& linked = *kind.mutable_subjects_linked();
  *linked.mutable_subjects() = request.subjects();
  *linked.mutable_basis() = request.basis();
  return Said(request).AboutAll(request.subjects()).Fact(std::move(kind));
}

Statement RevokeLink(const v1::RevokeLinkRequest& request) {
  Kind kind;
  auto& revoked = *kind.mutable_link_revoked();
  revoked.set_event_id(request.event_id());
  *revoked.mutable_basis() = request.basis();
  return Said(request).AboutAll(request.subjects()).Fact(std::move(kind));
}

Statement Separate(const v1::SeparateSubjectsRequest& request) {
  Kind kind;
  auto& separated = *kind.mutable_subjects_separated();
  *separated.mutable_group_a() = request.group_a();
  *separated.mutable_group_b() = request.group_b();
  *separated.mutable_basis() = request.basis();
  return Said(request)
      .AboutAll(request.group_a())
      .AboutAll(request.group_b())
      .Fact(std::move(kind));
}

Statement RevokeSeparation(const v1::RevokeSeparationRequest& request) {
  Kind kind;
  auto& revoked = *kind.mutable_separation_revoked();
  revoked.set_event_id(request.event_id());
  *revoked.mutable_basis() = request.basis();
  return Said(request).AboutAll(request.subjects()).Fact(std::move(kind));
}

Statement Rename(const v1::RenameSubjectRequest& request) {
  Kind kind;
  auto& renamed = *kind.mutable_subject_renamed();
  renamed.set_from_subject(request.from_subject());
  renamed.set_to_subject(request.to_subject());
  return Said(request)
      .About(request.from_subject())
      .About(request.to_subject())
      .Fact(std::move(kind));
}

// Filed where the entry is, as a correction is; it names where the entry goes.
Statement Reassign(const v1::ReassignEntryRequest& request) {
  Kind kind;
  auto& reassigned = *kind.mutable_entry_reassigned();
  reassigned.set_event_id(request.event_id());
  reassigned.set_to_subject(request.to_subject());
  reassigned.set_reason(request.reason());
  return Said(request).About(request.subject()).Fact(std::move(kind));
}

Statement Group(const v1::GroupEntriesRequest& request) {
  Kind kind;
  auto& grouped = *kind.mutable_entries_grouped();
  *grouped.mutable_event_ids() = request.event_ids();
  grouped.set_reason(request.reason());
  return Said(request).AboutAll(request.subjects()).Fact(std::move(kind));
}

Statement Ungroup(const v1::UngroupEntriesRequest& request) {
  Kind kind;
  auto& ungrouped = *kind.mutable_entries_ungrouped();
  *ungrouped.mutable_event_ids() = request.event_ids();
  ungrouped.set_reason(request.reason());
  return Said(request).AboutAll(request.subjects()).Fact(std::move(kind));
}

}  // namespace

Statement Translate(const google::protobuf::Message& request) {
  if (auto* r = As<v1::RatePriorityRequest>(request)) return Priority(*r);
  if (auto* r = As<v1::RecordIncidentRequest>(request)) return Incident(*r);
  if (auto* r = As<v1::RecordInvestigationRequest>(request)) {
    return Investigation(*r);
  }
  if (auto* r = As<v1::RecordMeasureRequest>(request)) return Measure(*r);
  if (auto* r = As<v1::RecordArrangementRequest>(request)) {
    return Arrangement(*r);
  }
  if (auto* r = As<v1::RecordMissingEpisodeRequest>(request)) {
    return Missing(*r);
  }
  if (auto* r = As<v1::LinkSubjectsRequest>(request)) return Link(*r);
  if (auto* r = As<v1::RevokeLinkRequest>(request)) return RevokeLink(*r);
  if (auto* r = As<v1::SeparateSubjectsRequest>(request)) return Separate(*r);
  if (auto* r = As<v1::RevokeSeparationRequest>(request)) {
    return RevokeSeparation(*r);
  }
  if (auto* r = As<v1::RenameSubjectRequest>(request)) return Rename(*r);
  if (auto* r = As<v1::ReassignEntryRequest>(request)) return Reassign(*r);
  if (auto* r = As<v1::GroupEntriesRequest>(request)) return Group(*r);
  if (auto* r = As<v1::UngroupEntriesRequest>(request)) return Ungroup(*r);
  return service::TranslateAct(request);
}

service::Writer Mash() {
  return {.name = "mash",
          .service =
              v1::Item::descriptor()->file()->FindServiceByName("MashService"),
          .translate = Translate,
          .any_subject = true};
}

}  // namespace vigil::mash
