#include "libs/service/pipeline.h"

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
#include "libs/service/drafts.h"
#include "libs/service/status.h"
#include "libs/service/test_writer.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
using Receipts = absl::StatusOr<common::Receipt>;

const absl::Time kReceived = absl::FromUnixSeconds(1'780'000'000);

common::Statement Concern(const std::string& id) {
  common::Statement request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        submission {
          organisation { scheme: "police" code: "43" }
          author { role: "sergeant" }
          record_ref { system: "niche" id: "rec-1" }
        }
        about { person { ref { local_id { system: "niche" id: "000123" } } } }
        account {
          occurred { date: "2026-05-01" }
          headline: "Found alone at home"
        }
        concern_raised { urgency: URGENCY_URGENT }
      )pb",
      &request));
  request.mutable_submission()->set_request_id(id);
  return request;
}

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    std::filesystem::remove_all(folder_);
    log_ = *eventlog::RocksdbEventLog::Open(
        folder_ + "/log", {{"vigil.police.events.v1", {1, 1, 1}},
                           {"vigil.mash.events.v1", {1, 1, 1}}});
    Restart();
  }
  ~PipelineTest() override {
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
    MakePipeline(/*hub=*/false);
  }
  void MakePipeline(bool hub, event::NamingKeys keys) {
    keys_ = std::move(keys);
    MakePipeline(hub);
  }
  void MakePipeline(bool hub) {
    Writer writer = hub ? HubWriter() : PoliceWriter();
    pipeline_ = std::make_unique<Pipeline>(std::move(writer), store_.get(),
                                           keys_, [this] { return now_; });
  }

  // Of a publisher, with other roles beside.
  Call ACall(std::vector<config::v1::Role> roles = {}) const {
    config::v1::System system;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(
          id: "records"
          roles: ROLE_PUBLISHER
          services: [ "police", "mash" ]
          organisations { scheme: "police" code: "43" }
        )pb",
        &system));
    for (const config::v1::Role role : roles) system.add_roles(role);
    return {.caller = Caller(system),
            .deadline = absl::Now() + absl::Seconds(30),
            .traceparent = ""};
  }

  Receipts Submit(const common::Statement& request) {
    return Submit(ACall(), request);
  }
  Receipts Submit(const Call& call, const common::Statement& request) {
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
      testing::TempDir(), "/pipeline-",
      testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<eventlog::Outbox> outbox_;
  std::unique_ptr<eventlog::StoreAndForward> store_;
  absl::Time now_ = kReceived;
  event::NamingKeys keys_ = {
      .current = event::NamingKey("00c0ffee", std::string(32, 'k'))};
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineTest, AReceiptNamesWhatTheLogHolds) {
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

TEST_F(PipelineTest, TheSameRequestAgainGivesTheSameReceipt) {
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

TEST_F(PipelineTest, TheSameIdWithOtherContentIsRefusedAndNotStored) {
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

TEST_F(PipelineTest, RepeatsThatComeAtOnceAreOneFact) {
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

// `count` things that were noticed about each.
void Observe(int count, event::v1::About* about) {
  for (int i = 0; i < count; ++i) {
    event::v1::ObservationMade& observation = *about->add_observations();
    observation.set_bearing(event::v1::BEARING_CONCERN);
    observation.mutable_indicator()->mutable_own()->set_display("d");
  }
}

event::v1::About& AddNumbered(uint32_t number, common::Statement* request) {
  event::v1::About& about = *request->add_about();
  about.mutable_person()->mutable_ref()->set_number(number);
  return about;
}

TEST_F(PipelineTest, EachChildAndEachObservationIsAnEvent) {
  auto request = Concern("r-1");
  Observe(2, request.mutable_about(0));
  Observe(2, &AddNumbered(1, &request));
  const auto receipt = Submit(request);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_EQ(receipt->events_size(), 6);
  EXPECT_EQ(receipt->events(0).field(), "about[0]");
  EXPECT_EQ(receipt->events(5).field(), "about[1].observations[1]");
  std::set<std::string> ids;
  std::set<std::string> subjects;
  for (const auto& stored : receipt->events()) {
    ids.insert(stored.event_id());
    subjects.insert(stored.subject());
  }
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_EQ(subjects.size(), 2u);
  ASSERT_EQ(receipt->named_size(), 2);
  EXPECT_EQ(receipt->named(1).field(), "about[1].person.ref");
  EXPECT_EQ(receipt->named(1).subject(), receipt->events(3).subject());
  int titled = 0;
  for (const auto& record : Logged()) {
    const auto envelope = event::Scan(record.record.value);
    EXPECT_EQ(envelope->request_count, 6u);
    const auto header =
        envelope->Open<event::v1::Header>(event::v1::PART_HEADER);
    ASSERT_TRUE(header.ok()) << header.status();
    // An observation is read under its own name.
    if (header->account().headline() == "d" && header->has_observation()) {
      ++titled;
    }
  }
  EXPECT_EQ(titled, 4);
}

TEST_F(PipelineTest, AStatementMakesSoManyEventsAtMost) {
  auto request = Concern("r-1");
  Observe(19, request.mutable_about(0));
  for (uint32_t i = 1; i < 5; ++i) Observe(19, &AddNumbered(i, &request));
  EXPECT_EQ(EventsOf(request), kMaxRequestEvents);
  AddNumbered(5, &request);
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(ToRpcStatus(refused.status()).DebugString().find("TOO_MANY_EVENTS"),
            std::string::npos);
  EXPECT_TRUE(Logged().empty());
  request.mutable_about()->RemoveLast();
  const auto stored = Submit(request);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->events_size(), static_cast<int>(kMaxRequestEvents));
}

TEST_F(PipelineTest, AnActThatTheWriterDoesNotTakeIsRefused) {
  auto request = Concern("r-1");
  request.mutable_priority_rated()->set_rating(event::v1::RATING_RED);
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(ToRpcStatus(refused.status())
                .DebugString()
                .find("ACT_NOT_OF_THIS_SERVICE"),
            std::string::npos);
}

TEST_F(PipelineTest, AnActThatTheSystemIsNotGrantedIsRefused) {
  config::v1::System system;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        id: "records"
        roles: ROLE_PUBLISHER
        services: "police"
        organisations { scheme: "police" code: "43" }
        acts: "help_requested"
      )pb",
      &system));
  Call call = ACall();
  call.caller = Caller(system);
  const auto refused = Submit(call, Concern("r-1"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonDetail(refused.status(), "rule"), "publish.act");
}

TEST_F(PipelineTest, EveryFieldAtFaultIsNamedAndNothingIsStored) {
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

TEST_F(PipelineTest, ASystemSpeaksOnlyForItsOrganisations) {
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

TEST_F(PipelineTest, OnlyTheHubsCoordinatorsFileUnderSubjectsOfOthers) {
  auto request = Concern("r-1");
  request.mutable_about(0)->mutable_person()->mutable_ref()->set_subject(
      ForeignSubject());
  const Call publisher = ACall();
  const Call coordinator = ACall({config::v1::ROLE_COORDINATOR});
  EXPECT_EQ(Submit(coordinator, request).status().code(),
            absl::StatusCode::kInvalidArgument);  // it is not the hub's service
  MakePipeline(/*hub=*/true);
  EXPECT_EQ(Submit(publisher, request).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Submit(coordinator, request).ok());
}

TEST_F(PipelineTest, OnlyTheHubsCoordinatorsChangeEntriesOfOthers) {
  common::Statement by_id = Concern("r-1");
  auto& target = *by_id.mutable_entry_withdrawn()->mutable_target();
  target.set_event_id("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  target.set_subject(ForeignSubject());
  common::Statement by_record = Concern("r-2");
  *by_record.mutable_entry_withdrawn()->mutable_target()->mutable_record_ref() =
      by_id.submission().record_ref();
  const Call publisher = ACall();
  const Call coordinator = ACall({config::v1::ROLE_COORDINATOR});
  // Through its own service an id reaches what is its own: readers see to it.
  EXPECT_TRUE(Submit(publisher, by_id).ok());
  MakePipeline(/*hub=*/true);
  by_id.mutable_submission()->set_request_id("r-3");
  const auto refused = Submit(publisher, by_id);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonDetail(refused.status(), "rule"), "publish.coordinator");
  EXPECT_TRUE(Submit(publisher, by_record).ok());
  EXPECT_TRUE(Submit(coordinator, by_id).ok());
  // The record of another organisation is anybody's too.
  by_record.mutable_submission()->set_request_id("r-4");
  auto& theirs = *by_record.mutable_entry_withdrawn()
                      ->mutable_target()
                      ->mutable_organisation();
  theirs.set_scheme("police");
  theirs.set_code("99");
  EXPECT_EQ(Submit(publisher, by_record).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Submit(coordinator, by_record).ok());
}

TEST_F(PipelineTest, OnlyTheHubsCoordinatorsDecideAboutRecords) {
  common::Statement link = Concern("r-1");
  link.clear_about();
  auto& linked = *link.mutable_subjects_linked();
  linked.add_subjects(ForeignSubject());
  linked.add_subjects(keys_.current.Subject(event::SubjectKind::kPerson,
                                            "police:43", "niche", "1"));
  linked.mutable_basis()->mutable_basis()->set_code("clerical_review");
  linked.mutable_basis()->set_evidence("seen together");
  MakePipeline(/*hub=*/true);
  EXPECT_EQ(Submit(link).status().code(), absl::StatusCode::kPermissionDenied);
  const auto stored = Submit(ACall({config::v1::ROLE_COORDINATOR}), link);
  EXPECT_TRUE(stored.ok()) << ToRpcStatus(stored.status()).DebugString();
}

TEST_F(PipelineTest, OneChildInTwoWordsIsNamedTwice) {
  const auto first = Submit(Concern("r-1"));
  ASSERT_TRUE(first.ok()) << first.status();
  auto request = Concern("r-2");
  request.add_about()->mutable_person()->mutable_ref()->set_subject(
      first->events(0).subject());
  const auto refused = Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string details = ToRpcStatus(refused.status()).DebugString();
  EXPECT_NE(details.find("about[1]"), std::string::npos);
  EXPECT_NE(details.find("PERSON_REPEATED"), std::string::npos);
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(PipelineTest, ValidateOnlyStoresAndRemembersNothing) {
  auto request = Concern("r-1");
  request.set_validate_only(true);
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
class InFlightTest : public PipelineTest {
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
    MakePipeline(/*hub=*/false);
  }

  struct Answer {
    Receipts receipt;
    absl::Notification done;
  };
  // Begins, and does not wait.
  std::unique_ptr<Answer> Begin(const common::Statement& request) {
    auto answer = std::make_unique<Answer>();
    pipeline_->Submit(ACall(), request, [answer = answer.get()](Receipts got) {
      answer->receipt = std::move(got);
      answer->done.Notify();
    });
    return answer;
  }

  common::Statement Other(const std::string& id) {
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

TEST_F(PipelineTest, AReplacedKeyKeepsTheAnswersOfBefore) {
  const auto before = Submit(Concern("r-1"));
  ASSERT_TRUE(before.ok()) << before.status();
  MakePipeline(/*hub=*/false, Replaced(keys_));
  const auto after = Submit(Concern("r-1"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->SerializeAsString(), before->SerializeAsString());
  auto other = Concern("r-1");
  other.mutable_account()->set_headline("Something else");
  EXPECT_EQ(Reason(Submit(other).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(PipelineTest, AReplacedKeyJoinsOldReferencesAsPeopleAreNamed) {
  const std::string old = Submit(Concern("r-1"))->events(0).subject();
  MakePipeline(/*hub=*/false, Replaced(keys_));
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
  by_reference.mutable_about(0)->mutable_person()->mutable_ref()->set_subject(
      old);
  const auto filed = Submit(by_reference);
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(filed->events(0).subject(), old);
  auto twice = Concern("r-5");
  twice.add_about()->mutable_person()->mutable_ref()->set_subject(old);
  EXPECT_EQ(Submit(twice).status().code(), absl::StatusCode::kInvalidArgument);

  // Said again after a start, at another time: a repeat, not other content.
  now_ += absl::Hours(1);
  MakePipeline(/*hub=*/false);
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

// That an informant is one, and who, must not stand in the clear; and who is
// named twice is one person.
TEST_F(PipelineTest, AReplacedKeyTellsNobodyOfAnInformant) {
  MakePipeline(/*hub=*/false, Replaced(keys_));
  auto request = Concern("r-1");
  request.mutable_consent_recorded()->set_status(
      event::v1::CONSENT_STATUS_GIVEN);
  *request.mutable_consent_recorded()->mutable_by() =
      request.about(0).person().ref();
  auto& informant = *request.mutable_informant()->mutable_person();
  informant.mutable_local_id()->set_system("niche");
  informant.mutable_local_id()->set_id("neighbour");
  const auto receipt = Submit(request);
  ASSERT_TRUE(receipt.ok()) << ToRpcStatus(receipt.status()).DebugString();
  EXPECT_EQ(Logged().size(), 2u);  // the fact, and the child's renaming
}

TEST_F(PipelineTest, AReplacedKeyIsAnnouncedAfterTheFirst) {
  MakePipeline(/*hub=*/false, Replaced(keys_));
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

TEST_F(PipelineTest, TheNamingKeyIsAnnouncedUnderOneId) {
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
