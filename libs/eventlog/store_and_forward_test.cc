#include "libs/eventlog/store_and_forward.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "libs/eventlog/partitioner.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "tests/fault/faulty_disk.h"
#include "tests/temporary_folder.h"

namespace vigil::eventlog {
namespace {

constexpr char kTopic[] = "t";
constexpr char kWide[] = "wide";  // two partitions

// The embedded log behind a network that can be cut or fall silent, that
// refuses a key, or has lost one.
class Network final : public EventLog {
 public:
  explicit Network(EventLog* log) : log_(log) {}

  void Cut(bool cut) {
    const absl::MutexLock lock(&mutex_);
    cut_ = cut;
  }
  // Appends are taken and never answered, until it is undone.
  void Hang(bool hang) {
    std::vector<std::function<void()>> held;
    {
      const absl::MutexLock lock(&mutex_);
      hang_ = hang;
      if (!hang) held.swap(held_);
    }
    for (const auto& each : held) each();
  }
  // As if the partition of this key had no leader.
  void LoseKey(std::string key) {
    const absl::MutexLock lock(&mutex_);
    lost_ = std::move(key);
  }
  void RefuseKey(std::string key,
                 absl::Status with = absl::PermissionDeniedError("no ACL")) {
    const absl::MutexLock lock(&mutex_);
    refused_ = std::move(key);
    refusal_ = std::move(with);
  }
  // The first key of each batch that was tried, but for those that were cut.
  std::vector<std::string> tried() const {
    const absl::MutexLock lock(&mutex_);
    return tried_;
  }
  int attempts() const {
    const absl::MutexLock lock(&mutex_);
    return attempts_;
  }
  // Returns once that many appends have been tried.
  void WaitForAttempts(int attempts) const {
    const absl::MutexLock lock(&mutex_);
    const auto tried = [&] { return attempts_ >= attempts; };
    mutex_.Await(absl::Condition(&tried));
  }

  void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                   AppendDone done) override {
    bool cut = false;
    std::string lost;
    std::string refused;
    absl::Status refusal;
    {
      const absl::MutexLock lock(&mutex_);
      ++attempts_;
      cut = cut_;
      if (!cut) tried_.push_back(batch.front().record.key);
      lost = lost_;
      refused = refused_;
      refusal = refusal_;
      if (hang_) {
        // In doubt at the deadline; here it passes when the test says so.
        held_.push_back([size = batch.size(), done = std::move(done)] {
          done(std::vector<absl::StatusOr<Appended>>(
              size, absl::DeadlineExceededError("in doubt")));
        });
        return;
      }
    }
    const auto fault = [&](const TopicRecord& record) {
      if (cut) return absl::UnavailableError("cut");
      if (record.record.key == lost) return absl::UnavailableError("no leader");
      return record.record.key == refused ? refusal : absl::OkStatus();
    };
    if (std::all_of(batch.begin(), batch.end(),
                    [&](const auto& record) { return fault(record).ok(); })) {
      log_->AppendBatch(std::move(batch), deadline, std::move(done));
      return;
    }
    std::vector<absl::StatusOr<Appended>> outcomes;
    for (TopicRecord& record : batch) {
      if (absl::Status said = fault(record); !said.ok()) {
        outcomes.push_back(std::move(said));
      } else {
        outcomes.push_back(log_->Append(std::move(record), deadline));
      }
    }
    done(std::move(outcomes));
  }
  absl::StatusOr<std::unique_ptr<Cursor>> Open(
      std::map<Partition, int64_t> from) override {
    return log_->Open(std::move(from));
  }
  std::map<Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<Partition>& partitions, absl::Time deadline) override {
    return log_->Ends(partitions, deadline);
  }
  std::vector<Partition> Partitions(const std::string& topic) const override {
    return log_->Partitions(topic);
  }

