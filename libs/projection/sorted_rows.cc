#include "libs/projection/sorted_rows.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table.h"

namespace vigil::projection {
namespace {

constexpr size_t kArenaBlockBytes = size_t{1} << 20;

// As a compaction would make them at most.
constexpr uint64_t kMaxFileBytes = uint64_t{256} << 20;

// Spilled rows are read from one end to the other, many files at once.
constexpr size_t kSpillBlockBytes = size_t{64} << 10;
constexpr size_t kReadAheadBytes = size_t{1} << 20;

absl::Status BrokenLaw() {
  return absl::InternalError(
      "the fold gave two records rows of one key and different content");
}

size_t CommonPrefix(absl::string_view a, absl::string_view b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// The eight bytes after `skip`, as a number; those that are not there are 0,
// which is no less right an order, since equal heads compare the keys.
uint64_t HeadOf(absl::string_view key, size_t skip) {
  uint64_t head = 0;
  for (size_t i = 0; i < sizeof(head); ++i) {
    head = head << 8 |
           (skip + i < key.size() ? static_cast<uint8_t>(key[skip + i]) : 0);
  }
  return head;
}

class SpilledRows final : public SortedRows {
 public:
  SpilledRows() : reader_(SpillOptions()) {}

  absl::Status Open(const std::string& path) {
    const rocksdb::Status opened = reader_.Open(path);
    if (!opened.ok()) return FromRocksdb(opened, "read spilled rows");
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = kReadAheadBytes;
    rows_.reset(reader_.NewIterator(options));
    rows_->SeekToFirst();
    return status();
  }
  bool Valid() const override { return rows_->Valid(); }
  void Next() override { rows_->Next(); }
  absl::string_view key() const override { return ToView(rows_->key()); }
  absl::string_view value() const override { return ToView(rows_->value()); }
  absl::Status status() const override {
    return FromRocksdb(rows_->status(), "read spilled rows");
  }

 private:
  rocksdb::SstFileReader reader_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

}  // namespace

absl::Status Merge(
    const std::vector<std::unique_ptr<SortedRows>>& sources,
    absl::FunctionRef<absl::Status(absl::string_view, absl::string_view)> put) {
  const auto after = [](const SortedRows* a, const SortedRows* b) {
    return a->key() > b->key();
  };
  std::priority_queue<SortedRows*, std::vector<SortedRows*>, decltype(after)>
      least(after);
  const auto return_to_queue = [&](SortedRows* source) {
    if (source->Valid()) {
      least.push(source);
      return absl::OkStatus();
    }
    return source->status();
  };
  for (const auto& source : sources) {
    absl::Status status = return_to_queue(source.get());
    if (!status.ok()) return status;
  }
  while (!least.empty()) {
    SortedRows* const first = least.top();
    least.pop();
    while (!least.empty() && least.top()->key() == first->key()) {
      SortedRows* const same = least.top();
      least.pop();
      if (same->value() != first->value()) return BrokenLaw();
      same->Next();
      absl::Status status = return_to_queue(same);
      if (!status.ok()) return status;
    }
    absl::Status status = put(first->key(), first->value());
    if (!status.ok()) return status;
    first->Next();
    status = return_to_queue(first);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

MemoryRows::MemoryRows(const Fold& fold)
    : Sink(fold),
      families_(kFirstTableFamily + fold.tables.size()),
      marks_(families_.size()) {}

void MemoryRows::Add(size_t family, absl::string_view key,
                     absl::string_view value) {
  char* const bytes = Allocate(key.size() + value.size());
  std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) {
    std::memcpy(bytes + key.size(), value.data(), value.size());
  }
  families_[family].push_back({0, bytes, static_cast<uint32_t>(key.size()),
                               static_cast<uint32_t>(value.size())});
  bytes_ += key.size() + value.size() + sizeof(Row);
}

char* MemoryRows::Allocate(size_t size) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const size_t block_size = std::max(size, kArenaBlockBytes);
    blocks_.push_back(
        {std::unique_ptr<char[]>(new char[block_size]), block_size});
  }
  char* const bytes = blocks_[block_].bytes.get() + used_;
  used_ += size;
  return bytes;
}

void MemoryRows::Mark() {
  for (size_t i = 0; i < families_.size(); ++i) marks_[i] = families_[i].size();
}

void MemoryRows::Undo() {
  // Their bytes stay in the arena until Clear.
  for (size_t i = 0; i < families_.size(); ++i) families_[i].resize(marks_[i]);
}

absl::Status MemoryRows::Sort() {
  for (std::vector<Row>& rows : families_) {
    if (rows.empty()) continue;
    const absl::string_view any = rows.front().key();
    size_t common = any.size();
    for (const Row& row : rows) {
      common = CommonPrefix(any.substr(0, common), row.key());
    }
    for (Row& row : rows) row.head = HeadOf(row.key(), common);
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.head != b.head ? a.head < b.head : a.key() < b.key();
    });
    bool broken = false;
    rows.erase(std::unique(rows.begin(), rows.end(),
                           [&](const Row& a, const Row& b) {
                             if (a.key() != b.key()) return false;
                             broken = broken || a.value() != b.value();
                             return true;
                           }),
               rows.end());
    if (broken) return BrokenLaw();
  }
  return absl::OkStatus();
}

