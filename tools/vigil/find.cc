#include <unistd.h>

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/identifier_option.h"
#include "tools/vigil/json_output.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  AskingOptions asking;
  FreshnessOptions freshness;
  IdentifierOption identifier;
  std::string name;
  std::string born;
  int limit = 20;
  bool json = false;
};

void Print(const chronology::v1::FindResponse& answer,
           const TimelineOptions& layout) {
  int number = 0;
  for (const chronology::v1::Candidate& candidate : answer.candidates()) {
    std::cout << ++number << ". "
              << Shown(absl::StrCat(NamesText(candidate.demographics()), ", ",
                                    BirthText(candidate.demographics().birth()),
                                    ", ",
                                    EnumText(candidate.demographics().sex())))
              << "\n"
              << NamedLine("Subject", candidate.subject(), 3, layout);
    for (const auto& identifier : candidate.demographics().identifiers()) {
      std::cout << NamedLine(
          "Identifier",
          absl::StrCat(EnumText(identifier.type()), " ", identifier.value(),
                       identifier.verified() == event::v1::ANSWER_YES
                           ? ", verified"
                           : ", not verified"),
          3, layout);
    }
    for (const auto& reason : candidate.reasons()) {
      std::cout << NamedLine(
          "Why", absl::StrCat(reason.text(), " (", reason.code(), ")"), 3,
          layout);
    }
    for (const auto& subject : candidate.subjects()) {
      std::cout << NamedLine(
          "Joined",
          absl::StrCat(subject.subject(), ": ", LinkText(subject.kind())), 3,
          layout);
    }
    if (candidate.known_to_size() > 0) {
      std::cout << NamedLine(
          "Known to", absl::StrJoin(candidate.known_to(), ", "), 3, layout);
    }
  }
  if (number == 0) std::cout << "Nobody found.\n";
  if (answer.more() == event::v1::ANSWER_YES) {
    std::cout << "There are more: say more of whom you look for.\n";
  }
  std::cout << "\n" << NamedLine("View", answer.view_id(), 0, layout);
  if (!answer.completeness().words().empty()) {
    std::cout << NamedLine("Complete", answer.completeness().words(), 0,
                           layout);
  }
  for (const std::string& line : CompletenessText(answer.completeness())) {
    std::cout << NamedLine("", line, 0, layout);
  }
}

ExitCode Find(const Options& options) {
  chronology::v1::FindRequest request;
  for (const absl::Status& status :
       {options.asking.Fill(request.mutable_asking()),
        options.freshness.Fill(&request)}) {
    if (!status.ok()) return Fail(status);
  }
  request.set_name(options.name);
  request.set_birth_date(options.born);
  if (options.identifier.given()) {
    *request.mutable_identifier() = options.identifier.Identifier();
  }
  if (request.name().empty() && request.birth_date().empty() &&
      !request.has_identifier()) {
    return FailUsage("say whom to find: --name, --born, --nhs-number or --upn");
  }
  request.set_page_size(options.limit);
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());
  chronology::v1::FindResponse answer;
  const absl::Status status = channel->Call(
      "/vigil.chronology.v1.ChronologyService/Find", request, &answer,
      {.timeout = options.connection.timeout(), .traceparent = ""});
  if (!status.ok()) return Fail(status);
  if (options.json) return PrintJson(answer);
  Print(answer, TimelineOptionsFor(TerminalOf(STDOUT_FILENO)));
  return kOk;
}

}  // namespace

void AddFind(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "find",
      "Find a child: candidates, best first, each with the reasons why it "
      "matched.\nNobody found is an answer (exit code 0).");
  command->add_option("--name", options->name,
                      "Parts of the name in any order; case, accents and "
                      "hyphens do not matter");
  command->add_option("--born", options->born,
                      "Date of birth: 2019-04-02, 2019-04 or 2019");
  options->identifier.AddOptions(command);
  command->add_option("--limit", options->limit, "Candidates at most")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "The answer as JSON (vigil.chronology.v1.FindResponse)");
  options->freshness.AddOptions(command);
  options->asking.AddOptions(command);
  options->connection.AddOptions(command, {"chronology"});
  command->footer(
      "Example:\n"
      "  vigil find --name \"quillmere ana\" --born 2019-04-02 \\\n"
      "      --person-id 117 --person-name \"A. Coordinator\" \\\n"
      "      --function \"hub coordinator\" --purpose safeguarding-enquiry");
  command->callback(
      [options, run] { *run = [options] { return Find(*options); }; });
}

}  // namespace vigil::cli
