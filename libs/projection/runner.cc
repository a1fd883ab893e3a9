#include "libs/projection/runner.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "libs/projection/database.h"
#include "libs/projection/waiters.h"

namespace vigil::projection {
namespace {

using eventlog::LoggedRecord;
using eventlog::Partition;

// One batch: enough that its fixed cost vanishes, few enough that a waiting
// reader gets the first of them within milliseconds.
constexpr size_t kBatchRecords = 1000;

// How long one read waits for records, so how long an end takes.
constexpr absl::Duration kReadWait = absl::Milliseconds(200);

// How much of the newest work a loss of power may take, to be read again. A
// sync takes about a millisecond.
constexpr absl::Duration kSyncEvery = absl::Milliseconds(200);

// The ends are for lag, which people look at.
constexpr absl::Duration kEndsEvery = absl::Seconds(1);
// For all partitions together, and for a cursor to connect: a log that is
// slower is as good as away.
constexpr absl::Duration kPatience = absl::Seconds(5);

// Between attempts to reach the log.
constexpr absl::Duration kBackoffMin = absl::Milliseconds(50);
constexpr absl::Duration kBackoffMax = absl::Seconds(2);

// How often a runner that stands still looks for an index that was rebuilt.
constexpr absl::Duration kLookForRebuild = absl::Milliseconds(100);

std::string Name(const Partition& partition) {
  return absl::StrCat(partition.topic, "/", partition.partition);
}

std::optional<absl::Time> NewestIn(const Index& index) {
  std::optional<absl::Time> newest;
  for (const auto& [partition, applied] : index.snapshot()->applied()) {
    newest = std::max(newest, std::optional(applied.logged));
  }
  return newest;
}

// What no repetition mends: the runner stops until somebody has decided.
bool IsFinal(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsFailedPrecondition(status) ||
         absl::IsNotFound(status) || absl::IsInternal(status);
}

}  // namespace

class Runner::Follower {
 public:
  Follower(eventlog::EventLog* log, Index* index,
           std::vector<Partition> partitions, RunnerOptions options)
      : log_(log),
        index_(index),
        partitions_(std::move(partitions)),
        options_(std::move(options)),
        followed_until_(NewestIn(*index)),
        thread_([this] { Run(); }),
        ends_thread_([this] { KeepReadingEnds(); }) {}

  ~Follower() {
    {
      absl::MutexLock lock(&mutex_);
      ending_ = true;
      ended_.SignalAll();
    }
    thread_.join();
    ends_thread_.join();
  }

  bool Reads(const Positions& positions) const {
    return std::all_of(
        positions.begin(), positions.end(), [&](const auto& each) {
          return std::find(partitions_.begin(), partitions_.end(),
                           each.first) != partitions_.end();
        });
  }

  Index* index() const { return index_; }
  Waiters& waiters() { return waiters_; }
  RunnerStatus status() const;

 private:
  void Run();
  // Reads and applies until something is in the way, which it returns: ABORTED
  // if another index serves now, CANCELLED at the end.
  absl::Status Follow();
  // Asks where the partitions end. The first error, if none of them tells; or
  // one that is final.
  absl::Status ReadEnds();
  // On a thread of its own: what was logged must not wait for that.
  void KeepReadingEnds();
  void SetReachable(const absl::Status& said);
  // Whether what the log holds is being applied: it is the log that the index
  // was made from, as far as can be told.
  void SetFollowing(bool following);
  void SetAlarm(std::string alarm);
  bool IsToCompare();
  bool ending() const {
    absl::MutexLock lock(&mutex_);
    return ending_;
  }
  // Sleeps, but not beyond the end.
  void Pause(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    const absl::Time until = absl::Now() + duration;
    while (!ending_ && !ended_.WaitWithDeadline(&mutex_, until)) {
    }
  }

  eventlog::EventLog* const log_;
  Index* const index_;
  const std::vector<Partition> partitions_;
  const RunnerOptions options_;
  Waiters waiters_;

