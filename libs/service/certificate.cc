#include "libs/service/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "absl/status/status.h"

namespace vigil::service {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

Bio MemoryBio(absl::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

X509Ptr ReadCertificate(absl::string_view pem) {
  X509Ptr certificate(
      PEM_read_bio_X509(MemoryBio(pem).get(), nullptr, nullptr, nullptr));
  // A failure stays in this thread's queue, where gRPC would meet it.
  ERR_clear_error();
  return certificate;
}

// By length: a name with a zero byte in it equals none without.
std::string Bytes(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

std::string CommonName(const X509_NAME* name) {
  const int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (first < 0 ||
      X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0) {
    return "";
  }
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(
      &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, first)));
  if (size < 0) {
    ERR_clear_error();
    return "";
  }
  std::string out(reinterpret_cast<const char*>(utf8),
                  static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return absl::InfinitePast();
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem) {
  X509Ptr x509 = ReadCertificate(pem);
  if (x509 == nullptr) {
    return absl::InvalidArgumentError("is no certificate in PEM");
  }
  Certificate certificate;
  certificate.issuer = CommonName(X509_get_issuer_name(x509.get()));
  certificate.not_after = ToTime(X509_get0_notAfter(x509.get()));
  Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(x509.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      certificate.uris.push_back(Bytes(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_DNS) {
      certificate.dns_names.push_back(Bytes(name->d.dNSName));
    }
  }
  ERR_clear_error();
  return certificate;
}

absl::Status CheckKeyPair(absl::string_view certificate_pem,
                          absl::string_view private_key_pem) {
  X509Ptr x509 = ReadCertificate(certificate_pem);
  if (x509 == nullptr) {
    return absl::InvalidArgumentError("is no certificate in PEM");
  }
  // An encrypted key must not ask for its pass phrase on a terminal.
  pem_password_cb* no_pass_phrase = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_bio_PrivateKey(MemoryBio(private_key_pem).get(), nullptr,
                                  no_pass_phrase, nullptr));
  const bool fits =
      key != nullptr && X509_check_private_key(x509.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return absl::InvalidArgumentError(
        "the private key is no unencrypted key of this certificate");
  }
  return absl::OkStatus();
}

}  // namespace vigil::service
