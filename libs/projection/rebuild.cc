#include "libs/projection/rebuild.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "libs/projection/database.h"
#include "libs/projection/folder.h"
#include "libs/projection/sorted_rows.h"

namespace vigil::projection {

using eventlog::LoggedRecord;
using eventlog::Partition;

namespace {

// What a log gives at once; it bounds the bytes itself.
constexpr size_t kReadRecords = 10'000;
constexpr absl::Duration kReadWait = absl::Seconds(1);
constexpr absl::Duration kRetryPause = absl::Milliseconds(200);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(200);

// The cache of a database that nobody asks yet.
constexpr size_t kShadowCacheBytes = size_t{8} << 20;

int64_t NextOf(const std::map<Partition, Applied>& applied,
               const Partition& partition) {
  const auto found = applied.find(partition);
  return found == applied.end() ? 0 : found->second.next;
}

bool Reached(const std::map<Partition, Applied>& applied,
             const Positions& targets) {
  return std::all_of(targets.begin(), targets.end(), [&](const auto& target) {
    return NextOf(applied, target.first) >= target.second;
  });
}

// Does each of `count` tasks on one of `threads`; the first failure ends all.
absl::Status InParallel(size_t threads, size_t count,
                        const std::function<absl::Status(size_t task)>& work) {
  std::atomic<size_t> next = 0;
  absl::Mutex mutex;
  absl::Status failed;
  const auto run = [&] {
    for (size_t task = next++; task < count; task = next++) {
      absl::Status done = work(task);
      if (done.ok()) continue;
      next = count;
      absl::MutexLock lock(&mutex);
      // The others give up because of the first.
      if (failed.ok() || absl::IsCancelled(failed)) failed = std::move(done);
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(threads, count); ++i) {
    others.emplace_back(run);
  }
  run();
  for (std::thread& other : others) other.join();
  return failed;
}

}  // namespace

class Rebuilder {
 public:
  Rebuilder(eventlog::EventLog& log, const std::vector<Partition>& partitions,
            const Fold& fold, const RebuildOptions& options)
      : log_(log), partitions_(partitions), fold_(fold), options_(options) {}

  absl::Status Replace(Index& index);
  absl::Status Make(const std::string& folder);

 private:
  // What one thread has folded: rows in memory, and those it spilled.
  struct Run {
    explicit Run(const Fold& fold) : rows(fold), spilled(FamilyCount(fold)) {}
    MemoryRows rows;
    std::vector<std::vector<std::string>> spilled;  // by family
    std::map<Partition, Applied> applied;
  };

  static size_t FamilyCount(const Fold& fold) {
    return kFirstTableFamily + fold.tables.size();
  }

  // Whether the log holds what an index was made from, up to where it was read.
  absl::Status CheckLogHolds(const std::map<Partition, Applied>& applied);
  // A database at `path` with everything that the log has now.
  absl::StatusOr<std::shared_ptr<Database>> Build(
      const std::string& path, std::shared_ptr<rocksdb::Cache> cache);
  absl::StatusOr<Positions> Ends();
  // Folds the share of one thread, up to the targets.
  absl::Status FoldShare(size_t share, const Positions& targets, Run& run);
  absl::Status Spill(size_t share, Run& run);
  absl::Status MergeFamily(size_t family, Database& database);
  // Applies to the shadow until it reaches the targets.
  absl::Status CatchUp(Database& shadow, const Positions& targets);
  // Reads from the positions until `take` has enough.
  absl::Status Read(const std::map<Partition, int64_t>& from,
                    const std::function<absl::StatusOr<bool>(
                        const std::vector<LoggedRecord>& records)>& take);
  absl::Status Tell(int64_t folded);

  eventlog::EventLog& log_;
  const std::vector<Partition>& partitions_;
  const Fold& fold_;
  const RebuildOptions& options_;
  std::string parts_;  // the folder of what is spilled and merged
  std::vector<std::unique_ptr<Run>> runs_;

