// The law of the library: an index is a function of the set of records, however
// they came. Partitions in any interleaving, batches of any size, repeats, the
// end of the process and the loss of power at any point, applied or rebuilt:
// one digest.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "libs/projection/index.h"
#include "libs/projection/rebuild.h"
#include "libs/projection/runner.h"
#include "libs/projection/test_projection.h"
#include "rapidcheck/gtest.h"

namespace vigil::projection {
namespace {

using eventlog::LoggedRecord;

// Each case opens several databases, so there are fewer than usual, and a
// failure is told before it is made small; who wants more or smaller ones says
// so in the same way, in the environment.
const int kCasesAreFew =
    setenv("RC_PARAMS", "max_success=20 noshrink=1", /*replace=*/0);

// Short keys and words, so that records meet in rows; some go to quarantine.
rc::Gen<eventlog::TopicRecord> AnyRecord() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 6), rc::gen::inRange(0, 5),
                     rc::gen::inRange(0, 40)),
      [](const std::tuple<int, int, int>& any) {
        const auto& [key, word, size] = any;
        return eventlog::TopicRecord{
            kTopic,
            {absl::StrCat("k", key),
             absl::StrCat(word == 0 ? "!" : "w", word, " ",
                          std::string(static_cast<size_t>(size), 'x')),
             {{"ce_type", absl::StrCat(word)}}}};
      });
}

void AppendAll(eventlog::EventLog& log,
               std::vector<eventlog::TopicRecord> records) {
  absl::Notification done;
  bool all = true;
  log.AppendBatch(std::move(records), Soon(), [&](const auto& outcomes) {
    for (const auto& outcome : outcomes) all = all && outcome.ok();
    done.Notify();
  });
  done.WaitForNotification();
  RC_ASSERT(all);
}

std::unique_ptr<Index> OpenIndex(const std::string& folder) {
  auto index = Index::Open(folder, TestFold());
  if (!index.ok()) RC_FAIL(index.status().ToString());
  return *std::move(index);
}

std::string DigestOf(const Index& index) { return *index.snapshot()->Digest(); }

// What applying everything at once, in the order of a cursor, gives.
std::string DigestOfAll(const std::string& folder,
                        const std::vector<LoggedRecord>& records) {
  const auto index = OpenIndex(folder);
  RC_ASSERT(index->Apply(records).ok());
  return DigestOf(*index);
}

// The records with partitions interleaved as chance has it, each partition's
// own in order; now and then one goes back some way and repeats.
std::vector<LoggedRecord> AnyOrder(const std::vector<LoggedRecord>& records) {
  struct Lane {
    std::vector<LoggedRecord> records;
    size_t next = 0;
  };
  std::map<eventlog::Partition, Lane> partitions;
  for (const auto& record : records) {
    partitions[record.position.partition].records.push_back(record);
  }
  std::vector<Lane> lanes;
  for (auto& [partition, lane] : partitions) lanes.push_back(std::move(lane));
  std::vector<LoggedRecord> order;
  while (!lanes.empty()) {
    const size_t which = *rc::gen::inRange<size_t>(0, lanes.size());
    Lane& lane = lanes[which];
    if (*rc::gen::inRange(0, 8) == 0) {
      const size_t again = *rc::gen::inRange<size_t>(0, lane.next + 1);
      order.insert(order.end(),
                   lane.records.begin() + static_cast<ptrdiff_t>(again),
                   lane.records.begin() + static_cast<ptrdiff_t>(lane.next));
    }
    if (lane.next < lane.records.size()) {
      order.push_back(lane.records[lane.next++]);
    } else {
      lanes.erase(lanes.begin() + static_cast<ptrdiff_t>(which));
    }
  }
  return order;
}

RC_GTEST_PROP(UnionTest, OrderBatchesRepeatsAndReopeningChangeNothing, ()) {
  const TemporaryFolder folder;
  const auto log = OpenLog(folder / "log");
  AppendAll(*log, *rc::gen::container<std::vector<eventlog::TopicRecord>>(
                      AnyRecord()));
  const std::vector<LoggedRecord> records = ReadAll(*log);
  const std::vector<LoggedRecord> order = AnyOrder(records);
  auto index = OpenIndex(folder / "any");
  for (size_t i = 0; i < order.size();) {
    const size_t size =
        std::min(order.size() - i, *rc::gen::inRange<size_t>(1, 20));
    RC_ASSERT(index->Apply(absl::MakeConstSpan(order).subspan(i, size)).ok());
    i += size;
    if (*rc::gen::inRange(0, 10) == 0) {
      index.reset();
      index = OpenIndex(folder / "any");
    }
  }
  RC_ASSERT(DigestOf(*index) == DigestOfAll(folder / "all", records));
}

