// Who is calling, and what that system may do: the register of systems.
//
//   absl::StatusOr<Register> systems = Register::Make(proto, {"police"});
//   std::optional<Caller> caller = systems->Find(certificate);
//   if (!caller->MayPublishThrough("police")) return PermissionDenied(...);
//
// A certificate identifies a system, not an organisation: one
// supplier's system may speak for thousands of schools. Everything is denied
// that the register does not grant, and a Caller that nobody made may nothing.
//
// Threads: safe; all are values that do not change, and a Caller is cheap to
// copy.
#ifndef VIGIL_LIBS_SERVICE_CALLER_H_
#define VIGIL_LIBS_SERVICE_CALLER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/organisation.h"
#include "libs/service/certificate.h"
#include "vigil/config/v1/config.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::service {

class Caller {
 public:
  Caller() = default;  // may nothing

  // For tests and for Register, which has checked `system`.
  explicit Caller(const config::v1::System& system);

  // The register's id of the calling system; empty if nobody is calling.
  const std::string& system() const;

  bool HasRole(config::v1::Role role) const;

  // A publisher whose services hold this one ("police").
  bool MayPublishThrough(absl::string_view service) const;

  // Whether it is granted this act ("concern_raised"), or every one.
  bool MaySay(absl::string_view act) const;

  bool MaySpeakFor(const Organisation& organisation) const;
  bool MaySpeakFor(const event::v1::Organisation& organisation) const;

  // The one organisation for which it may speak; nothing if there are several.
  std::optional<Organisation> OnlyOrganisation() const;

 private:
  struct Grants {
    std::string system;
    std::set<config::v1::Role> roles;
    std::set<std::string, std::less<>> services;
    std::set<std::string, std::less<>> acts;  // none: every one
    std::set<Organisation> organisations;
    std::set<std::string, std::less<>> whole_schemes;  // a code of "*"
  };
  std::shared_ptr<const Grants> grants_;
};

// One call, as a service sees it.
struct Call {
  Caller caller;
  // kDefaultDeadline from now where the caller set none.
  absl::Time deadline;
  // W3C trace context, as the caller sent it; empty if it sent none.
  std::string traceparent;
};

// What is wrong with a file of an operator: the field's path and a sentence.
struct ConfigFault {
  std::string field;  // "systems[1].issuer"
  std::string problem;
};

// A system's id appears in logs and statuses.
inline constexpr size_t kMaxSystemIdCharacters = 64;

// All that is wrong with a register: an id that is empty, too long or there
// twice; not exactly one of san_uri and san_dns, no issuer, or the same pair
// twice; no role, an unknown or repeated one; a service that is not one of
// `services`; an act that is none; a publisher without service or organisation;
// an organisation whose scheme or code is none.
std::vector<ConfigFault> CheckRegister(const config::v1::Register& systems,
                                       const std::set<std::string>& services);

class Register {
 public:
  // INVALID_ARGUMENT with every fault of CheckRegister, one a line.
  static absl::StatusOr<Register> Make(const config::v1::Register& systems,
                                       const std::set<std::string>& services);

  // The system that has one of the certificate's URI or DNS names, exactly, by
  // its issuer, exactly. Nothing if there is none, or if two match.
  std::optional<Caller> Find(const Certificate& certificate) const;

  std::optional<Caller> FindSystem(absl::string_view id) const;

  // In the order of their ids.
  std::vector<std::string> SystemIds() const;

 private:
  // (issuer, name) -> system
  using Names = std::map<std::pair<std::string, std::string>, std::string>;
  std::map<std::string, Caller, std::less<>> by_id_;
  Names by_uri_;
  Names by_dns_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_CALLER_H_
