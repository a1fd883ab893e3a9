#include "libs/service/channel.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/sync_stream.h>

#if __has_include(<grpcpp/impl/proto_utils.h>)
#include <grpcpp/impl/proto_utils.h>
#else  // before gRPC 1.55
#include <grpcpp/impl/codegen/proto_utils.h>
#endif

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/wrappers.pb.h"
#include "libs/base/atomic_file.h"
#include "libs/base/check.h"
#include "libs/service/certificate.h"
#include "libs/service/grpc_call.h"

namespace vigil::service {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageLite;

// As the server's (server.h): both sides notice a silent end.
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveAnswerMs = 10'000;

// After an outage. gRPC's own delays grow to two minutes, longer than any
// deadline of ours: a service that is back would look away still, to calls that
// never tried it.
constexpr int kFirstReconnectDelayMs = 100;
constexpr int kMaxReconnectDelayMs = 2'000;

void Prepare(const CallOptions& options, grpc::ClientContext* context) {
  context->set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
  if (!options.traceparent.empty()) {
    context->AddMetadata("traceparent", options.traceparent);
  }
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const Target& target) {
  const bool has_certificate = !target.certificate_file.empty();
  if (has_certificate == target.private_key_file.empty() ||
      (has_certificate && target.ca_file.empty())) {
    return absl::InvalidArgumentError(
        "a certificate comes with its key and the authority to trust");
  }
  if (target.ca_file.empty()) return grpc::InsecureChannelCredentials();
  absl::StatusOr<std::string> authority = ReadFile(target.ca_file);
  if (!authority.ok()) return authority.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *std::move(authority);
  if (has_certificate) {
    absl::StatusOr<std::string> certificate = ReadFile(target.certificate_file);
    if (!certificate.ok()) return certificate.status();
    absl::StatusOr<std::string> key = ReadFile(target.private_key_file);
    if (!key.ok()) return key.status();
    if (absl::Status pair = CheckKeyPair(*certificate, *key); !pair.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(target.certificate_file, ": ", pair.message()));
    }
    options.pem_cert_chain = *std::move(certificate);
    options.pem_private_key = *std::move(key);
  }
  return grpc::SslCredentials(options);
}

// gRPC's threads move bytes between the wire and two queues. Messages are made
// of bytes, and bytes of them, on the threads of who uses it.
class ExchangeReactor final
    : public Exchange,
      public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  ExchangeReactor(grpc::Channel* channel, const std::string& method,
                  const CallOptions& options) {
    Prepare(options, &context_);
    const grpc::internal::RpcMethod rpc(
        method.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING);
    grpc::internal::ClientCallbackReaderWriterFactory<
        grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel, rpc, &context_,
                                                    this);
    AddHold();  // for writes, which begin outside of gRPC's threads
    StartRead(&reading_);
    StartCall();
  }

  ~ExchangeReactor() override {
    context_.TryCancel();
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }

  void Send(const Message& message) override {
    grpc::ByteBuffer bytes;
    bool own = false;
    const grpc::Status status =
        grpc::SerializationTraits<Message>::Serialize(message, &bytes, &own);
    Check(status.ok(), "a message can be written");
    const absl::MutexLock lock(&mutex_);
    if (closed_ || no_more_) return;
    to_send_.push_back(std::move(bytes));
    if (to_send_.size() == 1) StartWrite(&to_send_.front());
  }

  void SendNoMore() override {
    const absl::MutexLock lock(&mutex_);
    if (closed_ || no_more_) return;
    no_more_ = true;
    if (to_send_.empty()) StartWritesDone();
  }

  Received Receive(Message* message, absl::Duration wait) override {
    const absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &ExchangeReactor::HasNews),
                            wait);
    if (received_.empty()) return done_ ? Received::kEnd : Received::kNothing;
    grpc::ByteBuffer bytes = std::move(received_.front());
    received_.pop_front();
    if (!grpc::SerializationTraits<Message>::Deserialize(&bytes, message)
             .ok()) {
      status_ = absl::InternalError("an answer cannot be read");
      received_.clear();
      context_.TryCancel();
      unreadable_ = true;
      mutex_.Await(absl::Condition(&done_));
      return Received::kEnd;
    }
    return Received::kMessage;
  }

  absl::Status status() const override {
    const absl::MutexLock lock(&mutex_);
    return status_;
  }

  void OnWriteDone(bool ok) override {
    const absl::MutexLock lock(&mutex_);
    to_send_.pop_front();
    if (!ok || closed_) return;  // the end comes by the read
    if (!to_send_.empty()) {
      StartWrite(&to_send_.front());
    } else if (no_more_) {
      StartWritesDone();
    }
  }

  void OnReadDone(bool ok) override {
    {
      const absl::MutexLock lock(&mutex_);
      if (ok) {
        if (!unreadable_) received_.push_back(std::move(reading_));
        reading_.Clear();
        StartRead(&reading_);
        return;
      }
      closed_ = true;
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    const absl::MutexLock lock(&mutex_);
    if (!unreadable_) status_ = FromGrpc(status);
    done_ = true;
  }

 private:
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return done_ || !received_.empty();
  }

  grpc::ClientContext context_;
  grpc::ByteBuffer reading_;
  mutable absl::Mutex mutex_;
  // The first is being written; a deque does not move it.
  std::deque<grpc::ByteBuffer> to_send_ ABSL_GUARDED_BY(mutex_);
  std::deque<grpc::ByteBuffer> received_ ABSL_GUARDED_BY(mutex_);
  bool no_more_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // nothing may be started
  bool unreadable_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

