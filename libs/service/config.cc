#include "libs/service/config.h"

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "libs/base/atomic_file.h"
#include "libs/base/limits.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/service/callers.h"

namespace vigil::service {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

// The declaration's defaults: a durable deployment (libs/eventlog/topics.h).
constexpr eventlog::Topic kDurable = {};

const auto kAcceptAfterMilliseconds =
    static_cast<uint32_t>(kAcceptAfter / absl::Milliseconds(1));
const auto kRequestMemoryDays =
    static_cast<uint32_t>(kRequestMemory / absl::Hours(24));

using Faults = std::vector<ConfigFault>;

// One file: what it says, and on which line.
template <typename M>
struct File {
  std::string path;
  M message;
  TextFormat::ParseInfoTree lines;
};

class Problems {
 public:
  // Line 0: of the file as a whole.
  void Add(const std::string& path, int line, absl::string_view problem) {
    lines_.push_back(line > 0 ? absl::StrCat(path, ":", line, ": ", problem)
                              : absl::StrCat(path, ": ", problem));
  }

  bool empty() const { return lines_.empty(); }

  absl::Status Status() const {
    if (lines_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
  }

 private:
  std::vector<std::string> lines_;
};

class Collector final : public google::protobuf::io::ErrorCollector {
 public:
  Collector(const std::string& path, Problems* problems)
      : path_(path), problems_(problems) {}

  // protobuf counts lines from 0.
  void AddError(int line, int, const std::string& message) override {
    problems_->Add(path_, line + 1, message);
  }

 private:
  const std::string& path_;
  Problems* problems_;
};

// The line of a field as CheckRegister writes it ("systems[1].issuer"), or of
// the nearest message around it that the file holds; 0 if that is the file.
int LineOf(absl::string_view field_path, const Descriptor* type,
           const TextFormat::ParseInfoTree* tree) {
  int line = 0;
  for (absl::string_view part : absl::StrSplit(field_path, '.')) {
    std::pair<absl::string_view, absl::string_view> name =
        absl::StrSplit(part, absl::MaxSplits('[', 1));
    int index = -1;
    if (absl::ConsumeSuffix(&name.second, "]") &&
        !absl::SimpleAtoi(name.second, &index)) {
      break;
    }
    const FieldDescriptor* field =
        type->FindFieldByName(std::string(name.first));
    if (field == nullptr || field->is_repeated() != (index >= 0)) break;
    const int found = tree->GetLocation(field, index).line;
    if (found < 0) break;
    line = found + 1;
    type = field->message_type();
    if (type == nullptr) break;
    tree = tree->GetTreeForNested(field, index);
    if (tree == nullptr) break;
  }
  return line;
}

template <typename M>
void AddFaults(const File<M>& file, const Faults& faults, Problems* problems) {
  for (const ConfigFault& fault : faults) {
    problems->Add(file.path, LineOf(fault.field, M::descriptor(), &file.lines),
                  absl::StrCat(fault.field, ": ", fault.problem));
  }
}

// False if it cannot be used at all; then `problems` says why.
template <typename M>
bool Read(const std::string& path, File<M>* file, Problems* problems) {
  file->path = path;
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    problems->Add(path, 0, text.status().message());
    return false;
  }
  Collector collector(file->path, problems);
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&file->lines);
  return parser.ParseFromString(*text, &file->message);
}

// A path as the file's writer meant it.
void Resolve(const std::string& file, std::string* path) {
  if (path->empty()) return;
  *path = (std::filesystem::absolute(file).parent_path() / *path)
              .lexically_normal()
              .string();
}

void ResolvePaths(const std::string& file, config::v1::Process* process) {
  const auto resolve = [&](std::string* path) { Resolve(file, path); };
  resolve(process->mutable_data_folder());
  resolve(process->mutable_topics_file());
  resolve(process->mutable_register_file());
  if (process->has_listener()) {
    config::v1::Listener& listener = *process->mutable_listener();
    resolve(listener.mutable_certificate_file());
    resolve(listener.mutable_private_key_file());
    resolve(listener.mutable_client_ca_file());
  }
  if (process->log().has_embedded()) {
    resolve(process->mutable_log()->mutable_embedded()->mutable_folder());
  }
  if (process->log().has_kafka()) {
    config::v1::KafkaLog& kafka = *process->mutable_log()->mutable_kafka();
    resolve(kafka.mutable_ca_file());
    resolve(kafka.mutable_certificate_file());
    resolve(kafka.mutable_private_key_file());
  }
}

