// What a rebuild sorts with: rows in memory, sorted files, and the merge of
// both. Private to libs/projection: it shows RocksDB's headers.
//
// Threads: each object one at a time; a MemoryRows that is sorted is only read.
#ifndef VIGIL_LIBS_PROJECTION_SORTED_ROWS_H_
#define VIGIL_LIBS_PROJECTION_SORTED_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/projection/database.h"
#include "libs/projection/fold.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_writer.h"

namespace vigil::projection {

// Rows in order of key, no key twice.
class SortedRows {
 public:
  virtual ~SortedRows() = default;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  virtual absl::string_view key() const = 0;
  virtual absl::string_view value() const = 0;
  // Why it is not valid: OK at the end.
  virtual absl::Status status() const = 0;
};

// The union of rows, in order of key. INTERNAL if one key has two values: the
// fold breaks the law of fold.h.
absl::Status Merge(
    const std::vector<std::unique_ptr<SortedRows>>& sources,
    absl::FunctionRef<absl::Status(absl::string_view, absl::string_view)> put);

// The rows of records, family by family, each copied once.
class MemoryRows final : public Sink {
 public:
  explicit MemoryRows(const Fold& fold);

  size_t bytes() const { return bytes_; }

  // Sorts each family. INTERNAL as Merge.
  absl::Status Sort();
  // The rows of a family after Sort; ends before this.
  std::unique_ptr<SortedRows> Sorted(size_t family) const;
  // Empties it, and keeps the memory for the next rows.
  void Clear();

 protected:
  void Add(size_t family, absl::string_view key,
           absl::string_view value) override;
  void Mark() override;
  void Undo() override;

 private:
  // The value lies behind the key. `head` is the first eight bytes in which the
  // keys of the family differ, as a number: it decides most comparisons.
  struct Row {
    uint64_t head;
    const char* bytes;
    uint32_t key_size;
    uint32_t value_size;
    absl::string_view key() const { return {bytes, key_size}; }
    absl::string_view value() const { return {bytes + key_size, value_size}; }
  };
  class Reader;

  char* Allocate(size_t size);

  std::vector<std::vector<Row>> families_;
  std::vector<size_t> marks_;
  size_t bytes_ = 0;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Block> blocks_;
  size_t block_ = 0;  // the one being filled
  size_t used_ = 0;   // of it
};

// Writes sorted rows into a series of files, each of bounded size.
class SortedFiles {
 public:
  SortedFiles(rocksdb::Options options, std::string path_prefix);
  absl::Status Put(absl::string_view key, absl::string_view value);
  // Ends the series; the files are synced.
  absl::Status Finish();
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  const rocksdb::Options options_;
  const std::string path_prefix_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::vector<std::string> paths_;
};

// The settings of files that are written and read once.
rocksdb::Options SpillOptions();

// Reads a file that was written with SpillOptions.
absl::StatusOr<std::unique_ptr<SortedRows>> OpenSpilled(
    const std::string& path);

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_SORTED_ROWS_H_
