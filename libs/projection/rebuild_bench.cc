// How fast records become an index: a rebuild, and an index that follows,
// beside the bare reading of the same log.
//
//   projection_rebuild_bench [records] [value bytes] [folder]
//
// It fills an embedded log of 12 partitions, then prints records per second.
// The fold is of the shape of a chronology: the record under its subject in
// order of time, and its place under its id.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "libs/base/big_endian.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/projection/rebuild.h"
#include "libs/projection/runner.h"

namespace vigil::projection {
namespace {

constexpr char kTopic[] = "vigil.bench.events.v1";
const eventlog::Topics kTopics = {{kTopic, {.partitions = 12}}};
constexpr int64_t kRecordsPerSubject = 20;
constexpr size_t kAppendRecords = 5000;
constexpr size_t kReadRecords = 10'000;
constexpr size_t kSubjectBytes = 16;
constexpr size_t kIdBytes = 16;

// The value begins with an id, as an event does.
std::string IdOf(const std::string& value) { return value.substr(0, kIdBytes); }

Fold BenchFold() {
  return {
      1,
      {{"entry", kSubjectBytes}, {"by_id"}},
      [](const eventlog::LoggedRecord& record, Rows& rows) {
        std::string place;
        AppendBigEndian32(
            place, static_cast<uint32_t>(record.position.partition.partition));
        AppendBigEndian64(place, static_cast<uint64_t>(record.position.offset));
        std::string key = record.record.key;
        AppendBigEndian64(
            key, static_cast<uint64_t>(absl::ToUnixMillis(record.logged)));
        key += place;
        rows.Put(0, key, record.record.value);
        rows.Put(1, IdOf(record.record.value) + place, record.record.key);
        return absl::OkStatus();
      }};
}

void CheckOk(const absl::Status& status) {
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  Check(status.ok(), "the benchmark's step succeeds");
}

void Fill(eventlog::EventLog& log, int64_t count, size_t value_bytes) {
  // Half of a value is text that compresses, half is not.
  std::mt19937_64 random(1);
  std::vector<eventlog::TopicRecord> batch;
  for (int64_t i = 0; i < count; ++i) {
    const auto subject = Sha256(absl::StrCat(
        random() % static_cast<uint64_t>(count / kRecordsPerSubject + 1)));
    const auto id = Sha256(absl::StrCat("event", i));
    std::string value(AsBytes(id).substr(0, kIdBytes));
    while (value.size() < value_bytes / 2) AppendBigEndian64(value, random());
    value.resize(value_bytes, 'x');
    batch.push_back({kTopic,
                     {std::string(AsBytes(subject).substr(0, kSubjectBytes)),
                      std::move(value),
                      {{"ce_type", "vigil.event.v1.ConcernRaised"}}}});
    if (batch.size() < kAppendRecords && i + 1 < count) continue;
    absl::Notification done;
    log.AppendBatch(std::move(batch), absl::Now() + absl::Minutes(1),
                    [&](const auto& outcomes) {
                      for (const auto& each : outcomes) CheckOk(each.status());
                      done.Notify();
                    });
    done.WaitForNotification();
    batch.clear();
  }
}

// Times one step, on the clock and on the processors of this process: the
// second is what a busy machine does not change.
class Step {
 public:
  explicit Step(const char* what)
      : what_(what), begun_(absl::Now()), processor_(std::clock()) {}
  void Print(int64_t count) const {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begun_);
    const double busy_seconds =
        static_cast<double>(std::clock() - processor_) / CLOCKS_PER_SEC;
    std::printf("%-24s %8.2f s %10.0f records/s %8.2f us CPU each\n", what_,
                seconds, static_cast<double>(count) / seconds,
                busy_seconds * 1e6 / static_cast<double>(count));
    std::fflush(stdout);
  }

 private:
  const char* const what_;
  const absl::Time begun_;
  const std::clock_t processor_;
};

void Run(int64_t count, size_t value_bytes, const std::string& folder) {
  auto opened = eventlog::RocksdbEventLog::Open(folder + "/log", kTopics);
  CheckOk(opened.status());
  eventlog::EventLog& log = **opened;
  const Step append("append, 5000 a sync");
  Fill(log, count, value_bytes);
  append.Print(count);

  const std::vector<eventlog::Partition> partitions = log.Partitions(kTopic);
  Positions ends;
  std::map<eventlog::Partition, int64_t> from;
  for (const auto& partition : partitions) {
    ends[partition] = *log.End(partition, absl::InfiniteFuture());
    from[partition] = 0;
  }
  const Step read_all("read, one cursor");
  auto cursor = log.Open(from);
  CheckOk(cursor.status());
  for (int64_t read = 0; read < count;) {
    const auto records = (*cursor)->Next(kReadRecords, absl::InfiniteFuture());
    CheckOk(records.status());
    read += static_cast<int64_t>(records->size());
  }
  read_all.Print(count);

  const Step rebuild("rebuild");
  CheckOk(Rebuild(log, partitions, folder + "/rebuilt", BenchFold()));
  rebuild.Print(count);

  auto index = Index::Open(folder + "/followed", BenchFold());
  CheckOk(index.status());
  const Step follow("follow from the start");
  {
    Runner runner(&log, index->get(), partitions);
    CheckOk(runner.WaitFor(ends, absl::InfiniteFuture()));
    follow.Print(count);
  }
  const auto rebuilt = Index::Open(folder + "/rebuilt", BenchFold());
  CheckOk(rebuilt.status());
  Check(*(*index)->snapshot()->Digest() == *(*rebuilt)->snapshot()->Digest(),
        "both ways give one index");
}

}  // namespace
}  // namespace vigil::projection

int main(int argc, char** argv) {
  const int64_t count = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const size_t value_bytes =
      argc > 2 ? static_cast<size_t>(std::atoll(argv[2])) : 700;
  std::string folder =
      argc > 3 ? argv[3] : std::filesystem::temp_directory_path().string();
  folder += "/vigil_rebuild_bench_XXXXXX";
  vigil::Check(mkdtemp(folder.data()) != nullptr, "the folder can be made");
  std::printf(
      "%lld records of %zu bytes, 12 partitions, RocksDB with its "
      "distribution's assertions\n",
      static_cast<long long>(count), value_bytes);
  vigil::projection::Run(count, value_bytes, folder);
  std::filesystem::remove_all(folder);
  return 0;
}
