#include "libs/eventlog/rocksdb_event_log.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/big_endian.h"
#include "libs/eventlog/in_flight.h"
#include "libs/eventlog/partitioner.h"
#include "libs/eventlog/rocksdb_store.h"
#include "spdlog/spdlog.h"

namespace vigil::eventlog {
namespace {

// Column families, and the rows of `default`: "format", and "topic/<name>" with
// the number of partitions that the topic was made with.
constexpr size_t kMeta = 0;
constexpr size_t kRecords = 1;
constexpr char kFormatKey[] = "format";
constexpr char kFormat[] = "1";
constexpr char kTopicKeyPrefix[] = "topic/";

constexpr char kRowVersion = 1;

// A batch read ends at this size, so that a reader that asks for many records
// does not get a gigabyte.
constexpr size_t kMaxReadBytes = size_t{8} << 20;

absl::string_view View(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string RowKey(const Partition& partition, int64_t offset) {
  std::string key;
  key.reserve(partition.topic.size() + 13);
  key.append(partition.topic);
  key.push_back('\0');
  AppendBigEndian32(key, static_cast<uint32_t>(partition.partition));
  AppendBigEndian64(key, static_cast<uint64_t>(offset));
  return key;
}

std::string RowValue(const Record& record, int64_t logged_millis) {
  std::string row(1, kRowVersion);
  AppendBigEndian64(row, static_cast<uint64_t>(logged_millis));
  AppendSized(row, record.key);
  AppendBigEndian32(row, static_cast<uint32_t>(record.headers.size()));
  for (const Header& header : record.headers) {
    AppendSized(row, header.name);
    AppendSized(row, header.value);
  }
  row.append(record.value);
  return row;
}

struct Row {
  int64_t logged_millis = 0;
  Record record;
};

std::optional<Row> ParseRow(absl::string_view bytes) {
  if (bytes.empty() || bytes[0] != kRowVersion) return std::nullopt;
  bytes.remove_prefix(1);
  Row row;
  uint64_t logged = 0;
  uint32_t headers = 0;
  if (!TakeBigEndian64(bytes, logged) || !TakeSized(bytes, row.record.key) ||
      !TakeBigEndian32(bytes, headers)) {
    return std::nullopt;
  }
  row.logged_millis = static_cast<int64_t>(logged);
  for (uint32_t i = 0; i < headers; ++i) {
    Header& header = row.record.headers.emplace_back();
    if (!TakeSized(bytes, header.name) || !TakeSized(bytes, header.value)) {
      return std::nullopt;
    }
  }
  row.record.value.assign(bytes.data(), bytes.size());
  return row;
}

absl::Status Damaged(const Partition& partition, int64_t offset,
                     const std::string& what) {
  return absl::DataLossError(absl::StrCat(partition.topic, "/",
                                          partition.partition, " offset ",
                                          offset, ": ", what));
}

}  // namespace

// Everything behind the interface: the database, the state of each partition,
// the queue, and the committer.
class RocksdbEventLog::Store {
 public:
  Store(std::unique_ptr<RocksdbStore> rocksdb, Topics topics, Options options)
      : rocksdb_(std::move(rocksdb)),
        topics_(std::move(topics)),
        options_(std::move(options)) {}

  ~Store() {
    if (!committer_.joinable()) return;
    {
      absl::MutexLock lock(&mutex_);
      closing_ = true;
      work_.Signal();
    }
    committer_.join();
  }

  // Checks the folder against the declaration and finds where each partition
  // ends, then starts the committer.
  absl::Status Start();

  const Topics& topics() const { return topics_; }

  void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                   AppendDone done);

  int64_t End(const Partition& partition) const {
    absl::MutexLock lock(&mutex_);
    return tails_.at(partition).end;
  }

  // Waits until one of the partitions has a record at its offset or after, or
  // ends before its offset, or the deadline passes. Says where each ends.
  std::map<Partition, int64_t> WaitForMore(
      const std::map<Partition, int64_t>& from, absl::Time deadline) const;

  // Appends to `records` those of [from, end), within the limits.
  absl::Status Read(const Partition& partition, int64_t from, int64_t end,
                    size_t limit, size_t& bytes,
                    std::vector<LoggedRecord>& records) const;

 private:
  struct Tail {
    int64_t end = 0;            // the next offset
    int64_t logged_millis = 0;  // of the last record
  };
  struct Waiting {
    Partition partition;
    Record record;
    std::shared_ptr<InFlight::Batch> batch;
    size_t index;
  };

