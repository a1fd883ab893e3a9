#include <cmath>
#include <iostream>
#include <memory>

#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/terminal.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  double hours = 24;
};

ExitCode Rebuild(const Options& options) {
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());
  chronology::v1::RebuildResponse progress;
  const bool terminal = TerminalOf(2).is_terminal;
  bool finished = false;
  uint64_t said = 0;
  const absl::Status status = channel->Stream(
      "/vigil.chronology.v1.ChronologyService/Rebuild",
      chronology::v1::RebuildRequest(), &progress,
      [&] {
        finished = progress.finished() == event::v1::ANSWER_YES;
        const uint64_t total = progress.total_records();
        const uint64_t share =
            total == 0 ? 0 : progress.done_records() * 100 / total;
        // Into a log file, a line for each tenth.
        if (!terminal && share < said + 10 && !finished) return true;
        said = share;
        std::cerr << (terminal ? "\r\x1b[K" : "") << share << "% "
                  << Grouped(progress.done_records()) << " of "
                  << Grouped(total) << " records, "
                  << Grouped(
                         static_cast<uint64_t>(progress.records_per_second()))
                  << "/s, "
                  << Grouped(static_cast<uint64_t>(
                         std::ceil(progress.seconds_left())))
                  << " s left" << (terminal ? "" : "\n") << std::flush;
        return true;
      },
      {.timeout = absl::Hours(options.hours), .traceparent = ""});
  if (terminal) std::cerr << "\n";
  if (!status.ok()) return Fail(status);
  if (!finished) return Fail(absl::UnavailableError("ended before the end"));
  std::cerr << "rebuilt\n";
  return kOk;
}

}  // namespace

void AddRebuild(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "rebuild",
      "Build the chronology's index anew from the log, beside the one that "
      "serves meanwhile. For operators.");
  options->connection.AddOptions(command, {"chronology"});
  command->remove_option(command->get_option("--timeout"));
  command->add_option("--hours", options->hours, "Give up after")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->footer(
      "Example:\n"
      "  vigil rebuild --address chronology.example:7446 --ca ca.crt "
      "--certificate operator.crt --key operator.key");
  command->callback(
      [options, run] { *run = [options] { return Rebuild(*options); }; });
}

}  // namespace vigil::cli
