#include "libs/eventlog/topics_admin.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "libs/eventlog/kafka_client.h"

namespace vigil::eventlog {
namespace {

using AclBinding = Owned<rd_kafka_AclBinding_t, rd_kafka_AclBinding_destroy>;
using AclFilter =
    Owned<rd_kafka_AclBindingFilter_t, rd_kafka_AclBinding_destroy>;
using AdminOptions =
    Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using ConfigResource =
    Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using Metadata = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using NewTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;

using Config = std::map<std::string, std::string>;

// How often a broker is asked whether it has the ACLs.
constexpr absl::Duration kLookAgain = absl::Milliseconds(20);

constexpr char kTimestampType[] = "message.timestamp.type";
constexpr char kLogAppendTime[] = "LogAppendTime";

// Made so, kept so.
Config DeclaredConfig(const Topic& topic) {
  return {{kTimestampType, kLogAppendTime},
          {"cleanup.policy", "delete"},
          {"retention.ms", "-1"},
          {"retention.bytes", "-1"},
          // A replica that lacks records that were acknowledged never leads.
          {"unclean.leader.election.enable", "false"},
          {"max.message.bytes", kMaxMessageBytes},
          {"min.insync.replicas", absl::StrCat(topic.min_insync_replicas)}};
}

// One right as Kafka keeps it.
struct Right {
  std::string principal;
  std::string topic;
  bool prefixed = false;
  rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_READ;
  rd_kafka_AclPermissionType_t permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
  std::string host = "*";
  friend auto operator<=>(const Right&, const Right&) = default;
};

Right RightOf(const TopicAcl& acl) {
  return {.principal = acl.principal,
          .topic = acl.topic,
          .prefixed = acl.prefixed,
          .operation = acl.operation == TopicAcl::Operation::kRead
                           ? RD_KAFKA_ACL_OPERATION_READ
                           : RD_KAFKA_ACL_OPERATION_WRITE};
}

std::string Words(const Right& right) {
  return absl::StrCat(
      right.principal,
      right.permission == RD_KAFKA_ACL_PERMISSION_TYPE_DENY ? " may not "
                                                            : " may ",
      absl::AsciiStrToLower(rd_kafka_AclOperation_name(right.operation)), " ",
      right.topic, right.prefixed ? "*" : "",
      right.host == "*" ? "" : absl::StrCat(" from ", right.host));
}

// The plain pointers of owned objects, as the C library wants them.
template <typename T>
auto Pointers(const std::vector<T>& owned) {
  std::vector<typename T::pointer> pointers;
  for (const T& each : owned) pointers.push_back(each.get());
  return pointers;
}

// What a topic is in Kafka now.
struct Found {
  int32_t partitions = 0;
  int32_t replicas = 0;  // of the partition that has fewest
  Config config;
  Config set_here;  // what was set for this topic itself
};

class Admin {
 public:
  Admin(KafkaClient client, absl::Time deadline)
      : client_(std::move(client)),
        queue_(rd_kafka_queue_new(client_.get())),
        deadline_(deadline) {}

  absl::StatusOr<std::map<std::string, Found>> Describe(const Topics& topics);
  // All that there are for topics.
  absl::StatusOr<std::set<Right>> Rights();
  absl::Status Create(const std::string& name, const Topic& topic);
  absl::Status GiveLogAppendTime(const std::string& name, Config set_here);
  absl::Status Create(const std::vector<Right>& rights);
  // The controller has them at once, the brokers a moment later.
  absl::Status WaitFor(const std::vector<Right>& rights);

 private:
  using Request =
      std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;
  absl::StatusOr<Event> Ask(const char* what, const Request& request);

