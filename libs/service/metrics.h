// What operators measure, for Prometheus.
//
//   Metrics metrics;
//   metrics.AddGauge("vigil_outbox_records", "Records not yet relayed.",
//                    [&] { return double(outbox.depth()); });
//   metrics.ForRpc("vigil.police.v1.PoliceService/Submit")
//       ->Finished(absl::StatusCode::kOk, elapsed);
//   metrics.Expose("127.0.0.1:9464");   // Server::Start does it
//
// Names follow Prometheus: base units, `_total`, `_seconds`. No child, subject,
// organisation or calling system is ever a label: labels are few and fixed.
//
//   vigil_requests_total{rpc,code}
//   vigil_request_duration_seconds{rpc}
//   vigil_certificate_not_after_timestamp_seconds   (Server; days to expiry is
//       a subtraction in the query, which a stored number of days would spoil)
//
// Threads: safe.
#ifndef VIGIL_LIBS_SERVICE_METRICS_H_
#define VIGIL_LIBS_SERVICE_METRICS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace vigil::service {

class Metrics {
 public:
  // One rpc's count and time. Lives as long as its Metrics.
  class Rpc {
   public:
    virtual ~Rpc() = default;
    virtual void Finished(absl::StatusCode code, absl::Duration took) = 0;
  };

  // Lives as long as its Metrics.
  class Counter {
   public:
    virtual ~Counter() = default;
    virtual void Increment(double by = 1) = 0;
  };

  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();

  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same object for the same name.
  Rpc* ForRpc(const std::string& rpc);

  // The same object for the same name and labels.
  Counter* AddCounter(const std::string& name, const std::string& help,
                      const Labels& labels = {});

  // `read` is called at each scrape, on another thread, until StopExposing has
  // returned.
  void AddGauge(const std::string& name, const std::string& help,
                std::function<double()> read, const Labels& labels = {});

  // Serves http://<address>/metrics and returns the address with the port that
  // was taken. UNAVAILABLE if it cannot be taken.
  absl::StatusOr<std::string> Expose(const std::string& address);

  // No `read` runs after this. Without Expose it does nothing.
  void StopExposing();

  // What a scrape gets.
  std::string Text() const;

 private:
  struct State;  // prometheus-cpp's types
  std::unique_ptr<State> state_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_METRICS_H_
