// The gRPC service of any agency, made from its descriptor.
//
//   AgencyService service(
//       *police::v1::Item::descriptor()->file()->FindServiceByName(
//           "PoliceService"),
//       &callers, &metrics,
//       [&](const google::protobuf::Message& request) {
//         return pipeline.EventsOf(request); },
//       [&](const Call& call, const google::protobuf::Message& request,
//           ReceiptDone done) { pipeline.Submit(call, request, done); });
//   server.Add(service.name(), service.grpc_service());
//
// Every rpc of every agency does the same: it takes one request and answers
// with a Receipt. So it is written once. The generated classes would need some
// 150 methods that differ in a type's name, and nest one template per rpc
// around the service. Here each rpc of the descriptor is added as a method of
// raw bytes, which are parsed into the rpc's own request type; what the request
// means, the agency's vocabulary knows, behind SubmitFn.
//
// It answers by itself:
//   UNAUTHENTICATED, RESOURCE_EXHAUSTED   as callers.h
//   INVALID_ARGUMENT                      not a message of this type, with the
//                                         path of each text that is not UTF-8;
//                                         a batch outside the limits, or with
//                                         an unknown field
// and everything else is SubmitFn's.
//
// SubmitBatch(items) -> outcomes: each item goes to SubmitFn as if it had come
// alone, all at once; the answer leaves when each has its outcome, in the order
// of the items. An item in which no request is set, or whose own level has an
// unknown field, or whose bytes are no message, is an error outcome, and
// touches no other. A batch counts as many requests in flight as it has items.
//
// Answers fit into kMaxBatchBytes, so that every client takes them: that is
// what kMaxCallEvents and the other limits of limits.h are for.
//
// Over kMaxBatchBytes is INVALID_ARGUMENT up to kMaxReceiveBytes (server.h);
// what is larger still, gRPC refuses with RESOURCE_EXHAUSTED unread.
//
// Threads: safe. No thread waits: a call in flight is memory alone.
#ifndef VIGIL_LIBS_SERVICE_AGENCY_SERVICE_H_
#define VIGIL_LIBS_SERVICE_AGENCY_SERVICE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/service/caller.h"
#include "vigil/common/v1/submission.pb.h"

namespace grpc {
class Service;
}

namespace vigil::service {

class Callers;
class Metrics;

// Takes the fate of one request. May be called on any thread, also before
// SubmitFn returns.
using ReceiptDone = std::function<void(absl::StatusOr<common::v1::Receipt>)>;

// Takes one request and promises to call `done` exactly once, about the call's
// deadline at the latest: a call whose `done` never comes would hold up the
// end of the process. It must not block: it runs on gRPC's few threads. `call`
// and `request` live until `done` has returned.
using SubmitFn = std::function<void(const Call& call,
                                    const google::protobuf::Message& request,
                                    ReceiptDone done)>;

// How many events a request of a batch would make: a call may make
// kMaxCallEvents. It must not block, and takes whatever was parsed.
using EventsFn =
    std::function<size_t(const google::protobuf::Message& request)>;

class AgencyService {
 public:
  // `service` has unary rpcs alone: SubmitBatch, with a repeated message field
  // `items` that has one oneof, and others that return a Receipt; else the
  // process ends. `callers` and `metrics` outlive it, and it the server.
  AgencyService(const google::protobuf::ServiceDescriptor& service,
                Callers* callers, Metrics* metrics, EventsFn events,
                SubmitFn submit);
  ~AgencyService();

  AgencyService(const AgencyService&) = delete;
  AgencyService& operator=(const AgencyService&) = delete;

  // "vigil.police.v1.PoliceService": its name in health and reflection.
  const std::string& name() const;

  // Owned by this; for Server::Add.
  grpc::Service* grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_AGENCY_SERVICE_H_
