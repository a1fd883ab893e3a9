#include "libs/service/status.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"

namespace vigil::service {
namespace {

constexpr absl::string_view kTypeUrlPrefix = "type.googleapis.com/";
constexpr absl::string_view kGoogleRpc = "type.googleapis.com/google.rpc.";

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat(kTypeUrlPrefix, Detail::descriptor()->full_name());
}

template <typename Detail>
void Attach(const Detail& detail, absl::Status* status) {
  // Deterministic, for ErrorInfo holds a map, and statuses are compared.
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    detail.SerializeToCodedStream(&out);
  }
  status->SetPayload(TypeUrl<Detail>(), absl::Cord(bytes));
}

template <typename Detail>
std::optional<Detail> Find(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  Detail detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

using Metadata = std::map<std::string, std::string>;

void AttachReason(absl::string_view reason, const Metadata& metadata,
                  absl::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(std::string(kErrorDomain));
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  Attach(info, status);
}

absl::Status Refusal(absl::StatusCode code, absl::string_view message,
                     absl::string_view reason, const Metadata& metadata = {}) {
  absl::Status status(code, message);
  AttachReason(reason, metadata, &status);
  return status;
}

absl::Status Retryable(absl::StatusCode code, absl::string_view message,
                       absl::string_view reason, absl::Duration retry_after) {
  absl::Status status = Refusal(code, message, reason);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(
      absl::IDivDuration(retry_after, absl::Seconds(1), &retry_after));
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_after)));
  Attach(retry, &status);
  return status;
}

// As many bytes as the status takes in the trailers: its message, and the
// whole of it in base64 (gRPC sends binary headers so).
size_t TrailerBytes(const absl::Status& status) {
  const size_t bytes = ToRpcStatus(status).ByteSizeLong();
  return status.message().size() + (bytes + 2) / 3 * 4;
}

absl::Status InvalidRequest(const event::Violations& violations,
                            size_t listed) {
  const size_t not_listed = violations.total() - listed;
  const bool one = violations.total() == 1;
  std::string message = absl::StrCat(
      violations.total(), one ? " field is" : " fields are", " refused");
  if (not_listed > 0) {
    absl::StrAppend(&message, "; ", not_listed, " of them not listed");
  }
  absl::Status status = Refusal(
      absl::StatusCode::kInvalidArgument, message, event::code::kInvalidRequest,
      {{"violations", absl::StrCat(violations.total())},
       {"not_listed", absl::StrCat(not_listed)}});
  google::rpc::BadRequest bad;
  for (size_t i = 0; i < listed; ++i) {
    const event::Violation& violation = violations.list()[i];
    auto* field = bad.add_field_violations();
    field->set_field(violation.field);
    field->set_reason(violation.code);
    field->set_description(
        absl::StrCat(violation.code, ": ", violation.description));
  }
  Attach(bad, &status);
  return status;
}

}  // namespace

absl::Status InvalidRequest(const event::Violations& violations) {
  // The largest number that fits. Sizes grow with the number, so it is found
  // by halving, and a hostile request costs six serialisations at most.
  size_t fits = 0;
  size_t too_many = std::min(violations.list().size(), kMaxViolations) + 1;
  while (too_many - fits > 1) {
    const size_t middle = fits + (too_many - fits) / 2;
    const bool fit =
        TrailerBytes(InvalidRequest(violations, middle)) <= kMaxStatusBytes;
    (fit ? fits : too_many) = middle;
  }
  return InvalidRequest(violations, fits);
}

absl::Status BatchTooLarge() {
  return Refusal(
      absl::StatusCode::kInvalidArgument,
      absl::StrCat("a call holds at most ", kMaxBatchRequests, " requests, ",
                   kMaxCallEvents, " events and ", kMaxBatchBytes, " bytes"),
      event::code::kBatchTooLarge);
}

absl::Status Unauthenticated() {
  return absl::UnauthenticatedError(
      "this certificate belongs to no system of the register");
}

