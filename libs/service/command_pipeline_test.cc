#include "libs/service/command_pipeline.h"

#include <algorithm>
#include <filesystem>
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
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/limits.h"
#include "libs/event/open.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/service/acts.h"
#include "libs/service/status.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
using Receipts = absl::StatusOr<common::Receipt>;

const absl::Time kReceived = absl::FromUnixSeconds(1'780'000'000);

common::RaiseConcernRequest Concern(const std::string& id) {
  common::RaiseConcernRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        submission {
          organisation { scheme: "police" code: "43" }
          author { role: "sergeant" }
          record_ref { system: "niche" id: "rec-1" }
        }
        children { local_id { system: "niche" id: "000123" } }
        account {
          occurred { date: "2026-05-01" }
          headline: "Found alone at home"
        }
        concern { urgency: URGENCY_URGENT }
      )pb",
      &request));
  request.mutable_submission()->set_request_id(id);
  return request;
}

class CommandPipelineTest : public testing::Test {
 protected:
  CommandPipelineTest() {
    std::filesystem::remove_all(folder_);
    log_ = *eventlog::RocksdbEventLog::Open(
        folder_ + "/log", {{"vigil.police.events.v1", {1, 1, 1}}});
    Restart();
  }
  ~CommandPipelineTest() override {
    Stop();
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Stop() {
    pipeline_.reset();
    store_.reset();
    outbox_.reset();
  }
  void Restart() {
    Stop();
    outbox_ = *eventlog::Outbox::Open(folder_ + "/outbox");
    eventlog::StoreAndForwardOptions options;
    options.forward = false;
    store_ = std::make_unique<eventlog::StoreAndForward>(
        log_.get(), outbox_.get(), options);
    MakePipeline(/*any_subject=*/false);
  }
  void MakePipeline(bool any_subject, event::NamingKeys keys) {
    keys_ = std::move(keys);
    MakePipeline(any_subject);
  }
  void MakePipeline(bool any_subject) {
    pipeline_ = std::make_unique<CommandPipeline>(
        Writer{.name = "police",
               .service = nullptr,
               .translate = TranslateAct,
               .any_subject = any_subject},
        store_.get(), keys_, [this] { return now_; });
  }

  // Of a publisher, with other roles beside.
  Call ACall(std::vector<config::v1::Role> roles = {}) const {
    config::v1::System system;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
          id: "records"
          roles: ROLE_PUBLISHER
          vocabularies: "police"
          organisations { scheme: "police" code: "43" }
        )pb",
        &system));
    for (const config::v1::Role role : roles) system.add_roles(role);
    return {.caller = Caller(system),
            .deadline = absl::Now() + absl::Seconds(30),
            .traceparent = ""};
  }

  Receipts Submit(const google::protobuf::Message& request) {
    return Submit(ACall(), request);
  }
  Receipts Submit(const Call& call, const google::protobuf::Message& request) {
    Receipts result;
    absl::Notification done;
    pipeline_->Submit(call, request, [&](Receipts outcome) {
      result = std::move(outcome);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  std::vector<eventlog::LoggedRecord> Logged() {
    const int64_t end = *log_->End({"vigil.police.events.v1", 0},
                                   absl::Now() + absl::Seconds(30));
    if (end == 0) return {};
    auto cursor = *log_->Open({{{"vigil.police.events.v1", 0}, 0}});
    return *cursor->Next(10'000, absl::Now() + absl::Seconds(30));
  }

  const std::string folder_ = absl::StrCat(
      testing::TempDir(), "/command-pipeline-",
      testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<eventlog::Outbox> outbox_;
  std::unique_ptr<eventlog::StoreAndForward> store_;
  absl::Time now_ = kReceived;
  event::NamingKeys keys_ = {
      .current = event::NamingKey("00c0ffee", std::string(32, 'k'))};
  std::unique_ptr<CommandPipeline> pipeline_;
};

TEST_F(CommandPipelineTest, AReceiptNamesWhatTheLogHolds) {
  const auto receipt = Submit(Concern("r-1"));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->durability(), common::DURABILITY_LOGGED);
  EXPECT_EQ(receipt->request_id(), "r-1");
  EXPECT_FALSE(receipt->conversation_ref().empty());
  ASSERT_EQ(receipt->events_size(), 1);
  EXPECT_EQ(receipt->events(0).type(), "vigil.event.v1.ConcernRaised");
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0].position.offset, receipt->events(0).position().offset());
  const auto envelope = event::Scan(logged[0].record.value);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->id, receipt->events(0).event_id());
  EXPECT_EQ(envelope->source, "//vigil/police/police:43");
  EXPECT_EQ(envelope->subject, receipt->events(0).subject());
  EXPECT_EQ(envelope->received, kReceived);
  EXPECT_EQ(logged[0].record.key, receipt->events(0).subject());
}

