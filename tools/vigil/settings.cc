#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/service/writer.h"
#include "services/writers.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/partnership.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  std::string file;
  bool check = false;
};

ExitCode Apply(const Options& options) {
  const auto partnership = ReadPartnership(options.file);
  if (!partnership.ok()) return Fail(partnership.status());
  std::vector<Settled> all = StatementsOf(*partnership);
  if (all.empty()) {
    return FailUsage(absl::StrCat(options.file, ": nothing is settled there"));
  }
  const service::Writer& hub = *FindWriter(service::kHub);
  absl::StatusOr<service::Channel> channel = options.connection.To(hub.name);
  if (!channel.ok()) return Fail(channel.status());
  ExitCode code = kOk;
  for (Settled& settled : all) {
    settled.statement.set_validate_only(options.check);
    common::v1::Receipt receipt;
    const absl::Status status = channel->Call(
        absl::StrCat("/", hub.service->full_name(), "/Submit"),
        settled.statement, &receipt,
        {.timeout = options.connection.timeout(), .traceparent = ""});
    if (!status.ok()) {
      std::cerr << settled.field << ": " << settled.words << "\n";
      const ExitCode failed = Fail(status);
      // What is wrong in one of them says nothing about the others.
      if (!absl::IsInvalidArgument(status)) return failed;
      code = kDiffers;
      continue;
    }
    std::cout << (options.check ? "right: " : "told: ") << settled.field << ", "
              << settled.words;
    for (const common::v1::StoredEvent& event : receipt.events()) {
      if (!options.check) std::cout << ", event " << event.event_id();
    }
    if (!options.check &&
        receipt.durability() == common::v1::DURABILITY_ACCEPTED) {
      std::cout << " (accepted; not in the log yet)";
    }
    std::cout << "\n";
    for (const common::v1::Warning& warning : receipt.warnings()) {
      std::cout << "  " << warning.field() << ": " << Shown(warning.text())
                << "\n";
    }
  }
  return code;
}

}  // namespace

void AddSettings(CLI::App* app, Run* run) {
  CLI::App* settings = app->add_subcommand(
      "settings",
      "What the partnership has settled: what agencies' terms mean, its "
      "calendar, what the rules leave to it.");
  settings->require_subcommand(1);
  settings->footer("For examples: vigil settings apply --help");
  auto options = std::make_shared<Options>();
  CLI::App* command = settings->add_subcommand(
      "apply",
      "Tell what a file says as facts of the hub, and print what was "
      "told.\nTelling the same file again changes nothing. For coordinators.");
  command
      ->add_option("FILE", options->file,
                   "A vigil.config.v1.Partnership in text format")
      ->required();
  command->add_flag("--check", options->check,
                    "Ask whether it would be taken, and tell nothing");
  options->connection.AddOptions(command, {std::string(service::kHub)});
  command->footer(
      "What was told stays: what a file leaves out is not taken back, and of "
      "two that say something of the same, the later told one counts. To go "
      "back to what held before, say so with the time at which that was "
      "settled.\n\n"
      "Example:\n"
      "  vigil settings apply northshire.textproto --address "
      "mash.example:7445 --ca ca.crt --certificate hub.crt --key hub.key");
  command->callback(
      [options, run] { *run = [options] { return Apply(*options); }; });
}

}  // namespace vigil::cli
