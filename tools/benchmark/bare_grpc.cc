#include "tools/benchmark/bare_grpc.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <signal.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/base/atomic_file.h"

namespace vigil::benchmark {
namespace {

// A receipt of one event.
constexpr size_t kReceiptBytes = 340;

class Echo final : public grpc::Service {
 public:
  Echo() {
    AddMethod(new grpc::internal::RpcServiceMethod(
        kEchoMethod, grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(
        0, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer,
                                                    grpc::ByteBuffer>(
               [this](grpc::CallbackServerContext* context,
                      const grpc::ByteBuffer*, grpc::ByteBuffer* response) {
                 *response = grpc::ByteBuffer(&receipt_, 1);
                 grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
                 reactor->Finish(grpc::Status::OK);
                 return reactor;
               }));
  }

 private:
  const grpc::Slice receipt_ = grpc::Slice(std::string(kReceiptBytes, 'r'));
};

}  // namespace

absl::Status ServeEcho(const std::string& folder) {
  // Before the first thread, so that all inherit it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Echo echo;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError("gRPC cannot serve");
  if (absl::Status written =
          WriteFileAtomically(folder + "/addresses",
                              absl::StrCat("plaintext=127.0.0.1:", port, "\n"));
      !written.ok()) {
    return written;
  }
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace vigil::benchmark
