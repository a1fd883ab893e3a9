// The gRPC service of any writer, made from its definition.
//
//   WriterService service(writer, &callers, &metrics,
//                         [&](const Call& call, const Statement& statement,
//                             ReceiptDone done) {
//                           pipeline.Submit(call, statement, std::move(done));
//                         });
//   server.Add(service.name(), service.grpc_service());
//
// All writers take the same statements by the same three rpcs, so they are
// written once, over raw bytes: what a parser would keep in silence, a second
// act, is found in the bytes before.
//
// It answers by itself:
//   UNAUTHENTICATED, RESOURCE_EXHAUSTED   as callers.h
//   INVALID_ARGUMENT                      not a statement, with the path of
//                                         every text that is not UTF-8; too
//                                         large; two acts in one; a batch
//                                         outside the limits, or with an
//                                         unknown field
// and everything else is SubmitFn's.
//
// SubmitBatch(statements) -> outcomes: each goes to SubmitFn as if it had come
// alone, all at once; the answer leaves when each has its outcome, in their
// order. One that cannot be read is an error outcome, and touches no other. A
// batch counts as many requests in flight as it has statements. Answers fit
// into kMaxBatchBytes, so that every client takes them: that is what
// kMaxCallEvents and the other limits of limits.h are for. Over kMaxBatchBytes
// is INVALID_ARGUMENT up to kMaxReceiveBytes (server.h); what is larger still,
// gRPC refuses with RESOURCE_EXHAUSTED unread.
//
// SubmitStream(stream of statements) -> stream of outcomes, each with its
// statement's index, as each becomes known. No more than kStreamWindow are
// unanswered at a time: the server reads no further until the client has taken
// outcomes. It ends OK when the client has said that there is no more and every
// statement has its outcome; a stream that breaks is begun anew with what has
// none, and a repeat is always safe.
//
// Threads: safe. No thread waits: a call in flight is memory alone.
#ifndef VIGIL_LIBS_SERVICE_WRITER_SERVICE_H_
#define VIGIL_LIBS_SERVICE_WRITER_SERVICE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "libs/service/caller.h"
#include "libs/service/pipeline.h"
#include "libs/service/writer.h"
#include "vigil/common/v1/statement.pb.h"

namespace grpc {
class Service;
}

namespace vigil::service {

class Callers;
class Metrics;

// Statements of one stream that have no outcome yet: enough to keep the log
// busy from one connection, and an eighth of what a system may have in flight.
// Over what it may have in flight, a statement's outcome is RESOURCE_EXHAUSTED.
inline constexpr size_t kStreamWindow = 256;

// Takes one statement and promises to call `done` exactly once, about the
// call's deadline at the latest: a call whose `done` never comes would hold up
// the end of the process. It must not block: it runs on gRPC's few threads.
// `call` and `statement` live until it has returned.
using SubmitFn =
    std::function<void(const Call& call, const common::v1::Statement& statement,
                       ReceiptDone done)>;

class WriterService {
 public:
  // The definition has Submit, SubmitBatch and SubmitStream, as
  // vigil/police/v1/police.proto; else the process ends. `callers` and
  // `metrics` outlive it, and it the server.
  WriterService(const Writer& writer, Callers* callers, Metrics* metrics,
                SubmitFn submit);
  ~WriterService();

  WriterService(const WriterService&) = delete;
  WriterService& operator=(const WriterService&) = delete;

  // "vigil.police.v1.PoliceService": its name in health and reflection.
  const std::string& name() const;

  // Owned by this; for Server::Add.
  grpc::Service* grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_WRITER_SERVICE_H_
