// The published codes of each concept: what rules can hold.
//
// A Concept of a statement has a code of one of these tables, an agency's own
// term, or both (types.proto). A field names its table by the option `codes`. A
// writer refuses a code that its table does not have; a reader shows it as it
// is. Codes are published: they are never renamed, never given another meaning,
// never taken out. But for those of a census there is no "other": what no code
// fits is told in own terms alone. CONCEPTS.md is these tables for readers,
// made by ConceptsMarkdown; a test keeps the two equal.
//
//   IsConceptCode("meeting", meeting.code())
//   if (type.code() == concepts::meeting::kCoreGroup) ...
//
// Threads: safe.
#ifndef VIGIL_LIBS_EVENT_CONCEPTS_H_
#define VIGIL_LIBS_EVENT_CONCEPTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vigil::event {

// Names and codes are lower-case ASCII words joined by '_', at most 40
// characters, and begin with a letter.
struct ConceptCode {
  absl::string_view concept_name;
  absl::string_view code;
  absl::string_view meaning;  // a short phrase
  // Where it comes from, parts joined by "; ": a ConceptSource and the place in
  // it, a fact or requirement of the domain (F7, R31), a paragraph of the
  // guidance (003 2.13h, case B), or "practice".
  absl::string_view source;
};

struct ConceptSource {
  absl::string_view abbreviation;  // "CA 1989"
  absl::string_view title;
};

// All, by concept in the order of ConceptNames().
absl::Span<const ConceptCode> ConceptCodes();

// "meeting", "plan", ...
absl::Span<const absl::string_view> ConceptNames();

// A sentence; empty if there is no such concept.
absl::string_view ConceptDescription(absl::string_view concept_name);

absl::Span<const ConceptSource> ConceptSources();

// One look-up in a hash table each.
bool IsConcept(absl::string_view concept_name);
bool IsConceptCode(absl::string_view concept_name, absl::string_view code);

// Nothing if it is not published.
const ConceptCode* FindConceptCode(absl::string_view concept_name,
                                   absl::string_view code);

// The tables as the text of CONCEPTS.md.
std::string ConceptsMarkdown();

