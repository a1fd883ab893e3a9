#include "libs/base/parts.h"

#include <cstdint>
#include <limits>

#include "libs/base/big_endian.h"
#include "libs/base/check.h"

namespace vigil {

std::string EncodeParts(absl::Span<const absl::string_view> parts) {
  size_t size = 0;
  for (absl::string_view part : parts) size += sizeof(uint32_t) + part.size();
  std::string encoded;
  encoded.reserve(size);
  for (absl::string_view part : parts) {
    Check(part.size() <= std::numeric_limits<uint32_t>::max(),
          "a part is shorter than 4 GiB");
    AppendBigEndian32(encoded, static_cast<uint32_t>(part.size()));
    encoded.append(part.data(), part.size());
  }
  return encoded;
}

}  // namespace vigil
