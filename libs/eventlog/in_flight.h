// Appends that were begun and whose fate is not yet known: bounded, and each
// batch answered exactly once, at its deadline at the latest. Both logs stand
// on it; nobody else needs it.
//
//   auto batch = in_flight.Begin(n, bytes, deadline, done);   // nullptr: full
//   in_flight.Resolve(batch, i, appended_or_status);          // once for each
//   i
//
// When all n are resolved, `done` runs on the thread that resolved the last. At
// the deadline it runs on a thread of InFlight's own, with DEADLINE_EXCEEDED
// (in doubt) for those that are not resolved; the batch still counts as in
// flight until they are, so a log that hangs fills up instead of growing
// without bound.
#ifndef VIGIL_LIBS_EVENTLOG_IN_FLIGHT_H_
#define VIGIL_LIBS_EVENTLOG_IN_FLIGHT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"

namespace vigil::eventlog {

class InFlight {
 public:
  // One process's share of memory for appends under way; librdkafka's queue is
  // given the same bounds.
  static constexpr size_t kMaxRecords = 100'000;
  static constexpr size_t kMaxBytes = size_t{64} << 20;

  struct Batch {
    absl::Time deadline;
    size_t bytes = 0;
    size_t unresolved = 0;
    std::vector<absl::StatusOr<Appended>> outcomes;
    AppendDone done;  // empty once it was called
  };

  explicit InFlight(size_t max_records = kMaxRecords,
                    size_t max_bytes = kMaxBytes);
  ~InFlight();  // every batch is resolved by now

  // nullptr, and `done` left alone, if it would be too much in flight.
  // `records` is at least 1.
  std::shared_ptr<Batch> Begin(size_t records, size_t bytes,
                               absl::Time deadline, AppendDone& done);

  void Resolve(const std::shared_ptr<Batch>& batch, size_t index,
               absl::StatusOr<Appended> outcome);

 private:
  using Entry = std::pair<absl::Time, std::shared_ptr<Batch>>;

  void AnswerAtDeadlines();

  const size_t max_records_;
  const size_t max_bytes_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  size_t records_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Entry> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_IN_FLIGHT_H_
