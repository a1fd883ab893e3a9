// The declaration: which topics a deployment has, and how many partitions each.
//
//   Topics topics = {{"vigil.police.events.v1", {.partitions = 12}}};
//   PartitionOf("s1.p...", 12);                       // partitioner.h
//   PartitionsOf(topics, "vigil.police.events.v1");   // 0 ... 11
//
// Both logs believe the declaration, not the broker's metadata: an unknown
// topic is refused at once, and a writer can start and accept while Kafka is
// away. Partition counts are fixed for life, since a key's partition depends on
// them.
#ifndef VIGIL_LIBS_EVENTLOG_TOPICS_H_
#define VIGIL_LIBS_EVENTLOG_TOPICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/eventlog/event_log.h"

namespace vigil::eventlog {

struct Topic {
  int32_t partitions = 12;
  // Kafka alone. A durable deployment has 3 and 2; one broker has 1 and 1.
  int16_t replication_factor = 3;
  int16_t min_insync_replicas = 2;
};

using Topics = std::map<std::string, Topic, std::less<>>;

// librdkafka sends one request per partition, and many partitions cost latency;
// the whole of a deployment stays about 120, so one topic never needs more.
inline constexpr int32_t kMaxPartitionsPerTopic = 120;

// INVALID_ARGUMENT with the first fault: a name that Kafka would refuse
// (letters, digits, '.', '_' and '-', at most 249), or a count out of range.
absl::Status CheckTopics(const Topics& topics);

// The partitions of one topic in order; none for an unknown topic.
std::vector<Partition> PartitionsOf(const Topics& topics,
                                    const std::string& topic);

// NOT_FOUND for a partition that is not declared.
absl::Status CheckPartition(const Topics& topics, const Partition& partition);

// What every log, and whoever promises for one, refuses before anything else:
// NOT_FOUND for an unknown topic; INVALID_ARGUMENT for an empty key, a value
// over kMaxValueBytes, or key and headers over kMaxKeyAndHeaderBytes.
absl::Status CheckRecord(const Topics& topics, const TopicRecord& record);

// The part of it that a record alone decides.
absl::Status CheckSizes(const Record& record);

// Bytes of key, value and headers: what the limits in flight count.
size_t SizeBytes(const Record& record);

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_TOPICS_H_
