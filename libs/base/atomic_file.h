// Small files that are either whole or not there, also after a loss of power.
//
//   absl::Status written = WriteFileAtomically("/var/lib/vigil/state", bytes);
//   absl::StatusOr<std::string> bytes = ReadFile("/etc/vigil/register");
//
// A reader sees the old bytes or the new ones, never a part. When a write is OK
// the bytes and the name are on the disk (fsync of file and folder). A crash
// may leave a file `<path>.tmp.<random>` behind, which nothing reads.
//
// Failures are absl::ErrnoToStatus of what the system said (NOT_FOUND,
// PERMISSION_DENIED, RESOURCE_EXHAUSTED for a full disk ...), with the path.
// After a failed write the path holds what it held, or the new bytes if only
// the fsync of the folder failed: then nobody knows what a loss of power would
// leave.
//
// Threads: safe; of two writers of one path the last wins.
#ifndef VIGIL_LIBS_BASE_ATOMIC_FILE_H_
#define VIGIL_LIBS_BASE_ATOMIC_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vigil {

// Configuration, keys and certificates are read whole; whatever is larger was
// named by mistake, and would only fill the memory.
inline constexpr size_t kMaxFileBytes = 64u << 20;

// Permission bits.
inline constexpr mode_t kReadableByAll = 0644;
inline constexpr mode_t kOwnerOnly = 0600;
inline constexpr mode_t kOthersMayTouch = 0077;

// All the bytes of a file. PERMISSION_DENIED if it has any of the permission
// bits `refused`; FAILED_PRECONDITION if it is over kMaxFileBytes or is no
// regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     mode_t refused = 0);

// Makes the file, or replaces the one that is there.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes,
                                 mode_t mode = kReadableByAll);

// Makes the file; ALREADY_EXISTS, touching nothing, if there is one. Of several
// callers at once, exactly one succeeds.
absl::Status CreateFileAtomically(const std::string& path,
                                  absl::string_view bytes,
                                  mode_t mode = kReadableByAll);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_ATOMIC_FILE_H_
