#include "libs/base/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "absl/strings/escaping.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

// Fetched once and never freed: a thread may still hash while the process ends.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const sha256 =
      EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  Check(sha256 != nullptr, "OpenSSL has no SHA-256");
  return sha256;
}

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

std::unique_ptr<EVP_MAC_CTX, FreeMac> NewHmacSha256() {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  Check(hmac != nullptr, "OpenSSL has no HMAC");
  std::unique_ptr<EVP_MAC_CTX, FreeMac> context(EVP_MAC_CTX_new(hmac));
  char digest[] = "SHA2-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  Check(context && EVP_MAC_CTX_set_params(context.get(), parameters) == 1,
        "HMAC-SHA-256 cannot be set up");
  return context;
}

}  // namespace

void Sha256Hasher::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  Check(context_ &&
            EVP_DigestInit_ex2(context_.get(), FetchedSha256(), nullptr) == 1,
        "SHA-256 cannot begin");
}

void Sha256Hasher::Update(absl::string_view bytes) {
  Check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
        "SHA-256 cannot go on");
}

Sha256Digest Sha256Hasher::Finish() {
  Sha256Digest digest;
  Check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1 &&
            EVP_DigestInit_ex2(context_.get(), FetchedSha256(), nullptr) == 1,
        "SHA-256 cannot end");
  return digest;
}

Sha256Digest Sha256(absl::string_view bytes) {
  thread_local Sha256Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

Sha256Digest HmacSha256(absl::string_view key, absl::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MAC_CTX, FreeMac> context =
      NewHmacSha256();
  // A writer hashes under one key, and taking a key costs more than hashing a
  // reference: OpenSSL keeps the last one when it is given none.
  thread_local std::optional<std::string> last_key;
  const unsigned char* new_key = nullptr;
  if (last_key != key) {
    last_key.emplace(key);
    new_key = reinterpret_cast<const unsigned char*>(last_key->data());
  }
  Sha256Digest digest;
  size_t size = 0;
  Check(EVP_MAC_init(context.get(), new_key, new_key ? key.size() : 0,
                     nullptr) == 1 &&
            EVP_MAC_update(context.get(),
                           reinterpret_cast<const unsigned char*>(bytes.data()),
                           bytes.size()) == 1 &&
            EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) ==
                1 &&
            size == digest.size(),
        "HMAC-SHA-256 failed");
  return digest;
}

std::string Base64Url(absl::string_view bytes) {
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<std::string> FromBase64Url(absl::string_view text) {
  // Abseil's decoder is generous; what does not encode back is not ours.
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || Base64Url(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

}  // namespace vigil
