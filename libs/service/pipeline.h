// Turns a statement into events, the same way for every writer.
//
//   Pipeline pipeline(writer, &store, naming_keys);
//   pipeline.Submit(call, statement, done);
//
// From top to bottom, once for each statement:
//
//   1. may this system publish through this writer?   PERMISSION_DENIED
//   2. is all of it well formed, and its act one      INVALID_ARGUMENT, all
//      that this writer takes?                        of it
//   3. may it speak for this organisation, say this   PERMISSION_DENIED
//      act, and decide about others' records?
//   4. draft: everybody is named, and for each        INVALID_ARGUMENT
//      subject each fact stands
//   5. seal: each fact becomes bytes, once            (validate_only ends here)
//   6. has this request_id been used?                 the receipt again, or
//                                                     REQUEST_ID_REUSED
//   7. append: the log has them, or this writer's outbox
//   8. remember the receipt, then answer
//
// While a former naming key is held, the old and the new reference of whoever a
// statement names are also joined, by a SubjectRenamed beside its facts.
//
// It reads no fact: what is submitted cannot be wrong about the past, only say
// something else. All that it reads is its own memory of requests.
//
// Threads: Submit may be called from any; it does not block, and `done` runs on
// whichever thread learns the outcome.
#ifndef VIGIL_LIBS_SERVICE_PIPELINE_H_
#define VIGIL_LIBS_SERVICE_PIPELINE_H_

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
#include "libs/event/naming_key_file.h"
#include "libs/event/seal.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/service/caller.h"
#include "libs/service/writer.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::service {

// Takes the fate of one statement. May be called on any thread, also before
// Submit returns.
using ReceiptDone = std::function<void(absl::StatusOr<common::v1::Receipt>)>;

class Pipeline {
 public:
  // `store` outlives the pipeline. `clock` says when a request was received.
  Pipeline(
      Writer writer, eventlog::StoreAndForward* store, event::NamingKeys keys,
      std::function<absl::Time()> clock = [] { return absl::Now(); });

  // Announces the naming keys on this writer's topic, the first as registered
  // and each later one as its replacement, so that readers can alarm on any
  // other. Through the outbox when the log is away; to be called at each start
  // (each event has one id for ever, so repeats are harmless).
  void AnnounceKeys(std::function<void(absl::Status)> done);

  // Calls `done` exactly once, about the call's deadline at the latest. It does
  // not block. `call` and `statement` may go when it has returned.
  void Submit(const Call& call, const common::v1::Statement& statement,
              ReceiptDone done);

 private:
  struct Prepared;

  // Steps 1 to 5. No state, no I/O.
  absl::Status Prepare(const Call& call, const common::v1::Statement& statement,
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

#endif  // VIGIL_LIBS_SERVICE_PIPELINE_H_
