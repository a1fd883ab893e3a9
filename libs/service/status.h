// The statuses that a caller can meet, each with the google.rpc details that
// tell a program what to do next.
//
//   if (!violations.empty()) return InvalidRequest(violations);
//   if (!caller.MaySpeakFor(organisation))
//     return PermissionDenied("organisation", policy_version);
//   *outcome.mutable_error() = ToRpcStatus(status);   // one item of a batch
//
// Inside a process an error is an absl::Status; its details travel in payloads,
// google.rpc messages serialised under their type URLs. They become a
// grpc::Status in this library's status.cc and nowhere else (grpc_call.h), so
// an rpc's error and a batch item's say the same.
//
// A status never holds a value of the request, nor anything that is personal.
//
// Threads: safe. Nothing here fails.
#ifndef VIGIL_LIBS_SERVICE_STATUS_H_
#define VIGIL_LIBS_SERVICE_STATUS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "libs/event/violation.h"
#include "libs/eventlog/event_log.h"

namespace vigil::service {

// google.rpc.ErrorInfo.domain of all that Vigil refuses.
inline constexpr absl::string_view kErrorDomain = "vigil";

// When to come again, where nothing better is known: longer than a Kafka
// leader's election usually takes, short for a person who waits.
inline constexpr absl::Duration kRetryAfter = absl::Seconds(1);

// INVALID_ARGUMENT: BadRequest with one violation per field, whose reason is
// the published code ("REQUIRED"), which its description begins with too, for
// those who read no reason; and ErrorInfo INVALID_REQUEST, whose metadata say
// how many `violations` there are and how many of them are `not_listed`. At
// most kMaxViolations are listed, and no more than fit in kMaxStatusBytes as
// the status stands in the trailers (base64).
absl::Status InvalidRequest(const event::Violations& violations);

// INVALID_ARGUMENT, BATCH_TOO_LARGE: over kMaxBatchRequests, kMaxCallEvents,
// kMaxCallNames or kMaxBatchBytes.
absl::Status BatchTooLarge();

// UNAUTHENTICATED. One text for all reasons: a stranger learns nothing.
absl::Status Unauthenticated();

// PERMISSION_DENIED, NOT_AUTHORISED with `rule` and `version` of the policy.
absl::Status PermissionDenied(absl::string_view rule,
                              absl::string_view version);

// NOT_FOUND. One text for what is not there and for what the asker may not
// know to be there.
absl::Status NotFoundOrNotVisible();

// RESOURCE_EXHAUSTED, TOO_MUCH_IN_FLIGHT, RetryInfo: nothing was stored.
absl::Status TooMuchInFlight(absl::Duration retry_after = kRetryAfter);

// UNAVAILABLE, APPEND_IN_DOUBT, RetryInfo: it may be stored; the same request
// again is safe, and the only way to know.
absl::Status AppendInDoubt(absl::Duration retry_after = kRetryAfter);

// UNAVAILABLE, LOG_UNREACHABLE, RetryInfo: neither log nor outbox took it.
absl::Status LogUnreachable(absl::Duration retry_after = kRetryAfter);

// DEADLINE_EXCEEDED, PROJECTION_BEHIND: the positions or events asked for were
// not applied within the deadline.
absl::Status ProjectionBehind();

// FAILED_PRECONDITION, REQUEST_ID_REUSED, with both digests in the metadata
// (`first_digest`, `this_digest`): HMACs, which confirm no guess of content.
absl::Status RequestIdReused(absl::string_view first_digest,
                             absl::string_view this_digest);

// DATA_LOSS, DATA_LOSS with `position` as topic/partition/offset.
absl::Status DataLoss(const eventlog::Position& position);

// ErrorInfo.reason; empty if the status has none.
std::string Reason(const absl::Status& status);

// ErrorInfo.metadata[key]; empty if the status has none.
std::string ReasonDetail(const absl::Status& status, const std::string& key);

// RetryInfo.retry_delay, if the status has one.
std::optional<absl::Duration> RetryAfter(const absl::Status& status);

// The code, the message and the google.rpc payloads, in a fixed order; other
// payloads stay inside.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The inverse, for a client.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_STATUS_H_