// The codes that rules and views read, by concept. A test finds each in its
// table.
namespace concepts {

namespace referral_outcome {
inline constexpr absl::string_view kInadmissible = "inadmissible";
inline constexpr absl::string_view kWronglyAddressed = "wrongly_addressed";
inline constexpr absl::string_view kNoFurtherAction = "no_further_action";
inline constexpr absl::string_view kEarlyHelp = "early_help";
inline constexpr absl::string_view kAssessment = "assessment";
inline constexpr absl::string_view kSection47 = "section_47";
inline constexpr absl::string_view kImmediateProtection =
    "immediate_protection";
inline constexpr absl::string_view kTransferred = "transferred";
inline constexpr absl::string_view kAlreadyOpen = "already_open";
inline constexpr absl::string_view kOtherService = "other_service";
}  // namespace referral_outcome

namespace meeting_outcome {
inline constexpr absl::string_view kPlanMade = "plan_made";
inline constexpr absl::string_view kNoPlan = "no_plan";
inline constexpr absl::string_view kPlanContinues = "plan_continues";
inline constexpr absl::string_view kPlanEnds = "plan_ends";
inline constexpr absl::string_view kSection47Single = "section_47_single";
inline constexpr absl::string_view kSection47Joint = "section_47_joint";
inline constexpr absl::string_view kNoSection47 = "no_section_47";
}  // namespace meeting_outcome

namespace meeting {
inline constexpr absl::string_view kStrategyDiscussion = "strategy_discussion";
inline constexpr absl::string_view kInitialChildProtectionConference =
    "initial_child_protection_conference";
inline constexpr absl::string_view kReviewChildProtectionConference =
    "review_child_protection_conference";
inline constexpr absl::string_view kTransferInConference =
    "transfer_in_conference";
inline constexpr absl::string_view kPreBirthConference = "pre_birth_conference";
inline constexpr absl::string_view kCoreGroup = "core_group";
inline constexpr absl::string_view kChildInNeedReview = "child_in_need_review";
inline constexpr absl::string_view kLookedAfterReview = "looked_after_review";
inline constexpr absl::string_view kMarac = "marac";
inline constexpr absl::string_view kMappa = "mappa";
inline constexpr absl::string_view kFamilyNetworkMeeting =
    "family_network_meeting";
inline constexpr absl::string_view kFamilyGroupConference =
    "family_group_conference";
inline constexpr absl::string_view kReturnInterview = "return_interview";
inline constexpr absl::string_view kRapidReview = "rapid_review";
inline constexpr absl::string_view kJointCaseAudit = "joint_case_audit";
inline constexpr absl::string_view kReviewOfPlan = "review_of_plan";
inline constexpr absl::string_view kAllegationManagementMeeting =
    "allegation_management_meeting";
}  // namespace meeting

namespace plan {
inline constexpr absl::string_view kChildProtection = "child_protection";
inline constexpr absl::string_view kChildInNeed = "child_in_need";
inline constexpr absl::string_view kCarePlan = "care_plan";
inline constexpr absl::string_view kPathway = "pathway";
inline constexpr absl::string_view kEarlyHelp = "early_help";
inline constexpr absl::string_view kFamilyOwnPlan = "family_own_plan";
inline constexpr absl::string_view kEducationHealthCare =
    "education_health_care";
}  // namespace plan

namespace measure {
inline constexpr absl::string_view kPoliceProtection = "police_protection";
inline constexpr absl::string_view kEmergencyProtectionOrder =
    "emergency_protection_order";
inline constexpr absl::string_view kEmergencyProtectionOrderExtension =
    "emergency_protection_order_extension";
inline constexpr absl::string_view kChildAssessmentOrder =
    "child_assessment_order";
inline constexpr absl::string_view kInterimCareOrder = "interim_care_order";
inline constexpr absl::string_view kCareOrder = "care_order";
inline constexpr absl::string_view kInterimSupervisionOrder =
    "interim_supervision_order";
inline constexpr absl::string_view kSupervisionOrder = "supervision_order";
inline constexpr absl::string_view kPlacementOrder = "placement_order";
inline constexpr absl::string_view kAdoptionOrder = "adoption_order";
inline constexpr absl::string_view kSection20 = "section_20";
inline constexpr absl::string_view kWorkingWithChildrenBar =
    "working_with_children_bar";
}  // namespace measure

namespace arrangement {
inline constexpr absl::string_view kSection20 = "section_20";
inline constexpr absl::string_view kInCare = "in_care";
inline constexpr absl::string_view kLookedAfter = "looked_after";
inline constexpr absl::string_view kKinship = "kinship";
inline constexpr absl::string_view kFamilyNetwork = "family_network";
inline constexpr absl::string_view kKinshipFosterPlacement =
    "kinship_foster_placement";
inline constexpr absl::string_view kPrivateFosteringProposed =
    "private_fostering_proposed";
inline constexpr absl::string_view kPrivateFosteringFound =
    "private_fostering_found";
inline constexpr absl::string_view kPrivateFosteringSatisfied =
    "private_fostering_satisfied";
inline constexpr absl::string_view kPrivateFosteringNotSatisfied =
    "private_fostering_not_satisfied";
inline constexpr absl::string_view kPrivateFosteringAdvised =
    "private_fostering_advised";
inline constexpr absl::string_view kPrivateFosteringProhibited =
    "private_fostering_prohibited";
inline constexpr absl::string_view kPrivateFosteringEnded =
    "private_fostering_ended";
inline constexpr absl::string_view kFosterPlacement = "foster_placement";
inline constexpr absl::string_view kResidentialPlacement =
    "residential_placement";
inline constexpr absl::string_view kAdoptionPlacement = "adoption_placement";
inline constexpr absl::string_view kPlacementMove = "placement_move";
inline constexpr absl::string_view kReturnedToParents = "returned_to_parents";
inline constexpr absl::string_view kCustody = "custody";
inline constexpr absl::string_view kLivesInArea = "lives_in_area";
inline constexpr absl::string_view kFoundInArea = "found_in_area";
inline constexpr absl::string_view kLeftArea = "left_area";
inline constexpr absl::string_view kMovedAddress = "moved_address";
inline constexpr absl::string_view kRefuge = "refuge";
inline constexpr absl::string_view kSchoolAdmitted = "school_admitted";
inline constexpr absl::string_view kSchoolLeft = "school_left";
inline constexpr absl::string_view kMissingFromEducation =
    "missing_from_education";
inline constexpr absl::string_view kSuspended = "suspended";
inline constexpr absl::string_view kExcluded = "excluded";
}  // namespace arrangement

namespace assessment {
inline constexpr absl::string_view kEarlyHelp = "early_help";
inline constexpr absl::string_view kSingle = "single";
inline constexpr absl::string_view kSection17 = "section_17";
inline constexpr absl::string_view kSection47 = "section_47";
inline constexpr absl::string_view kPreBirth = "pre_birth";
inline constexpr absl::string_view kInitialHealth = "initial_health";
inline constexpr absl::string_view kReviewHealth = "review_health";
inline constexpr absl::string_view kChildProtectionMedical =
    "child_protection_medical";
}  // namespace assessment

namespace assessment_factor {
inline constexpr absl::string_view kFactor21 = "factor_21";
}  // namespace assessment_factor

namespace investigation {
inline constexpr absl::string_view kSection47 = "section_47";
inline constexpr absl::string_view kJointSection47 = "joint_section_47";
inline constexpr absl::string_view kCriminal = "criminal";
inline constexpr absl::string_view kAllegationAgainstStaff =
    "allegation_against_staff";
inline constexpr absl::string_view kSeriousIncident = "serious_incident";
}  // namespace investigation

namespace decision {
inline constexpr absl::string_view kStartSection47 = "start_section_47";
inline constexpr absl::string_view kAcceptServiceContribution =
    "accept_service_contribution";
inline constexpr absl::string_view kReopen = "reopen";
inline constexpr absl::string_view kEndChildProtectionPlan =
    "end_child_protection_plan";
inline constexpr absl::string_view kNotifyPanel = "notify_panel";
}  // namespace decision

namespace responsibility {
inline constexpr absl::string_view kCaseOpened = "case_opened";
inline constexpr absl::string_view kCaseClosed = "case_closed";
inline constexpr absl::string_view kCaseReopened = "case_reopened";
inline constexpr absl::string_view kCaseTransferredOut = "case_transferred_out";
inline constexpr absl::string_view kCaseTransferredIn = "case_transferred_in";
inline constexpr absl::string_view kAllocated = "allocated";
inline constexpr absl::string_view kUnallocated = "unallocated";
inline constexpr absl::string_view kLeadSocialWorkerAssigned =
    "lead_social_worker_assigned";
inline constexpr absl::string_view kLeadSocialWorkerEnded =
    "lead_social_worker_ended";
inline constexpr absl::string_view kLeadProfessionalAssigned =
    "lead_professional_assigned";
inline constexpr absl::string_view kLeadProfessionalEnded =
    "lead_professional_ended";
inline constexpr absl::string_view kLeadProfessionalProposed =
    "lead_professional_proposed";
inline constexpr absl::string_view kDeputyAssigned = "deputy_assigned";
inline constexpr absl::string_view kDeputyEnded = "deputy_ended";
inline constexpr absl::string_view kIndependentReviewingOfficerAssigned =
    "independent_reviewing_officer_assigned";
inline constexpr absl::string_view kIndependentReviewingOfficerEnded =
    "independent_reviewing_officer_ended";
}  // namespace responsibility

namespace closure_reason {
inline constexpr absl::string_view kRc2 = "rc2";
inline constexpr absl::string_view kRc8 = "rc8";
inline constexpr absl::string_view kRc9 = "rc9";
}  // namespace closure_reason

namespace representation {
inline constexpr absl::string_view kComplaintStage1 = "complaint_stage_1";
inline constexpr absl::string_view kComplaintStage2 = "complaint_stage_2";
inline constexpr absl::string_view kComplaintStage3 = "complaint_stage_3";
inline constexpr absl::string_view kOmbudsman = "ombudsman";
inline constexpr absl::string_view kJudicialReview = "judicial_review";
inline constexpr absl::string_view kProcedureNotFollowed =
    "procedure_not_followed";
inline constexpr absl::string_view kDisagreementBetweenProfessionals =
    "disagreement_between_professionals";
inline constexpr absl::string_view kEscalationToPartnership =
    "escalation_to_partnership";
inline constexpr absl::string_view kOwnViewBeforeJointView =
    "own_view_before_joint_view";
}  // namespace representation

namespace notice {
inline constexpr absl::string_view kEncompass = "encompass";
inline constexpr absl::string_view kChildProtectionFile =
    "child_protection_file";
inline constexpr absl::string_view kPoliceProtectionNotification =
    "police_protection_notification";
inline constexpr absl::string_view kPoliceProtectionUsed =
    "police_protection_used";
inline constexpr absl::string_view kMissingNotification =
    "missing_notification";
inline constexpr absl::string_view kReportForConference =
    "report_for_conference";
inline constexpr absl::string_view kSeriousIncidentNotification =
    "serious_incident_notification";
inline constexpr absl::string_view kRapidReviewReport = "rapid_review_report";
inline constexpr absl::string_view kPrivateFosteringNotification =
    "private_fostering_notification";
inline constexpr absl::string_view kHomeEducationNotification =
    "home_education_notification";
inline constexpr absl::string_view kLadoReferral = "lado_referral";
}  // namespace notice

namespace relation {
inline constexpr absl::string_view kSelf = "self";
inline constexpr absl::string_view kMother = "mother";
inline constexpr absl::string_view kFather = "father";
inline constexpr absl::string_view kSibling = "sibling";
inline constexpr absl::string_view kUnbornChildOf = "unborn_child_of";
inline constexpr absl::string_view kPrivateFosterCarer = "private_foster_carer";
inline constexpr absl::string_view kPartnerOfParent = "partner_of_parent";
inline constexpr absl::string_view kPosesRiskTo = "poses_risk_to";
}  // namespace relation

namespace function {
inline constexpr absl::string_view kDirectorOfChildrensServices =
    "director_of_childrens_services";
inline constexpr absl::string_view kLeadMember = "lead_member";
inline constexpr absl::string_view kIcbExecutiveLead = "icb_executive_lead";
inline constexpr absl::string_view kPartnershipChair = "partnership_chair";
inline constexpr absl::string_view kSeniorSafeguardingLead =
    "senior_safeguarding_lead";
inline constexpr absl::string_view kDesignatedSafeguardingLead =
    "designated_safeguarding_lead";
inline constexpr absl::string_view kSocialWorker = "social_worker";
inline constexpr absl::string_view kTeamManager = "team_manager";
inline constexpr absl::string_view kServiceManager = "service_manager";
inline constexpr absl::string_view kIndependentReviewingOfficer =
    "independent_reviewing_officer";
inline constexpr absl::string_view kConferenceChair = "conference_chair";
inline constexpr absl::string_view kLado = "lado";
inline constexpr absl::string_view kHubCoordinator = "hub_coordinator";
inline constexpr absl::string_view kAccessAuthoriser = "access_authoriser";
}  // namespace function

namespace incident_role {
inline constexpr absl::string_view kVictim = "victim";
inline constexpr absl::string_view kVictimInOwnRight = "victim_in_own_right";
inline constexpr absl::string_view kAllegedPerpetrator = "alleged_perpetrator";
inline constexpr absl::string_view kSuspect = "suspect";
inline constexpr absl::string_view kAbsentButAffected = "absent_but_affected";
}  // namespace incident_role

namespace met_with {
inline constexpr absl::string_view kChild = "child";
inline constexpr absl::string_view kChildAlone = "child_alone";
}  // namespace met_with

namespace harm_category {
inline constexpr absl::string_view kNeglect = "neglect";
inline constexpr absl::string_view kPhysical = "physical";
inline constexpr absl::string_view kSexual = "sexual";
inline constexpr absl::string_view kEmotional = "emotional";
inline constexpr absl::string_view kMultiple = "multiple";
inline constexpr absl::string_view kDomesticAbuse = "domestic_abuse";
inline constexpr absl::string_view kNoAbuse = "no_abuse";
}  // namespace harm_category

namespace section_17_limb {
inline constexpr absl::string_view kA = "a";
inline constexpr absl::string_view kB = "b";
inline constexpr absl::string_view kC = "c";
}  // namespace section_17_limb

namespace quantity {
inline constexpr absl::string_view kWeight = "weight";
inline constexpr absl::string_view kAttendanceRate = "attendance_rate";
inline constexpr absl::string_view kAbsenceRate = "absence_rate";
}  // namespace quantity

namespace source_of_referral {
inline constexpr absl::string_view kSource1a = "source_1a";
inline constexpr absl::string_view kSource2a = "source_2a";
inline constexpr absl::string_view kSource6 = "source_6";
inline constexpr absl::string_view kSource9 = "source_9";
inline constexpr absl::string_view kSource10 = "source_10";
}  // namespace source_of_referral

namespace presence {
inline constexpr absl::string_view kLivesInArea = "lives_in_area";
inline constexpr absl::string_view kFoundInArea = "found_in_area";
inline constexpr absl::string_view kLivesAndFoundInArea =
    "lives_and_found_in_area";
}  // namespace presence

namespace retention_class {
inline constexpr absl::string_view kChildInNeed = "child_in_need";
inline constexpr absl::string_view kChildProtection = "child_protection";
inline constexpr absl::string_view kLookedAfter = "looked_after";
inline constexpr absl::string_view kAdoption = "adoption";
}  // namespace retention_class

namespace access {
inline constexpr absl::string_view kTraining = "training";
inline constexpr absl::string_view kVetting = "vetting";
inline constexpr absl::string_view kReadingConfirmed = "reading_confirmed";
inline constexpr absl::string_view kRecertified = "recertified";
}  // namespace access

namespace clock {
inline constexpr absl::string_view kTelephoneConfirmation =
    "telephone_confirmation";
inline constexpr absl::string_view kAcknowledgement = "acknowledgement";
inline constexpr absl::string_view kChase = "chase";
inline constexpr absl::string_view kDecision = "decision";
inline constexpr absl::string_view kAssessment = "assessment";
inline constexpr absl::string_view kStrategy = "strategy";
inline constexpr absl::string_view kInitialConferenceFromStrategy =
    "initial_conference_from_strategy";
inline constexpr absl::string_view kInitialConferenceFromSection47 =
    "initial_conference_from_section_47";
inline constexpr absl::string_view kTransferInConference =
    "transfer_in_conference";
inline constexpr absl::string_view kCoreGroupFirst = "core_group_first";
inline constexpr absl::string_view kCoreGroupNext = "core_group_next";
inline constexpr absl::string_view kReviewFirst = "review_first";
inline constexpr absl::string_view kReviewNext = "review_next";
inline constexpr absl::string_view kPreBirthReview = "pre_birth_review";
inline constexpr absl::string_view kPreBirthReviewMotherUnfit =
    "pre_birth_review_mother_unfit";
inline constexpr absl::string_view kPoliceProtection = "police_protection";
inline constexpr absl::string_view kEmergencyProtection =
    "emergency_protection";
inline constexpr absl::string_view kEmergencyProtectionExtension =
    "emergency_protection_extension";
inline constexpr absl::string_view kEncompass = "encompass";
inline constexpr absl::string_view kSeriousIncidentNotification =
    "serious_incident_notification";
inline constexpr absl::string_view kRapidReview = "rapid_review";
inline constexpr absl::string_view kSeriousIncidentReport =
    "serious_incident_report";
inline constexpr absl::string_view kSchoolFile = "school_file";
inline constexpr absl::string_view kMashRed = "mash_red";
inline constexpr absl::string_view kMashAmber = "mash_amber";
inline constexpr absl::string_view kMashGreen = "mash_green";
inline constexpr absl::string_view kSeenChildProtection =
    "seen_child_protection";
inline constexpr absl::string_view kSeenOtherwise = "seen_otherwise";
inline constexpr absl::string_view kNotSeen = "not_seen";
inline constexpr absl::string_view kSubjectAccess = "subject_access";
inline constexpr absl::string_view kBreach = "breach";
inline constexpr absl::string_view kProgressReport = "progress_report";
inline constexpr absl::string_view kSharingDecisionRecord =
    "sharing_decision_record";
inline constexpr absl::string_view kPlanReview = "plan_review";
inline constexpr absl::string_view kAction = "action";
inline constexpr absl::string_view kChildProtectionVisit =
    "child_protection_visit";
inline constexpr absl::string_view kLookedAfterReviewFirst =
    "looked_after_review_first";
inline constexpr absl::string_view kLookedAfterReviewSecond =
    "looked_after_review_second";
inline constexpr absl::string_view kLookedAfterReviewNext =
    "looked_after_review_next";
inline constexpr absl::string_view kLookedAfterVisit = "looked_after_visit";
inline constexpr absl::string_view kInitialHealthAssessment =
    "initial_health_assessment";
inline constexpr absl::string_view kReviewHealthAssessment =
    "review_health_assessment";
inline constexpr absl::string_view kPrivateFosteringVisit =
    "private_fostering_visit";
inline constexpr absl::string_view kPrivateFosteringVisitNext =
    "private_fostering_visit_next";
inline constexpr absl::string_view kReturnInterview = "return_interview";
inline constexpr absl::string_view kEnquiryAnswer = "enquiry_answer";
inline constexpr absl::string_view kStored = "stored";
inline constexpr absl::string_view kOpened = "opened";
inline constexpr absl::string_view kOutcomeToReferrer = "outcome_to_referrer";
inline constexpr absl::string_view kOutcomeToChild = "outcome_to_child";
inline constexpr absl::string_view kConcernAnswer = "concern_answer";
inline constexpr absl::string_view kComplaintStage1 = "complaint_stage_1";
inline constexpr absl::string_view kComplaintStage2 = "complaint_stage_2";
inline constexpr absl::string_view kComplaintStage3 = "complaint_stage_3";
inline constexpr absl::string_view kDisagreementResolution =
    "disagreement_resolution";
inline constexpr absl::string_view kAllegationToLado = "allegation_to_lado";
inline constexpr absl::string_view kEducationHealthCareNeeds =
    "education_health_care_needs";
inline constexpr absl::string_view kAccessRecertification =
    "access_recertification";
inline constexpr absl::string_view kTrainingExpiry = "training_expiry";
inline constexpr absl::string_view kVettingExpiry = "vetting_expiry";
inline constexpr absl::string_view kLeadWorkerGap = "lead_worker_gap";
inline constexpr absl::string_view kAllocation = "allocation";
}  // namespace clock

namespace told_about {
inline constexpr absl::string_view kReferral = "referral";
inline constexpr absl::string_view kReferralOutcome = "referral_outcome";
inline constexpr absl::string_view kDecision = "decision";
inline constexpr absl::string_view kReasonsViewsNotFollowed =
    "reasons_views_not_followed";
inline constexpr absl::string_view kPlan = "plan";
inline constexpr absl::string_view kAdvocacy = "advocacy";
inline constexpr absl::string_view kFamilyNotTold = "family_not_told";
}  // namespace told_about

}  // namespace concepts

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_CONCEPTS_H_
