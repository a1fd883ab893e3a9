// How a process reaches Kafka: addresses, certificates, and any setting of
// librdkafka by name.
#ifndef VIGIL_LIBS_EVENTLOG_KAFKA_CONNECTION_H_
#define VIGIL_LIBS_EVENTLOG_KAFKA_CONNECTION_H_

#include <map>
#include <string>

namespace vigil::eventlog {

struct KafkaConnection {
  std::string bootstrap{};  // host:port,host:port

  // PEM files. With an authority the connection is TLS, and the certificate is
  // who this process is; without one it is plain text, for tests alone.
  std::string ca_file{};
  std::string certificate_file{};
  std::string key_file{};

  // Of librdkafka's CONFIGURATION.md; they have the last word, so a wrong one
  // here can undo what the log needs (acks, idempotence, offset reset). A
  // process's configuration may not name those (libs/service/config.h).
  std::map<std::string, std::string> settings{};
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_KAFKA_CONNECTION_H_
