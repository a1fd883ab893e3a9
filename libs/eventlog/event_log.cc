#include "libs/eventlog/event_log.h"

#include "absl/synchronization/notification.h"

namespace vigil::eventlog {

absl::StatusOr<Appended> EventLog::Append(TopicRecord record,
                                          absl::Time deadline) {
  absl::StatusOr<Appended> outcome;
  absl::Notification known;
  std::vector<TopicRecord> batch;
  batch.push_back(std::move(record));
  AppendBatch(std::move(batch), deadline,
              [&](std::vector<absl::StatusOr<Appended>> outcomes) {
                outcome = std::move(outcomes[0]);
                known.Notify();
              });
  known.WaitForNotification();
  return outcome;
}

absl::StatusOr<int64_t> EventLog::End(const Partition& partition,
                                      absl::Time deadline) {
  return Ends({partition}, deadline).at(partition);
}

}  // namespace vigil::eventlog
