// What happens in a synthetic area.
#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/event/concepts.h"
#include "tools/vigil/synthetic_world.h"

namespace vigil::cli {
namespace {

namespace ev = event::v1;
namespace concepts = event::concepts;

const Word kAttendances[] = {
    {"injury", "ED-INJ", "Injury",
     "Brought to the emergency department with an injury"},
    {"fever_or_infection", "ED-ILL", "Acute illness",
     "Seen in the emergency department, unwell"},
    {"burn_or_scald", "ED-BURN", "Burn or scald",
     "Scald to the hand, said to be from a cup"},
    {"ingestion", "ED-ING", "Ingestion", "Swallowed a household product"},
    {"fall", "MIU", "Minor injury", "Attended the minor injury unit"}};
const Word kAbsences[] = {
    {"unexplained_absence", "UNAUTH", "Unauthorised absence",
     "Absent without explanation this week"},
    {"persistent_absence", "PERSIST", "Persistent absence",
     "Missed more than a tenth of sessions"},
    {"severe_absence", "SEVERE", "Severe absence",
     "Missed half of all sessions or more"}};
const Word kConcerns[] = {
    {concepts::harm_category::kNeglect, "NEG", "Neglect",
     "Comes to school hungry and without a coat"},
    {concepts::harm_category::kEmotional, "EMO", "Emotional harm",
     "Withdrawn and afraid to go home"},
    {concepts::harm_category::kPhysical, "PHY", "Physical harm",
     "Bruise to the upper arm, two explanations"},
    {"online_grooming", "ONL", "Online harm",
     "Contacted by an adult in a game"}};
const Word kDomesticAbuse = {concepts::harm_category::kDomesticAbuse, "DA",
                             "Domestic abuse",
                             "Domestic abuse attended; children in the home"};
const Word kPoliceIncidents[] = {
    kDomesticAbuse,
    {"anti_social_behaviour", "ASB", "Neighbour dispute",
     "Dispute between neighbours attended"},
    {"child_left_alone", "WEL", "Concern for welfare",
     "Welfare check at the request of a caller"},
    {"warrant_executed", "DRUG", "Drugs found",
     "Warrant executed; drugs found in the kitchen"}};
const Word kDamp = {"damp_or_mould", "HHSRS-1", "Damp and mould growth",
                    "Damp in the bedrooms"};
const Word kRepaired = {"hazard_repaired", "REPAIRED", "Hazard repaired",
                        "Damp treated; window catch repaired"};
const Word kFamilySupport = {"family_support", "FS", "Family support"};
const absl::string_view kWhereabouts[] = {"In an upstairs bedroom.",
                                          "On the stairs.", "In the kitchen.",
                                          "Asleep in the cot."};
// Of a former system, whose terms nobody has mapped.
const Word kFormerTerms[] = {{"", "NEG/2", "Neglect - low"},
                             {"", "CPC-R", "Case conference review"},
                             {"", "NFA", "No further action"}};

ev::Concept Former(const Word& word) {
  ev::Concept said;
  said.mutable_own()->set_system("former-cases");
  said.mutable_own()->set_code(std::string(word.own_code));
  said.mutable_own()->set_display(std::string(word.display));
  return said;
}

ev::Function FunctionOf(size_t desk, absl::string_view code) {
  ev::Function function;
  *function.mutable_organisation() = OrganisationOf(desk);
  *function.mutable_function() = Code(code);
  return function;
}

void AddAction(absl::string_view what, size_t desk, absl::string_view function,
               ev::ActionAgreed* action) {
  action->set_action(std::string(what));
  *action->mutable_owner()->mutable_body() = FunctionOf(desk, function);
}

}  // namespace

absl::Duration SyntheticArea::World::Days(int least, int most) {
  const absl::Duration days = absl::Hours(24 * random_.Between(least, most));
  return days + absl::Minutes(random_.Between(0, 300));
}

absl::Time SyntheticArea::World::Now() {
  return clock_ - absl::Minutes(random_.Between(1, 3000));
}

std::string SyntheticArea::World::NewConversation() {
  return absl::StrFormat("northshire-%d-%07d", options_.seed, ++conversations_);
}

ev::IncidentRef SyntheticArea::World::NewIncident(absl::Time t) {
  ev::IncidentRef incident;
  incident.set_issuer("police:99");
  incident.set_id(absl::StrFormat("%s-%06d", DayText(t), ++incidents_));
  return incident;
}

void SyntheticArea::World::TellStory() {
  using Story = void (World::*)(Family&);
  struct Share {
    int per_mille;
    Story story;
  };
  // Roughly what an authority's agencies send: most of it everyday health and
  // school, a referral and its steps now and then, protection rarely.
  static constexpr Share kShares[] = {
      {125, &World::RoutineContact},
      {120, &World::Attendance},
      {65, &World::WasNotBrought},
      {105, &World::Weight},
      {20, &World::Practice},
      {20, &World::SensitiveContact},
      {85, &World::HomeVisit},
      {147, &World::Absence},
      {70, &World::SchoolConcern},
      {20, &World::SchoolChange},
      {60, &World::PoliceIncident},
      {20, &World::Missing},
      {3, &World::Protection},
      {40, &World::Referral},
      {15, &World::Enquiry},
      {20, &World::EarlyHelp},
      {12, &World::Housing},
      {8, &World::Probation},
      {12, &World::FamilyProject},
      {8, &World::Household},
      {5, &World::History},
      {6, &World::Unborn},
      {6, &World::Birth},
      {8, &World::Directory},
  };
  static_assert([] {
    int all = 0;
    for (const Share& share : kShares) all += share.per_mille;
    return all;
  }() == 1000);
  int draw = random_.Between(0, 999);
  for (const Share& share : kShares) {
    draw -= share.per_mille;
    if (draw < 0) {
      (this->*share.story)(PickFamily());
      return;
    }
  }
}

void SyntheticArea::World::RoutineContact(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  const size_t desk = random_.Chance(500)   ? kPractice
                      : random_.Chance(400) ? kSocialCare
                                            : kHealthVisiting;
  Telling told = Begin(desk, t, {child}, "Spoke with the family; nothing new");
  ev::ContactMade* contact = told.said.mutable_contact_made();
  *contact->mutable_mode() =
      Code(random_.Chance(500) ? "telephone" : "face_to_face");
  *contact->add_met_with() = Code("mother");
  *contact->mutable_purpose() = Code("routine_check");
  contact->set_attendance(ev::ATTENDANCE_ATTENDED);
  if (random_.Chance(600)) SeeEach(&told);
  Send(told);
}

void SyntheticArea::World::Attendance(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  const Word& word = random_.Pick(kAttendances);
  Telling told = Begin(kHospital, t, {child}, word.headline);
  ev::ContactMade* contact = told.said.mutable_contact_made();
  *contact->mutable_setting() = Code("emergency_department");
  *contact->mutable_purpose() = Code("urgent_care");
  *contact->mutable_presenting_problem() = Say(kHospital, word);
  contact->set_attendance(ev::ATTENDANCE_ATTENDED);
  const bool baby = t - At(child->born) < absl::Hours(24 * 200);
  contact->set_non_mobile_injury(word.code == "injury" && baby
                                     ? ev::ANSWER_YES
                                     : ev::ANSWER_NOT_APPLICABLE);
  contact->set_left_before_seen(random_.Chance(60) ? ev::ANSWER_YES
                                                   : ev::ANSWER_NO);
  SeeEach(&told);
  if (random_.Chance(100)) ObserveEach(&told);
  if (random_.Chance(200)) {
    Involve(family, family.mother, "carer", &told);
  }
  Send(told);
}

void SyntheticArea::World::WasNotBrought(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  const size_t desk = random_.Chance(600) ? kHospital : kHealthVisiting;
  Telling told = Begin(desk, t, {child}, "Was not brought to the appointment");
  ev::ContactMade* contact = told.said.mutable_contact_made();
  *contact->mutable_mode() = Code("appointment");
  contact->set_attendance(ev::ATTENDANCE_WAS_NOT_BROUGHT);
  contact->mutable_planned_for()->set_date(DayText(t));
  if (random_.Chance(500)) {
    contact->mutable_next_planned()->set_date(
        DayText(t + absl::Hours(24 * 28)));
  }
  ev::Seen* seen = told.said.mutable_about(0)->mutable_seen();
  seen->set_seen(ev::ANSWER_NO);
  seen->set_not_seen_reason("Was not brought.");
  Send(told);
}

void SyntheticArea::World::Weight(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 0, 4));
  if (child == nullptr) return;
  const double months = 12 * Years(t - At(child->born));
  Telling told = Begin(kHealthVisiting, t, {child}, "Weighed at the clinic");
  ev::ObservationMade* observation = told.said.mutable_observation_made();
  ev::Measurement* weight = observation->mutable_measurement();
  *weight->mutable_quantity() = Code(concepts::quantity::kWeight);
  ev::CodedTerm* own = weight->mutable_quantity()->mutable_own();
  own->set_system("http://snomed.info/sct");
  own->set_code("27113001");
  own->set_display("Body weight");
  const int grams = 3300 + static_cast<int>(months * 350) -
                    static_cast<int>(months * months * 3) +
                    random_.Between(-400, 400);
  weight->set_value(absl::StrFormat("%d.%d", grams / 1000, grams / 100 % 10));
  weight->set_unit("kg");
  const bool faltering = random_.Chance(150);
  weight->set_centile(faltering ? "0.4th to 2nd" : "25th to 50th");
  observation->set_bearing(faltering ? ev::BEARING_CONCERN
                                     : ev::BEARING_NEUTRAL);
  if (faltering) *observation->mutable_indicator() = Code("weight_faltering");
  SeeEach(&told);
  Send(told);
}

