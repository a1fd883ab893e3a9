// A file or stream, line by line, that tells whether the next line is here
// already: who collects lines can deal with what there is before waiting.
//
//   absl::StatusOr<LineInput> in = LineInput::Open("-");
//   std::string line;
//   while (true) {
//     if (!in->Ready()) DealWith(lines);
//     absl::StatusOr<bool> more = in->Next(&line);
//     if (!more.ok() || !*more) break;
//     ...
//   }
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_LINE_INPUT_H_
#define VIGIL_TOOLS_VIGIL_LINE_INPUT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vigil::cli {

class LineInput {
 public:
  // "-" is the standard input. INVALID_ARGUMENT if it cannot be read.
  static absl::StatusOr<LineInput> Open(const std::string& path);

  // Takes the file descriptor; `name` is for errors.
  LineInput(int file, std::string name) : file_(file), name_(std::move(name)) {}
  ~LineInput();
  LineInput(LineInput&& other) noexcept;
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  // Whether Next would return without waiting for whoever writes.
  bool Ready();

  // The next line without its '\n'; false at the end. UNAVAILABLE if the input
  // broke off: what followed the last whole line is not known.
  absl::StatusOr<bool> Next(std::string* line);

  // Of all lines returned so far.
  uint64_t bytes() const { return bytes_; }

 private:
  bool HasLine();
  void Read();  // waits if nothing is there

  int file_;
  std::string name_;
  std::string buffer_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // no '\n' between begin_ and here
  bool ended_ = false;
  absl::Status broken_;
  uint64_t bytes_ = 0;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_LINE_INPUT_H_