void FillDefaults(config::v1::Limits* limits) {
  if (!limits->has_calls_in_flight_per_system()) {
    limits->set_calls_in_flight_per_system(kCallsInFlightPerSystem);
  }
  if (!limits->has_requests_in_flight()) {
    limits->set_requests_in_flight(kRequestsInFlight);
  }
  if (!limits->has_requests_in_flight_per_system()) {
    limits->set_requests_in_flight_per_system(kRequestsInFlightPerSystem);
  }
  if (!limits->has_accept_after_milliseconds()) {
    limits->set_accept_after_milliseconds(kAcceptAfterMilliseconds);
  }
  if (!limits->has_request_memory_days()) {
    limits->set_request_memory_days(kRequestMemoryDays);
  }
}

void FillDefaults(config::v1::Topics* topics) {
  if (!topics->has_replication_factor()) {
    topics->set_replication_factor(kDurable.replication_factor);
  }
  if (!topics->has_min_insync_replicas()) {
    topics->set_min_insync_replicas(kDurable.min_insync_replicas);
  }
}

void Require(const std::string& value, absl::string_view field,
             Faults* faults) {
  if (value.empty()) faults->push_back({std::string(field), "is required"});
}

// Properties that the promises of this process stand on: that what is
// acknowledged is durable and in order, that a reader misses nothing and a
// topic is made by an operator alone. With the other names that librdkafka has
// for them.
bool IsOurs(absl::string_view property) {
  static const auto* const ours = new std::set<std::string, std::less<>>{
      "acks",
      "allow.auto.create.topics",
      "auto.commit.enable",
      "auto.offset.reset",
      "check.crcs",
      "enable.auto.commit",
      "enable.auto.offset.store",
      "enable.idempotence",
      "enable.partition.eof",
      "isolation.level",
      "max.in.flight",
      "max.in.flight.requests.per.connection",
      "message.max.bytes",
      "message.send.max.retries",
      "request.required.acks",
      "retries"};
  return ours->contains(property);
}

void CheckProperties(const config::v1::KafkaLog& kafka, Faults* faults) {
  for (const auto& [name, value] : kafka.properties()) {
    if (IsOurs(name)) {
      faults->push_back(
          {"log.kafka.properties", absl::StrCat(name, " is not for changing")});
    }
    if (name != "delivery.timeout.ms" && name != "message.timeout.ms") continue;
    // 0 is for ever. While librdkafka has a record, the relay must not give it
    // another copy.
    const int64_t most = absl::ToInt64Milliseconds(eventlog::kRelayDeadline);
    int64_t milliseconds = 0;
    if (!absl::SimpleAtoi(value, &milliseconds) || milliseconds < 1 ||
        milliseconds >= most) {
      faults->push_back(
          {"log.kafka.properties",
           absl::StrCat(name, " is at least 1 and below ", most)});
    }
  }
}