void SyntheticArea::World::Practice(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  Telling told =
      Begin(kPractice, t, {child}, "Registration with the practice changed");
  const bool registered = random_.Chance(700);
  ev::ArrangementChanged* changed = told.said.mutable_arrangement_changed();
  changed->set_stage(registered ? ev::STAGE_STARTED : ev::STAGE_COMPLETED);
  *changed->mutable_type() =
      Code(registered ? "gp_registered" : "gp_deregistered");
  *changed->mutable_provider() = OrganisationOf(kPractice);
  changed->mutable_effective()->set_date(DayText(t));
  Send(told);
}

void SyntheticArea::World::SensitiveContact(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 11, 17));
  if (child == nullptr) return;
  const size_t desk = random_.Chance(700) ? kHospital : kFamilyCharity;
  Telling told = Begin(desk, t, {child}, "A service was in contact");
  ev::ServiceContact* contact = told.said.mutable_service_contact();
  *contact->mutable_service() =
      Code(desk == kHospital ? "sexual_health" : "counselling");
  contact->set_consent(ev::CONSENT_STATUS_GIVEN);
  contact->set_significant_harm(ev::ANSWER_NO);
  Send(told);
}

void SyntheticArea::World::HomeVisit(Family& family) {
  const absl::Time t = Now();
  const People children = Born(family, t);
  if (children.empty()) return;
  const bool young = t - At(children.back()->born) < absl::Hours(24 * 365 * 5);
  const size_t desk =
      young && random_.Chance(700) ? kHealthVisiting : kSocialCare;
  const int kind = random_.Between(0, 99);
  const ev::VisitOutcome outcome = kind < 70   ? ev::VISIT_OUTCOME_SEEN
                                   : kind < 92 ? ev::VISIT_OUTCOME_NO_ACCESS
                                               : ev::VISIT_OUTCOME_REFUSED;
  // A health visitor comes for the youngest, a social worker for all.
  Telling told = Begin(
      desk, t, desk == kSocialCare ? children : People{children.back()},
      outcome == ev::VISIT_OUTCOME_SEEN        ? "Visited at home"
      : outcome == ev::VISIT_OUTCOME_NO_ACCESS ? "Home visit: nobody answered"
                                               : "Home visit: refused entry");
  ev::HomeVisited* visit = told.said.mutable_home_visited();
  visit->set_outcome(outcome);
  *visit->mutable_purpose() =
      Code(desk == kSocialCare ? "assessment" : "health_routine");
  visit->set_announced(random_.Chance(700) ? ev::ANSWER_YES : ev::ANSWER_NO);
  if (outcome == ev::VISIT_OUTCOME_SEEN) {
    SeeEach(&told);
    if (random_.Chance(200)) *visit->add_conditions() = Code("overcrowding");
    if (random_.Chance(300)) {
      InvolveAdults(family, "present", "present", &told);
    }
  } else {
    for (ev::About& about : *told.said.mutable_about()) {
      about.mutable_seen()->set_seen(ev::ANSWER_NO);
      about.mutable_seen()->set_not_seen_reason("Nobody let us in.");
    }
    visit->mutable_next_planned()->set_date(DayText(NextWorkingDay(t)));
  }
  Send(told);
}

void SyntheticArea::World::Absence(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 5, 15));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  const Word& word = random_.Pick(kAbsences);
  Telling told = Begin(desk, t, {child}, word.headline);
  ev::ObservationMade* observation = told.said.mutable_observation_made();
  *observation->mutable_indicator() = Say(desk, word);
  observation->set_bearing(ev::BEARING_CONCERN);
  ev::Measurement* missed = observation->mutable_measurement();
  *missed->mutable_quantity() = Code(concepts::quantity::kAbsenceRate);
  const bool severe = word.code == "severe_absence";
  missed->set_value(
      absl::StrCat(severe ? random_.Between(50, 90) : random_.Between(2, 35)));
  missed->set_unit("%");
  ev::Interval& week =
      *told.said.mutable_account()->mutable_occurred()->mutable_interval();
  week.mutable_since()->set_date(DayText(t - absl::Hours(24 * 7)));
  week.mutable_until()->set_date(DayText(t));
  Send(told);
}

