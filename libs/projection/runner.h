// Keeps an index following its log, and tells who waits how far it is.
//
//   Runner runner(log, index, partitions);
//   absl::Status there = runner.WaitFor(positions, deadline);
//   RunnerStatus status = runner.status();
//
// One thread reads all partitions and applies what comes; another asks where
// they end. While the log cannot be reached the index serves on and the runner
// tries again; while one partition cannot (it has no leader, its topic is not
// made yet) the others are read, and log_reachable is false all the same.
//
// At the start, and each time the log or a partition was away and is back, it
// reads the last applied record of each partition once more and compares: a log
// that is shorter than what was applied, or has another record there, was
// truncated or made anew. Then, and on any loss of data, the runner stops
// applying with an alarm. It never jumps and never rebuilds by itself, since
// the index may hold the only copy; a rebuild that was asked for (rebuild.h)
// lets it go on. A lost connection that the log's cursor mends before a read
// would have said UNAVAILABLE is not compared after: it is over within one read
// (a fifth of a second) and what it took to apply the last, and in that time no
// topic is deleted, made anew and filled past what was read. One that is filled
// less is out of range, which is a loss of data.
//
// Threads: safe. The log and the index outlive it.
#ifndef VIGIL_LIBS_PROJECTION_RUNNER_H_
#define VIGIL_LIBS_PROJECTION_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/index.h"
#include "libs/projection/snapshot.h"

namespace vigil::projection {

struct RunnerOptions {
  // What gives RunnerStatus its times. Deadlines are always of absl::Now.
  std::function<absl::Time()> clock = [] { return absl::Now(); };
};

struct RunnerStatus {
  Positions positions;
  // Where the partitions end, as last heard; without those of which it was
  // never heard.
  Positions ends;
  // Records between the two; nothing before the end of every partition was
  // heard.
  std::optional<int64_t> lag_records;
  // Whether the log answers for every partition, and if not what it said.
  bool log_reachable = false;
  std::string log_error;
  // Not empty: the runner applies nothing until an operator has decided.
  std::string alarm;
  // While the log does not answer, or the runner stands still: since when the
  // index may lack what was logged. That is when the log last answered a runner
  // that followed it; if it has not followed yet, when the log took the newest
  // record that was applied. Nothing if there is none either.
  std::optional<absl::Time> stale_since;
  int64_t quarantined = 0;
};

class Runner {
 public:
  Runner(eventlog::EventLog* log, Index* index,
         std::vector<eventlog::Partition> partitions,
         RunnerOptions options = {});
  // Ends within a fraction of a second, or as soon as a log that is away gives
  // up an answer (seconds); who waits gets CANCELLED.
  ~Runner();

  // Waits until the index covers the positions (a receipt's, through Cover; or
  // those of another answer).
  //   DEADLINE_EXCEEDED    it does not yet
  //   INVALID_ARGUMENT     a partition that this runner does not read
  //   FAILED_PRECONDITION  the runner stands still with an alarm
  //   CANCELLED            the runner is ending
  absl::Status WaitFor(const Positions& positions, absl::Time deadline);

  // Calls `done` once, with OK as soon as `there` is true or with an error as
  // above, at once or on a thread of the runner: it must not block. `there` is
  // asked now and after each batch; it may read the index and status(), and
  // call nothing else here.
  //
  //   runner.When([&] { return index->snapshot()->Get(kById, key).ok(); },
  //               deadline, [](absl::Status there) { ... });
  void When(std::function<bool()> there, absl::Time deadline,
            std::function<void(absl::Status)> done);

  // The same for positions.
  void WhenCovered(Positions positions, absl::Time deadline,
                   std::function<void(absl::Status)> done);

  RunnerStatus status() const;

 private:
  class Follower;
  const std::unique_ptr<Follower> follower_;
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_RUNNER_H_
