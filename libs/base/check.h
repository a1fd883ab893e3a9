// Check ends the process when a rule that the code itself must keep is broken.
//
//   Check(offset >= 0, "an offset is never negative");
//
// It is always on. It is for our own mistakes only: what the world can cause (a
// bad request, a full disk, a lost connection) is an absl::Status. The message
// goes to stderr and into logs, so it is a fixed sentence, with no value in it
// that could be personal data.
//
// Threads: safe. Failure: prints file:line and the message, then aborts.
#ifndef VIGIL_LIBS_BASE_CHECK_H_
#define VIGIL_LIBS_BASE_CHECK_H_

#include "absl/strings/string_view.h"

namespace vigil {

// Prints and aborts; what Check does when its condition is false.
[[noreturn]] void CheckFailed(absl::string_view message, const char* file,
                              int line);

// The builtins name the caller's place, as std::source_location would;
// clang-tidy 14 does not have the latter.
inline void Check(bool condition, absl::string_view message,
                  const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (!condition) [[unlikely]] {
    CheckFailed(message, file, line);
  }
}

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_CHECK_H_
