// Which partition a key belongs to: Kafka's own answer (murmur2), so that Java
// and Python clients, librdkafka's murmur2_random and both our logs agree.
#ifndef VIGIL_LIBS_EVENTLOG_PARTITIONER_H_
#define VIGIL_LIBS_EVENTLOG_PARTITIONER_H_

#include <cstdint>
#include <string_view>

namespace vigil::eventlog {

// org.apache.kafka.common.utils.Utils.murmur2, as unsigned bits.
uint32_t Murmur2(std::string_view key);

// (murmur2(key) & 0x7fffffff) % partitions; `partitions` is at least 1.
int32_t PartitionOf(std::string_view key, int32_t partitions);

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_PARTITIONER_H_