RC_GTEST_PROP(UnionTest, ARebuildGivesTheSame, ()) {
  const TemporaryFolder folder;
  const auto log = OpenLog(folder / "log");
  AppendAll(*log, *rc::gen::container<std::vector<eventlog::TopicRecord>>(
                      AnyRecord()));
  const absl::Status rebuilt =
      Rebuild(*log, kPartitions, folder / "rebuilt", TestFold(),
              {.memory_bytes = *rc::gen::inRange<size_t>(1000, 100'000),
               .threads = *rc::gen::inRange<size_t>(1, 4)});
  if (!rebuilt.ok()) RC_FAIL(rebuilt.ToString());
  RC_ASSERT(DigestOf(*OpenIndex(folder / "rebuilt")) ==
            DigestOfAll(folder / "all", ReadAll(*log)));
}

// The newest write-ahead log of the only database in the folder.
std::filesystem::path NewestWal(const std::string& folder) {
  std::filesystem::path newest;
  for (const auto& each :
       std::filesystem::recursive_directory_iterator(folder)) {
    if (each.path().extension() == ".log" && newest < each.path()) {
      newest = each.path();
    }
  }
  return newest;
}

RC_GTEST_PROP(UnionTest, ALossOfPowerAnywhereIsReadAgain, ()) {
  const TemporaryFolder folder;
  const auto log = OpenLog(folder / "log");
  AppendAll(
      *log,
      *rc::gen::nonEmpty(
          rc::gen::container<std::vector<eventlog::TopicRecord>>(AnyRecord())));
  const std::vector<LoggedRecord> records = ReadAll(*log);
  const size_t batch = *rc::gen::inRange<size_t>(1, 5);
  {
    // Never closed before the copy is made: what the disk has at the crash.
    const auto index = OpenIndex(folder / "index");
    const size_t applied = *rc::gen::inRange<size_t>(0, records.size() + 1);
    for (size_t i = 0; i < applied; i += batch) {
      RC_ASSERT(index
                    ->Apply(absl::MakeConstSpan(records).subspan(
                        i, std::min(batch, applied - i)))
                    .ok());
    }
    std::filesystem::copy(folder / "index", folder / "crashed",
                          std::filesystem::copy_options::recursive);
  }
  // The meta rows were synced; of what came after them any part is gone.
  const std::filesystem::path wal = NewestWal(folder / "crashed");
  const auto synced = [&] {
    const TemporaryFolder empty;
    const auto index = OpenIndex(empty.path());
    return std::filesystem::file_size(NewestWal(empty.path()));
  }();
  const auto left =
      *rc::gen::inRange<uintmax_t>(synced, std::filesystem::file_size(wal) + 1);
  std::filesystem::resize_file(wal, left);

  const auto index = OpenIndex(folder / "crashed");
  // Rows and positions were lost together: what is there is what the records
  // before the positions give.
  const Positions positions = index->snapshot()->positions();
  std::vector<LoggedRecord> before;
  std::copy_if(records.begin(), records.end(), std::back_inserter(before),
               [&](const LoggedRecord& record) {
                 Positions covered;
                 Cover(covered, record.position);
                 return Covers(positions, covered);
               });
  RC_ASSERT(DigestOf(*index) == DigestOfAll(folder / "before", before));
  Runner runner(log.get(), index.get(), kPartitions);
  RC_ASSERT(runner.WaitFor(Ends(*log), Soon()).ok());
  RC_ASSERT(DigestOf(*index) == DigestOfAll(folder / "all", records));
}

constexpr int kKillRecords = 2000;

// Follows its own log, and rebuilds again and again, until it is killed.
[[noreturn]] void FollowUntilKilled(const std::string& folder, int told) {
  const auto log = OpenLog(folder + "/log");
  for (int i = 0; i < kKillRecords; i += 100) {
    std::vector<eventlog::TopicRecord> batch;
    for (int j = i; j < i + 100; ++j) {
      batch.push_back(
          {kTopic, {absl::StrCat("k", j % 50), absl::StrCat("w", j), {}}});
    }
    log->AppendBatch(std::move(batch), Soon(), [](const auto&) {});
  }
  auto index = Index::Open(folder + "/index", TestFold());
  if (!index.ok()) _exit(1);
  Runner runner(log.get(), index->get(), kPartitions);
  const char byte = '.';
  while (true) {
    if (!Rebuild(*log, kPartitions, **index, {.memory_bytes = 10'000}).ok() ||
        write(told, &byte, 1) != 1) {
      _exit(1);
    }
  }
}

// Kills it after it has told `times` times that it has rebuilt.
void KillAfter(const std::string& folder, int times) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) FollowUntilKilled(folder, ends[1]);
  close(ends[1]);
  char byte;
  for (int i = 0; i < times; ++i) EXPECT_EQ(read(ends[0], &byte, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  close(ends[0]);
}

TEST(UnionTest, KillingItWhileItFollowsAndRebuildsLosesNothing) {
  const TemporaryFolder folder;
  // No thread was started yet in this process, so it may fork.
  KillAfter(folder.path(), 1);
  KillAfter(folder.path(), 2);
  const auto log = OpenLog(folder / "log");
  const auto index = Index::Open(folder / "index", TestFold());
  ASSERT_TRUE(index.ok()) << index.status();
  {
    Runner runner(log.get(), index->get(), kPartitions);
    ASSERT_TRUE(runner.WaitFor(Ends(*log), Soon()).ok());
    EXPECT_EQ(runner.status().alarm, "");
  }
  const auto all = Index::Open(folder / "all", TestFold());
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_TRUE((*all)->Apply(ReadAll(*log)).ok());
  EXPECT_EQ(DigestOf(**index), DigestOf(**all));
  // One database, and nothing half made.
  int databases = 0;
  for (const auto& each :
       std::filesystem::directory_iterator(folder / "index")) {
    databases += absl::StartsWith(each.path().filename().string(), "index-");
  }
  EXPECT_EQ(databases, 1);
}

}  // namespace
}  // namespace vigil::projection
