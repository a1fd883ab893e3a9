#include "tools/vigil/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace vigil::cli {
namespace {

constexpr absl::Duration kProgressEvery = absl::Milliseconds(200);

bool Set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

Terminal TerminalOf(int file_descriptor) {
  Terminal terminal;
  terminal.is_terminal = isatty(file_descriptor) == 1;
  if (!terminal.is_terminal) return terminal;
  const char* term = std::getenv("TERM");
  terminal.colour =
      !Set("NO_COLOR") && term != nullptr && absl::string_view(term) != "dumb";
  winsize size{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  return terminal;
}

TimelineOptions TimelineOptionsFor(const Terminal& terminal) {
  return {.width = terminal.width, .colour = terminal.colour};
}

std::string Grouped(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string ProgressLine(uint64_t done, uint64_t total, uint64_t rate_of,
                         absl::string_view what, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  std::string line;
  if (total > 0) {
    absl::StrAppend(&line, done * 100 / total, "% ");
  }
  absl::StrAppend(&line, Grouped(rate_of), " ", what);
  if (seconds <= 0 || done == 0) return line;
  absl::StrAppend(
      &line, ", ",
      Grouped(static_cast<uint64_t>(static_cast<double>(rate_of) / seconds)),
      "/s");
  if (total > done) {
    const double left =
        seconds * static_cast<double>(total - done) / static_cast<double>(done);
    absl::StrAppend(
        &line, ", ",
        absl::FormatDuration(absl::Ceil(absl::Seconds(left), absl::Seconds(1))),
        " left");
  }
  return line;
}

Progress::Progress(uint64_t total)
    : total_(total),
      on_(isatty(STDERR_FILENO) == 1),
      began_(absl::Now()),
      last_(began_) {}

Progress::~Progress() { Clear(); }

void Progress::Show(uint64_t done, uint64_t rate_of, absl::string_view what) {
  if (!on_) return;
  const absl::Time now = absl::Now();
  if (now - last_ < kProgressEvery) return;
  last_ = now;
  std::cerr << "\r\x1b[K"
            << ProgressLine(done, total_, rate_of, what, now - began_)
            << std::flush;
  shown_ = true;
}

void Progress::Clear() {
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace vigil::cli