 private:
  EventLog* const log_;
  mutable absl::Mutex mutex_;
  bool cut_ = false;
  bool hang_ = false;
  std::vector<std::function<void()>> held_;
  std::string lost_;
  std::string refused_;
  absl::Status refusal_;
  int attempts_ = 0;
  std::vector<std::string> tried_;
};

class StoreAndForwardTest : public testing::Test {
 protected:
  StoreAndForwardTest() {
    log_ = *RocksdbEventLog::Open(folder_.path() + "/log",
                                  {{kTopic, {1, 1, 1}}, {kWide, {2, 1, 1}}});
    network_ = std::make_unique<Network>(log_.get());
    Restart();
  }
  ~StoreAndForwardTest() override {
    store_.reset();
    outbox_.reset();
    network_.reset();
    log_.reset();
  }

  void Stop() {
    store_.reset();
    outbox_.reset();
  }
  void Restart(bool forward = true) {
    Stop();
    auto outbox = Outbox::Open(folder_.path() + "/outbox", disk_.env());
    ASSERT_TRUE(outbox.ok()) << outbox.status();
    outbox_ = *std::move(outbox);
    StoreAndForwardOptions options;
    options.forward = forward;
    options.relay_backoff_min = absl::Milliseconds(1);
    options.relay_backoff_max = absl::Milliseconds(5);
    store_ = std::make_unique<StoreAndForward>(network_.get(), outbox_.get(),
                                               options);
  }

  std::pair<absl::Status, Fates> Append(const std::string& value,
                                        Remember remember = nullptr) {
    return AppendAll({{kTopic, {"key-" + value, value, {{"h", "v"}}}}},
                     std::move(remember));
  }
  std::pair<absl::Status, Fates> AppendAll(std::vector<TopicRecord> records,
                                           Remember remember = nullptr) {
    std::pair<absl::Status, Fates> result;
    absl::Notification done;
    store_->Append(std::move(records), absl::Now() + absl::Seconds(30),
                   std::move(remember), [&](absl::Status status, Fates fates) {
                     result = {std::move(status), std::move(fates)};
                     done.Notify();
                   });
    done.WaitForNotification();
    return result;
  }

  // Reads until so many records have come.
  std::vector<LoggedRecord> Read(size_t count) {
    auto cursor = *log_->Open({{{kTopic, 0}, 0}});
    std::vector<LoggedRecord> all;
    while (all.size() < count) {
      auto some = cursor->Next(1000, absl::Now() + absl::Seconds(30));
      EXPECT_TRUE(some.ok()) << some.status();
      if (!some.ok() || some->empty()) break;
      for (auto& record : *some) all.push_back(std::move(record));
    }
    return all;
  }

  const TemporaryFolder folder_;
  FaultyDisk disk_;  // the outbox's
  std::unique_ptr<RocksdbEventLog> log_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<StoreAndForward> store_;
};

TEST_F(StoreAndForwardTest, WhatTheLogTakesIsLogged) {
  const auto [status, fates] = Append("a");
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(fates[0].has_value());
  EXPECT_EQ(fates[0]->position.offset, 0);
  EXPECT_EQ(outbox_->depth(), 0u);
}

TEST_F(StoreAndForwardTest, WhileTheLogIsAwayRecordsAreAcceptedThenRelayed) {
  network_->Cut(true);
  for (int i = 0; i < 20; ++i) {
    const auto [status, fates] = Append(absl::StrCat(i));
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_FALSE(fates[0].has_value());
  }
  EXPECT_EQ(outbox_->depth(), 20u);
  EXPECT_TRUE(outbox_->oldest().has_value());
  network_->Cut(false);
  const auto all = Read(20);
  ASSERT_EQ(all.size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(all[i].record.value, absl::StrCat(i));
    EXPECT_EQ(all[i].record.headers, (std::vector<Header>{{"h", "v"}}));
  }
}

