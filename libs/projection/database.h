// One database of an index: its column families, its settings, how records
// become rows in it. Private to libs/projection: it shows RocksDB's headers.
//
// Threads: Apply, Ingest and Sync one at a time; the rest is safe.
#ifndef VIGIL_LIBS_PROJECTION_DATABASE_H_
#define VIGIL_LIBS_PROJECTION_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/fold.h"
#include "libs/projection/snapshot.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/options.h"

namespace vigil::projection {

// Column families, in the order of their handles; then the fold's tables.
inline constexpr size_t kMetaFamily = 0;
inline constexpr size_t kQuarantineFamily = 1;
inline constexpr size_t kFirstTableFamily = 2;

// Corruption is DATA_LOSS, anything else UNAVAILABLE.
absl::Status FromRocksdb(const rocksdb::Status& status,
                         const std::string& what);

inline rocksdb::Slice ToSlice(absl::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// What the log says of the record, hashed.
Sha256Digest IdentityOf(const eventlog::LoggedRecord& record);

// Raises what was applied by records, those of one partition in order.
void Advance(std::map<eventlog::Partition, Applied>& applied,
             absl::Span<const eventlog::LoggedRecord> records);

// Aborts if a fold's tables are not well formed.
void CheckFold(const Fold& fold);

// Where the rows of records go, family by family: a write batch, or memory.
class Sink : public Rows {
 public:
  explicit Sink(const Fold& fold) : fold_(fold) {}

  // Folds one record into rows, or puts it into quarantine.
  void Take(const eventlog::LoggedRecord& record);

  void Put(size_t table, absl::string_view key, absl::string_view value) final;

 protected:
  virtual void Add(size_t family, absl::string_view key,
                   absl::string_view value) = 0;
  // Undo drops what was added since Mark.
  virtual void Mark() = 0;
  virtual void Undo() = 0;

 private:
  const Fold& fold_;
};

// The settings of one family, also for files that are to be ingested into it.
rocksdb::ColumnFamilyOptions FamilyOptions(
    const Fold& fold, size_t family,
    const std::shared_ptr<rocksdb::Cache>& cache);

class Database : public std::enable_shared_from_this<Database> {
 public:
  // Makes an empty one in a folder that does not exist.
  static absl::StatusOr<std::shared_ptr<Database>> Create(
      const std::string& path, const Fold& fold,
      std::shared_ptr<rocksdb::Cache> cache,
      rocksdb::Env* env = rocksdb::Env::Default());
  // FAILED_PRECONDITION if it was made for another fold.
  static absl::StatusOr<std::shared_ptr<Database>> Open(
      const std::string& path, const Fold& fold,
      std::shared_ptr<rocksdb::Cache> cache,
      rocksdb::Env* env = rocksdb::Env::Default());
  ~Database();

  // How far a database was applied, whatever fold it was made for. Nothing else
  // has it open for writing.
  static absl::StatusOr<std::map<eventlog::Partition, Applied>> ReadApplied(
      const std::string& path);

  absl::Status Apply(const Fold& fold,
                     absl::Span<const eventlog::LoggedRecord> records);

  // Takes sorted files, which do not overlap, into a family that is empty.
  absl::Status Ingest(size_t family, const std::vector<std::string>& files);
  // The last step of a rebuild: what the ingested files reflect.
  absl::Status SetApplied(std::map<eventlog::Partition, Applied> applied);

  absl::Status Sync();

  const std::map<eventlog::Partition, Applied>& applied() const {
    return applied_;
  }
  std::shared_ptr<const Snapshot> TakeSnapshot(int64_t generation);

  // The folder goes when the last snapshot has gone.
  void RemoveWhenClosed() { remove_when_closed_ = true; }

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* Family(size_t family) const {
    return handles_[family];
  }
  // A copy: a snapshot may outlive whoever owns the fold.
  uint32_t fold_version() const { return fold_version_; }
  const std::vector<Table>& tables() const { return tables_; }
  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }

 private:
  class Batch;

  Database(std::string path, const Fold& fold,
           std::shared_ptr<rocksdb::Cache> cache);
  absl::Status OpenFamilies(const Fold& fold, rocksdb::Env* env, bool create);
  absl::Status CheckMadeFor(const Fold& fold) const;
  absl::Status CountQuarantined();

  const std::string path_;
  const uint32_t fold_version_;
  const std::vector<Table> tables_;
  const std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::map<eventlog::Partition, Applied> applied_;
  int64_t quarantined_ = 0;
  // Not OK after a write failed: what the disk holds is decided by reopening.
  absl::Status failed_;
  std::atomic<bool> remove_when_closed_ = false;
};

// A row of quarantine, read; nothing if it is damaged.
bool ParseQuarantined(absl::string_view key, absl::string_view value,
                      Quarantined& quarantined);
// What the quarantine keys of one record key begin with.
std::string QuarantinePrefix(absl::string_view key);

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_DATABASE_H_
