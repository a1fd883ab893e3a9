#include "libs/service/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/text_format.h"

namespace vigil::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::set<std::string> kVocabularies = {"health", "police"};

config::v1::Register Parse(const std::string& text) {
  config::v1::Register systems;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &systems));
  return systems;
}

const char kTwoSystems[] = R"(
    systems {
      id: "force-records"
      san_uri: "vigil://system/force-records"
      issuer: "Authority"
      roles: ROLE_PUBLISHER
      services: "police"
      organisations { scheme: "police" code: "43" }
    }
    systems {
      id: "school-supplier"
      san_dns: "supplier.example"
      issuer: "Authority"
      roles: [ROLE_PUBLISHER, ROLE_COORDINATOR]
      services: ["health"]
      organisations { scheme: "urn" code: "*" }
      organisations { scheme: "ods" code: "RXX" }
    })";

Register TwoSystems() {
  auto systems = Register::Make(Parse(kTwoSystems), kVocabularies);
  EXPECT_TRUE(systems.ok()) << systems.status();
  return *systems;
}

std::vector<std::string> FaultyFields(const std::string& text) {
  std::vector<std::string> fields;
  for (const auto& fault : CheckRegister(Parse(text), kVocabularies)) {
    fields.push_back(fault.field);
  }
  return fields;
}

TEST(Caller, ThatNobodyMadeMayNothing) {
  Caller nobody;
  EXPECT_EQ(nobody.system(), "");
  EXPECT_FALSE(nobody.HasRole(config::v1::ROLE_PUBLISHER));
  EXPECT_FALSE(nobody.MayPublishThrough("police"));
  EXPECT_FALSE(nobody.MaySpeakFor(Organisation{"police", "43"}));
}

TEST(Caller, MayWhatTheRegisterGrantsAndNothingElse) {
  Caller force = *TwoSystems().FindSystem("force-records");
  EXPECT_EQ(force.system(), "force-records");
  EXPECT_TRUE(force.HasRole(config::v1::ROLE_PUBLISHER));
  EXPECT_FALSE(force.HasRole(config::v1::ROLE_COORDINATOR));
  EXPECT_TRUE(force.MayPublishThrough("police"));
  EXPECT_FALSE(force.MayPublishThrough("health"));
  EXPECT_FALSE(force.MayPublishThrough(""));
  EXPECT_TRUE(force.MaySpeakFor(Organisation{"police", "43"}));
  EXPECT_FALSE(force.MaySpeakFor(Organisation{"police", "44"}));
  EXPECT_FALSE(force.MaySpeakFor(Organisation{"la", "43"}));
}

TEST(Caller, SaysForWhomItSpeaksIfThatIsOne) {
  const Register systems = TwoSystems();
  EXPECT_EQ(systems.FindSystem("force-records")->OnlyOrganisation(),
            (Organisation{"police", "43"}));
  EXPECT_EQ(systems.FindSystem("school-supplier")->OnlyOrganisation(),
            std::nullopt);
  EXPECT_EQ(Caller().OnlyOrganisation(), std::nullopt);
}

TEST(Caller, OfAWholeSchemeMaySpeakForEachOfItsCodes) {
  Caller supplier = *TwoSystems().FindSystem("school-supplier");
  EXPECT_TRUE(supplier.MaySpeakFor(Organisation{"urn", "100000"}));
  EXPECT_TRUE(supplier.MaySpeakFor(Organisation{"ods", "RXX"}));
  EXPECT_FALSE(supplier.MaySpeakFor(Organisation{"ods", "RYY"}));
  // The pattern itself names nobody.
  EXPECT_FALSE(supplier.MaySpeakFor(Organisation{"urn", "*"}));
}

TEST(Caller, WithoutThePublishersRoleMayNotPublish) {
  config::v1::System system;
  system.set_id("readers");
  system.add_roles(config::v1::ROLE_COORDINATOR);
  system.add_services("police");
  EXPECT_FALSE(Caller(system).MayPublishThrough("police"));
}

TEST(Register, FindsBySanAndIssuerExactly) {
  Register systems = TwoSystems();
  const auto found = [&](Certificate certificate) {
    auto caller = systems.Find(certificate);
    return caller ? caller->system() : "nobody";
  };
  EXPECT_EQ(found({.uris = {"vigil://system/force-records"},
                   .dns_names = {},
                   .issuer = "Authority",
                   .not_after = {}}),
            "force-records");
  EXPECT_EQ(found({.uris = {"urn:other"},
                   .dns_names = {"supplier.example"},
                   .issuer = "Authority",
                   .not_after = {}}),
            "school-supplier");
  // Another issuer; none; another spelling; a URI in a DNS name's place.
  EXPECT_EQ(found({.uris = {"vigil://system/force-records"},
                   .dns_names = {},
                   .issuer = "authority",
                   .not_after = {}}),
            "nobody");
  EXPECT_EQ(found({.uris = {"vigil://system/force-records"},
                   .dns_names = {},
                   .issuer = "",
                   .not_after = {}}),
            "nobody");
  EXPECT_EQ(found({.uris = {"vigil://system/force-records/"},
                   .dns_names = {},
                   .issuer = "Authority",
                   .not_after = {}}),
            "nobody");
  EXPECT_EQ(found({.uris = {"supplier.example"},
                   .dns_names = {"vigil://system/force-records"},
                   .issuer = "Authority",
                   .not_after = {}}),
            "nobody");
}

TEST(Register, RefusesACertificateOfTwoSystems) {
  EXPECT_FALSE(TwoSystems()
                   .Find({.uris = {"vigil://system/force-records"},
                          .dns_names = {"supplier.example"},
                          .issuer = "Authority",
                          .not_after = {}})
                   .has_value());
}

TEST(Register, TellsEveryFaultAtOnce) {
  EXPECT_THAT(FaultyFields(R"(
      systems {
        san_uri: "a"
        san_dns: "b"
        roles: [ROLE_PUBLISHER, ROLE_PUBLISHER]
        services: "fire"
        organisations { scheme: "police" code: "4 3" }
      }
      systems { id: "Spaced out" issuer: "A" roles: ROLE_UNSPECIFIED })"),
              UnorderedElementsAre(
                  "systems[0].id", "systems[0].san_dns", "systems[0].issuer",
                  "systems[0].roles[1]", "systems[0].services[0]",
                  "systems[0].organisations[0]", "systems[1].id",
                  "systems[1].san_uri", "systems[1].roles[0]"));
}

TEST(Register, RefusesTwiceTheSameIdOrName) {
  const std::string system = R"(
      systems { id: "a" san_uri: "u" issuer: "A" roles: ROLE_AUDITOR })";
  EXPECT_THAT(FaultyFields(system), IsEmpty());
  EXPECT_THAT(FaultyFields(system + system),
              UnorderedElementsAre("systems[1].id", "systems[1].san_uri"));
  // The same name from another authority is another name.
  EXPECT_THAT(FaultyFields(system + R"(
      systems { id: "b" san_uri: "u" issuer: "B" roles: ROLE_AUDITOR })"),
              IsEmpty());
}

TEST(Register, APublisherNeedsVocabularyAndOrganisation) {
  EXPECT_THAT(
      FaultyFields(
          R"(systems { id: "a" san_uri: "u" issuer: "A" roles: ROLE_PUBLISHER })"),
      UnorderedElementsAre("systems[0].services", "systems[0].organisations"));
}

TEST(Register, IsNotMadeFromFaults) {
  auto made = Register::Make(Parse("systems {}"), kVocabularies);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(made.status().message(), HasSubstr("systems[0].id: is required"));
}

}  // namespace
}  // namespace vigil::service