  const KafkaClient client_;
  const Queue queue_;
  const absl::Time deadline_;
};

absl::StatusOr<Event> Admin::Ask(const char* what, const Request& request) {
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_ANY));
  char text[512];
  rd_kafka_AdminOptions_set_request_timeout(
      options.get(), std::max(1, MillisUntil(deadline_)), text, sizeof text);
  request(options.get(), queue_.get());
  // The request itself ends by its time-out.
  Event event(rd_kafka_queue_poll(queue_.get(), -1));
  if (const auto error = rd_kafka_event_error(event.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return FromKafka(
        error,
        absl::StrCat(what, ": ", rd_kafka_event_error_string(event.get())));
  }
  return event;
}

absl::StatusOr<std::map<std::string, Found>> Admin::Describe(
    const Topics& topics) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto asked = rd_kafka_metadata(client_.get(), /*all_topics=*/1, nullptr,
                                       &answer, MillisUntil(deadline_));
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return FromKafka(asked, "ask for the topics");
  }
  const Metadata metadata(answer);
  std::map<std::string, Found> found;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (!topics.contains(topic.topic)) continue;
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(topic.err, topic.topic);
    }
    Found& each = found[topic.topic];
    each.partitions = topic.partition_cnt;
    each.replicas = topic.partitions[0].replica_cnt;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      each.replicas = std::min(each.replicas, topic.partitions[p].replica_cnt);
    }
  }
  if (found.empty()) return found;

  std::vector<ConfigResource> resources;
  for (const auto& [name, each] : found) {
    resources.emplace_back(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  }
  auto pointers = Pointers(resources);
  const auto event = Ask("read the settings of topics", [&](auto* o, auto* q) {
    rd_kafka_DescribeConfigs(client_.get(), pointers.data(), pointers.size(), o,
                             q);
  });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* described = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigResource_name(described[i]);
    if (const auto error = rd_kafka_ConfigResource_error(described[i]);
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(error, name);
    }
    size_t entries = 0;
    const auto* const* configs =
        rd_kafka_ConfigResource_configs(described[i], &entries);
    for (size_t j = 0; j < entries; ++j) {
      const char* value = rd_kafka_ConfigEntry_value(configs[j]);
      if (value == nullptr) continue;
      const std::string setting = rd_kafka_ConfigEntry_name(configs[j]);
      found[name].config[setting] = value;
      if (rd_kafka_ConfigEntry_source(configs[j]) ==
          RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) {
        found[name].set_here[setting] = value;
      }
    }
  }
  return found;
}

absl::StatusOr<std::set<Right>> Admin::Rights() {
  char text[512];
  const AclFilter any(rd_kafka_AclBindingFilter_new(
      RD_KAFKA_RESOURCE_TOPIC, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY, nullptr,
      nullptr, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY,
      text, sizeof text));
  const auto event = Ask("read the ACLs", [&](auto* o, auto* q) {
    rd_kafka_DescribeAcls(client_.get(), any.get(), o, q);
  });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* bindings = rd_kafka_DescribeAcls_result_acls(
      rd_kafka_event_DescribeAcls_result(event->get()), &count);
  std::set<Right> rights;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_AclBinding_t* each = bindings[i];
    rights.insert({.principal = rd_kafka_AclBinding_principal(each),
                   .topic = rd_kafka_AclBinding_name(each),
                   .prefixed = rd_kafka_AclBinding_resource_pattern_type(
                                   each) == RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                   .operation = rd_kafka_AclBinding_operation(each),
                   .permission = rd_kafka_AclBinding_permission_type(each),
                   .host = rd_kafka_AclBinding_host(each)});
  }
  return rights;
}

