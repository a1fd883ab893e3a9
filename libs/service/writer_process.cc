#include "libs/service/writer_process.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "libs/event/naming_key_file.h"
#include "libs/eventlog/kafka_event_log.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/service/config.h"
#include "libs/service/log.h"

namespace vigil::service {

absl::StatusOr<std::unique_ptr<eventlog::EventLog>> OpenLog(
    const config::v1::Log& log, const config::v1::Topics& topics) {
  eventlog::Topics declared = DeclaredTopics(topics);
  if (log.has_embedded()) {
    return eventlog::RocksdbEventLog::Open(log.embedded().folder(),
                                           std::move(declared));
  }
  const config::v1::KafkaLog& kafka = log.kafka();
  eventlog::KafkaConnection connection = {
      .bootstrap = kafka.bootstrap_servers(),
      .ca_file = kafka.ca_file(),
      .certificate_file = kafka.certificate_file(),
      .key_file = kafka.private_key_file(),
      .settings = {kafka.properties().begin(), kafka.properties().end()}};
  return eventlog::KafkaEventLog::Open(connection, std::move(declared));
}

CallersOptions OptionsOfCallers(const config::v1::Process& process) {
  const config::v1::Limits& limits = process.limits();
  return {
      .plaintext_system = process.listener().plaintext().as_system(),
      .calls_in_flight_per_system = limits.calls_in_flight_per_system(),
      .requests_in_flight_per_system = limits.requests_in_flight_per_system()};
}

eventlog::StoreAndForwardOptions StoreOptions(
    const config::v1::Process& process) {
  eventlog::StoreAndForwardOptions options;
  options.forward = process.log().has_kafka();
  const config::v1::Limits& limits = process.limits();
  options.accept_after = absl::Milliseconds(limits.accept_after_milliseconds());
  options.request_memory = absl::Hours(24 * limits.request_memory_days());
  options.max_in_flight = limits.requests_in_flight();
  return options;
}

namespace {

// As the outbox is bound to it: which key, and what proves that it is that one.
std::string OwnerOf(const event::NamingKey& key) {
  return absl::StrCat(key.id(), " ", key.CheckValue());
}

// What a folder holds.
struct Held {
  std::unique_ptr<eventlog::Outbox> outbox;
  event::NamingKeys keys;
};

absl::StatusOr<Held> OpenFolder(const std::string& folder) {
  const std::string path = folder + "/naming.key";
  auto outbox = eventlog::Outbox::Open(folder + "/outbox");
  if (!outbox.ok()) return outbox.status();
  const absl::StatusOr<std::string> owner = (*outbox)->BoundTo();
  if (!owner.ok()) return owner.status();
  auto keys = owner->empty() ? event::ReadOrMakeNamingKeys(path)
                             : event::ReadNamingKeys(path);
  const auto refused = [&](absl::string_view why) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, why, ", but the outbox beside it belongs to the key ",
        owner->substr(0, owner->find(' ')),
        ": restore that file from its backup. Starting with another key would "
        "split every child for ever."));
  };
  if (absl::IsNotFound(keys.status())) return refused(" is not there");
  if (!keys.ok()) return keys.status();
  const bool known =
      owner->empty() || *owner == OwnerOf(keys->current) ||
      std::any_of(keys->previous.begin(), keys->previous.end(),
                  [&](const auto& key) { return *owner == OwnerOf(key); });
  if (!known) {
    return refused(absl::StrCat(" holds the key ", keys->current.id()));
  }
  // First start, or the key was replaced.
  if (*owner != OwnerOf(keys->current)) {
    const absl::Status bound = (*outbox)->Bind(OwnerOf(keys->current));
    if (!bound.ok()) return bound;
  }
  return Held{*std::move(outbox), *std::move(keys)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<WriterProcess>> WriterProcess::Open(
    Writer writer, const std::string& folder,
    const config::v1::Process& process, eventlog::EventLog* log,
    Callers* callers, Metrics* metrics) {
  const std::string topic = EventsTopic(writer.name);
  if (log->Partitions(topic).empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the declaration of topics lacks ", topic,
                     ", to which all of this writer is written"));
  }
  auto held = OpenFolder(folder);
  if (!held.ok()) return held.status();
  return std::unique_ptr<WriterProcess>(
      new WriterProcess(std::move(writer), std::move(held->outbox),
                        std::move(held->keys), process, log, callers, metrics));
}