void SyntheticArea::World::SchoolConcern(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 4, 16));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  if (random_.Chance(350)) {
    Telling told =
        Begin(desk, t, {child}, "Something happened in school today");
    *told.said.mutable_incident_attended()->mutable_incident() =
        Say(desk, {"disclosure", "DISCL", "Disclosure"});
    told.said.mutable_about(0)->set_present(ev::ANSWER_YES);
    *told.said.mutable_place()->mutable_type() = Code("school");
    SeeEach(&told);
    Send(told);
    return;
  }
  const Word& word = random_.Pick(kConcerns);
  Telling told = Begin(desk, t, {child}, word.headline);
  ev::ConcernRaised* concern = told.said.mutable_concern_raised();
  *concern->add_categories() = Say(desk, word);
  concern->set_urgency(random_.Chance(100) ? ev::URGENCY_URGENT
                                           : ev::URGENCY_ROUTINE);
  concern->set_significant_harm(random_.Chance(100) ? ev::ANSWER_YES
                                                    : ev::ANSWER_NOT_KNOWN);
  concern->set_basis("Seen by two members of staff.");
  SeeEach(&told);
  if (random_.Chance(200)) {
    TellInformant("neighbour", ev::CONFIDENTIALITY_CONFIDENTIAL, &told);
  }
  if (random_.Chance(300)) ObserveEach(&told);
  const bool to_the_hub = random_.Chance(400);
  if (to_the_hub) *concern->mutable_addressee() = OrganisationOf(kHub);
  Send(told);
  if (!to_the_hub || random_.Chance(200)) return;
  Telling answer =
      Begin(kHub, t + Days(1, 10), {child}, "Answered the school's concern");
  ev::ConcernAnswered* answered = answer.said.mutable_concern_answered();
  *answered->mutable_concern() = Ref(told, kHub);
  *answered->mutable_answer() = Code("advice_given");
  Send(answer);
}

void SyntheticArea::World::SchoolChange(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 5, 15));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  const int kind = random_.Between(0, 99);
  Telling told = Begin(desk, t, {child},
                       kind < 50   ? "Suspended for a fixed time"
                       : kind < 80 ? "Joined the school"
                                   : "At no school that we know of");
  ev::ArrangementChanged* changed = told.said.mutable_arrangement_changed();
  changed->set_stage(ev::STAGE_STARTED);
  *changed->mutable_type() =
      Code(kind < 50   ? concepts::arrangement::kSuspended
           : kind < 80 ? concepts::arrangement::kSchoolAdmitted
                       : concepts::arrangement::kMissingFromEducation);
  if (kind < 80) *changed->mutable_provider() = OrganisationOf(desk);
  changed->mutable_effective()->set_date(DayText(t));
  if (kind < 50) {
    changed->mutable_until()->set_date(DayText(t + absl::Hours(72)));
  }
  Send(told);
}

void SyntheticArea::World::PoliceIncident(Family& family) {
  const absl::Time t = Now();
  const People children = Born(family, t);
  if (children.empty()) return;
  const Word& word = random_.Pick(kPoliceIncidents);
  const bool domestic = word.own_code == kDomesticAbuse.own_code;
  const ev::IncidentRef incident = NewIncident(t);

  const auto attended = [&](absl::string_view headline, absl::Time then) {
    Telling told = Begin(kPolice, then, children, headline);
    *told.said.mutable_submission()->add_incident_refs() = incident;
    ev::IncidentAttended* act = told.said.mutable_incident_attended();
    *act->mutable_incident() = Say(kPolice, word);
    *act->mutable_risk_grading() =
        random_.Chance(200) ? Say(kPolice, {"high", "H", "High"})
                            : Say(kPolice, {"standard", "S", "Standard"});
    for (ev::About& about : *told.said.mutable_about()) {
      const bool present = random_.Chance(850);
      *about.mutable_role() =
          Code(!present   ? concepts::incident_role::kAbsentButAffected
               : domestic ? concepts::incident_role::kVictimInOwnRight
                          : "witness");
      about.set_present(present ? ev::ANSWER_YES : ev::ANSWER_NO);
      about.set_whereabouts(present ? std::string(random_.Pick(kWhereabouts))
                                    : "With the grandmother.");
    }
    SeeEach(&told);
    if (random_.Chance(400)) ObserveEach(&told);
    TellInformant("neighbour", ev::CONFIDENTIALITY_ANONYMOUS, &told);
    AtHome(family, &told);
    InvolveAdults(family, domestic ? "victim" : "present",
                  domestic ? "alleged_perpetrator" : "present", &told);
    Send(told);
    return told;
  };
  const Telling call = attended(word.headline, t);
  // The notification of the same incident, an hour after the call.
  if (random_.Chance(500)) {
    attended("Protection notification: children at the incident",
             t + absl::Minutes(80));
  }
  for (Person* child : children) {
    const double years = Years(t - At(child->born));
    if (years < 5 || years > 16 || !domestic) continue;
    const size_t school = SchoolOf(*child, t);
    Telling told = Begin(school, NextWorkingDay(t), {child},
                         "Told by the police of last night's incident");
    *told.said.mutable_submission()->add_incident_refs() = incident;
    ev::NoticeGiven* notice = told.said.mutable_notice_given();
    *notice->mutable_type() = Code(concepts::notice::kEncompass);
    notice->set_direction(ev::DIRECTION_RECEIVED);
    *notice->mutable_other() = OrganisationOf(kPolice);
    *notice->mutable_about() = Ref(call, school);
    Send(told);
  }
  if (random_.Chance(300)) {
    Telling rated =
        Begin(kHub, t + absl::Hours(14), children, "Notification rated");
    *rated.said.mutable_submission()->add_incident_refs() = incident;
    ev::PriorityRated* priority = rated.said.mutable_priority_rated();
    priority->set_rating(random_.Chance(150) ? ev::RATING_RED
                                             : ev::RATING_AMBER);
    priority->set_reasons("Third incident in six months.");
    *priority->mutable_about() = Ref(call, kHub);
    Send(rated);
  }
  if (!random_.Chance(150)) return;
  std::optional<Telling> began;
  for (const bool ended : {false, true}) {
    Telling step =
        Begin(kPolice, t + (ended ? Days(5, 60) : Days(0, 2)), children,
              ended ? "Investigation ended" : "Investigation began");
    *step.said.mutable_submission()->add_incident_refs() = incident;
    ev::InvestigationStepped* act = step.said.mutable_investigation_stepped();
    act->set_stage(ended ? ev::STAGE_COMPLETED : ev::STAGE_STARTED);
    *act->mutable_type() = Code(concepts::investigation::kCriminal);
    *act->add_offences() =
        Say(kPolice, {"actual_bodily_harm", "8N", "Assault"});
    if (ended) {
      *act->mutable_outcome() = Say(
          kPolice,
          {"victim_does_not_support", "16", "Victim does not support action"});
      *act->mutable_continues() = Ref(*began, kPolice);
    }
    Send(step);
    began = std::move(step);
  }
}

