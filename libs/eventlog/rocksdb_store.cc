#include "libs/eventlog/rocksdb_store.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "spdlog/spdlog.h"

namespace vigil::eventlog {
namespace {

// Enough for a burst, little enough that a reopen replays in a second.
constexpr size_t kWriteBufferBytes = size_t{64} << 20;
constexpr uint64_t kMaxWalBytes = uint64_t{256} << 20;
constexpr size_t kBlockBytes = size_t{16} << 10;
constexpr size_t kInfoLogsKept = 5;
// Nearly every request is new: that nothing is remembered of it is known from
// the filters, at about 1 % false alarms, without a search.
constexpr double kFilterBitsPerKey = 10;
constexpr double kMemtableFilterRatio = 0.02;  // of the write buffer
// RocksDB's per-row checksum knows only this width.
constexpr size_t kProtectionBytes = 8;

using rocksdb::WALRecoveryMode;

rocksdb::DBOptions DbOptions(rocksdb::Env* env, WALRecoveryMode mode) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.wal_recovery_mode = mode;
  options.max_total_wal_size = kMaxWalBytes;
  // With more, 7.8 can misorder flushes that are retried.
  options.max_background_jobs = 2;
  options.keep_log_file_num = kInfoLogsKept;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_write_buffer_number = 2;  // as max_background_jobs
  options.compression = rocksdb::kLZ4Compression;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = kMemtableFilterRatio;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  table.block_size = kBlockBytes;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

using Descriptors = std::vector<rocksdb::ColumnFamilyDescriptor>;

// Of the last write that recovery in this mode would keep; writes nothing.
absl::StatusOr<rocksdb::SequenceNumber> LastSequence(
    const std::string& folder, const Descriptors& families, rocksdb::Env* env,
    WALRecoveryMode mode) {
  RocksdbStore store;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::OpenForReadOnly(
      DbOptions(env, mode), folder, families, &store.handles, &db);
  if (!opened.ok()) return FromRocksdb(opened, absl::StrCat("open ", folder));
  store.db.reset(db);
  return db->GetLatestSequenceNumber();
}

// Whether nothing that can be read follows the first damaged write.
absl::StatusOr<bool> IsDamagedAtItsEndAlone(const std::string& folder,
                                            const Descriptors& families,
                                            rocksdb::Env* env) {
  const auto before = LastSequence(folder, families, env,
                                   WALRecoveryMode::kPointInTimeRecovery);
  if (!before.ok()) return before.status();
  const auto all = LastSequence(folder, families, env,
                                WALRecoveryMode::kSkipAnyCorruptedRecords);
  if (!all.ok()) return all.status();
  return *before == *all;
}

}  // namespace

RocksdbStore::~RocksdbStore() {
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
}

absl::StatusOr<std::unique_ptr<RocksdbStore>> OpenRocksdb(
    const std::string& folder, const std::vector<std::string>& families,
    Unsynced unsynced, rocksdb::Env* env) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", folder, ": ", error.message()));
  }
  Descriptors descriptors;
  descriptors.reserve(families.size());
  for (const std::string& name : families) {
    descriptors.emplace_back(name, FamilyOptions());
  }
  auto store = std::make_unique<RocksdbStore>();
  rocksdb::DB* db = nullptr;
  const auto open = [&](WALRecoveryMode mode) {
    return rocksdb::DB::Open(DbOptions(env, mode), folder, descriptors,
                             &store->handles, &db);
  };
  // This mode takes a last write that was cut short, and nothing else: a disk
  // that lost power in the middle of one may have written its end and not its
  // beginning. RocksDB's default would go on without all that follows a damaged
  // place, and say nothing.
  rocksdb::Status opened = open(WALRecoveryMode::kTolerateCorruptedTailRecords);
  if (opened.IsCorruption()) {
    if (unsynced == Unsynced::kOneWrite) {
      const auto torn = IsDamagedAtItsEndAlone(folder, descriptors, env);
      if (!torn.ok()) return torn.status();
      if (!*torn) return FromRocksdb(opened, absl::StrCat("open ", folder));
    }
    spdlog::error(
        "store=torn folder={} error=\"{}\" dropped=\"what is damaged: after a "
        "loss of power only what was not synced\"",
        folder, opened.ToString());
    opened = open(WALRecoveryMode::kSkipAnyCorruptedRecords);
  }
  if (!opened.ok()) return FromRocksdb(opened, absl::StrCat("open ", folder));
  store->db.reset(db);
  return store;
}

absl::Status FromRocksdb(const rocksdb::Status& status,
                         const std::string& what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  return status.IsCorruption() ? absl::DataLossError(text)
                               : absl::UnavailableError(text);
}

rocksdb::WriteBatch ProtectedBatch() {
  return rocksdb::WriteBatch(/*reserved_bytes=*/0, /*max_bytes=*/0,
                             kProtectionBytes, /*default_cf_ts_sz=*/0);
}

bool TakeBigEndian32(absl::string_view& from, uint32_t& number) {
  if (from.size() < sizeof number) return false;
  number = ReadBigEndian32(from);
  from.remove_prefix(sizeof number);
  return true;
}

bool TakeBigEndian64(absl::string_view& from, uint64_t& number) {
  if (from.size() < sizeof number) return false;
  number = ReadBigEndian64(from);
  from.remove_prefix(sizeof number);
  return true;
}

void AppendSized(std::string& to, absl::string_view bytes) {
  AppendBigEndian32(to, static_cast<uint32_t>(bytes.size()));
  to.append(bytes.data(), bytes.size());
}

bool TakeSized(absl::string_view& from, std::string& bytes) {
  uint32_t size = 0;
  if (!TakeBigEndian32(from, size) || from.size() < size) return false;
  bytes.assign(from.data(), size);
  from.remove_prefix(size);
  return true;
}

}  // namespace vigil::eventlog
