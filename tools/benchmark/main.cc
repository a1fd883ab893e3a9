// The parts of tools/bench, which is the manual and runs them in order.
#include <unistd.h>

#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/eventlog/kafka_event_log.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/eventlog/topics_admin.h"
#include "libs/service/config.h"
#include "tools/benchmark/bare_grpc.h"
#include "tools/benchmark/bare_kafka.h"
#include "tools/benchmark/facts.h"
#include "tools/benchmark/publish.h"
#include "tools/benchmark/rebuild.h"
#include "tools/benchmark/report.h"

namespace vigil::benchmark {
namespace {

// Each writer's topic is used for one thing, so that none counts another's.
constexpr char kBareWriter[] = "health";
constexpr char kRebuildWriter[] = "social_care";

// Made once: what a log alone appends is sealed beforehand.
constexpr int64_t kSealedEvents = 4096;

// Before a Kafka broker is measured: a JVM is ten times slower at first, and
// warm after about a minute of load.
constexpr size_t kBrokerWarmUpInFlight = 64;

struct Options {
  std::string folder;
  std::string rows;
  std::string topics;        // a declaration
  std::string brokers;       // empty: the embedded log
  std::string certificates;  // a folder
  PublishOptions publish;
  double seconds = 10;
  double warm_up_seconds = 1;
  double broker_warm_up_seconds = 60;
  int64_t events = 1'000'000;
  std::string run;
  std::string json;