Faults CheckProcess(const config::v1::Process& process) {
  Faults faults;
  Require(process.data_folder(), "data_folder", &faults);
  Require(process.topics_file(), "topics_file", &faults);
  Require(process.register_file(), "register_file", &faults);

  const config::v1::Listener& listener = process.listener();
  if (listener.address().empty() && !listener.has_plaintext()) {
    faults.push_back({"listener.address", "is required"});
  }
  if (!listener.address().empty()) {
    Require(listener.certificate_file(), "listener.certificate_file", &faults);
    Require(listener.private_key_file(), "listener.private_key_file", &faults);
    Require(listener.client_ca_file(), "listener.client_ca_file", &faults);
  }
  if (listener.has_plaintext()) {
    Require(listener.plaintext().address(), "listener.plaintext.address",
            &faults);
    Require(listener.plaintext().as_system(), "listener.plaintext.as_system",
            &faults);
  }

  const config::v1::KafkaLog& kafka = process.log().kafka();
  switch (process.log().log_case()) {
    case config::v1::Log::LOG_NOT_SET:
      faults.push_back({"log", "embedded or kafka is required"});
      break;
    case config::v1::Log::kEmbedded:
      Require(process.log().embedded().folder(), "log.embedded.folder",
              &faults);
      break;
    case config::v1::Log::kKafka:
      Require(kafka.bootstrap_servers(), "log.kafka.bootstrap_servers",
              &faults);
      CheckProperties(kafka, &faults);
      if (kafka.certificate_file().empty() !=
          kafka.private_key_file().empty()) {
        faults.push_back({kafka.certificate_file().empty()
                              ? "log.kafka.certificate_file"
                              : "log.kafka.private_key_file",
                          "certificate and key come together"});
      }
      break;
  }

  const config::v1::Limits& limits = process.limits();
  if (limits.has_calls_in_flight_per_system() &&
      limits.calls_in_flight_per_system() == 0) {
    faults.push_back({"limits.calls_in_flight_per_system", "is at least 1"});
  }
  if (limits.has_requests_in_flight() && limits.requests_in_flight() == 0) {
    faults.push_back({"limits.requests_in_flight", "is at least 1"});
  }
  if (limits.has_requests_in_flight_per_system() &&
      limits.requests_in_flight_per_system() < kMaxBatchRequests) {
    faults.push_back(
        {"limits.requests_in_flight_per_system",
         absl::StrCat("is at least ", kMaxBatchRequests, ", one batch")});
  }
  if (limits.has_request_memory_days() &&
      limits.request_memory_days() < kRequestMemoryDays) {
    faults.push_back({"limits.request_memory_days",
                      absl::StrCat("is at least ", kRequestMemoryDays)});
  }
  return faults;
}

bool IsDeclared(absl::string_view pattern, const config::v1::Topics& topics) {
  const bool prefix = absl::ConsumeSuffix(&pattern, "*");
  for (const std::string& topic : topics.topics()) {
    if (prefix ? absl::StartsWith(topic, pattern) : topic == pattern) {
      return true;
    }
  }
  return false;
}

Faults CheckTopicsFile(const config::v1::Topics& topics) {
  Faults faults;
  if (!topics.has_partitions()) {
    faults.push_back({"partitions", "is required"});
  }
  if (topics.topics().empty()) faults.push_back({"topics", "is required"});
  if (topics.min_insync_replicas() > topics.replication_factor()) {
    faults.push_back({"min_insync_replicas", "is over replication_factor"});
  }
  std::set<std::string> seen;
  for (int i = 0; i < topics.topics_size(); ++i) {
    const std::string field = absl::StrCat("topics[", i, "]");
    if (!seen.insert(topics.topics(i)).second) {
      faults.push_back({field, "is there twice"});
    }
    // Each alone, for it tells the first fault only.
    eventlog::Topics one;
    one[topics.topics(i)] = {};
    if (absl::Status status = eventlog::CheckTopics(one); !status.ok()) {
      faults.push_back({field, std::string(status.message())});
    }
  }
  if (faults.empty()) {
    if (absl::Status status = eventlog::CheckTopics(DeclaredTopics(topics));
        !status.ok()) {
      faults.push_back({"partitions", std::string(status.message())});
    }
  }
  for (int i = 0; i < topics.access_size(); ++i) {
    const config::v1::Access& access = topics.access(i);
    const std::string path = absl::StrCat("access[", i, "]");
    Require(access.principal(), absl::StrCat(path, ".principal"), &faults);
    const auto check = [&](const auto& patterns, absl::string_view name) {
      for (int j = 0; j < patterns.size(); ++j) {
        if (!IsDeclared(patterns[j], topics)) {
          faults.push_back({absl::StrCat(path, ".", name, "[", j, "]"),
                            "matches no declared topic"});
        }
      }
    };
    check(access.write_topics(), "write_topics");
    check(access.read_topics(), "read_topics");
  }
  return faults;
}

