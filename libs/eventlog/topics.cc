#include "libs/eventlog/topics.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace vigil::eventlog {
namespace {

constexpr size_t kMaxTopicNameBytes = 249;  // Kafka's own limit

bool IsTopicName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.size() <= kMaxTopicNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '.' || c == '_' || c == '-';
         });
}

size_t KeyAndHeaderBytes(const Record& record) {
  size_t bytes = record.key.size();
  for (const Header& header : record.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

}  // namespace

absl::Status CheckTopics(const Topics& topics) {
  for (const auto& [name, topic] : topics) {
    if (!IsTopicName(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("not a topic name: '", name, "'"));
    }
    if (topic.partitions < 1 || topic.partitions > kMaxPartitionsPerTopic) {
      return absl::InvalidArgumentError(
          absl::StrCat("topic ", name, ": ", topic.partitions,
                       " partitions; there are 1 to ", kMaxPartitionsPerTopic));
    }
    if (topic.replication_factor < 1 || topic.min_insync_replicas < 1 ||
        topic.min_insync_replicas > topic.replication_factor) {
      return absl::InvalidArgumentError(absl::StrCat(
          "topic ", name, ": replication factor ", topic.replication_factor,
          " with at least ", topic.min_insync_replicas, " in sync"));
    }
  }
  return absl::OkStatus();
}

std::vector<Partition> PartitionsOf(const Topics& topics,
                                    const std::string& topic) {
  std::vector<Partition> partitions;
  if (const auto found = topics.find(topic); found != topics.end()) {
    for (int32_t i = 0; i < found->second.partitions; ++i) {
      partitions.push_back({topic, i});
    }
  }
  return partitions;
}

absl::Status CheckPartition(const Topics& topics, const Partition& partition) {
  const auto found = topics.find(partition.topic);
  if (found == topics.end() || partition.partition < 0 ||
      partition.partition >= found->second.partitions) {
    return absl::NotFoundError(absl::StrCat("not declared: topic ",
                                            partition.topic, " partition ",
                                            partition.partition));
  }
  return absl::OkStatus();
}

absl::Status CheckRecord(const Topics& topics, const TopicRecord& record) {
  if (!topics.contains(record.topic)) {
    return absl::NotFoundError(
        absl::StrCat("topic not declared: ", record.topic));
  }
  return CheckSizes(record.record);
}

absl::Status CheckSizes(const Record& record) {
  if (record.key.empty()) {
    return absl::InvalidArgumentError("a record needs a key");
  }
  if (record.value.size() > kMaxValueBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a value of ", record.value.size(), " bytes; at most ",
                     kMaxValueBytes));
  }
  if (const size_t bytes = KeyAndHeaderBytes(record);
      bytes > kMaxKeyAndHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("key and headers of ", bytes,
                                                   " bytes; at most ",
                                                   kMaxKeyAndHeaderBytes));
  }
  return absl::OkStatus();
}

size_t SizeBytes(const Record& record) {
  return record.value.size() + KeyAndHeaderBytes(record);
}

}  // namespace vigil::eventlog