void SyntheticArea::World::Missing(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 10, 17));
  if (child == nullptr) return;
  const ev::IncidentRef incident = NewIncident(t);
  const auto report = [&](absl::Time then, absl::string_view headline,
                          ev::Stage stage) {
    Telling told = Begin(kPolice, then, {child}, headline);
    *told.said.mutable_submission()->add_incident_refs() = incident;
    told.said.mutable_missing_reported()->set_stage(stage);
    *told.said.mutable_missing_reported()->mutable_missing_from() =
        Code("home");
    return told;
  };
  Telling gone = report(t, "Reported missing", ev::STAGE_STARTED);
  gone.said.mutable_missing_reported()->set_circumstances(
      "Did not come home from school.");
  gone.said.mutable_about(0)->mutable_seen()->set_seen(ev::ANSWER_NO);
  Send(gone);
  const absl::Time back = t + absl::Hours(random_.Between(3, 60));
  Telling returned =
      report(back, "Returned home by themselves", ev::STAGE_COMPLETED);
  returned.said.mutable_missing_reported()->set_return_interview(ev::ANSWER_NO);
  *returned.said.mutable_missing_reported()->mutable_report() =
      Ref(gone, kPolice);
  SeeEach(&returned);
  Send(returned);
  if (!random_.Chance(500)) return;
  Telling told = Begin(kSocialCare, back + Days(1, 4), {child},
                       "Talked with after coming back");
  *told.said.mutable_contact_made()->mutable_mode() = Code("face_to_face");
  *told.said.mutable_contact_made()->mutable_purpose() =
      Code("return_interview");
  SeeEach(&told);
  Send(told);
}

void SyntheticArea::World::Protection(Family& family) {
  const absl::Time t = Now();
  const People children = Born(family, t);
  if (children.empty()) return;
  const auto measure = [&](absl::Time then, absl::string_view headline,
                           ev::Stage stage) {
    Telling told = Begin(kPolice, then, children, headline);
    ev::MeasureTaken* act = told.said.mutable_measure_taken();
    act->set_stage(stage);
    *act->mutable_type() = Code(concepts::measure::kPoliceProtection);
    act->set_authority("inspector, public protection");
    return told;
  };
  Telling used = measure(t, "Taken into police protection", ev::STAGE_STARTED);
  ev::MeasureTaken* act = used.said.mutable_measure_taken();
  act->mutable_starts()->set_instant(InstantText(t));
  act->mutable_ends()->set_instant(InstantText(t + absl::Hours(72)));
  act->set_grounds("No adult in the home able to care.");
  SeeEach(&used);
  AtHome(family, &used);
  Send(used);

  Telling strategy = Begin(kSocialCare, t + absl::Hours(20), children,
                           "Strategy discussion held");
  ev::MeetingStepped* meeting = strategy.said.mutable_meeting_stepped();
  meeting->set_stage(ev::STAGE_COMPLETED);
  *meeting->mutable_type() = Code(concepts::meeting::kStrategyDiscussion);
  for (const size_t desk : {kPolice, kHospital, kSocialCare}) {
    ev::Attendee* attendee = meeting->add_attendees();
    *attendee->mutable_body() =
        FunctionOf(desk, DeskAt(desk).roles.back().function);
    attendee->set_attended(ev::ANSWER_YES);
  }
  *meeting->mutable_thread() = Ref(used, kSocialCare);
  meeting->set_initiates_section_47(ev::ANSWER_YES);
  meeting->set_decision("Enquiries begin today.");
  Send(strategy);

  Telling ended = measure(t + absl::Hours(60), "Police protection ended",
                          ev::STAGE_COMPLETED);
  *ended.said.mutable_measure_taken()->mutable_continues() = Ref(used, kPolice);
  Send(ended);
}

