#include "libs/projection/runner.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/projection/test_projection.h"

namespace vigil::projection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A log that can be cut off, or partitions of it, or be another one, and whose
// cursors can be slow to connect.
class CutLog final : public eventlog::EventLog {
 public:
  explicit CutLog(eventlog::EventLog* log) : log_(log) {}

  void Cut(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  void CutPartitions(std::set<eventlog::Partition> partitions) {
    absl::MutexLock lock(&mutex_);
    away_ = std::move(partitions);
  }
  // What is asked from now on, but not by cursors that are open.
  void MakeAnew(eventlog::EventLog* log) {
    absl::MutexLock lock(&mutex_);
    log_ = log;
  }
  // How often the ends were asked for, and told.
  int ends_told() const {
    absl::MutexLock lock(&mutex_);
    return ends_told_;
  }
  // So many first reads of each cursor.
  void FailFirstReads(int reads) {
    absl::MutexLock lock(&mutex_);
    failing_reads_ = reads;
  }
  int opened() const {
    absl::MutexLock lock(&mutex_);
    return opened_;
  }
  void AppendBatch(std::vector<eventlog::TopicRecord> batch,
                   absl::Time deadline, eventlog::AppendDone done) override {
    log()->AppendBatch(std::move(batch), deadline, std::move(done));
  }
  absl::StatusOr<std::unique_ptr<eventlog::Cursor>> Open(
      std::map<eventlog::Partition, int64_t> from) override {
    if (absl::Status status = Said(); !status.ok()) return status;
    auto cursor = log()->Open(std::move(from));
    if (!cursor.ok()) return cursor.status();
    absl::MutexLock lock(&mutex_);
    ++opened_;
    return std::make_unique<CutCursor>(this, *std::move(cursor),
                                       failing_reads_);
  }
  std::map<eventlog::Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<eventlog::Partition>& partitions,
      absl::Time deadline) override {
    const absl::Status status = Said();
    auto ends = log()->Ends(partitions, deadline);
    absl::MutexLock lock(&mutex_);
    for (auto& [partition, end] : ends) {
      if (!status.ok()) end = status;
      if (away_.contains(partition)) {
        end = absl::UnavailableError("no leader");
      }
    }
    ++ends_told_;
    return ends;
  }
  std::vector<eventlog::Partition> Partitions(
      const std::string& topic) const override {
    return log()->Partitions(topic);
  }

 private:
  class CutCursor final : public eventlog::Cursor {
   public:
    CutCursor(CutLog* log, std::unique_ptr<eventlog::Cursor> cursor,
              int failing_reads)
        : log_(log),
          cursor_(std::move(cursor)),
          failing_reads_(failing_reads) {}
    absl::StatusOr<std::vector<eventlog::LoggedRecord>> Next(
        size_t limit, absl::Time deadline) override {
      if (failing_reads_ > 0) {
        --failing_reads_;
        return absl::UnavailableError("connecting");
      }
      if (absl::Status status = log_->Said(); !status.ok()) return status;
      return cursor_->Next(limit, deadline);
    }

   private:
    CutLog* const log_;
    const std::unique_ptr<eventlog::Cursor> cursor_;
    int failing_reads_;
  };