bool ReadProcess(const std::string& path, File<config::v1::Process>* file,
                 Problems* problems) {
  if (!Read(path, file, problems)) return false;
  AddFaults(*file, CheckProcess(file->message), problems);
  ResolvePaths(path, &file->message);
  FillDefaults(file->message.mutable_limits());
  return true;
}

bool ReadTopics(const std::string& path, File<config::v1::Topics>* file,
                Problems* problems) {
  if (!Read(path, file, problems)) return false;
  FillDefaults(&file->message);
  AddFaults(*file, CheckTopicsFile(file->message), problems);
  return true;
}

bool ReadRegister(const std::string& path,
                  const std::set<std::string>& services,
                  File<config::v1::Register>* file, Problems* problems) {
  if (!Read(path, file, problems)) return false;
  AddFaults(*file, CheckRegister(file->message, services), problems);
  return true;
}

}  // namespace

absl::StatusOr<Configuration> LoadConfiguration(const std::string& path) {
  Problems problems;
  File<config::v1::Process> process;
  File<config::v1::Topics> topics;
  File<config::v1::Register> systems;
  if (!ReadProcess(path, &process, &problems)) return problems.Status();
  const bool topics_read =
      !process.message.topics_file().empty() &&
      ReadTopics(process.message.topics_file(), &topics, &problems);
  // Without topics no service is known, and each would be called a fault.
  const std::set<std::string> services = DeclaredVocabularies(topics.message);
  const bool register_read = topics_read &&
                             !process.message.register_file().empty() &&
                             ReadRegister(process.message.register_file(),
                                          services, &systems, &problems);
  const std::string& as_system =
      process.message.listener().plaintext().as_system();
  if (register_read && !as_system.empty()) {
    bool known = false;
    for (const config::v1::System& system : systems.message.systems()) {
      known = known || system.id() == as_system;
    }
    if (!known) {
      AddFaults(
          process,
          {{"listener.plaintext.as_system", "is no system of the register"}},
          &problems);
    }
  }
  if (!problems.empty()) return problems.Status();
  absl::StatusOr<Register> made = Register::Make(systems.message, services);
  if (!made.ok()) return made.status();
  return Configuration{.process = std::move(process.message),
                       .topics = std::move(topics.message),
                       .systems = *std::move(made)};
}

absl::StatusOr<config::v1::Process> LoadProcess(const std::string& path) {
  Problems problems;
  File<config::v1::Process> file;
  ReadProcess(path, &file, &problems);
  if (!problems.empty()) return problems.Status();
  return std::move(file.message);
}

absl::StatusOr<config::v1::Topics> LoadTopics(const std::string& path) {
  Problems problems;
  File<config::v1::Topics> file;
  ReadTopics(path, &file, &problems);
  if (!problems.empty()) return problems.Status();
  return std::move(file.message);
}

absl::StatusOr<Register> LoadRegister(const std::string& path,
                                      const std::set<std::string>& services) {
  Problems problems;
  File<config::v1::Register> file;
  ReadRegister(path, services, &file, &problems);
  if (!problems.empty()) return problems.Status();
  return Register::Make(file.message, services);
}

eventlog::Topics DeclaredTopics(const config::v1::Topics& topics) {
  eventlog::Topics declared;
  for (const std::string& topic : topics.topics()) {
    declared[topic] = {
        .partitions = static_cast<int32_t>(topics.partitions()),
        .replication_factor = static_cast<int16_t>(topics.replication_factor()),
        .min_insync_replicas =
            static_cast<int16_t>(topics.min_insync_replicas())};
  }
  return declared;
}

std::set<std::string> DeclaredVocabularies(const config::v1::Topics& topics) {
  std::set<std::string> services;
  for (absl::string_view topic : topics.topics()) {
    if (absl::ConsumePrefix(&topic, "vigil.") &&
        absl::ConsumeSuffix(&topic, ".events.v1")) {
      services.emplace(topic);
    }
  }
  return services;
}

}  // namespace vigil::service
