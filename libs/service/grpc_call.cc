#include "libs/service/grpc_call.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "libs/base/limits.h"

namespace vigil::service {
namespace {

// gRPC's name for a connection without TLS (grpc_insecure_credentials).
constexpr absl::string_view kInsecure = "insecure";

// W3C Trace Context, version 00: 00-<32 hex>-<16 hex>-<2 hex>.
constexpr size_t kTraceparentBytes = 55;

absl::string_view Property(const grpc::AuthContext& context, const char* name) {
  // Several would be ambiguous; gRPC sets each of ours once.
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(name);
  if (values.size() != 1) return "";
  return absl::string_view(values[0].data(), values[0].size());
}

// What is not of the form is dropped: it is copied into events and headers.
std::string Traceparent(const grpc::CallbackServerContext& context) {
  auto header = context.client_metadata().find("traceparent");
  if (header == context.client_metadata().end()) return "";
  std::string value(header->second.data(), header->second.size());
  const bool good =
      value.size() == kTraceparentBytes &&
      std::all_of(value.begin(), value.end(), [](unsigned char c) {
        return c == '-' || absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
      });
  return good ? value : "";
}

}  // namespace

void BeginGrpc() {
  [[maybe_unused]] static const bool begun = [] {
    grpc_init();  // and never grpc_shutdown
    return true;
  }();
}

absl::StatusOr<StartedCall> StartCall(
    Callers& callers, const grpc::CallbackServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  const Peer peer = {
      .plaintext =
          Property(*auth, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME) ==
          kInsecure,
      .certificate_pem = Property(*auth, GRPC_X509_PEM_CERT_PROPERTY_NAME)};
  absl::StatusOr<Admitted> admitted = callers.Admit(peer);
  if (!admitted.ok()) return admitted.status();
  const bool has_deadline =
      context.deadline() != std::chrono::system_clock::time_point::max();
  return StartedCall{
      .call = {.caller = std::move(admitted->caller),
               .deadline = has_deadline ? absl::FromChrono(context.deadline())
                                        : absl::Now() + kDefaultDeadline,
               .traceparent = Traceparent(context)},
      .place = std::move(admitted->place)};
}

}  // namespace vigil::service
