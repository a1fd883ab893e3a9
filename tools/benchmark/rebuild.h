// The chronology's index anew from a log, beside only reading that log.
#ifndef VIGIL_TOOLS_BENCHMARK_REBUILD_H_
#define VIGIL_TOOLS_BENCHMARK_REBUILD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/eventlog/event_log.h"

namespace vigil::benchmark {

struct RebuildOptions {
  std::string log;  // as it stands in the rows
  std::string writer;
  int64_t events = 0;
  std::string folder;  // for the index
  std::string rows;    // the file
};

// Fills the log with events of that writer, whose topic is empty, and adds
// rows. `bare_read`, if given, reads so many records of its partitions with
// none of our code.
absl::Status MeasureRebuild(
    const RebuildOptions& options, eventlog::EventLog& log,
    const std::function<absl::Status(const std::vector<eventlog::Partition>&,
                                     int64_t count)>& bare_read);

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_REBUILD_H_
