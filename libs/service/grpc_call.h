// What gRPC code needs beside grpcpp: who calls, until when, how to end.
//
//   grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context,
//                                  const FindRequest* request,
//                                  FindResponse* response) override {
//     grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
//     absl::StatusOr<StartedCall> started = StartCall(*callers_, *context);
//     if (!started.ok()) {
//       reactor->Finish(ToGrpc(started.status()));
//       return reactor;
//     }
//     ...
//   }
//
// Only .cc files include this: it brings in grpcpp, which is slow to compile.
//
// Threads: safe.
#ifndef VIGIL_LIBS_SERVICE_GRPC_CALL_H_
#define VIGIL_LIBS_SERVICE_GRPC_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/service/callers.h"

namespace vigil::service {

// Before a server or a channel is made: gRPC is there from now on until the
// process has ended. Left to itself it ends with its last user, in threads that
// go on beside the end of the process; one of them that has used OpenSSL may
// then end after OpenSSL has, and nobody frees its error state.
void BeginGrpc();

// A call that was let in. The place is held until this is destroyed.
struct StartedCall {
  Call call;
  Place place;
};

// Statuses as Callers::Admit.
absl::StatusOr<StartedCall> StartCall(
    Callers& callers, const grpc::CallbackServerContext& context);

// With the google.rpc details in the trailers. The only maker of grpc::Status.
grpc::Status ToGrpc(const absl::Status& status);

// For a client: the code, the message, and the details as payloads.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_GRPC_CALL_H_