class MemoryRows::Reader final : public SortedRows {
 public:
  explicit Reader(const std::vector<Row>& rows)
      : row_(rows.data()), end_(rows.data() + rows.size()) {}
  bool Valid() const override { return row_ != end_; }
  void Next() override { ++row_; }
  absl::string_view key() const override { return row_->key(); }
  absl::string_view value() const override { return row_->value(); }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const Row* row_;
  const Row* const end_;
};

std::unique_ptr<SortedRows> MemoryRows::Sorted(size_t family) const {
  return std::make_unique<Reader>(families_[family]);
}

void MemoryRows::Clear() {
  for (std::vector<Row>& rows : families_) rows.clear();
  bytes_ = 0;
  block_ = 0;
  used_ = 0;
}

SortedFiles::SortedFiles(rocksdb::Options options, std::string path_prefix)
    : options_(std::move(options)), path_prefix_(std::move(path_prefix)) {}

absl::Status SortedFiles::Put(absl::string_view key, absl::string_view value) {
  if (writer_ != nullptr && writer_->FileSize() >= kMaxFileBytes) {
    absl::Status finished = Finish();
    if (!finished.ok()) return finished;
  }
  if (writer_ == nullptr) {
    // They are read again soon, so they stay in the page cache.
    writer_ = std::make_unique<rocksdb::SstFileWriter>(
        rocksdb::EnvOptions(), options_, /*column_family=*/nullptr,
        /*invalidate_page_cache=*/false);
    paths_.push_back(absl::StrCat(path_prefix_, "-", paths_.size(), ".sst"));
    const rocksdb::Status opened = writer_->Open(paths_.back());
    if (!opened.ok()) return FromRocksdb(opened, "write sorted rows");
  }
  return FromRocksdb(writer_->Put(ToSlice(key), ToSlice(value)),
                     "write sorted rows");
}

absl::Status SortedFiles::Finish() {
  if (writer_ == nullptr) return absl::OkStatus();
  const rocksdb::Status finished = writer_->Finish();
  writer_.reset();
  return FromRocksdb(finished, "write sorted rows");
}

rocksdb::Options SpillOptions() {
  rocksdb::Options options;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kSpillBlockBytes;
  table.no_block_cache = true;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

absl::StatusOr<std::unique_ptr<SortedRows>> OpenSpilled(
    const std::string& path) {
  auto rows = std::make_unique<SpilledRows>();
  absl::Status opened = rows->Open(path);
  if (!opened.ok()) return opened;
  return rows;
}

}  // namespace vigil::projection