  absl::Status CheckMeta();
  absl::StatusOr<Tail> FindTail(const Partition& partition) const;
  void CommitUntilClosed();
  void Commit(std::vector<Waiting> waiting);

  const std::unique_ptr<RocksdbStore> rocksdb_;
  const Topics topics_;
  const Options options_;
  InFlight in_flight_;

  mutable absl::Mutex mutex_;
  mutable absl::CondVar work_;       // something waits, or closing
  mutable absl::CondVar committed_;  // a partition grew
  std::vector<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  std::map<Partition, Tail> tails_ ABSL_GUARDED_BY(mutex_);
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);  // not OK: refuses appends
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread committer_;
};

absl::Status RocksdbEventLog::Store::CheckMeta() {
  rocksdb::ReadOptions read;
  rocksdb::WriteBatch missing = ProtectedBatch();
  rocksdb::ColumnFamilyHandle* meta = rocksdb_->Family(kMeta);
  const auto check = [&](const std::string& key,
                         const std::string& wanted) -> absl::Status {
    std::string found;
    const rocksdb::Status got = rocksdb_->db->Get(read, meta, key, &found);
    if (got.IsNotFound()) {
      return FromRocksdb(missing.Put(meta, key, wanted), key);
    }
    if (!got.ok()) return FromRocksdb(got, key);
    if (found != wanted) {
      return absl::FailedPreconditionError(absl::StrCat(
          "this log was made with ", key, " = ", found, ", not ", wanted));
    }
    return absl::OkStatus();
  };
  absl::Status status = check(kFormatKey, kFormat);
  for (const auto& [name, topic] : topics_) {
    if (!status.ok()) return status;
    status = check(absl::StrCat(kTopicKeyPrefix, name),
                   absl::StrCat(topic.partitions));
  }
  if (!status.ok() || missing.Count() == 0) return status;
  rocksdb::WriteOptions write;
  write.sync = true;
  return FromRocksdb(rocksdb_->db->Write(write, &missing), "declare topics");
}

absl::StatusOr<RocksdbEventLog::Store::Tail> RocksdbEventLog::Store::FindTail(
    const Partition& partition) const {
  const std::string first = RowKey(partition, 0);
  const std::unique_ptr<rocksdb::Iterator> rows(rocksdb_->db->NewIterator(
      rocksdb::ReadOptions(), rocksdb_->Family(kRecords)));
  rows->SeekForPrev(RowKey(partition, INT64_MAX));
  if (!rows->status().ok()) return FromRocksdb(rows->status(), "find the end");
  if (!rows->Valid() || rows->key().compare(first) < 0) return Tail{};
  const absl::string_view suffix = View(rows->key()).substr(first.size() - 8);
  const uint64_t offset = ReadBigEndian64(suffix);
  const auto row = ParseRow(View(rows->value()));
  if (!row) {
    return Damaged(partition, static_cast<int64_t>(offset), "unreadable");
  }
  return Tail{static_cast<int64_t>(offset) + 1, row->logged_millis};
}

absl::Status RocksdbEventLog::Store::Start() {
  if (absl::Status status = CheckMeta(); !status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, topic] : topics_) {
      for (const Partition& partition : PartitionsOf(topics_, name)) {
        absl::StatusOr<Tail> tail = FindTail(partition);
        if (!tail.ok()) return tail.status();
        tails_[partition] = *tail;
      }
    }
  }
  committer_ = std::thread([this] { CommitUntilClosed(); });
  return absl::OkStatus();
}

void RocksdbEventLog::Store::AppendBatch(std::vector<TopicRecord> batch,
                                         absl::Time deadline, AppendDone done) {
  if (batch.empty()) return done({});
  size_t bytes = 0;
  for (const TopicRecord& each : batch) bytes += SizeBytes(each.record);
  const auto entry = in_flight_.Begin(batch.size(), bytes, deadline, done);
  if (entry == nullptr) {
    return done(std::vector<absl::StatusOr<Appended>>(
        batch.size(),
        absl::ResourceExhaustedError("too many appends in flight")));
  }
  std::vector<Waiting> accepted;
  accepted.reserve(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    TopicRecord& each = batch[i];
    if (absl::Status status = CheckRecord(topics_, each); !status.ok()) {
      in_flight_.Resolve(entry, i, std::move(status));
      continue;
    }
    const int32_t partition = PartitionOf(
        each.record.key, topics_.find(each.topic)->second.partitions);
    accepted.push_back(
        {{std::move(each.topic), partition}, std::move(each.record), entry, i});
  }
  absl::Status failed;
  {
    absl::MutexLock lock(&mutex_);
    failed = failed_;
    if (failed.ok()) {
      if (queue_.empty()) work_.Signal();
      std::move(accepted.begin(), accepted.end(), std::back_inserter(queue_));
      return;
    }
  }
  for (const Waiting& each : accepted) {
    in_flight_.Resolve(each.batch, each.index, failed);
  }
}