  absl::Status Said() const {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

  eventlog::EventLog* log() const {
    absl::MutexLock lock(&mutex_);
    return log_;
  }

  mutable absl::Mutex mutex_;
  eventlog::EventLog* log_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::set<eventlog::Partition> away_ ABSL_GUARDED_BY(mutex_);
  int ends_told_ ABSL_GUARDED_BY(mutex_) = 0;
  int failing_reads_ ABSL_GUARDED_BY(mutex_) = 0;
  int opened_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Status WaitUntil(Runner& runner, std::function<bool()> there) {
  absl::Notification answered;
  absl::Status answer;
  runner.When(std::move(there), Soon(), [&](absl::Status status) {
    answer = std::move(status);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

eventlog::Partition AnotherThan(const eventlog::Partition& partition) {
  return partition == kPartitions[0] ? kPartitions[1] : kPartitions[0];
}

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() : log_(OpenLog(folder_ / "log")) {
    auto index = Index::Open(folder_ / "index", TestFold());
    EXPECT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
  }

  std::unique_ptr<Runner> Run(eventlog::EventLog& log) {
    return std::make_unique<Runner>(
        &log, index_.get(), kPartitions,
        RunnerOptions{.clock = [] { return absl::FromUnixSeconds(1); }});
  }

  // When the log took the newest record that was applied.
  absl::Time Newest() const {
    absl::Time newest = absl::InfinitePast();
    for (const auto& [partition, applied] : index_->snapshot()->applied()) {
      newest = std::max(newest, applied.logged);
    }
    return newest;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<Index> index_;
};

TEST_F(RunnerTest, AWaiterSeesItsOwnWrite) {
  const auto runner = Run(*log_);
  for (int i = 0; i < 20; ++i) {
    const std::string key = absl::StrCat("k", i);
    Positions wanted;
    Cover(wanted, Append(*log_, key, "value"));
    ASSERT_TRUE(runner->WaitFor(wanted, Soon()).ok());
    EXPECT_THAT(ValuesOf(*index_->snapshot(), kByKey, KeyPrefix(key)),
                ElementsAre("value"));
  }
}

TEST_F(RunnerTest, WhatIsNotThereYetIsSaidAtTheDeadline) {
  const auto runner = Run(*log_);
  const Positions beyond = {{kPartitions[0], 1}};
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      runner->WaitFor(beyond, absl::Now() + absl::Milliseconds(1))));
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(runner->WaitFor(beyond, absl::InfinitePast())));
  EXPECT_TRUE(
      runner->WaitFor({{kPartitions[0], 0}}, absl::InfinitePast()).ok());
  EXPECT_TRUE(
      absl::IsInvalidArgument(runner->WaitFor({{{"another", 0}, 1}}, Soon())));
}

TEST_F(RunnerTest, WhoWaitsAtTheEndIsAnswered) {
  auto runner = Run(*log_);
  absl::Status answer;
  runner->WhenCovered({{kPartitions[0], 1}}, absl::InfiniteFuture(),
                      [&](absl::Status status) { answer = std::move(status); });
  runner.reset();
  EXPECT_TRUE(absl::IsCancelled(answer)) << answer;
}

TEST_F(RunnerTest, GoesOnWhereItStopped) {
  Append(*log_, "anna", "first");
  ASSERT_TRUE(Run(*log_)->WaitFor(Ends(*log_), Soon()).ok());
  Append(*log_, "anna", "second");
  const auto runner = Run(*log_);
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  EXPECT_THAT(ValuesOf(*index_->snapshot(), kByKey, "anna"),
              ElementsAre("first", "second"));
  const RunnerStatus status = runner->status();
  EXPECT_EQ(status.lag_records, 0);
  EXPECT_TRUE(status.log_reachable);
  EXPECT_EQ(status.alarm, "");
}

TEST_F(RunnerTest, ServesOnWhileTheLogIsAwayAndCatchesUp) {
  CutLog cut(log_.get());
  const auto runner = Run(cut);
  Append(*log_, "anna", "before");
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  cut.Cut(absl::UnavailableError("broker away"));
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return !runner->status().log_reachable; }).ok());
  EXPECT_THAT(runner->status().log_error, HasSubstr("broker away"));
  EXPECT_EQ(runner->status().alarm, "");
  EXPECT_EQ(runner->status().stale_since, absl::FromUnixSeconds(1));
  Append(*log_, "anna", "meanwhile");
  EXPECT_THAT(ValuesOf(*index_->snapshot(), kByKey, "anna"),
              ElementsAre("before"));
  cut.Cut(absl::OkStatus());
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return runner->status().log_reachable; }).ok());
  EXPECT_EQ(runner->status().log_error, "");
  EXPECT_EQ(runner->status().stale_since, std::nullopt);
}

TEST_F(RunnerTest, ARestartInAnOutageMakesNothingFresher) {
  Append(*log_, "anna", "before");
  CutLog cut(log_.get());
  cut.Cut(absl::UnavailableError("broker away"));
  // Nothing was ever applied, so there is nothing to say.
  EXPECT_EQ(Run(cut)->status().stale_since, std::nullopt);
  ASSERT_TRUE(Run(*log_)->WaitFor(Ends(*log_), Soon()).ok());
  const auto runner = Run(cut);
  EXPECT_EQ(runner->status().stale_since, Newest());
}

TEST_F(RunnerTest, ACursorThatConnectsSlowlyIsKept) {
  CutLog slow(log_.get());
  slow.FailFirstReads(3);
  const auto runner = Run(slow);
  Append(*log_, "anna", "first");
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  EXPECT_EQ(slow.opened(), 1);
}

TEST_F(RunnerTest, APartitionThatIsAwayHoldsUpNoOtherAndIsComparedWhenBack) {
  const eventlog::Partition annas = Append(*log_, "anna", "before").partition;
  CutLog cut(log_.get());
  cut.CutPartitions({AnotherThan(annas)});
  const auto runner = Run(cut);
  ASSERT_TRUE(runner->WaitFor({{annas, 1}}, Soon()).ok());
  EXPECT_THAT(runner->status().log_error, HasSubstr("no leader"));
  EXPECT_FALSE(runner->status().log_reachable);
  EXPECT_THAT(runner->status().ends, SizeIs(kPartitions.size() - 1));
  // What the one that never answered holds is not known.
  EXPECT_FALSE(runner->status().lag_records.has_value());
  EXPECT_EQ(cut.opened(), 1);
  cut.CutPartitions({});
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return runner->status().log_reachable; }).ok());
  Append(*log_, "anna", "after");
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  while (cut.opened() < 2) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(runner->status().alarm, "");
}

