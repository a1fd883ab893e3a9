#include "libs/eventlog/in_flight.h"

#include "absl/time/clock.h"

namespace vigil::eventlog {

InFlight::InFlight(size_t max_records, size_t max_bytes)
    : max_records_(max_records),
      max_bytes_(max_bytes),
      thread_([this] { AnswerAtDeadlines(); }) {}

InFlight::~InFlight() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  thread_.join();
}

std::shared_ptr<InFlight::Batch> InFlight::Begin(size_t records, size_t bytes,
                                                 absl::Time deadline,
                                                 AppendDone& done) {
  absl::MutexLock lock(&mutex_);
  if (records_ + records > max_records_ || bytes_ + bytes > max_bytes_) {
    return nullptr;
  }
  records_ += records;
  bytes_ += bytes;
  auto batch = std::make_shared<Batch>();
  batch->deadline = deadline;
  batch->bytes = bytes;
  batch->unresolved = records;
  batch->outcomes.assign(
      records, absl::DeadlineExceededError(
                   "the log did not answer in time: the append is in doubt"));
  batch->done = std::move(done);
  const auto place = waiting_.emplace(deadline, batch).first;
  if (place == waiting_.begin()) changed_.Signal();
  return batch;
}

void InFlight::Resolve(const std::shared_ptr<Batch>& batch, size_t index,
                       absl::StatusOr<Appended> outcome) {
  AppendDone done;
  {
    absl::MutexLock lock(&mutex_);
    // After the deadline the outcomes belong to `done`.
    if (batch->done) batch->outcomes[index] = std::move(outcome);
    --records_;
    if (--batch->unresolved > 0) return;
    bytes_ -= batch->bytes;
    if (!batch->done) return;
    waiting_.erase({batch->deadline, batch});
    done = std::exchange(batch->done, nullptr);
  }
  done(std::move(batch->outcomes));
}

void InFlight::AnswerAtDeadlines() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    const absl::Time next =
        waiting_.empty() ? absl::InfiniteFuture() : waiting_.begin()->first;
    if (absl::Now() < next) {
      changed_.WaitWithDeadline(&mutex_, next);
      continue;
    }
    const std::shared_ptr<Batch> batch = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    const AppendDone done = std::exchange(batch->done, nullptr);
    mutex_.Unlock();
    done(std::move(batch->outcomes));
    mutex_.Lock();
  }
}

}  // namespace vigil::eventlog