void SyntheticArea::World::Referral(Family& family) {
  const absl::Time t = Now();
  const People born = Born(family, t);
  if (born.empty()) return;
  const People children = random_.Chance(500) ? born : People{One(born)};
  const bool school = t - At(children[0]->born) > absl::Hours(24 * 365 * 5) &&
                      random_.Chance(500);
  constexpr size_t kOthers[] = {kPolice, kHospital, kHealthVisiting,
                                kFamilyCharity};
  const size_t from =
      school ? SchoolOf(*children[0], t) : random_.Pick(kOthers);
  const std::string conversation = NewConversation();
  const bool telephone = random_.Chance(600);
  const bool urgent = random_.Chance(200);

  const auto begin = [&](size_t desk, absl::Time then, const People& whom,
                         absl::string_view headline) {
    Telling told = Begin(desk, then, whom, headline);
    told.said.mutable_submission()->set_conversation_ref(conversation);
    return told;
  };

  Telling referral =
      begin(from, t, children,
            telephone ? "Referred to children's social care by telephone"
                      : "Referred to children's social care");
  ev::ReferralMade* made = referral.said.mutable_referral_made();
  made->set_route(telephone ? ev::REFERRAL_ROUTE_TELEPHONE
                            : ev::REFERRAL_ROUTE_WRITTEN);
  made->set_urgency(urgent ? ev::URGENCY_URGENT : ev::URGENCY_ROUTINE);
  made->set_significant_harm(urgent ? ev::ANSWER_YES : ev::ANSWER_NOT_KNOWN);
  *made->mutable_addressee() = OrganisationOf(kSocialCare);
  *made->mutable_addressee_function() = Code("duty_social_worker");
  *made->add_categories() = Say(from, random_.Pick(kConcerns));
  made->set_basis("Told by the child, and seen by staff.");
  made->set_needs("Food, warmth, and help for the parent.");
  *made->mutable_presence() = Code(concepts::presence::kLivesInArea);
  made->set_family_informed(random_.Chance(800) ? ev::ANSWER_YES
                                                : ev::ANSWER_NO);
  const bool told_family = made->family_informed() == ev::ANSWER_YES;
  if (!told_family) {
    made->set_family_not_informed_reason("It would raise the risk.");
  }
  SeeEach(&referral);
  InvolveAdults(family, "carer", "present", &referral);
  Send(referral);

  if (random_.Chance(700)) {
    Telling share = begin(from, t + absl::Minutes(20), children,
                          "Decided to share with social care");
    ev::SharingDecided* decided = share.said.mutable_sharing_decided();
    decided->set_decision(ev::SHARING_DECISION_SHARE);
    *decided->add_recipients() = OrganisationOf(kSocialCare);
    *decided->add_information() = Ref(referral, from);
    *decided->mutable_purpose() = Code("referral");
    ev::LegalBasis* basis = decided->mutable_legal_basis();
    *basis->mutable_lawful_basis() = Code("public_task");
    *basis->mutable_special_category_condition() =
        Code("safeguarding_children_and_at_risk");
    decided->set_consent(ev::CONSENT_STATUS_NOT_SOUGHT_NOT_THE_BASIS);
    decided->set_necessity("Needed to decide on protection.");
    decided->set_more_detrimental_than_not(ev::ANSWER_NO);
    decided->set_family_told(made->family_informed());
    if (!told_family) {
      decided->set_family_not_told_reason("It would raise the risk.");
    }
    Send(share);
  }
  if (telephone && random_.Chance(900)) {
    const bool in_time = random_.Chance(850);
    const absl::Time then =
        t + absl::Hours(random_.Between(2, in_time ? 47 : 120));
    Telling confirmation =
        begin(from, then, children, "Referral confirmed in writing");
    *confirmation.said.mutable_referral_confirmed()->mutable_referral() =
        Ref(referral, from);
    Send(confirmation);
  }
  if (random_.Chance(930)) {
    const absl::Time then =
        random_.Chance(850) ? t + absl::Hours(4) : t + Days(3, 6);
    Telling acknowledgement =
        begin(kSocialCare, then, children, "Referral received");
    *acknowledgement.said.mutable_referral_acknowledged()->mutable_referral() =
        Ref(referral, kSocialCare);
    Send(acknowledgement);
  } else {
    Telling chase =
        begin(from, t + Days(4, 6), children, "Asked again: nothing heard");
    *chase.said.mutable_referral_chased()->mutable_referral() =
        Ref(referral, from);
    Send(chase);
  }
  if (random_.Chance(400)) {
    Telling rated = begin(kHub, t + absl::Hours(3), children, "Referral rated");
    rated.said.mutable_priority_rated()->set_rating(urgent ? ev::RATING_RED
                                                           : ev::RATING_GREEN);
    *rated.said.mutable_priority_rated()->mutable_about() = Ref(referral, kHub);
    Send(rated);
  }
  if (!random_.Chance(880)) return;

  const absl::Time decided = NextWorkingDay(t);
  const int way = random_.Between(0, 99);
  namespace outcomes = concepts::referral_outcome;
  const absl::string_view outcome = urgent || way < 12 ? outcomes::kSection47
                                    : way < 50         ? outcomes::kAssessment
                                    : way < 75 ? outcomes::kNoFurtherAction
                                               : outcomes::kEarlyHelp;
  // A decision is about those whom it names: now and then only the eldest, and
  // the others' stays open.
  const People about = children.size() > 1 && random_.Chance(200)
                           ? People{children[0]}
                           : children;
  Telling decision =
      begin(kSocialCare, decided, about, "Decision on the referral");
  ev::ReferralDecided* what = decision.said.mutable_referral_decided();
  *what->mutable_referral() = Ref(referral, kSocialCare);
  *what->mutable_outcome() = Code(outcome);
  what->set_abuse_or_neglect_concern(urgent ? ev::ANSWER_YES : ev::ANSWER_NO);
  what->set_urgent_action_needed(urgent ? ev::ANSWER_YES : ev::ANSWER_NO);
  what->mutable_reasoning()->set_reasons(
      "After speaking with the referrer and the family.");
  *what->mutable_reasoning()->add_rests_on() = Ref(referral, kSocialCare);
  *what->add_section_17_limbs() = Code(concepts::section_17_limb::kA);
  Send(decision);
  if (random_.Chance(60)) {
    Telling again = Again(decision, Days(1, 3), ev::AMENDMENT_CORRECTION);
    *again.said.mutable_referral_decided()->mutable_outcome() =
        Code(outcomes::kEarlyHelp);
    again.said.mutable_amends()->add_fields("referral_decided.outcome");
    again.said.mutable_amends()->set_reason("The wrong box was ticked.");
    Plan(again);
    return;
  }
  if (random_.Chance(500)) {
    Telling informed = begin(kSocialCare, decided + absl::Hours(5), about,
                             "The family was told what was decided");
    ev::PersonInformed* act = informed.said.mutable_person_informed();
    *act->mutable_who() = Code(concepts::relation::kMother);
    *act->mutable_told() = Code(concepts::told_about::kReferralOutcome);
    *act->mutable_about() = Ref(decision, kSocialCare);
    act->set_informed(ev::ANSWER_YES);
    Send(informed);
  }
  if (outcome == outcomes::kAssessment) Assess(referral, decision);
  if (outcome == outcomes::kSection47) Protect(family, decision);
}

void SyntheticArea::World::Assess(const Telling& referral,
                                  const Telling& decision) {
  std::optional<Telling> began;
  for (const bool completed : {false, true}) {
    const absl::Time then =
        decision.t + (completed ? Days(25, 50) : Days(1, 3));
    Telling told =
        Begin(kSocialCare, then, decision.whom,
              completed ? "Assessment completed" : "Assessment started");
    told.said.mutable_submission()->set_conversation_ref(
        decision.said.submission().conversation_ref());
    ev::AssessmentStepped* act = told.said.mutable_assessment_stepped();
    act->set_stage(completed ? ev::STAGE_COMPLETED : ev::STAGE_STARTED);
    *act->mutable_type() = Code(concepts::assessment::kSingle);
    *act->mutable_referral() = Ref(referral, kSocialCare);
    if (completed) {
      act->set_developmental_needs("Meets most milestones; speech is behind.");
      act->set_parenting_capacity("Warm; routines are weak.");
      act->set_family_and_environment("A grandmother nearby helps.");
      *act->add_factors() = Code("factor_16a");
      *act->mutable_outcome() = Code("child_in_need");
      *act->mutable_continues() = Ref(*began, kSocialCare);
      *act->mutable_authorised_by() = Staff(kSocialCare);
      SeeEach(&told);
      TieSiblings(&told);
    }
    Send(told);
    began = std::move(told);
  }
}

