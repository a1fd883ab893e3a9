#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/organisation.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/identifier_option.h"
#include "tools/vigil/json_output.h"
#include "tools/vigil/output_file.h"
#include "tools/vigil/page.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/timeline.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

using chronology::v1::GetChronologyRequest;
using chronology::v1::GetChronologyResponse;

constexpr char kGetChronology[] =
    "/vigil.chronology.v1.ChronologyService/GetChronology";

// As chronology.proto says of page_size.
constexpr int kMaxPageSize = 500;

struct Options {
  Connection connection;
  AskingOptions asking;
  FreshnessOptions freshness;
  IdentifierOption identifier;
  std::string subject;
  std::string view;
  std::string from;
  std::string until;
  std::vector<std::string> writers;
  std::vector<std::string> organisations;
  std::vector<std::string> types;
  std::vector<std::string> significances;
  bool oldest_first = false;
  int64_t limit = 50;
  bool all = false;
  bool json = false;
  std::string html;
};

absl::Status Fill(const Options& options, GetChronologyRequest* request) {
  const int named = (options.subject.empty() ? 0 : 1) +
                    (options.identifier.given() ? 1 : 0) +
                    (options.view.empty() ? 0 : 1);
  if (named != 1) {
    return absl::InvalidArgumentError(
        "say whose chronology: a SUBJECT, --nhs-number, --upn or --view");
  }
  if (!options.subject.empty()) request->set_subject(options.subject);
  if (options.identifier.given()) {
    *request->mutable_identifier() = options.identifier.Identifier();
  }
  if (!options.view.empty()) request->set_view_id(options.view);

  // Dates stay dates: the service knows what a day is.
  if (!options.from.empty()) {
    request->mutable_occurred()->mutable_since()->set_date(options.from);
  }
  if (!options.until.empty()) {
    request->mutable_occurred()->mutable_until()->set_date(options.until);
  }
  for (const std::string& writer : options.writers) {
    request->add_writers(writer);
  }
  for (const std::string& text : options.organisations) {
    absl::StatusOr<Organisation> organisation = ParseOrganisation(text);
    if (!organisation.ok()) return organisation.status();
    auto* wanted = request->add_organisations();
    wanted->set_scheme(organisation->scheme);
    wanted->set_code(organisation->code);
  }
  for (const std::string& type : options.types) {
    request->add_types(type.find('.') == std::string::npos
                           ? absl::StrCat("vigil.event.v1.", type)
                           : type);
  }
  for (const std::string& text : options.significances) {
    const auto& type = *event::v1::Significance_descriptor();
    const int value = EnumFromText(type, text);
    if (value < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--significance is one of ", EnumChoices(type)));
    }
    request->add_significances(static_cast<event::v1::Significance>(value));
  }
  request->set_order(options.oldest_first ? chronology::v1::ORDER_OLDEST_FIRST
                                          : chronology::v1::ORDER_NEWEST_FIRST);
  absl::Status status = options.freshness.Fill(request);
  if (!status.ok()) return status;
  return options.asking.Fill(request->mutable_asking());
}

std::string FiltersText(const Options& options) {
  std::vector<std::string> parts;
  const auto add = [&parts](absl::string_view name, const std::string& value) {
    if (!value.empty()) parts.push_back(absl::StrCat(name, " ", value));
  };
  add("occurred from", options.from);
  add("occurred until", options.until);
  add("sent through", absl::StrJoin(options.writers, " or "));
  add("by", absl::StrJoin(options.organisations, " or "));
  add("of kind", absl::StrJoin(options.types, " or "));
  add("judged", absl::StrJoin(options.significances, " or "));
  add("logged by", options.freshness.as_of());
  return absl::StrJoin(parts, "; ");
}

