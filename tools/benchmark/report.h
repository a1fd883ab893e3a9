// The rows of a run: one a line in a file, as JSON, then a table of them.
#ifndef VIGIL_TOOLS_BENCHMARK_REPORT_H_
#define VIGIL_TOOLS_BENCHMARK_REPORT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "tools/benchmark/measure.h"

namespace vigil::benchmark {

struct Row {
  std::string log;      // "embedded", "kafka"
  std::string measure;  // "publish 64", which a row and its limits share
  std::string what;     // "police" or the limit's name
  bool is_limit = false;
  Measured measured;
  size_t bytes_each = 0;
};

// Adds it to the file, and says it on stderr: that is the progress.
absl::Status AddRow(const std::string& file, const Row& row);

// Prints the table: each of our rows, and below it each limit with what part of
// it we reach. With `json` also writes that file: {"run": what was said of the
// run, "rows": [...]}.
absl::Status PrintTable(const std::string& file, const std::string& run,
                        const std::string& json);

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_REPORT_H_
