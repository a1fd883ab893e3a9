#include "libs/eventlog/store_and_forward.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
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
  const absl::Status status = outbox_->Retry();
  const absl::MutexLock lock(&mutex_);
  ++forwarded_;
  return status;
}

bool StoreAndForward::log_is_silent() const {
  const absl::MutexLock lock(&mutex_);
  return silent_;
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
  bool silent = false;
  bool full = false;
  {
    const absl::MutexLock lock(&mutex_);
    full = unanswered_ >= options_.max_in_flight;
    if (!full) ++unanswered_;
    silent = silent_ && options_.forward;
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
      [this, copy, had_its_time, fates = std::move(fates),
       remember = std::move(remember), done = std::move(done)](
          std::vector<absl::StatusOr<Appended>> outcomes) mutable {
        absl::Status refused;
        absl::Status in_doubt;
        bool silence = false;
        Kept kept;
        for (size_t i = 0; i < outcomes.size(); ++i) {
          if (outcomes[i].ok()) {
            fates[i] = *outcomes[i];
            continue;
          }
          const absl::Status& status = outcomes[i].status();
          silence = silence || absl::IsUnavailable(status) ||
                    (absl::IsDeadlineExceeded(status) && had_its_time);
          // A broker's ACL can be repaired, so that record is kept; a topic
          // that is not declared, or a size, is a mistake of this process.
          if (absl::IsInvalidArgument(status) || absl::IsNotFound(status)) {
            refused = status;
          } else if (options_.forward) {
            kept.to_outbox.push_back(std::move((*copy)[i]));
          } else {
            in_doubt = absl::UnavailableError(status.message());
          }
        }
        if (silence && options_.forward) {
          const absl::MutexLock lock(&mutex_);
          if (!silent_) spdlog::warn("log=silent records=to_outbox");
          silent_ = true;
        }
        if (!refused.ok() || !in_doubt.ok()) {
          done(!refused.ok() ? refused : in_doubt, {});
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
      spdlog::error("outbox=failed error=\"{}\"", written.ToString());
    }
    for (Kept& kept : batch) {
      const bool logged =
          std::all_of(kept.fates.begin(), kept.fates.end(),
                      [](const auto& fate) { return fate.has_value(); });
      // What the log has is durable, remembered or not.
      if (written.ok() || logged) {
        kept.done(absl::OkStatus(), std::move(kept.fates));
      } else {
        kept.done(absl::UnavailableError("neither log nor outbox has it"), {});
      }
    }
    const absl::MutexLock lock(&mutex_);
    unanswered_ -= batch.size();
    forwarded_ += put.size();
    // An outbox that cannot take records must not keep them from the log.
    if (!written.ok()) silent_ = false;
  }
}

absl::StatusOr<size_t> StoreAndForward::RelayOnce() {
  auto entries = outbox_->Front(kRelayBatch, relay_from_);
  // An outbox that cannot be written cannot forget what was sent: then each
  // entry is sent once more, and no oftener.
  if (entries.ok() && entries->empty() && outbox_->writable()) {
    relay_from_ = 0;
    entries = outbox_->Front(kRelayBatch);
  }
  if (!entries.ok()) return entries.status();
  if (entries->empty()) return 0;
  // A queue that fits into one attempt is tried from its beginning each time,
  // and so stays in order.
  relay_from_ = entries->size() == kRelayBatch || !outbox_->writable()
                    ? entries->back().number + 1
                    : 0;
  std::vector<TopicRecord> records;
  records.reserve(entries->size());
  for (const Outbox::Entry& entry : *entries) records.push_back(entry.record);

  // Shared, because a relay that ends does not wait for the answer.
  struct Attempt {
    absl::Mutex mutex;
    bool answered = false;
    std::vector<absl::StatusOr<Appended>> outcomes;
  };
  const auto attempt = std::make_shared<Attempt>();
  log_->AppendBatch(std::move(records), absl::Now() + options_.relay_deadline,
                    [attempt](std::vector<absl::StatusOr<Appended>> result) {
                      const absl::MutexLock lock(&attempt->mutex);
                      attempt->outcomes = std::move(result);
                      attempt->answered = true;
                    });
  {
    const absl::MutexLock lock(&attempt->mutex);
    while (!attempt->mutex.AwaitWithTimeout(absl::Condition(&attempt->answered),
                                            kStopNotice)) {
      if (stopping()) return absl::CancelledError("the relay ends");
    }
  }
  const auto& outcomes = attempt->outcomes;

  std::vector<uint64_t> logged;
  size_t parked = 0;
  absl::Status failed;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const uint64_t number = (*entries)[i].number;
    if (outcomes[i].ok()) {
      logged.push_back(number);
    } else if (IsRefusedForEver(outcomes[i].status())) {
      spdlog::error("outbox=parked topic={} error=\"{}\"",
                    (*entries)[i].record.topic,
                    outcomes[i].status().ToString());
      const absl::Status park =
          outbox_->Park(number, std::string(outcomes[i].status().message()));
      if (!park.ok()) return park;
      ++parked;
    } else {
      failed = outcomes[i].status();
    }
  }
  if (!logged.empty()) {
    const absl::Status removed = outbox_->Write(
        {.put = {}, .remember = {}, .remove = logged, .now = options_.clock()});
    if (!removed.ok()) return removed;
  }
  if (!failed.ok() && logged.empty()) return failed;
  return logged.size() + parked;
}

void StoreAndForward::RelayAll() {
  absl::BitGen random;
  absl::Duration backoff = options_.relay_backoff_min;
  absl::Time next_sweep = absl::InfinitePast();
  uint64_t seen = 0;
  while (true) {
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
    if (relayed.ok() && *relayed > 0 && silent_) {
      silent_ = false;
      spdlog::info("log=answering outbox_records={}", outbox_->depth());
    }
    const auto wake = [this, &seen,
                       &relayed]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      // After a failure new records are no reason to try sooner.
      return stopping_ || (relayed.ok() && forwarded_ != seen);
    };
    mutex_.AwaitWithTimeout(absl::Condition(&wake), wait);
    if (stopping_) return;
    seen = forwarded_;
  }
}

}  // namespace vigil::eventlog
