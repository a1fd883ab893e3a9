// Unloggable<T> holds a value of personal data (a name, a date of birth, an NHS
// number, a local id) where it might otherwise slip into a log or an error.
//
//   Unloggable<std::string> name(request.family_name());
//   log << name;                       // does not compile
//   absl::StrCat("of ", name);         // does not compile
//   reply.set_name(name.Reveal());     // said aloud, easy to find and review
//
// It is compared and hashed by its value, and nothing else: it converts to
// nothing and has no text.
//
// Threads: as T.
#ifndef VIGIL_LIBS_BASE_UNLOGGABLE_H_
#define VIGIL_LIBS_BASE_UNLOGGABLE_H_

#include <utility>

namespace vigil {

template <typename T>
class Unloggable {
 public:
  Unloggable() = default;
  explicit Unloggable(T value) : value_(std::move(value)) {}

  // The value. Each call is a place where personal data may leave: a reviewer
  // looks for this word.
  const T& Reveal() const { return value_; }

  friend bool operator==(const Unloggable&, const Unloggable&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Unloggable& hidden) {
    return H::combine(std::move(h), hidden.value_);
  }

 private:
  T value_ = {};
};

// Deleted, not merely missing, so that the compiler's message leads here.
template <typename Stream, typename T>
Stream& operator<<(Stream&& stream, const Unloggable<T>& hidden) = delete;

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_UNLOGGABLE_H_
