// Who tells in a synthetic area: one row for each system of an organisation.
// All desks do the same things; what differs is in the row, and a further body
// is a further row.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_TOOLS_VIGIL_SYNTHETIC_DESKS_H_
#define VIGIL_TOOLS_VIGIL_SYNTHETIC_DESKS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::cli {

enum DeskIndex : size_t {
  kPolice,
  kHospital,
  kHealthVisiting,
  kPractice,
  kPrimary1,
  kPrimary2,
  kSecondary,
  kSocialCare,
  kHub,
  kHousing,
  kEnvironmentalHealth,
  kProbation,
  kFamilyCharity,
  kDesks
};

struct DeskRole {
  absl::string_view title;
  absl::string_view function;  // its published code
};

struct Desk {
  absl::string_view writer;
  absl::string_view scheme;
  absl::string_view code;
  absl::string_view name;  // of the organisation, or of its part
  absl::string_view type;  // organisation_type
  absl::string_view system;
  absl::string_view record_prefix;
  absl::string_view reason;  // registration_reason
  std::vector<DeskRole> roles;
  absl::string_view duty_contact;
  // Of the people it knows.
  int verified_nhs_per_mille = 0;
  int copied_nhs_per_mille = 0;
  int upn_per_mille = 0;
  // What it finds it says in its own terms alone.
  bool own_terms_alone = false;
  // Whose duties it has, of a body under contract.
  std::optional<DeskIndex> commissioned_by = std::nullopt;
};

const Desk& DeskAt(size_t desk);

event::v1::Organisation OrganisationOf(size_t desk);

// A word that an agency uses, and what it means to all.
struct Word {
  absl::string_view code;  // published
  absl::string_view own_code;
  absl::string_view display;
  absl::string_view headline = {};
};

// The word as that desk's system says it.
event::v1::Concept Say(size_t desk, const Word& word);

// A published code alone.
event::v1::Concept Code(absl::string_view code);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_SYNTHETIC_DESKS_H_
