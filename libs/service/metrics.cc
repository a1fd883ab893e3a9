#include "libs/service/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace vigil::service {
namespace {

// From a fifth of a millisecond, an append to the embedded log, to the default
// deadline.
const prometheus::Histogram::BucketBoundaries kDurationSeconds = {
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
    0.05,   0.1,    0.2,   0.5,   1,     5,    30};

class PrometheusCounter final : public Metrics::Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter)
      : counter_(counter) {}
  void Increment(double by) override { counter_.Increment(by); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusRpc final : public Metrics::Rpc {
 public:
  PrometheusRpc(prometheus::Family<prometheus::Counter>& requests,
                prometheus::Family<prometheus::Histogram>& durations,
                const std::string& rpc)
      : rpc_(rpc),
        requests_(requests),
        duration_(durations.Add({{"rpc", rpc}}, kDurationSeconds)) {}

  void Finished(absl::StatusCode code, absl::Duration took) override {
    const size_t index = static_cast<size_t>(code) % kCodes;
    // Made when first met, for most rpcs never meet most codes. Add gives the
    // same counter to all who ask at once.
    prometheus::Counter* counter =
        by_code_[index].load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &requests_.Add(
          {{"rpc", rpc_}, {"code", absl::StatusCodeToString(code)}});
      by_code_[index].store(counter, std::memory_order_release);
    }
    counter->Increment();
    duration_.Observe(absl::ToDoubleSeconds(took));
  }

 private:
  static constexpr size_t kCodes = 17;  // OK to UNAUTHENTICATED

  const std::string rpc_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Histogram& duration_;
  std::array<std::atomic<prometheus::Counter*>, kCodes> by_code_ = {};
};

// Gauges that are read when somebody asks.
class ReadGauges final : public prometheus::Collectable {
 public:
  void Add(const std::string& name, const std::string& help,
           std::function<double()> read, const Metrics::Labels& labels) {
    std::lock_guard lock(mutex_);
    Family& family = families_[name];
    family.help = help;
    family.gauges.push_back({labels, std::move(read)});
  }

  // Held while a scrape reads, so that none reads once this has returned.
  void Clear() {
    std::lock_guard lock(mutex_);
    families_.clear();
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::lock_guard lock(mutex_);
    std::vector<prometheus::MetricFamily> out;
    for (const auto& [name, family] : families_) {
      prometheus::MetricFamily& collected = out.emplace_back();
      collected.name = name;
      collected.help = family.help;
      collected.type = prometheus::MetricType::Gauge;
      for (const Gauge& gauge : family.gauges) {
        prometheus::ClientMetric& metric = collected.metric.emplace_back();
        for (const auto& [label, value] : gauge.labels) {
          metric.label.push_back({label, value});
        }
        metric.gauge.value = gauge.read();
      }
    }
    return out;
  }

 private:
  struct Gauge {
    Metrics::Labels labels;
    std::function<double()> read;
  };
  struct Family {
    std::string help;
    std::vector<Gauge> gauges;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;
};

}  // namespace

struct Metrics::State {
  std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  std::shared_ptr<ReadGauges> gauges = std::make_shared<ReadGauges>();
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("vigil_requests_total")
          .Help("Calls finished, by rpc and status code.")
          .Register(*registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("vigil_request_duration_seconds")
          .Help("From a call's arrival to its answer, by rpc.")
          .Register(*registry);
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Rpc>> rpcs;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Counter>> counters;
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}

Metrics::~Metrics() { StopExposing(); }

Metrics::Rpc* Metrics::ForRpc(const std::string& rpc) {
  std::lock_guard lock(state_->mutex);
  std::unique_ptr<Rpc>& found = state_->rpcs[rpc];
  if (found == nullptr) {
    found = std::make_unique<PrometheusRpc>(state_->requests, state_->durations,
                                            rpc);
  }
  return found.get();
}

Metrics::Counter* Metrics::AddCounter(const std::string& name,
                                      const std::string& help,
                                      const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  std::unique_ptr<Counter>& found = state_->counters[{name, labels}];
  if (found == nullptr) {
    found = std::make_unique<PrometheusCounter>(prometheus::BuildCounter()
                                                    .Name(name)
                                                    .Help(help)
                                                    .Register(*state_->registry)
                                                    .Add(labels));
  }
  return found.get();
}

void Metrics::AddGauge(const std::string& name, const std::string& help,
                       std::function<double()> read, const Labels& labels) {
  state_->gauges->Add(name, help, std::move(read), labels);
}

absl::StatusOr<std::string> Metrics::Expose(const std::string& address) {
  // prometheus-cpp and the server inside it speak in exceptions.
  try {
    state_->exposer = std::make_unique<prometheus::Exposer>(address);
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("metrics cannot listen on ", address));
  }
  state_->exposer->RegisterCollectable(state_->registry);
  state_->exposer->RegisterCollectable(state_->gauges);
  return absl::StrCat(address.substr(0, address.rfind(':')), ":",
                      state_->exposer->GetListeningPorts().front());
}

void Metrics::StopExposing() {
  state_->exposer.reset();
  state_->gauges->Clear();
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = state_->registry->Collect();
  for (prometheus::MetricFamily& family : state_->gauges->Collect()) {
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace vigil::service
