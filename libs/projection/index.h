// The index of a log: rows that a fold made of records, and how far it has
// read.
//
//   absl::StatusOr<std::unique_ptr<Index>> index = Index::Open(folder, fold);
//   if (absl::IsFailedPrecondition(index.status())) ...  // rebuild it
//   absl::Status applied = (*index)->Apply(records);      // a Runner's work
//   absl::StatusOr<std::string> row =
//       (*index)->snapshot()->Get(kById, key);
//
// Rows and positions of a batch are written together or not at all: that is
// our exactly-once. Everything in an index comes from the log; a folder that is
// deleted is only work to be done again.
//
// Threads: safe; of several calls of Apply one waits for the other. Snapshots
// may outlive the index.
#ifndef VIGIL_LIBS_PROJECTION_INDEX_H_
#define VIGIL_LIBS_PROJECTION_INDEX_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/fold.h"
#include "libs/projection/snapshot.h"

namespace rocksdb {
class Cache;
class Env;
}  // namespace rocksdb

namespace vigil::projection {

class Folder;

struct IndexOptions {
  // Blocks, indexes and filters kept in memory. A child's rows are a few
  // blocks, so this holds those of the tens of thousands last asked about.
  size_t block_cache_bytes = size_t{256} << 20;
  // Where the database's files lie; nullptr: on this machine's disk.
  rocksdb::Env* env = nullptr;
};

class Index {
 public:
  // Opens the index in `folder`, or makes an empty one, and removes what a
  // crash left beside it.
  //   FAILED_PRECONDITION  made by another version of the fold, or with other
  //                        tables: it cannot serve; Rebuild makes a new one.
  //                        Nothing is removed.
  //   UNAVAILABLE          another process has it open, or the disk fails
  //   DATA_LOSS            the files are damaged
  static absl::StatusOr<std::unique_ptr<Index>> Open(const std::string& folder,
                                                     Fold fold,
                                                     IndexOptions options = {});
  ~Index();

  // Folds the records and writes their rows, what goes to quarantine, and the
  // positions, as one batch; then publishes the next snapshot. Records of one
  // partition are in order of offset. A repeated record changes nothing.
  //   ABORTED      `generation` was given and is no longer the one that serves:
  //                positions may have changed, so the caller reads them anew
  //   UNAVAILABLE  the disk fails; nothing was applied, and this index applies
  //                nothing more until it is opened again
  //   DATA_LOSS    the files are damaged
  absl::Status Apply(absl::Span<const eventlog::LoggedRecord> records,
                     std::optional<int64_t> generation = std::nullopt);

  // Makes what was applied survive a loss of power, which otherwise takes the
  // last of it (to be read again). The end of the process takes nothing.
  absl::Status Sync();

  // The newest view: as of the last Apply. Costs a copy of a pointer.
  std::shared_ptr<const Snapshot> snapshot() const;

  const Fold& fold() const { return fold_; }

 private:
  friend class Rebuilder;
  Index(std::unique_ptr<Folder> folder, Fold fold,
        std::shared_ptr<Database> database, int64_t generation);

  // The steps of a rebuild. Begin gives the shadow its generation, and is
  // followed by End. Finish lets `finish` complete the shadow while nothing is
  // applied here, then puts it in the place of the present database, on disk
  // and for the next snapshot.
  absl::StatusOr<int64_t> BeginRebuild();
  std::shared_ptr<rocksdb::Cache> cache() const;
  absl::Status FinishRebuild(
      std::shared_ptr<Database> shadow, int64_t generation,
      const std::function<absl::Status(const Positions& serving)>& finish);
  void EndRebuild();

  const std::unique_ptr<Folder> folder_;  // after Open under apply_mutex_
  const Fold fold_;

  mutable absl::Mutex apply_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::shared_ptr<Database> database_ ABSL_GUARDED_BY(apply_mutex_);
  int64_t generation_ ABSL_GUARDED_BY(apply_mutex_);
  bool rebuilding_ ABSL_GUARDED_BY(apply_mutex_) = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_INDEX_H_
