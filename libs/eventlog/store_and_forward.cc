#include "libs/eventlog/store_and_forward.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "libs/eventlog/partitioner.h"
#include "libs/eventlog/topics.h"
#include "spdlog/spdlog.h"

namespace vigil::eventlog {
namespace {

// Relayed at once: a second's worth at the highest rate expected.
constexpr size_t kRelayBatch = 500;

// How often the memory of requests is swept.
constexpr absl::Duration kSweepInterval = absl::Hours(24);

// How soon a relay that waits for the log sees that it is to end.
constexpr absl::Duration kStopNotice = absl::Milliseconds(50);

// The log will never take these bytes; trying again changes nothing.
bool IsRefusedForEver(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsPermissionDenied(status);
}

}  // namespace

StoreAndForward::StoreAndForward(EventLog* log, Outbox* outbox,
                                 StoreAndForwardOptions options)
    : log_(log), outbox_(outbox), options_(std::move(options)) {
  keeper_ = std::thread([this] { KeepAll(); });
  relay_ = std::thread([this] { RelayAll(); });
}

StoreAndForward::~StoreAndForward() {
  {
    const absl::MutexLock lock(&mutex_);
    const auto answered = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return unanswered_ == 0;
    };
    mutex_.Await(absl::Condition(&answered));
    stopping_ = true;
  }
  keeper_.join();
  relay_.join();
}

bool StoreAndForward::stopping() const {
  const absl::MutexLock lock(&mutex_);
  return stopping_;
}

absl::Status StoreAndForward::RetryParked() {
  if (!outbox_->writable()) {
    return absl::UnavailableError(
        "the outbox failed to write: restart the process first");
  }
  const absl::MutexLock lock(&mutex_);
  retry_parked_ = true;
  return absl::OkStatus();
}

bool StoreAndForward::stores() const {
  const absl::MutexLock lock(&mutex_);
  return stores_;
}

bool StoreAndForward::log_answers() const {
  const absl::MutexLock lock(&mutex_);
  return stores_ && silent_.empty();
}

Partition StoreAndForward::PartitionOf(const TopicRecord& record) const {
  const size_t partitions = log_->Partitions(record.topic).size();
  return {record.topic,
          partitions == 0  // no longer declared: the log will refuse it
              ? 0
              : eventlog::PartitionOf(record.record.key,
                                      static_cast<int32_t>(partitions))};
}

void StoreAndForward::Append(std::vector<TopicRecord> records,
                             absl::Time deadline, Remember remember,
                             StoreDone done) {
  // Before anything is promised: what the outbox accepts, the log must take.
  for (const TopicRecord& record : records) {
    absl::Status status = CheckSizes(record.record);
    if (status.ok() && log_->Partitions(record.topic).empty()) {
      status = absl::NotFoundError(
          absl::StrCat("topic not declared: ", record.topic));
    }
    if (!status.ok()) return done(std::move(status), {});
  }
  std::vector<Partition> partitions;
  if (options_.forward) {
    for (const TopicRecord& record : records) {
      partitions.push_back(PartitionOf(record));
    }
  }
  bool silent = false;
  bool full = false;
  {
    const absl::MutexLock lock(&mutex_);
    full = unanswered_ >= options_.max_in_flight;
    if (!full) ++unanswered_;
    silent = std::any_of(partitions.begin(), partitions.end(),
                         [this](const Partition& each)
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                               return silent_.contains(each);
                             });
  }
  if (full) {
    done(absl::ResourceExhaustedError("too many requests in flight"), {});
    return;
  }
  Fates fates(records.size());
  if (silent) {
    Keep({std::move(records), std::move(remember), std::move(fates),
          std::move(done)});
    return;
  }
  const absl::Time now = absl::Now();
  const absl::Time until =
      options_.forward
          ? now + std::min(options_.accept_after, (deadline - now) / 2)
          : deadline;
  // A caller in a hurry says nothing about the log.
  const bool had_its_time = until - now >= options_.accept_after;
  // The records are needed again if the log does not confirm them.
  auto copy = std::make_shared<std::vector<TopicRecord>>(
      options_.forward ? records : std::vector<TopicRecord>());
  log_->AppendBatch(
      std::move(records), until,
      [this, copy, had_its_time, partitions = std::move(partitions),
       fates = std::move(fates), remember = std::move(remember),
       done = std::move(done)](
          std::vector<absl::StatusOr<Appended>> outcomes) mutable {
        absl::Status failed;
        std::set<Partition> quiet;
        Kept kept;
        for (size_t i = 0; i < outcomes.size(); ++i) {
          if (outcomes[i].ok()) {
            fates[i] = *outcomes[i];
            continue;
          }
          const absl::Status& status = outcomes[i].status();
          if (options_.forward) {
            // Whatever it was: what can be repaired at the broker, be it an ACL
            // or a limit of size, must not cost the record.
            if (absl::IsUnavailable(status) ||
                (absl::IsDeadlineExceeded(status) && had_its_time)) {
              quiet.insert(partitions[i]);
            }
            kept.to_outbox.push_back(std::move((*copy)[i]));
          } else if (!absl::IsUnavailable(failed)) {
            failed = absl::IsResourceExhausted(status)
                         ? status
                         : absl::UnavailableError(status.message());
          }
        }
        if (!quiet.empty()) {
          const absl::MutexLock lock(&mutex_);
          if (silent_.empty()) spdlog::warn("log=silent records=to_outbox");
          silent_.merge(quiet);
        }
        if (!failed.ok()) {
          {
            const absl::MutexLock lock(&mutex_);
            // A caller in a hurry says nothing about the log.
            const bool unavailable = std::any_of(
                outcomes.begin(), outcomes.end(), [](const auto& outcome) {
                  return absl::IsUnavailable(outcome.status());
                });
            if (unavailable && stores_) {
              spdlog::error("log=failed error=\"{}\" next=restart",
                            failed.ToString());
            }
            stores_ = stores_ && !unavailable;
          }
          done(failed, {});
          const absl::MutexLock lock(&mutex_);
          --unanswered_;
          return;
        }
        kept.remember = std::move(remember);
        kept.fates = std::move(fates);
        kept.done = std::move(done);
        Keep(std::move(kept));
      });
}

