// What we read of a certificate: the names that say which system holds it.
//
//   absl::StatusOr<Certificate> peer = ParseCertificate(pem);
//   peer->uris;  // {"vigil://system/police-records"}
//
// It judges nothing: that the chain is good was TLS's work.
//
// Threads: safe.
#ifndef VIGIL_LIBS_SERVICE_CERTIFICATE_H_
#define VIGIL_LIBS_SERVICE_CERTIFICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace vigil::service {

struct Certificate {
  // Subject alternative names, whole: a byte of zero ends none of them.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  // The issuer's common name; empty if it has none or several.
  std::string issuer;
  absl::Time not_after;
};

// The first certificate of a PEM text. INVALID_ARGUMENT if there is none.
absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem);

// INVALID_ARGUMENT unless the private key belongs to the first certificate:
// gRPC would otherwise start, and refuse every handshake.
absl::Status CheckKeyPair(absl::string_view certificate_pem,
                          absl::string_view private_key_pem);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_CERTIFICATE_H_
