// Whole numbers as bytes whose order is the order of the numbers: for the keys
// of RocksDB and for what is hashed.
//
//   std::string key = topic;
//   AppendBigEndian64(key, offset);
//   ...
//   uint64_t again = ReadBigEndian64(key.substr(topic.size()));
//
// Threads: safe. Failure: reading from fewer bytes than the number has aborts;
// a caller that reads what it did not write checks the size first.
#ifndef VIGIL_LIBS_BASE_BIG_ENDIAN_H_
#define VIGIL_LIBS_BASE_BIG_ENDIAN_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/base/check.h"

namespace vigil {

template <typename Number>
void AppendBigEndian(std::string& to, Number number) {
  for (int shift = 8 * (sizeof(Number) - 1); shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(number >> shift & 0xff));
  }
}

template <typename Number>
Number ReadBigEndian(absl::string_view bytes) {
  Check(bytes.size() >= sizeof(Number), "too few bytes for the number");
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number = number << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return number;
}

inline void AppendBigEndian32(std::string& to, uint32_t number) {
  AppendBigEndian(to, number);
}
inline void AppendBigEndian64(std::string& to, uint64_t number) {
  AppendBigEndian(to, number);
}

// The number in the first 4 or 8 bytes; what follows them is not looked at.
inline uint32_t ReadBigEndian32(absl::string_view bytes) {
  return ReadBigEndian<uint32_t>(bytes);
}
inline uint64_t ReadBigEndian64(absl::string_view bytes) {
  return ReadBigEndian<uint64_t>(bytes);
}

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_BIG_ENDIAN_H_
