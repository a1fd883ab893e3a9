#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/writers.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/line_input.h"
#include "tools/vigil/publishing.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  std::string writer;
  std::string file = "-";
  ItemFormat format = ItemFormat::kJsonLines;
  std::string refused;
  std::string receipts;
  bool batch = false;
};

// Whether two paths lead to one regular file, or will when it is made.
bool IsSameFile(const std::string& one, const std::string& other) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(one, error) && fs::exists(other, error)) {
    return fs::is_regular_file(one, error) && fs::equivalent(one, other, error);
  }
  return fs::weakly_canonical(one, error) == fs::weakly_canonical(other, error);
}

// What is written would take the place of what is read, or of the other.
absl::Status CheckPaths(const Options& options) {
  const std::string in = options.file == "-" ? "/dev/stdin" : options.file;
  const std::tuple<absl::string_view, const std::string&, const std::string&>
      pairs[] = {
          {"--refused is the file to be published", options.refused, in},
          {"--receipts is the file to be published", options.receipts, in},
          {"--refused and --receipts are one file", options.refused,
           options.receipts}};
  for (const auto& [fault, one, other] : pairs) {
    if (!one.empty() && !other.empty() && IsSameFile(one, other)) {
      return absl::InvalidArgumentError(fault);
    }
  }
  return absl::OkStatus();
}

// Opens only if asked to; receipts and refused lines hold personal data or
// point to it, so nobody else may read them.
absl::StatusOr<std::unique_ptr<std::ofstream>> OpenSink(
    const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return std::unique_ptr<std::ofstream>();
  auto file =
      std::make_unique<std::ofstream>(path, std::ios::binary | std::ios::trunc);
  std::error_code error;
  if (fs::is_regular_file(path, error)) {  // not of a device or pipe
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write,
                    error);
  }
  if (!*file || error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": cannot be written"));
  }
  return file;
}

ExitCode Publish(const Options& options) {
  const service::Writer& writer = *FindWriter(options.writer);
  absl::StatusOr<service::Channel> channel = options.connection.To(writer.name);
  if (!channel.ok()) return Fail(channel.status());

  if (absl::Status apart = CheckPaths(options); !apart.ok()) {
    return Fail(apart);
  }
  absl::StatusOr<LineInput> in = LineInput::Open(options.file);
  if (!in.ok()) return Fail(in.status());
  std::error_code unknown;  // of a stream
  uint64_t total = std::filesystem::file_size(options.file, unknown);
  if (unknown) total = 0;
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
  const absl::Duration timeout = options.connection.timeout();
  Publishing publishing(
      [&] {
        return options.batch ? OpenBatches(*channel, writer, timeout)
                             : OpenStream(*channel, writer);
      },
      {.now = [] { return absl::Now(); },
       .wait = [](absl::Duration d) { absl::SleepFor(d); }},
      sinks,
      {.format = options.format,
       .answer_within = timeout,
       .retry_for = timeout});
  const absl::Status status = publishing.Run(*in);
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
  const std::vector<std::string> names = WriterNames();
  CLI::App* command = app->add_subcommand(
      "publish",
      "Publish an agency's statements: a file, or a stream on the standard "
      "input, sent as it comes.\nA refused line is told by its number and "
      "every field at fault, "
      "and the rest goes on.");
  command->add_option("WRITER", options->writer, "Through which service")
      ->required()
      ->check(CLI::IsMember(names));
  command
      ->add_option("FILE", options->file, "Statements; - is the standard input")
      ->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "jsonl: one statement a line, ProtoJSON of "
                   "vigil.common.v1.Statement. textproto: the same message in "
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
  command->add_flag("--batch", options->batch,
                    "In calls of SubmitBatch, where something on the way to "
                    "the service takes no streams");
  options->connection.AddOptions(command, names);
  command->footer(
      "What ends in doubt, or has no answer within --timeout seconds, is sent "
      "again for as long, with the same request ids.\nIf that does not help, "
      "the exit code is 5: publish "
      "the same file again, it is safe. \"repeated\" counts what one run sent "
      "twice.\n\n"
      "Examples:\n"
      "  vigil publish police incidents.jsonl --refused again.jsonl\n"
      "  export-concerns | vigil publish education - --receipts "
      "receipts.jsonl\n"
      "  vigil publish mash decisions.txtpb --format textproto");
  command->callback(
      [options, run] { *run = [options] { return Publish(*options); }; });
}

}  // namespace vigil::cli
