#include "libs/projection/runner.h"

#include <memory>
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

// A log that can be cut off.
class CutLog final : public eventlog::EventLog {
 public:
  explicit CutLog(eventlog::EventLog* log) : log_(log) {}

  void Cut(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  void AppendBatch(std::vector<eventlog::TopicRecord> batch,
                   absl::Time deadline, eventlog::AppendDone done) override {
    log_->AppendBatch(std::move(batch), deadline, std::move(done));
  }
  absl::StatusOr<std::unique_ptr<eventlog::Cursor>> Open(
      std::map<eventlog::Partition, int64_t> from) override {
    if (absl::Status status = Said(); !status.ok()) return status;
    auto cursor = log_->Open(std::move(from));
    if (!cursor.ok()) return cursor.status();
    return std::make_unique<CutCursor>(this, *std::move(cursor));
  }
  absl::StatusOr<int64_t> End(const eventlog::Partition& partition,
                              absl::Time deadline) override {
    if (absl::Status status = Said(); !status.ok()) return status;
    return log_->End(partition, deadline);
  }
  std::vector<eventlog::Partition> Partitions(
      const std::string& topic) const override {
    return log_->Partitions(topic);
  }

 private:
  class CutCursor final : public eventlog::Cursor {
   public:
    CutCursor(CutLog* log, std::unique_ptr<eventlog::Cursor> cursor)
        : log_(log), cursor_(std::move(cursor)) {}
    absl::StatusOr<std::vector<eventlog::LoggedRecord>> Next(
        size_t limit, absl::Time deadline) override {
      if (absl::Status status = log_->Said(); !status.ok()) return status;
      return cursor_->Next(limit, deadline);
    }

   private:
    CutLog* const log_;
    const std::unique_ptr<eventlog::Cursor> cursor_;
  };

  absl::Status Said() const {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

  eventlog::EventLog* const log_;
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
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
