#include "tools/vigil/line_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace vigil::cli {
namespace {

constexpr size_t kReadBytes = 64 << 10;

constexpr int kNotAtAll = 0;  // milliseconds, of poll
constexpr int kForEver = -1;

bool IsReadable(int file, int wait) {
  pollfd input = {.fd = file, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, wait) != 0;
}

}  // namespace

absl::StatusOr<LineInput> LineInput::Open(const std::string& path) {
  const bool standard = path == "-";
  std::string name = standard ? "the standard input" : path;
  const int file =
      standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": cannot be read"));
  }
  LineInput input(file, std::move(name));
  struct stat found;
  if (::fstat(file, &found) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(input.name_, ": cannot be read"));
  }
  if (S_ISDIR(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(input.name_, ": a folder"));
  }
  return input;
}

LineInput::LineInput(LineInput&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      name_(std::move(other.name_)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      scanned_(other.scanned_),
      ended_(other.ended_),
      broken_(std::move(other.broken_)),
      bytes_(other.bytes_) {}

LineInput::~LineInput() {
  if (file_ >= 0) ::close(file_);
}

bool LineInput::HasLine() {
  const size_t end = buffer_.find('\n', scanned_);
  scanned_ = end == std::string::npos ? buffer_.size() : end;
  return end != std::string::npos;
}

void LineInput::Read() {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  const size_t size = buffer_.size();
  buffer_.resize(size + kReadBytes);
  ssize_t read;
  while ((read = ::read(file_, buffer_.data() + size, kReadBytes)) < 0) {
    // Whoever shares the standard input may have made it non-blocking.
    if (errno == EAGAIN) {
      IsReadable(file_, kForEver);
    } else if (errno != EINTR) {
      break;
    }
  }
  buffer_.resize(size + static_cast<size_t>(read > 0 ? read : 0));
  if (read > 0) return;
  ended_ = true;
  if (read < 0) {
    broken_ = absl::UnavailableError(
        absl::StrCat(name_, ": broke off while it was read"));
  }
}

bool LineInput::Ready() {
  while (!HasLine() && !ended_) {
    if (!IsReadable(file_, kNotAtAll)) return false;
    Read();
  }
  return true;
}

absl::StatusOr<bool> LineInput::Next(std::string* line) {
  while (!HasLine() && !ended_) Read();
  if (!HasLine() && !broken_.ok()) return broken_;
  if (begin_ == buffer_.size()) return false;
  // The last line may lack its end.
  *line = buffer_.substr(begin_, scanned_ - begin_);
  bytes_ += line->size() + 1;
  begin_ = std::min(scanned_ + 1, buffer_.size());
  scanned_ = begin_;
  return true;
}

}  // namespace vigil::cli
