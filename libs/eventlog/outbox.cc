#include "libs/eventlog/outbox.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "libs/eventlog/rocksdb_store.h"
#include "rocksdb/db.h"

namespace vigil::eventlog {
namespace {

enum Family : size_t { kMeta = 0, kWaiting = 1, kParked = 2, kRequests = 3 };

constexpr char kOwner[] = "owner";  // in kMeta
// Rows changed at once by what has many to change: few enough that an answer
// that waits for it waits milliseconds.
constexpr size_t kChunkRows = 500;

std::string Number(uint64_t number) {
  std::string key;
  AppendBigEndian64(key, number);
  return key;
}

std::string EncodeEntry(const TopicRecord& entry, absl::Time put) {
  std::string row;
  AppendBigEndian64(row, static_cast<uint64_t>(absl::ToUnixMillis(put)));
  AppendSized(row, entry.topic);
  AppendSized(row, entry.record.key);
  AppendBigEndian32(row, static_cast<uint32_t>(entry.record.headers.size()));
  for (const Header& header : entry.record.headers) {
    AppendSized(row, header.name);
    AppendSized(row, header.value);
  }
  row += entry.record.value;
  return row;
}

bool DecodeEntry(absl::string_view key, absl::string_view row,
                 Outbox::Entry* entry) {
  uint64_t milliseconds = 0;
  uint32_t headers = 0;
  TopicRecord& record = entry->record;
  if (!TakeBigEndian64(key, entry->number) ||
      !TakeBigEndian64(row, milliseconds) || !TakeSized(row, record.topic) ||
      !TakeSized(row, record.record.key) || !TakeBigEndian32(row, headers)) {
    return false;
  }
  entry->put = absl::FromUnixMillis(static_cast<int64_t>(milliseconds));
  for (uint32_t i = 0; i < headers; ++i) {
    Header header;
    if (!TakeSized(row, header.name) || !TakeSized(row, header.value)) {
      return false;
    }
    record.record.headers.push_back(std::move(header));
  }
  record.record.value.assign(row.data(), row.size());
  return true;
}

absl::string_view View(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const std::string& folder,
                                                     rocksdb::Env* env) {
  auto store = OpenRocksdb(folder, {"default", "waiting", "parked", "requests"},
                           Unsynced::kManyWrites, env);
  if (!store.ok()) return store.status();
  auto outbox = std::unique_ptr<Outbox>(new Outbox(*std::move(store)));
  if (const absl::Status loaded = outbox->Load(); !loaded.ok()) return loaded;
  return outbox;
}

Outbox::Outbox(std::unique_ptr<RocksdbStore> store)
    : store_(std::move(store)) {}

Outbox::~Outbox() = default;

absl::Status Outbox::Load() {
  const absl::MutexLock lock(&mutex_);
  for (const Family family : {kWaiting, kParked}) {
    const std::unique_ptr<rocksdb::Iterator> row(store_->db->NewIterator(
        rocksdb::ReadOptions(), store_->Family(family)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      absl::string_view key = View(row->key());
      uint64_t number = 0;
      if (!TakeBigEndian64(key, number)) {
        return absl::DataLossError("the outbox has a key that is none");
      }
      next_ = std::max(next_, number + 1);
      ++(family == kWaiting ? depth_ : parked_);
    }
    if (!row->status().ok()) return FromRocksdb(row->status(), "read outbox");
  }
  return absl::OkStatus();
}

absl::Status Outbox::Commit(rocksdb::WriteBatch& batch, bool sync) {
  if (broken_) {
    return absl::UnavailableError(
        "the outbox failed to write and must be opened again");
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = store_->db->Write(options, &batch);
  if (!status.ok()) broken_ = true;
  return FromRocksdb(status, "write outbox");
}

absl::Status Outbox::Write(const Changes& changes) {
  const absl::MutexLock lock(&mutex_);
  rocksdb::WriteBatch batch = ProtectedBatch();
  rocksdb::Status status;
  for (const TopicRecord& record : changes.put) {
    if (status.ok()) {
      status = batch.Put(store_->Family(kWaiting), Number(next_++),
                         EncodeEntry(record, changes.now));
    }
  }
  const auto milliseconds =
      static_cast<uint64_t>(absl::ToUnixMillis(changes.now));
  for (const Memory& memory : changes.remember) {
    std::string row;
    AppendBigEndian64(row, milliseconds);
    row += memory.value;
    if (status.ok()) {
      status = batch.Put(store_->Family(kRequests), memory.key, row);
    }
  }
  for (const uint64_t number : changes.remove) {
    if (status.ok()) {
      status = batch.Delete(store_->Family(kWaiting), Number(number));
    }
  }
  if (!status.ok()) return FromRocksdb(status, "write outbox");
  const absl::Status written = Commit(batch, /*sync=*/!changes.put.empty());
  if (!written.ok()) return written;
  depth_ += changes.put.size();
  depth_ -= changes.remove.size();
  return absl::OkStatus();
}

absl::StatusOr<Outbox::Page> Outbox::Front(size_t limit, uint64_t from) const {
  Page page;
  size_t bytes = 0;
  const std::unique_ptr<rocksdb::Iterator> row(store_->db->NewIterator(
      rocksdb::ReadOptions(), store_->Family(kWaiting)));
  row->Seek(Number(from));
  for (; row->Valid() && page.entries.size() < limit && bytes < kMaxPageBytes;
       row->Next()) {
    if (!DecodeEntry(View(row->key()), View(row->value()),
                     &page.entries.emplace_back())) {
      return absl::DataLossError("the outbox has an entry that cannot be read");
    }
    bytes += row->value().size();
  }
  if (!row->status().ok()) return FromRocksdb(row->status(), "read outbox");
  page.more = row->Valid();
  return page;
}

absl::Status Outbox::Park(uint64_t number, const std::string& reason) {
  const absl::MutexLock lock(&mutex_);
  const std::string key = Number(number);
  std::string row;
  rocksdb::Status status = store_->db->Get(rocksdb::ReadOptions(),
                                           store_->Family(kWaiting), key, &row);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) return FromRocksdb(status, "read outbox");
  rocksdb::WriteBatch batch = ProtectedBatch();
  std::string parked;
  AppendSized(parked, reason);
  parked += row;
  status = batch.Put(store_->Family(kParked), key, parked);
  if (status.ok()) status = batch.Delete(store_->Family(kWaiting), key);
  if (!status.ok()) return FromRocksdb(status, "write outbox");
  const absl::Status written = Commit(batch, /*sync=*/true);
  if (!written.ok()) return written;
  --depth_;
  ++parked_;
  return absl::OkStatus();
}

absl::Status Outbox::Retry() {
  for (bool more = true; more;) {
    // No longer than others may wait.
    const absl::MutexLock lock(&mutex_);
    rocksdb::WriteBatch batch = ProtectedBatch();
    uint64_t moved = 0;
    rocksdb::Status status;
    const std::unique_ptr<rocksdb::Iterator> row(store_->db->NewIterator(
        rocksdb::ReadOptions(), store_->Family(kParked)));
    for (row->SeekToFirst();
         row->Valid() && status.ok() && moved < kChunkRows &&
         batch.GetDataSize() < kMaxPageBytes;
         row->Next()) {
      absl::string_view value = View(row->value());
      std::string reason;
      if (!TakeSized(value, reason)) {
        return absl::DataLossError("a parked entry cannot be read");
      }
      status = batch.Put(store_->Family(kWaiting), row->key(),
                         rocksdb::Slice(value.data(), value.size()));
      if (status.ok()) {
        status = batch.Delete(store_->Family(kParked), row->key());
      }
      ++moved;
    }
    more = row->Valid();
    if (status.ok()) status = row->status();
    if (!status.ok()) return FromRocksdb(status, "write outbox");
    const absl::Status written = Commit(batch, /*sync=*/true);
    if (!written.ok()) return written;
    depth_ += moved;
    parked_ -= moved;
  }
  return absl::OkStatus();
}

std::optional<std::string> Outbox::Recall(const std::string& key) const {
  std::string row;
  const rocksdb::Status status = store_->db->Get(
      rocksdb::ReadOptions(), store_->Family(kRequests), key, &row);
  if (!status.ok() || row.size() < sizeof(uint64_t)) return std::nullopt;
  return row.substr(sizeof(uint64_t));
}

absl::StatusOr<std::string> Outbox::BoundTo() const {
  std::string owner;
  const rocksdb::Status status = store_->db->Get(
      rocksdb::ReadOptions(), store_->Family(kMeta), kOwner, &owner);
  if (status.IsNotFound()) return "";
  if (!status.ok()) return FromRocksdb(status, "read outbox");
  return owner;
}

absl::Status Outbox::Bind(const std::string& owner) {
  const absl::MutexLock lock(&mutex_);
  rocksdb::WriteBatch batch = ProtectedBatch();
  const rocksdb::Status status =
      batch.Put(store_->Family(kMeta), kOwner, owner);
  if (!status.ok()) return FromRocksdb(status, "bind outbox");
  return Commit(batch, /*sync=*/true);
}

absl::Status Outbox::Forget(absl::Time before) {
  const auto limit = static_cast<uint64_t>(absl::ToUnixMillis(before));
  const auto is_old = [limit](absl::string_view value) {
    uint64_t remembered = 0;
    return TakeBigEndian64(value, remembered) && remembered < limit;
  };
  // Looks through all of it beside what is written meanwhile, which may be the
  // memory of a request that was repeated: that is looked at again.
  const std::unique_ptr<rocksdb::Iterator> row(store_->db->NewIterator(
      rocksdb::ReadOptions(), store_->Family(kRequests)));
  row->SeekToFirst();
  while (row->Valid()) {
    std::vector<std::string> old;
    for (; row->Valid() && old.size() < kChunkRows; row->Next()) {
      if (is_old(View(row->value()))) old.push_back(row->key().ToString());
    }
    if (old.empty()) break;
    const absl::MutexLock lock(&mutex_);
    rocksdb::WriteBatch batch = ProtectedBatch();
    for (const std::string& key : old) {
      std::string now;
      rocksdb::Status status = store_->db->Get(
          rocksdb::ReadOptions(), store_->Family(kRequests), key, &now);
      if (status.IsNotFound() || (status.ok() && !is_old(now))) continue;
      if (status.ok()) status = batch.Delete(store_->Family(kRequests), key);
      if (!status.ok()) return FromRocksdb(status, "forget requests");
    }
    const absl::Status written = Commit(batch, /*sync=*/false);
    if (!written.ok()) return written;
  }
  return FromRocksdb(row->status(), "forget requests");
}

std::optional<absl::Time> Outbox::oldest() const {
  const auto front = Front(1);
  if (!front.ok() || front->entries.empty()) return std::nullopt;
  return front->entries[0].put;
}

}  // namespace vigil::eventlog
