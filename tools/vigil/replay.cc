#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/eventlog/topics.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/connection.h"
#include "tools/vigil/opened_event.h"
#include "tools/vigil/terminal.h"
#include "tools/vigil/timeline.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

struct Options {
  Connection connection;
  AskingOptions asking;
  std::string what;
  std::vector<std::string> from;
  std::string since;
  uint64_t limit = 0;
  double hours = 24;
  bool json = false;
};

absl::Status FillFrom(const Options& options,
                      chronology::v1::ReplayRequest* request) {
  if (!options.since.empty()) {
    absl::StatusOr<absl::Time> since =
        ParseTime(options.since, /*end_of_day=*/false);
    if (!since.ok()) return since.status();
    *request->mutable_logged_since() = TimestampOf(*since);
  }
  std::map<std::string, std::map<int32_t, int64_t>> topics;
  for (const std::string& text : options.from) {
    absl::StatusOr<event::v1::Position> position = ParsePosition(text);
    if (!position.ok()) return position.status();
    // Of a child, several topics are read.
    if (request->has_topic() && position->topic() != request->topic()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--from ", text, " is no position in ", request->topic()));
    }
    if (position->partition() >= eventlog::kMaxPartitionsPerTopic) {
      return absl::InvalidArgumentError(
          absl::StrCat("--from ", text, ": a topic has at most ",
                       eventlog::kMaxPartitionsPerTopic, " partitions"));
    }
    topics[position->topic()][position->partition()] = position->offset();
  }
  for (const auto& [topic, offsets] : topics) {
    event::v1::TopicPositions* positions =
        request->mutable_begin()->add_topics();
    positions->set_topic(topic);
    // A partition that is not named begins at its beginning.
    for (int32_t partition = 0; partition <= offsets.rbegin()->first;
         ++partition) {
      const auto it = offsets.find(partition);
      positions->add_next_offsets(it == offsets.end() ? 0 : it->second);
    }
  }
  return absl::OkStatus();
}

ExitCode Replay(const Options& options) {
  chronology::v1::ReplayRequest request;
  // A subject reference begins with its version and a dot, an organisation has
  // a colon, and a topic neither.
  if (absl::StartsWith(options.what, "s1.") ||
      absl::StrContains(options.what, ':')) {
    request.set_subject(options.what);
  } else {
    request.set_topic(options.what);
  }
  for (const absl::Status& status :
       {options.asking.Fill(request.mutable_asking()),
        FillFrom(options, &request)}) {
    if (!status.ok()) return Fail(status);
  }
  if (options.limit > 0) request.set_limit(options.limit);
  absl::StatusOr<service::Channel> channel =
      options.connection.To("chronology");
  if (!channel.ok()) return Fail(channel.status());

  const TimelineOptions layout = TimelineOptionsFor(TerminalOf(STDOUT_FILENO));
  std::vector<std::string> views;
  event::v1::Positions reached;
  std::string complete;
  uint64_t records = 0;
  chronology::v1::ReplayResponse batch;
  const absl::Status status = channel->Stream(
      "/vigil.chronology.v1.ChronologyService/Replay", request, &batch,
      [&] {
        views.push_back(batch.view_id());
        if (batch.has_positions()) reached = batch.positions();
        complete = batch.completeness().words();
        for (const auto& event : batch.events()) {
          ++records;
          const OpenedEvent opened = OpenEvent(event);
          if (options.json) {
            std::cout << opened.json << "\n";
            continue;
          }
          std::cout << Shown(opened.title) << "\n";
          for (const auto& [name, value] : opened.lines) {
            std::cout << NamedLine(name, value, 2, layout);
          }
        }
        return static_cast<bool>(std::cout);  // nobody would see the rest
      },
      {.timeout = absl::Hours(options.hours), .traceparent = ""});
  std::cerr << Grouped(records) << " records";
  if (!complete.empty()) std::cerr << "\n" << Shown(complete);
  for (const std::string& view : views) std::cerr << "\nview " << view;
  std::cout.flush();
  if (!std::cout) reached.Clear();  // not all of it was seen
  for (const auto& topic : reached.topics()) {
    for (int i = 0; i < topic.next_offsets_size(); ++i) {
      std::cerr << "\n--from " << topic.topic() << "/" << i << "/"
                << topic.next_offsets(i);
    }
  }
  std::cerr << "\n";
  // Of an output that failed, AfterOutput tells.
  return status.ok() || !std::cout ? kOk : Fail(status);
}

}  // namespace

void AddReplay(CLI::App* app, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "replay",
      "History as it came into the log: of a topic (auditors), or of one "
      "child.\nView ids, and where to go on from, come on the standard error.");
  command
      ->add_option("TOPIC|SUBJECT", options->what,
                   "vigil.police.events.v1, or s1.p...")
      ->required();
  CLI::Option* from = command->add_option(
      "--from", options->from,
      "Begin here: topic/partition/offset; may be repeated");
  command
      ->add_option("--since", options->since,
                   "Begin with what was logged at this time")
      ->check(NotEmpty())
      ->excludes(from);
  command->add_option("--limit", options->limit, "Records at most")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Each event as a line of JSON");
  options->asking.AddOptions(command);
  options->connection.AddOptions(command, {"chronology"});
  command->remove_option(command->get_option("--timeout"));
  command->add_option("--hours", options->hours, "Give up after")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->footer(
      "Examples (with VIGIL_ADDRESS, VIGIL_PERSON_ID and so on set):\n"
      "  vigil replay s1.p.4f.Zk3... --purpose review\n"
      "  vigil replay vigil.police.events.v1 --since 2026-03-01 --json "
      "--purpose audit");
  command->callback(
      [options, run] { *run = [options] { return Replay(*options); }; });
}

}  // namespace vigil::cli
