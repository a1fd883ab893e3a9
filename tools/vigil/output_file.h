// A file that a command was told to write, whole, for the eyes of who runs it
// alone.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Open("page.html");
//   ...                                // only now ask for what goes into it
//   absl::Status written = file->Write(page);
//
// Opened before a question is asked, because each answer is recorded as a look
// at a child's record, whether or not anybody then sees it.
//
// A regular file, or a new one, is replaced in one step: it holds the old bytes
// or the new ones. Devices and pipes are written through, and stay what they
// are. A symbolic link is followed, and stays too.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_OUTPUT_FILE_H_
#define VIGIL_TOOLS_VIGIL_OUTPUT_FILE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vigil::cli {

class OutputFile {
 public:
  // Changes nothing yet; of a pipe it waits for a reader. INVALID_ARGUMENT if
  // the path cannot be written.
  static absl::StatusOr<OutputFile> Open(const std::string& path);

  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept
      : path_(std::move(other.path_)),
        target_(std::move(other.target_)),
        stream_(std::exchange(other.stream_, -1)) {}
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Once. UNAVAILABLE if the bytes are not all there.
  absl::Status Write(absl::string_view bytes);

 private:
  OutputFile(std::string path, std::string target, int stream)
      : path_(std::move(path)), target_(std::move(target)), stream_(stream) {}

  std::string path_;    // as it was given
  std::string target_;  // what its links lead to, if it is to be replaced
  int stream_;          // a device or pipe; -1: none
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_OUTPUT_FILE_H_
