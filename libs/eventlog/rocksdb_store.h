// How this library opens RocksDB, once for the log and for the writer's store.
// Private to libs/eventlog: it shows RocksDB's headers.
#ifndef VIGIL_LIBS_EVENTLOG_ROCKSDB_STORE_H_
#define VIGIL_LIBS_EVENTLOG_ROCKSDB_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace vigil::eventlog {

// A database and its column families; closes them in the right order.
struct RocksdbStore {
  ~RocksdbStore();
  rocksdb::ColumnFamilyHandle* Family(size_t index) const {
    return handles[index];
  }
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

// What a loss of power may find written and not synced. A sync covers all that
// was written before it.
enum class Unsynced {
  kOneWrite,  // each is acknowledged after a sync, before the next
  kManyWrites
};

// Opens or creates `folder` with the families named (`default` first, which is
// where meta rows lie). No family has a prefix extractor.
//
// What was written last is dropped if it is cut short or damaged: a loss of
// power in the middle of a write leaves that. Decay of the disk in just that
// write looks the same.
//
// A damaged write that others follow in RocksDB's log was acknowledged with
// kOneWrite: DATA_LOSS, nothing is changed, and the folder must be restored
// from a backup. With kManyWrites that cannot be told. It is dropped, and with
// it what RocksDB passes over, the rest of its block of 32 KiB; what lies
// beyond is kept, and an error is logged.
absl::StatusOr<std::unique_ptr<RocksdbStore>> OpenRocksdb(
    const std::string& folder, const std::vector<std::string>& families,
    Unsynced unsynced, rocksdb::Env* env);

// Corruption is DATA_LOSS, anything else UNAVAILABLE.
absl::Status FromRocksdb(const rocksdb::Status& status,
                         const std::string& what);

// A batch whose rows carry a checksum from here to the log file.
rocksdb::WriteBatch ProtectedBatch();

// Take a number, or a length and as many bytes, from the front; false if there
// are too few.
bool TakeBigEndian32(absl::string_view& from, uint32_t& number);
bool TakeBigEndian64(absl::string_view& from, uint64_t& number);
void AppendSized(std::string& to, absl::string_view bytes);
bool TakeSized(absl::string_view& from, std::string& bytes);

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_ROCKSDB_STORE_H_
