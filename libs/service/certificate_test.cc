#include "libs/service/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "libs/base/atomic_file.h"
#include "libs/service/test_certificates.h"

namespace vigil::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Pem(const std::string& name) {
  auto pem = ReadFile(TestCertificates() + "/" + name);
  EXPECT_TRUE(pem.ok()) << pem.status();
  return *pem;
}

TEST(Certificate, TellsItsNamesAndItsIssuer) {
  auto certificate = ParseCertificate(Pem("police.crt"));
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_THAT(certificate->uris, ElementsAre("vigil://service/police"));
  EXPECT_THAT(certificate->dns_names, ElementsAre("localhost"));
  EXPECT_EQ(certificate->issuer, kAuthority);
  EXPECT_GT(certificate->not_after, absl::Now());
}

TEST(Certificate, OfAnotherAuthorityHasAnotherIssuer) {
  auto certificate = ParseCertificate(Pem("other/force-records.crt"));
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_THAT(certificate->uris, ElementsAre("vigil://system/force-records"));
  EXPECT_THAT(certificate->dns_names, IsEmpty());
  EXPECT_EQ(certificate->issuer, std::string(kAuthority) + " other");
}

TEST(Certificate, WithoutAlternativeNamesHasNone) {
  auto certificate = ParseCertificate(Pem("ca.crt"));
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_THAT(certificate->uris, IsEmpty());
  EXPECT_THAT(certificate->dns_names, IsEmpty());
}

TEST(Certificate, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("-----BEGIN"), Pem("police.key")}) {
    EXPECT_EQ(ParseCertificate(text).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(Certificate, BelongsToItsKeyAlone) {
  EXPECT_TRUE(CheckKeyPair(Pem("police.crt"), Pem("police.key")).ok());
  for (const std::string& key : {Pem("health.key"), Pem("police.crt")}) {
    EXPECT_EQ(CheckKeyPair(Pem("police.crt"), key).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace vigil::service
