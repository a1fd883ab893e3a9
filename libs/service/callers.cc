#include "libs/service/callers.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "libs/base/check.h"
#include "libs/service/certificate.h"
#include "libs/service/log.h"
#include "libs/service/status.h"

namespace vigil::service {

Place& Place::operator=(Place&& other) noexcept {
  std::swap(in_flight_, other.in_flight_);
  std::swap(requests_, other.requests_);
  return *this;
}

Place::~Place() {
  if (in_flight_ == nullptr) return;
  in_flight_->requests.fetch_sub(requests_, std::memory_order_relaxed);
  in_flight_->calls.fetch_sub(1, std::memory_order_relaxed);
}

absl::Status Place::Hold(uint32_t requests) {
  Check(in_flight_ != nullptr, "a place that was given");
  const uint32_t before =
      in_flight_->requests.fetch_add(requests, std::memory_order_relaxed);
  if (before + requests > in_flight_->max_requests) {
    in_flight_->requests.fetch_sub(requests, std::memory_order_relaxed);
    return TooMuchInFlight();
  }
  requests_ += requests;
  return absl::OkStatus();
}

void Place::Free(uint32_t requests) {
  Check(requests <= requests_, "no more is freed than is held");
  requests_ -= requests;
  in_flight_->requests.fetch_sub(requests, std::memory_order_relaxed);
}

Callers::Callers(Register systems, CallersOptions options)
    : systems_(std::move(systems)),
      options_(std::move(options)),
      plaintext_(systems_.FindSystem(options_.plaintext_system)) {
  Check(options_.plaintext_system.empty() || plaintext_.has_value(),
        "the plaintext listener's system is in the register");
  for (const std::string& id : systems_.SystemIds()) {
    in_flight_[id].max_requests = options_.requests_in_flight_per_system;
  }
}

absl::StatusOr<Admitted> Callers::Admit(const Peer& peer) {
  std::optional<Caller> caller = Identify(peer);
  if (!caller) return Unauthenticated();
  Place::InFlight& in_flight = in_flight_.find(caller->system())->second;
  Admitted admitted;
  admitted.place = Place(&in_flight);
  if (in_flight.calls.fetch_add(1, std::memory_order_relaxed) >=
      options_.calls_in_flight_per_system) {
    return TooMuchInFlight();
  }
  admitted.caller = *std::move(caller);
  return admitted;
}

std::optional<Caller> Callers::Identify(const Peer& peer) {
  if (peer.plaintext) return plaintext_;
  {
    absl::ReaderMutexLock lock(&mutex_);
    auto known = known_.find(peer.certificate_pem);
    if (known != known_.end()) return known->second;
  }
  std::optional<Caller> caller;
  absl::StatusOr<Certificate> certificate =
      ParseCertificate(peer.certificate_pem);
  if (certificate.ok()) {
    caller = systems_.Find(*certificate);
    if (!caller) {
      // Said once, for the operator who forgot to register a system.
      LogWarning("unknown_certificate",
                 {{"uris", absl::StrJoin(certificate->uris, ",")},
                  {"dns", absl::StrJoin(certificate->dns_names, ",")},
                  {"issuer", certificate->issuer}});
    }
  }
  absl::MutexLock lock(&mutex_);
  if (known_.size() >= kMaxRememberedCertificates) known_.clear();
  known_.emplace(peer.certificate_pem, caller);
  return caller;
}

}  // namespace vigil::service
