// What stands at the other end of a stream, and progress for a person there.
//
//   const Terminal out = TerminalOf(STDOUT_FILENO);
//   Progress progress(total_bytes);            // to stderr, if a terminal
//   progress.Show(done_bytes, done_lines, "lines");
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_TERMINAL_H_
#define VIGIL_TOOLS_VIGIL_TERMINAL_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/vigil/timeline.h"

namespace vigil::cli {

struct Terminal {
  bool is_terminal = false;
  bool colour = false;  // a terminal, not "dumb", and NO_COLOR is not set
  size_t width = 80;
};

Terminal TerminalOf(int file_descriptor);

TimelineOptions TimelineOptionsFor(const Terminal& terminal);

// "41% 12,000 lines, 3,400/s, 5 s left"; total 0: not known, and neither then
// are the share and what is left. `rate_of` are what the rate counts.
std::string ProgressLine(uint64_t done, uint64_t total, uint64_t rate_of,
                         absl::string_view what, absl::Duration elapsed);

// "1,234,567".
std::string Grouped(uint64_t number);

// A line on stderr that is written over, a few times a second; nothing where
// stderr is no terminal.
class Progress {
 public:
  explicit Progress(uint64_t total);
  ~Progress();  // removes the line

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(uint64_t done, uint64_t rate_of, absl::string_view what);

  // Removes the line, so that something else can be written.
  void Clear();

 private:
  const uint64_t total_;
  const bool on_;
  bool shown_ = false;
  const absl::Time began_;
  absl::Time last_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_TERMINAL_H_