void RocksdbEventLog::Store::CommitUntilClosed() {
  while (true) {
    std::vector<Waiting> waiting;
    {
      absl::MutexLock lock(&mutex_);
      while (queue_.empty() && !closing_) work_.Wait(&mutex_);
      if (queue_.empty()) return;
      waiting.swap(queue_);
    }
    Commit(std::move(waiting));
  }
}

void RocksdbEventLog::Store::Commit(std::vector<Waiting> waiting) {
  rocksdb::WriteBatch rows = ProtectedBatch();
  std::vector<absl::StatusOr<Appended>> outcomes;
  outcomes.reserve(waiting.size());
  std::map<Partition, Tail> grown;
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    status = failed_;
    for (const Waiting& each : waiting) {
      grown.try_emplace(each.partition, tails_.at(each.partition));
    }
  }
  const absl::Time now = absl::Now();
  const int64_t clock_millis = absl::ToUnixMillis(options_.clock());
  for (const Waiting& each : waiting) {
    if (each.batch->deadline <= now) {
      // Nobody waits for it any more, and it was not tried.
      outcomes.push_back(absl::DeadlineExceededError("not appended in time"));
      continue;
    }
    Tail& tail = grown[each.partition];
    tail.logged_millis = std::max(tail.logged_millis, clock_millis);
    outcomes.push_back(Appended{{each.partition, tail.end},
                                absl::FromUnixMillis(tail.logged_millis)});
    if (status.ok()) {
      status = FromRocksdb(
          rows.Put(rocksdb_->Family(kRecords), RowKey(each.partition, tail.end),
                   RowValue(each.record, tail.logged_millis)),
          "append");
    }
    ++tail.end;
  }
  if (status.ok() && rows.Count() > 0) {
    rocksdb::WriteOptions write;
    write.sync = true;
    status = FromRocksdb(rocksdb_->db->Write(write, &rows), "append");
  }
  {
    absl::MutexLock lock(&mutex_);
    if (status.ok()) {
      for (auto& [partition, tail] : grown) tails_[partition] = tail;
      committed_.SignalAll();
    } else if (failed_.ok()) {
      failed_ = absl::UnavailableError(
          absl::StrCat("the log refuses appends until it is opened again: ",
                       status.message()));
      spdlog::error("event log: {}", failed_.ToString());
    }
    status = failed_;
  }
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (outcomes[i].ok() && !status.ok()) outcomes[i] = status;
    in_flight_.Resolve(waiting[i].batch, waiting[i].index,
                       std::move(outcomes[i]));
  }
}

std::map<Partition, int64_t> RocksdbEventLog::Store::WaitForMore(
    const std::map<Partition, int64_t>& from, absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  while (true) {
    std::map<Partition, int64_t> ends;
    bool more = false;
    for (const auto& [partition, offset] : from) {
      const int64_t end = tails_.at(partition).end;
      ends[partition] = end;
      more = more || offset != end;
    }
    if (more || committed_.WaitWithDeadline(&mutex_, deadline)) return ends;
  }
}

absl::Status RocksdbEventLog::Store::Read(
    const Partition& partition, int64_t from, int64_t end, size_t limit,
    size_t& bytes, std::vector<LoggedRecord>& records) const {
  rocksdb::ReadOptions read;
  // A replay must not push out what else is cached.
  read.fill_cache = false;
  const std::string bound = RowKey(partition, end);
  const rocksdb::Slice upper(bound);
  read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> rows(
      rocksdb_->db->NewIterator(read, rocksdb_->Family(kRecords)));
  rows->Seek(RowKey(partition, from));
  for (int64_t offset = from;
       offset < end && records.size() < limit && bytes < kMaxReadBytes;
       ++offset, rows->Next()) {
    if (!rows->Valid()) {
      if (!rows->status().ok()) return FromRocksdb(rows->status(), "read");
      return Damaged(partition, offset, "missing");
    }
    // Our offsets leave no gap, so one in the rows is a loss.
    if (rows->key() != rocksdb::Slice(RowKey(partition, offset))) {
      return Damaged(partition, offset, "missing");
    }
    auto row = ParseRow(View(rows->value()));
    if (!row) return Damaged(partition, offset, "unreadable");
    bytes += rows->value().size();
    records.push_back({{partition, offset},
                       absl::FromUnixMillis(row->logged_millis),
                       std::move(row->record)});
  }
  return absl::OkStatus();
}

