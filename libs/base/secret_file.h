// Files that hold a key: made once, for the owner alone.
//
//   absl::Status made = CreateSecretFile("/var/lib/vigil/police/naming.key",
//   key); absl::StatusOr<std::string> key = ReadSecretFile("/var/lib/...");
//
// A changed naming key would split every child for ever, so making one never
// replaces another; and one that others could read is no secret, so it is not
// used.
//
// Threads and failures: as atomic_file.h. Messages hold the path, never the
// bytes.
#ifndef VIGIL_LIBS_BASE_SECRET_FILE_H_
#define VIGIL_LIBS_BASE_SECRET_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/atomic_file.h"

namespace vigil {

// Mode 0600, on the disk when OK; ALREADY_EXISTS if there is a file, whatever
// it holds.
inline absl::Status CreateSecretFile(const std::string& path,
                                     absl::string_view bytes) {
  return CreateFileAtomically(path, bytes, kOwnerOnly);
}

// PERMISSION_DENIED if group or others have any permission on the file.
inline absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  return ReadFile(path, kOthersMayTouch);
}

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_SECRET_FILE_H_
