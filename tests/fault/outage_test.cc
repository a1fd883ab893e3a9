// Kafka is away for longer than every time-out that anybody set: concerns are
// still taken and coordinators still read; and when it is back, the log says
// when each concern could be known to others.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/deployment.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;
using ::vigil::chronology::v1::GetChronologyRequest;
using ::vigil::chronology::v1::GetChronologyResponse;
using ::vigil::chronology::v1::Row;
using ::vigil::common::v1::Receipt;

// No process waits for Kafka longer than this in any way.
constexpr absl::Duration kLongestTimeOut = absl::Seconds(2);

void ShortTimeOuts(config::v1::Process* process) {
  process->mutable_limits()->set_accept_after_milliseconds(100);
  auto& properties =
      *process->mutable_log()->mutable_kafka()->mutable_properties();
  properties["message.timeout.ms"] = "2000";
  properties["request.timeout.ms"] = "1000";
  properties["socket.timeout.ms"] = "1000";
  properties["reconnect.backoff.max.ms"] = "200";
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

class Outage : public testing::Test {
 protected:
  Outage() : vigil_(KafkaDeployment(&ShortTimeOuts)) {}

  Receipt Raise(const std::string& id) {
    common::v1::Statement said;
    auto& submission = *said.mutable_submission();
    submission.set_request_id(id);
    submission.mutable_organisation()->set_scheme("police");
    submission.mutable_organisation()->set_code("99");
    submission.mutable_author()->set_role("duty officer");
    submission.mutable_record_ref()->set_system("records");
    submission.mutable_record_ref()->set_id(id);
    auto& local_id =
        *said.add_about()->mutable_person()->mutable_ref()->mutable_local_id();
    local_id.set_system("records");
    local_id.set_id("00017");
    said.mutable_account()->mutable_occurred()->set_date("2025-02-03");
    said.mutable_account()->set_headline(absl::StrCat("Concern ", id));
    said.mutable_concern_raised()->set_urgency(event::v1::URGENCY_URGENT);
    Receipt receipt;
    const absl::Status status =
        vigil_->Open("police-records", "police")
            .Call("/vigil.police.v1.PoliceService/Submit", said, &receipt);
    EXPECT_TRUE(status.ok()) << status;
    return receipt;
  }

  GetChronologyResponse Ask(GetChronologyRequest request) {
    request.set_subject(subject_);
    auto response = AskAsCoordinator(*vigil_, std::move(request));
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *std::move(response) : GetChronologyResponse();
  }

  // Until the reader itself knows that it does not hear of anything new.
  GetChronologyResponse AskUntilItSaysThatItIsStale() {
    GetChronologyResponse response;
    do {
      response = Ask({});
    } while (response.completeness().log_reachable() == event::v1::ANSWER_YES &&
             !HasFailure());
    EXPECT_TRUE(response.completeness().has_stale_since());
    EXPECT_FALSE(response.view_id().empty());
    return response;
  }

  static std::vector<std::string> EventIds(
      const GetChronologyResponse& response) {
    std::vector<std::string> ids;
    for (const Row& row : response.rows()) ids.push_back(row.event_id());
    return ids;
  }

  const std::unique_ptr<Deployment> vigil_;
  std::string subject_;
};

TEST_F(Outage, ConcernsAreTakenAndReadersReadAndTheLogSaysWhen) {
  const Receipt before = Raise("before");
  ASSERT_EQ(before.durability(), common::v1::DURABILITY_LOGGED);
  subject_ = before.events(0).subject();
  const std::string first = before.events(0).event_id();
  GetChronologyRequest fresh;
  fresh.mutable_at_least()->add_event_ids(first);
  ASSERT_THAT(EventIds(Ask(fresh)), ElementsAre(first));

  vigil_->broker()->Kill();
  const absl::Time away_since = absl::Now();
  std::vector<std::string> accepted;
  const auto raise = [&](const std::string& id) {
    const Receipt receipt = Raise(id);
    EXPECT_EQ(receipt.durability(), common::v1::DURABILITY_ACCEPTED) << id;
    EXPECT_EQ(receipt.events(0).subject(), subject_);
    accepted.push_back(receipt.events(0).event_id());
  };
  raise("during");
  EXPECT_THAT(EventIds(AskUntilItSaysThatItIsStale()), ElementsAre(first));

  // Restarted with the broker away, both serve, and forget nothing.
  EXPECT_EQ(vigil_->process("police").Stop(), 0);
  vigil_->process("police").Start();
  raise("after the writer's restart");
  vigil_->process("police").Kill();
  vigil_->process("police").Start();
  EXPECT_EQ(vigil_->process("chronology").Stop(), 0);
  vigil_->process("chronology").Start();
  EXPECT_THAT(EventIds(AskUntilItSaysThatItIsStale()), ElementsAre(first));

  // Work goes on until each time-out has passed more than once; of concerns as
  // many as one answer can show.
  for (int i = 0; absl::Now() < away_since + 3 * kLongestTimeOut; ++i) {
    if (i < 300) {
      raise(absl::StrCat("meanwhile-", i));
    } else {
      Ask({});
    }
  }
  const absl::Time back_since = absl::Now();
  vigil_->broker()->Start();

  std::vector<std::string> all = accepted;
  all.push_back(first);
  GetChronologyRequest everything;
  *everything.mutable_at_least()->mutable_event_ids() = {all.begin(),
                                                         all.end()};
  const GetChronologyResponse after = Ask(everything);
  EXPECT_THAT(EventIds(after), UnorderedElementsAreArray(all));
  for (const Row& row : after.rows()) {
    if (row.event_id() == first) continue;
    // Received in the outage, and known to others only after it.
    EXPECT_LT(ToTime(row.received()), back_since);
    EXPECT_GE(ToTime(row.logged()),
              absl::FromUnixMillis(absl::ToUnixMillis(back_since)));
  }
  GetChronologyRequest then;
  *then.mutable_at_least() = everything.at_least();
  then.mutable_as_of()->mutable_logged()->set_seconds(
      absl::ToUnixSeconds(back_since));
  EXPECT_THAT(EventIds(Ask(then)), ElementsAre(first));
  EXPECT_EQ(after.completeness().log_reachable(), event::v1::ANSWER_YES);
}

}  // namespace
}  // namespace vigil