TEST_F(CommandPipelineTest, TheSameRequestAgainGivesTheSameReceipt) {
  const auto first = Submit(Concern("r-1"));
  const auto again = Submit(Concern("r-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  Restart();  // the memory outlives the process
  const auto later = Submit(Concern("r-1"));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(first->SerializeAsString(), later->SerializeAsString());
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(CommandPipelineTest, TheSameIdWithOtherContentIsRefusedAndNotStored) {
  ASSERT_TRUE(Submit(Concern("r-1")).ok());
  auto other = Concern("r-1");
  other.mutable_account()->set_headline("Something else");
  const auto refused = Submit(other);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(refused.status()), "REQUEST_ID_REUSED");
  EXPECT_NE(ReasonDetail(refused.status(), "first_digest"),
            ReasonDetail(refused.status(), "this_digest"));
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(CommandPipelineTest, RepeatsThatComeAtOnceAreOneFact) {
  std::vector<std::thread> threads;
  std::vector<Receipts> receipts(16);
  for (Receipts& receipt : receipts) {
    threads.emplace_back([&] { receipt = Submit(Concern("r-1")); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Receipts& receipt : receipts) {
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(receipt->SerializeAsString(), receipts[0]->SerializeAsString());
  }
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(CommandPipelineTest, EachChildAndEachObservationIsAnEvent) {
  auto request = Concern("r-1");
  request.add_children()->set_person_number(1);
  request.add_observations()->set_bearing(event::v1::BEARING_CONCERN);
  request.add_observations()->set_bearing(event::v1::BEARING_CONCERN);
  for (auto& observation : *request.mutable_observations()) {
    auto& indicator = *observation.mutable_indicator();
    indicator.set_system("s");
    indicator.set_code("c");
    indicator.set_display("d");
  }
  const auto receipt = Submit(request);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_EQ(receipt->events_size(), 6);
  std::set<std::string> ids;
  std::set<std::string> subjects;
  for (const auto& stored : receipt->events()) {
    ids.insert(stored.event_id());
    subjects.insert(stored.subject());
  }
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_EQ(subjects.size(), 2u);
  int titled = 0;
  for (const auto& record : Logged()) {
    const auto envelope = event::Scan(record.record.value);
    EXPECT_EQ(envelope->request_count, 6u);
    const auto header =
        envelope->Open<event::v1::Header>(event::v1::PART_HEADER);
    ASSERT_TRUE(header.ok()) << header.status();
    // An observation is read under its own name.
    if (header->headline() == "d" && header->term().code() == "c") ++titled;
  }
  EXPECT_EQ(titled, 4);
}

TEST_F(CommandPipelineTest, ARequestMakesSoManyEventsAtMost) {
  auto request = Concern("r-1");
  for (int i = 0; i < 19; ++i) {
    auto& indicator = *request.add_observations()->mutable_indicator();
    indicator.set_system("s");
    indicator.set_code("c");
    indicator.set_display("d");
  }
  for (uint32_t i = 1; i < 5; ++i) request.add_children()->set_person_number(i);
  EXPECT_EQ(pipeline_->EventsOf(request), kMaxRequestEvents);
  request.add_children()->set_person_number(5);
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(ToRpcStatus(refused.status()).DebugString().find("TOO_MANY_EVENTS"),
            std::string::npos);
  EXPECT_TRUE(Logged().empty());
  request.mutable_children()->RemoveLast();
  const auto stored = Submit(request);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->events_size(), static_cast<int>(kMaxRequestEvents));
}

TEST_F(CommandPipelineTest, EveryFieldAtFaultIsNamedAndNothingIsStored) {
  auto request = Concern("");
  request.mutable_account()->clear_headline();
  request.mutable_submission()->mutable_organisation()->set_code("4 3");
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string details = ToRpcStatus(refused.status()).DebugString();
  EXPECT_NE(details.find("submission.request_id"), std::string::npos);
  EXPECT_NE(details.find("account.headline"), std::string::npos);
  EXPECT_NE(details.find("submission.organisation"), std::string::npos);
  EXPECT_TRUE(Logged().empty());
}

TEST_F(CommandPipelineTest, ASystemSpeaksOnlyForItsOrganisations) {
  auto request = Concern("r-1");
  request.mutable_submission()->mutable_organisation()->set_code("44");
  EXPECT_EQ(Submit(request).status().code(),
            absl::StatusCode::kPermissionDenied);
  Call stranger = ACall();
  stranger.caller = Caller();
  EXPECT_EQ(Submit(stranger, Concern("r-1")).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Logged().empty());
}

std::string ForeignSubject() {
  return event::NamingKey("12345678", std::string(32, 'x'))
      .Subject(event::SubjectKind::kPerson, "ods:RX1", "epr", "9");
}

TEST_F(CommandPipelineTest, OnlyTheHubsCoordinatorsFileUnderSubjectsOfOthers) {
  auto request = Concern("r-1");
  request.mutable_children(0)->set_subject(ForeignSubject());
  const Call publisher = ACall();
  const Call coordinator = ACall({config::v1::ROLE_COORDINATOR});
  EXPECT_EQ(Submit(coordinator, request).status().code(),
            absl::StatusCode::kInvalidArgument);  // it is not the hub's service
  MakePipeline(/*any_subject=*/true);
  EXPECT_EQ(Submit(publisher, request).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Submit(coordinator, request).ok());
}

TEST_F(CommandPipelineTest, OnlyTheHubsCoordinatorsChangeEntriesOfOthers) {
  common::WithdrawRequest by_id;
  *by_id.mutable_submission() = Concern("r-1").submission();
  *by_id.mutable_account() = Concern("r-1").account();
  *by_id.mutable_child() = Concern("r-1").children(0);
  by_id.mutable_withdrawal()->mutable_target()->set_event_id(
      "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  common::WithdrawRequest by_record = by_id;
  by_record.mutable_submission()->set_request_id("r-2");
  *by_record.mutable_withdrawal()->mutable_target()->mutable_record_ref() =
      by_id.submission().record_ref();
  const Call publisher = ACall();
  const Call coordinator = ACall({config::v1::ROLE_COORDINATOR});
  // Through its own service an id reaches what is its own: readers see to it.
  EXPECT_TRUE(Submit(publisher, by_id).ok());
  MakePipeline(/*any_subject=*/true);
  by_id.mutable_submission()->set_request_id("r-3");
  const auto refused = Submit(publisher, by_id);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonDetail(refused.status(), "rule"), "publish.coordinator");
  EXPECT_TRUE(Submit(publisher, by_record).ok());
  EXPECT_TRUE(Submit(coordinator, by_id).ok());
}

TEST_F(CommandPipelineTest, OnlyTheHubsCoordinatorsDecideAboutRecords) {
  pipeline_ = std::make_unique<CommandPipeline>(
      Writer{.name = "police",
             .service = nullptr,
             .translate =
                 [](const google::protobuf::Message& request) {
                   event::v1::Kind kind;
                   kind.mutable_subjects_linked()->add_subjects(
                       ForeignSubject());
                   Statement said = TranslateAct(request);
                   said.children.clear();
                   said.facts = {kind};
                   return std::move(said).About(ForeignSubject());
                 },
             .any_subject = true},
      store_.get(), keys_, [] { return kReceived; });
  EXPECT_EQ(Submit(Concern("r-1")).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(
      Submit(ACall({config::v1::ROLE_COORDINATOR}), Concern("r-1")).ok());
}

TEST_F(CommandPipelineTest, OneChildInTwoWordsIsNamedTwice) {
  const auto first = Submit(Concern("r-1"));
  ASSERT_TRUE(first.ok()) << first.status();
  auto request = Concern("r-2");
  request.add_children()->set_subject(first->events(0).subject());
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string details = ToRpcStatus(refused.status()).DebugString();
  EXPECT_NE(details.find("children[1]"), std::string::npos);
  EXPECT_NE(details.find("PERSON_REPEATED"), std::string::npos);
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(CommandPipelineTest, ValidateOnlyStoresAndRemembersNothing) {
  auto request = Concern("r-1");
  request.mutable_submission()->set_validate_only(true);
  const auto checked = Submit(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->durability(), common::DURABILITY_UNSPECIFIED);
  EXPECT_TRUE(Logged().empty());
  auto other = Concern("r-1");
  other.mutable_account()->set_headline("Something else");
  const auto stored = Submit(other);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->events(0).event_id(), checked->events(0).event_id());
}

// A log that takes what it is given when it is told to.
class HeldLog : public eventlog::EventLog {
 public:
  explicit HeldLog(eventlog::EventLog* log) : log_(log) {}

  void AppendBatch(std::vector<eventlog::TopicRecord> records,
                   absl::Time deadline, eventlog::AppendDone done) override {
    const absl::MutexLock lock(&mutex_);
    held_.push_back({std::move(records), deadline, std::move(done)});
  }
  absl::StatusOr<std::unique_ptr<eventlog::Cursor>> Open(
      std::map<eventlog::Partition, int64_t> from) override {
    return log_->Open(std::move(from));
  }
  std::map<eventlog::Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<eventlog::Partition>& partitions,
      absl::Time deadline) override {
    return log_->Ends(partitions, deadline);
  }
  std::vector<eventlog::Partition> Partitions(
      const std::string& topic) const override {
    return log_->Partitions(topic);
  }

  // Ends the append that waits: by the log, or with that error.
  void Release(const absl::Status& status = absl::OkStatus()) {
    std::vector<Append> held;
    {
      const absl::MutexLock lock(&mutex_);
      const auto any = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !held_.empty();
      };
      mutex_.Await(absl::Condition(&any));
      held.swap(held_);
    }
    for (Append& append : held) {
      if (status.ok()) {
        log_->AppendBatch(std::move(append.records), append.deadline,
                          std::move(append.done));
      } else {
        append.done(std::vector<absl::StatusOr<eventlog::Appended>>(
            append.records.size(), status));
      }
    }
  }

 private:
  struct Append {
    std::vector<eventlog::TopicRecord> records;
    absl::Time deadline;
    eventlog::AppendDone done;
  };
  eventlog::EventLog* const log_;
  absl::Mutex mutex_;
  std::vector<Append> held_ ABSL_GUARDED_BY(mutex_);
};

// Requests that are in flight at once.
class InFlightTest : public CommandPipelineTest {
 protected:
  InFlightTest() : held_(log_.get()) { Hold(); }
  ~InFlightTest() override { Stop(); }

  void Hold(size_t max_in_flight = 100) {
    Stop();
    outbox_ = *eventlog::Outbox::Open(folder_ + "/outbox");
    eventlog::StoreAndForwardOptions options;
    options.forward = false;
    options.max_in_flight = max_in_flight;
    store_ = std::make_unique<eventlog::StoreAndForward>(&held_, outbox_.get(),
                                                         options);
    MakePipeline(/*any_subject=*/false);
  }

  struct Answer {
    Receipts receipt;
    absl::Notification done;
  };
  // Begins, and does not wait.
  std::unique_ptr<Answer> Begin(const google::protobuf::Message& request) {
    auto answer = std::make_unique<Answer>();
    pipeline_->Submit(ACall(), request, [answer = answer.get()](Receipts got) {
      answer->receipt = std::move(got);
      answer->done.Notify();
    });
    return answer;
  }

  common::RaiseConcernRequest Other(const std::string& id) {
    auto other = Concern(id);
    other.mutable_account()->set_headline("Something else");
    return other;
  }

  HeldLog held_;
};

TEST_F(InFlightTest, AnotherContentWaitsUntilTheFirstIsStored) {
  const auto first = Begin(Concern("r-1"));
  const auto other = Begin(Other("r-1"));
  const auto again = Begin(Concern("r-1"));
  EXPECT_FALSE(other->done.HasBeenNotified());
  held_.Release();
  for (const auto* answer : {&first, &other, &again}) {
    (*answer)->done.WaitForNotification();
  }
  ASSERT_TRUE(first->receipt.ok()) << first->receipt.status();
  EXPECT_EQ(Reason(other->receipt.status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(again->receipt->SerializeAsString(),
            first->receipt->SerializeAsString());
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(InFlightTest, NoIdIsCalledUsedForWhatIsNotStored) {
  const auto first = Begin(Concern("r-1"));
  const auto other = Begin(Other("r-1"));
  held_.Release(absl::UnavailableError("the disk is full"));
  first->done.WaitForNotification();
  other->done.WaitForNotification();
  for (const auto* answer : {&first, &other}) {
    EXPECT_EQ((*answer)->receipt.status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(Reason((*answer)->receipt.status()), "APPEND_IN_DOUBT");
  }
  // Nothing was stored, so the other content can have the id.
  const auto repeated = Begin(Other("r-1"));
  held_.Release();
  repeated->done.WaitForNotification();
  EXPECT_TRUE(repeated->receipt.ok()) << repeated->receipt.status();
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(InFlightTest, TooMuchIsSaidAndStoredNowhere) {
  Hold(/*max_in_flight=*/1);
  const auto first = Begin(Concern("r-1"));
  const auto second = Begin(Concern("r-2"));
  second->done.WaitForNotification();
  EXPECT_EQ(second->receipt.status(), TooMuchInFlight());
  held_.Release();
  first->done.WaitForNotification();
  EXPECT_TRUE(first->receipt.ok()) << first->receipt.status();
  const auto repeated = Begin(Concern("r-2"));
  held_.Release();
  repeated->done.WaitForNotification();
  EXPECT_TRUE(repeated->receipt.ok()) << repeated->receipt.status();
  EXPECT_EQ(Logged().size(), 2u);
}

// The keys after a leak of the one in `keys`.
event::NamingKeys Replaced(event::NamingKeys keys) {
  keys.previous.insert(keys.previous.begin(), keys.current);
  keys.current = event::NamingKey("0badcafe", std::string(32, 'n'));
  return keys;
}

TEST_F(CommandPipelineTest, AReplacedKeyKeepsTheAnswersOfBefore) {
  const auto before = Submit(Concern("r-1"));
  ASSERT_TRUE(before.ok()) << before.status();
  MakePipeline(/*any_subject=*/false, Replaced(keys_));
  const auto after = Submit(Concern("r-1"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->SerializeAsString(), before->SerializeAsString());
  auto other = Concern("r-1");
  other.mutable_account()->set_headline("Something else");
  EXPECT_EQ(Reason(Submit(other).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(CommandPipelineTest, AReplacedKeyJoinsOldReferencesAsPeopleAreNamed) {
  const std::string old = Submit(Concern("r-1"))->events(0).subject();
  MakePipeline(/*any_subject=*/false, Replaced(keys_));
  const auto receipt = Submit(Concern("r-2"));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_EQ(receipt->events_size(), 1);  // the renaming is no part of it
  const std::string renamed = receipt->events(0).subject();
  EXPECT_NE(renamed, old);
  ASSERT_TRUE(Submit(Concern("r-3")).ok());  // it is said once
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 4u);
  const auto fact = event::Scan(logged[1].record.value);
  EXPECT_EQ(fact->request_count, 1u);
  const auto joined = event::Scan(logged[2].record.value);
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->source, "//vigil/police/police:43");
  EXPECT_EQ(joined->subject, std::min(old, renamed));
  EXPECT_EQ(logged[2].record.key, joined->subject);
  const auto kind = joined->OpenKind();
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(kind->subject_renamed().from_subject(), old);
  EXPECT_EQ(kind->subject_renamed().to_subject(), renamed);

  // Whoever holds the old reference still uses it, but not as another child.
  auto by_reference = Concern("r-4");
  by_reference.mutable_children(0)->set_subject(old);
  const auto filed = Submit(by_reference);
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(filed->events(0).subject(), old);
  auto twice = Concern("r-5");
  twice.add_children()->set_subject(old);
  EXPECT_EQ(Submit(twice).status().code(), absl::StatusCode::kInvalidArgument);

  // Said again after a start, at another time: a repeat, not other content.
  now_ += absl::Hours(1);
  MakePipeline(/*any_subject=*/false);
  ASSERT_TRUE(Submit(Concern("r-6")).ok());
  const auto logged_again = Logged();
  const auto again = event::Scan(logged_again.back().record.value);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id, joined->id);
  EXPECT_NE(logged_again.back().record.value, logged[2].record.value);
  EXPECT_FALSE(joined->request_key.empty());
  EXPECT_EQ(again->request_key, joined->request_key);
  EXPECT_EQ(again->request_digest, joined->request_digest);
}

TEST_F(CommandPipelineTest, AReplacedKeyIsAnnouncedAfterTheFirst) {
  MakePipeline(/*any_subject=*/false, Replaced(keys_));
  absl::Notification done;
  pipeline_->AnnounceKeys([&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    done.Notify();
  });
  done.WaitForNotification();
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 2u);
  const auto first = event::Scan(logged[0].record.value)->OpenKind();
  EXPECT_EQ(first->naming_key_registered().key_id(), "00c0ffee");
  const auto second = event::Scan(logged[1].record.value)->OpenKind();
  EXPECT_EQ(second->naming_key_replaced().old_key_id(), "00c0ffee");
  EXPECT_EQ(second->naming_key_replaced().new_key_id(), "0badcafe");
  EXPECT_EQ(second->naming_key_replaced().check(), keys_.current.CheckValue());
}

TEST_F(CommandPipelineTest, TheNamingKeyIsAnnouncedUnderOneId) {
  for (int i = 0; i < 2; ++i) {
    absl::Notification done;
    pipeline_->AnnounceKeys([&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      done.Notify();
    });
    done.WaitForNotification();
  }
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 2u);
  EXPECT_EQ(logged[0].record.key, "police");
  const auto one = event::Scan(logged[0].record.value);
  const auto two = event::Scan(logged[1].record.value);
  EXPECT_EQ(one->id, two->id);
  EXPECT_EQ(one->OpenKind()->naming_key_registered().key_id(), "00c0ffee");
}

}  // namespace
}  // namespace vigil::service
