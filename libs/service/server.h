// A process that serves: listeners, health, reflection, signals, a clean end.
//
//   int main(int argc, char** argv) {
//     BeginProcess();   // first, before any thread and any file
//     ...
//     Server server("police", configuration.process, &metrics);
//     server.Add(police.name(), police.grpc_service());
//     if (absl::Status started = server.Start(); !started.ok()) ...
//     return server.RunUntilSignal([&] { pipeline.Drain(); });
//   }
//
// Two listeners at most. The one of `listener.address` speaks TLS and demands a
// client certificate, always; its files are read again when they change, so a
// renewed certificate needs no restart. The one of `listener.plaintext` exists
// only when asked for, only on a loopback address, and speaks as one named
// system of the register (callers.h): for trying things on one machine.
//
// Once it really serves, one line goes to stderr, and the same text into
// <data_folder>/addresses, for scripts; a clean end removes the file:
//
//   serving name=police tls=127.0.0.1:41231 plaintext=127.0.0.1:41232
//
// A listener of all interfaces (0.0.0.0, [::]) stands there as localhost: no
// certificate names the others.
//
// Messages are not compressed: a call that says it is ends with UNIMPLEMENTED.
//
// Health is grpc.health.v1: every added service is SERVING from the start and
// until the end begins; Watch or SetServing tell otherwise, and know further
// names ("vigil.Freshness").
//
// Threads: SetServing from any; the rest from the one that owns it.
#ifndef VIGIL_LIBS_SERVICE_SERVER_H_
#define VIGIL_LIBS_SERVICE_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/limits.h"
#include "vigil/config/v1/config.pb.h"

namespace grpc {
class Service;
}

namespace vigil::service {

class Metrics;

// What gRPC reads of one message at all: above kMaxBatchBytes, so that what is
// a little too large is told so by a status that a client does not repeat.
inline constexpr size_t kMaxReceiveBytes = 2 * kMaxBatchBytes;

// Headers of one call: traceparent and what proxies add need far less. (gRPC
// 1.51 has known faults in HPACK, for which less is safer.)
inline constexpr size_t kMaxMetadataBytes = 8u << 10;

// Calls at once on one connection; a client that needs more opens another.
inline constexpr int kMaxConcurrentStreams = 100;

// Memory of gRPC's own buffers: 32 of the largest messages at once.
inline constexpr size_t kGrpcBufferBytes = 256u << 20;

// Between pings on a silent connection, and for the answer: what clients are
// told to use too, below the idle limits of ordinary firewalls.
inline constexpr absl::Duration kKeepalive = absl::Seconds(30);
inline constexpr absl::Duration kKeepaliveAnswer = absl::Seconds(10);

// A connection ends in good order after this, so that clients spread again
// over replicas and a certificate's end is noticed; a call may go on for the
// grace, which is twice the default deadline.
inline constexpr absl::Duration kMaxConnectionAge = absl::Minutes(30);
inline constexpr absl::Duration kMaxConnectionAgeGrace = absl::Minutes(1);

// How often what is watched is asked for its health.
inline constexpr absl::Duration kAskHealthEvery = absl::Seconds(1);

// How often the certificate's files are looked at.
inline constexpr absl::Duration kCertificateRefresh = absl::Seconds(60);

// At the end: what calls in flight have left before they are cancelled.
inline constexpr absl::Duration kShutdownGrace = absl::Seconds(5);

// What each of our processes does first. SIGTERM and SIGINT are kept for
// RunUntilSignal: threads inherit it, so it comes before the first of them. And
// whatever the process writes is for its own user alone (umask 077): a log, an
// index and an outbox hold children's records.
void BeginProcess();

class Server {
 public:
  // Of `process`: data_folder, listener, reflection, metrics_address. `metrics`
  // outlives it.
  Server(std::string name, config::v1::Process process, Metrics* metrics);
  ~Server();  // as Shutdown

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start. `service_name` is the full proto name; the service outlives
  // the server.
  void Add(absl::string_view service_name, grpc::Service* service);

  // Before Start. Health of this name is what `serving` says, which is asked on
  // a thread of the server's, from Start until Shutdown.
  void Watch(absl::string_view name, std::function<bool()> serving);

  // Listens and serves.
  //   INVALID_ARGUMENT     no listener at all, plaintext on another address
  //                        than a loopback one, a certificate that is none or
  //                        is not its key's
  //   NOT_FOUND, PERMISSION_DENIED ...  a file that cannot be read or written
  //   UNAVAILABLE          an address cannot be taken
  absl::Status Start();

  // "127.0.0.1:41231"; empty without such a listener. After Start.
  const std::string& tls_address() const;
  const std::string& plaintext_address() const;
  const std::string& metrics_address() const;

  // Health of one name, after Start.
  void SetServing(absl::string_view name, bool serving);

  // All health is NOT_SERVING; no new call is taken; those in flight may finish
  // within kShutdownGrace and are cancelled then; the metrics end. Returns when
  // each call has finished. A second time it does nothing.
  void Shutdown();

  // Waits for SIGTERM or SIGINT, then Shutdown, then `drain`. Returns 0, the
  // exit code. BeginProcess must have been called.
  int RunUntilSignal(const std::function<void()>& drain = nullptr);

 private:
  void WatchUntilEnd();  // thread

  struct State;  // gRPC's types
  std::unique_ptr<State> state_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_SERVER_H_
