// The chronology as one piece, as main and the node put it together.
#include "services/chronology/chronology.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/service/channel.h"
#include "services/chronology/projection.h"
#include "services/chronology/test_facts.h"
#include "tests/temporary_folder.h"

namespace vigil::chronology {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ChronologyTest : public testing::Test {
 protected:
  ChronologyTest() {
    topics_["vigil.police.events.v1"] = {.partitions = 2};
    topics_[std::string(kAccessTopic)] = {.partitions = 2};
    log_ = *eventlog::RocksdbEventLog::Open(folder_.path() + "/log", topics_);
    config::v1::Register systems;
    config::v1::System& system = *systems.add_systems();
    system.set_id("hub");
    system.set_san_uri("vigil://system/hub");
    system.set_issuer("Test authority");
    system.add_roles(config::v1::ROLE_COORDINATOR);
    *system.add_organisations() = ToProtoOrganisation("la:E99000001");
    callers_ = std::make_unique<service::Callers>(
        *service::Register::Make(systems, {"police"}),
        service::CallersOptions{.plaintext_system = "hub"});
  }

  absl::StatusOr<std::unique_ptr<Chronology>> Open() {
    eventlog::StoreAndForwardOptions options;
    options.forward = false;
    return Chronology::Open(folder_.path() + "/data", log_.get(), topics_,
                            options, callers_.get(), &metrics_);
  }

  // Serves, and asks until it answers: a client repeats what is UNAVAILABLE.
  absl::StatusOr<v1::GetChronologyResponse> Ask(
      std::unique_ptr<Chronology> chronology, const std::string& subject) {
    config::v1::Process process;
    process.set_data_folder(folder_.path());
    auto& plaintext = *process.mutable_listener()->mutable_plaintext();
    plaintext.set_address("127.0.0.1:0");
    plaintext.set_as_system("hub");
    service::Server server("chronology", process, &metrics_);
    chronology->AddTo(&server);
    if (absl::Status started = server.Start(); !started.ok()) return started;
    chronology->Watch(&server);
    service::Target target;
    target.address = server.plaintext_address();
    const auto channel = service::Channel::Open(target);
    if (!channel.ok()) return channel.status();
    v1::GetChronologyRequest request;
    request.set_subject(subject);
    request.mutable_asking()->mutable_on_behalf_of()->set_person_id("u1");
    request.mutable_asking()->mutable_on_behalf_of()->set_name("Test Person");
    request.mutable_asking()->mutable_on_behalf_of()->set_function("test");
    request.mutable_asking()->set_purpose(event::v1::PURPOSE_SYSTEM_TEST);
    *request.mutable_at_least()->add_positions() = told_;
    v1::GetChronologyResponse response;
    absl::Status asked;
    do {
      asked =
          channel->Call("/vigil.chronology.v1.ChronologyService/GetChronology",
                        request, &response);
    } while (absl::IsUnavailable(asked));
    metrics_text_ = metrics_.Text();
    server.Shutdown();
    chronology.reset();  // before the server, which it watches over
    if (!asked.ok()) return asked;
    return response;
  }

  void Tell(const std::string& subject) {
    auto records = Sealed(kPolice, {Told(subject, "2026-03-28", "Seen")}, "r1");
    const auto appended =
        log_->Append(records[0], absl::Now() + absl::Seconds(60));
    ASSERT_TRUE(appended.ok()) << appended.status();
    told_.set_topic(appended->position.partition.topic);
    told_.set_partition(appended->position.partition.partition);
    told_.set_offset(appended->position.offset);
  }

  TemporaryFolder folder_;
  eventlog::Topics topics_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<service::Callers> callers_;
  service::Metrics metrics_;
  event::v1::Position told_;
  std::string metrics_text_;
};

TEST_F(ChronologyTest, ServesWhatTheLogHolds) {
  const std::string subject = Subject("police:99", "17");
  Tell(subject);
  auto chronology = Open();
  ASSERT_TRUE(chronology.ok()) << chronology.status();
  const auto answer = Ask(*std::move(chronology), subject);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->rows(), SizeIs(1));
  EXPECT_THAT(metrics_text_, HasSubstr("vigil_projection_lag_records 0"));
  EXPECT_THAT(metrics_text_, HasSubstr("vigil_unregistered_naming_keys 1"));
}

TEST_F(ChronologyTest, AnIndexOfAnotherVersionIsRebuiltBeforeItServes) {
  const std::string subject = Subject("police:99", "17");
  Tell(subject);
  {
    projection::Fold other = ChronologyFold();
    other.version = kFoldVersion + 1;
    ASSERT_TRUE(
        projection::Index::Open(folder_.path() + "/data/index", other).ok());
  }
  auto chronology = Open();
  ASSERT_TRUE(chronology.ok()) << chronology.status();
  const auto answer = Ask(*std::move(chronology), subject);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->rows(), SizeIs(1));
}

TEST_F(ChronologyTest, AnIndexOfAnotherVersionWhoseLogIsGoneIsKept) {
  const std::string subject = Subject("police:99", "17");
  {
    projection::Fold other = ChronologyFold();
    other.version = kFoldVersion + 1;
    auto index = projection::Index::Open(folder_.path() + "/data/index", other);
    ASSERT_TRUE(index.ok()) << index.status();
    eventlog::TopicRecord record =
        Sealed(kPolice, {Told(subject, "2026-03-28", "Seen")}, "r1")[0];
    ASSERT_TRUE((*index)
                    ->Apply({{.position = {{record.topic, 0}, 0},
                              .logged = absl::FromUnixSeconds(1'780'000'000),
                              .record = std::move(record.record)}})
                    .ok());
  }
  auto chronology = Open();
  ASSERT_TRUE(chronology.ok()) << chronology.status();
  config::v1::Process process;
  process.set_data_folder(folder_.path());
  auto& plaintext = *process.mutable_listener()->mutable_plaintext();
  plaintext.set_address("127.0.0.1:0");
  plaintext.set_as_system("hub");
  service::Server server("chronology", process, &metrics_);
  (*chronology)->AddTo(&server);
  ASSERT_TRUE(server.Start().ok());
  service::Target target;
  target.address = server.plaintext_address();
  const auto channel = service::Channel::Open(target);
  ASSERT_TRUE(channel.ok()) << channel.status();
  v1::GetStatusResponse status;
  absl::Status asked;
  do {
    asked = channel->Call("/vigil.chronology.v1.ChronologyService/GetStatus",
                          v1::GetStatusRequest(), &status);
  } while (absl::IsUnavailable(asked));
  ASSERT_TRUE(asked.ok()) << asked;
  EXPECT_THAT(status.alarm(), HasSubstr("was truncated"));
  server.Shutdown();
  chronology->reset();
  projection::Fold other = ChronologyFold();
  other.version = kFoldVersion + 1;
  EXPECT_TRUE(
      projection::Index::Open(folder_.path() + "/data/index", other).ok());
}

TEST_F(ChronologyTest, NeedsATopicForWhatIsViewed) {
  topics_.erase(std::string(kAccessTopic));
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
}

}  // namespace
}  // namespace vigil::chronology
