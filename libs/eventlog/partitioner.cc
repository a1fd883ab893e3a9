#include "libs/eventlog/partitioner.h"

namespace vigil::eventlog {

uint32_t Murmur2(std::string_view key) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const auto byte = [key](size_t i) -> uint32_t {
    return static_cast<uint8_t>(key[i]);
  };
  uint32_t hash = kSeed ^ static_cast<uint32_t>(key.size());
  const size_t whole = key.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    uint32_t word =
        byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (whole < key.size()) {
    for (size_t i = key.size(); i-- > whole;)
      hash ^= byte(i) << 8 * (i - whole);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

int32_t PartitionOf(std::string_view key, int32_t partitions) {
  return static_cast<int32_t>(Murmur2(key) & 0x7fffffff) % partitions;
}

}  // namespace vigil::eventlog
