#include "tools/vigil/synthetic_desks.h"

#include <string>

#include "libs/base/check.h"
#include "libs/event/concepts.h"

namespace vigil::cli {
namespace {

namespace ev = event::v1;
namespace function = event::concepts::function;

const std::vector<Desk>& Desks() {
  static const auto& desks = *new std::vector<Desk>{
      {.writer = "police",
       .scheme = "police",
       .code = "99",
       .name = "Northshire Police",
       .type = "police",
       .system = "police-records",
       .record_prefix = "PR",
       .reason = "incident",
       .roles = {{"police constable", "police_officer"},
                 {"duty sergeant", "police_officer"},
                 {"detective constable", "police_safeguarding_unit"}},
       .duty_contact = "01632 960101, public protection desk",
       .copied_nhs_per_mille = 120},
      {.writer = "health",
       .scheme = "ods",
       .code = "X99A1",
       .name = "Northshire General Hospital",
       .type = "nhs_trust",
       .system = "hospital-epr",
       .record_prefix = "EP",
       .reason = "patient",
       .roles = {{"emergency department nurse", "emergency_department"},
                 {"consultant paediatrician", "paediatrician"},
                 {"named doctor for safeguarding", "named_doctor"}},
       .duty_contact = "01632 960201, named nurse on call",
       .verified_nhs_per_mille = 850,
       .copied_nhs_per_mille = 50},
      {.writer = "health",
       .scheme = "ods",
       .code = "X99B1",
       .name = "0 to 19 service",
       .type = "public_health_service",
       .system = "health-visiting",
       .record_prefix = "HV",
       .reason = "patient",
       .roles = {{"health visitor", "health_visitor"},
                 {"family nurse", "family_nurse"}},
       .duty_contact = "01632 960202, duty health visitor",
       .verified_nhs_per_mille = 900,
       .copied_nhs_per_mille = 30},
      {.writer = "health",
       .scheme = "ods",
       .code = "X99C1",
       .name = "Harbour Street Practice",
       .type = "general_practice",
       .system = "practice-records",
       .record_prefix = "GP",
       .reason = "patient",
       .roles = {{"general practitioner", "gp"},
                 {"practice nurse", "practice_nurse"}},
       .duty_contact = "01632 960203, safeguarding lead",
       .verified_nhs_per_mille = 800,
       .copied_nhs_per_mille = 100},
      {.writer = "education",
       .scheme = "urn",
       .code = "999001",
       .name = "Gannet Primary School",
       .type = "school",
       .system = "school-records",
       .record_prefix = "SC",
       .reason = "enrolled",
       .roles = {{"designated safeguarding lead",
                  function::kDesignatedSafeguardingLead},
                 {"class teacher", "teacher"},
                 {"head teacher", "head_teacher"}},
       .duty_contact = "01632 960301, school office",
       .copied_nhs_per_mille = 150,
       .upn_per_mille = 950},
      {.writer = "education",
       .scheme = "urn",
       .code = "999002",
       .name = "Fulmar Primary School",
       .type = "school",
       .system = "school-records",
       .record_prefix = "SC",
       .reason = "enrolled",
       .roles = {{"designated safeguarding lead",
                  function::kDesignatedSafeguardingLead},
                 {"teaching assistant", "teacher"},
                 {"head teacher", "head_teacher"}},
       .duty_contact = "01632 960302, school office",
       .copied_nhs_per_mille = 100,
       .upn_per_mille = 900},
      {.writer = "education",
       .scheme = "urn",
       .code = "999003",
       .name = "Kittiwake Academy",
       .type = "school",
       .system = "pupil-register",
       .record_prefix = "PU",
       .reason = "enrolled",
       .roles = {{"designated safeguarding lead",
                  function::kDesignatedSafeguardingLead},
                 {"head of year", "teacher"},
                 {"attendance officer", "education_welfare_officer"}},
       .duty_contact = "01632 960303, pastoral office",
       .copied_nhs_per_mille = 200,
       .upn_per_mille = 970,
       .own_terms_alone = true},
      {.writer = "social_care",
       .scheme = "la",
       .code = "E99000001",
       .name = "Northshire children's social care",
       .type = "childrens_social_care",
       .system = "case-management",
       .record_prefix = "CM",
       .reason = "referral",
       .roles = {{"social worker", function::kSocialWorker},
                 {"team manager", function::kTeamManager},
                 {"family support worker", "early_help_worker"}},
       .duty_contact = "01632 960401, duty social worker",
       .verified_nhs_per_mille = 700,
       .copied_nhs_per_mille = 100,
       .upn_per_mille = 500},
      {.writer = "mash",
       .scheme = "local",
       .code = "NORTHSHIRE-HUB",
       .name = "Northshire safeguarding hub",
       .type = "multi_agency_hub",
       .system = "hub-records",
       .record_prefix = "HB",
       .reason = "concern",
       .roles = {{"hub coordinator", function::kHubCoordinator},
                 {"hub manager", "hub_manager"}},
       .duty_contact = "01632 960501, hub duty desk",
       .verified_nhs_per_mille = 800,
       .copied_nhs_per_mille = 50,
       .upn_per_mille = 200},
      {.writer = "partner",
       .scheme = "local",
       .code = "NORTHSHIRE-HOUSING",
       .name = "Northshire housing",
       .type = "housing_authority",
       .system = "housing-cases",
       .record_prefix = "HO",
       .reason = "service_user",
       .roles = {{"housing officer", "housing_officer"}},
       .duty_contact = "01632 960601, housing duty officer",
       .own_terms_alone = true},
      {.writer = "partner",
       .scheme = "local",
       .code = "NORTHSHIRE-ENVIRONMENT",
       .name = "Northshire environmental health",
       .type = "environmental_health",
       .system = "inspections",
       .record_prefix = "EH",
       .reason = "service_user",
       .roles = {{"environmental health officer",
                  "environmental_health_officer"}},
       .duty_contact = "01632 960602, duty inspector"},
      {.writer = "partner",
       .scheme = "local",
       .code = "NORTHSHIRE-PROBATION",
       .name = "Northshire probation",
       .type = "probation",
       .system = "offender-cases",
       .record_prefix = "PB",
       .reason = "service_user",
       .roles = {{"probation officer", "probation_officer"}},
       .duty_contact = "01632 960603, duty probation officer"},
      {.writer = "partner",
       .scheme = "charity",
       .code = "999999",
       .name = "Turnstone Family Project",
       .type = "voluntary_under_contract",
       .system = "project-notes",
       .record_prefix = "TP",
       .reason = "request_for_help",
       .roles = {{"family worker", "voluntary_worker"},
                 {"play worker", "voluntary_worker"}},
       .duty_contact = "01632 960604, project office",
       .copied_nhs_per_mille = 50,
       .commissioned_by = kSocialCare},
  };
  Check(desks.size() == kDesks, "one desk for each name");
  return desks;
}

}  // namespace

const Desk& DeskAt(size_t desk) { return Desks()[desk]; }

ev::Organisation OrganisationOf(size_t desk) {
  ev::Organisation organisation;
  organisation.set_scheme(std::string(DeskAt(desk).scheme));
  organisation.set_code(std::string(DeskAt(desk).code));
  return organisation;
}

ev::Concept Say(size_t desk, const Word& word) {
  ev::Concept said;
  if (!DeskAt(desk).own_terms_alone) said.set_code(std::string(word.code));
  said.mutable_own()->set_system(std::string(DeskAt(desk).system));
  said.mutable_own()->set_code(std::string(word.own_code));
  said.mutable_own()->set_display(std::string(word.display));
  return said;
}

ev::Concept Code(absl::string_view code) {
  ev::Concept said;
  said.set_code(std::string(code));
  return said;
}

}  // namespace vigil::cli
