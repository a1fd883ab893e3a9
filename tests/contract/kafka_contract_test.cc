// The contract on a real broker, and what only Kafka has: certificates, rights,
// and a broker that goes away.
#include <atomic>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "librdkafka/rdkafka.h"
#include "libs/eventlog/kafka_event_log.h"
#include "libs/eventlog/topics_admin.h"
#include "tests/contract/event_log_contract.h"
#include "tests/kafka_broker.h"

namespace vigil::eventlog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

// Deletes records as only an operator can; the product has no such call.
void DeleteRecords(const Position& before) {
  const KafkaConnection to = KafkaBroker::Shared().As("operator");
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char text[512];
  for (const auto& [name, value] :
       {std::pair<const char*, std::string>{"bootstrap.servers", to.bootstrap},
        {"security.protocol", "ssl"},
        {"ssl.ca.location", to.ca_file},
        {"ssl.certificate.location", to.certificate_file},
        {"ssl.key.location", to.key_file}}) {
    ASSERT_EQ(rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof text),
              RD_KAFKA_CONF_OK)
        << text;
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  ASSERT_NE(client, nullptr) << text;
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, before.partition.topic.c_str(),
                                    before.partition.partition)
      ->offset = before.offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list);
  rd_kafka_DeleteRecords(client, &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, -1);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(event);
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
}

class KafkaUnderTest final : public LogUnderTest {
 public:
  explicit KafkaUnderTest(const Topics& topics) : topics_(topics) {}

  absl::StatusOr<std::unique_ptr<EventLog>> Open() override {
    return KafkaEventLog::Open(KafkaBroker::Shared().As("node"), topics_);
  }
  std::vector<std::string> AppenderArguments() const override {
    const KafkaConnection to = KafkaBroker::Shared().As("node");
    return {"kafka", to.bootstrap, to.ca_file, to.certificate_file,
            to.key_file};
  }
  bool DeleteBefore(const Position& position) override {
    DeleteRecords(position);
    return true;
  }

 private:
  const Topics topics_;
};

TopicAcl May(const std::string& name, TopicAcl::Operation operation,
             const std::string& prefix) {
  return {absl::StrCat("User:", name), operation, prefix, true};
}
constexpr auto kRead = TopicAcl::Operation::kRead;
constexpr auto kWrite = TopicAcl::Operation::kWrite;

absl::StatusOr<ApplyReport> Apply(const Topics& topics,
                                  const std::vector<TopicAcl>& acls,
                                  const ApplyOptions& options = {}) {
  return ApplyTopics(KafkaBroker::Shared().As("operator"), topics, acls,
                     options, Soon());
}

// A broker leads the partitions of a new topic a moment after it has said that
// the topic is made.
absl::Status WaitForLeaders(const Topics& topics) {
  auto log = KafkaEventLog::Open(KafkaBroker::Shared().As("node"), topics);
  if (!log.ok()) return log.status();
  std::vector<Partition> partitions;
  for (const auto& [name, topic] : topics) {
    for (const Partition& each : (*log)->Partitions(name)) {
      partitions.push_back(each);
    }
  }
  const absl::Time deadline = Soon();
  while (true) {
    absl::Status away;
    for (const auto& [partition, end] : (*log)->Ends(partitions, deadline)) {
      if (!end.ok()) away = end.status();
    }
    if (away.ok() || absl::Now() > deadline) return away;
    absl::SleepFor(absl::Milliseconds(20));
  }
}

std::unique_ptr<LogUnderTest> Make(const Topics& topics) {
  const auto applied = Apply(topics, {May("node", kRead, "vigil.test."),
                                      May("node", kWrite, "vigil.test.")});
  EXPECT_TRUE(applied.ok()) << applied.status();
  if (!applied.ok()) return nullptr;
  const absl::Status led = WaitForLeaders(topics);
  EXPECT_TRUE(led.ok()) << led;
  return led.ok() ? std::make_unique<KafkaUnderTest>(topics) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Kafka, EventLogContract, testing::Values(&Make),
                         [](const auto&) { return std::string("log"); });

const Topic kOnOneBroker = {
    .partitions = 2, .replication_factor = 1, .min_insync_replicas = 1};

