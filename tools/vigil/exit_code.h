// How `vigil` ends: the same codes for every command, for scripts.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_TOOLS_VIGIL_EXIT_CODE_H_
#define VIGIL_TOOLS_VIGIL_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace vigil::cli {

enum ExitCode : int {
  kOk = 0,
  kDiffers = 1,      // some lines refused; or what was asked for is not so
  kUsage = 2,        // the command line, or the question, is wrong
  kNotFound = 3,     // not there, or not visible to who asks: the same answer
  kDenied = 4,       // no valid certificate, or the register does not allow it
  kUnavailable = 5,  // cannot be reached, or in doubt: repeat, it is safe
  kInternal = 70,    // a fault of Vigil (EX_SOFTWARE)
};

// For the foot of `vigil --help`.
extern const absl::string_view kExitCodesHelp;

ExitCode ExitCodeOf(const absl::Status& status);

// For people: the reason if there is one, the message, and on further lines
// each field at fault and its rule. No value of the request.
std::string StatusText(const absl::Status& status);

// Writes "vigil: <StatusText>" to stderr; returns ExitCodeOf.
ExitCode Fail(const absl::Status& status);

// Likewise for a mistake on the command line.
ExitCode FailUsage(absl::string_view message);

// Flushes the standard output. What could not be written there is told, and
// makes kUnavailable of an exit code that says that all is done; a reader who
// went away (`| head`) had enough, and makes no difference.
ExitCode AfterOutput(ExitCode code);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_EXIT_CODE_H_
