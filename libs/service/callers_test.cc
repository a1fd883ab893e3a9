#include "libs/service/callers.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/text_format.h"
#include "libs/base/atomic_file.h"
#include "libs/service/status.h"
#include "libs/service/test_certificates.h"

namespace vigil::service {
namespace {

Register Systems() {
  config::v1::Register systems;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(systems { id: "force-records" san_uri: "vigil://system/force-records"
                   issuer: "Vigil development authority" roles: ROLE_AUDITOR }
         systems { id: "demo" san_uri: "vigil://system/demo"
                   issuer: "Vigil development authority" roles: ROLE_AUDITOR })",
      &systems));
  return *Register::Make(systems, {});
}

std::string Pem(const std::string& name) {
  return *ReadFile(TestCertificates() + "/" + name);
}

TEST(Callers, KnowASystemByItsCertificate) {
  Callers callers(Systems(), {});
  const std::string pem = Pem("force-records.crt");
  // The second time it is remembered.
  for (int i = 0; i < 2; ++i) {
    auto admitted = callers.Admit({.certificate_pem = pem});
    ASSERT_TRUE(admitted.ok()) << admitted.status();
    EXPECT_EQ(admitted->caller.system(), "force-records");
  }
}

TEST(Callers, RefuseWhomTheRegisterDoesNotName) {
  Callers callers(Systems(), {});
  for (const std::string& pem :
       {Pem("stranger.crt"), Pem("other/force-records.crt"), std::string()}) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(callers.Admit({.certificate_pem = pem}).status(),
                Unauthenticated());
    }
  }
}

TEST(Callers, SpeakInPlaintextAsTheNamedSystemOrNobody) {
  Callers named(Systems(), {.plaintext_system = "demo"});
  auto admitted = named.Admit({.plaintext = true, .certificate_pem = ""});
  ASSERT_TRUE(admitted.ok()) << admitted.status();
  EXPECT_EQ(admitted->caller.system(), "demo");

  Callers nobody(Systems(), {});
  EXPECT_EQ(nobody.Admit({.plaintext = true, .certificate_pem = ""}).status(),
            Unauthenticated());
}

TEST(Callers, LimitTheCallsOfOneSystemAndNotTheOthers) {
  Callers callers(
      Systems(), {.plaintext_system = "demo", .calls_in_flight_per_system = 2});
  const Peer demo = {.plaintext = true, .certificate_pem = ""};
  auto first = callers.Admit(demo);
  std::optional<absl::StatusOr<Admitted>> second = callers.Admit(demo);
  ASSERT_TRUE(first.ok() && second->ok());

  absl::Status third = callers.Admit(demo).status();
  EXPECT_EQ(third, TooMuchInFlight());
  const std::string pem = Pem("force-records.crt");
  EXPECT_TRUE(callers.Admit({.certificate_pem = pem}).ok());

  // A place that was moved is still one place, and free when it is gone.
  Place moved = std::move((*second)->place);
  second.reset();
  EXPECT_EQ(callers.Admit(demo).status(), TooMuchInFlight());
  moved = Place();
  EXPECT_TRUE(callers.Admit(demo).ok());
}

TEST(Callers, LimitTheRequestsOfOneSystemAndNotTheOthers) {
  Callers callers(Systems(), {.plaintext_system = "demo",
                              .requests_in_flight_per_system = 10});
  const Peer demo = {.plaintext = true, .certificate_pem = ""};
  auto batch = callers.Admit(demo);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->place.Hold(9).ok());
  auto one = callers.Admit(demo);
  EXPECT_TRUE(one->place.Hold(1).ok());
  EXPECT_EQ(callers.Admit(demo)->place.Hold(1), TooMuchInFlight());
  auto other = callers.Admit({.certificate_pem = Pem("force-records.crt")});
  EXPECT_TRUE(other->place.Hold(10).ok());

  // What was refused holds nothing, and what has ended no more.
  one->place = Place();
  EXPECT_EQ(callers.Admit(demo)->place.Hold(2), TooMuchInFlight());
  EXPECT_TRUE(callers.Admit(demo)->place.Hold(1).ok());
  Place moved = std::move(batch->place);
  EXPECT_EQ(callers.Admit(demo)->place.Hold(2), TooMuchInFlight());
  moved = Place();
  EXPECT_TRUE(callers.Admit(demo)->place.Hold(10).ok());
}

}  // namespace
}  // namespace vigil::service
