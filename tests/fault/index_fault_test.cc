// Every file operation of an index fails while records are applied to it, one
// in each run, until a run passes that meets no fault. The oracle: opened
// again, after a loss of power, it holds what the records below its positions
// give, and nothing else; and goes on to hold each record once.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/projection/index.h"
#include "libs/projection/test_projection.h"
#include "tests/fault/faulty_disk.h"

namespace vigil::projection {
namespace {

using eventlog::LoggedRecord;

constexpr size_t kBatch = 3;
constexpr int kRecords = 24;
// Far more operations than one run has.
constexpr int kMostOperations = 5'000;

// In the order of a cursor; some go to quarantine.
std::vector<LoggedRecord> Records() {
  std::vector<LoggedRecord> records;
  for (int i = 0; i < kRecords; ++i) {
    const auto partition = static_cast<size_t>(i) % kPartitions.size();
    records.push_back({.position = {kPartitions[partition],
                                    i / static_cast<int>(kPartitions.size())},
                       .logged = absl::FromUnixSeconds(1'700'000'000 + i),
                       .record = {absl::StrCat("k", i % 5),
                                  absl::StrCat(i % 7 == 0 ? "!" : "w", i),
                                  {}}});
  }
  return records;
}

bool IsCovered(const Positions& positions, const LoggedRecord& record) {
  Positions wanted;
  Cover(wanted, record.position);
  return Covers(positions, wanted);
}

std::string DigestOf(const std::vector<LoggedRecord>& records) {
  const TemporaryFolder folder;
  const auto index = *Index::Open(folder.path(), TestFold());
  EXPECT_TRUE(index->Apply(records).ok());
  return *index->snapshot()->Digest();
}

class IndexFault : public testing::TestWithParam<FaultyDisk::Mode> {};

TEST_P(IndexFault, EachRecordIsAppliedOnce) {
  const std::vector<LoggedRecord> records = Records();
  const std::string digest = DigestOf(records);
  std::map<Positions, std::string> digests;  // of what they cover
  bool failed = true;
  int k = 0;
  while (failed && !HasFailure()) {
    ASSERT_LT(++k, kMostOperations);
    SCOPED_TRACE(absl::StrCat("operation ", k));
    const TemporaryFolder folder;
    FaultyDisk disk;
    disk.FailAt(k, GetParam());
    Positions synced;
    // Opened twice: the second time it recovers what the first one wrote.
    for (const size_t end : {records.size() / 2, records.size()}) {
      const auto index =
          Index::Open(folder.path(), TestFold(), {.env = disk.env()});
      if (!index.ok()) {
        EXPECT_TRUE(disk.failed()) << index.status();
        break;
      }
      const Positions begin = (*index)->snapshot()->positions();
      std::vector<LoggedRecord> rest;
      std::copy_if(records.begin(),
                   records.begin() + static_cast<ptrdiff_t>(end),
                   std::back_inserter(rest), [&](const LoggedRecord& record) {
                     return !IsCovered(begin, record);
                   });
      for (size_t i = 0; i < rest.size(); i += kBatch) {
        const absl::Status applied =
            (*index)->Apply(absl::MakeConstSpan(rest).subspan(i, kBatch));
        if (!applied.ok()) {
          EXPECT_TRUE(disk.failed()) << applied;
          break;  // as a runner does: it applies nothing more
        }
        if ((*index)->Sync().ok()) synced = (*index)->snapshot()->positions();
      }
    }
    failed = disk.failed();
    disk.Heal();
    disk.LosePower();

    const auto index =
        Index::Open(folder.path(), TestFold(), {.env = disk.env()});
    ASSERT_TRUE(index.ok()) << index.status();
    const Positions there = (*index)->snapshot()->positions();
    EXPECT_TRUE(Covers(there, synced));
    std::vector<LoggedRecord> before;
    std::vector<LoggedRecord> after;
    for (const LoggedRecord& record : records) {
      (IsCovered(there, record) ? before : after).push_back(record);
    }
    const auto [expected, first] = digests.try_emplace(there);
    if (first) expected->second = DigestOf(before);
    EXPECT_EQ(*(*index)->snapshot()->Digest(), expected->second);
    ASSERT_TRUE((*index)->Apply(after).ok());
    EXPECT_EQ(*(*index)->snapshot()->Digest(), digest);
  }
  // The enumeration went somewhere: opening alone takes a dozen.
  EXPECT_GT(k, 12);
  RecordProperty("operations", k);
}

INSTANTIATE_TEST_SUITE_P(
    Each, IndexFault,
    testing::Values(FaultyDisk::Mode::kOnce, FaultyDisk::Mode::kForAll),
    [](const auto& mode) {
      return std::string(mode.param == FaultyDisk::Mode::kOnce ? "once"
                                                               : "for_all");
    });

}  // namespace
}  // namespace vigil::projection
