#include <unistd.h>

#include <iostream>
#include <memory>

#include "absl/strings/str_replace.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/json_output.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/timeline.h"
#include "tools/vigil/words.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  std::string as_of;
  bool all = false;
  bool json = false;
};

void Print(const chronology::v1::Term& term, const TimelineOptions& layout) {
  std::cout << Shown(TermText(term.term())) << "\n"
            << NamedLine("Of", term.organisation(), 2, layout)
            << NamedLine("Would be a", term.table(), 2, layout)
            << NamedLine(
                   "Means",
                   term.meaning().empty()
                       ? "no mapping says"
                       : absl::StrReplaceAll(term.meaning(), {{"_", " "}}),
                   2, layout)
            << NamedLine("First logged", TimeText(term.first_logged()), 2,
                         layout);
}

ExitCode ListTerms(const Options& options) {
  chronology::v1::ListTermsRequest request;
  if (options.all) request.set_mapped_too(event::v1::ANSWER_YES);
  if (!options.as_of.empty()) {
    absl::StatusOr<absl::Time> time =
        ParseTime(options.as_of, /*end_of_day=*/true);
    if (!time.ok()) return Fail(time.status());
    *request.mutable_as_of()->mutable_logged() = TimestampOf(*time);
  }
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());
  const TimelineOptions layout = TimelineOptionsFor(TerminalOf(STDOUT_FILENO));
  int unmapped = 0;
  int listed = 0;
  do {
    chronology::v1::ListTermsResponse page;
    const absl::Status status = channel->Call(
        "/vigil.chronology.v1.ChronologyService/ListTerms", request, &page,
        {.timeout = options.connection.timeout(), .traceparent = ""});
    if (!status.ok()) return Fail(status);
    request.set_page_token(page.next_page_token());
    if (options.json) {
      if (const ExitCode code = PrintJson(page); code != kOk) return code;
    }
    for (const chronology::v1::Term& term : page.terms()) {
      ++listed;
      if (term.meaning().empty()) ++unmapped;
      if (!options.json) Print(term, layout);
    }
  } while (!request.page_token().empty() && std::cout);
  if (!options.json) {
    if (listed > 0) std::cout << "\n";
    std::cout << (unmapped == 0
                      ? std::string("every term has a meaning")
                      : absl::StrCat(unmapped,
                                     unmapped == 1 ? " term" : " terms",
                                     " that no mapping knows"))
              << "\n";
  }
  return kOk;
}

}  // namespace

void AddTerms(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "terms",
      "Agencies' own terms that no mapping of the hub knows: what they say "
      "starts no clock.\n`vigil settings apply` tells what they mean. Names no "
      "child.");
  command->add_flag("--all", options->all, "Those that a mapping knows, too");
  command
      ->add_option("--as-of", options->as_of,
                   "What had been logged by then: 2026-03-28T10:00:00Z, "
                   "2026-03-28T10:00 or 2026-03-28")
      ->check(NotEmpty());
  command->add_flag("--json", options->json,
                    "Each page as a line of JSON (vigil.chronology.v1."
                    "ListTermsResponse)");
  options->connection.AddOptions(command, {"chronology"});
  command->footer(
      "Example (with VIGIL_ADDRESS and so on set):\n"
      "  vigil terms --all");
  command->callback(
      [options, run] { *run = [options] { return ListTerms(*options); }; });
}

}  // namespace vigil::cli