TEST_F(StoreAndForwardTest, ASilentLogIsNotWaitedForAgain) {
  network_->Cut(true);
  ASSERT_TRUE(Append("first").first.ok());
  EXPECT_FALSE(store_->log_answers());
  EXPECT_TRUE(store_->stores());
  Stop();
  Restart();  // a restart during the outage keeps what was accepted
  EXPECT_EQ(outbox_->depth(), 1u);
  ASSERT_TRUE(Append("second").first.ok());
  EXPECT_EQ(outbox_->depth(), 2u);
  network_->Cut(false);
  std::set<std::string> values;
  for (const auto& record : Read(2)) values.insert(record.record.value);
  EXPECT_EQ(values, (std::set<std::string>{"first", "second"}));
}

TEST_F(StoreAndForwardTest, WhatIsRefusedForEverIsParkedAndBlocksNothing) {
  network_->Cut(true);
  ASSERT_TRUE(Append("bad").first.ok());
  network_->RefuseKey("key-bad");
  network_->Cut(false);
  const int tried = network_->attempts();
  network_->WaitForAttempts(tried + 1);
  ASSERT_TRUE(Append("good").first.ok());
  EXPECT_EQ(Read(1)[0].record.value, "good");
  store_.reset();  // the relay has ended: what it did is done
  EXPECT_EQ(outbox_->parked(), 1u);
  EXPECT_EQ(outbox_->depth(), 0u);
  Restart();
  EXPECT_EQ(outbox_->parked(), 1u);
  network_->RefuseKey("");
  ASSERT_TRUE(outbox_->Retry().ok());
  Restart();  // relays what the outbox holds
  EXPECT_EQ(Read(2)[1].record.value, "bad");
}

TEST_F(StoreAndForwardTest, ParkedRecordsGoOnWhenTheyAreRetried) {
  network_->RefuseKey("key-bad");
  ASSERT_TRUE(Append("bad").first.ok());
  while (outbox_->parked() == 0) std::this_thread::yield();
  network_->RefuseKey("");
  ASSERT_TRUE(store_->RetryParked().ok());
  EXPECT_EQ(Read(1)[0].record.value, "bad");
}

