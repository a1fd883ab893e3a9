// How the Kafka adapter takes errors that a real broker gives rarely, injected
// by librdkafka's mock broker. The contract is tested on a real one.
#include "libs/eventlog/kafka_event_log.h"

#include <random>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "librdkafka/rdkafka.h"
#include "librdkafka/rdkafka_mock.h"
#include "libs/eventlog/partitioner.h"

namespace vigil::eventlog {
namespace {

constexpr char kTopic[] = "vigil.test.events.v1";
constexpr char kWide[] = "vigil.test.wide.v1";
const Topics kTopics = {{kTopic, {.partitions = 1}},
                        {kWide, {.partitions = 2}}};
constexpr int16_t kProduceRequest = 0;  // its key in Kafka's protocol

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

class KafkaEventLogTest : public testing::Test {
 protected:
  KafkaEventLogTest() {
    char text[512];
    client_ =
        rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    rd_kafka_mock_topic_create(cluster_, kTopic, 1, 1);
    rd_kafka_mock_topic_create(cluster_, kWide, 2, 1);
  }
  ~KafkaEventLogTest() override {
    log_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }

  void Open(std::map<std::string, std::string> settings = {}) {
    auto log = KafkaEventLog::Open(
        {.bootstrap = rd_kafka_mock_cluster_bootstraps(cluster_),
         .settings = std::move(settings)},
        kTopics);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  absl::StatusOr<Appended> Append(absl::Time deadline = Soon()) {
    return log_->Append({kTopic, {"key", "value", {}}}, deadline);
  }

  void FailNextProduce(rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_, kProduceRequest, 1, error);
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<KafkaEventLog> log_;
};

TEST_F(KafkaEventLogTest, AFatalErrorEndsAProducerAndNotTheLog) {
  Open();
  ASSERT_TRUE(Append().ok());
  FailNextProduce(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  const auto in_doubt = Append();
  EXPECT_TRUE(absl::IsUnavailable(in_doubt.status())) << in_doubt.status();
  absl::StatusOr<Appended> again = Append();
  while (absl::IsUnavailable(again.status())) again = Append();
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(KafkaEventLogTest, WhatTheBrokerCanRepairIsNotSeen) {
  Open();
  FailNextProduce(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  FailNextProduce(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  const auto done = Append();
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->position.offset, 0);
}

TEST_F(KafkaEventLogTest, RefusalsForEverAreToldFromDoubt) {
  // librdkafka keeps refusing by itself until it next asks about the topic.
  Open({{"topic.metadata.refresh.interval.ms", "100"}});
  FailNextProduce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(Append().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Append().ok());
  FailNextProduce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_EQ(Append().status().code(), absl::StatusCode::kPermissionDenied);
  // The right is given: it works again, and by itself.
  absl::StatusOr<Appended> again = Append();
  while (absl::IsPermissionDenied(again.status())) again = Append();
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(KafkaEventLogTest, ABrokerThatIsAwayIsDoubtAtTheDeadline) {
  Open();
  ASSERT_TRUE(Append().ok());
  rd_kafka_mock_broker_set_down(cluster_, 1);
  EXPECT_EQ(Append(absl::Now() + absl::Milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  rd_kafka_mock_broker_set_up(cluster_, 1);
  const auto after = Append();
  ASSERT_TRUE(after.ok()) << after.status();
  // Kafka took the one in doubt when it was back, before the next.
  EXPECT_EQ(after->position.offset, 2);
}

TEST_F(KafkaEventLogTest, APartitionWithoutALeaderHoldsUpNoOther) {
  Open();
  const int32_t led = PartitionOf("key", 2);
  const int32_t leaderless = 1 - led;
  rd_kafka_mock_partition_set_leader(cluster_, kWide, leaderless, -1);
  ASSERT_TRUE(log_->Append({kWide, {"key", "1", {}}}, Soon()).ok());
  const auto ends = log_->Ends({{kWide, 0}, {kWide, 1}}, Soon());
  EXPECT_EQ(ends.at({kWide, led}), absl::StatusOr<int64_t>(1));
  EXPECT_TRUE(absl::IsUnavailable(ends.at({kWide, leaderless}).status()));

  auto cursor = log_->Open({{{kWide, 0}, 0}, {{kWide, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  auto some = (*cursor)->Next(10, Soon());
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->size(), 1u);
  // Nothing yet, which is no lie: Ends tells which partition is away.
  some = (*cursor)->Next(10, absl::Now() + absl::Milliseconds(500));
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_TRUE(log_->Append({kWide, {"key", "2", {}}}, Soon()).ok());
  some = (*cursor)->Next(10, Soon());
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_EQ(some->size(), 1u);
  EXPECT_EQ((*some)[0].record.value, "2");
}

TEST_F(KafkaEventLogTest, AFullQueueIsExhaustionNotDoubt) {
  Open({{"queue.buffering.max.messages", "1"}});
  rd_kafka_mock_broker_set_down(cluster_, 1);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(50);
  EXPECT_EQ(Append(deadline).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Append().status().code(), absl::StatusCode::kResourceExhausted);
  rd_kafka_mock_broker_set_up(cluster_, 1);
}

TEST_F(KafkaEventLogTest, ASettingThatLibrdkafkaRefusesIsSaid) {
  const auto log = KafkaEventLog::Open(
      {.bootstrap = "127.0.0.1:1", .settings = {{"acks", "most"}}}, kTopics);
  EXPECT_EQ(log.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(log.status().message()), testing::HasSubstr("acks"));
}

TEST_F(KafkaEventLogTest, OurPartitionerIsLibrdkafkas) {
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client_, "any", nullptr);
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    std::string key(random() % 70, '\0');
    for (char& byte : key) byte = static_cast<char>(random());
    const auto partitions = static_cast<int32_t>(1 + random() % 20);
    EXPECT_EQ(PartitionOf(key, partitions),
              rd_kafka_msg_partitioner_murmur2(topic, key.data(), key.size(),
                                               partitions, nullptr, nullptr));
  }
  rd_kafka_topic_destroy(topic);
}

}  // namespace
}  // namespace vigil::eventlog
