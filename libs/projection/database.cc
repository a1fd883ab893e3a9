#include "libs/projection/database.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "libs/base/check.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace vigil::projection {
namespace {

using eventlog::LoggedRecord;
using eventlog::Partition;

constexpr char kFormatKey[] = "format";
constexpr char kFormat[] = "1";
constexpr char kFoldKey[] = "fold";
constexpr char kAppliedKeyPrefix[] = "applied/";
constexpr char kQuarantineName[] = "quarantine";
constexpr char kTableNamePrefix[] = "table.";

// Enough that a burst is sorted in memory, little enough that a reopen replays
// it in a second.
constexpr size_t kWriteBufferBytes = size_t{64} << 20;
constexpr uint64_t kMaxWalBytes = uint64_t{256} << 20;
constexpr size_t kBlockBytes = size_t{16} << 10;
// RocksDB's usual choice: one look in a hundred finds nothing.
constexpr double kBloomBitsPerKey = 10;
// A share of the write buffer.
constexpr double kMemtableBloomRatio = 0.1;
// Spreads the write-back of files, so that a sync finds little to do.
constexpr uint64_t kBytesPerSync = uint64_t{1} << 20;
constexpr size_t kInfoLogsKept = 5;
// RocksDB's checksum of each row of a batch knows only this width.
constexpr size_t kProtectionBytes = 8;

rocksdb::DBOptions DbOptions(rocksdb::Env* env, bool create) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = create;
  options.error_if_exists = create;
  options.create_missing_column_families = create;
  options.paranoid_checks = true;
  // What is lost at the end is read again from the event log; what stands
  // before it is consistent.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = kMaxWalBytes;
  // With more, 7.8 can misorder flushes that are retried.
  options.max_background_jobs = 2;
  options.bytes_per_sync = kBytesPerSync;
  options.wal_bytes_per_sync = kBytesPerSync;
  options.keep_log_file_num = kInfoLogsKept;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  return options;
}

std::string FamilyName(const Fold& fold, size_t family) {
  if (family == kMetaFamily) return rocksdb::kDefaultColumnFamilyName;
  if (family == kQuarantineFamily) return kQuarantineName;
  return absl::StrCat(kTableNamePrefix,
                      fold.tables[family - kFirstTableFamily].name);
}

size_t FamilyCount(const Fold& fold) {
  return kFirstTableFamily + fold.tables.size();
}

void AppendSized(std::string& to, absl::string_view bytes) {
  AppendBigEndian32(to, static_cast<uint32_t>(bytes.size()));
  to.append(bytes.data(), bytes.size());
}

