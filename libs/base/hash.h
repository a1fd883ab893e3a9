// SHA-256, HMAC-SHA-256, and the two ways that Vigil writes bytes as text.
//
//   Sha256Digest digest = Sha256(bytes);
//   std::string reference = Base64Url(AsBytes(HmacSha256(key, bytes)));
//
//   Sha256Hasher hasher;             // what does not lie in one piece
//   hasher.Update("abc");
//   hasher.Update("def");
//   digest = hasher.Finish();        // == Sha256("abcdef")
//
// Nothing here can fail but by our own mistake or a broken OpenSSL: both abort.
//
// Threads: the functions are safe from any thread; each thread keeps an OpenSSL
// context of its own, fetched once, because fetching costs half as much again
// as hashing an event. A Sha256Hasher belongs to one thread at a time.
#ifndef VIGIL_LIBS_BASE_HASH_H_
#define VIGIL_LIBS_BASE_HASH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct evp_md_ctx_st;  // OpenSSL's, whose headers stay in hash.cc

namespace vigil {

using Sha256Digest = std::array<uint8_t, 32>;

// FIPS 180-4.
Sha256Digest Sha256(absl::string_view bytes);

// RFC 2104 with SHA-256; a key of any length. The thread keeps a copy of the
// last key, under which the next call is cheaper.
Sha256Digest HmacSha256(absl::string_view key, absl::string_view bytes);

// SHA-256 over pieces, in the order of Update.
class Sha256Hasher {
 public:
  Sha256Hasher();

  void Update(absl::string_view bytes);

  // The digest of all that Update was given since construction or the last
  // Finish; the hasher is then as new.
  Sha256Digest Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// The same bytes, seen as text-like bytes. Points into its argument.
inline absl::string_view AsBytes(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// RFC 4648 section 5, without padding.
std::string Base64Url(absl::string_view bytes);

// The inverse. Nothing unless `text` is exactly what Base64Url makes of some
// bytes: padding, white space, the characters + and /, and stray bits in the
// last character are refused, so that one value has one spelling.
std::optional<std::string> FromBase64Url(absl::string_view text);

// Lower case, two characters a byte.
std::string Hex(absl::string_view bytes);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_HASH_H_
