// The name of an organisation: who gives out the code, and the code.
//
//   ods:RXX           an NHS organisation (Organisation Data Service code)
//   urn:100000        a school (its unique reference number)
//   la:E09000001      a local authority (GSS code)
//   police:43         a force (Home Office force code)
//   charity: company: local:    (the last: named by the partnership itself)
//
//   if (auto code = CheckOrganisation(scheme, code)) violations.Add(f, *code);
//   absl::StatusOr<Organisation> police = ParseOrganisation("police:43");
//
// The text enters event ids for ever, so there is one spelling: the scheme in
// lower case, the code in upper case without spaces, as the giver writes it
// with its leading zeros. Another is refused, never mended. Whether the
// organisation exists, and who may speak for it, the register of systems knows.
//
// Threads: safe.
#ifndef VIGIL_LIBS_BASE_ORGANISATION_H_
#define VIGIL_LIBS_BASE_ORGANISATION_H_

#include <compare>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vigil {

// Twice the longest code that any of the schemes gives out.
inline constexpr size_t kMaxOrganisationCodeCharacters = 32;

// Published violation codes: they never change.
inline constexpr absl::string_view kOrganisationScheme = "ORGANISATION_SCHEME";
inline constexpr absl::string_view kOrganisationCode = "ORGANISATION_CODE";

struct Organisation {
  std::string scheme;
  std::string code;

  // "police:43". Injective, since neither part holds a colon.
  std::string Text() const;

  friend auto operator<=>(const Organisation&, const Organisation&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Organisation& organisation) {
    return H::combine(std::move(h), organisation.scheme, organisation.code);
  }
};

// The code of what is wrong: the scheme is none of those above; the code is
// empty, too long, or has another character than A-Z, 0-9 and inner hyphens.
std::optional<absl::string_view> CheckOrganisation(absl::string_view scheme,
                                                   absl::string_view code);

// Reads what Text writes; otherwise INVALID_ARGUMENT, whose message begins with
// the violation code.
absl::StatusOr<Organisation> ParseOrganisation(absl::string_view text);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_ORGANISATION_H_