class RocksdbEventLog::StoreCursor final : public Cursor {
 public:
  StoreCursor(const Store* store, std::map<Partition, int64_t> from)
      : store_(store), next_(std::move(from)) {}

  absl::StatusOr<std::vector<LoggedRecord>> Next(size_t limit,
                                                 absl::Time deadline) override {
    const std::map<Partition, int64_t> ends =
        store_->WaitForMore(next_, deadline);
    for (const auto& [partition, offset] : next_) {
      if (offset < 0 || offset > ends.at(partition)) {
        return Damaged(partition, offset,
                       absl::StrCat("out of range: the log has 0 to ",
                                    ends.at(partition)));
      }
    }
    std::vector<LoggedRecord> records;
    size_t bytes = 0;
    // Each call begins with another partition, so that a busy one cannot keep
    // the others waiting.
    auto from = next_.upper_bound(last_first_);
    for (size_t i = 0; i < next_.size(); ++i, ++from) {
      if (from == next_.end()) from = next_.begin();
      if (i == 0) last_first_ = from->first;
      const absl::Status read =
          store_->Read(from->first, from->second, ends.at(from->first), limit,
                       bytes, records);
      if (!read.ok()) return read;
    }
    for (const LoggedRecord& record : records) {
      next_[record.position.partition] = record.position.offset + 1;
    }
    return records;
  }

 private:
  const Store* const store_;
  std::map<Partition, int64_t> next_;
  Partition last_first_;
};

RocksdbEventLog::RocksdbEventLog(std::unique_ptr<Store> store)
    : store_(std::move(store)) {}

RocksdbEventLog::~RocksdbEventLog() = default;

absl::StatusOr<std::unique_ptr<RocksdbEventLog>> RocksdbEventLog::Open(
    const std::string& folder, Topics topics) {
  return Open(folder, std::move(topics), Options());
}

absl::StatusOr<std::unique_ptr<RocksdbEventLog>> RocksdbEventLog::Open(
    const std::string& folder, Topics topics, Options options) {
  if (absl::Status status = CheckTopics(topics); !status.ok()) return status;
  auto rocksdb =
      OpenRocksdb(folder, {rocksdb::kDefaultColumnFamilyName, "records"},
                  Unsynced::kOneWrite, options.env);
  if (!rocksdb.ok()) return rocksdb.status();
  auto store = std::make_unique<Store>(*std::move(rocksdb), std::move(topics),
                                       std::move(options));
  if (absl::Status status = store->Start(); !status.ok()) return status;
  return std::unique_ptr<RocksdbEventLog>(
      new RocksdbEventLog(std::move(store)));
}

void RocksdbEventLog::AppendBatch(std::vector<TopicRecord> batch,
                                  absl::Time deadline, AppendDone done) {
  store_->AppendBatch(std::move(batch), deadline, std::move(done));
}

absl::StatusOr<std::unique_ptr<Cursor>> RocksdbEventLog::Open(
    std::map<Partition, int64_t> from) {
  for (const auto& [partition, offset] : from) {
    absl::Status status = CheckPartition(store_->topics(), partition);
    if (!status.ok()) return status;
  }
  return std::make_unique<StoreCursor>(store_.get(), std::move(from));
}

std::map<Partition, absl::StatusOr<int64_t>> RocksdbEventLog::Ends(
    const std::vector<Partition>& partitions, absl::Time /*deadline*/) {
  std::map<Partition, absl::StatusOr<int64_t>> ends;
  for (const Partition& each : partitions) {
    if (absl::Status status = CheckPartition(store_->topics(), each);
        !status.ok()) {
      ends[each] = std::move(status);
    } else {
      ends[each] = store_->End(each);
    }
  }
  return ends;
}

std::vector<Partition> RocksdbEventLog::Partitions(
    const std::string& topic) const {
  return PartitionsOf(store_->topics(), topic);
}

}  // namespace vigil::eventlog