absl::Status Admin::Create(const std::string& name, const Topic& topic) {
  char text[512];
  const NewTopic made(rd_kafka_NewTopic_new(name.c_str(), topic.partitions,
                                            topic.replication_factor, text,
                                            sizeof text));
  if (made == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", text));
  }
  for (const auto& [setting, value] : DeclaredConfig(topic)) {
    rd_kafka_NewTopic_set_config(made.get(), setting.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* pointer = made.get();
  const auto event = Ask("make a topic", [&](auto* o, auto* q) {
    rd_kafka_CreateTopics(client_.get(), &pointer, 1, o, q);
  });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* results = rd_kafka_CreateTopics_result_topics(
      rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    // Another operator was quicker; the next run checks what was made.
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(error, name);
  }
  return absl::OkStatus();
}

absl::Status Admin::GiveLogAppendTime(const std::string& name,
                                      Config set_here) {
  // librdkafka 2.0 can only replace all that was set for a topic.
  set_here[kTimestampType] = kLogAppendTime;
  const ConfigResource resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  for (const auto& [setting, value] : set_here) {
    rd_kafka_ConfigResource_set_config(resource.get(), setting.c_str(),
                                       value.c_str());
  }
  rd_kafka_ConfigResource_t* pointer = resource.get();
  const auto event = Ask("finish the move", [&](auto* o, auto* q) {
    rd_kafka_AlterConfigs(client_.get(), &pointer, 1, o, q);
  });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* results = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    absl::Status status =
        FromKafka(rd_kafka_ConfigResource_error(results[i]), name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Admin::Create(const std::vector<Right>& rights) {
  std::vector<AclBinding> bindings;
  for (const Right& each : rights) {
    char text[512];
    bindings.emplace_back(rd_kafka_AclBinding_new(
        RD_KAFKA_RESOURCE_TOPIC, each.topic.c_str(),
        each.prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                      : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
        each.principal.c_str(), each.host.c_str(), each.operation,
        each.permission, text, sizeof text));
    if (bindings.back() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(Words(each), ": ", text));
    }
  }
  auto pointers = Pointers(bindings);
  const auto event = Ask("make ACLs", [&](auto* o, auto* q) {
    rd_kafka_CreateAcls(client_.get(), pointers.data(), pointers.size(), o, q);
  });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* results = rd_kafka_CreateAcls_result_acls(
      rd_kafka_event_CreateAcls_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i]);
    if (error != nullptr) {
      return FromKafka(rd_kafka_error_code(error), Words(rights[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status Admin::WaitFor(const std::vector<Right>& rights) {
  while (true) {
    const auto existing = Rights();
    if (!existing.ok()) return existing.status();
    if (std::all_of(rights.begin(), rights.end(), [&](const Right& each) {
          return existing->contains(each);
        })) {
      return absl::OkStatus();
    }
    if (absl::Now() >= deadline_) {
      return absl::UnavailableError("the ACLs are not in effect yet");
    }
    absl::SleepFor(kLookAgain);
  }
}

// One line for each way in which the topic is not as declared.
std::vector<std::string> Differences(const std::string& name,
                                     const Topic& topic, const Found& found,
                                     bool finish_move) {
  std::vector<std::string> lines;
  const auto compare = [&](const std::string& what, const std::string& is,
                           const std::string& declared) {
    if (is != declared) {
      lines.push_back(
          absl::StrCat(name, ": ", what, " is ", is, ", declared ", declared));
    }
  };
  compare("partitions", absl::StrCat(found.partitions),
          absl::StrCat(topic.partitions));
  compare("replication factor", absl::StrCat(found.replicas),
          absl::StrCat(topic.replication_factor));
  for (const auto& [setting, declared] : DeclaredConfig(topic)) {
    const auto is = found.config.find(setting);
    if (finish_move && setting == kTimestampType) continue;
    compare(setting, is == found.config.end() ? "not known" : is->second,
            declared);
  }
  return lines;
}

}  // namespace

absl::StatusOr<ApplyReport> ApplyTopics(const KafkaConnection& connection,
                                        const Topics& topics,
                                        const std::vector<TopicAcl>& acls,
                                        const ApplyOptions& options,
                                        absl::Time deadline) {
  if (absl::Status status = CheckTopics(topics); !status.ok()) return status;
  absl::StatusOr<KafkaConf> conf = NewConf(connection, {});
  if (!conf.ok()) return conf.status();
  absl::StatusOr<KafkaClient> client =
      NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
  if (!client.ok()) return client.status();
  Admin admin(*std::move(client), deadline);

  const auto found = admin.Describe(topics);
  if (!found.ok()) return found.status();
  std::vector<std::string> differences;
  for (const auto& [name, each] : *found) {
    for (std::string& line : Differences(name, topics.find(name)->second, each,
                                         options.finish_move)) {
      differences.push_back(std::move(line));
    }
  }
  if (!differences.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "topics differ from the declaration, and nothing was changed:\n",
        absl::StrJoin(differences, "\n")));
  }

  ApplyReport report;
  for (const auto& [name, topic] : topics) {
    absl::Status status;
    const auto here = found->find(name);
    if (here == found->end()) {
      report.made.push_back(
          absl::StrCat("topic ", name, ", ", topic.partitions, " partitions"));
      if (!options.check_only) status = admin.Create(name, topic);
    } else if (here->second.config.at(kTimestampType) != kLogAppendTime) {
      report.made.push_back(absl::StrCat("topic ", name, ": ", kLogAppendTime));
      if (!options.check_only) {
        status = admin.GiveLogAppendTime(name, here->second.set_here);
      }
    }
    if (!status.ok()) return status;
  }

  const auto existing = admin.Rights();
  if (!existing.ok()) return existing.status();
  std::set<Right> declared;
  std::vector<Right> missing;
  for (const TopicAcl& each : acls) {
    const Right right = RightOf(each);
    declared.insert(right);
    if (existing->contains(right)) continue;
    missing.push_back(right);
    report.made.push_back(Words(right));
  }
  if (!missing.empty() && !options.check_only) {
    absl::Status status = admin.Create(missing);
    if (status.ok()) status = admin.WaitFor(missing);
    if (!status.ok()) return status;
  }
  for (const Right& each : *existing) {
    if (!declared.contains(each)) {
      report.undeclared_acls.push_back(Words(each));
    }
  }
  return report;
}

}  // namespace vigil::eventlog