  absl::Mutex progress_mutex_;
  absl::Time begun_ ABSL_GUARDED_BY(progress_mutex_);
  absl::Time told_ ABSL_GUARDED_BY(progress_mutex_);
  RebuildProgress progress_ ABSL_GUARDED_BY(progress_mutex_);
  std::atomic<bool> given_up_ = false;
};

absl::Status Rebuilder::Replace(Index& index) {
  const absl::StatusOr<int64_t> generation = index.BeginRebuild();
  if (!generation.ok()) return generation.status();
  auto shadow = Build(index.folder_->PathOf(*generation), index.cache());
  absl::Status status = shadow.status();
  if (status.ok()) {
    status = index.FinishRebuild(
        *shadow, *generation, [&](const Positions& positions) {
          // The new index is never behind what was answered before. Of a log
          // that was made anew, all that there is will do.
          absl::StatusOr<Positions> targets = Ends();
          if (!targets.ok()) return targets.status();
          for (auto& [partition, target] : *targets) {
            const auto served = positions.find(partition);
            target = std::min(target,
                              served == positions.end() ? 0 : served->second);
          }
          return CatchUp(**shadow, *targets);
        });
  }
  if (shadow.ok()) shadow->reset();
  index.EndRebuild();
  return status;
}

absl::Status Rebuilder::Make(const std::string& path) {
  auto folder = Folder::Open(path);
  if (!folder.ok()) return folder.status();
  // A damaged pointer is replaced; until then nothing is removed.
  (*folder)->ReadCurrent().IgnoreError();
  if ((*folder)->current()) {
    const auto applied =
        Database::ReadApplied((*folder)->PathOf(*(*folder)->current()));
    absl::Status holds =
        applied.ok() ? CheckLogHolds(*applied) : applied.status();
    if (!holds.ok() && !absl::IsDataLoss(applied.status())) return holds;
  }
  const int64_t generation = (*folder)->NextGeneration();
  const std::string shadow_path = (*folder)->PathOf(generation);
  auto shadow = Build(shadow_path, rocksdb::NewLRUCache(kShadowCacheBytes));
  absl::Status status = shadow.status();
  if (status.ok()) status = (*shadow)->Sync();
  if (shadow.ok()) shadow->reset();
  if (status.ok()) status = (*folder)->SetCurrent(generation);
  if (status.ok()) return (*folder)->RemoveLeftovers();
  if ((*folder)->current() != generation) {
    std::error_code ignored;
    std::filesystem::remove_all(shadow_path, ignored);
  }
  return status;
}

absl::Status Rebuilder::CheckLogHolds(
    const std::map<Partition, Applied>& applied) {
  const auto lost = [](const Partition& partition, absl::string_view what) {
    return absl::DataLossError(
        absl::StrCat(partition.topic, "/", partition.partition, " ", what,
                     ": the index that was made from it is kept"));
  };
  const absl::StatusOr<Positions> ends = Ends();
  if (!ends.ok()) return ends.status();
  std::map<Partition, int64_t> from;
  for (const auto& [partition, last] : applied) {
    const auto end = ends->find(partition);
    if (end == ends->end()) return lost(partition, "is not read any more");
    if (end->second < last.next) return lost(partition, "was truncated");
    from[partition] = last.next - 1;
  }
  if (from.empty()) return absl::OkStatus();
  return Read(from,
              [&, unverified =
                      applied](const std::vector<LoggedRecord>& records) mutable
              -> absl::StatusOr<bool> {
                for (const LoggedRecord& record : records) {
                  const auto last = unverified.find(record.position.partition);
                  if (last == unverified.end()) continue;
                  if (IdentityOf(record) != last->second.identity) {
                    return lost(last->first, "was made anew");
                  }
                  unverified.erase(last);
                }
                return unverified.empty();
              });
}

absl::StatusOr<Positions> Rebuilder::Ends() {
  Positions ends;
  for (const auto& [partition, end] :
       log_.Ends(partitions_, absl::Now() + kLogSilence)) {
    if (!end.ok()) return end.status();
    ends[partition] = *end;
  }
  return ends;
}

absl::StatusOr<std::shared_ptr<Database>> Rebuilder::Build(
    const std::string& path, std::shared_ptr<rocksdb::Cache> cache) {
  absl::StatusOr<Positions> ends = Ends();
  if (!ends.ok()) return ends.status();
  parts_ = absl::StrCat(path, "/parts");
  std::error_code error;
  std::filesystem::create_directories(parts_, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", parts_, ": ", error.message()));
  }
  auto database = Database::Create(path, fold_, std::move(cache));
  if (!database.ok()) return database.status();

  const size_t shares = std::clamp<size_t>(options_.threads, 1,
                                           std::max<size_t>(1, ends->size()));
  std::vector<Positions> targets(shares);
  {
    absl::MutexLock lock(&progress_mutex_);
    begun_ = absl::Now();
    size_t i = 0;
    for (const auto& [partition, end] : *ends) {
      targets[i++ % shares][partition] = end;
      progress_.total += end;
    }
  }
  for (size_t i = 0; i < shares; ++i) {
    runs_.push_back(std::make_unique<Run>(fold_));
  }
  absl::Status status = InParallel(shares, shares, [&](size_t share) {
    return FoldShare(share, targets[share], *runs_[share]);
  });
  if (status.ok()) {
    status = InParallel(
        options_.threads, FamilyCount(fold_),
        [&](size_t family) { return MergeFamily(family, **database); });
  }
  std::map<Partition, Applied> applied;
  for (const auto& run : runs_) {
    applied.insert(run->applied.begin(), run->applied.end());
  }
  runs_.clear();
  // Last: positions say that all before them is there.
  if (status.ok()) status = (*database)->SetApplied(std::move(applied));
  if (status.ok()) {
    std::filesystem::remove_all(parts_, error);
    // What was logged meanwhile, so that little is left to do in the swap.
    ends = Ends();
    status = ends.ok() ? CatchUp(**database, *ends) : ends.status();
  }
  if (!status.ok()) return status;
  return database;
}

absl::Status Rebuilder::FoldShare(size_t share, const Positions& targets,
                                  Run& run) {
  std::map<Partition, int64_t> from;
  for (const auto& [partition, target] : targets) from[partition] = 0;
  const size_t memory_bytes = options_.memory_bytes / runs_.size();
  if (!Reached(run.applied, targets)) {
    absl::Status read = Read(
        from,
        [&](const std::vector<LoggedRecord>& records) -> absl::StatusOr<bool> {
          for (const LoggedRecord& record : records) {
            run.rows.Take(record);
            if (run.rows.bytes() < memory_bytes) continue;
            absl::Status spilled = Spill(share, run);
            if (!spilled.ok()) return spilled;
          }
          Advance(run.applied, records);
          absl::Status told = Tell(static_cast<int64_t>(records.size()));
          if (!told.ok()) return told;
          return Reached(run.applied, targets);
        });
    if (!read.ok()) {
      given_up_ = true;
      return read;
    }
  }
  return run.rows.Sort();
}

absl::Status Rebuilder::Read(
    const std::map<Partition, int64_t>& from,
    const std::function<
        absl::StatusOr<bool>(const std::vector<LoggedRecord>& records)>& take) {
  auto cursor = log_.Open(from);
  if (!cursor.ok()) return cursor.status();
  absl::Time heard = absl::Now();
  while (!given_up_) {
    const auto records = (*cursor)->Next(kReadRecords, absl::Now() + kReadWait);
    if (!records.ok() && !absl::IsUnavailable(records.status())) {
      return records.status();
    }
    if (records.ok() && !records->empty()) {
      heard = absl::Now();
      const absl::StatusOr<bool> enough = take(*records);
      if (!enough.ok()) return enough.status();
      if (*enough) return absl::OkStatus();
      continue;
    }
    if (absl::Status told = Tell(0); !told.ok()) return told;
    if (absl::Now() - heard > kLogSilence) {
      return absl::UnavailableError(
          absl::StrCat("the log is silent: ", records.status().ToString()));
    }
    if (!records.ok()) absl::SleepFor(kRetryPause);
  }
  return absl::CancelledError("the rebuild was given up");
}

absl::Status Rebuilder::Spill(size_t share, Run& run) {
  absl::Status status = run.rows.Sort();
  for (size_t family = 0; family < FamilyCount(fold_) && status.ok();
       ++family) {
    std::vector<std::string>& spilled = run.spilled[family];
    SortedFiles files(SpillOptions(),
                      absl::StrCat(parts_, "/spilled-", share, "-", family, "-",
                                   spilled.size()));
    for (const auto rows = run.rows.Sorted(family);
         rows->Valid() && status.ok(); rows->Next()) {
      status = files.Put(rows->key(), rows->value());
    }
    if (status.ok()) status = files.Finish();
    spilled.insert(spilled.end(), files.paths().begin(), files.paths().end());
  }
  run.rows.Clear();
  return status;
}

absl::Status Rebuilder::MergeFamily(size_t family, Database& database) {
  std::vector<std::unique_ptr<SortedRows>> sources;
  for (const auto& run : runs_) {
    sources.push_back(run->rows.Sorted(family));
    for (const std::string& path : run->spilled[family]) {
      auto rows = OpenSpilled(path);
      if (!rows.ok()) return rows.status();
      sources.push_back(*std::move(rows));
    }
  }
  SortedFiles files(
      rocksdb::Options(rocksdb::DBOptions(),
                       FamilyOptions(fold_, family, database.cache())),
      absl::StrCat(parts_, "/merged-", family));
  absl::Status status =
      Merge(sources, [&](absl::string_view key, absl::string_view value) {
        return files.Put(key, value);
      });
  if (status.ok()) status = files.Finish();
  sources.clear();
  if (status.ok()) status = database.Ingest(family, files.paths());
  if (status.ok() || family < kFirstTableFamily) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("table ", fold_.tables[family - kFirstTableFamily].name,
                   ": ", status.message()));
}

absl::Status Rebuilder::CatchUp(Database& shadow, const Positions& targets) {
  if (Reached(shadow.applied(), targets)) return absl::OkStatus();
  std::map<Partition, int64_t> from;
  for (const Partition& partition : partitions_) {
    from[partition] = NextOf(shadow.applied(), partition);
  }
  return Read(
      from,
      [&](const std::vector<LoggedRecord>& records) -> absl::StatusOr<bool> {
        absl::Status applied = shadow.Apply(fold_, records);
        if (!applied.ok()) return applied;
        return Reached(shadow.applied(), targets);
      });
}

absl::Status Rebuilder::Tell(int64_t folded) {
  if (!options_.progress) return absl::OkStatus();
  absl::MutexLock lock(&progress_mutex_);
  progress_.done += folded;
  const absl::Time now = absl::Now();
  const bool all = progress_.done >= progress_.total;
  if (!all && now - told_ < kProgressEvery) return absl::OkStatus();
  told_ = now;
  const double seconds = absl::ToDoubleSeconds(now - begun_);
  if (seconds > 0 && progress_.done > 0) {
    progress_.records_per_second =
        static_cast<double>(progress_.done) / seconds;
    progress_.remaining =
        absl::Seconds(static_cast<double>(std::max<int64_t>(
                          0, progress_.total - progress_.done)) /
                      progress_.records_per_second);
  }
  if (options_.progress(progress_)) return absl::OkStatus();
  given_up_ = true;
  return absl::CancelledError("the rebuild was given up");
}

absl::Status Rebuild(eventlog::EventLog& log,
                     const std::vector<Partition>& partitions, Index& index,
                     const RebuildOptions& options) {
  return Rebuilder(log, partitions, index.fold(), options).Replace(index);
}

absl::Status Rebuild(eventlog::EventLog& log,
                     const std::vector<Partition>& partitions,
                     const std::string& folder, const Fold& fold,
                     const RebuildOptions& options) {
  CheckFold(fold);
  return Rebuilder(log, partitions, fold, options).Make(folder);
}

}  // namespace vigil::projection
