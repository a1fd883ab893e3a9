#include <unistd.h>

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/json_output.h"
#include "tools/vigil/opened_event.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/timeline.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  AskingOptions asking;
  FreshnessOptions freshness;
  std::string event_id;
  bool json = false;
};

// Everything that the section holds: text format names each field as the
// published language does.
void PrintSection(absl::string_view title,
                  const google::protobuf::Message& message) {
  if (message.ByteSizeLong() == 0) return;
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.SetInitialIndentLevel(1);
  printer.PrintToString(message, &text);
  std::cout << "\n" << title << "\n" << Shown(text);
}

ExitCode GetEntry(const Options& options) {
  chronology::v1::GetEntryRequest request;
  request.set_event_id(options.event_id);
  for (const absl::Status& status :
       {options.asking.Fill(request.mutable_asking()),
        options.freshness.Fill(&request)}) {
    if (!status.ok()) return Fail(status);
  }
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());
  chronology::v1::GetEntryResponse answer;
  const absl::Status status = channel->Call(
      "/vigil.chronology.v1.ChronologyService/GetEntry", request, &answer,
      {.timeout = options.connection.timeout(), .traceparent = ""});
  if (!status.ok()) return Fail(status);
  if (options.json) return PrintJson(answer);

  const TimelineOptions layout = TimelineOptionsFor(TerminalOf(STDOUT_FILENO));
  std::cout << TimelineEntry(answer.row(), layout);
  // Digests prove what was said; nobody reads them (--json has them).
  event::v1::Header header = answer.header();
  header.clear_parts();
  header.clear_signatures();
  PrintSection("Header", header);
  PrintSection("Kind", answer.kind());
  for (const event::v1::PersonPart& person : answer.persons()) {
    if (person.has_about()) PrintSection("About", person.about());
    if (person.has_involved()) PrintSection("Involved", person.involved());
  }
  PrintSection("Informant", answer.informant());
  PrintSection("Place", answer.place());
  PrintSection("Clear", answer.clear());
  for (const auto& amendment : answer.amendments()) {
    const OpenedEvent opened = OpenEvent(amendment);
    std::cout << "\nLater: " << Shown(opened.title) << "\n";
    for (const auto& [name, value] : opened.lines) {
      std::cout << NamedLine(name, value, 2, layout);
    }
  }
  std::cout << "\n"
            << NamedLine("Source", answer.source(), 0, layout)
            << NamedLine("View", answer.view_id(), 0, layout)
            << NamedLine("Complete", answer.completeness().words(), 0, layout);
  for (const std::string& line : CompletenessText(answer.completeness())) {
    std::cout << NamedLine("", line, 0, layout);
  }
  return kOk;
}

}  // namespace

void AddEntry(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "entry", "One entry of a chronology in full, with what was said later.");
  command
      ->add_option("EVENT_ID", options->event_id,
                   "From a chronology or a receipt")
      ->required();
  command->add_flag("--json", options->json,
                    "The answer as JSON (vigil.chronology.v1."
                    "GetEntryResponse)");
  options->freshness.AddOptions(command);
  options->asking.AddOptions(command);
  options->connection.AddOptions(command, {"chronology"});
  command->footer(
      "Example (with VIGIL_ADDRESS, VIGIL_PERSON_ID and so on set):\n"
      "  vigil entry 0b8e4c1e-5a0f-5d7e-9c0a-3c9b7f0f1a2b");
  command->callback(
      [options, run] { *run = [options] { return GetEntry(*options); }; });
}

}  // namespace vigil::cli
