#include "libs/eventlog/rocksdb_store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "rocksdb/env.h"
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

// What the log tells of damage that recovery goes on from.
constexpr char kDropped[] =
    "what is damaged, with the rest of its block: after a loss of power only "
    "what was not synced";

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

// RocksDB's log: blocks of a fixed size, in them fragments of writes, each with
// a checksum of its type and bytes, its length and its type. Neither its kinds
// for recycled files nor compression are chosen here.
constexpr size_t kWalBlockBytes = 32768;
constexpr size_t kWalHeaderBytes = 7;
enum WalType : uint8_t { kWholeWrite = 1, kFirstPart, kMiddlePart, kLastPart };

constexpr std::array<uint32_t, 256> Crc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
    }
    table[i] = crc;
  }
  return table;
}

// As RocksDB writes it: a checksum of bytes that hold checksums is weak.
uint32_t MaskedCrc32c(absl::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = Crc32cTable();
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc = kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
}

// How long the sound fragment is that these bytes, a header or more, begin
// with; 0 if none is.
size_t SoundFragment(absl::string_view block) {
  const auto byte = [block](size_t i) -> uint32_t {
    return static_cast<uint8_t>(block[i]);
  };
  const size_t length = byte(4) | byte(5) << 8;
  if (byte(6) < kWholeWrite || byte(6) > kLastPart ||
      length > block.size() - kWalHeaderBytes) {
    return 0;
  }
  const uint32_t checksum =
      byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  return MaskedCrc32c(block.substr(6, 1 + length)) == checksum
             ? kWalHeaderBytes + length
             : 0;
}

// DATA_LOSS if a write begins behind damage in one file of the log. RocksDB
// may drop it and say nothing: it passes over the rest of a block after damage,
// and takes a length that is damaged in the last block, or zeros in any, for
// the end of what was written.
absl::Status CheckWal(const std::string& file, rocksdb::Env* env) {
  std::unique_ptr<rocksdb::SequentialFile> wal;
  rocksdb::Status status =
      env->NewSequentialFile(file, &wal, rocksdb::EnvOptions());
  std::string space(kWalBlockBytes, '\0');
  bool damaged = false;
  for (bool more = status.ok(); more;) {
    rocksdb::Slice read;
    status = wal->Read(space.size(), &read, space.data());
    if (!status.ok()) break;
    absl::string_view block(read.data(), read.size());
    more = block.size() == kWalBlockBytes;
    while (block.size() >= kWalHeaderBytes) {
      const size_t sound = SoundFragment(block);
      // What is left of a write that was torn begins nowhere.
      const auto type = static_cast<uint8_t>(block[6]);
      if (damaged && sound > 0 && (type == kWholeWrite || type == kFirstPart)) {
        return absl::DataLossError(
            absl::StrCat(file, ": a write is damaged, and others follow it"));
      }
      damaged = damaged || sound == 0;
      // The length of what is damaged may be, too: look everywhere.
      block.remove_prefix(std::max<size_t>(sound, 1));
    }
  }
  return FromRocksdb(status, absl::StrCat("read ", file));
}

absl::Status CheckWals(const std::string& folder, rocksdb::Env* env) {
  if (env == nullptr) env = rocksdb::Env::Default();
  std::vector<std::string> names;
  const rocksdb::Status listed = env->GetChildren(folder, &names);
  if (!listed.ok()) return FromRocksdb(listed, absl::StrCat("list ", folder));
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log")) continue;
    absl::Status checked = CheckWal(absl::StrCat(folder, "/", name), env);
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

// Whether nothing that can be read follows the first damaged write, in a later
// file either.
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
  const absl::Status wals = CheckWals(folder, env);
  if (absl::IsDataLoss(wals)) {
    if (unsynced == Unsynced::kOneWrite) {
      return absl::DataLossError(
          absl::StrCat(wals.message(), ": restore the folder from a backup"));
    }
    spdlog::error("store=torn folder={} error=\"{}\" dropped=\"{}\"", folder,
                  wals.ToString(), kDropped);
  } else if (!wals.ok()) {
    return wals;
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
    spdlog::error("store=torn folder={} error=\"{}\" dropped=\"{}\"", folder,
                  opened.ToString(), kDropped);
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