  // As the operator, who may do everything with every topic.
  eventlog::KafkaConnection connection() const {
    return {.bootstrap = brokers,
            .ca_file = certificates + "/ca.crt",
            .certificate_file = certificates + "/operator.crt",
            .key_file = certificates + "/operator.key"};
  }
  std::string log() const { return brokers.empty() ? "embedded" : "kafka"; }
};

absl::StatusOr<eventlog::Topics> Declared(const Options& options) {
  const auto topics = service::LoadTopics(options.topics);
  if (!topics.ok()) return topics.status();
  return service::DeclaredTopics(*topics);
}

absl::Status MakeTopics(const Options& options) {
  const auto topics = Declared(options);
  if (!topics.ok()) return topics.status();
  return eventlog::ApplyTopics(
             options.connection(), *topics,
             {{.principal = "User:police",
               .operation = eventlog::TopicAcl::Operation::kWrite,
               .topic = "vigil.police.events.v1"}},
             {}, absl::Now() + absl::Minutes(1))
      .status();
}

absl::StatusOr<std::unique_ptr<eventlog::EventLog>> OpenLog(
    const Options& options) {
  auto topics = Declared(options);
  if (!topics.ok()) return topics.status();
  if (options.brokers.empty()) {
    return eventlog::RocksdbEventLog::Open(options.folder + "/log",
                                           *std::move(topics));
  }
  return eventlog::KafkaEventLog::Open(options.connection(),
                                       *std::move(topics));
}

std::vector<eventlog::TopicRecord> SealedEvents(size_t* mean_bytes) {
  const Events events(kBareWriter, kSealedEvents);
  std::vector<eventlog::TopicRecord> records;
  size_t bytes = 0;
  for (int64_t i = 0; i < kSealedEvents; ++i) {
    bytes += records.emplace_back(events.Event(i)).record.value.size();
  }
  *mean_bytes = bytes / records.size();
  return records;
}

absl::Status Publish(Options options) {
  options.publish.log = options.log();
  options.publish.rows = options.rows;
  options.publish.duration = absl::Seconds(options.seconds);
  options.publish.warm_up = absl::Seconds(options.warm_up_seconds);
  size_t bytes = 0;
  const std::vector<eventlog::TopicRecord> records = SealedEvents(&bytes);
  const auto record = [&](int64_t number) -> const eventlog::TopicRecord& {
    return records[static_cast<size_t>(number) % records.size()];
  };
  if (options.brokers.empty()) {
    const auto log = OpenLog(options);
    if (!log.ok()) return log.status();
    return MeasurePublish(options.publish, "embedded log alone, fsynced", bytes,
                          [&](int64_t number, Done done) {
                            (*log)->AppendBatch(
                                {record(number)}, absl::InfiniteFuture(),
                                [done = std::move(done)](const auto& outcomes) {
                                  done(outcomes[0].status());
                                });
                          });
  }
  const auto producer = BareProducer::Open(options.connection());
  if (!producer.ok()) return producer.status();
  const Operation produce = [&](int64_t number, Done done) {
    const eventlog::TopicRecord& one = record(number);
    (*producer)->Produce(one.topic, one.record, std::move(done));
  };
  std::cerr << "   warming the broker for " << options.broker_warm_up_seconds
            << " s" << std::endl;
  const auto warmed =
      RunClosedLoop({.in_flight = kBrokerWarmUpInFlight,
                     .warm_up = absl::ZeroDuration(),
                     .duration = absl::Seconds(options.broker_warm_up_seconds)},
                    getpid(), produce);
  if (!warmed.ok()) return warmed.status();
  return MeasurePublish(options.publish, "librdkafka alone, acks=all", bytes,
                        produce);
}

absl::Status RebuildFrom(const Options& options) {
  const auto log = OpenLog(options);
  if (!log.ok()) return log.status();
  std::function<absl::Status(const std::vector<eventlog::Partition>&, int64_t)>
      bare_read;
  if (!options.brokers.empty()) {
    bare_read = [&](const auto& partitions, int64_t count) {
      return BareConsume(options.connection(), partitions, count);
    };
  }
  return MeasureRebuild({.log = options.log(),
                         .writer = kRebuildWriter,
                         .events = options.events,
                         .folder = options.folder,
                         .rows = options.rows},
                        **log, bare_read);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("The parts of tools/bench; see tools/bench --help.");
  app.require_subcommand(1);
  const auto add_folder = [&](CLI::App* command) {
    command->add_option("--folder", options.folder, "for what it writes")
        ->required();
  };
  const auto add_rows = [&](CLI::App* command) {
    command->add_option("--rows", options.rows, "file of rows")->required();
  };
  const auto add_log = [&](CLI::App* command) {
    command->add_option("--topics", options.topics, "declaration")->required();
    command->add_option("--kafka", options.brokers,
                        "host:port of a broker; the embedded log if left out");
    command->add_option("--certificates", options.certificates,
                        "folder of the Kafka operator's");
  };

  CLI::App* echo = app.add_subcommand("echo", "serve the bare gRPC echo");
  add_folder(echo);
  CLI::App* topics = app.add_subcommand("topics", "make the topics in Kafka");
  add_log(topics);
  CLI::App* publish = app.add_subcommand("publish", "measure publishing");
  add_folder(publish);
  add_rows(publish);
  add_log(publish);
  publish->add_option("--police", options.publish.police.address)->required();
  publish->add_option("--police-pid", options.publish.police.process)
      ->required();
  publish->add_option("--echo", options.publish.echo.address)->required();
  publish->add_option("--echo-pid", options.publish.echo.process)->required();
  publish->add_option("--seconds", options.seconds);
  publish->add_option("--warm-up", options.warm_up_seconds);
  publish->add_option("--broker-warm-up", options.broker_warm_up_seconds);
  CLI::App* rebuild = app.add_subcommand("rebuild", "measure a rebuild");
  add_folder(rebuild);
  add_rows(rebuild);
  add_log(rebuild);
  rebuild->add_option("--events", options.events)->check(CLI::PositiveNumber);
  CLI::App* table = app.add_subcommand("table", "print what was measured");
  add_rows(table);
  table->add_option("--run", options.run, "what is to be said of the run");
  table->add_option("--json", options.json, "file to write, too");
  CLI11_PARSE(app, argc, argv);

  absl::Status status;
  if (*echo) status = ServeEcho(options.folder);
  if (*topics) status = MakeTopics(options);
  if (*publish) status = Publish(options);
  if (*rebuild) status = RebuildFrom(options);
  if (*table) status = PrintTable(options.rows, options.run, options.json);
  if (status.ok()) return 0;
  std::cerr << "benchmark: " << status.ToString() << std::endl;
  return 1;
}

}  // namespace
}  // namespace vigil::benchmark

int main(int argc, char** argv) { return vigil::benchmark::Main(argc, argv); }
