#include "libs/service/caller.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::service {
namespace {

constexpr absl::string_view kEveryCode = "*";

// CheckOrganisation, for a scheme with each of its codes.
bool IsOrganisation(const event::v1::Organisation& organisation) {
  std::string code = organisation.code();
  if (code == kEveryCode) code = "0";  // any will do to check the scheme
  return !CheckOrganisation(organisation.scheme(), code).has_value();
}

void CheckSystem(const config::v1::System& system,
                 const std::set<std::string>& services, const std::string& path,
                 std::vector<ConfigFault>* faults) {
  const auto fault = [&](absl::string_view field, absl::string_view problem) {
    faults->push_back({absl::StrCat(path, ".", field), std::string(problem)});
  };
  if (system.id().empty()) {
    fault("id", "is required");
  } else if (system.id().size() > kMaxSystemIdCharacters) {
    fault("id",
          absl::StrCat("is over ", kMaxSystemIdCharacters, " characters"));
  } else if (system.id().find_first_not_of(
                 "abcdefghijklmnopqrstuvwxyz0123456789-_.") !=
             std::string::npos) {
    fault("id", "has another character than a-z, 0-9, '-', '_' and '.'");
  }
  if (system.san_uri().empty() == system.san_dns().empty()) {
    fault(system.san_uri().empty() ? "san_uri" : "san_dns",
          "exactly one of san_uri and san_dns is required");
  }
  if (system.issuer().empty()) fault("issuer", "is required");

  if (system.roles().empty()) fault("roles", "is required");
  std::set<int> roles;
  for (int i = 0; i < system.roles_size(); ++i) {
    const int role = system.roles(i);
    const std::string field = absl::StrCat("roles[", i, "]");
    if (role == config::v1::ROLE_UNSPECIFIED ||
        !config::v1::Role_IsValid(role)) {
      fault(field, "is no role");
    } else if (!roles.insert(role).second) {
      fault(field, "is there twice");
    }
  }
  for (int i = 0; i < system.services_size(); ++i) {
    if (!services.contains(system.services(i))) {
      fault(absl::StrCat("services[", i, "]"),
            "is none that the declared topics have");
    }
  }
  for (int i = 0; i < system.acts_size(); ++i) {
    const auto* field =
        common::v1::Statement::descriptor()->FindFieldByName(system.acts(i));
    if (field == nullptr || field->real_containing_oneof() == nullptr) {
      fault(absl::StrCat("acts[", i, "]"),
            "is no act (vigil.common.v1.Statement.act)");
    }
  }
  for (int i = 0; i < system.organisations_size(); ++i) {
    if (!IsOrganisation(system.organisations(i))) {
      fault(absl::StrCat("organisations[", i, "]"),
            "its scheme or code is none (vigil.event.v1.Organisation)");
    }
  }
  if (roles.contains(config::v1::ROLE_PUBLISHER)) {
    if (system.services().empty()) {
      fault("services", "a publisher needs one");
    }
    if (system.organisations().empty()) {
      fault("organisations", "a publisher needs one");
    }
  }
}

}  // namespace

Caller::Caller(const config::v1::System& system) {
  auto grants = std::make_shared<Grants>();
  grants->system = system.id();
  for (int role : system.roles()) {
    grants->roles.insert(static_cast<config::v1::Role>(role));
  }
  grants->services.insert(system.services().begin(), system.services().end());
  grants->acts.insert(system.acts().begin(), system.acts().end());
  for (const auto& organisation : system.organisations()) {
    if (organisation.code() == kEveryCode) {
      grants->whole_schemes.insert(organisation.scheme());
    } else {
      grants->organisations.insert(
          {organisation.scheme(), organisation.code()});
    }
  }
  grants_ = std::move(grants);
}

const std::string& Caller::system() const {
  static const std::string* const kNobody = new std::string();
  return grants_ == nullptr ? *kNobody : grants_->system;
}

