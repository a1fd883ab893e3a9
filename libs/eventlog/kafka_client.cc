#include "libs/eventlog/kafka_client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "spdlog/spdlog.h"

namespace vigil::eventlog {
namespace {

// As in librdkafka's own examples.
constexpr size_t kErrorTextBytes = 512;

void Log(const rd_kafka_t* client, int level, const char* facility,
         const char* text) {
  // syslog's levels: 3 is an error, 4 a warning, 6 and above are chatter.
  const auto severity = level <= 3   ? spdlog::level::err
                        : level <= 5 ? spdlog::level::warn
                                     : spdlog::level::debug;
  spdlog::log(severity, "kafka {}: {}: {}", rd_kafka_name(client), facility,
              text);
}

}  // namespace

absl::StatusOr<KafkaConf> NewConf(
    const KafkaConnection& connection,
    const std::map<std::string, std::string>& settings) {
  KafkaConf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), &Log);
  std::map<std::string, std::string> all = {
      {"bootstrap.servers", connection.bootstrap},
      {"client.id", "vigil"},
      {"allow.auto.create.topics", "false"},
      {"socket.nagle.disable", "true"},  // on until 2.10: 40 ms per request
      {"socket.keepalive.enable", "true"},
      // A silent network is noticed in seconds, not in the default minute.
      {"socket.timeout.ms", "10000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "2000"},
  };
  if (!connection.ca_file.empty()) {
    all["security.protocol"] = "ssl";
    all["ssl.ca.location"] = connection.ca_file;
    all["ssl.certificate.location"] = connection.certificate_file;
    all["ssl.key.location"] = connection.key_file;
  }
  for (const auto* overrides : {&settings, &connection.settings}) {
    for (const auto& [name, value] : *overrides) all[name] = value;
  }
  for (const auto& [name, value] : all) {
    char text[kErrorTextBytes];
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text,
                          sizeof text) != RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat("Kafka setting ", name, ": ", text));
    }
  }
  return conf;
}

absl::StatusOr<KafkaClient> NewClient(rd_kafka_type_t type, KafkaConf conf) {
  char text[kErrorTextBytes];
  KafkaClient client(rd_kafka_new(type, conf.get(), text, sizeof text));
  if (client == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("Kafka client: ", text));
  }
  (void)conf.release();  // the client's now
  return client;
}

absl::Status FromKafka(rd_kafka_resp_err_t error, const std::string& what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", rd_kafka_err2str(error),
                                        " (", rd_kafka_err2name(error), ")");
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return absl::InvalidArgumentError(text);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return absl::PermissionDeniedError(text);
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return absl::ResourceExhaustedError(text);
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return absl::DataLossError(text);
    default:
      return absl::UnavailableError(text);
  }
}

int MillisUntil(absl::Time deadline) {
  const absl::Duration left =
      std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(24));
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

}  // namespace vigil::eventlog
