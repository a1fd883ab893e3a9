// A few threads that do short work in order of arrival: what reads the disk may
// not run on gRPC's threads, nor on those that say that the log has something.
//
//   Workers workers(4);
//   workers.Do([] { ... });
//
// Threads: safe. Failure: none; the destructor does what was given before it.
#ifndef VIGIL_SERVICES_CHRONOLOGY_WORKERS_H_
#define VIGIL_SERVICES_CHRONOLOGY_WORKERS_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace vigil::chronology {

class Workers {
 public:
  explicit Workers(size_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // What waits is bounded by the calls in flight (libs/service/callers.h).
  void Do(std::function<void()> work);

 private:
  void Run();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_WORKERS_H_
