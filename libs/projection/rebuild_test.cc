#include "libs/projection/rebuild.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/projection/runner.h"
#include "libs/projection/test_projection.h"

namespace vigil::projection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RebuildTest : public testing::Test {
 protected:
  RebuildTest() : log_(OpenLog(folder_ / "log")) {}

  // Keys and words that differ late, some records that go to quarantine.
  void Fill(int count) {
    std::vector<eventlog::TopicRecord> batch;
    for (int i = 0; i < count; ++i) {
      batch.push_back({kTopic,
                       {absl::StrCat("key-of-child-", i % 37),
                        absl::StrCat(i % 10 == 0 ? "!" : "word-", i * 7919, " ",
                                     std::string(i % 50, 'x')),
                        {}}});
    }
    absl::Notification done;
    log_->AppendBatch(std::move(batch), Soon(), [&](const auto& outcomes) {
      for (const auto& each : outcomes) EXPECT_TRUE(each.ok()) << each.status();
      done.Notify();
    });
    done.WaitForNotification();
  }

  std::unique_ptr<Index> OpenIndex(const std::string& name,
                                   const Fold& fold = TestFold()) {
    auto index = Index::Open(folder_ / name, fold);
    EXPECT_TRUE(index.ok()) << index.status();
    return *std::move(index);
  }

  std::string IncrementalDigest() {
    const auto index = OpenIndex("incremental");
    EXPECT_TRUE(index->Apply(ReadAll(*log_)).ok());
    return *index->snapshot()->Digest();
  }

  const TemporaryFolder folder_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
};

TEST_F(RebuildTest, GivesWhatApplyingGives) {
  Fill(3000);
  const std::string expected = IncrementalDigest();
  // All in memory; spilled many times.
  for (const size_t memory_bytes : {size_t{1} << 20, size_t{20'000}}) {
    for (const size_t threads : {size_t{1}, size_t{2}, size_t{9}}) {
      const std::string name = absl::StrCat("index-", memory_bytes, threads);
      ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / name, TestFold(),
                          {.memory_bytes = memory_bytes, .threads = threads})
                      .ok());
      const auto index = OpenIndex(name);
      EXPECT_EQ(*index->snapshot()->Digest(), expected);
      EXPECT_EQ(index->snapshot()->positions(), Ends(*log_));
      EXPECT_EQ(index->snapshot()->quarantined(), 300);
      EXPECT_FALSE(
          std::filesystem::exists(folder_ / (name + "/index-1/parts")));
    }
  }
}

TEST_F(RebuildTest, AnEmptyLogGivesAnEmptyIndex) {
  ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", TestFold()).ok());
  EXPECT_EQ(*OpenIndex("index")->snapshot()->Digest(), IncrementalDigest());
}

TEST_F(RebuildTest, AnotherFoldTakesThePlaceOfTheOld) {
  Fill(100);
  { OpenIndex("index")->Apply(ReadAll(*log_)).IgnoreError(); }
  Fold other = TestFold(2);
  other.tables[0].prefix_bytes = 3;
  ASSERT_TRUE(absl::IsFailedPrecondition(
      Index::Open(folder_ / "index", other).status()));
  ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", other).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "index/index-1"));
  EXPECT_EQ(OpenIndex("index", other)->snapshot()->positions(), Ends(*log_));
}

TEST_F(RebuildTest, AnIndexWhoseLogIsGoneIsKept) {
  Fill(100);
  { OpenIndex("index")->Apply(ReadAll(*log_)).IgnoreError(); }
  const std::string digest = *OpenIndex("index")->snapshot()->Digest();
  const Fold other = TestFold(2);
  const auto refuses = [&](eventlog::EventLog& log,
                           const std::vector<eventlog::Partition>& partitions) {
    const absl::Status kept =
        Rebuild(log, partitions, folder_ / "index", other);
    EXPECT_TRUE(absl::IsDataLoss(kept)) << kept;
    EXPECT_THAT(kept.ToString(), HasSubstr("is kept"));
    EXPECT_EQ(*OpenIndex("index")->snapshot()->Digest(), digest);
  };
  const auto empty = OpenLog(folder_ / "empty");
  refuses(*empty, kPartitions);
  // As long, with other content.
  const auto anew = OpenLog(folder_ / "anew");
  for (int i = 0; i < 100; ++i) {
    Append(*anew, absl::StrCat("key-of-child-", i % 37), "other");
  }
  refuses(*anew, kPartitions);
  // A topic that is not declared any more.
  refuses(*log_, {kPartitions[0], kPartitions[1]});
  EXPECT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", other).ok());
}

TEST_F(RebuildTest, ADamagedPointerIsMended) {
  Fill(100);
  { OpenIndex("index")->Apply(ReadAll(*log_)).IgnoreError(); }
  std::ofstream(folder_ / "index/CURRENT") << "damaged";
  ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", TestFold()).ok());
  EXPECT_EQ(*OpenIndex("index")->snapshot()->Digest(), IncrementalDigest());
}