void StoreAndForward::Keep(Kept kept) {
  const absl::MutexLock lock(&mutex_);
  kept_.push_back(std::move(kept));
}

void StoreAndForward::KeepAll() {
  while (true) {
    std::deque<Kept> batch;
    {
      const absl::MutexLock lock(&mutex_);
      const auto work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !kept_.empty() || stopping_;
      };
      mutex_.Await(absl::Condition(&work));
      if (kept_.empty()) return;
      batch.swap(kept_);
    }
    // All that waits is written at once, with one sync if any of it needs one.
    std::vector<TopicRecord> put;
    std::vector<Outbox::Memory> memories;
    for (Kept& kept : batch) {
      std::move(kept.to_outbox.begin(), kept.to_outbox.end(),
                std::back_inserter(put));
      if (kept.remember) memories.push_back(kept.remember(kept.fates));
    }
    absl::Status written;
    if (!put.empty() || !memories.empty()) {
      written = outbox_->Write({.put = put,
                                .remember = memories,
                                .remove = {},
                                .now = options_.clock()});
    }
    if (!written.ok()) {
      spdlog::error("outbox=failed error=\"{}\" next=restart",
                    written.ToString());
    }
    // What the log has is durable, remembered or not.
    const auto is_stored = [&](const Kept& kept) {
      return written.ok() ||
             std::all_of(kept.fates.begin(), kept.fates.end(),
                         [](const auto& fate) { return fate.has_value(); });
    };
    {
      const absl::MutexLock lock(&mutex_);
      stores_ = std::all_of(batch.begin(), batch.end(), is_stored);
      // An outbox that cannot take records must not keep them from the log.
      if (!written.ok()) silent_.clear();
    }
    for (Kept& kept : batch) {
      if (is_stored(kept)) {
        kept.done(absl::OkStatus(), std::move(kept.fates));
      } else {
        kept.done(absl::UnavailableError("neither log nor outbox has it"), {});
      }
    }
    const absl::MutexLock lock(&mutex_);
    unanswered_ -= batch.size();
    forwarded_ += put.size();
  }
}

absl::StatusOr<size_t> StoreAndForward::RelayOnce() {
  if (outbox_->depth() <= settled_.size()) return 0;
  // What does not answer is not tried again before the end: a partition without
  // a leader says so after half a minute, and may have thousands of entries.
  std::set<Partition> away;
  size_t settled = 0;
  absl::Status failed;
  uint64_t from = 0;
  do {
    absl::StatusOr<Outbox::Page> page = outbox_->Front(kRelayBatch, from);
    if (!page.ok()) return page.status();
    from = page->more ? page->entries.back().number + 1 : 0;
    // One for each partition, since one that has no leader answers late.
    Batches batches;
    for (Outbox::Entry& entry : page->entries) {
      if (settled_.contains(entry.number)) continue;
      const Partition partition = PartitionOf(entry.record);
      if (away.contains(partition)) continue;
      batches[partition].push_back(std::move(entry));
    }
    for (const auto& [partition, done] : Send(std::move(batches))) {
      if (done.ok()) {
        settled += *done;
      } else {
        failed = done.status();
        away.insert(partition);
      }
    }
  } while (from > 0 && !stopping());
  if (!failed.ok() && settled == 0) return failed;
  return settled;
}

