// What only the embedded log promises; tests/contract holds it to the port.
#include "libs/eventlog/rocksdb_event_log.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/eventlog/partitioner.h"
#include "tests/temporary_folder.h"

namespace vigil::eventlog {
namespace {

using ::testing::HasSubstr;

constexpr char kTopic[] = "vigil.test.events.v1";
const Topics kTopics = {{kTopic, {.partitions = 2}}};

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

class RocksdbEventLogTest : public testing::Test {
 protected:
  std::unique_ptr<RocksdbEventLog> Open() {
    auto log = RocksdbEventLog::Open(folder_.path(), kTopics,
                                     {.clock = [this] { return now_; }});
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  const TemporaryFolder folder_;
  absl::Time now_ = absl::FromUnixMillis(1'700'000'000'000);
};

TEST_F(RocksdbEventLogTest, LoggedTimeNeverRunsBackwardsEvenWhenReopened) {
  const TopicRecord record = {kTopic, {"key", "value", {}}};
  auto log = Open();
  now_ += absl::Microseconds(1500);
  const auto first = log->Append(record, Soon());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->logged, absl::FromUnixMillis(1'700'000'000'001));

  now_ -= absl::Hours(1);
  const auto second = log->Append(record, Soon());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->logged, first->logged);

  log.reset();
  log = Open();
  const auto third = log->Append(record, Soon());
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->logged, first->logged);
  EXPECT_EQ(third->position.offset, 2);
}

TEST_F(RocksdbEventLogTest, AFolderHasOneProcess) {
  const auto log = Open();
  const auto second = RocksdbEventLog::Open(folder_.path(), kTopics);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(RocksdbEventLogTest, AnAcknowledgedRecordThatIsDamagedIsALoss) {
  auto log = Open();
  const std::string value(50'000, 'v');  // more than a block of RocksDB's log
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(log->Append({kTopic, {"key", value, {}}}, Soon()).ok());
  }
  log.reset();
  // The second of them: the third was acknowledged after it.
  std::string damaged;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().extension() != ".log" || file.file_size() < value.size()) {
      continue;
    }
    damaged = file.path();
    std::fstream bytes(damaged, std::ios::in | std::ios::out);
    bytes.seekp(static_cast<std::streamoff>(value.size() * 3 / 2));
    bytes << "damage";
  }
  ASSERT_FALSE(damaged.empty());
  EXPECT_EQ(RocksdbEventLog::Open(folder_.path(), kTopics).status().code(),
            absl::StatusCode::kDataLoss);
}

// Each in the last block of RocksDB's log, of which it would drop the rest.
TEST_F(RocksdbEventLogTest, DamageInTheLastBlockCutsNoAcknowledgedRecord) {
  struct Damage {
    std::string where;
    std::streamoff from_value;  // of the first record
    std::string bytes;
  };
  const std::string value(700, 'v');
  const std::string key = "the first";
  const Damage cases[] = {
      {"value", 100, "damage"},
      {"a sector that was lost", 700, std::string(512, '\0')},
      // The length of RocksDB's second record, so that it ends behind the file.
      {"length", 700 + 4, "\xff\xff"},
  };
  for (const Damage& damage : cases) {
    SCOPED_TRACE(damage.where);
    const TemporaryFolder folder;
    auto log = RocksdbEventLog::Open(folder.path(), kTopics);
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE((*log)->Append({kTopic, {key, value, {}}}, Soon()).ok());
    }
    log->reset();
    int damaged = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(folder.path())) {
      if (file.path().extension() != ".log") continue;
      std::fstream bytes(file.path(), std::ios::in | std::ios::out);
      const std::string all{std::istreambuf_iterator<char>(bytes), {}};
      const size_t first = all.find(value);
      if (first == std::string::npos) continue;
      bytes.seekp(static_cast<std::streamoff>(first) + damage.from_value);
      bytes << damage.bytes;
      ++damaged;
    }
    ASSERT_EQ(damaged, 1);
    const auto again = RocksdbEventLog::Open(folder.path(), kTopics);
    EXPECT_TRUE(absl::IsDataLoss(again.status())) << again.status();
  }
}

TEST_F(RocksdbEventLogTest, ALastRecordThatIsDamagedIsDropped) {
  auto log = Open();
  ASSERT_TRUE(log->Append({kTopic, {"key", "first", {}}}, Soon()).ok());
  // In several fragments, of which those behind the damage are sound.
  const std::string value(200'000, 'v');
  ASSERT_TRUE(log->Append({kTopic, {"key", value, {}}}, Soon()).ok());
  log.reset();
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().extension() != ".log" || file.file_size() < value.size()) {
      continue;
    }
    std::fstream bytes(file.path(), std::ios::in | std::ios::out);
    bytes.seekp(static_cast<std::streamoff>(value.size() / 4));
    bytes << "damage";
  }
  log = Open();
  EXPECT_EQ(*log->End({kTopic, PartitionOf("key", 2)}, Soon()), 1);
}

TEST_F(RocksdbEventLogTest, AnotherNumberOfPartitionsIsRefused) {
  Open().reset();
  const auto log =
      RocksdbEventLog::Open(folder_.path(), {{kTopic, {.partitions = 3}}});
  EXPECT_EQ(log.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("= 2, not 3"));
}

TEST_F(RocksdbEventLogTest, TopicsOfWhichOneIsAPrefixOfTheOtherStayApart) {
  const Topics topics = {{"a", {.partitions = 1}}, {"a.b", {.partitions = 1}}};
  auto log = RocksdbEventLog::Open(folder_.path(), topics);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Append({"a.b", {"k", "v", {}}}, Soon()).ok());
  log->reset();
  log = RocksdbEventLog::Open(folder_.path(), topics);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(*(*log)->End({"a", 0}, Soon()), 0);
  EXPECT_EQ(*(*log)->End({"a.b", 0}, Soon()), 1);
}

TEST_F(RocksdbEventLogTest, AnAppendWhoseTimeIsOverIsNotTried) {
  const auto log = Open();
  const auto late =
      log->Append({kTopic, {"key", "value", {}}}, absl::InfinitePast());
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(log->Append({kTopic, {"key", "value", {}}}, Soon()).ok());
  EXPECT_EQ(*log->End({kTopic, PartitionOf("key", 2)}, Soon()), 1);
}

}  // namespace
}  // namespace vigil::eventlog