ExitCode GetChronology(const Options& options) {
  GetChronologyRequest request;
  if (absl::Status status = Fill(options, &request); !status.ok()) {
    return Fail(status);
  }
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());
  std::optional<OutputFile> html;
  if (!options.html.empty()) {
    absl::StatusOr<OutputFile> file = OutputFile::Open(options.html);
    if (!file.ok()) return Fail(file.status());
    html.emplace(*std::move(file));
  }

  Asked asked = options.asking.Words();
  asked.filters = FiltersText(options);
  asked.order = options.oldest_first ? "oldest first" : "newest first";

  // Each page is a view of its own, with its own id; the rows become one list.
  GetChronologyResponse whole;
  bool first = true;
  while (true) {
    const int64_t wanted =
        options.all ? kMaxPageSize
                    : std::min<int64_t>(kMaxPageSize,
                                        options.limit - whole.rows_size());
    request.set_page_size(static_cast<int32_t>(wanted));
    GetChronologyResponse page;
    const absl::Status status = channel->Call(
        kGetChronology, request, &page,
        {.timeout = options.connection.timeout(), .traceparent = ""});
    if (!status.ok()) return Fail(status);
    if (options.json) {
      if (const ExitCode code = PrintJson(page); code != kOk) return code;
    }
    request.set_page_token(page.next_page_token());
    if (first) {
      whole = std::move(page);
    } else {
      asked.further_view_ids.push_back(page.view_id());
      for (auto& row : *page.mutable_rows()) {
        *whole.add_rows() = std::move(row);
      }
      whole.set_next_page_token(page.next_page_token());
      *whole.mutable_completeness() = std::move(*page.mutable_completeness());
    }
    first = false;
    if (whole.next_page_token().empty()) break;
    if (!options.all && whole.rows_size() >= options.limit) break;
  }
  if (html) {
    if (absl::Status written = html->Write(Page(whole, asked)); !written.ok()) {
      return Fail(written);
    }
    std::cerr << "view " << whole.view_id() << ": " << whole.rows_size()
              << " entries in " << options.html << "\n";
  } else if (!options.json) {
    std::cout << Timeline(whole, asked,
                          TimelineOptionsFor(TerminalOf(STDOUT_FILENO)));
  }
  return whole.view().digest_agrees() == event::v1::ANSWER_NO ? kDiffers : kOk;
}

}  // namespace

void AddChronology(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "chronology",
      "A child's combined record, as a timeline, as JSON, or as a page that "
      "prints.");
  command->add_option("SUBJECT", options->subject,
                      "Reference of the child, from `vigil find` or a receipt");
  options->identifier.AddOptions(command);
  command->add_option("--view", options->view,
                      "Show again what this view showed; exit code 1 if it "
                      "would not be the same now");
  const char* filters = "Which entries";
  command
      ->add_option("--from", options->from,
                   "May have happened on this day or later")
      ->check(NotEmpty())
      ->group(filters);
  command
      ->add_option("--until", options->until,
                   "May have happened on this day or earlier")
      ->check(NotEmpty())
      ->group(filters);
  command
      ->add_option("--writer", options->writers,
                   "police, health ...; may be repeated")
      ->group(filters);
  command
      ->add_option("--by", options->organisations,
                   "Organisation, scheme:code; may be repeated")
      ->group(filters);
  command
      ->add_option("--kind", options->types,
                   "ConcernRaised, ReferralMade ...; may be repeated")
      ->group(filters);
  command
      ->add_option("--significance", options->significances,
                   EnumChoices(*event::v1::Significance_descriptor()))
      ->group(filters);
  command
      ->add_option("--order", options->oldest_first, "newest or oldest first")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, bool>{{"newest", false}, {"oldest", true}}))
      ->default_str("newest")
      ->group(filters);
  CLI::Option* limit =
      command->add_option("--limit", options->limit, "Entries at most")
          ->check(CLI::PositiveNumber)
          ->capture_default_str()
          ->group(filters);
  command->add_flag("--all", options->all, "All entries")
      ->excludes(limit)
      ->group(filters);
  CLI::Option* json =
      command->add_flag("--json", options->json,
                        "Each page as a line of JSON (vigil.chronology.v1."
                        "GetChronologyResponse)");
  command
      ->add_option("--html", options->html,
                   "Write one page that prints to this file, readable by "
                   "you alone")
      ->check(NotEmpty())
      ->excludes(json);
  options->freshness.AddOptions(command);
  options->asking.AddOptions(command);
  options->connection.AddOptions(command, {"chronology"});
  command->footer(
      "Examples (with VIGIL_ADDRESS, VIGIL_PERSON_ID and so on set):\n"
      "  vigil chronology s1.p.4f.Zk3... --all\n"
      "  vigil chronology --nhs-number \"999 000 0018\" --purpose assessment\n"
      "  vigil chronology s1.p.4f.Zk3... --as-of 2026-03-28 --html "
      "conference.html\n"
      "  vigil chronology --view 5b8c0d4e-...  # what was on that screen?");
  command->callback(
      [options, run] { *run = [options] { return GetChronology(*options); }; });
}

}  // namespace vigil::cli
