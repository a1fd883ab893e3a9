#include "services/chronology/chronology.h"

#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "libs/projection/rebuild.h"
#include "libs/service/log.h"
#include "services/chronology/projection.h"
#include "services/chronology/status.h"

namespace vigil::chronology {
namespace {

// Set by the build.
constexpr char kSoftwareVersion[] = VIGIL_VERSION;

constexpr absl::Duration kWatchEvery = absl::Seconds(1);
constexpr absl::Duration kSayProgressEvery = absl::Seconds(10);
constexpr absl::Duration kRebuildAgainAfter = absl::Seconds(30);

std::vector<eventlog::Partition> PartitionsRead(
    const eventlog::Topics& topics) {
  std::vector<eventlog::Partition> partitions;
  for (const auto& [topic, declared] : topics) {
    if (topic != kAccessTopic && !absl::EndsWith(topic, ".events.v1")) continue;
    for (eventlog::Partition& partition :
         eventlog::PartitionsOf(topics, topic)) {
      partitions.push_back(std::move(partition));
    }
  }
  return partitions;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Chronology>> Chronology::Open(
    const std::string& folder, eventlog::EventLog* log,
    const eventlog::Topics& topics,
    const eventlog::StoreAndForwardOptions& store_options,
    service::Callers* callers, service::Metrics* metrics) {
  if (!topics.contains(kAccessTopic)) {
    return absl::FailedPreconditionError(
        "the declaration of topics lacks vigil.chronology.access.v1, to which "
        "every answer is written");
  }
  auto outbox = eventlog::Outbox::Open(folder + "/outbox");
  if (!outbox.ok()) return outbox.status();
  auto index = projection::Index::Open(folder + "/index", ChronologyFold());
  if (!index.ok() && !absl::IsFailedPrecondition(index.status())) {
    return index.status();
  }
  std::unique_ptr<Chronology> chronology(
      new Chronology(folder, log, PartitionsRead(topics), *std::move(outbox),
                     store_options, callers, metrics));
  if (index.ok()) {
    chronology->Serve(*std::move(index));
  } else {
    service::LogInfo("index_of_another_version",
                     {{"reason", index.status().message()}});
    chronology->rebuilder_ = std::thread(
        [chronology = chronology.get()] { chronology->RebuildThenServe(); });
  }
  return chronology;
}

Chronology::Chronology(std::string folder, eventlog::EventLog* log,
                       std::vector<eventlog::Partition> partitions,
                       std::unique_ptr<eventlog::Outbox> outbox,
                       const eventlog::StoreAndForwardOptions& store_options,
                       service::Callers* callers, service::Metrics* metrics)
    : index_folder_(folder + "/index"),
      log_(log),
      partitions_(std::move(partitions)),
      outbox_(std::move(outbox)),
      views_(log, outbox_.get(), store_options),
      service_({.source = [this] { return serving_.load(); },
                .log = log,
                .partitions = partitions_,
                .views = &views_,
                .callers = callers,
                .metrics = metrics,
                .software_version = kSoftwareVersion,
                .conflicts = [this] { return conflicts_.load(); },
                .alarm =
                    [this] {
                      absl::MutexLock lock(&mutex_);
                      return alarm_;
                    }}) {
  const auto gauge = [&](const char* name, const char* help,
                         std::function<double(const Source&)> read) {
    metrics->AddGauge(name, help, [this, read] {
      const Source* source = serving_.load();
      return source == nullptr ? 0.0 : read(*source);
    });
  };
  gauge("vigil_projection_lag_records",
        "Records of the log that the index has not read; NaN while a part of "
        "the log has not told its end.",
        [](const Source& source) {
          const auto lag = source.runner->status().lag_records;
          return lag.has_value() ? static_cast<double>(*lag)
                                 : std::numeric_limits<double>::quiet_NaN();
        });
  gauge("vigil_projection_quarantined_records",
        "Records that the index could not read.", [](const Source& source) {
          return static_cast<double>(source.index->snapshot()->quarantined());
        });
  gauge("vigil_projection_conflicts",
        "Request ids under which different content came.",
        [this](const Source&) { return static_cast<double>(conflicts_); });
  gauge("vigil_unregistered_naming_keys",
        "Keys that subjects were named with and nobody announced.",
        [](const Source& source) {
          const auto ids = UnregisteredKeyIds(*source.index->snapshot());
          return ids.ok() ? static_cast<double>(ids->size()) : 0.0;
        });
  gauge(
      "vigil_views_outbox_records", "Views that are not yet in the log.",
      [this](const Source&) { return static_cast<double>(outbox_->depth()); });
}

Chronology::~Chronology() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  if (watcher_.joinable()) watcher_.join();
  if (counter_.joinable()) counter_.join();
  if (rebuilder_.joinable()) rebuilder_.join();
}

void Chronology::Serve(std::unique_ptr<projection::Index> index) {
  index_ = std::move(index);
  runner_ =
      std::make_unique<projection::Runner>(log_, index_.get(), partitions_);
  source_ = {.index = index_.get(), .runner = runner_.get()};
  serving_ = &source_;
}

void Chronology::RebuildThenServe() {
  absl::Time said = absl::InfinitePast();
  const auto progress = [&](const projection::RebuildProgress& now) {
    if (absl::Now() - said >= kSayProgressEvery) {
      said = absl::Now();
      service::LogInfo("rebuilding",
                       {{"done", now.done},
                        {"total", now.total},
                        {"seconds_left", absl::ToInt64Seconds(now.remaining)}});
    }
    return Wait(absl::ZeroDuration());
  };
  do {
    const absl::Status rebuilt =
        projection::Rebuild(*log_, partitions_, index_folder_, ChronologyFold(),
                            {.progress = progress});
    if (rebuilt.ok()) {
      auto index = projection::Index::Open(index_folder_, ChronologyFold());
      if (index.ok()) {
        service::LogInfo("rebuilt");
        return Serve(*std::move(index));
      }
      service::LogError("index_not_opened",
                        {{"status", index.status().ToString()}});
    } else {
      service::LogError("rebuild_failed", {{"status", rebuilt.ToString()}});
      absl::MutexLock lock(&mutex_);
      alarm_ = rebuilt.ToString();
    }
  } while (Wait(kRebuildAgainAfter));
}

void Chronology::AddTo(service::Server* server) {
  server->Add(ChronologyService::name(), service_.grpc_service());
}

void Chronology::Watch(service::Server* server) {
  watcher_ = std::thread([this, server] { WatchUntilEnd(server); });
  counter_ = std::thread([this] { CountConflictsUntilEnd(); });
}

void Chronology::WatchUntilEnd(service::Server* server) {
  absl::Time fresh = absl::InfinitePast();
  do {
    const Source* source = serving_.load();
    server->SetServing(ChronologyService::name(), source != nullptr);
    const absl::Time now = absl::Now();
    if (source != nullptr) {
      const projection::RunnerStatus status = source->runner->status();
      const bool follows = status.log_reachable && status.alarm.empty();
      if (follows && status.lag_records == 0) fresh = now;
      if (!follows) fresh = absl::InfinitePast();
    }
    server->SetServing(kFreshness, now - fresh <= kFreshFor);
  } while (Wait(kWatchEvery));
}

void Chronology::CountConflictsUntilEnd() {
  const auto go_on = [this] { return Wait(absl::ZeroDuration()); };
  absl::Duration pause = kWatchEvery;
  do {
    const Source* source = serving_.load();
    if (source == nullptr) continue;
    const absl::Time began = absl::Now();
    const auto conflicts = CountConflicts(*source->index->snapshot(), go_on);
    if (conflicts.ok()) conflicts_ = *conflicts;
    pause = std::max(kCountEvery, 100 * (absl::Now() - began));
  } while (Wait(pause));
}

bool Chronology::Wait(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&ending_), time);
}

void Chronology::SayOutbox() const {
  service::LogInfo("ended", {{"service", "chronology"},
                             {"outbox_records", outbox_->depth()},
                             {"parked_records", outbox_->parked()}});
}

}  // namespace vigil::chronology