absl::Status PermissionDenied(absl::string_view rule,
                              absl::string_view version) {
  return Refusal(
      absl::StatusCode::kPermissionDenied,
      absl::StrCat("refused by rule ", rule, " of policy ", version),
      event::code::kNotAuthorised,
      {{"rule", std::string(rule)}, {"version", std::string(version)}});
}

absl::Status NotFoundOrNotVisible() {
  return absl::NotFoundError("not found, or not visible to you");
}

absl::Status TooMuchInFlight(absl::Duration retry_after) {
  return Retryable(absl::StatusCode::kResourceExhausted,
                   "too many calls in flight; nothing was stored",
                   event::code::kTooMuchInFlight, retry_after);
}

absl::Status AppendInDoubt(absl::Duration retry_after) {
  return Retryable(absl::StatusCode::kUnavailable,
                   "it may be stored: send the same request again",
                   event::code::kAppendInDoubt, retry_after);
}

absl::Status LogUnreachable(absl::Duration retry_after) {
  return Retryable(absl::StatusCode::kUnavailable,
                   "nothing was stored: send the same request again",
                   event::code::kLogUnreachable, retry_after);
}

absl::Status ProjectionBehind() {
  return Refusal(absl::StatusCode::kDeadlineExceeded,
                 "what was asked for is not applied yet",
                 event::code::kProjectionBehind);
}

absl::Status RequestIdReused(absl::string_view first_digest,
                             absl::string_view this_digest) {
  return Refusal(absl::StatusCode::kFailedPrecondition,
                 "this request_id was used for other content",
                 event::code::kRequestIdReused,
                 {{"first_digest", std::string(first_digest)},
                  {"this_digest", std::string(this_digest)}});
}

absl::Status DataLoss(const eventlog::Position& position) {
  const std::string text =
      absl::StrCat(position.partition.topic, "/", position.partition.partition,
                   "/", position.offset);
  return Refusal(absl::StatusCode::kDataLoss,
                 absl::StrCat("the record at ", text, " is damaged"),
                 event::code::kDataLoss, {{"position", text}});
}

std::string Reason(const absl::Status& status) {
  auto info = Find<google::rpc::ErrorInfo>(status);
  return info ? info->reason() : "";
}

std::string ReasonDetail(const absl::Status& status, const std::string& key) {
  auto info = Find<google::rpc::ErrorInfo>(status);
  if (!info) return "";
  auto entry = info->metadata().find(key);
  return entry == info->metadata().end() ? "" : entry->second;
}

std::optional<absl::Duration> RetryAfter(const absl::Status& status) {
  auto retry = Find<google::rpc::RetryInfo>(status);
  if (!retry) return std::nullopt;
  return absl::Seconds(retry->retry_delay().seconds()) +
         absl::Nanoseconds(retry->retry_delay().nanos());
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(std::string(status.message()));
  // absl visits payloads in no order, a map in one.
  std::map<std::string, std::string> details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    if (absl::StartsWith(url, kGoogleRpc)) {
      details.emplace(url, std::string(value));
    }
  });
  for (auto& [url, value] : details) {
    auto* detail = out.add_details();
    detail->set_type_url(url);
    detail->set_value(std::move(value));
  }
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  absl::Status out(static_cast<absl::StatusCode>(status.code()),
                   status.message());
  for (const auto& detail : status.details()) {
    if (!out.ok())
      out.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return out;
}

// Declared in grpc_call.h, whose other needs this file does not have.
grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpcStatus(status);
  return grpc::Status(
      static_cast<grpc::StatusCode>(status.code()), rpc.message(),
      rpc.details().empty() ? std::string() : rpc.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  google::rpc::Status rpc;
  // What is no google.rpc.Status is dropped, and the rest kept.
  if (!rpc.ParseFromString(status.error_details())) rpc.Clear();
  rpc.set_code(status.error_code());
  rpc.set_message(status.error_message());
  return FromRpcStatus(rpc);
}

}  // namespace vigil::service
