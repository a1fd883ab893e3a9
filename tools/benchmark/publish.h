// Publishing one request at a time: a real police service, and what limits it.
#ifndef VIGIL_TOOLS_BENCHMARK_PUBLISH_H_
#define VIGIL_TOOLS_BENCHMARK_PUBLISH_H_

#include <sys/types.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/benchmark/measure.h"

namespace vigil::benchmark {

// A process that serves on a plaintext loopback address.
struct Peer {
  std::string address;
  pid_t process = 0;
};

struct PublishOptions {
  std::string log;  // as it stands in the rows
  Peer police;
  Peer echo;
  absl::Duration duration;
  absl::Duration warm_up;
  std::string rows;  // the file
};

// Adds rows for 1 and for 64 requests in flight. `log_alone`, called `limit` in
// the table, appends one record; what it appends has `limit_bytes`.
absl::Status MeasurePublish(const PublishOptions& options,
                            const std::string& limit, size_t limit_bytes,
                            const Operation& log_alone);

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_PUBLISH_H_
