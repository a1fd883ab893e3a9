// The log of many machines: an EventLog in Kafka, through librdkafka.
//
//   KafkaConnection to = {"kafka-1:9093", "ca.crt", "police.crt", "police.key",
//   {}}; auto log = KafkaEventLog::Open(to, topics);
//
// Appends go through one idempotent producer with acks=all and no lingering,
// and are OK when Kafka's delivery report says so. Kafka's own retries are its
// business; a deadline is ours: when it passes the append is in doubt, and
// Kafka may still take the record half a minute later. Which partition a key
// has is decided here, from the declaration.
//
// librdkafka's producer can end in a fatal error (2.0 does after one unlucky
// disconnect). It is replaced by another; what was in flight is in doubt.
//
// Open and Append need no broker within reach: appends wait for it until their
// deadline. A topic that is declared but was not made yet (topics_admin.h) is
// UNAVAILABLE.
//
// Each cursor is a consumer of its own, of explicit partitions and offsets: no
// group, no committed offsets, never a reset.
#ifndef VIGIL_LIBS_EVENTLOG_KAFKA_EVENT_LOG_H_
#define VIGIL_LIBS_EVENTLOG_KAFKA_EVENT_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/kafka_connection.h"
#include "libs/eventlog/topics.h"

namespace vigil::eventlog {

class KafkaEventLog final : public EventLog {
 public:
  // INVALID_ARGUMENT for a setting that librdkafka refuses, a certificate that
  // cannot be read, or a bad declaration.
  static absl::StatusOr<std::unique_ptr<KafkaEventLog>> Open(
      const KafkaConnection& connection, Topics topics);

  // Gives what is in flight a short while to arrive; the rest is in doubt.
  ~KafkaEventLog() override;

  void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                   AppendDone done) override;

  // The cursor may outlive the log.
  absl::StatusOr<std::unique_ptr<Cursor>> Open(
      std::map<Partition, int64_t> from) override;

  // Two questions, one to each broker that leads any of them.
  std::map<Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<Partition>& partitions, absl::Time deadline) override;

  std::vector<Partition> Partitions(const std::string& topic) const override;

 private:
  class Producer;
  class Reader;
  KafkaEventLog(Topics topics, KafkaConnection connection);

  const Topics topics_;
  const KafkaConnection connection_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_KAFKA_EVENT_LOG_H_