// Takes bytes from the front of what was read from the disk; after the first
// that is too short everything is.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : rest_(bytes) {}
  absl::string_view Take(size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const absl::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint32_t Number32() {
    const absl::string_view bytes = Take(4);
    return ok_ ? ReadBigEndian32(bytes) : 0;
  }
  uint64_t Number64() {
    const absl::string_view bytes = Take(8);
    return ok_ ? ReadBigEndian64(bytes) : 0;
  }
  absl::string_view Sized() { return Take(Number32()); }
  absl::string_view Rest() { return Take(rest_.size()); }
  // Topics have no zero byte (eventlog::CheckTopics).
  Partition Place() {
    Partition partition;
    const size_t end = rest_.find('\0');
    if (end == absl::string_view::npos) {
      Take(rest_.size() + 1);
      return partition;
    }
    partition.topic = std::string(Take(end));
    Take(1);
    partition.partition = static_cast<int32_t>(Number32());
    return partition;
  }
  bool ok() const { return ok_; }
  bool ReachedEnd() const { return ok_ && rest_.empty(); }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

void AppendPlace(std::string& to, const Partition& partition) {
  to.append(partition.topic);
  to.push_back('\0');
  AppendBigEndian32(to, static_cast<uint32_t>(partition.partition));
}

std::string FoldValue(uint32_t version, const std::vector<Table>& tables) {
  std::string value;
  AppendBigEndian32(value, version);
  for (const Table& table : tables) {
    AppendSized(value, table.name);
    AppendSized(value, absl::StrCat(table.prefix_bytes));
  }
  return value;
}

std::string AppliedKey(const Partition& partition) {
  std::string key = kAppliedKeyPrefix;
  AppendPlace(key, partition);
  return key;
}

std::string AppliedValue(const Applied& applied) {
  std::string value;
  AppendBigEndian64(value, static_cast<uint64_t>(applied.next));
  AppendBigEndian64(value,
                    static_cast<uint64_t>(absl::ToUnixMillis(applied.logged)));
  const absl::string_view identity = AsBytes(applied.identity);
  value.append(identity.data(), identity.size());
  return value;
}

std::string QuarantineKey(const LoggedRecord& record) {
  std::string key = QuarantinePrefix(record.record.key);
  AppendPlace(key, record.position.partition);
  AppendBigEndian64(key, static_cast<uint64_t>(record.position.offset));
  return key;
}

std::string QuarantineValue(const LoggedRecord& record,
                            const absl::Status& why) {
  std::string value;
  AppendBigEndian64(value,
                    static_cast<uint64_t>(absl::ToUnixMillis(record.logged)));
  AppendSized(value, why.message());
  AppendBigEndian32(value, static_cast<uint32_t>(record.record.headers.size()));
  for (const eventlog::Header& header : record.record.headers) {
    AppendSized(value, header.name);
    AppendSized(value, header.value);
  }
  value.append(record.record.value);
  return value;
}

// The positions of a database.
absl::StatusOr<std::map<Partition, Applied>> AppliedIn(
    rocksdb::DB* db, rocksdb::ColumnFamilyHandle* meta) {
  std::map<Partition, Applied> all;
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), meta));
  for (rows->Seek(kAppliedKeyPrefix);
       rows->Valid() && rows->key().starts_with(kAppliedKeyPrefix);
       rows->Next()) {
    Reader key(ToView(rows->key()));
    key.Take(sizeof(kAppliedKeyPrefix) - 1);
    const Partition partition = key.Place();
    Reader value(ToView(rows->value()));
    Applied applied;
    applied.next = static_cast<int64_t>(value.Number64());
    applied.logged =
        absl::FromUnixMillis(static_cast<int64_t>(value.Number64()));
    const absl::string_view identity = value.Take(applied.identity.size());
    if (!key.ReachedEnd() || !value.ReachedEnd()) {
      return absl::DataLossError("a position of an index is damaged");
    }
    std::copy(identity.begin(), identity.end(), applied.identity.begin());
    all[partition] = applied;
  }
  if (!rows->status().ok()) return FromRocksdb(rows->status(), "read an index");
  return all;
}

}  // namespace

absl::Status FromRocksdb(const rocksdb::Status& status,
                         const std::string& what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  return status.IsCorruption() ? absl::DataLossError(text)
                               : absl::UnavailableError(text);
}

Sha256Digest IdentityOf(const LoggedRecord& record) {
  std::string head;
  AppendBigEndian64(head, static_cast<uint64_t>(record.position.offset));
  AppendBigEndian64(head,
                    static_cast<uint64_t>(absl::ToUnixMillis(record.logged)));
  AppendSized(head, record.record.key);
  thread_local Sha256Hasher hasher;
  hasher.Update(head);
  hasher.Update(record.record.value);
  return hasher.Finish();
}

void Advance(std::map<Partition, Applied>& applied,
             absl::Span<const LoggedRecord> records) {
  for (size_t i = 0; i < records.size(); ++i) {
    const LoggedRecord& record = records[i];
    // Only the last of a run of one partition counts, and is worth hashing.
    if (i + 1 < records.size() &&
        records[i + 1].position.partition == record.position.partition) {
      continue;
    }
    Applied& last = applied[record.position.partition];
    if (record.position.offset < last.next) continue;  // applied before
    last = {record.position.offset + 1, record.logged, IdentityOf(record)};
  }
}