struct Channel::Connection {
  std::shared_ptr<grpc::Channel> channel;
};

Channel::Channel(std::shared_ptr<const Connection> connection)
    : connection_(std::move(connection)) {}

absl::StatusOr<Channel> Channel::Open(const Target& target) {
  BeginGrpc();
  auto credentials = Credentials(target);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(std::string(ServiceConfigJson()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveAnswerMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   kFirstReconnectDelayMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectDelayMs);
  return Channel(std::make_shared<Connection>(Connection{
      grpc::CreateCustomChannel(target.address, *credentials, arguments)}));
}

absl::Status Channel::Call(const std::string& method, const Message& request,
                           Message* response,
                           const CallOptions& options) const {
  grpc::ClientContext context;
  Prepare(options, &context);
  const grpc::internal::RpcMethod rpc(method.c_str(),
                                      grpc::internal::RpcMethod::NORMAL_RPC);
  // What generated stubs do, for a method known by name.
  return FromGrpc(grpc::internal::BlockingUnaryCall<Message, Message,
                                                    MessageLite, MessageLite>(
      connection_->channel.get(), rpc, &context, request, response));
}

absl::Status Channel::Stream(const std::string& method, const Message& request,
                             Message* response,
                             const std::function<bool()>& next,
                             const CallOptions& options) const {
  grpc::ClientContext context;
  Prepare(options, &context);
  const grpc::internal::RpcMethod rpc(
      method.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING);
  std::unique_ptr<grpc::ClientReader<Message>> reader(
      grpc::internal::ClientReaderFactory<Message>::Create<Message>(
          connection_->channel.get(), rpc, &context, request));
  while (reader->Read(response)) {
    if (next()) continue;
    context.TryCancel();
    while (reader->Read(response)) {
    }
    break;
  }
  return FromGrpc(reader->Finish());
}

std::unique_ptr<Exchange> Channel::Begin(const std::string& method,
                                         const CallOptions& options) const {
  return std::make_unique<ExchangeReactor>(connection_->channel.get(), method,
                                           options);
}

absl::StatusOr<bool> Channel::IsServing(absl::string_view service_name,
                                        absl::Duration timeout) const {
  // grpc.health.v1 is not packaged as a .proto file; HealthCheckRequest
  // {string service = 1} and HealthCheckResponse {ServingStatus status = 1} are
  // on the wire what these two are.
  constexpr int32_t kServing = 1;
  google::protobuf::StringValue request;
  request.set_value(std::string(service_name));
  google::protobuf::Int32Value response;
  absl::Status status = Call("/grpc.health.v1.Health/Check", request, &response,
                             {.timeout = timeout, .traceparent = ""});
  if (absl::IsNotFound(status)) return false;
  if (!status.ok()) return status;
  return response.value() == kServing;
}

}  // namespace vigil::service