absl::Status WriterProcess::ReplaceNamingKey(const std::string& folder) {
  // Nobody else has it open, and its key is the right one.
  const auto held = OpenFolder(folder);
  if (!held.ok()) return held.status();
  const auto keys = event::ReplaceNamingKey(folder + "/naming.key");
  if (!keys.ok()) return keys.status();
  LogInfo("naming_key_replaced", {{"folder", folder},
                                  {"old_key_id", held->keys.current.id()},
                                  {"new_key_id", keys->current.id()}});
  return held->outbox->Bind(OwnerOf(keys->current));
}

WriterProcess::WriterProcess(Writer writer,
                             std::unique_ptr<eventlog::Outbox> outbox,
                             event::NamingKeys keys,
                             const config::v1::Process& process,
                             eventlog::EventLog* log, Callers* callers,
                             Metrics* metrics)
    : name_(writer.name),
      naming_key_id_(keys.current.id()),
      outbox_(std::move(outbox)),
      store_(log, outbox_.get(), StoreOptions(process)),
      pipeline_(writer, &store_, std::move(keys)),
      service_(writer, callers, metrics,
               [this](const Call& call, const common::v1::Statement& statement,
                      ReceiptDone done) {
                 pipeline_.Submit(call, statement, std::move(done));
               }) {
  const Metrics::Labels labels = {{"writer", name_}};
  metrics->AddGauge(
      "vigil_outbox_records", "Accepted and not yet in the log.",
      [this] { return static_cast<double>(outbox_->depth()); }, labels);
  metrics->AddGauge(
      "vigil_outbox_parked_records", "Refused by the log until a repair.",
      [this] { return static_cast<double>(outbox_->parked()); }, labels);
  metrics->AddGauge(
      "vigil_outbox_oldest_timestamp_seconds",
      "When the oldest waiting record was accepted; 0 if none waits.",
      [this] {
        const auto oldest = outbox_->oldest();
        return oldest.has_value()
                   ? absl::ToDoubleSeconds(*oldest - absl::UnixEpoch())
                   : 0.0;
      },
      labels);
  pipeline_.AnnounceKeys([name = name_](const absl::Status& status) {
    if (!status.ok()) {
      LogError("naming_key_not_announced",
               {{"writer", name}, {"error", status.ToString()}});
    }
  });
}

void WriterProcess::AddTo(Server* server, OperationsService* operations) {
  server->Add(service_.name(), service_.grpc_service());
  server->Watch(service_.name(), [this] { return store_.stores(); });
  operations->Watch(name_, &store_, naming_key_id_);
}

void WriterProcess::SayOutbox() const {
  LogInfo("ended", {{"writer", name_},
                    {"outbox_records", outbox_->depth()},
                    {"parked_records", outbox_->parked()}});
}

int RunWriter(Writer writer, int argc, char** argv) {
  CLI::App app(absl::StrCat("Vigil's ", writer.name,
                            " service: takes what the agency's systems tell, "
                            "and writes it to the log."));
  std::string path;
  app.add_option("--config", path,
                 "configuration of this process (vigil.config.v1.Process in "
                 "protobuf text format; see deploy/)")
      ->required();
  bool replace_naming_key = false;
  app.add_flag(
      "--replace-naming-key", replace_naming_key,
      "make a new naming key after a leak, keep the old one beside it, "
      "and end (see deploy/README.md)");
  CLI11_PARSE(app, argc, argv);

  BeginProcess();
  SetUpLog();
  const auto fail = [](const absl::Status& status) {
    std::cerr << "cannot start: " << status.message() << "\n";
    return 1;
  };
  const auto configuration = LoadConfiguration(path);
  if (!configuration.ok()) return fail(configuration.status());
  const config::v1::Process& process = configuration->process;
  if (replace_naming_key) {
    const absl::Status replaced =
        WriterProcess::ReplaceNamingKey(process.data_folder());
    return replaced.ok() ? 0 : fail(replaced);
  }
  auto log = OpenLog(process.log(), configuration->topics);
  if (!log.ok()) return fail(log.status());
  Callers callers(configuration->systems, OptionsOfCallers(process));
  Metrics metrics;
  auto host = WriterProcess::Open(writer, process.data_folder(), process,
                                  log->get(), &callers, &metrics);
  if (!host.ok()) return fail(host.status());
  OperationsService operations(&callers);
  Server server(writer.name, process, &metrics);
  (*host)->AddTo(&server, &operations);
  server.Add(operations.name(), operations.grpc_service());
  if (const absl::Status started = server.Start(); !started.ok()) {
    return fail(started);
  }
  return server.RunUntilSignal([&] { (*host)->SayOutbox(); });
}

}  // namespace vigil::service
