// Tells ThreadSanitizer what Abseil's locks order. The distribution's Abseil is
// not built for it, so that without this every access under an absl::Mutex
// reads as a race. Linked into each test of the tsan preset; nothing else knows
// of it.
//
// A program's own definition of a function goes before a shared library's: each
// function below stands in front of Abseil's of the same name, calls it, and
// says what came before what. A condition runs inside Abseil, in whichever
// thread holds the lock just then, and is therefore wrapped as well.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "libs/base/check.h"

// Abseil's own function, by the name that the compiler gave it; "debian3" is
// the inline namespace of the distribution's package.
#define VIGIL_REAL(name, ...)                                \
  static auto* const real =                                  \
      reinterpret_cast<__VA_ARGS__>(dlsym(RTLD_NEXT, name)); \
  vigil::Check(real != nullptr, "Abseil has this function")

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace {

// Whoever evaluates the condition holds the lock, which Abseil alone knows.
class Wrapped {
 public:
  Wrapped(Mutex* mutex, const Condition& condition)
      : mutex_(mutex), condition_(condition), wrapped_(&Evaluate, this) {}

  const Condition& condition() const { return wrapped_; }

 private:
  static bool Evaluate(Wrapped* self) {
    __tsan_acquire(self->mutex_);
    const bool holds = self->condition_.Eval();
    __tsan_release(self->mutex_);
    return holds;
  }

  Mutex* const mutex_;
  const Condition& condition_;
  const Condition wrapped_;
};

}  // namespace

void Mutex::Lock() {
  VIGIL_REAL("_ZN4absl7debian35Mutex4LockEv", void (*)(Mutex*));
  real(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  VIGIL_REAL("_ZN4absl7debian35Mutex6UnlockEv", void (*)(Mutex*));
  __tsan_release(this);
  real(this);
}

bool Mutex::TryLock() {
  VIGIL_REAL("_ZN4absl7debian35Mutex7TryLockEv", bool (*)(Mutex*));
  const bool locked = real(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::ReaderLock() {
  VIGIL_REAL("_ZN4absl7debian35Mutex10ReaderLockEv", void (*)(Mutex*));
  real(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  VIGIL_REAL("_ZN4absl7debian35Mutex12ReaderUnlockEv", void (*)(Mutex*));
  __tsan_release(this);
  real(this);
}

void Mutex::Await(const Condition& condition) {
  VIGIL_REAL("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE",
             void (*)(Mutex*, const Condition&));
  const Wrapped wrapped(this, condition);
  __tsan_release(this);
  real(this, wrapped.condition());
  __tsan_acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  VIGIL_REAL(
      "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_"
      "8DurationE",
      bool (*)(Mutex*, const Condition&, Duration));
  const Wrapped wrapped(this, condition);
  __tsan_release(this);
  const bool holds = real(this, wrapped.condition(), timeout);
  __tsan_acquire(this);
  return holds;
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  VIGIL_REAL(
      "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
      bool (*)(Mutex*, const Condition&, Time));
  const Wrapped wrapped(this, condition);
  __tsan_release(this);
  const bool holds = real(this, wrapped.condition(), deadline);
  __tsan_acquire(this);
  return holds;
}

void CondVar::Wait(Mutex* mutex) {
  VIGIL_REAL("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE",
             void (*)(CondVar*, Mutex*));
  __tsan_release(mutex);
  real(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  VIGIL_REAL(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
      bool (*)(CondVar*, Mutex*, Duration));
  __tsan_release(mutex);
  const bool late = real(this, mutex, timeout);
  __tsan_acquire(mutex);
  return late;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  VIGIL_REAL(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
      bool (*)(CondVar*, Mutex*, Time));
  __tsan_release(mutex);
  const bool late = real(this, mutex, deadline);
  __tsan_acquire(mutex);
  return late;
}

void Notification::Notify() {
  VIGIL_REAL("_ZN4absl7debian312Notification6NotifyEv",
             void (*)(Notification*));
  __tsan_release(this);
  real(this);
}

void Notification::WaitForNotification() const {
  VIGIL_REAL("_ZNK4absl7debian312Notification19WaitForNotificationEv",
             void (*)(const Notification*));
  real(this);
  __tsan_acquire(const_cast<Notification*>(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  VIGIL_REAL(
      "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_"
      "8DurationE",
      bool (*)(const Notification*, Duration));
  const bool notified = real(this, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
