// A consistent view of an index: rows, and the positions that they reflect.
//
//   std::shared_ptr<const Snapshot> snapshot = index.snapshot();
//   absl::StatusOr<std::string> row = snapshot->Get(kById, key);
//   absl::Status read = snapshot->Scan(kEntry, subject,
//       [&](absl::string_view key, absl::string_view value) {
//         answer.add(key, value);
//         return answer.size() < kPageRows;   // go on?
//       });
//   answer.set(snapshot->positions());
//
// It never changes, whatever is applied or rebuilt meanwhile, and keeps alive
// what it stands on; hold it for one answer, not for ever, for it also keeps
// the disk space of an index that was replaced.
//
// Threads: safe. Failures: NOT_FOUND where said; DATA_LOSS if the files are
// damaged; UNAVAILABLE if the disk cannot be read.
#ifndef VIGIL_LIBS_PROJECTION_SNAPSHOT_H_
#define VIGIL_LIBS_PROJECTION_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/hash.h"
#include "libs/eventlog/event_log.h"

namespace rocksdb {
class Snapshot;
}

namespace vigil::projection {

class Database;

// For each partition the next offset: every record before it is meant. A
// partition that is missing is at 0.
using Positions = std::map<eventlog::Partition, int64_t>;

// Makes `positions` cover the record at `position`, as a receipt names it.
void Cover(Positions& positions, const eventlog::Position& position);

// Whether `positions` cover all that `wanted` covers.
bool Covers(const Positions& positions, const Positions& wanted);

// How far one partition was applied: the last record of it.
struct Applied {
  int64_t next = 0;       // its offset + 1
  absl::Time logged;      // its logged time
  Sha256Digest identity;  // of its offset, logged time, key and value
  friend bool operator==(const Applied&, const Applied&) = default;
};

// A record that the fold could not take, as it came, and why.
struct Quarantined {
  eventlog::LoggedRecord record;
  std::string reason;
};

class Snapshot {
 public:
  // Called with each row in the order of keys; false ends the scan. The views
  // end with the call.
  using Visit =
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>;

  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // The value of a row, or NOT_FOUND.
  absl::StatusOr<std::string> Get(size_t table, absl::string_view key) const;

  // The rows whose key begins with `prefix`, from the key `from` on (itself
  // included; empty: from the first). Quick if the prefix has at least the
  // table's prefix_bytes; an empty prefix reads the whole table.
  absl::Status Scan(size_t table, absl::string_view prefix, Visit visit,
                    absl::string_view from = {}) const;

  // What the rows reflect. `applied` also says when the log took the newest
  // record of each partition: what was last heard from its writer.
  Positions positions() const;
  const std::map<eventlog::Partition, Applied>& applied() const {
    return applied_;
  }

  // Records in quarantine: of all keys; of one record key, a child's subject;
  // and these themselves, in order of position.
  int64_t quarantined() const { return quarantined_; }
  absl::StatusOr<int64_t> CountQuarantined(absl::string_view key) const;
  absl::Status ScanQuarantined(
      absl::string_view key,
      absl::FunctionRef<bool(const Quarantined&)> visit) const;
  // Those of all keys, in order of key and position.
  absl::Status ScanAllQuarantined(
      absl::FunctionRef<bool(const Quarantined&)> visit) const;

  // Counts up with each rebuild that was swapped in.
  int64_t generation() const { return generation_; }

  // SHA-256, in hex, over everything: fold version, tables, rows, quarantine
  // and what was applied. Two indexes of the same records have the same digest,
  // however each came to be. Reads the whole index.
  absl::StatusOr<std::string> Digest() const;

 private:
  friend class Database;
  Snapshot(std::shared_ptr<const Database> database, int64_t generation,
           std::map<eventlog::Partition, Applied> applied, int64_t quarantined);

  absl::Status ScanFamily(size_t family, size_t prefix_bytes,
                          absl::string_view prefix, absl::string_view from,
                          bool bulk, Visit visit) const;
  absl::Status ScanQuarantineRows(
      absl::string_view prefix,
      absl::FunctionRef<bool(const Quarantined&)> visit) const;

  const std::shared_ptr<const Database> database_;
  const rocksdb::Snapshot* const view_;
  const int64_t generation_;
  const std::map<eventlog::Partition, Applied> applied_;
  const int64_t quarantined_;
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_SNAPSHOT_H_
