// Lets a call in: says who is calling, and holds a place for the call, and for
// the requests that it carries, among those that this system has in flight.
//
//   Callers callers(std::move(systems), {.plaintext_system = "demo"});
//   absl::StatusOr<Admitted> admitted = callers.Admit({.certificate_pem =
//   pem}); admitted->caller.MayPublishThrough("police");
//   absl::Status room = admitted->place.Hold(batch.items_size());
//   // all is free again when admitted->place is gone
//
// One system's flood leaves the others their room. A certificate is parsed
// once, not at each call.
//
// Threads: safe. A Callers outlives the places it gave.
#ifndef VIGIL_LIBS_SERVICE_CALLERS_H_
#define VIGIL_LIBS_SERVICE_CALLERS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "libs/service/caller.h"

namespace vigil::service {

// Calls of one system in flight, unless configured: with 1 ms each, far more
// than one system needs; at 4 MB each, the most that one can make us hold.
inline constexpr uint32_t kCallsInFlightPerSystem = 256;

// Requests of one system in flight, unless configured: four full batches, which
// keep the log busy. It is what keeps one supplier's batches from filling the
// process (kRequestsInFlight of config.h), so that no other's concern is
// refused.
inline constexpr uint32_t kRequestsInFlightPerSystem = 2'000;

// Certificates remembered. Only those that a trusted authority signed come so
// far, so this is reached by a fleet, not by an attacker; then all are
// forgotten and parsed again.
inline constexpr size_t kMaxRememberedCertificates = 10'000;

// How a call came in.
struct Peer {
  // Over the plaintext listener, which only this machine can reach.
  bool plaintext = false;
  // What TLS verified.
  absl::string_view certificate_pem;
};

// A place among the calls in flight, given back when destroyed. Movable.
class Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept { *this = std::move(other); }
  Place& operator=(Place&& other) noexcept;
  ~Place();

  // Counts that many more requests among those that the system has in flight,
  // until they are freed or the place is gone. Not from several threads at
  // once.
  //   RESOURCE_EXHAUSTED  it would have more than it may, and none of them
  //                       counts: RetryInfo
  absl::Status Hold(uint32_t requests);
  void Free(uint32_t requests);

 private:
  friend class Callers;
  struct InFlight {
    std::atomic<uint32_t> calls = 0;
    std::atomic<uint32_t> requests = 0;
    uint32_t max_requests = 0;
  };
  explicit Place(InFlight* in_flight) : in_flight_(in_flight) {}

  InFlight* in_flight_ = nullptr;
  uint32_t requests_ = 0;
};

struct Admitted {
  Caller caller;
  Place place;
};

struct CallersOptions {
  // As whom the plaintext listener speaks; empty: plaintext is refused.
  std::string plaintext_system;
  uint32_t calls_in_flight_per_system = kCallsInFlightPerSystem;
  uint32_t requests_in_flight_per_system = kRequestsInFlightPerSystem;
};

class Callers {
 public:
  Callers(Register systems, CallersOptions options);

  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // UNAUTHENTICATED  the register knows no such system, or plaintext is off
  // RESOURCE_EXHAUSTED  it has as many calls in flight as it may: RetryInfo
  absl::StatusOr<Admitted> Admit(const Peer& peer);

 private:
  std::optional<Caller> Identify(const Peer& peer);

  const Register systems_;
  const CallersOptions options_;
  const std::optional<Caller> plaintext_;
  std::map<std::string, Place::InFlight, std::less<>> in_flight_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::optional<Caller>> known_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_CALLERS_H_
