#include "libs/event/kind.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace vigil::event {
namespace {

using v1::Kind;

constexpr absl::string_view kDiscreetLabel = "Held by the organisation: ask it";

constexpr KindTraits Entry(absl::string_view label) { return {.label = label}; }

// An entry that answers another one.
constexpr KindTraits Answer(absl::string_view label) {
  return {.label = label, .about = KindAbout::kEntry};
}

constexpr KindTraits Discreet(absl::string_view label) {
  return {.label = label, .discreet = true};
}

constexpr KindTraits AboutEntry(absl::string_view label, v1::Manner manner,
                                bool hub_only = false) {
  return {.label = label,
          .role = KindRole::kAboutEntry,
          .about = KindAbout::kEntry,
          .manner = manner,
          .hub_only = hub_only};
}

// One event about all of them, under the lowest subject.
constexpr KindTraits Grouping(absl::string_view label, v1::Manner manner) {
  return {.label = label,
          .role = KindRole::kAboutEntry,
          .about = KindAbout::kNamed,
          .manner = manner,
          .hub_only = true};
}

constexpr KindTraits WhoIsWho(absl::string_view label,
                              KindRole role = KindRole::kLink) {
  return {.label = label,
          .role = role,
          .about = KindAbout::kNamed,
          .hub_only = true};
}

constexpr KindTraits Directory(absl::string_view label, bool hub_only = false) {
  return {.label = label, .role = KindRole::kDirectory, .hub_only = hub_only};
}

constexpr KindTraits Own(absl::string_view label, KindRole role) {
  return {.label = label, .role = role, .about = KindAbout::kNamed};
}

constexpr KindTraits Traits(Kind::KindCase kind) {
  switch (kind) {
    case Kind::kSubjectRegistered:
      return Entry("Became known to the agency");
    case Kind::kConcernRaised:
      return Entry("Concern raised");
    case Kind::kConcernAnswered:
      return Answer("Concern answered");
    case Kind::kHelpRequested:
      return Entry("Help requested");
    case Kind::kReferralMade:
      return Entry("Referral made");
    case Kind::kReferralConfirmed:
      return Answer("Referral confirmed in writing");
    case Kind::kReferralAcknowledged:
      return Answer("Referral acknowledged");
    case Kind::kReferralClarified:
      return Answer("Referral clarified");
    case Kind::kReferralChased:
      return Answer("Referral chased");
    case Kind::kReferralDecided:
      return Answer("Referral decided");
    case Kind::kEnquiryMade:
      return Entry("Enquiry made");
    case Kind::kEnquiryAnswered:
      return Answer("Enquiry answered");
    case Kind::kSharingDecided:
      return Answer("Decision on sharing information");
    case Kind::kConsentRecorded:
      return Entry("Consent recorded");
    case Kind::kIncidentAttended:
      return Entry("Incident attended");
    case Kind::kContactMade:
      return Entry("Contact made");
    case Kind::kHomeVisited:
      return Entry("Home visited");
    case Kind::kObservationMade:
      return Entry("Observation made");
    case Kind::kServiceContact:
      return Discreet("Contact with a service");
    case Kind::kServiceOffered:
      return Entry("Service");
    case Kind::kPriorityRated:
      return Answer("Priority rated");
    case Kind::kAssessmentStepped:
      return Entry("Assessment");
    case Kind::kInvestigationStepped:
      return Entry("Investigation");
    case Kind::kMeetingStepped:
      return Entry("Meeting");
    case Kind::kPlanStepped:
      return Entry("Plan");
    case Kind::kProgressReported:
      return Entry("Progress reported");
    case Kind::kMeasureTaken:
      return Entry("Protective or legal measure");
    case Kind::kArrangementChanged:
      return Entry("Living, school or care arrangement changed");
    case Kind::kMissingReported:
      return Entry("Missing episode");
    case Kind::kNoticeGiven:
      return Entry("Notice given");
    case Kind::kResponsibilityChanged:
      return Entry("Responsibility changed");
    case Kind::kRepresentationMade:
      return Entry("Complaint, disagreement or feedback");
    case Kind::kLifeEventRecorded:
      return Entry("Life event");
    case Kind::kAllegationMade:
      return Discreet("Allegation against a professional");
    case Kind::kNeedsIdentified:
      return Entry("Needs identified");
    case Kind::kAdversityRecorded:
      return Entry("Adversity");
    case Kind::kPersonInformed:
      return Entry("Person informed");
    case Kind::kDecisionMade:
      return Answer("Decision made");
    case Kind::kTimescaleChanged:
      return Answer("Time-scale changed");
    case Kind::kAnalysisMade:
      return Answer("Analysis");
    case Kind::kSupervisionHeld:
      return Entry("Supervision");
    case Kind::kCaseAudited:
      return Entry("Case audited");
    case Kind::kRelationshipStated:
      return Entry("Relationship");
    case Kind::kHouseholdDescribed:
      return Entry("Household");
    case Kind::kIdentifierSuperseded:
      return Entry("Identifier superseded");
    case Kind::kRetentionStated:
      return Entry("Retention of the record");
    case Kind::kSubjectAccessStepped:
      return Entry("Access request");
    case Kind::kDeliveryReceipted:
      return Directory("Delivery receipt");
    case Kind::kEntryWithdrawn:
      return AboutEntry("Entry withdrawn", v1::MANNER_WITHDRAWS);
    case Kind::kSignificanceJudged:
      return AboutEntry("Significance judged", v1::MANNER_JUDGES);
    case Kind::kEntriesGrouped:
      return Grouping("Entries grouped", v1::MANNER_GROUPS);
    case Kind::kEntriesUngrouped:
      return Grouping("Entries ungrouped", v1::MANNER_UNGROUPS);
    case Kind::kEntryReassigned:
      return AboutEntry("Entry moved to another record", v1::MANNER_REASSIGNS,
                        true);
    case Kind::kTargetSettled:
      return AboutEntry("Which entry was meant", v1::MANNER_SETTLES, true);
    case Kind::kSubjectsLinked:
      return WhoIsWho("Records linked as one child");
    case Kind::kLinkRevoked:
      return WhoIsWho("Link revoked", KindRole::kRevocation);
    case Kind::kSubjectsSeparated:
      return WhoIsWho("Records separated: not one child");
    case Kind::kSeparationRevoked:
      return WhoIsWho("Separation revoked", KindRole::kRevocation);
    case Kind::kSubjectRenamed:
      return WhoIsWho("Record reference changed");
    case Kind::kOrganisationDescribed:
      return Directory("Organisation described");
    case Kind::kFunctionHeld:
      return Directory("Function held");
    case Kind::kAgreementRecorded:
      return Directory("Agreement recorded");
    case Kind::kAccessConfirmed:
      return Directory("Access confirmed");
    case Kind::kTermDatesStated:
      return Directory("Term dates");
    case Kind::kTermsMapped:
      return Directory("Terms mapped", true);
    case Kind::kCalendarStated:
      return Directory("Calendar", true);
    case Kind::kSettingsStated:
      return Directory("Settings", true);
    case Kind::kNoticeIssued:
      return Own("Notice issued", KindRole::kNotice);
    case Kind::kRecordViewed:
      return Own("Record viewed", KindRole::kView);
    case Kind::kNamingKeyRegistered:
      return Own("Naming key registered", KindRole::kNamingKey);
    case Kind::kNamingKeyReplaced:
      return Own("Naming key replaced", KindRole::kNamingKey);
    case Kind::KIND_NOT_SET:
      return {};
  }
  return {};
}

// What the descriptors and the switch say, found once.
struct Known {
  absl::flat_hash_map<int, KindTraits> traits;
  absl::flat_hash_map<std::string, Kind::KindCase> kinds;
  absl::flat_hash_map<int, std::string> names;
};

const Known& Table() {
  static const Known* const known = [] {
    auto* made = new Known;
    const auto* oneof = Kind::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < oneof->field_count(); ++i) {
      const auto* field = oneof->field(i);
      const auto kind = static_cast<Kind::KindCase>(field->number());
      made->traits[kind] = Traits(kind);
      made->kinds[field->message_type()->full_name()] = kind;
      made->names[kind] = field->message_type()->full_name();
    }
    made->traits[Kind::KIND_NOT_SET] = Traits(Kind::KIND_NOT_SET);
    return made;
  }();
  return *known;
}

}  // namespace

