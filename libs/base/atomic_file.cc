#include "libs/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "libs/base/uuid.h"

namespace vigil {
namespace {

constexpr size_t kReadBytes = 64 << 10;

// What the system said in errno, of which file.
absl::Status Failed(absl::string_view what, absl::string_view path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::Status WriteAll(int file, absl::string_view bytes,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Failed("write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// A new file with these bytes, on the disk.
absl::Status WriteNewFile(const std::string& path, absl::string_view bytes,
                          mode_t mode) {
  // Made for the owner alone, and given its mode while still empty: whatever
  // the umask, it is never open to more than asked.
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return Failed("create", path);
  absl::Cleanup close = [file] { ::close(file); };
  if (::fchmod(file, mode) != 0) return Failed("set the mode of", path);
  if (absl::Status status = WriteAll(file, bytes, path); !status.ok()) {
    return status;
  }
  if (::fsync(file) != 0) return Failed("fsync", path);
  std::move(close).Cancel();
  if (::close(file) != 0) return Failed("close", path);
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Failed("open", folder);
  absl::Cleanup close = [file] { ::close(file); };
  if (::fsync(file) != 0) return Failed("fsync", folder);
  return absl::OkStatus();
}

std::string TemporaryName(const std::string& path) {
  return absl::StrCat(path, ".tmp.", UuidV4().Text());
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, mode_t refused) {
  // O_NONBLOCK: a pipe in the place of a file must not hang the start.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Failed("open", path);
  absl::Cleanup close = [file] { ::close(file); };
  struct stat found;
  if (::fstat(file, &found) != 0) return Failed("look at", path);
  if (!S_ISREG(found.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a regular file"));
  }
  if ((found.st_mode & refused) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is open to more than its owner; chmod 600 it"));
  }
  std::string bytes;
  while (true) {
    const size_t size = bytes.size();
    if (size > kMaxFileBytes) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is larger than ", kMaxFileBytes, " bytes"));
    }
    bytes.resize(size + kReadBytes);
    ssize_t read;
    do {
      read = ::read(file, bytes.data() + size, kReadBytes);
    } while (read < 0 && errno == EINTR);
    if (read < 0) return Failed("read", path);
    bytes.resize(size + static_cast<size_t>(read));
    if (read == 0) return bytes;
  }
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes, mode_t mode) {
  const std::string temporary = TemporaryName(path);
  absl::Cleanup remove = [&temporary] { ::unlink(temporary.c_str()); };
  if (absl::Status status = WriteNewFile(temporary, bytes, mode);
      !status.ok()) {
    return status;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return Failed("replace", path);
  }
  std::move(remove).Cancel();
  return SyncFolder(FolderOf(path));
}

absl::Status CreateFileAtomically(const std::string& path,
                                  absl::string_view bytes, mode_t mode) {
  const std::string temporary = TemporaryName(path);
  if (absl::Status status = WriteNewFile(temporary, bytes, mode);
      !status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  // Unlike rename, link does not replace.
  const absl::Status linked = ::link(temporary.c_str(), path.c_str()) == 0
                                  ? absl::OkStatus()
                                  : Failed("create", path);
  ::unlink(temporary.c_str());
  return linked.ok() ? SyncFolder(FolderOf(path)) : linked;
}

}  // namespace vigil