void SyntheticArea::World::Protect(const Family& family,
                                   const Telling& decision) {
  const People& children = decision.whom;
  const auto begin = [&](size_t desk, absl::Time then, const People& whom,
                         absl::string_view headline) {
    Telling told = Begin(desk, then, whom, headline);
    told.said.mutable_submission()->set_conversation_ref(
        decision.said.submission().conversation_ref());
    return told;
  };
  const absl::Time decided = decision.t;

  Telling lead = begin(kSocialCare, decided + absl::Hours(1), children,
                       "A social worker leads");
  ev::ResponsibilityChanged* named = lead.said.mutable_responsibility_changed();
  *named->mutable_type() =
      Code(concepts::responsibility::kLeadSocialWorkerAssigned);
  *named->mutable_next() = Staff(kSocialCare);
  *named->mutable_thread() = Ref(decision, kSocialCare);
  Send(lead);

  std::optional<Telling> began;
  for (const bool completed : {false, true}) {
    const absl::Time then = decided + (completed ? Days(9, 20) : Days(0, 1));
    Telling told = begin(kSocialCare, then, children,
                         completed ? "Section 47 enquiries ended"
                                   : "Section 47 enquiries began");
    ev::InvestigationStepped* act = told.said.mutable_investigation_stepped();
    act->set_stage(completed ? ev::STAGE_COMPLETED : ev::STAGE_STARTED);
    *act->mutable_type() = Code(concepts::investigation::kSection47);
    *act->mutable_thread() = Ref(decision, kSocialCare);
    if (completed) {
      *act->mutable_continues() = Ref(*began, kSocialCare);
      *act->mutable_outcome() = Code("substantiated_continuing_risk");
      act->set_substantiated(ev::ANSWER_YES);
      act->set_unmet_needs_considered(ev::ANSWER_YES);
      act->set_services_offered(ev::ANSWER_YES);
      SeeEach(&told);
    }
    Send(told);
    began = std::move(told);
  }

  const auto meet = [&](absl::Time then, absl::string_view type,
                        absl::string_view headline, const Telling& thread) {
    Telling told = begin(kSocialCare, then, children, headline);
    ev::MeetingStepped* meeting = told.said.mutable_meeting_stepped();
    meeting->set_stage(ev::STAGE_COMPLETED);
    *meeting->mutable_type() = Code(type);
    *meeting->mutable_thread() = Ref(thread, kSocialCare);
    for (const size_t desk : {kSocialCare, kHealthVisiting, kPolice}) {
      ev::Attendee* attendee = meeting->add_attendees();
      *attendee->mutable_body() =
          FunctionOf(desk, DeskAt(desk).roles.front().function);
      attendee->set_attended(random_.Chance(850) ? ev::ANSWER_YES
                                                 : ev::ANSWER_NO);
    }
    AddAction("Visit every ten working days", kSocialCare,
              concepts::function::kSocialWorker, meeting->add_actions());
    return told;
  };
  const absl::Time at = NextWorkingDay(decided + Days(12, 18));
  Telling conference =
      meet(at, concepts::meeting::kInitialChildProtectionConference,
           "Child protection conference", decision);
  conference.said.mutable_meeting_stepped()->set_decision("A plan is needed.");
  InvolveAdults(family, "carer", "carer", &conference);
  Send(conference);

  Telling plan =
      begin(kSocialCare, at, children, "Child protection plan begins");
  ev::PlanStepped* act = plan.said.mutable_plan_stepped();
  act->set_stage(ev::STAGE_STARTED);
  *act->mutable_type() = Code(concepts::plan::kChildProtection);
  *act->add_categories() = Say(kSocialCare, kConcerns[0]);
  ev::Objective* objective = act->add_objectives();
  objective->set_id("O1");
  objective->set_objective("Eats breakfast every day");
  objective->set_planned_outcome("Weight on the 25th centile");
  *objective->add_outcome_tags() = Code("be_healthy");
  AddAction("Weighs every fortnight", kHealthVisiting, "health_visitor",
            act->add_actions());
  act->mutable_review_due()->set_date(DayText(at + absl::Hours(24 * 91)));
  *act->mutable_lead() = Staff(kSocialCare);
  act->set_family_agrees(ev::ANSWER_YES);
  ev::ReportDue* report = act->add_reports_due();
  *report->mutable_owner()->mutable_body() =
      FunctionOf(kHealthVisiting, "health_visitor");
  report->mutable_first()->set_date(DayText(at + absl::Hours(24 * 7)));
  report->set_every_days(7);
  *act->mutable_thread() = Ref(conference, kSocialCare);
  Send(plan);

  const int weeks = random_.Between(2, 12);
  for (int week = 1; week <= weeks; ++week) {
    if (random_.Chance(150)) continue;  // the missing week
    Telling progress = begin(kHealthVisiting, at + absl::Hours(24 * 7 * week),
                             {children[0]}, "Progress on the plan");
    ev::ProgressReported* reported = progress.said.mutable_progress_reported();
    *reported->mutable_plan() = Ref(plan, kHealthVisiting);
    reported->set_progress("Breakfast most days.");
    Send(progress);
  }
  Send(meet(at + Days(5, 12), concepts::meeting::kCoreGroup, "Core group met",
            plan));
  if (random_.Chance(100)) {
    Telling late = begin(kSocialCare, at + Days(60, 80), children,
                         "The review may be later");
    ev::TimescaleChanged* change = late.said.mutable_timescale_changed();
    *change->mutable_about() = Ref(conference, kSocialCare);
    *change->mutable_clock() = Code(concepts::clock::kReviewFirst);
    change->mutable_due()->set_date(DayText(at + absl::Hours(24 * 110)));
    *change->mutable_authorised_by() = Staff(kSocialCare);
    change->set_reason("The mother is in hospital.");
    Send(late);
  }
  Telling review = meet(at + Days(80, 100),
                        concepts::meeting::kReviewChildProtectionConference,
                        "Review conference", plan);
  review.said.mutable_meeting_stepped()->set_decision(
      "The plan goes on for now.");
  Send(review);
}

void SyntheticArea::World::Enquiry(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  const std::string conversation = NewConversation();
  constexpr size_t kAsked[] = {kPolice, kHospital, kHousing, kProbation};
  const size_t whom = random_.Pick(kAsked);
  Telling enquiry = Begin(kHub, t, {child}, "Asked what is held");
  enquiry.said.mutable_submission()->set_conversation_ref(conversation);
  ev::EnquiryMade* made = enquiry.said.mutable_enquiry_made();
  made->set_type(ev::ENQUIRY_TYPE_CASE_INFORMATION);
  *made->mutable_purpose() = Code("safeguarding_enquiry");
  *made->mutable_legal_basis()->mutable_lawful_basis() = Code("public_task");
  *made->mutable_requester_function() =
      Code(concepts::function::kHubCoordinator);
  *made->mutable_addressee() = OrganisationOf(whom);
  made->mutable_due()->set_date(DayText(NextWorkingDay(t)));
  made->set_question("What do you hold of the last two years?");
  Send(enquiry);
  if (random_.Chance(100)) return;  // never answered
  Telling answer = Begin(whom, t + absl::Hours(random_.Between(2, 90)), {child},
                         "Answered the hub's enquiry");
  answer.said.mutable_submission()->set_conversation_ref(conversation);
  ev::EnquiryAnswered* answered = answer.said.mutable_enquiry_answered();
  *answered->mutable_enquiry() = Ref(enquiry, whom);
  const int result = random_.Between(0, 99);
  answered->set_result(result < 65   ? ev::ENQUIRY_RESULT_ANSWERED
                       : result < 92 ? ev::ENQUIRY_RESULT_NOTHING_HELD
                                     : ev::ENQUIRY_RESULT_WITHHELD);
  if (answered->result() == ev::ENQUIRY_RESULT_ANSWERED) {
    answered->set_information(
        "Two contacts in the last two years; no action by us.");
  } else if (answered->result() == ev::ENQUIRY_RESULT_WITHHELD) {
    answered->set_reason("It would name who told us.");
  }
  Send(answer);
}

