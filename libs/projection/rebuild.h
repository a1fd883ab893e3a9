// The whole index anew from the log: after a change of the fold, after damage,
// or when a log was replaced and an operator has said so.
//
//   absl::Status done = Rebuild(*log, partitions, *index, {.progress = show});
//
// The log is read by several threads; rows are sorted in memory, spilled as
// sorted files when they are many, merged once into the files of a shadow
// database beside the one that serves, caught up, and swapped in. Queries go on
// with the old index; a Runner on it goes on by itself with the new one. A
// crash or an error at any point leaves the old one serving; what was half
// made is removed at the next open or rebuild. It needs the disk space of a
// second index and of the spilled rows.
#ifndef VIGIL_LIBS_PROJECTION_REBUILD_H_
#define VIGIL_LIBS_PROJECTION_REBUILD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/index.h"

namespace vigil::projection {

struct RebuildProgress {
  int64_t done = 0;   // records folded
  int64_t total = 0;  // records in the log when it began
  double records_per_second = 0;
  absl::Duration remaining;  // of the folding, at this rate
};

struct RebuildOptions {
  // Rows held in memory before they are spilled, by all threads together.
  size_t memory_bytes = size_t{256} << 20;
  // Each reads its share of the partitions.
  size_t threads = 2;
  // Called now and then from any of the threads, one at a time. False gives up.
  std::function<bool(const RebuildProgress&)> progress = nullptr;
};

// Rebuilds the index that serves. Returns once the new one is swapped in.
//   ALREADY_EXISTS  a rebuild of it is under way
//   CANCELLED       `progress` said so
//   INTERNAL        the fold breaks its law: two records gave one key with
//                   different content; the message names the table
//   UNAVAILABLE     the log was silent for longer than kLogSilence, or the disk
//                   fails
//   DATA_LOSS       the log, or a file just written, is damaged
absl::Status Rebuild(eventlog::EventLog& log,
                     const std::vector<eventlog::Partition>& partitions,
                     Index& index, const RebuildOptions& options = {});

// The same where no index can be opened (Index::Open said FAILED_PRECONDITION
// or DATA_LOSS); Index::Open then opens the new one. Since nobody may have
// asked for it, it also compares as a Runner does, before it begins: if the log
// does not hold the records that the old index was read up to, or if one of
// that one's topics is not among the partitions, the old index may be the only
// copy, and stays:
//   DATA_LOSS       restore the log; or move the old index away, to accept it
//   UNAVAILABLE     too, if another process has the folder
// Of an index so damaged that it does not say how far it was read nothing can
// be compared.
absl::Status Rebuild(eventlog::EventLog& log,
                     const std::vector<eventlog::Partition>& partitions,
                     const std::string& folder, const Fold& fold,
                     const RebuildOptions& options = {});

// How long an unreachable log is asked again before a rebuild gives up: longer
// than the restart of a broker.
inline constexpr absl::Duration kLogSilence = absl::Minutes(5);

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_REBUILD_H_
