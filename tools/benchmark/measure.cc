#include "tools/benchmark/measure.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"

namespace vigil::benchmark {
namespace {

// Of this process: the requests of two loads on one service differ.
std::atomic<int64_t> next_number = 0;

class ClosedLoop {
 public:
  ClosedLoop(const Load& load, pid_t measured, const Operation& operation)
      : load_(load),
        measured_(measured),
        operation_(operation),
        slots_(load.in_flight) {}

  absl::StatusOr<Measured> Run() {
    running_ = load_.in_flight;
    for (Slot& slot : slots_) Begin(&slot);
    Wait(load_.warm_up);
    const absl::Duration cpu_before = CpuOf(measured_);
    const absl::Time begun = absl::Now();
    counting_ = true;
    Wait(load_.duration);
    counting_ = false;
    const absl::Duration took = absl::Now() - begun;
    const absl::Duration cpu = CpuOf(measured_) - cpu_before;
    stopping_ = true;
    const absl::MutexLock lock(&mutex_);
    const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return running_ == 0;
    };
    mutex_.Await(absl::Condition(&ended));
    if (!failed_.ok()) return failed_;
    return Sum(took, cpu);
  }

 private:
  struct Slot {
    absl::Time begun;
    std::vector<double> took_ms;
  };

  void Begin(Slot* slot) {
    slot->begun = absl::Now();
    operation_(next_number++, [this, slot](const absl::Status& status) {
      if (counting_ && status.ok()) {
        slot->took_ms.push_back(
            absl::ToDoubleMilliseconds(absl::Now() - slot->begun));
      }
      if (status.ok() && !stopping_) return Begin(slot);
      const absl::MutexLock lock(&mutex_);
      failed_.Update(status);
      --running_;
    });
  }

  // Less if something failed.
  void Wait(absl::Duration duration) {
    const absl::MutexLock lock(&mutex_);
    const auto failed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !failed_.ok();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&failed), duration);
  }

  Measured Sum(absl::Duration took, absl::Duration cpu) const {
    std::vector<double> all;
    for (const Slot& slot : slots_) {
      all.insert(all.end(), slot.took_ms.begin(), slot.took_ms.end());
    }
    if (all.empty()) return {};
    std::sort(all.begin(), all.end());
    const double count = static_cast<double>(all.size());
    return {.per_second = count / absl::ToDoubleSeconds(took),
            .p50_ms = all[all.size() / 2],
            .p99_ms = all[all.size() * 99 / 100],
            .cpu_us_each = absl::ToDoubleMicroseconds(cpu) / count};
  }

  const Load load_;
  const pid_t measured_;
  const Operation& operation_;
  std::vector<Slot> slots_;  // each is written by whoever has its operation
  std::atomic<bool> counting_ = false;
  std::atomic<bool> stopping_ = false;
  absl::Mutex mutex_;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<Measured> RunClosedLoop(const Load& load, pid_t measured,
                                       const Operation& operation) {
  return ClosedLoop(load, measured, operation).Run();
}

absl::Duration CpuOf(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string text;
  std::getline(file, text);
  // proc(5): the name, in parentheses, may hold anything; utime and stime are
  // the 14th and 15th field, and the state after the name is the third.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  Check(!fields.fail(), "the measured process is there");
  return absl::Seconds(static_cast<double>(user + system) /
                       static_cast<double>(sysconf(_SC_CLK_TCK)));
}

Pass::Pass() : begun_(absl::Now()), cpu_(CpuOf(getpid())) {}

Measured Pass::Of(int64_t count) const {
  const absl::Duration cpu = CpuOf(getpid()) - cpu_;
  return {.per_second = static_cast<double>(count) /
                        absl::ToDoubleSeconds(absl::Now() - begun_),
          .cpu_us_each =
              absl::ToDoubleMicroseconds(cpu) / static_cast<double>(count)};
}

}  // namespace vigil::benchmark