void CheckFold(const Fold& fold) {
  std::set<std::string> names;
  for (const Table& table : fold.tables) {
    Check(!table.name.empty(), "a table has a name");
    Check(names.insert(table.name).second, "the name of a table is unique");
  }
  Check(fold.apply != nullptr, "a fold has a function");
}

void Sink::Take(const LoggedRecord& record) {
  Mark();
  const absl::Status folded = fold_.apply(record, *this);
  if (folded.ok()) return;
  Undo();
  Add(kQuarantineFamily, QuarantineKey(record),
      QuarantineValue(record, folded));
}

void Sink::Put(size_t table, absl::string_view key, absl::string_view value) {
  Check(table < fold_.tables.size(), "a fold puts rows into its own tables");
  Check(!key.empty() && key.size() >= fold_.tables[table].prefix_bytes,
        "a row's key is at least as long as its table's prefix");
  Add(kFirstTableFamily + table, key, value);
}

rocksdb::ColumnFamilyOptions FamilyOptions(
    const Fold& fold, size_t family,
    const std::shared_ptr<rocksdb::Cache>& cache) {
  const size_t prefix_bytes =
      family < kFirstTableFamily
          ? 0
          : fold.tables[family - kFirstTableFamily].prefix_bytes;
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_write_buffer_number = 2;  // as max_background_jobs
  options.compression = rocksdb::kLZ4Compression;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_prefix_bloom_size_ratio = kMemtableBloomRatio;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  if (prefix_bytes > 0) {
    options.prefix_extractor.reset(
        rocksdb::NewFixedPrefixTransform(prefix_bytes));
    table.whole_key_filtering = false;
  } else {
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Database::Database(std::string path, const Fold& fold,
                   std::shared_ptr<rocksdb::Cache> cache)
    : path_(std::move(path)),
      fold_version_(fold.version),
      tables_(fold.tables),
      cache_(std::move(cache)) {}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  db_.reset();
  if (!remove_when_closed_) return;
  // What cannot be removed now is a leftover for the next open.
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::shared_ptr<Database>> Database::Create(
    const std::string& path, const Fold& fold,
    std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env) {
  std::shared_ptr<Database> database(
      new Database(path, fold, std::move(cache)));
  absl::Status status = database->OpenFamilies(fold, env, /*create=*/true);
  if (!status.ok()) return status;
  rocksdb::WriteBatch rows;
  rocksdb::WriteOptions write;
  write.sync = true;
  rocksdb::Status written = rows.Put(kFormatKey, kFormat);
  if (written.ok()) {
    written = rows.Put(kFoldKey, FoldValue(fold.version, fold.tables));
  }
  if (written.ok()) written = database->db_->Write(write, &rows);
  if (!written.ok()) return FromRocksdb(written, "make an index");
  return database;
}

absl::StatusOr<std::shared_ptr<Database>> Database::Open(
    const std::string& path, const Fold& fold,
    std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env) {
  std::vector<std::string> names;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(DbOptions(env, false), path, &names);
  if (!listed.ok()) return FromRocksdb(listed, "open an index");
  std::set<std::string> wanted;
  for (size_t i = 0; i < FamilyCount(fold); ++i) {
    wanted.insert(FamilyName(fold, i));
  }
  if (wanted != std::set<std::string>(names.begin(), names.end())) {
    return absl::FailedPreconditionError(
        "the index has other tables than the fold: rebuild it");
  }
  std::shared_ptr<Database> database(
      new Database(path, fold, std::move(cache)));
  absl::Status status = database->OpenFamilies(fold, env, /*create=*/false);
  if (status.ok()) status = database->CheckMadeFor(fold);
  if (status.ok()) {
    auto applied =
        AppliedIn(database->db_.get(), database->Family(kMetaFamily));
    status = applied.status();
    if (status.ok()) database->applied_ = *std::move(applied);
  }
  if (status.ok()) status = database->CountQuarantined();
  if (!status.ok()) return status;
  return database;
}

absl::Status Database::OpenFamilies(const Fold& fold, rocksdb::Env* env,
                                    bool create) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < FamilyCount(fold); ++i) {
    descriptors.emplace_back(FamilyName(fold, i),
                             FamilyOptions(fold, i, cache_));
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(
      DbOptions(env, create), path_, descriptors, &handles_, &db);
  if (!opened.ok()) return FromRocksdb(opened, "open an index");
  db_.reset(db);
  return absl::OkStatus();
}

absl::Status Database::CheckMadeFor(const Fold& fold) const {
  std::string format;
  std::string made_for;
  rocksdb::Status got = db_->Get(rocksdb::ReadOptions(), Family(kMetaFamily),
                                 kFormatKey, &format);
  if (got.ok()) {
    got = db_->Get(rocksdb::ReadOptions(), Family(kMetaFamily), kFoldKey,
                   &made_for);
  }
  // Written before CURRENT names the database, so it is there.
  if (got.IsNotFound()) return absl::DataLossError("an index has no meta rows");
  if (!got.ok()) return FromRocksdb(got, "read an index");
  if (format != kFormat || made_for != FoldValue(fold.version, fold.tables)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the index is of format ", format,
        " and was made by another version of the fold, or for other tables: "
        "rebuild it for version ",
        fold.version));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<Partition, Applied>> Database::ReadApplied(
    const std::string& path) {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      DbOptions(rocksdb::Env::Default(), false), path,
      {{rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}},
      &families, &opened);
  if (!status.ok()) return FromRocksdb(status, "open an index");
  const std::unique_ptr<rocksdb::DB> db(opened);
  auto applied = AppliedIn(db.get(), families.front());
  db->DestroyColumnFamilyHandle(families.front()).PermitUncheckedError();
  return applied;
}