bool Caller::HasRole(config::v1::Role role) const {
  return grants_ != nullptr && grants_->roles.contains(role);
}

bool Caller::MayPublishThrough(absl::string_view service) const {
  return HasRole(config::v1::ROLE_PUBLISHER) &&
         grants_->services.contains(service);
}

bool Caller::MaySay(absl::string_view act) const {
  return grants_ != nullptr &&
         (grants_->acts.empty() || grants_->acts.contains(act));
}

bool Caller::MaySpeakFor(const Organisation& organisation) const {
  // "*" is a pattern of the register, never the name of an organisation.
  return grants_ != nullptr && organisation.code != kEveryCode &&
         (grants_->organisations.contains(organisation) ||
          grants_->whole_schemes.contains(organisation.scheme));
}

bool Caller::MaySpeakFor(const event::v1::Organisation& organisation) const {
  return MaySpeakFor(Organisation{organisation.scheme(), organisation.code()});
}

std::optional<Organisation> Caller::OnlyOrganisation() const {
  if (grants_ == nullptr || !grants_->whole_schemes.empty() ||
      grants_->organisations.size() != 1) {
    return std::nullopt;
  }
  return *grants_->organisations.begin();
}

std::vector<ConfigFault> CheckRegister(const config::v1::Register& systems,
                                       const std::set<std::string>& services) {
  std::vector<ConfigFault> faults;
  std::set<std::string> ids;
  std::set<std::pair<std::string, std::string>> uris;
  std::set<std::pair<std::string, std::string>> dns_names;
  for (int i = 0; i < systems.systems_size(); ++i) {
    const config::v1::System& system = systems.systems(i);
    const std::string path = absl::StrCat("systems[", i, "]");
    CheckSystem(system, services, path, &faults);
    const auto fault_if_twice = [&](absl::string_view field, bool twice) {
      if (twice) {
        faults.push_back({absl::StrCat(path, ".", field), "is there twice"});
      }
    };
    fault_if_twice("id",
                   !system.id().empty() && !ids.insert(system.id()).second);
    fault_if_twice(
        "san_uri",
        !system.san_uri().empty() &&
            !uris.insert({system.issuer(), system.san_uri()}).second);
    fault_if_twice(
        "san_dns",
        !system.san_dns().empty() &&
            !dns_names.insert({system.issuer(), system.san_dns()}).second);
  }
  return faults;
}

absl::StatusOr<Register> Register::Make(const config::v1::Register& systems,
                                        const std::set<std::string>& services) {
  std::string problems;
  for (const ConfigFault& fault : CheckRegister(systems, services)) {
    absl::StrAppend(&problems, problems.empty() ? "" : "\n", fault.field, ": ",
                    fault.problem);
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems);

  Register made;
  for (const config::v1::System& system : systems.systems()) {
    made.by_id_.emplace(system.id(), Caller(system));
    if (!system.san_uri().empty()) {
      made.by_uri_.emplace(std::pair(system.issuer(), system.san_uri()),
                           system.id());
    } else {
      made.by_dns_.emplace(std::pair(system.issuer(), system.san_dns()),
                           system.id());
    }
  }
  return made;
}

std::optional<Caller> Register::Find(const Certificate& certificate) const {
  std::set<std::string> found;
  const auto look = [&](const Names& names,
                        const std::vector<std::string>& held) {
    for (const std::string& name : held) {
      auto entry = names.find({certificate.issuer, name});
      if (entry != names.end()) found.insert(entry->second);
    }
  };
  look(by_uri_, certificate.uris);
  look(by_dns_, certificate.dns_names);
  if (found.size() != 1) return std::nullopt;
  return FindSystem(*found.begin());
}

std::optional<Caller> Register::FindSystem(absl::string_view id) const {
  auto entry = by_id_.find(id);
  if (entry == by_id_.end()) return std::nullopt;
  return entry->second;
}

std::vector<std::string> Register::SystemIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, caller] : by_id_) ids.push_back(id);
  return ids;
}

}  // namespace vigil::service