void SyntheticArea::World::EarlyHelp(Family& family) {
  absl::Time t = Now();
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  Telling needs = Begin(kSocialCare, t, {child}, "What the family needs");
  ev::Need* need = needs.said.mutable_needs_identified()->add_needs();
  need->set_id("N1");
  *need->mutable_need() = Code("parenting_guidance_boundaries");
  *need->mutable_service() = Code(kFamilySupport.code);
  Send(needs);
  std::optional<Telling> first;
  for (const ev::ServiceResult result :
       {ev::SERVICE_RESULT_OFFERED, ev::SERVICE_RESULT_ACCEPTED,
        ev::SERVICE_RESULT_ENDED}) {
    Telling told = Begin(
        kSocialCare, t, {child},
        result == ev::SERVICE_RESULT_OFFERED    ? "Family support offered"
        : result == ev::SERVICE_RESULT_ACCEPTED ? "Family support accepted"
                                                : "Family support ended");
    ev::ServiceOffered* act = told.said.mutable_service_offered();
    *act->mutable_service() = Say(kSocialCare, kFamilySupport);
    act->set_level(ev::SERVICE_LEVEL_TARGETED);
    act->set_result(result);
    *act->mutable_provider() = OrganisationOf(kFamilyCharity);
    *act->mutable_need() = Ref(needs, kSocialCare);
    act->set_need_id("N1");
    if (first) *act->mutable_continues() = Ref(*first, kSocialCare);
    Send(told);
    if (!first) first = std::move(told);
    if (random_.Chance(300)) return;
    t += Days(7, 90);
  }
}

void SyntheticArea::World::Housing(Family& family) {
  const absl::Time t = Now();
  const People children = Born(family, t);
  if (children.empty()) return;
  const size_t desk = random_.Chance(500) ? kHousing : kEnvironmentalHealth;
  const auto observe = [&](absl::Time then, const Word& word,
                           ev::Bearing bearing) {
    Telling told = Begin(desk, then, children, word.headline);
    ev::ObservationMade* act = told.said.mutable_observation_made();
    *act->mutable_indicator() = Say(desk, word);
    act->set_bearing(bearing);
    AtHome(family, &told);
    Send(told);
  };
  observe(t, kDamp, ev::BEARING_CONCERN);
  if (random_.Chance(300)) {
    Telling told =
        Begin(desk, t + absl::Hours(1), children, "Behind with rent and fuel");
    ev::AdversityRecorded* act = told.said.mutable_adversity_recorded();
    *act->add_adversities() = Code("housing");
    *act->add_adversities() = Code("fuel");
    Send(told);
  }
  if (random_.Chance(300)) return;
  observe(t + Days(10, 60), kRepaired, ev::BEARING_PROTECTIVE);
}

// About an adult; of the children only what bears on them.
void SyntheticArea::World::Probation(Family& family) {
  if (family.men.empty()) return;
  const absl::Time t = Now();
  Person* man = &people_[family.men.front()];
  Telling order = Begin(kProbation, t, {man}, "Community order began");
  ev::MeasureTaken* act = order.said.mutable_measure_taken();
  act->set_stage(ev::STAGE_STARTED);
  *act->mutable_type() = Code("community_order");
  act->set_authority("Northshire magistrates");
  *act->mutable_supervisor() = Code("probation_officer");
  act->mutable_starts()->set_date(DayText(t));
  if (random_.Chance(300)) {
    *order.said.mutable_about(0)->mutable_mappa_level() = Code("level_1");
  }
  Send(order);
  Telling reporting =
      Begin(kProbation, t + Days(7, 21), {man}, "Reporting to the officer");
  *reporting.said.mutable_contact_made()->mutable_purpose() = Code("reporting");
  reporting.said.mutable_contact_made()->set_attendance(
      random_.Chance(700) ? ev::ATTENDANCE_ATTENDED
                          : ev::ATTENDANCE_DID_NOT_ATTEND);
  Send(reporting);
  const absl::Time then = reporting.t + absl::Hours(2);
  const People children = Born(family, then);
  if (children.empty() || random_.Chance(500)) return;
  Telling concern = Begin(kProbation, then, children,
                          "He says that he is back with the family");
  ev::ConcernRaised* raised = concern.said.mutable_concern_raised();
  *raised->add_categories() = Code("person_posing_risk");
  raised->set_urgency(ev::URGENCY_ROUTINE);
  raised->set_significant_harm(ev::ANSWER_NOT_KNOWN);
  ev::Involved* involved =
      Involve(family, family.men.front(), "suspect", &concern);
  for (ev::Tie& tie : *involved->mutable_ties()) {
    tie.set_risk("Violence in the home when drunk.");
  }
  Send(concern);
}

void SyntheticArea::World::FamilyProject(Family& family) {
  const absl::Time t = Now();
  Person* child = One(Born(family, t, 0, 12));
  if (child == nullptr) return;
  Telling asked = Begin(kFamilyCharity, t, {child}, "The mother asks for help");
  ev::HelpRequested* help = asked.said.mutable_help_requested();
  *help->mutable_requester() = Code(concepts::relation::kMother);
  *help->add_services() = Say(kFamilyCharity, kFamilySupport);
  help->set_words("Mornings are too much for me alone.");
  Involve(family, family.mother, "present", &asked);
  Send(asked);
  const int visits = random_.Between(1, 5);
  absl::Time then = t;
  for (int visit = 0; visit < visits; ++visit) {
    then += Days(6, 9);
    Telling told = Begin(kFamilyCharity, then, {child}, "Played and talked");
    ev::ContactMade* contact = told.said.mutable_contact_made();
    *contact->mutable_mode() = Code("home_visit");
    *contact->mutable_purpose() = Code("intervention");
    *contact->add_met_with() = Code(concepts::met_with::kChild);
    contact->set_attendance(random_.Chance(850) ? ev::ATTENDANCE_ATTENDED
                                                : ev::ATTENDANCE_CANCELLED);
    SeeEach(&told);
    if (random_.Chance(250)) ObserveEach(&told);
    Send(told);
  }
}