TEST_F(StoreAndForwardTest, WhatNoLogTakesIsNeverAccepted) {
  const TopicRecord large = {kTopic,
                             {"key", std::string(kMaxValueBytes + 1, 'x'), {}}};
  const TopicRecord nowhere = {"unknown", {"key", "value", {}}};
  for (const bool cut : {false, true}) {
    network_->Cut(cut);
    if (cut) {
      ASSERT_TRUE(Append("silent from now on").first.ok());
    }
    EXPECT_EQ(AppendAll({{kTopic, {"key", "v", {}}}, large}).first.code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(AppendAll({{kTopic, {"key", "v", {}}}, nowhere}).first.code(),
              absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(outbox_->depth(), 1u);
  EXPECT_EQ(*log_->End({kTopic, 0}, absl::InfiniteFuture()), 0);
}

TEST_F(StoreAndForwardTest, ALostPartitionHoldsUpOthersForOneAttempt) {
  network_->Cut(true);
  // Several times what the relay sends at once.
  std::vector<TopicRecord> stuck(1600, {kWide, {"lost", "stuck", {}}});
  ASSERT_TRUE(AppendAll(stuck).first.ok());
  ASSERT_TRUE(Append("good").first.ok());
  Stop();
  network_->LoseKey("lost");
  network_->Cut(false);
  Restart();  // the relay begins with what is stuck
  EXPECT_EQ(Read(1)[0].record.value, "good");
  const std::vector<std::string> tried = network_->tried();
  ASSERT_GE(tried.size(), 2u);
  EXPECT_EQ(tried[0], "lost");
  EXPECT_EQ(tried[1], "key-good");
  network_->LoseKey("");
  while (outbox_->depth() > 0) std::this_thread::yield();
}

TEST_F(StoreAndForwardTest, ALostPartitionSendsNoOthersToTheOutbox) {
  const TopicRecord lost = {kWide, {"lost", "1", {}}};
  TopicRecord healthy = {kWide, {"", "2", {}}};
  do {
    healthy.record.key += "k";
  } while (PartitionOf(healthy.record.key, 2) == PartitionOf("lost", 2));
  network_->LoseKey("lost");
  const auto [status, fates] = AppendAll({lost});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(fates[0].has_value());
  const auto [also, other] = AppendAll({healthy});
  ASSERT_TRUE(also.ok()) << also;
  EXPECT_TRUE(other[0].has_value());
  EXPECT_FALSE(store_->log_answers());
  EXPECT_EQ(outbox_->depth(), 1u);
}

TEST_F(StoreAndForwardTest, WhatIsTooMuchForOneAttemptIsRelayedInSeveral) {
  // More than a log has in flight at once (in_flight.h).
  const std::string value(kMaxValueBytes, 'x');
  network_->Cut(true);
  for (int i = 0; i < 70; ++i) {
    ASSERT_TRUE(AppendAll({{kTopic, {absl::StrCat(i), value, {}}}}).first.ok());
  }
  network_->Cut(false);
  std::set<std::string> keys;
  for (const auto& record : Read(70)) keys.insert(record.record.key);
  EXPECT_EQ(keys.size(), 70u);
  while (!store_->log_answers()) std::this_thread::yield();
}

TEST_F(StoreAndForwardTest, WhatABrokerFindsTooLargeIsKeptUntilItsRepair) {
  network_->RefuseKey("large",
                      absl::InvalidArgumentError("Message size too large"));
  const auto [status, fates] =
      AppendAll({{kTopic, {"small", "1", {}}}, {kTopic, {"large", "2", {}}}});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(fates[0].has_value());
  EXPECT_FALSE(fates[1].has_value());
  while (outbox_->parked() == 0) std::this_thread::yield();
  network_->RefuseKey("");
  ASSERT_TRUE(store_->RetryParked().ok());
  EXPECT_EQ(Read(2)[1].record.value, "2");
}

TEST_F(StoreAndForwardTest, ABrokenOutboxIsRelayedOnceAndNoOftener) {
  network_->Cut(true);
  ASSERT_TRUE(Append("a").first.ok());
  ASSERT_TRUE(Append("b").first.ok());
  disk_.FailAt(1, FaultyDisk::Mode::kForAll);
  EXPECT_TRUE(absl::IsUnavailable(Append("nowhere").first));
  EXPECT_FALSE(outbox_->writable());
  EXPECT_FALSE(store_->stores());
  EXPECT_FALSE(store_->log_answers());
  EXPECT_TRUE(absl::IsUnavailable(store_->RetryParked()));

  // One gets through, and cannot be forgotten; the other does not.
  network_->LoseKey("key-a");
  network_->Cut(false);
  ASSERT_EQ(Read(1)[0].record.value, "b");
  network_->WaitForAttempts(network_->attempts() + 5);
  network_->LoseKey("");
  ASSERT_EQ(Read(2)[1].record.value, "a");
  // The log takes what comes, so this process is of use.
  ASSERT_TRUE(Append("c").first.ok());
  EXPECT_TRUE(store_->stores());
  store_.reset();
  EXPECT_EQ(*log_->End({kTopic, 0}, absl::InfiniteFuture()), 3);
  EXPECT_EQ(outbox_->depth(), 2u);
  outbox_.reset();
  disk_.Heal();
}

TEST_F(StoreAndForwardTest, WithoutForwardingAFailedLogStoresNothing) {
  Restart(/*forward=*/false);
  network_->RefuseKey("key-a", absl::ResourceExhaustedError("in flight"));
  EXPECT_TRUE(absl::IsResourceExhausted(Append("a").first));
  EXPECT_TRUE(store_->stores());
  network_->Cut(true);
  EXPECT_TRUE(absl::IsUnavailable(Append("b").first));
  EXPECT_FALSE(store_->stores());
  EXPECT_FALSE(store_->log_answers());
  network_->Cut(false);
  EXPECT_TRUE(Append("b").first.ok());
  EXPECT_TRUE(store_->stores());
  EXPECT_TRUE(store_->log_answers());
}

TEST_F(StoreAndForwardTest, ALogThatNeverAnswersKeepsNoOneWaiting) {
  // What is in the outbox is being relayed to a log that has fallen silent.
  network_->Cut(true);
  ASSERT_TRUE(Append("first").first.ok());
  network_->Hang(true);
  const int tried = network_->attempts();
  network_->WaitForAttempts(tried + 1);
  const auto [status, fates] = Append("second");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(fates[0].has_value());
  Stop();  // does not wait for the log either
  network_->Hang(false);
  network_->Cut(false);
  Restart();
  EXPECT_EQ(Read(2).size(), 2u);
}

TEST_F(StoreAndForwardTest, AnAnswerIsRememberedBeforeItIsGiven) {
  const auto remember = [](const Fates& fates) {
    return Outbox::Memory{"request",
                          fates[0].has_value() ? "logged" : "accepted"};
  };
  ASSERT_TRUE(Append("a", remember).first.ok());
  EXPECT_EQ(outbox_->Recall("request"), "logged");
  network_->Cut(true);
  ASSERT_TRUE(Append("a", remember).first.ok());
  EXPECT_EQ(outbox_->Recall("request"), "accepted");
  Restart();
  EXPECT_EQ(outbox_->Recall("request"), "accepted");
  EXPECT_EQ(outbox_->Recall("another"), std::nullopt);
}

TEST(Outbox, ForgetsWhatIsOld) {
  const TemporaryFolder folder;
  auto outbox = *Outbox::Open(folder.path());
  const absl::Time day = absl::FromUnixSeconds(1'700'000'000);
  const std::vector<Outbox::Memory> early = {{"early", "1"}};
  const std::vector<Outbox::Memory> late = {{"late", "2"}};
  ASSERT_TRUE(
      outbox->Write({.put = {}, .remember = early, .remove = {}, .now = day})
          .ok());
  ASSERT_TRUE(outbox
                  ->Write({.put = {},
                           .remember = late,
                           .remove = {},
                           .now = day + absl::Hours(48)})
                  .ok());
  ASSERT_TRUE(outbox->Forget(day + absl::Hours(24)).ok());
  EXPECT_EQ(outbox->Recall("early"), std::nullopt);
  EXPECT_EQ(outbox->Recall("late"), "2");
}

TEST(Outbox, ForgetsAndPutsBackMoreThanItDoesAtOnce) {
  const TemporaryFolder folder;
  auto outbox = *Outbox::Open(folder.path());
  const absl::Time day = absl::FromUnixSeconds(1'700'000'000);
  constexpr size_t kMany = 1'200;
  std::vector<Outbox::Memory> memories;
  for (size_t i = 0; i < kMany; ++i) memories.push_back({absl::StrCat(i), "1"});
  const std::vector<TopicRecord> records(kMany, {kTopic, {"key", "v", {}}});
  ASSERT_TRUE(
      outbox
          ->Write(
              {.put = records, .remember = memories, .remove = {}, .now = day})
          .ok());
  ASSERT_TRUE(outbox->Forget(day + absl::Hours(1)).ok());
  for (const Outbox::Memory& each : memories) {
    EXPECT_EQ(outbox->Recall(each.key), std::nullopt);
  }
  const auto page = outbox->Front(kMany);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_FALSE(page->more);
  for (const Outbox::Entry& each : page->entries) {
    ASSERT_TRUE(outbox->Park(each.number, "an ACL").ok());
  }
  EXPECT_EQ(outbox->parked(), kMany);
  ASSERT_TRUE(outbox->Retry().ok());
  EXPECT_EQ(outbox->parked(), 0u);
  EXPECT_EQ(outbox->depth(), kMany);
}

}  // namespace
}  // namespace vigil::eventlog