std::map<Partition, absl::StatusOr<size_t>> StoreAndForward::Send(
    Batches batches) {
  // Shared, because a relay that ends does not wait for the answers.
  struct Attempt {
    absl::Mutex mutex;
    std::map<Partition, std::vector<absl::StatusOr<Appended>>> answers;
  };
  const auto attempt = std::make_shared<Attempt>();
  const absl::Time deadline = absl::Now() + options_.relay_deadline;
  for (const auto& [partition, entries] : batches) {
    std::vector<TopicRecord> records;
    records.reserve(entries.size());
    for (const Outbox::Entry& entry : entries) records.push_back(entry.record);
    log_->AppendBatch(std::move(records), deadline,
                      [attempt, partition = partition](
                          std::vector<absl::StatusOr<Appended>> outcomes) {
                        const absl::MutexLock lock(&attempt->mutex);
                        attempt->answers[partition] = std::move(outcomes);
                      });
  }
  std::map<Partition, absl::StatusOr<size_t>> settled;
  while (!batches.empty()) {
    std::map<Partition, std::vector<absl::StatusOr<Appended>>> answers;
    {
      const absl::MutexLock lock(&attempt->mutex);
      const auto answered = [&] { return !attempt->answers.empty(); };
      attempt->mutex.AwaitWithTimeout(absl::Condition(&answered), kStopNotice);
      answers.swap(attempt->answers);
    }
    if (answers.empty() && stopping()) break;
    for (const auto& [partition, outcomes] : answers) {
      settled.emplace(partition,
                      Settle(partition, batches.at(partition), outcomes));
      batches.erase(partition);
    }
  }
  return settled;
}

absl::StatusOr<size_t> StoreAndForward::Settle(
    const Partition& partition, const std::vector<Outbox::Entry>& entries,
    const std::vector<absl::StatusOr<Appended>>& outcomes) {
  std::vector<uint64_t> logged;
  size_t parked = 0;
  absl::Status failed;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const uint64_t number = entries[i].number;
    const absl::Status& status = outcomes[i].status();
    if (status.ok()) {
      logged.push_back(number);
    } else if (IsRefusedForEver(status)) {
      spdlog::error("outbox=parked topic={} error=\"{}\"", partition.topic,
                    status.ToString());
      ++parked;
      if (!outbox_->Park(number, std::string(status.message())).ok()) {
        settled_.insert(number);
      }
    } else {
      failed = status;
    }
  }
  if (!logged.empty() && !outbox_
                              ->Write({.put = {},
                                       .remember = {},
                                       .remove = logged,
                                       .now = options_.clock()})
                              .ok()) {
    settled_.insert(logged.begin(), logged.end());
  }
  if (logged.empty() && parked == 0) return failed;
  const absl::MutexLock lock(&mutex_);
  if (!logged.empty()) stores_ = true;
  if (silent_.erase(partition) > 0 && silent_.empty()) {
    spdlog::info("log=answering outbox_records={}", outbox_->depth());
  }
  return logged.size() + parked;
}

void StoreAndForward::RelayAll() {
  absl::BitGen random;
  absl::Duration backoff = options_.relay_backoff_min;
  absl::Time next_sweep = absl::InfinitePast();
  uint64_t seen = 0;
  while (true) {
    bool retry_parked = false;
    {
      const absl::MutexLock lock(&mutex_);
      std::swap(retry_parked, retry_parked_);
    }
    if (retry_parked) {
      const absl::Status put_back = outbox_->Retry();
      if (!put_back.ok()) {
        spdlog::error("relay_parked=failed error=\"{}\"", put_back.ToString());
      }
    }
    if (absl::Now() >= next_sweep) {
      const absl::Status swept =
          outbox_->Forget(options_.clock() - options_.request_memory);
      if (!swept.ok())
        spdlog::error("forget=failed error=\"{}\"", swept.ToString());
      next_sweep = absl::Now() + kSweepInterval;
    }
    const absl::StatusOr<size_t> relayed =
        options_.forward ? RelayOnce() : absl::StatusOr<size_t>(0);
    absl::Duration wait = kSweepInterval;
    if (!relayed.ok()) {
      // Half fixed, half random: writers that lost one broker do not come back
      // in step.
      wait = backoff / 2 + absl::Uniform(random, 0.0, 0.5) * backoff;
      backoff = std::min(backoff * 2, options_.relay_backoff_max);
    } else {
      backoff = options_.relay_backoff_min;
      if (*relayed > 0) wait = absl::ZeroDuration();
    }
    const absl::MutexLock lock(&mutex_);
    const auto wake = [this, &seen,
                       &relayed]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      // After a failure new records are no reason to try sooner.
      return stopping_ || retry_parked_ || (relayed.ok() && forwarded_ != seen);
    };
    mutex_.AwaitWithTimeout(absl::Condition(&wake), wait);
    if (stopping_) return;
    seen = forwarded_;
  }
}

}  // namespace vigil::eventlog
