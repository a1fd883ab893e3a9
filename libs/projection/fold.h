// What the author of a projection writes: a pure function from one record to
// rows.
//
//   Fold fold = {
//       .version = 1,
//       .tables = {{"entry", /*prefix_bytes=*/33}, {"by_id"}},
//       .apply = [](const eventlog::LoggedRecord& record, Rows& rows) {
//         ...
//         rows.Put(kEntry, StrCat(subject, when, position),
//         record.record.value); rows.Put(kById, StrCat(source, id, position),
//         subject); return absl::OkStatus();
//       }};
//
// The law that everything here stands on: rows of different records have
// different keys, or the same content. A key that may collide (the same event
// logged twice) carries the record's position, and the reader takes the first.
// Then the index is the union of the rows of all records, whatever the order.
// Rebuild checks the law; the order of Apply would hide a breach.
#ifndef VIGIL_LIBS_PROJECTION_FOLD_H_
#define VIGIL_LIBS_PROJECTION_FOLD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/eventlog/event_log.h"

namespace vigil::projection {

// A sorted set of rows.
struct Table {
  // Unique within the fold; part of the index on disk.
  std::string name;
  // How many leading bytes of a key its readers scan by (a fixed-width
  // subject), so that a scan of what is not there costs no read of the disk.
  // 0: the table is read by whole keys. Every key has at least as many bytes.
  size_t prefix_bytes = 0;
};

// Where a fold puts its rows.
class Rows {
 public:
  virtual ~Rows() = default;

  // A row of the table with that index in Fold::tables. Copies both. Aborts if
  // there is no such table, or if the key is empty or shorter than the table's
  // prefix: the fold is wrong, not the record.
  virtual void Put(size_t table, absl::string_view key,
                   absl::string_view value) = 0;
};

struct Fold {
  // Raised whenever `apply` would give other rows for some record: an index of
  // another version, or of other tables, is rebuilt before it serves.
  uint32_t version = 1;
  std::vector<Table> tables;

  // A function of the record alone: no clock, no state, no locale, no unordered
  // iteration. It is called from several threads at once.
  //
  // It cannot refuse a fact. On an error the rows it put are dropped and the
  // record is kept in quarantine with its bytes and the error's message (which
  // therefore holds no personal data): counted by record key, never blocking
  // another. To put nothing and return OK is to say that the record does not
  // concern this projection.
  std::function<absl::Status(const eventlog::LoggedRecord& record, Rows& rows)>
      apply;
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_FOLD_H_
