#include "tools/vigil/exit_code.h"

#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/service/status.h"

namespace vigil::cli {
namespace {

// Whether the standard output is a pipe or socket that nobody reads anymore.
bool ReaderIsGone() {
  pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, /*timeout=*/0) > 0 &&
         (output.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

const absl::string_view kExitCodesHelp =
    R"(Exit codes:
  0   done
  1   some lines were refused, or what was asked for is not so (status: something
      is not well; topics: they differ)
  2   the command line or the question is wrong
  3   not found, or not visible to who asks
  4   not permitted, or no valid certificate
  5   cannot be reached, or in doubt: repeat the same command, it is safe
  70  a fault of Vigil)";

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return kUsage;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return kDiffers;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kDenied;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return kUnavailable;
    case absl::StatusCode::kResourceExhausted:
      // Without a delay it is no matter of time: too large.
      return service::RetryAfter(status) ? kUnavailable : kUsage;
    default:
      return kInternal;
  }
}

std::string StatusText(const absl::Status& status) {
  const std::string reason = service::Reason(status);
  std::string text =
      absl::StrCat(absl::StatusCodeToString(status.code()),
                   reason.empty() ? "" : ", ", reason, ": ", status.message());
  const google::rpc::Status rpc = service::ToRpcStatus(status);
  for (const auto& detail : rpc.details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      absl::StrAppend(&text, "\n  ", violation.field(), ": ");
      // The published code; some descriptions begin with it.
      if (!violation.reason().empty() &&
          !absl::StartsWith(violation.description(), violation.reason())) {
        absl::StrAppend(&text, violation.reason(), ": ");
      }
      text += violation.description();
    }
  }
  return text;
}

ExitCode Fail(const absl::Status& status) {
  std::cerr << "vigil: " << StatusText(status) << "\n";
  return ExitCodeOf(status);
}

ExitCode FailUsage(absl::string_view message) {
  std::cerr << "vigil: " << message << "\n";
  return kUsage;
}

ExitCode AfterOutput(ExitCode code) {
  std::cout.flush();
  if (std::cout || ReaderIsGone()) return code;
  const ExitCode failed =
      Fail(absl::UnavailableError("the standard output is not whole"));
  return code == kOk || code == kDiffers ? failed : code;
}

}  // namespace vigil::cli
