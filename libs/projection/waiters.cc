#include "libs/projection/waiters.h"

#include <utility>

#include "absl/time/clock.h"

namespace vigil::projection {

Waiters::Waiters() : thread_([this] { AnswerAtDeadlines(); }) {}

Waiters::~Waiters() {
  Stop(absl::CancelledError("the projection is ending"));
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void Waiters::Add(std::function<bool()> there, absl::Time deadline,
                  std::function<void(absl::Status)> done) {
  absl::Status answer;
  {
    absl::MutexLock lock(&mutex_);
    // Asked under the lock: what becomes true after it is followed by a Look
    // that finds the waiter.
    if (!there()) {
      answer = stopped_;
      if (answer.ok()) {
        const auto added = waiting_.insert(
            {deadline, Waiter{std::move(there), std::move(done)}});
        if (added == waiting_.begin()) changed_.Signal();
        return;
      }
    }
  }
  done(std::move(answer));
}

void Waiters::Look() {
  std::vector<Waiter> answered;
  {
    absl::MutexLock lock(&mutex_);
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      if (each->second.there()) {
        answered.push_back(std::move(each->second));
        each = waiting_.erase(each);
      } else {
        ++each;
      }
    }
  }
  for (Waiter& each : answered) each.done(absl::OkStatus());
}

void Waiters::Stop(absl::Status why) {
  std::multimap<absl::Time, Waiter> answered;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = why;
    if (!why.ok()) answered.swap(waiting_);
  }
  for (auto& [deadline, each] : answered) each.done(why);
}

void Waiters::AnswerAtDeadlines() {
  while (true) {
    std::vector<Waiter> late;
    {
      absl::MutexLock lock(&mutex_);
      while (!ending_ &&
             (waiting_.empty() || waiting_.begin()->first > absl::Now())) {
        changed_.WaitWithDeadline(&mutex_, waiting_.empty()
                                               ? absl::InfiniteFuture()
                                               : waiting_.begin()->first);
      }
      if (ending_) return;
      while (!waiting_.empty() && waiting_.begin()->first <= absl::Now()) {
        late.push_back(std::move(waiting_.begin()->second));
        waiting_.erase(waiting_.begin());
      }
    }
    for (Waiter& each : late) {
      each.done(absl::DeadlineExceededError("the projection is not there yet"));
    }
  }
}

}  // namespace vigil::projection
