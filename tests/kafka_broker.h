// A real Kafka broker for one test program, with TLS and ACLs as in production.
//
//   KafkaBroker& broker = KafkaBroker::Shared();       // starts it, once
//   auto log = KafkaEventLog::Open(broker.As("police"), topics);
//   broker.Kill();  ...  broker.Start();               // same data, same port
//
// It is stopped, and its data removed, when the program ends, however it ends:
// a process of its own waits for that. Tests that use it bear the label
// `kafka`.
#ifndef VIGIL_TESTS_KAFKA_BROKER_H_
#define VIGIL_TESTS_KAFKA_BROKER_H_

#include <string>
#include <vector>

#include "libs/eventlog/kafka_connection.h"

namespace vigil {

class KafkaBroker {
 public:
  static KafkaBroker& Shared();

  // Starts a broker in a folder of its own. Ends the program if that fails.
  KafkaBroker();
  ~KafkaBroker();

  // The connection with this name's certificate (tools/certificates).
  // "operator" may do everything; the others what ACLs say.
  eventlog::KafkaConnection As(const std::string& name) const;

  // Makes a certificate for a client system that tools/certificates does not
  // make by itself.
  void MakeCertificate(const std::string& name);

  // tools/kafka admin: one of Kafka's own command lines.
  void Admin(std::vector<std::string> arguments);

  void Kill();   // SIGKILL
  void Start();  // again; returns when it answers

 private:
  // Deleted by the guard, not by this process, which may be killed.
  std::string folder_;
  std::string bootstrap_;
  int guard_pipe_ = -1;
  int guard_pid_ = -1;
};

}  // namespace vigil

#endif  // VIGIL_TESTS_KAFKA_BROKER_H_
