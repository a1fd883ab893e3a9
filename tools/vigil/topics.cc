#include <iostream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "libs/eventlog/topics_admin.h"
#include "libs/service/config.h"
#include "tools/vigil/commands.h"

namespace vigil::cli {
namespace {

struct Options {
  std::string topics;
  eventlog::KafkaConnection kafka;
  eventlog::ApplyOptions apply;
  double timeout_seconds = 60;
};

std::vector<eventlog::TopicAcl> DeclaredAcls(const config::v1::Topics& topics) {
  std::vector<eventlog::TopicAcl> acls;
  using Operation = eventlog::TopicAcl::Operation;
  for (const config::v1::Access& access : topics.access()) {
    const auto add = [&](absl::string_view topic, Operation operation) {
      const bool prefixed = absl::ConsumeSuffix(&topic, "*");
      acls.push_back({.principal = access.principal(),
                      .operation = operation,
                      .topic = std::string(topic),
                      .prefixed = prefixed});
    };
    for (const auto& topic : access.write_topics()) {
      add(topic, Operation::kWrite);
    }
    for (const auto& topic : access.read_topics()) add(topic, Operation::kRead);
  }
  return acls;
}

ExitCode Apply(const Options& options) {
  absl::StatusOr<config::v1::Topics> topics =
      service::LoadTopics(options.topics);
  if (!topics.ok()) return Fail(topics.status());
  absl::StatusOr<eventlog::ApplyReport> report = eventlog::ApplyTopics(
      options.kafka, service::DeclaredTopics(*topics), DeclaredAcls(*topics),
      options.apply, absl::Now() + absl::Seconds(options.timeout_seconds));
  if (!report.ok()) return Fail(report.status());
  for (const std::string& line : report->made) {
    std::cout << (options.apply.check_only ? "missing: " : "made: ") << line
              << "\n";
  }
  for (const std::string& line : report->undeclared_acls) {
    std::cout << "not declared, left alone: " << line << "\n";
  }
  const bool as_declared =
      report->made.empty() && report->undeclared_acls.empty();
  if (as_declared) std::cout << "all is as declared\n";
  return options.apply.check_only && !as_declared ? kDiffers : kOk;
}

}  // namespace

void AddTopics(CLI::App* app, Run* run) {
  CLI::App* topics = app->add_subcommand(
      "topics", "Make Kafka's topics and rights as declared, or check them.");
  topics->require_subcommand(1);
  topics->footer("For examples: vigil topics apply --help");
  for (const bool check : {false, true}) {
    auto options = std::make_shared<Options>();
    options->apply.check_only = check;
    CLI::App* command = topics->add_subcommand(
        check ? "check" : "apply",
        check ? "Say what is missing, differs or is not declared; change "
                "nothing. Exit code 1 if anything is said."
              : "Make what is missing. What exists and differs is never "
                "changed: it is listed, and nothing is done.");
    command
        ->add_option("--topics", options->topics,
                     "The declaration (vigil.config.v1.Topics)")
        ->required();
    command
        ->add_option("--bootstrap", options->kafka.bootstrap,
                     "Brokers: host:port,host:port")
        ->envname("VIGIL_BOOTSTRAP")
        ->required();
    command->add_option("--ca", options->kafka.ca_file, "PEM file")
        ->envname("VIGIL_CA");
    command
        ->add_option("--certificate", options->kafka.certificate_file,
                     "PEM file: an operator's")
        ->envname("VIGIL_CERTIFICATE");
    command->add_option("--key", options->kafka.key_file, "PEM file")
        ->envname("VIGIL_KEY");
    command->add_option("--timeout", options->timeout_seconds, "Seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    if (!check) {
      command->add_flag(
          "--finish-move", options->apply.finish_move,
          "At the end of a move from another log: from now on the log gives "
          "the time. There is no way back");
    }
    command->footer(
        std::string("Example:\n  vigil topics ") + (check ? "check" : "apply") +
        " --topics deploy/topics.textproto --bootstrap localhost:9093 \\\n"
        "      --ca ca.crt --certificate operator.crt --key operator.key");
    command->callback(
        [options, run] { *run = [options] { return Apply(*options); }; });
  }
}

}  // namespace vigil::cli
