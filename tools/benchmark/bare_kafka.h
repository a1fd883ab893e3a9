// The bare limits of Kafka: librdkafka with the settings that matter, and none
// of our code between.
#ifndef VIGIL_TOOLS_BENCHMARK_BARE_KAFKA_H_
#define VIGIL_TOOLS_BENCHMARK_BARE_KAFKA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/kafka_connection.h"
#include "tools/benchmark/measure.h"

namespace vigil::benchmark {

// An idempotent producer, acks=all, no lingering, lz4.
class BareProducer {
 public:
  static absl::StatusOr<std::unique_ptr<BareProducer>> Open(
      const eventlog::KafkaConnection& connection);
  ~BareProducer();

  // `done` comes with the delivery report.
  void Produce(const std::string& topic, const eventlog::Record& record,
               Done done);

 private:
  struct Client;
  explicit BareProducer(std::unique_ptr<Client> client);
  const std::unique_ptr<Client> client_;
};

// Reads `count` records of these partitions from their beginning, by manual
// assignment, and looks at each value's size alone.
absl::Status BareConsume(const eventlog::KafkaConnection& connection,
                         const std::vector<eventlog::Partition>& partitions,
                         int64_t count);

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_BARE_KAFKA_H_
