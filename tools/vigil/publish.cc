#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/publishing.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  std::string agency;
  std::string file = "-";
  ItemFormat format = ItemFormat::kJsonLines;
  std::string refused;
  std::string receipts;
};

// Opens only if asked to; receipts and refused lines hold personal data or
// point to it, so nobody else may read them.
absl::StatusOr<std::unique_ptr<std::ofstream>> OpenSink(
    const std::string& path) {
  if (path.empty()) return std::unique_ptr<std::ofstream>();
  auto file =
      std::make_unique<std::ofstream>(path, std::ios::binary | std::ios::trunc);
  std::error_code error;
  std::filesystem::permissions(
      path,
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
      error);
  if (!*file || error) {
    return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  }
  return file;
}

ExitCode Publish(const Options& options) {
  const Agency* agency = FindAgency(options.agency);
  absl::StatusOr<service::Channel> channel =
      options.connection.To(agency->name);
  if (!channel.ok()) return Fail(channel.status());

  std::ifstream file;
  uint64_t total = 0;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) {
      return Fail(
          absl::NotFoundError(absl::StrCat(options.file, ": cannot be read")));
    }
    std::error_code error;
    total = std::filesystem::file_size(options.file, error);
    if (error) total = 0;
  }
  auto refused = OpenSink(options.refused);
  if (!refused.ok()) return Fail(refused.status());
  auto receipts = OpenSink(options.receipts);
  if (!receipts.ok()) return Fail(receipts.status());

  Progress progress(total);
  PublishSinks sinks;
  sinks.errors = &std::cerr;
  sinks.refused = refused->get();
  sinks.receipts = receipts->get();
  sinks.progress = [&](const PublishCounts& counts, uint64_t bytes) {
    progress.Show(bytes, static_cast<uint64_t>(counts.sent + counts.refused),
                  "lines");
  };
  Publishing publishing(
      *agency,
      [&](const google::protobuf::Message& batch,
          common::v1::SubmitBatchResponse* response) {
        return channel->Call(
            agency->method, batch, response,
            {.timeout = options.connection.timeout(), .traceparent = ""});
      },
      {.now = [] { return absl::Now(); },
       .wait = [](absl::Duration d) { absl::SleepFor(d); }},
      sinks,
      {.format = options.format, .retry_for = options.connection.timeout()});
  const absl::Status status =
      publishing.Run(options.file == "-" ? std::cin : file);
  progress.Clear();
  std::cerr << CountsText(publishing.counts()) << "\n";
  for (const auto* sink : {refused->get(), receipts->get()}) {
    if (sink != nullptr && !*sink) {
      return Fail(absl::UnavailableError("an output file is not whole"));
    }
  }
  if (!status.ok()) return Fail(status);
  return publishing.counts().refused > 0 ? kDiffers : kOk;
}

}  // namespace

void AddPublish(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const Agency& agency : Agencies()) names.push_back(agency.name);
  CLI::App* command = app->add_subcommand(
      "publish",
      "Publish an agency's requests: a file, or a stream on the standard "
      "input.\nA refused line is told by its number and every field at fault, "
      "and the rest goes on.");
  command->add_option("AGENCY", options->agency, "Through which service")
      ->required()
      ->check(CLI::IsMember(names));
  command
      ->add_option("FILE", options->file, "Requests; - is the standard input")
      ->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "jsonl: one request a line, ProtoJSON of "
                   "vigil.<agency>.v1.Item. textproto: the same message in "
                   "text format, a line of --- between two")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ItemFormat>{
          {"jsonl", ItemFormat::kJsonLines},
          {"textproto", ItemFormat::kTextProto}}))
      ->default_str("jsonl");
  command->add_option("--refused", options->refused,
                      "Write refused lines to this file as they were, to be "
                      "corrected and sent with new request ids");
  command->add_option("--receipts", options->receipts,
                      "Write receipts to this file, one a line; "
                      "`vigil chronology --at-least` takes it");
  options->connection.AddOptions(command, names);
  command->footer(
      "Calls that end in doubt are repeated for --timeout seconds, with the "
      "same request ids.\nIf that does not help, the exit code is 5: publish "
      "the same file again, it is safe.\n\n"
      "Examples:\n"
      "  vigil publish police incidents.jsonl --refused again.jsonl\n"
      "  export-concerns | vigil publish education - --receipts "
      "receipts.jsonl\n"
      "  vigil publish mash decisions.txtpb --format textproto");
  command->callback(
      [options, run] { *run = [options] { return Publish(*options); }; });
}

}  // namespace vigil::cli
