// Appends to a log until it is killed, and writes one line to standard output
// for each record that was acknowledged: its value. The contract suite kills it
// and then looks for those values.
//
//   appender TOPIC PARTITIONS rocksdb FOLDER
//   appender TOPIC PARTITIONS kafka BOOTSTRAP CA CERTIFICATE KEY
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "libs/eventlog/kafka_event_log.h"
#include "libs/eventlog/rocksdb_event_log.h"

namespace vigil::eventlog {
namespace {

absl::StatusOr<std::unique_ptr<EventLog>> OpenLog(const Topics& topics,
                                                  int argc, char** argv) {
  const std::string_view kind = argv[0];
  if (kind == "rocksdb" && argc == 2) {
    return RocksdbEventLog::Open(argv[1], topics);
  }
  if (kind == "kafka" && argc == 5) {
    return KafkaEventLog::Open({argv[1], argv[2], argv[3], argv[4], {}},
                               topics);
  }
  return absl::InvalidArgumentError("no such log");
}

int AppendUntilKilled(int argc, char** argv) {
  int32_t partitions = 0;
  if (argc < 4 || !absl::SimpleAtoi(argv[2], &partitions)) return 2;
  const std::string topic = argv[1];
  const auto log =
      OpenLog({{topic, {.partitions = partitions}}}, argc - 3, argv + 3);
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", log.status().ToString().c_str());
    return 1;
  }
  // Enough in flight that the kill falls into the middle of a commit.
  constexpr int kInFlight = 64;
  absl::Mutex mutex;
  int in_flight = 0;
  bool failed = false;
  const auto room = [&] { return in_flight < kInFlight || failed; };
  for (int i = 0;; ++i) {
    {
      absl::MutexLock lock(&mutex, absl::Condition(&room));
      if (failed) return 1;
      ++in_flight;
    }
    const std::string value = absl::StrCat("value-", i);
    (*log)->AppendBatch({{topic, {absl::StrCat("key-", i % 50), value, {}}}},
                        absl::Now() + absl::Seconds(60),
                        [&, line = value + "\n"](auto outcomes) {
                          // One write, so that a line is whole or absent.
                          const bool said =
                              outcomes[0].ok() &&
                              write(STDOUT_FILENO, line.data(), line.size()) ==
                                  static_cast<ssize_t>(line.size());
                          absl::MutexLock lock(&mutex);
                          --in_flight;
                          failed = failed || !said;
                        });
  }
}

}  // namespace
}  // namespace vigil::eventlog

int main(int argc, char** argv) {
  return vigil::eventlog::AppendUntilKilled(argc, argv);
}