const KindTraits& TraitsOf(Kind::KindCase kind) {
  const Known& table = Table();
  const auto it = table.traits.find(kind);
  return it == table.traits.end() ? table.traits.at(Kind::KIND_NOT_SET)
                                  : it->second;
}

Kind::KindCase KindOf(absl::string_view type) {
  const Known& table = Table();
  const auto it = table.kinds.find(type);
  return it == table.kinds.end() ? Kind::KIND_NOT_SET : it->second;
}

absl::string_view MessageNameOf(Kind::KindCase kind) {
  const Known& table = Table();
  const auto it = table.names.find(kind);
  return it == table.names.end() ? absl::string_view() : it->second;
}

absl::string_view TypeOf(Kind::KindCase kind) {
  return TraitsOf(kind).discreet ? kDiscreetType : MessageNameOf(kind);
}

bool IsKnownType(absl::string_view type) {
  const Kind::KindCase kind = KindOf(type);
  return type == kDiscreetType ||
         (kind != Kind::KIND_NOT_SET && !TraitsOf(kind).discreet);
}

std::string LabelOf(absl::string_view type) {
  if (type == kDiscreetType) return std::string(kDiscreetLabel);
  if (const Kind::KindCase kind = KindOf(type); kind != Kind::KIND_NOT_SET) {
    return std::string(TraitsOf(kind).label);
  }
  const size_t dot = type.rfind('.');
  std::string label;
  for (const char c :
       dot == absl::string_view::npos ? type : type.substr(dot + 1)) {
    const auto u = static_cast<unsigned char>(c);
    if (!absl::ascii_isupper(u) || label.empty()) {
      label += c;
    } else {
      absl::StrAppend(&label, " ", std::string(1, absl::ascii_tolower(u)));
    }
  }
  return label;
}

}  // namespace vigil::event
