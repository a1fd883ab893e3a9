// What one writer keeps on its own disk: records that the log has not taken
// yet, and which requests it has answered.
//
//   auto outbox = Outbox::Open("/var/lib/vigil/police/outbox");
//   (*outbox)->Write({.put = records, .remember = {{request_key, receipt}}});
//   for (const Outbox::Entry& entry : (*outbox)->Front(500)->entries) ...
//   (*outbox)->Write({.remove = {entry.number}});
//
// It is a queue that trims, not a log: order is not promised to anybody. The
// memory of requests lies beside it because an accepted request and its receipt
// must be durable together; it holds no fact. README.md has the format on disk.
//
// Threads: safe. After a failed write every write is refused (UNAVAILABLE)
// until the outbox is opened again; reading goes on.
#ifndef VIGIL_LIBS_EVENTLOG_OUTBOX_H_
#define VIGIL_LIBS_EVENTLOG_OUTBOX_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/eventlog/event_log.h"

namespace rocksdb {
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace vigil::eventlog {

struct RocksdbStore;

class Outbox {
 public:
  // A record that waits, under a number that is never used twice in a process.
  struct Entry {
    uint64_t number = 0;
    absl::Time put;
    TopicRecord record;
  };

  // The beginning of the queue, and whether it goes on.
  struct Page {
    std::vector<Entry> entries;
    bool more = false;
  };

  // What one request's answer was, for its repeats.
  struct Memory {
    std::string key;
    std::string value;
  };

  struct Changes {
    absl::Span<const TopicRecord> put;
    absl::Span<const Memory> remember;
    absl::Span<const uint64_t> remove;
    absl::Time now;  // when it was put, and remembered
  };

  // `env` is the file system to stand on; nullptr is the machine's own.
  //   UNAVAILABLE  another process has it open, or the disk fails
  //   DATA_LOSS    the tables are damaged, or what names them. Damage in
  //                RocksDB's log, to which writes go first, is not: what is
  //                damaged is dropped, with up to 32 KiB behind it, and if
  //                anything follows it an error is logged. After a loss of
  //                power that is what was remembered or removed last; after
  //                decay of the disk it may be records that were accepted
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(
      const std::string& folder, rocksdb::Env* env = nullptr);
  ~Outbox();

  // All of it or nothing. Synced to the disk when it puts records; what is only
  // remembered or removed survives the end of the process, not a loss of power:
  // the log has those records, and readers see repeats.
  absl::Status Write(const Changes& changes);

  // The oldest entries from the number `from` on: at most `limit`, and no more
  // than the first that makes it kMaxPageBytes.
  static constexpr size_t kMaxPageBytes = size_t{8} << 20;
  absl::StatusOr<Page> Front(size_t limit, uint64_t from = 0) const;

  // Sets aside an entry that the log refuses for ever (an ACL, a size), so that
  // it blocks no other: kept, counted, and put back by Retry after repair.
  absl::Status Park(uint64_t number, const std::string& reason);
  // Retry moves some at a time, so an error may come after a part.
  absl::Status Retry();  // StoreAndForward::RetryParked also wakes the relay

  // The remembered answer; nothing if there is none.
  std::optional<std::string> Recall(const std::string& key) const;

  // What this outbox belongs to, in its owner's words: empty until Bind. What
  // is remembered and waits here was named with it, so it must not change
  // unseen.
  absl::StatusOr<std::string> BoundTo() const;
  absl::Status Bind(const std::string& owner);  // synced to the disk

  // Forgets requests remembered before that instant. Reads all of them, without
  // holding up who writes.
  absl::Status Forget(absl::Time before);

  // False after a failed write, until it is opened again.
  bool writable() const { return !broken_; }

  uint64_t depth() const { return depth_; }
  uint64_t parked() const { return parked_; }
  // When the oldest waiting entry was put; nothing if none waits.
  std::optional<absl::Time> oldest() const;

 private:
  explicit Outbox(std::unique_ptr<RocksdbStore> store);
  absl::Status Load();
  absl::Status Commit(rocksdb::WriteBatch& batch, bool sync)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<RocksdbStore> store_;
  absl::Mutex mutex_;  // one writer at a time
  std::atomic<bool> broken_ = false;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> depth_ = 0;
  std::atomic<uint64_t> parked_ = 0;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_OUTBOX_H_
