// Numbers that look random and are the same on every machine for one seed.
// (<random> fixes its engines and leaves its distributions to each library.)
//
//   Random random(7);
//   if (random.Chance(30)) ...        // 3 in 100
//   absl::string_view word = random.Pick(kWords);
//
// Threads: one at a time. Failure: Below(0) and Pick of nothing abort.
#ifndef VIGIL_TOOLS_VIGIL_RANDOM_H_
#define VIGIL_TOOLS_VIGIL_RANDOM_H_

#include <cstddef>
#include <cstdint>

#include "libs/base/check.h"

namespace vigil::cli {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0 to n - 1. The bias is below n / 2^64: nothing that a test could see.
  uint64_t Below(uint64_t n) {
    Check(n > 0, "a choice among nothing");
    return Next() % n;
  }

  // `from` to `to`, both included.
  int Between(int from, int to) {
    Check(from <= to, "a range that ends before it begins");
    return from + static_cast<int>(Below(static_cast<uint64_t>(to - from) + 1));
  }

  bool Chance(int per_mille) { return Between(0, 999) < per_mille; }

  template <typename List>
  const auto& Pick(const List& list) {
    return list[static_cast<size_t>(Below(std::size(list)))];
  }

 private:
  uint64_t state_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_RANDOM_H_
