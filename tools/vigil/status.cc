#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "services/writers.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/words.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/common/v1/operations.pb.h"

namespace vigil::cli {
namespace {

constexpr char kChronologyService[] = "vigil.chronology.v1.ChronologyService";
constexpr char kChronology[] = "chronology";
constexpr char kServing[] = "serving";
constexpr char kNotServing[] = "not serving";
// services/chronology/chronology.h: SERVING while the index follows the log.
constexpr char kFreshness[] = "vigil.Freshness";

struct Options {
  Connection connection;
  bool json = false;
};

std::string FullName(const std::string& service) {
  const service::Writer* writer = FindWriter(service);
  return writer != nullptr ? writer->service->full_name() : kChronologyService;
}

// "serving", "not serving", or why it cannot be told.
// `health` is a name of the health service.
std::string Serving(const Options& options, const std::string& service,
                    const std::string& health) {
  absl::StatusOr<service::Channel> channel = options.connection.To(service);
  if (!channel.ok()) return StatusText(channel.status());
  const absl::StatusOr<bool> serving =
      channel->IsServing(health, options.connection.timeout());
  if (!serving.ok()) return StatusText(serving.status());
  return *serving ? kServing : kNotServing;
}

absl::StatusOr<chronology::v1::GetStatusResponse> IndexStatus(
    const Options& options) {
  absl::StatusOr<service::Channel> channel = options.connection.To(kChronology);
  if (!channel.ok()) return channel.status();
  chronology::v1::GetStatusResponse answer;
  absl::Status status = channel->Call(
      absl::StrCat("/", kChronologyService, "/GetStatus"),
      chronology::v1::GetStatusRequest(), &answer,
      {.timeout = options.connection.timeout(), .traceparent = ""});
  if (!status.ok()) return status;
  return answer;
}

// How the writers behind these addresses stand; of a node all, once.
std::map<std::string, common::v1::Writer> AskWriters(
    const Options& options, const std::vector<std::string>& services,
    std::vector<std::string>* troubles) {
  std::map<std::string, common::v1::Writer> writers;
  for (const std::string& service : services) {
    if (FindWriter(service) == nullptr || writers.contains(service)) continue;
    absl::StatusOr<service::Channel> channel = options.connection.To(service);
    if (!channel.ok()) continue;
    common::v1::GetWritersResponse answer;
    const absl::Status status = channel->Call(
        "/vigil.common.v1.OperationsService/GetWriters",
        common::v1::GetWritersRequest(), &answer,
        {.timeout = options.connection.timeout(), .traceparent = ""});
    // Outboxes are shown to operators; to others that is no trouble.
    if (absl::IsPermissionDenied(status)) continue;
    if (!status.ok()) {
      troubles->push_back(
          absl::StrCat("the outbox of ", service, ": ", StatusText(status)));
      continue;
    }
    for (common::v1::Writer& writer : *answer.mutable_writers()) {
      writers[writer.name()] = std::move(writer);
    }
  }
  for (const auto& [name, writer] : writers) {
    if (writer.parked_records() > 0) {
      troubles->push_back(absl::StrCat(
          name, ": the log refused ", writer.parked_records(),
          " records for ever; mend it, then `vigil relay ", name, "`"));
    }
    if (writer.stores() == event::v1::ANSWER_NO) {
      troubles->push_back(
          absl::StrCat(name,
                       ": neither the log nor the outbox takes records; mend "
                       "the disk, then restart it"));
      continue;
    }
    if (writer.log_answers() == event::v1::ANSWER_NO) {
      troubles->push_back(absl::StrCat(name, ": the log does not answer"));
    }
    if (writer.outbox_writable() == event::v1::ANSWER_NO) {
      troubles->push_back(
          absl::StrCat(name, ": the outbox cannot be written; restart it"));
    }
  }
  return writers;
}

// What is not as it should be, in words.
std::vector<std::string> Troubles(
    const chronology::v1::GetStatusResponse& index) {
  std::vector<std::string> troubles;
  if (!index.alarm().empty()) {
    troubles.push_back(absl::StrCat("alarm: ", index.alarm()));
  }
  if (index.quarantined() > 0) {
    troubles.push_back(absl::StrCat(index.quarantined(),
                                    " records cannot be opened (quarantine)"));
  }
  if (index.conflicts() > 0) {
    troubles.push_back(
        absl::StrCat(index.conflicts(), " conflicts to be looked at"));
  }
  if (index.unregistered_references() > 0) {
    troubles.push_back(absl::StrCat(
        index.unregistered_references(),
        " references were made with a key that nobody registered"));
  }
  if (index.log_reachable() == event::v1::ANSWER_NO) {
    troubles.push_back("the log, or a part of it, cannot be reached");
  }
  return troubles;
}

nlohmann::ordered_json JsonOf(const google::protobuf::Message& message) {
  std::string text;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &text);
  return status.ok() ? nlohmann::ordered_json::parse(text, nullptr, false)
                     : nlohmann::ordered_json();
}

ExitCode Status(const Options& options) {
  absl::StatusOr<std::vector<std::string>> services =
      options.connection.Named();
  if (!services.ok()) return Fail(services.status());
  if (services->empty()) {
    *services = WriterNames();
    services->push_back(kChronology);
  }
  std::vector<std::pair<std::string, std::string>> states;
  std::vector<std::string> troubles;
  for (const std::string& service : *services) {
    states.emplace_back(service, Serving(options, service, FullName(service)));
    if (states.back().second != kServing) {
      troubles.push_back(absl::StrCat(service, " is not serving"));
    } else if (service == kChronology &&
               Serving(options, service, kFreshness) != kServing) {
      troubles.push_back("chronology is behind the log");
    }
  }
  const bool asks_index = std::find(services->begin(), services->end(),
                                    kChronology) != services->end();
  std::optional<absl::StatusOr<chronology::v1::GetStatusResponse>> index;
  if (asks_index) {
    index = IndexStatus(options);
    if (index->ok()) {
      for (std::string& trouble : Troubles(**index)) {
        troubles.push_back(std::move(trouble));
      }
    } else {
      troubles.push_back(
          absl::StrCat("the index: ", StatusText(index->status())));
    }
  }

  // Who does not answer at all was named already.
  std::vector<std::string> answering;
  for (const auto& [service, state] : states) {
    if (state == kServing || state == kNotServing) answering.push_back(service);
  }
  const std::map<std::string, common::v1::Writer> writers =
      AskWriters(options, answering, &troubles);

  if (options.json) {
    nlohmann::ordered_json json;
    for (const auto& [service, state] : states) {
      json["services"][service] = state;
    }
    if (index && index->ok()) {
      json["index"] = JsonOf(**index);
    }
    for (const auto& [name, writer] : writers) {
      json["writers"][name] = JsonOf(writer);
    }
    json["troubles"] = troubles;
    std::cout << json.dump() << "\n";
    return troubles.empty() ? kOk : kDiffers;
  }

  for (const auto& [service, state] : states) {
    std::cout << absl::StreamFormat("%-14s%s", service, state);
    const auto writer = writers.find(service);
    if (writer != writers.end()) {
      std::cout << ", outbox " << Grouped(writer->second.outbox_records());
      if (writer->second.has_oldest_waiting()) {
        std::cout << " since " << TimeText(writer->second.oldest_waiting());
      }
      std::cout << ", parked " << Grouped(writer->second.parked_records());
    }
    std::cout << "\n";
  }
  if (index && index->ok()) {
    const chronology::v1::GetStatusResponse& status = **index;
    const auto line = [](absl::string_view name, const std::string& value) {
      std::cout << absl::StreamFormat("  %-16s%s\n", name, Shown(value));
    };
    const auto number = [](bool has, uint64_t value) {
      return has ? Grouped(value) : std::string("not stated");
    };
    std::cout << "index\n";
    line("behind", status.has_lag_records()
                       ? absl::StrCat(Grouped(status.lag_records()), " records")
                       : std::string("not known"));
    line("outbox", absl::StrCat(number(status.has_outbox_records(),
                                       status.outbox_records()),
                                " views not yet in the log"));
    line("quarantine", number(status.has_quarantined(), status.quarantined()));
    line("conflicts", number(status.has_conflicts(), status.conflicts()));
    line("log reachable", EnumText(status.log_reachable()));
    line("version", absl::StrCat(status.software_version(), ", fold ",
                                 status.fold_version()));
    for (const auto& reference : status.unregistered()) {
      line("unregistered",
           absl::StrCat(reference.subject(), ", ", reference.entries(),
                        reference.entries() == 1 ? " entry" : " entries"));
    }
    for (const auto& source : status.sources()) {
      std::string said =
          source.has_last_heard()
              ? absl::StrCat("last heard ", TimeText(source.last_heard()))
              : std::string("never heard");
      if (source.has_lag_seconds()) {
        absl::StrAppend(&said, ", ", source.lag_seconds(), " s behind");
      }
      line(source.writer(), said);
    }
  }
  for (const std::string& trouble : troubles) {
    std::cout << "! " << Shown(trouble) << "\n";
  }
  if (troubles.empty()) std::cout << "all is well\n";
  return troubles.empty() ? kOk : kDiffers;
}

ExitCode Relay(const Options& options, const std::string& writer) {
  absl::StatusOr<service::Channel> channel = options.connection.To(writer);
  if (!channel.ok()) return Fail(channel.status());
  common::v1::RelayParkedRequest request;
  request.set_writer(writer);
  common::v1::RelayParkedResponse answer;
  const absl::Status status = channel->Call(
      "/vigil.common.v1.OperationsService/RelayParked", request, &answer,
      {.timeout = options.connection.timeout(), .traceparent = ""});
  if (!status.ok()) return Fail(status);
  std::cout << Grouped(answer.records()) << " records are on their way again\n";
  return kOk;
}

}  // namespace

