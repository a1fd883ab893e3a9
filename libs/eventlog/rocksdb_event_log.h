// The log of one machine: an EventLog in a RocksDB folder.
//
//   auto log = RocksdbEventLog::Open("/var/lib/vigil/log", topics);
//   if (!log.ok()) return log.status();
//   (*log)->Append(...);
//
// One committer thread takes all appends that wait, gives them offsets and
// writes them as one batch with one fsync (group commit): as durable as the
// disk, and as quick as the disk is with many callers. Readers wait for
// commits; they do not poll. Records are kept for ever. README.md has the
// format on disk.
//
// After a failed write or sync the log refuses every append (UNAVAILABLE) until
// it is opened again: what the disk then holds is decided by recovery, not by
// guesses. Reading goes on.
//
// Threads: as EventLog. Cursors end before their log does.
#ifndef VIGIL_LIBS_EVENTLOG_ROCKSDB_EVENT_LOG_H_
#define VIGIL_LIBS_EVENTLOG_ROCKSDB_EVENT_LOG_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/topics.h"

namespace rocksdb {
class Env;
}

namespace vigil::eventlog {

class RocksdbEventLog final : public EventLog {
 public:
  struct Options {
    // What gives the logged time. Deadlines are always of absl::Now.
    std::function<absl::Time()> clock = [] { return absl::Now(); };
    // The file system to stand on; nullptr is the machine's own.
    rocksdb::Env* env = nullptr;
  };

  // Creates the folder if need be.
  //   UNAVAILABLE          another process has it open, or the disk fails
  //   FAILED_PRECONDITION  the folder's format is unknown, or a topic there has
  //                        another number of partitions than declared
  //   DATA_LOSS            the files are damaged, and not just in the last
  //                        write: restore the folder from a backup
  static absl::StatusOr<std::unique_ptr<RocksdbEventLog>> Open(
      const std::string& folder, Topics topics, Options options);
  static absl::StatusOr<std::unique_ptr<RocksdbEventLog>> Open(
      const std::string& folder, Topics topics);

  // Commits what waits, then closes.
  ~RocksdbEventLog() override;

  void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                   AppendDone done) override;
  absl::StatusOr<std::unique_ptr<Cursor>> Open(
      std::map<Partition, int64_t> from) override;
  std::map<Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<Partition>& partitions, absl::Time deadline) override;
  std::vector<Partition> Partitions(const std::string& topic) const override;

 private:
  class Store;
  class StoreCursor;
  explicit RocksdbEventLog(std::unique_ptr<Store> store);

  std::unique_ptr<Store> store_;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_ROCKSDB_EVENT_LOG_H_