  mutable absl::Mutex mutex_;
  absl::CondVar ended_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  Positions ends_ ABSL_GUARDED_BY(mutex_);
  // Those that did not tell their end when they were last asked; and: one of
  // them does again, so that what was applied has to be compared with the log
  // once more.
  std::set<Partition> away_ ABSL_GUARDED_BY(mutex_);
  bool compare_ ABSL_GUARDED_BY(mutex_) = false;
  bool log_reachable_ ABSL_GUARDED_BY(mutex_) = false;
  bool following_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Time> followed_until_ ABSL_GUARDED_BY(mutex_);
  std::string log_error_ ABSL_GUARDED_BY(mutex_);
  std::string alarm_ ABSL_GUARDED_BY(mutex_);
  // Last, because they use all the others.
  std::thread thread_;
  std::thread ends_thread_;
};

RunnerStatus Runner::Follower::status() const {
  const auto snapshot = index_->snapshot();
  RunnerStatus status;
  status.positions = snapshot->positions();
  status.quarantined = snapshot->quarantined();
  absl::MutexLock lock(&mutex_);
  status.ends = ends_;
  status.log_reachable = log_reachable_;
  status.log_error = log_error_;
  status.alarm = alarm_;
  if (!log_reachable_ || !alarm_.empty()) status.stale_since = followed_until_;
  int64_t lag = 0;
  for (auto& [partition, end] : status.ends) {
    const auto position = status.positions.find(partition);
    const int64_t next =
        position == status.positions.end() ? 0 : position->second;
    // What was applied shows where the log ends, too.
    end = std::max(end, next);
    lag += end - next;
  }
  if (!ends_.empty() && ends_.size() == partitions_.size()) {
    status.lag_records = lag;
  }
  return status;
}

void Runner::Follower::Run() {
  absl::Duration backoff = kBackoffMin;
  while (!ending()) {
    const int64_t generation = index_->snapshot()->generation();
    const absl::Status stopped = Follow();
    SetFollowing(false);
    if (absl::IsCancelled(stopped) || absl::IsAborted(stopped)) continue;
    if (IsFinal(stopped)) {
      SetAlarm(stopped.ToString());
      while (!ending() && index_->snapshot()->generation() == generation) {
        Pause(kLookForRebuild);
      }
      SetAlarm("");
      continue;
    }
    bool was_reachable = false;
    {
      absl::MutexLock lock(&mutex_);
      was_reachable = log_reachable_;
    }
    SetReachable(stopped);
    backoff = was_reachable ? kBackoffMin : std::min(backoff * 2, kBackoffMax);
    Pause(backoff);
  }
}

absl::Status Runner::Follower::Follow() {
  const auto start = index_->snapshot();
  const int64_t generation = start->generation();
  waiters_.Look();

  // Each partition begins with its last applied record, which must be there.
  std::map<Partition, int64_t> from;
  std::map<Partition, Applied> unverified;
  for (const Partition& partition : partitions_) {
    const auto found = start->applied().find(partition);
    if (found == start->applied().end()) {
      from[partition] = 0;
    } else {
      from[partition] = found->second.next - 1;
      unverified[partition] = found->second;
    }
  }
  if (absl::Status read = ReadEnds(); !read.ok()) return read;
  {
    absl::MutexLock lock(&mutex_);
    compare_ = false;  // which is done now
  }
  for (const auto& [partition, applied] : unverified) {
    absl::MutexLock lock(&mutex_);
    const auto end = ends_.find(partition);
    if (end != ends_.end() && end->second < applied.next) {
      return absl::DataLossError(absl::StrCat(
          Name(partition), " ends at ", end->second, ", but ", applied.next,
          " were applied: it was truncated or made anew"));
    }
  }
  auto cursor = log_->Open(std::move(from));
  if (!cursor.ok()) return cursor.status();

  const absl::Time opened = absl::Now();
  bool connected = false;
  absl::Time synced = opened;
  bool unsynced = false;
  bool following = false;
  while (!ending()) {
    if (IsToCompare()) return absl::AbortedError("the log was away");
    const auto records =
        (*cursor)->Next(kBatchRecords, absl::Now() + kReadWait);
    if (absl::IsUnavailable(records.status()) && !connected &&
        absl::Now() < opened + kPatience) {
      // Connecting takes longer than a read waits. The same cursor goes on;
      // another would begin anew, for ever.
      Pause(kBackoffMin);
      continue;
    }
    if (!records.ok()) return records.status();
    connected = true;
    for (size_t i = 0; i < records->size() && !unverified.empty(); ++i) {
      const LoggedRecord& record = (*records)[i];
      const auto last = unverified.find(record.position.partition);
      if (last == unverified.end()) continue;
      if (IdentityOf(record) != last->second.identity) {
        return absl::DataLossError(absl::StrCat(
            Name(record.position.partition), " has at ", record.position.offset,
            " another record than the one applied at ", last->second.next - 1,
            ": it was truncated or made anew"));
      }
      unverified.erase(last);
    }
    if (!following && unverified.empty()) {
      SetFollowing(true);
      following = true;
    }
    if (!records->empty()) {
      const absl::Status applied = index_->Apply(*records, generation);
      if (absl::IsAborted(applied)) return applied;
      if (!applied.ok()) {
        return absl::InternalError(
            absl::StrCat("the index cannot be written: ", applied.ToString()));
      }
      unsynced = true;
      waiters_.Look();
    } else if (index_->snapshot()->generation() != generation) {
      return absl::AbortedError("the index was rebuilt");
    }
    const absl::Time now = absl::Now();
    if (unsynced && (records->empty() || now - synced >= kSyncEvery)) {
      if (absl::Status sync = index_->Sync(); !sync.ok()) {
        return absl::InternalError(
            absl::StrCat("the index cannot be written: ", sync.ToString()));
      }
      unsynced = false;
      synced = now;
    }
  }
  return absl::CancelledError("the runner is ending");
}

absl::Status Runner::Follower::ReadEnds() {
  absl::Status away;  // what the first that does not tell said
  bool any_tells = partitions_.empty();
  {
    const auto ends = log_->Ends(partitions_, absl::Now() + kPatience);
    absl::MutexLock lock(&mutex_);
    for (const auto& [partition, end] : ends) {
      if (end.ok()) {
        ends_[partition] = *end;
        any_tells = true;
        if (away_.erase(partition) > 0) compare_ = true;
        continue;
      }
      away_.insert(partition);
      if (away.ok() || IsFinal(end.status())) away = end.status();
    }
  }
  SetReachable(away);
  return any_tells && !IsFinal(away) ? absl::OkStatus() : away;
}

void Runner::Follower::KeepReadingEnds() {
  for (Pause(kEndsEvery); !ending(); Pause(kEndsEvery)) {
    ReadEnds().IgnoreError();  // it told who asks for the status
  }
}

bool Runner::Follower::IsToCompare() {
  absl::MutexLock lock(&mutex_);
  return compare_;
}

void Runner::Follower::SetReachable(const absl::Status& said) {
  {
    absl::MutexLock lock(&mutex_);
    log_reachable_ = said.ok();
    if (said.ok() && following_) followed_until_ = options_.clock();
    log_error_ = said.ok() ? "" : said.ToString();
  }
  waiters_.Look();
}

void Runner::Follower::SetFollowing(bool following) {
  absl::MutexLock lock(&mutex_);
  following_ = following;
  if (following) followed_until_ = options_.clock();
}

void Runner::Follower::SetAlarm(std::string alarm) {
  const absl::Status why = alarm.empty()
                               ? absl::OkStatus()
                               : absl::FailedPreconditionError(absl::StrCat(
                                     "the projection has stopped: ", alarm));
  {
    absl::MutexLock lock(&mutex_);
    alarm_ = std::move(alarm);
  }
  waiters_.Look();
  waiters_.Stop(why);
}

Runner::Runner(eventlog::EventLog* log, Index* index,
               std::vector<Partition> partitions, RunnerOptions options)
    : follower_(std::make_unique<Follower>(log, index, std::move(partitions),
                                           std::move(options))) {}

Runner::~Runner() = default;

absl::Status Runner::WaitFor(const Positions& positions, absl::Time deadline) {
  absl::Notification answered;
  absl::Status answer;
  WhenCovered(positions, deadline, [&](absl::Status there) {
    answer = std::move(there);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

void Runner::When(std::function<bool()> there, absl::Time deadline,
                  std::function<void(absl::Status)> done) {
  follower_->waiters().Add(std::move(there), deadline, std::move(done));
}

void Runner::WhenCovered(Positions positions, absl::Time deadline,
                         std::function<void(absl::Status)> done) {
  if (!follower_->Reads(positions)) {
    return done(absl::InvalidArgumentError(
        "a position names a partition that is not read here"));
  }
  When(
      [index = follower_->index(), positions = std::move(positions)] {
        return Covers(index->snapshot()->positions(), positions);
      },
      deadline, std::move(done));
}

RunnerStatus Runner::status() const { return follower_->status(); }

}  // namespace vigil::projection