void AddRelay(CLI::App* app, Run* run) {
  struct RelayOptions : Options {
    std::string writer;
  };
  auto options = std::make_shared<RelayOptions>();
  const std::vector<std::string> names = WriterNames();
  CLI::App* command = app->add_subcommand(
      "relay",
      "After a repair: send again what the log had refused for ever (parked, "
      "`vigil status` says).\nFor operators.");
  command->add_option("WRITER", options->writer, "police, health ...")
      ->required()
      ->check(CLI::IsMember(names));
  options->connection.AddOptions(command, names);
  command->footer(
      "Example:\n"
      "  vigil relay police --address police.example:7441 --ca ca.crt "
      "--certificate operator.crt --key operator.key");
  command->callback([options, run] {
    *run = [options] { return Relay(*options, options->writer); };
  });
}

void AddStatus(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  std::vector<std::string> services = WriterNames();
  services.push_back(kChronology);
  CLI::App* command = app->add_subcommand(
      "status",
      "How the services are: serving, how far behind the log, outbox, "
      "quarantine, conflicts.\nOutboxes are shown to operators alone. Exit "
      "code 1 if anything is not well. Asks those "
      "services whose addresses are given one by one\nor in --addresses; with "
      "--address alone, all of them there.");
  command->add_flag("--json", options->json, "As one line of JSON");
  options->connection.AddOptions(command, services);
  command->footer(
      "Examples:\n"
      "  vigil status --addresses /var/lib/vigil --ca ca.crt "
      "--certificate operator.crt --key operator.key\n"
      "  vigil status --address node.example:7440 --ca ca.crt "
      "--certificate operator.crt --key operator.key");
  command->callback(
      [options, run] { *run = [options] { return Status(*options); }; });
}

}  // namespace vigil::cli