absl::Status Database::CountQuarantined() {
  quarantined_ = 0;
  const std::unique_ptr<rocksdb::Iterator> rows(
      db_->NewIterator(rocksdb::ReadOptions(), Family(kQuarantineFamily)));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++quarantined_;
  return FromRocksdb(rows->status(), "read an index");
}

// Rows on their way into one write batch.
class Database::Batch final : public Sink {
 public:
  Batch(const Database& database, const Fold& fold)
      : Sink(fold),
        database_(database),
        rows_(/*reserved_bytes=*/0, /*max_bytes=*/0, kProtectionBytes,
              /*default_cf_ts_sz=*/0) {}

  void Add(size_t family, absl::string_view key,
           absl::string_view value) override {
    Keep(rows_.Put(database_.Family(family), ToSlice(key), ToSlice(value)));
    if (family == kQuarantineFamily) quarantined_.emplace(key);
  }

  rocksdb::WriteBatch& rows() { return rows_; }
  const rocksdb::Status& status() const { return status_; }

  // How many that were not there before.
  absl::StatusOr<int64_t> CountNewlyQuarantined() const {
    int64_t count = 0;
    for (const std::string& key : quarantined_) {
      rocksdb::PinnableSlice ignored;
      const rocksdb::Status got = database_.db_->Get(
          rocksdb::ReadOptions(), database_.Family(kQuarantineFamily), key,
          &ignored);
      if (got.IsNotFound()) {
        ++count;
      } else if (!got.ok()) {
        return FromRocksdb(got, "read an index");
      }
    }
    return count;
  }

 protected:
  void Mark() override {
    // The last record's rows stay: its savepoint would only pile up.
    if (marked_) Keep(rows_.PopSavePoint());
    rows_.SetSavePoint();
    marked_ = true;
  }
  void Undo() override {
    Keep(rows_.RollbackToSavePoint());
    marked_ = false;
  }

