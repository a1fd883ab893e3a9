// Load on something, and what came of it.
//
//   absl::StatusOr<Measured> measured = RunClosedLoop(
//       {.in_flight = 64, .duration = absl::Seconds(10)}, getpid(),
//       [&](int64_t number, Done done) { log.AppendBatch(...); });
#ifndef VIGIL_TOOLS_BENCHMARK_MEASURE_H_
#define VIGIL_TOOLS_BENCHMARK_MEASURE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace vigil::benchmark {

struct Load {
  size_t in_flight = 1;
  // Run before, and not counted: caches, connections and a JVM get warm.
  absl::Duration warm_up = absl::Seconds(1);
  absl::Duration duration = absl::Seconds(10);
};

struct Measured {
  double per_second = 0;
  double p50_ms = 0;  // 0 where single operations were not timed
  double p99_ms = 0;
  // Of the process that was measured. What else the machine does changes the
  // rate, and this hardly.
  double cpu_us_each = 0;
};

using Done = std::function<void(const absl::Status&)>;

// Starts one operation and returns; `done` comes later, once, on any thread.
// `number` is never given twice within this process.
using Operation = std::function<void(int64_t number, Done done)>;

// Keeps `in_flight` operations going, each followed by the next. The first that
// fails ends it, and is the answer.
absl::StatusOr<Measured> RunClosedLoop(const Load& load, pid_t measured,
                                       const Operation& operation);

// Processor time that a process has used, in all its threads.
absl::Duration CpuOf(pid_t process);

// One pass over `count` things: begins with the constructor.
class Pass {
 public:
  Pass();
  Measured Of(int64_t count) const;

 private:
  const absl::Time begun_;
  const absl::Duration cpu_;
};

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_MEASURE_H_
