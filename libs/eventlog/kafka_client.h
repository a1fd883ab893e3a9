// What the sources that speak to Kafka share. Private to libs/eventlog: it
// shows librdkafka's header.
#ifndef VIGIL_LIBS_EVENTLOG_KAFKA_CLIENT_H_
#define VIGIL_LIBS_EVENTLOG_KAFKA_CLIENT_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "librdkafka/rdkafka.h"
#include "libs/eventlog/kafka_connection.h"

namespace vigil::eventlog {

// unique_ptr for the C library's objects: Owned<rd_kafka_t, rd_kafka_destroy>.
template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Owned = std::unique_ptr<T, Destroy<destroy>>;

using KafkaConf = Owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using KafkaClient = Owned<rd_kafka_t, rd_kafka_destroy>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t,
                            rd_kafka_topic_partition_list_destroy>;

// The broker's default limit of a batch, of a producer and of each topic;
// kMaxValueBytes and kMaxKeyAndHeaderBytes leave it room for framing.
inline constexpr char kMaxMessageBytes[] = "1048588";

// The connection, then `settings`, then the connection's own settings.
// INVALID_ARGUMENT for a name or value that librdkafka refuses.
absl::StatusOr<KafkaConf> NewConf(
    const KafkaConnection& connection,
    const std::map<std::string, std::string>& settings);

absl::StatusOr<KafkaClient> NewClient(rd_kafka_type_t type, KafkaConf conf);

// What an error of librdkafka means in the words of the port.
absl::Status FromKafka(rd_kafka_resp_err_t error, const std::string& what);

// Milliseconds from now until the deadline, at least 0 and at most a day.
int MillisUntil(absl::Time deadline);

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_KAFKA_CLIENT_H_
