// Who waits for something to become true, and until when. Private to
// libs/projection.
//
//   waiters.Add(there, deadline, done);
//   waiters.Look();                       // something may have become true
//
// Every `done` runs exactly once: on the thread of Add, Look, Stop or End, or
// at its deadline on a thread of Waiters' own; never while a lock is held.
//
// Threads: safe.
#ifndef VIGIL_LIBS_PROJECTION_WAITERS_H_
#define VIGIL_LIBS_PROJECTION_WAITERS_H_

#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace vigil::projection {

class Waiters {
 public:
  Waiters();
  ~Waiters();  // answers CANCELLED to all

  void Add(std::function<bool()> there, absl::Time deadline,
           std::function<void(absl::Status)> done);

  // Answers those whose condition is true now.
  void Look();

  // Until `why` is OK again, nothing more will become true: whoever waits, or
  // comes and would have to wait, gets `why`.
  void Stop(absl::Status why);

 private:
  struct Waiter {
    std::function<bool()> there;
    std::function<void(absl::Status)> done;
  };

  void AnswerAtDeadlines();

  absl::Mutex mutex_;
  absl::CondVar changed_;
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::multimap<absl::Time, Waiter> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_WAITERS_H_
