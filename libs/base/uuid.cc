#include "libs/base/uuid.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "libs/base/check.h"
#include "libs/base/hash.h"

namespace vigil {
namespace {

constexpr size_t kTextCharacters = 36;

bool IsHyphenPlace(size_t place) {
  return place == 8 || place == 13 || place == 18 || place == 23;
}

// Writes the version and the variant of RFC 9562 section 4 over their bits.
Uuid WithVersion(Uuid::Bytes bytes, uint8_t version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  return Uuid(bytes);
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::optional<Uuid> Uuid::Parse(absl::string_view text) {
  if (text.size() != kTextCharacters) return std::nullopt;
  Bytes bytes = {};
  size_t digits = 0;
  for (size_t place = 0; place < kTextCharacters; ++place) {
    const char c = text[place];
    if (IsHyphenPlace(place)) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else {
      return std::nullopt;
    }
    uint8_t& byte = bytes[digits++ / 2];
    byte = static_cast<uint8_t>(byte << 4 | digit);
  }
  return Uuid(bytes);
}

std::string Uuid::Text() const {
  std::string text = Hex(AsBytes(bytes_));
  for (size_t place = 0; place < kTextCharacters; ++place) {
    if (IsHyphenPlace(place)) text.insert(place, 1, '-');
  }
  return text;
}

Uuid UuidV5(const Uuid& name_space, absl::string_view name) {
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(
      EVP_MD_CTX_new());
  std::array<uint8_t, 20> digest;
  Check(sha1 != nullptr && context != nullptr &&
            EVP_DigestInit_ex2(context.get(), sha1, nullptr) == 1 &&
            EVP_DigestUpdate(context.get(), name_space.bytes().data(),
                             name_space.bytes().size()) == 1 &&
            EVP_DigestUpdate(context.get(), name.data(), name.size()) == 1 &&
            EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
        "SHA-1 failed");
  Uuid::Bytes bytes;
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return WithVersion(bytes, 5);
}

Uuid UuidV4() {
  Uuid::Bytes bytes;
  Check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
        "OpenSSL has no randomness");
  return WithVersion(bytes, 4);
}

}  // namespace vigil