 private:
  void Keep(const rocksdb::Status& status) {
    if (status_.ok()) status_ = status;
  }

  const Database& database_;
  rocksdb::WriteBatch rows_;
  rocksdb::Status status_;
  bool marked_ = false;
  std::set<std::string> quarantined_;
};

absl::Status Database::Apply(const Fold& fold,
                             absl::Span<const LoggedRecord> records) {
  if (!failed_.ok()) return failed_;
  if (records.empty()) return absl::OkStatus();
  Batch batch(*this, fold);
  for (const LoggedRecord& record : records) batch.Take(record);
  const absl::StatusOr<int64_t> quarantined = batch.CountNewlyQuarantined();
  if (!quarantined.ok()) return quarantined.status();

  std::map<Partition, Applied> applied = applied_;
  Advance(applied, records);
  for (const auto& [partition, last] : applied) {
    const auto before = applied_.find(partition);
    if (before != applied_.end() && before->second.next == last.next) continue;
    batch.Add(kMetaFamily, AppliedKey(partition), AppliedValue(last));
  }
  rocksdb::Status written = batch.status();
  if (written.ok()) {
    written = db_->Write(rocksdb::WriteOptions(), &batch.rows());
  }
  if (!written.ok()) return failed_ = FromRocksdb(written, "apply to an index");
  applied_ = std::move(applied);
  quarantined_ += *quarantined;
  return absl::OkStatus();
}

absl::Status Database::Ingest(size_t family,
                              const std::vector<std::string>& files) {
  if (files.empty()) return absl::OkStatus();
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;
  return FromRocksdb(db_->IngestExternalFile(Family(family), files, options),
                     "ingest into an index");
}

absl::Status Database::SetApplied(std::map<Partition, Applied> applied) {
  rocksdb::WriteBatch rows(/*reserved_bytes=*/0, /*max_bytes=*/0,
                           kProtectionBytes, /*default_cf_ts_sz=*/0);
  rocksdb::Status written;
  for (const auto& [partition, last] : applied) {
    if (!written.ok()) break;
    written = rows.Put(Family(kMetaFamily), AppliedKey(partition),
                       AppliedValue(last));
  }
  rocksdb::WriteOptions write;
  write.sync = true;
  if (written.ok()) written = db_->Write(write, &rows);
  if (!written.ok()) return FromRocksdb(written, "write positions");
  applied_ = std::move(applied);
  return CountQuarantined();
}

absl::Status Database::Sync() {
  return FromRocksdb(db_->FlushWAL(/*sync=*/true), "sync an index");
}

std::shared_ptr<const Snapshot> Database::TakeSnapshot(int64_t generation) {
  return std::shared_ptr<const Snapshot>(
      new Snapshot(shared_from_this(), generation, applied_, quarantined_));
}

bool ParseQuarantined(absl::string_view key, absl::string_view value,
                      Quarantined& quarantined) {
  LoggedRecord& record = quarantined.record;
  Reader from_key(key);
  record.record.key = std::string(from_key.Sized());
  record.position.partition = from_key.Place();
  record.position.offset = static_cast<int64_t>(from_key.Number64());
  Reader from_value(value);
  record.logged =
      absl::FromUnixMillis(static_cast<int64_t>(from_value.Number64()));
  quarantined.reason = std::string(from_value.Sized());
  const uint32_t headers = from_value.Number32();
  record.record.headers.clear();
  for (uint32_t i = 0; i < headers && from_value.ok(); ++i) {
    eventlog::Header& header = record.record.headers.emplace_back();
    header.name = std::string(from_value.Sized());
    header.value = std::string(from_value.Sized());
  }
  record.record.value = std::string(from_value.Rest());
  return from_key.ReachedEnd() && from_value.ReachedEnd();
}

std::string QuarantinePrefix(absl::string_view key) {
  std::string prefix;
  AppendSized(prefix, key);
  return prefix;
}

}  // namespace vigil::projection