TEST(KafkaRights, AWriterWritesItsOwnTopicsAndNoOther) {
  const std::string police = "vigil.police.rights.v1";
  const std::string health = "vigil.health.rights.v1";
  const std::string views = "vigil.chronology.rights.v1";
  const Topics topics = {
      {police, kOnOneBroker}, {health, kOnOneBroker}, {views, kOnOneBroker}};
  const auto applied =
      Apply(topics, {May("police", kWrite, "vigil.police."),
                     May("health", kWrite, "vigil.health."),
                     May("chronology", kWrite, "vigil.chronology."),
                     May("chronology", kRead, "vigil.")});
  ASSERT_TRUE(applied.ok()) << applied.status();

  const auto log =
      KafkaEventLog::Open(KafkaBroker::Shared().As("police"), topics);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->Append({health, {"key", "v", {}}}, Soon()).status().code(),
            absl::StatusCode::kPermissionDenied);
  // The refusal does not disturb what is allowed.
  const auto own = (*log)->Append({police, {"key", "v", {}}}, Soon());
  EXPECT_TRUE(own.ok()) << own.status();

  const auto reader =
      KafkaEventLog::Open(KafkaBroker::Shared().As("chronology"), topics);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(*(*reader)->End({health, 0}, Soon()), 0);
  EXPECT_EQ(*(*reader)->End({health, 1}, Soon()), 0);
  auto cursor = (*reader)->Open({{{police, 0}, 0}, {{police, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  const auto some = (*cursor)->Next(10, Soon());
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_THAT(*some, SizeIs(1));
  EXPECT_EQ(
      (*reader)->Append({police, {"key", "v", {}}}, Soon()).status().code(),
      absl::StatusCode::kPermissionDenied);
}

TEST(KafkaRights, AStrangerReadsNothing) {
  const std::string police = "vigil.police.stranger.v1";
  const Topics topics = {{police, kOnOneBroker}};
  ASSERT_TRUE(Apply(topics, {May("police", kWrite, "vigil.police.")}).ok());
  const auto log =
      KafkaEventLog::Open(KafkaBroker::Shared().As("police"), topics);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Append({police, {"key", "v", {}}}, Soon()).ok());

  KafkaBroker::Shared().MakeCertificate("stranger");
  const auto stranger =
      KafkaEventLog::Open(KafkaBroker::Shared().As("stranger"), topics);
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  EXPECT_EQ((*stranger)->End({police, 0}, Soon()).status().code(),
            absl::StatusCode::kPermissionDenied);
  auto cursor = (*stranger)->Open({{{police, 0}, 0}, {{police, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  EXPECT_EQ((*cursor)->Next(10, Soon()).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(KafkaTopics, WhatIsMadeIsMadeOnceAndChecked) {
  const std::string name = "vigil.admin.events.v1";
  const Topics topics = {{name, kOnOneBroker}};
  const std::vector<TopicAcl> acls = {May("mash", kWrite, "vigil.admin.")};

  const auto would = Apply(topics, acls, {.check_only = true});
  ASSERT_TRUE(would.ok()) << would.status();
  EXPECT_THAT(would->made, SizeIs(2));
  const auto made = Apply(topics, acls);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->made, would->made);
  const auto again = Apply(topics, acls);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->made, IsEmpty());

  const auto without = Apply(topics, {});
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(without->undeclared_acls,
              testing::Contains("User:mash may write vigil.admin.*"));

  KafkaBroker::Shared().Admin({"acls", "--add", "--topic", name,
                               "--deny-principal", "User:health", "--operation",
                               "Read"});
  KafkaBroker::Shared().Admin(
      {"acls", "--add", "--topic", name, "--allow-principal", "User:police",
       "--allow-host", "127.0.0.9", "--operation", "Delete"});
  std::vector<std::string> undeclared;
  const absl::Time give_up = Soon();
  while (undeclared.size() < without->undeclared_acls.size() + 2 &&
         absl::Now() < give_up) {
    const auto more = Apply(topics, {}, {.check_only = true});
    ASSERT_TRUE(more.ok()) << more.status();
    undeclared = more->undeclared_acls;
  }
  EXPECT_THAT(undeclared,
              testing::IsSupersetOf(
                  {"User:health may not read vigil.admin.events.v1",
                   "User:police may delete vigil.admin.events.v1 from "
                   "127.0.0.9"}));
}

TEST(KafkaTopics, OneThatAReplicaWithoutAllRecordsMayLeadIsNotAsDeclared) {
  const std::string name = "vigil.admin.unclean.v1";
  KafkaBroker::Shared().Admin(
      {"topics", "--create", "--topic", name, "--partitions", "2", "--config",
       "message.timestamp.type=LogAppendTime", "--config", "retention.ms=-1",
       "--config", "unclean.leader.election.enable=true", "--config",
       "max.message.bytes=1000"});
  const auto refused = Apply({{name, kOnOneBroker}}, {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(refused.status().message()),
      testing::AllOf(HasSubstr("unclean.leader.election.enable is true, "
                               "declared false"),
                     HasSubstr("max.message.bytes is 1000")));
}

TEST(KafkaTopics, OneThatIsNotMadeYetHoldsUpNoOther) {
  const std::string made = "vigil.test.made.v1";
  const std::string later = "vigil.test.later.v1";
  const Topics topics = {{made, kOnOneBroker}, {later, kOnOneBroker}};
  ASSERT_NE(Make({{made, kOnOneBroker}}), nullptr);
  const auto log =
      KafkaEventLog::Open(KafkaBroker::Shared().As("node"), topics);
  ASSERT_TRUE(log.ok()) << log.status();
  const auto first = (*log)->Append({made, {"key", "first", {}}}, Soon());
  ASSERT_TRUE(first.ok()) << first.status();
  std::vector<Partition> partitions;
  std::map<Partition, int64_t> from;
  for (const std::string& topic : {made, later}) {
    for (const Partition& each : (*log)->Partitions(topic)) {
      partitions.push_back(each);
      from[each] = 0;
    }
  }
  const auto ends = (*log)->Ends(partitions, Soon());
  EXPECT_EQ(*ends.at(first->position.partition), 1);
  EXPECT_TRUE(absl::IsUnavailable(ends.at({later, 0}).status()))
      << ends.at({later, 0}).status();

  auto cursor = (*log)->Open(from);
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  std::vector<std::string> values;
  const auto read = [&](size_t count) {
    while (values.size() < count) {
      const auto some = (*cursor)->Next(10, Soon());
      ASSERT_TRUE(some.ok()) << some.status();
      for (const LoggedRecord& each : *some) {
        values.push_back(each.record.value);
      }
    }
  };
  read(1);
  ASSERT_NE(Make(topics), nullptr);
  const auto second = (*log)->Append({later, {"key", "second", {}}}, Soon());
  ASSERT_TRUE(second.ok()) << second.status();
  read(2);
  EXPECT_THAT(values, ElementsAre("first", "second"));
}

TEST(KafkaTopics, AnotherNumberOfPartitionsIsListedAndNothingIsDone) {
  const std::string name = "vigil.admin.partitions.v1";
  ASSERT_TRUE(Apply({{name, kOnOneBroker}}, {}).ok());
  Topic other = kOnOneBroker;
  other.partitions = 3;
  const Topics topics = {{name, other}, {"vigil.admin.new.v1", kOnOneBroker}};
  const auto refused = Apply(topics, {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr(name + ": partitions is 2, declared 3"));
  // The other topic was not made either.
  const auto check =
      Apply({{"vigil.admin.new.v1", kOnOneBroker}}, {}, {.check_only = true});
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->made, SizeIs(1));
}

TEST(KafkaTopics, TheTimestampTypeChangesOnlyToFinishAMove) {
  const std::string name = "vigil.admin.moved.v1";
  const Topics topics = {{name, kOnOneBroker}};
  KafkaBroker::Shared().Admin(
      {"topics", "--create", "--topic", name, "--partitions", "2", "--config",
       "message.timestamp.type=CreateTime", "--config", "cleanup.policy=delete",
       "--config", "retention.ms=-1", "--config", "segment.bytes=33554432"});
  const auto refused = Apply(topics, {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("message.timestamp.type is CreateTime"));
  const auto finished = Apply(topics, {}, {.finish_move = true});
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_THAT(finished->made,
              ElementsAre("topic vigil.admin.moved.v1: LogAppendTime"));
  const auto again = Apply(topics, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->made, IsEmpty());
}

// Last: the broker is away for a while.
TEST(KafkaZOutage, AKilledBrokerIsInDoubtThenServesEverythingItAcknowledged) {
  const std::string name = "vigil.test.outage.v1";
  const Topics topics = {{name, kOnOneBroker}};
  ASSERT_NE(Make(topics), nullptr);
  KafkaConnection connection = KafkaBroker::Shared().As("node");
  // However long a broker takes to start here, librdkafka does not give up.
  connection.settings = {{"delivery.timeout.ms", "280000"}};
  const auto log = KafkaEventLog::Open(connection, topics);
  ASSERT_TRUE(log.ok()) << log.status();
  const auto before = (*log)->Append({name, {"key", "before", {}}}, Soon());
  ASSERT_TRUE(before.ok()) << before.status();
  auto cursor = (*log)->Open({{before->position.partition, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  ASSERT_THAT(*(*cursor)->Next(10, Soon()), SizeIs(1));

  KafkaBroker::Shared().Kill();
  const auto away = [] { return absl::Now() + absl::Milliseconds(300); };
  const auto in_doubt = (*log)->Append({name, {"key", "during", {}}}, away());
  EXPECT_TRUE(absl::IsDeadlineExceeded(in_doubt.status()) ||
              absl::IsUnavailable(in_doubt.status()))
      << in_doubt.status();
  // "Nothing yet" does not hide that the log is out of reach.
  EXPECT_EQ((*cursor)->Next(10, away()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ((*log)->End({name, 0}, away()).status().code(),
            absl::StatusCode::kUnavailable);
  // What needs no broker goes on.
  EXPECT_THAT((*log)->Partitions(name), SizeIs(2));
  const auto opened =
      KafkaEventLog::Open(KafkaBroker::Shared().As("node"), topics);
  EXPECT_TRUE(opened.ok()) << opened.status();

  KafkaBroker::Shared().Start();
  const auto after = (*log)->Append({name, {"key", "after", {}}}, Soon());
  ASSERT_TRUE(after.ok()) << after.status();
  // The same cursor goes on where it stopped.
  std::vector<std::string> values;
  while (values.empty() || values.back() != "after") {
    const auto some = (*cursor)->Next(10, Soon());
    if (absl::IsUnavailable(some.status())) continue;  // not back yet
    ASSERT_TRUE(some.ok()) << some.status();
    for (const LoggedRecord& each : *some) {
      values.push_back(each.record.value);
    }
  }
  // The one in doubt came later, once: librdkafka kept it.
  EXPECT_THAT(values, ElementsAre("during", "after"));
}

}  // namespace
}  // namespace vigil::eventlog
