// Uuid: 16 bytes with one spelling (RFC 9562).
//
//   constexpr Uuid kNamespace({0x6b, 0xa7, ...});
//   Uuid id = UuidV5(kNamespace, EncodeParts({source, system, request_id}));
//   std::string text = id.Text();  // "2ed6657d-e927-568b-95e1-2665a8aea6a2"
//
// Threads: a Uuid is a value; the functions are safe from any thread.
#ifndef VIGIL_LIBS_BASE_UUID_H_
#define VIGIL_LIBS_BASE_UUID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace vigil {

class Uuid {
 public:
  using Bytes = std::array<uint8_t, 16>;

  // The nil UUID, all zero.
  constexpr Uuid() = default;
  constexpr explicit Uuid(const Bytes& bytes) : bytes_(bytes) {}

  // Reads the canonical text: 36 characters, lower case, four hyphens. Any
  // other spelling (upper case, braces, no hyphens) is refused, because ids are
  // compared as text by others. Version and variant are not looked at.
  static std::optional<Uuid> Parse(absl::string_view text);

  // The canonical text.
  std::string Text() const;

  const Bytes& bytes() const { return bytes_; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Uuid& uuid) {
    return H::combine(std::move(h), uuid.bytes_);
  }

 private:
  Bytes bytes_ = {};
};

// The name-based UUID of RFC 9562 section 5.5: SHA-1 over the bytes of the
// namespace and the name. The same arguments give the same id for ever.
Uuid UuidV5(const Uuid& name_space, absl::string_view name);

// A random UUID (RFC 9562 section 5.4), from OpenSSL's generator; unguessable.
Uuid UuidV4();

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_UUID_H_
