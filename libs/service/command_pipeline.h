// Turns a request into events, the same way for every agency.
//
//   CommandPipeline pipeline(police::Police(), &store, naming_keys);
//   pipeline.Submit(call, request, done);
//
// From top to bottom, once for each request:
//
//   1. may this system publish through this writer?     PERMISSION_DENIED
//   2. is all of the request well formed?               INVALID_ARGUMENT, all
//   of it
//   3. may it speak for this organisation, and decide   PERMISSION_DENIED
//   about others' records?
//   4. translate: the agency's words become facts
//   5. has this request_id been used?                   the receipt again, or
//                                                       REQUEST_ID_REUSED
//   6. seal: each fact becomes bytes, once
//   7. append: the log has them, or this writer's outbox
//   8. remember the receipt, then answer
//
// While a former naming key is held, the old and the new reference of whoever a
// request names are also joined, by a SubjectRenamed beside its facts.
//
// It reads no fact: what is submitted cannot be wrong about the past, only say
// something else. All that it reads is its own memory of requests.
//
// Threads: Submit may be called from any; it does not block, and `done` runs on
// whichever thread learns the outcome.
#ifndef VIGIL_LIBS_SERVICE_COMMAND_PIPELINE_H_
#define VIGIL_LIBS_SERVICE_COMMAND_PIPELINE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/event/naming_key_file.h"
#include "libs/event/seal.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/service/agency_service.h"
#include "libs/service/caller.h"
#include "libs/service/statement.h"
#include "vigil/common/v1/submission.pb.h"

namespace vigil::service {

// What makes one agency's service different from another's: a value.
struct Writer {
  // "police": the topic is vigil.police.events.v1, the vocabulary "police".
  std::string name;
  // Its gRPC service; every request of it is translated.
  const google::protobuf::ServiceDescriptor* service = nullptr;
  Vocabulary translate;
  // The hub alone may file facts under subjects that others named, and decide
  // about records and entries of others; and there only a coordinator's system
  // may. Any other that speaks through the hub speaks of its own alone.
  bool any_subject = false;
};

// The topic of a writer's events.
std::string EventsTopic(absl::string_view writer);

class CommandPipeline {
 public:
  // `store` outlives the pipeline. `clock` says when a request was received.
  CommandPipeline(
      Writer writer, eventlog::StoreAndForward* store, event::NamingKeys keys,
      std::function<absl::Time()> clock = [] { return absl::Now(); });

  // Announces the naming keys on this writer's topic, the first as registered
  // and each later one as its replacement, so that readers can alarm on any
  // other. Through the outbox when the log is away; to be called at each start
  // (each event has one id for ever, so repeats are harmless).
  void AnnounceKeys(std::function<void(absl::Status)> done);

  // How many events the request would make, well formed or not.
  size_t EventsOf(const google::protobuf::Message& request) const;

  void Submit(const Call& call, const google::protobuf::Message& request,
              ReceiptDone done);

 private:
  struct Prepared;

  // Steps 1 to 4 and 6. No state, no I/O.
  absl::Status Prepare(const Call& call,
                       const google::protobuf::Message& request,
                       Prepared* prepared) const;
  // Answers from memory, or joins the call in flight under the same request id;
  // false if neither holds it, and then this call is the one in flight.
  bool Recalled(const Prepared& prepared, const ReceiptDone& done);
  void Append(Prepared prepared, absl::Time deadline);
  // Drops what is known to be announced already.
  void DropAnnounced(std::vector<event::Sealed>* renamed);
  void NoteAnnounced(const std::vector<std::string>& ids);
  // Answers all that wait for one request: with the receipt if they said the
  // same, with REQUEST_ID_REUSED if not. `key` is the naming key (0 the current
  // one) under which it is stored.
  void Finish(const std::string& request_key, size_t key,
              const absl::StatusOr<common::v1::Remembered>& stored);

  const Writer writer_;
  const std::string topic_;
  eventlog::StoreAndForward* const store_;
  const event::NamingKeys keys_;
  const std::function<absl::Time()> clock_;

  // Requests whose outcome is not known yet, by their request key: whatever
  // comes meanwhile under the same id waits for it, so that one request is
  // never appended by two calls, and no id is called used for what is then not
  // stored.
  struct Waiting {
    std::vector<std::string> digests;  // under each naming key
    ReceiptDone done;
  };
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::vector<Waiting>> in_flight_
      ABSL_GUARDED_BY(mutex_);
  // Ids of renamings that this process has stored.
  absl::flat_hash_set<std::string> announced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_COMMAND_PIPELINE_H_
