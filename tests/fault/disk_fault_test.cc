// Every file operation of the embedded log and of the outbox fails, one in each
// run, until a run passes that meets no fault. The oracle: opened again, after
// a loss of power, each acknowledged record is present once.
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "tests/fault/faulty_disk.h"
#include "tests/temporary_folder.h"

namespace vigil::eventlog {
namespace {

constexpr char kTopic[] = "vigil.test.events.v1";
const Topics kTopics = {{kTopic, {.partitions = 2}}};

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

// Far more operations than one run has: the enumeration ends by itself, and if
// it did not, this would say so.
constexpr int kMostOperations = 5'000;

// A write of so many bytes can be torn.
constexpr size_t kSectors = 2'500;

using Fault = std::tuple<FaultyDisk::Mode, FaultyDisk::Unsynced>;

class DiskFault : public testing::TestWithParam<Fault> {
 protected:
  // Calls `work` with a disk that fails at the k-th operation, for each k until
  // it is not reached, and `look` on the healed disk after it.
  template <typename Work, typename Look>
  void ForEachOperation(Work work, Look look) {
    int k = 0;
    bool failed = true;
    while (failed && !HasFailure()) {
      ASSERT_LT(++k, kMostOperations);
      SCOPED_TRACE(absl::StrCat("operation ", k));
      const TemporaryFolder folder;
      FaultyDisk disk;
      disk.FailAt(k, std::get<FaultyDisk::Mode>(GetParam()));
      work(folder.path(), disk);
      failed = disk.failed();
      disk.Heal();
      disk.LosePower(std::get<FaultyDisk::Unsynced>(GetParam()));
      look(folder.path(), disk);
    }
    // The enumeration went somewhere: opening alone takes a dozen.
    EXPECT_GT(k, 12);
    RecordProperty("operations", k);
  }
};

TEST_P(DiskFault, TheEmbeddedLogKeepsWhatItAcknowledged) {
  std::set<std::string> acknowledged;
  const auto work = [&](const std::string& folder, FaultyDisk& disk) {
    acknowledged.clear();
    // Opened twice: the second time it recovers what the first one wrote.
    for (int opening = 0; opening < 2; ++opening) {
      const auto log =
          RocksdbEventLog::Open(folder, kTopics, {.env = disk.env()});
      if (!log.ok()) {
        EXPECT_TRUE(disk.failed()) << log.status();
        return;
      }
      for (int i = 0; i < 4; ++i) {
        const std::string value =
            absl::StrCat(opening, "-", i, std::string(kSectors, '.'));
        const auto done = (*log)->Append(
            {kTopic, {absl::StrCat("key-", i), value, {}}}, Soon());
        if (done.ok()) {
          acknowledged.insert(value);
        } else {
          EXPECT_TRUE(disk.failed()) << done.status();
          EXPECT_TRUE(absl::IsUnavailable(done.status())) << done.status();
        }
      }
    }
  };
  const auto look = [&](const std::string& folder, FaultyDisk& disk) {
    const auto log =
        RocksdbEventLog::Open(folder, kTopics, {.env = disk.env()});
    ASSERT_TRUE(log.ok()) << log.status();
    std::map<std::string, int> present;
    for (const Partition& partition : (*log)->Partitions(kTopic)) {
      auto cursor = (*log)->Open({{partition, 0}});
      ASSERT_TRUE(cursor.ok()) << cursor.status();
      for (int64_t left = *(*log)->End(partition, Soon()); left > 0;) {
        const auto some = (*cursor)->Next(100, Soon());
        ASSERT_TRUE(some.ok()) << some.status();
        ASSERT_FALSE(some->empty());
        for (const LoggedRecord& each : *some) ++present[each.record.value];
        left -= static_cast<int64_t>(some->size());
      }
    }
    for (const std::string& value : acknowledged) {
      EXPECT_EQ(present[value], 1) << value;
    }
    EXPECT_TRUE((*log)->Append({kTopic, {"key", "after", {}}}, Soon()).ok());
  };
  ForEachOperation(work, look);
}

TEST_P(DiskFault, TheOutboxKeepsWhatItAcknowledged) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  std::set<std::string> put;  // and nobody asked to remove it
  std::set<std::string> remembered;
  const auto work = [&](const std::string& folder, FaultyDisk& disk) {
    put.clear();
    remembered.clear();
    for (int opening = 0; opening < 2; ++opening) {
      const auto outbox = Outbox::Open(folder, disk.env());
      if (!outbox.ok()) {
        EXPECT_TRUE(disk.failed()) << outbox.status();
        return;
      }
      for (int i = 0; i < 3; ++i) {
        const std::string name = absl::StrCat(opening, "-", i);
        const std::vector<TopicRecord> records = {
            {kTopic, {"key", name + "a", {}}},
            {kTopic, {"key", name + "b", {}}}};
        const std::vector<Outbox::Memory> memories = {{name, "receipt"}};
        const absl::Status written = (*outbox)->Write(
            {.put = records, .remember = memories, .remove = {}, .now = now});
        if (written.ok()) {
          put.insert({name + "a", name + "b"});
          remembered.insert(name);
        } else {
          EXPECT_TRUE(disk.failed()) << written;
        }
      }
      // As the relay: one is sent and removed, one is refused and parked.
      const auto front = (*outbox)->Front(2);
      if (!front.ok() || front->entries.size() < 2) continue;
      put.erase(front->entries[0].record.record.value);
      const std::vector<uint64_t> sent = {front->entries[0].number};
      const absl::Status removed = (*outbox)->Write(
          {.put = {}, .remember = {}, .remove = sent, .now = now});
      const absl::Status parked =
          (*outbox)->Park(front->entries[1].number, "an ACL");
      EXPECT_TRUE((removed.ok() && parked.ok()) || disk.failed());
      // As while the log answers: written, and not synced.
      for (int i = 0; i < 3; ++i) {
        const std::vector<Outbox::Memory> logged = {
            {absl::StrCat("logged-", i), std::string(kSectors, 'r')}};
        const absl::Status written = (*outbox)->Write(
            {.put = {}, .remember = logged, .remove = {}, .now = now});
        EXPECT_TRUE(written.ok() || disk.failed()) << written;
      }
    }
  };
  const auto look = [&](const std::string& folder, FaultyDisk& disk) {
    const auto outbox = Outbox::Open(folder, disk.env());
    ASSERT_TRUE(outbox.ok()) << outbox.status();
    ASSERT_TRUE((*outbox)->Retry().ok());  // the parked ones too
    EXPECT_EQ((*outbox)->parked(), 0u);
    const auto all = (*outbox)->Front(1000);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ((*outbox)->depth(), all->entries.size());
    std::map<std::string, int> present;
    for (const Outbox::Entry& each : all->entries)
      ++present[each.record.record.value];
    for (const std::string& value : put) EXPECT_EQ(present[value], 1) << value;
    for (const std::string& name : remembered) {
      EXPECT_EQ((*outbox)->Recall(name), "receipt") << name;
    }
  };
  ForEachOperation(work, look);
}

std::string NameOf(const testing::TestParamInfo<Fault>& fault) {
  const auto [mode, unsynced] = fault.param;
  return absl::StrCat(mode == FaultyDisk::Mode::kOnce ? "once" : "for_all",
                      unsynced == FaultyDisk::Unsynced::kTorn ? "_torn" : "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, DiskFault,
    testing::Combine(testing::Values(FaultyDisk::Mode::kOnce,
                                     FaultyDisk::Mode::kForAll),
                     testing::Values(FaultyDisk::Unsynced::kGone,
                                     FaultyDisk::Unsynced::kTorn)),
    NameOf);

}  // namespace
}  // namespace vigil::eventlog