TEST_F(RunnerTest, OneThatIsBackIsComparedWhileAnotherStaysAway) {
  const eventlog::Partition annas = Append(*log_, "anna", "old").partition;
  const eventlog::Partition missing = AnotherThan(annas);
  // Longer than what was applied.
  const auto anew = OpenLog(folder_ / "anew");
  for (int i = 0; i < 3; ++i) Append(*anew, "anna", "new");
  CutLog cut(log_.get());
  cut.CutPartitions({missing});
  const auto runner = Run(cut);
  ASSERT_TRUE(runner->WaitFor({{annas, 1}}, Soon()).ok());
  cut.CutPartitions({missing, annas});
  const int told = cut.ends_told();
  // The one that began before may have seen it there.
  while (cut.ends_told() < told + 2) absl::SleepFor(absl::Milliseconds(1));
  cut.MakeAnew(anew.get());
  cut.CutPartitions({missing});
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return !runner->status().alarm.empty(); }).ok());
  EXPECT_THAT(runner->status().alarm, HasSubstr("made anew"));
  EXPECT_THAT(ValuesOf(*index_->snapshot(), kByKey, "anna"),
              ElementsAre("old"));
}

TEST_F(RunnerTest, ATopicThatWasMadeAnewStopsItWithAnAlarm) {
  for (int i = 0; i < 10; ++i) Append(*log_, absl::StrCat("k", i), "old");
  ASSERT_TRUE(Run(*log_)->WaitFor(Ends(*log_), Soon()).ok());
  const auto before = index_->snapshot()->Digest();
  // As long as the other, with other content.
  const auto anew = OpenLog(folder_ / "anew");
  for (int i = 0; i < 10; ++i) Append(*anew, absl::StrCat("k", i), "new");
  const auto runner = Run(*anew);
  const absl::Status stopped =
      WaitUntil(*runner, [&] { return !runner->status().alarm.empty(); });
  ASSERT_TRUE(stopped.ok()) << stopped;
  EXPECT_THAT(runner->status().alarm, HasSubstr("truncated or made anew"));
  EXPECT_EQ(*index_->snapshot()->Digest(), *before);
  // It answers, and is followed no more: that is not fresh.
  EXPECT_TRUE(runner->status().log_reachable);
  EXPECT_EQ(runner->status().stale_since, Newest());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      runner->WaitFor({{kPartitions[0], 1000}}, absl::InfiniteFuture())));
  EXPECT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
}

TEST_F(RunnerTest, ALogShorterThanTheIndexStopsItWithAnAlarm) {
  for (int i = 0; i < 10; ++i) Append(*log_, absl::StrCat("k", i), "old");
  ASSERT_TRUE(Run(*log_)->WaitFor(Ends(*log_), Soon()).ok());
  const auto empty = OpenLog(folder_ / "empty");
  const auto runner = Run(*empty);
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return !runner->status().alarm.empty(); }).ok());
  EXPECT_THAT(runner->status().alarm, HasSubstr("truncated or made anew"));
}

TEST_F(RunnerTest, AnOffsetOutOfRangeStopsItWithAnAlarm) {
  CutLog cut(log_.get());
  const auto runner = Run(cut);
  Append(*log_, "anna", "before");
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  cut.Cut(absl::DataLossError("out of range"));
  ASSERT_TRUE(
      WaitUntil(*runner, [&] { return !runner->status().alarm.empty(); }).ok());
  EXPECT_THAT(runner->status().alarm, HasSubstr("out of range"));
  EXPECT_EQ(runner->status().stale_since, absl::FromUnixSeconds(1));
  // Not even when the log answers again.
  cut.Cut(absl::OkStatus());
  Append(*log_, "anna", "after");
  EXPECT_TRUE(absl::IsFailedPrecondition(runner->WaitFor(Ends(*log_), Soon())));
}

TEST_F(RunnerTest, QuarantineNeverBlocks) {
  const auto runner = Run(*log_);
  Append(*log_, "anna", "!cannot be opened");
  Append(*log_, "anna", "can");
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  EXPECT_THAT(ValuesOf(*index_->snapshot(), kByKey, "anna"),
              ElementsAre("can"));
  EXPECT_EQ(runner->status().quarantined, 1);
  EXPECT_EQ(*index_->snapshot()->CountQuarantined("anna"), 1);
}

TEST_F(RunnerTest, LagCountsWhatIsNotApplied) {
  for (int i = 0; i < 5; ++i) Append(*log_, absl::StrCat("k", i), "v");
  CutLog cut(log_.get());
  cut.Cut(absl::UnavailableError("away"));
  const auto runner = Run(cut);
  EXPECT_FALSE(runner->status().lag_records.has_value());
  EXPECT_THAT(runner->status().ends, IsEmpty());
  cut.Cut(absl::OkStatus());
  ASSERT_TRUE(runner->WaitFor(Ends(*log_), Soon()).ok());
  EXPECT_EQ(runner->status().lag_records, 0);
  EXPECT_EQ(runner->status().ends, Ends(*log_));
}

}  // namespace
}  // namespace vigil::projection
