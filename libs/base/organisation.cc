#include "libs/base/organisation.h"

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace vigil {
namespace {

constexpr absl::string_view kSchemes[] = {
    "ods", "urn", "la", "police", "charity", "company", "local"};

bool IsCodeCharacter(char c) {
  return absl::ascii_isdigit(c) || absl::ascii_isupper(c) || c == '-';
}

}  // namespace

std::string Organisation::Text() const {
  return absl::StrCat(scheme, ":", code);
}

std::optional<absl::string_view> CheckOrganisation(absl::string_view scheme,
                                                   absl::string_view code) {
  if (!absl::c_linear_search(kSchemes, scheme)) return kOrganisationScheme;
  if (code.empty() || code.size() > kMaxOrganisationCodeCharacters ||
      code.front() == '-' || code.back() == '-' ||
      !absl::c_all_of(code, IsCodeCharacter)) {
    return kOrganisationCode;
  }
  return std::nullopt;
}

absl::StatusOr<Organisation> ParseOrganisation(absl::string_view text) {
  const size_t colon = text.find(':');
  const absl::string_view scheme = text.substr(0, colon);
  const absl::string_view code =
      colon == absl::string_view::npos ? "" : text.substr(colon + 1);
  if (const auto violation = CheckOrganisation(scheme, code)) {
    return absl::InvalidArgumentError(absl::StrCat(
        *violation, ": an organisation is written <scheme>:<code>, the scheme ",
        "one of ods, urn, la, police, charity, company and local, the code in ",
        "upper case without spaces"));
  }
  return Organisation{std::string(scheme), std::string(code)};
}

}  // namespace vigil
