// Makes records durable whether or not the log can be reached: the log has them
// (LOGGED), or this process's outbox has them and relays them (ACCEPTED).
//
//   StoreAndForward store(&kafka, outbox.get(), {});
//   store.Append(records, deadline, remember, done);
//
// The log has `accept_after`, and at most half of what remains of the deadline,
// to say that it has the records; then those that it has not confirmed go to
// the outbox in one fsynced batch, and while their partition stays silent later
// ones go there at once. A relay sends them on without holding up new ones. It
// goes through the outbox again and again, and each time tries a partition that
// does not answer once, which holds up the others for that attempt and no
// longer. Order is not promised, since none is needed. A record that was in
// doubt may so come twice into the log: readers keep the first. What the log
// refuses for ever is parked: kept, alarmed, and sent after repair.
//
// Over the embedded log there is nothing to forward: what it cannot take now,
// this disk cannot either. Then only LOGGED is answered.
//
// A log or an outbox that failed to write is opened again by a restart of the
// process alone; what the disk then holds is for recovery to say. The relay
// goes on reading such an outbox, and sends each entry once.
//
// Threads: safe. Nothing blocks its caller; callbacks run on a thread of the
// log or of this class, and must not block.
#ifndef VIGIL_LIBS_EVENTLOG_STORE_AND_FORWARD_H_
#define VIGIL_LIBS_EVENTLOG_STORE_AND_FORWARD_H_

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "libs/base/limits.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/outbox.h"

namespace vigil::eventlog {

// What became of each record: where the log has it, or nothing if the outbox
// does.
using Fates = std::vector<std::optional<Appended>>;

// Called once. OK: every record is durable, and the fates say how. Otherwise
//   UNAVAILABLE         neither could be done; in doubt: repeat the same
//                       records
//   RESOURCE_EXHAUSTED  too much in flight; it is nowhere: try later
//   INVALID_ARGUMENT, NOT_FOUND  a record that no log takes (its size, its
//                       topic); none of the batch is anywhere
using StoreDone = std::function<void(absl::Status, Fates)>;

// What to remember with the records, made of their fates: written before `done`
// runs, and as durable as they are in the outbox.
using Remember = std::function<Outbox::Memory(const Fates&)>;

// How long one attempt of the relay may take. Above Kafka's
// delivery.timeout.ms: while an attempt is alive in librdkafka, another would
// only make a second copy of each record.
inline constexpr absl::Duration kRelayDeadline = absl::Seconds(35);

struct StoreAndForwardOptions {
  // False over the embedded log.
  bool forward = true;
  absl::Duration accept_after = kAcceptAfter;
  absl::Duration relay_deadline = kRelayDeadline;
  // How the relay waits between failures.
  absl::Duration relay_backoff_min = absl::Milliseconds(100);
  absl::Duration relay_backoff_max = absl::Seconds(15);
  absl::Duration request_memory = kRequestMemory;
  // Requests not yet answered; each holds its records in memory.
  size_t max_in_flight = 10'000;
  std::function<absl::Time()> clock = [] { return absl::Now(); };
};

class StoreAndForward {
 public:
  // Both outlive it. Starts to relay what the outbox holds.
  StoreAndForward(EventLog* log, Outbox* outbox,
                  StoreAndForwardOptions options);

  // Waits until every Append has been answered; what is in the outbox stays.
  ~StoreAndForward();

  void Append(std::vector<TopicRecord> records, absl::Time deadline,
              Remember remember, StoreDone done);

  // Has the relay send again what the log refused for ever, after the repair.
  // UNAVAILABLE if the outbox must be opened again first.
  absl::Status RetryParked();

  // False since records were answered UNAVAILABLE, because neither the log nor
  // the outbox took them, and until one of them takes some.
  bool stores() const;

  // False while that is so, or while a partition does not answer and its
  // records go to the outbox at once.
  bool log_answers() const;

  EventLog* log() const { return log_; }
  Outbox* outbox() const { return outbox_; }

 private:
  // A request whose records' fates are known but for writing them down.
  struct Kept {
    std::vector<TopicRecord> to_outbox;
    Remember remember;
    Fates fates;
    StoreDone done;
  };

  void Keep(Kept kept);
  void KeepAll();   // thread: writes what is to be kept, then answers
  void RelayAll();  // thread
  // Goes through the outbox once; how many entries are done with. An error if
  // none is because of it.
  absl::StatusOr<size_t> RelayOnce();
  // One attempt with entries of several partitions: the same, by partition.
  using Batches = std::map<Partition, std::vector<Outbox::Entry>>;
  std::map<Partition, absl::StatusOr<size_t>> Send(Batches batches);
  // What became of entries of one partition: the same.
  absl::StatusOr<size_t> Settle(
      const Partition& partition, const std::vector<Outbox::Entry>& entries,
      const std::vector<absl::StatusOr<Appended>>& outcomes);
  Partition PartitionOf(const TopicRecord& record) const;
  bool stopping() const;

  EventLog* const log_;
  Outbox* const outbox_;
  const StoreAndForwardOptions options_;

  mutable absl::Mutex mutex_;
  std::deque<Kept> kept_ ABSL_GUARDED_BY(mutex_);
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  // Partitions that did not answer; each has records in the outbox, or about to
  // be put there, so that the relay finds out when it does.
  std::set<Partition> silent_ ABSL_GUARDED_BY(mutex_);
  bool stores_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool retry_parked_ ABSL_GUARDED_BY(mutex_) = false;
  // Counts what was put into the outbox, so that the relay wakes.
  uint64_t forwarded_ ABSL_GUARDED_BY(mutex_) = 0;
  // The relay's own: entries that are done with and that a broken outbox cannot
  // forget.
  std::set<uint64_t> settled_;
  std::thread keeper_;
  std::thread relay_;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_STORE_AND_FORWARD_H_
