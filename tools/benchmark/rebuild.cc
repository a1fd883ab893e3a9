#include "tools/benchmark/rebuild.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "libs/projection/index.h"
#include "libs/projection/rebuild.h"
#include "services/chronology/projection.h"
#include "tools/benchmark/facts.h"
#include "tools/benchmark/report.h"

namespace vigil::benchmark {
namespace {

constexpr int64_t kAppendRecords = 5000;
constexpr size_t kReadRecords = 10'000;
constexpr absl::Duration kDeadline = absl::Minutes(1);

absl::Status Append(eventlog::EventLog& log,
                    std::vector<eventlog::TopicRecord> batch) {
  absl::Status appended;
  absl::Notification done;
  log.AppendBatch(std::move(batch), absl::Now() + kDeadline,
                  [&](const auto& outcomes) {
                    for (const auto& each : outcomes) {
                      appended.Update(each.status());
                    }
                    done.Notify();
                  });
  done.WaitForNotification();
  return appended;
}

// Returns the mean size of a value.
absl::StatusOr<size_t> Fill(eventlog::EventLog& log, const Events& events,
                            int64_t count) {
  size_t bytes = 0;
  for (int64_t done = 0; done < count;) {
    std::vector<eventlog::TopicRecord> batch;
    for (const int64_t until = std::min(count, done + kAppendRecords);
         done < until; ++done) {
      bytes += batch.emplace_back(events.Event(done)).record.value.size();
    }
    if (absl::Status status = Append(log, std::move(batch)); !status.ok()) {
      return status;
    }
    if (done % (count / 4 + 1) < kAppendRecords) {
      std::cerr << "   filled " << done << " of " << count << std::endl;
    }
  }
  return bytes / static_cast<size_t>(count);
}

absl::Status ReadAll(eventlog::EventLog& log,
                     const std::vector<eventlog::Partition>& partitions,
                     int64_t count) {
  std::map<eventlog::Partition, int64_t> from;
  for (const eventlog::Partition& partition : partitions) from[partition] = 0;
  const auto cursor = log.Open(std::move(from));
  if (!cursor.ok()) return cursor.status();
  for (int64_t read = 0; read < count;) {
    const auto records = (*cursor)->Next(kReadRecords, absl::Now() + kDeadline);
    if (!records.ok()) return records.status();
    if (records->empty()) {
      return absl::DataLossError("the log holds less than was appended");
    }
    read += static_cast<int64_t>(records->size());
  }
  return absl::OkStatus();
}

// What a rebuild left: an index that opens and took every event.
absl::Status CheckIndex(const std::string& folder) {
  const auto index =
      projection::Index::Open(folder, chronology::ChronologyFold());
  if (!index.ok()) return index.status();
  const int64_t refused = (*index)->snapshot()->quarantined();
  if (refused == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(refused, " events are in quarantine"));
}

}  // namespace

absl::Status MeasureRebuild(
    const RebuildOptions& options, eventlog::EventLog& log,
    const std::function<absl::Status(const std::vector<eventlog::Partition>&,
                                     int64_t count)>& bare_read) {
  const Events events(options.writer, options.events);
  const auto bytes = Fill(log, events, options.events);
  if (!bytes.ok()) return bytes.status();
  const std::vector<eventlog::Partition> partitions =
      log.Partitions(events.topic());
  const std::string index = options.folder + "/index";
  struct Step {
    const char* what;
    bool is_limit;
    std::function<absl::Status()> run;
  };
  std::vector<Step> steps = {
      {"rebuild of the chronology", false,
       [&] {
         return projection::Rebuild(log, partitions, index,
                                    chronology::ChronologyFold());
       }},
      {"only reading, one cursor", true,
       [&] { return ReadAll(log, partitions, options.events); }}};
  if (bare_read) {
    steps.push_back({"librdkafka alone, manual assignment", true,
                     [&] { return bare_read(partitions, options.events); }});
  }
  for (const Step& step : steps) {
    const Pass pass;
    if (absl::Status run = step.run(); !run.ok()) return run;
    const absl::Status added =
        AddRow(options.rows, {.log = options.log,
                              .measure = "rebuild",
                              .what = step.what,
                              .is_limit = step.is_limit,
                              .measured = pass.Of(options.events),
                              .bytes_each = *bytes});
    if (!added.ok()) return added;
  }
  return CheckIndex(index);
}

}  // namespace vigil::benchmark
