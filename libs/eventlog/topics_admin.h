// Makes what the declaration names in Kafka, and checks what is there: the work
// of `vigil topics apply`, done by an operator's certificate.
//
//   auto report = ApplyTopics(operator_connection, topics, acls, {}, deadline);
//
// Topics are made with LogAppendTime (the log's own time), without compaction
// and without limit of age or size, for records as large as a log takes, and
// never led by a replica that lacks any. What exists and differs is never
// changed, since keys would move and times be lost: it is listed, and nothing
// else is done.
#ifndef VIGIL_LIBS_EVENTLOG_TOPICS_ADMIN_H_
#define VIGIL_LIBS_EVENTLOG_TOPICS_ADMIN_H_

#include <compare>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/eventlog/kafka_connection.h"
#include "libs/eventlog/topics.h"

namespace vigil::eventlog {

// Who may do what. Kafka denies the rest. WRITE and READ both allow to
// describe; WRITE also allows an idempotent producer.
struct TopicAcl {
  enum class Operation { kRead, kWrite };
  std::string principal;  // "User:police"
  Operation operation = Operation::kRead;
  std::string topic;      // a name, or the beginning of names
  bool prefixed = false;  // `topic` is a beginning
  friend auto operator<=>(const TopicAcl&, const TopicAcl&) = default;
};

struct ApplyOptions {
  // Only look: `made` says what would be made.
  bool check_only = false;
  // At the end of a move from another log, whose times were copied into
  // CreateTime topics: from now on the log gives the time. There is no way
  // back.
  bool finish_move = false;
};

struct ApplyReport {
  std::vector<std::string> made;  // one line each, for people
  // Rights to topics, or denials, that the declaration does not name: any
  // principal's, to anything. They are left alone.
  std::vector<std::string> undeclared_acls;
};

//   FAILED_PRECONDITION  topics differ from the declaration: each difference in
//                        the message, nothing was changed
//   PERMISSION_DENIED    this certificate is not an operator's
//   INVALID_ARGUMENT     the declaration or a setting is wrong
//   UNAVAILABLE          Kafka cannot be reached, or did a part: apply again
absl::StatusOr<ApplyReport> ApplyTopics(const KafkaConnection& connection,
                                        const Topics& topics,
                                        const std::vector<TopicAcl>& acls,
                                        const ApplyOptions& options,
                                        absl::Time deadline);

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_TOPICS_ADMIN_H_
