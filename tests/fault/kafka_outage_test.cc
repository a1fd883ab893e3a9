// Kafka is away for longer than every time-out of the configuration. Whoever
// publishes is answered ACCEPTED, also by a writer restarted meanwhile, and
// when Kafka is back the log has everything.
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/eventlog/kafka_event_log.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/eventlog/topics_admin.h"
#include "tests/kafka_broker.h"
#include "tests/temporary_folder.h"

namespace vigil::eventlog {
namespace {

constexpr char kTopic[] = "vigil.police.events.v1";
const Topics kTopics = {
    {kTopic,
     {.partitions = 2, .replication_factor = 1, .min_insync_replicas = 1}}};

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

// One writer process's part: what a restart makes anew.
struct Writer {
  Writer(const KafkaConnection& connection, const std::string& folder)
      : log(*KafkaEventLog::Open(connection, kTopics)),
        outbox(*Outbox::Open(folder)) {
    StoreAndForwardOptions options;
    options.accept_after = absl::Milliseconds(500);
    options.relay_deadline = absl::Seconds(3);  // above delivery.timeout.ms
    options.relay_backoff_min = absl::Milliseconds(10);
    options.relay_backoff_max = absl::Milliseconds(200);
    store = std::make_unique<StoreAndForward>(log.get(), outbox.get(), options);
  }

  // Whether all of it is LOGGED; a failure of the test if it is not durable.
  bool Append(const std::string& value) {
    absl::Status status;
    Fates fates;
    absl::Notification answered;
    store->Append({{kTopic, {absl::StrCat("key-", value), value, {}}}}, Soon(),
                  nullptr, [&](absl::Status what, Fates where) {
                    status = std::move(what);
                    fates = std::move(where);
                    answered.Notify();
                  });
    answered.WaitForNotification();
    EXPECT_TRUE(status.ok()) << status;
    return status.ok() && fates[0].has_value();
  }

  std::unique_ptr<KafkaEventLog> log;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<StoreAndForward> store;
};

TEST(KafkaOutage, EverythingAcceptedIsLoggedAfterItAndNotBefore) {
  KafkaBroker& broker = KafkaBroker::Shared();
  const auto applied =
      ApplyTopics(broker.As("operator"), kTopics,
                  {{"User:police", TopicAcl::Operation::kWrite, kTopic, false},
                   {"User:police", TopicAcl::Operation::kRead, kTopic, false}},
                  {}, Soon());
  ASSERT_TRUE(applied.ok()) << applied.status();
  KafkaConnection connection = broker.As("police");
  connection.settings = {{"delivery.timeout.ms", "1000"},
                         {"request.timeout.ms", "500"},
                         {"socket.timeout.ms", "1000"}};
  const TemporaryFolder folder;
  auto writer = std::make_unique<Writer>(connection, folder.path());
  const absl::Time warm_by = Soon();
  writer->Append("warm");  // a new broker may be slower than we wait
  while (writer->outbox->depth() > 0) {
    ASSERT_LT(absl::Now(), warm_by);
    std::this_thread::yield();
  }

  broker.Kill();
  int accepted = 0;
  for (; accepted < 20; ++accepted) {
    EXPECT_FALSE(writer->Append(absl::StrCat(accepted)));
  }
  // An append that ends before its own deadline was given up by librdkafka:
  // every time-out of the configuration has passed. Twice, for good measure.
  for (int i = 0; i < 2; ++i) {
    const auto given_up =
        writer->log->Append({kTopic, {"key", "in doubt", {}}}, Soon());
    EXPECT_TRUE(absl::IsUnavailable(given_up.status())) << given_up.status();
  }
  EXPECT_EQ(writer->outbox->depth(), 20u);

  // The writer is restarted during the outage, and serves.
  writer.reset();
  writer = std::make_unique<Writer>(connection, folder.path());
  EXPECT_EQ(writer->outbox->depth(), 20u);
  for (; accepted < 40; ++accepted) {
    EXPECT_FALSE(writer->Append(absl::StrCat(accepted)));
  }

  const absl::Time back = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  broker.Start();
  auto cursor = writer->log->Open({{{kTopic, 0}, 0}, {{kTopic, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  std::map<std::string, absl::Time> first_logged;
  const auto missing = [&] {
    for (int i = 0; i < accepted; ++i) {
      if (!first_logged.contains(absl::StrCat(i))) return true;
    }
    return false;
  };
  const absl::Time give_up = Soon();
  while (missing()) {
    ASSERT_LT(absl::Now(), give_up) << first_logged.size() << " are present";
    const auto some = (*cursor)->Next(100, give_up);
    if (absl::IsUnavailable(some.status())) continue;  // not back yet
    ASSERT_TRUE(some.ok()) << some.status();
    for (const LoggedRecord& each : *some) {
      first_logged.try_emplace(each.record.value, each.logged);
    }
  }
  // What was accepted during the outage was known to nobody then: the log says
  // since when it is.
  for (int i = 0; i < accepted; ++i) {
    EXPECT_GE(first_logged[absl::StrCat(i)], back) << i;
  }
  // And then the writer is LOGGED again, by itself.
  while (!writer->Append("again")) ASSERT_LT(absl::Now(), give_up);
}

}  // namespace
}  // namespace vigil::eventlog
