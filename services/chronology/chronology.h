// The chronology, whole: its index and what follows the log, its outbox of
// views, and its gRPC service; alone in a process, or beside others in a node.
//
//   auto chronology = Chronology::Open(folder, log, topics, store_options,
//                                      &callers, &metrics);
//   (*chronology)->AddTo(&server);
//   server.Start();
//   (*chronology)->Watch(&server);     // health, from now on
//   server.RunUntilSignal(...);
//
// An index that another version of the fold made is rebuilt at the first start,
// beside the old one: until then the service is NOT_SERVING and answers
// UNAVAILABLE. If the log does not hold what that one was made from, it may be
// the only copy: it is kept, and the service says in its status what is lost
// and goes on looking, until the log was restored or an operator has moved the
// index away. Otherwise it serves from the start, however old its index is,
// and every answer says so; whether it is fresh is a health name of its own,
// "vigil.Freshness".
//
// Threads: one owner.
#ifndef VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_H_
#define VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/eventlog/topics.h"
#include "libs/projection/index.h"
#include "libs/projection/runner.h"
#include "libs/service/callers.h"
#include "libs/service/metrics.h"
#include "libs/service/server.h"
#include "services/chronology/chronology_service.h"

namespace vigil::chronology {

// Whether the index is fresh; a health name.
inline constexpr absl::string_view kFreshness = "vigil.Freshness";

// Behind for longer than this is not fresh: longer than any batch takes.
inline constexpr absl::Duration kFreshFor = absl::Seconds(5);

// Conflicts are counted no more often than this, and in no more than a
// hundredth of the time.
inline constexpr absl::Duration kCountEvery = absl::Seconds(60);

class Chronology {
 public:
  // `folder` holds `index` and `outbox`, made if missing. `topics` is the
  // declaration: every topic of events is read, and the one of views written.
  //   FAILED_PRECONDITION  the declaration has no topic for views
  //   others               as Index::Open and Outbox::Open
  // All that it is given outlives it.
  static absl::StatusOr<std::unique_ptr<Chronology>> Open(
      const std::string& folder, eventlog::EventLog* log,
      const eventlog::Topics& topics,
      const eventlog::StoreAndForwardOptions& store_options,
      service::Callers* callers, service::Metrics* metrics);

  // After the server's end, and after Metrics::StopExposing.
  ~Chronology();
  Chronology(const Chronology&) = delete;
  Chronology& operator=(const Chronology&) = delete;

  // Before Server::Start.
  void AddTo(service::Server* server);

  // After Server::Start: keeps its health true until this is gone, which is
  // after Server::Shutdown and before the server itself goes.
  void Watch(service::Server* server);

  // Logs what is left to do at the end: the outbox's depth.
  void SayOutbox() const;

 private:
  Chronology(std::string folder, eventlog::EventLog* log,
             std::vector<eventlog::Partition> partitions,
             std::unique_ptr<eventlog::Outbox> outbox,
             const eventlog::StoreAndForwardOptions& store_options,
             service::Callers* callers, service::Metrics* metrics);

  void Serve(std::unique_ptr<projection::Index> index);
  void RebuildThenServe();                      // thread
  void WatchUntilEnd(service::Server* server);  // thread
  void CountConflictsUntilEnd();                // thread
  // False once the end has begun.
  bool Wait(absl::Duration time);

  const std::string index_folder_;
  eventlog::EventLog* const log_;
  const std::vector<eventlog::Partition> partitions_;
  const std::unique_ptr<eventlog::Outbox> outbox_;
  eventlog::StoreAndForward views_;

  std::unique_ptr<projection::Index> index_;
  std::unique_ptr<projection::Runner> runner_;
  Source source_;
  std::atomic<const Source*> serving_ = nullptr;
  std::atomic<uint64_t> conflicts_ = 0;

  ChronologyService service_;

  absl::Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  // Why nothing is served, if that is more than a rebuild under way.
  std::string alarm_ ABSL_GUARDED_BY(mutex_);
  std::thread rebuilder_;
  std::thread watcher_;
  std::thread counter_;
};

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_H_
