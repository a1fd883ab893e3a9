#include "tools/vigil/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "libs/base/atomic_file.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;

// As many as Linux follows.
constexpr int kMaxLinks = 40;

absl::Status CannotBeWritten(const std::string& path, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": cannot be written: ", std::strerror(error)));
}

// Where the links end; there may be nothing yet.
fs::path Followed(fs::path path) {
  std::error_code error;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(path, error); ++i) {
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  return path;
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Open(const std::string& path) {
  struct stat found;
  const bool exists = ::stat(path.c_str(), &found) == 0;
  if (!exists && errno != ENOENT) return CannotBeWritten(path, errno);
  if (exists && S_ISDIR(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": a folder"));
  }
  if (exists && !S_ISREG(found.st_mode)) {
    const int stream = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (stream < 0) return CannotBeWritten(path, errno);
    return OutputFile(path, "", stream);
  }
  const fs::path target = Followed(path);
  const fs::path folder =
      target.has_parent_path() ? target.parent_path() : fs::path(".");
  // A file that may not be written is not to be replaced either.
  if (::access(folder.c_str(), W_OK | X_OK) != 0 ||
      (exists && ::access(target.c_str(), W_OK) != 0)) {
    return CannotBeWritten(path, errno);
  }
  return OutputFile(path, target, -1);
}

OutputFile::~OutputFile() {
  if (stream_ >= 0) ::close(stream_);
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  // Not the message of what failed: it names a file that is gone again.
  const absl::Status failed =
      absl::UnavailableError(absl::StrCat(path_, ": is not whole"));
  if (stream_ < 0) {
    return WriteFileAtomically(target_, bytes, kOwnerOnly).ok()
               ? absl::OkStatus()
               : failed;
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(stream_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::close(std::exchange(stream_, -1)) == 0 ? absl::OkStatus() : failed;
}

}  // namespace vigil::cli