TEST_F(RebuildTest, SwapsUnderARunnerAndUnderSnapshots) {
  Fill(500);
  const auto index = OpenIndex("index");
  Runner runner(log_.get(), index.get(), kPartitions);
  ASSERT_TRUE(runner.WaitFor(Ends(*log_), Soon()).ok());
  auto old = index->snapshot();
  const std::string old_digest = *old->Digest();
  // Appended while it runs, so partly read, partly caught up.
  bool appended = false;
  ASSERT_TRUE(Rebuild(*log_, kPartitions, *index,
                      {.memory_bytes = 5000,
                       .progress =
                           [&](const RebuildProgress& progress) {
                             EXPECT_LE(progress.total, 1000);
                             if (!appended) Fill(500);
                             appended = true;
                             return true;
                           }})
                  .ok());
  ASSERT_TRUE(appended);
  Append(*log_, "last", "of all");
  ASSERT_TRUE(runner.WaitFor(Ends(*log_), Soon()).ok());
  EXPECT_EQ(index->snapshot()->generation(), 2);
  EXPECT_EQ(*index->snapshot()->Digest(), IncrementalDigest());
  EXPECT_THAT(ValuesOf(*index->snapshot(), kByKey, "last"),
              ElementsAre("of all"));
  EXPECT_EQ(runner.status().alarm, "");
  // The old index goes with its last snapshot.
  EXPECT_EQ(*old->Digest(), old_digest);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "index/index-1"));
  old.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "index/index-1"));
}

TEST_F(RebuildTest, NeverGoesBehindWhatWasServed) {
  Fill(200);
  const auto index = OpenIndex("index");
  ASSERT_TRUE(index->Apply(ReadAll(*log_)).ok());
  const Positions served = index->snapshot()->positions();
  ASSERT_TRUE(Rebuild(*log_, kPartitions, *index).ok());
  EXPECT_TRUE(Covers(index->snapshot()->positions(), served));
}

TEST_F(RebuildTest, LetsARunnerGoOnAfterAnAlarm) {
  Fill(100);
  const auto index = OpenIndex("index");
  { ASSERT_TRUE(index->Apply(ReadAll(*log_)).ok()); }
  const auto anew = OpenLog(folder_ / "anew");
  Append(*anew, "anna", "alone");
  Runner runner(anew.get(), index.get(), kPartitions);
  absl::Notification alarmed;
  runner.When([&] { return !runner.status().alarm.empty(); }, Soon(),
              [&](const absl::Status&) { alarmed.Notify(); });
  alarmed.WaitForNotification();
  ASSERT_THAT(runner.status().alarm, HasSubstr("truncated or made anew"));
  ASSERT_TRUE(Rebuild(*anew, kPartitions, *index).ok());
  Append(*anew, "anna", "and on");
  absl::Status there;
  // It is told that the runner stands still until the runner has noticed.
  do {
    there = runner.WaitFor(Ends(*anew), Soon());
  } while (absl::IsFailedPrecondition(there));
  ASSERT_TRUE(there.ok()) << there;
  EXPECT_EQ(runner.status().alarm, "");
  EXPECT_THAT(ValuesOf(*index->snapshot(), kByKey, ""),
              ElementsAre("alone", "and on"));
}

TEST_F(RebuildTest, GivingUpLeavesTheOldOneServing) {
  Fill(300);
  const auto index = OpenIndex("index");
  ASSERT_TRUE(index->Apply(ReadAll(*log_)).ok());
  const std::string digest = *index->snapshot()->Digest();
  const auto give_up = [](const RebuildProgress&) { return false; };
  EXPECT_TRUE(absl::IsCancelled(
      Rebuild(*log_, kPartitions, *index, {.progress = give_up})));
  EXPECT_EQ(*index->snapshot()->Digest(), digest);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "index/index-2"));
  EXPECT_TRUE(absl::IsCancelled(Rebuild(*log_, kPartitions, folder_ / "other",
                                        TestFold(), {.progress = give_up})));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other/index-1"));
  ASSERT_TRUE(Rebuild(*log_, kPartitions, *index).ok());
  EXPECT_EQ(*index->snapshot()->Digest(), digest);
}

TEST_F(RebuildTest, ASecondOneAtOnceIsRefused) {
  Fill(10);
  const auto index = OpenIndex("index");
  absl::Status second;
  ASSERT_TRUE(Rebuild(*log_, kPartitions, *index,
                      {.progress =
                           [&](const RebuildProgress&) {
                             second = Rebuild(*log_, kPartitions, *index);
                             return true;
                           }})
                  .ok());
  EXPECT_TRUE(absl::IsAlreadyExists(second)) << second;
}

TEST_F(RebuildTest, ABrokenLawIsFoundInMemoryAndInFiles) {
  Fill(300);
  Fold fold = TestFold();
  fold.apply = [](const eventlog::LoggedRecord& record, Rows& rows) {
    rows.Put(kByWord, "one key", record.record.value);
    return absl::OkStatus();
  };
  for (const size_t memory_bytes : {size_t{1} << 20, size_t{100}}) {
    const absl::Status broken = Rebuild(*log_, kPartitions, folder_ / "index",
                                        fold, {.memory_bytes = memory_bytes});
    EXPECT_TRUE(absl::IsInternal(broken)) << broken;
  }
  // The same content is no breach.
  fold.apply = [](const eventlog::LoggedRecord&, Rows& rows) {
    rows.Put(kByWord, "one key", "one value");
    return absl::OkStatus();
  };
  ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", fold,
                      {.memory_bytes = 100})
                  .ok());
  EXPECT_THAT(ValuesOf(*OpenIndex("index", fold)->snapshot(), kByWord, ""),
              ElementsAre("one value"));
}

TEST_F(RebuildTest, ProgressEndsWithAll) {
  Fill(300);
  RebuildProgress last;
  ASSERT_TRUE(Rebuild(*log_, kPartitions, folder_ / "index", TestFold(),
                      {.progress =
                           [&](const RebuildProgress& progress) {
                             last = progress;
                             return true;
                           }})
                  .ok());
  EXPECT_EQ(last.total, 300);
  EXPECT_EQ(last.done, 300);
  EXPECT_GT(last.records_per_second, 0);
  EXPECT_EQ(last.remaining, absl::ZeroDuration());
}

}  // namespace
}  // namespace vigil::projection