void SyntheticArea::World::Household(Family& family) {
  const absl::Time t = Now();
  const size_t desk = random_.Chance(500) ? kSocialCare : kHealthVisiting;
  Telling told = Begin(desk, t, {}, "Who lives together");
  std::string& id = family.households[desk];
  if (id.empty()) {
    id =
        absl::StrFormat("F-%05d", static_cast<int>(&family - families_.data()));
  }
  ev::Household* household = told.said.add_about()->mutable_household();
  household->mutable_ref()->mutable_local_id()->set_system(
      std::string(DeskAt(desk).system));
  household->mutable_ref()->mutable_local_id()->set_id(id);
  household->set_name(family.name);
  ev::Address* address = household->add_addresses();
  address->add_lines(family.street);
  address->set_postcode(family.postcode);
  *address->mutable_use() = Code("home");
  ev::HouseholdDescribed* described = told.said.mutable_household_described();
  const auto add = [&](Person& person, absl::string_view relation) {
    ev::Involved* involved = told.said.add_involved();
    Name(desk, person, t, involved->mutable_person());
    ev::Member* member = described->add_members();
    *member->mutable_person() = involved->person().ref();
    *member->mutable_relation() = Code(relation);
  };
  add(people_[family.mother], concepts::relation::kMother);
  for (const size_t man : family.men) add(people_[man], "partner");
  for (Person* child : Born(family, t)) add(*child, "child_of");
  Send(told);

  if (family.men.empty() || random_.Chance(500)) return;
  Person* child = One(Born(family, t));
  if (child == nullptr) return;
  const size_t man = family.men.front();
  Telling tie =
      Begin(desk, t + absl::Hours(1), {child}, "What he is to the child");
  ev::Involved* involved = tie.said.add_involved();
  Name(desk, people_[man], tie.t, involved->mutable_person());
  ev::RelationshipStated* act = tie.said.mutable_relationship_stated();
  *act->mutable_other() = involved->person().ref();
  *act->mutable_relation() = Code(
      RelationOf(family, man, static_cast<size_t>(child - people_.data())));
  act->mutable_valid()->mutable_since()->set_date("2019");
  Send(tie);
}

// What an older system held of a family, told once: in years and in its own
// terms.
void SyntheticArea::World::History(Family& family) {
  const absl::Time t = Now();
  Person& eldest = people_[family.children.front()];
  if (family.imported) return;
  family.imported = true;
  const auto tell = [&](absl::CivilYear year, absl::string_view headline) {
    Telling told = Begin(kSocialCare, t, {&eldest}, headline);
    ev::Submission& submission = *told.said.mutable_submission();
    submission.mutable_author()->Clear();
    submission.mutable_author()->set_role("not recorded");
    submission.mutable_author()->set_team("Imported from the former system");
    submission.mutable_record_ref()->set_system("former-cases");
    submission.set_history(ev::ANSWER_YES);
    const std::string text = absl::StrFormat("%04d", year.year());
    submission.mutable_recorded()->set_date(text);
    ev::When& occurred = *told.said.mutable_account()->mutable_occurred();
    occurred.Clear();
    occurred.set_date(text);
    return told;
  };
  for (absl::CivilYear year(eldest.born); year < absl::CivilYear(options_.from);
       ++year) {
    if (random_.Chance(400)) continue;
    const int kind = random_.Between(0, 2);
    Telling told = tell(year, kind == 0   ? "Concern of a neighbour"
                              : kind == 1 ? "Meeting on the family"
                                          : "Called at the office");
    if (kind == 0) {
      *told.said.mutable_concern_raised()->add_categories() =
          Former(kFormerTerms[0]);
    } else if (kind == 1) {
      told.said.mutable_meeting_stepped()->set_stage(ev::STAGE_COMPLETED);
      *told.said.mutable_meeting_stepped()->mutable_type() =
          Former(kFormerTerms[1]);
    } else {
      *told.said.mutable_contact_made()->mutable_purpose() =
          Former(kFormerTerms[2]);
    }
    Plan(told);
  }
}

void SyntheticArea::World::Unborn(Family& family) {
  const absl::Time t = Now();
  for (const size_t index : family.children) {
    Person& child = people_[index];
    const absl::Duration to_birth = At(child.born) - t;
    if (to_birth < absl::Hours(24) || to_birth > absl::Hours(24 * 250)) {
      continue;
    }
    constexpr uint32_t kNumber = 1;
    Telling told = Begin(kHospital, t, {},
                         "Pregnancy booked late; worry for the unborn child");
    ev::Person& unborn = *told.said.add_about()->mutable_person();
    unborn.mutable_ref()->set_number(kNumber);
    unborn.mutable_demographics()->mutable_birth()->set_expected(
        absl::FormatCivilTime(child.born + random_.Between(-10, 10)));
    unborn.mutable_demographics()->set_sex(ev::SEX_NOT_KNOWN);
    ev::Tie& tie =
        *Involve(family, family.mother, "patient", &told)->add_ties();
    tie.add_about(0);
    *tie.mutable_relation() = Code(concepts::relation::kMother);
    ev::ConcernRaised* concern = told.said.mutable_concern_raised();
    *concern->add_categories() = Code("pre_birth");
    concern->set_urgency(ev::URGENCY_ROUTINE);
    concern->set_significant_harm(ev::ANSWER_NOT_KNOWN);
    child.unnumbered.push_back(
        {kHospital, told.said.submission().record_ref().id(), kNumber});
    ++child.lines;
    Send(told);
    return;
  }
}

void SyntheticArea::World::Birth(Family& /*family*/) {
  constexpr int kLookedAt = 20;
  const absl::Time t = Now();
  for (int i = 0; i < kLookedAt; ++i) {
    const Family& family = PickFamily();
    for (Person* child : Born(family, t, 0, 0)) {
      const absl::Time then = At(child->born) + absl::Hours(8);
      if (then < At(options_.from) || child->birth_told) continue;
      child->birth_told = true;
      Telling told = Begin(kHospital, then, {child}, "Born");
      told.said.mutable_life_event_recorded()->set_event(ev::LIFE_EVENT_BIRTH);
      Involve(family, family.mother, "patient", &told);
      Send(told);
      return;
    }
  }
}

// A body says what it is, and who holds a function there.
void SyntheticArea::World::Directory(Family& /*family*/) {
  const absl::Time t = Now();
  const size_t desk = random_.Below(kDesks);
  const Desk& at = DeskAt(desk);
  Telling told = Begin(desk, t, {}, "What we are");
  *told.said.add_about()->mutable_organisation() = OrganisationOf(desk);
  ev::OrganisationDescribed* act = told.said.mutable_organisation_described();
  act->set_name(std::string(at.name));
  *act->mutable_type() = Code(at.type);
  if (at.commissioned_by) {
    *act->mutable_commissioned_by() = OrganisationOf(*at.commissioned_by);
  }
  for (int day = ev::WEEKDAY_MONDAY; day <= ev::WEEKDAY_FRIDAY; ++day) {
    ev::Hours* hours = act->add_hours();
    hours->set_day(static_cast<ev::Weekday>(day));
    hours->set_opens("09:00");
    hours->set_closes("17:00");
  }
  Send(told);
  Telling held =
      Begin(desk, t + absl::Hours(1), {}, "Who leads on safeguarding");
  *held.said.add_about()->mutable_organisation() = OrganisationOf(desk);
  ev::FunctionHeld* function = held.said.mutable_function_held();
  *function->mutable_function() =
      Code(concepts::function::kSeniorSafeguardingLead);
  *function->mutable_holder() = Staff(desk);
  *function->mutable_deputy() = Staff(desk);
  function->set_contact(std::string(at.duty_contact));
  Send(held);
}

}  // namespace vigil::cli
