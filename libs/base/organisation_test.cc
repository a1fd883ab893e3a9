#include "libs/base/organisation.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(OrganisationTest, TheSchemesOfTheContract) {
  for (const char* text :
       {"ods:RXX", "urn:100000", "la:E09000001", "police:43", "police:01",
        "charity:1234567-1", "company:01234567", "local:HOUSING-NORTH"}) {
    const absl::StatusOr<Organisation> organisation = ParseOrganisation(text);
    ASSERT_TRUE(organisation.ok()) << text;
    EXPECT_EQ(organisation->Text(), text);
  }
  EXPECT_EQ(ParseOrganisation("police:43").value(),
            (Organisation{"police", "43"}));
}

TEST(OrganisationTest, AnotherSchemeOrItsOtherSpellingIsRefused) {
  for (const char* scheme :
       {"", "POLICE", "Police", " police", "fire", "polic", "policeX"}) {
    EXPECT_EQ(CheckOrganisation(scheme, "43"), kOrganisationScheme) << scheme;
  }
}

TEST(OrganisationTest, AnotherSpellingOfTheCodeIsRefused) {
  for (const char* code : {"", "rxx", "R XX", "RXX ", "RX:X", "RX/X", "RX.X",
                           "-RXX", "RXX-", "-", "R\xc3\x89", "R\n"}) {
    EXPECT_EQ(CheckOrganisation("ods", code), kOrganisationCode) << code;
  }
  EXPECT_EQ(CheckOrganisation("ods", absl::string_view("R\0", 2)),
            kOrganisationCode);
}

TEST(OrganisationTest, TheCodesLengthIsLimited) {
  const std::string longest(kMaxOrganisationCodeCharacters, 'A');
  EXPECT_EQ(CheckOrganisation("local", longest), std::nullopt);
  EXPECT_EQ(CheckOrganisation("local", longest + "A"), kOrganisationCode);
}

TEST(OrganisationTest, ARefusalBeginsWithItsCode) {
  const auto refusal = [](absl::string_view text) {
    return ParseOrganisation(text).status();
  };
  EXPECT_EQ(refusal("fire:1").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      absl::StartsWith(refusal("fire:1").message(), "ORGANISATION_SCHEME:"));
  EXPECT_TRUE(absl::StartsWith(refusal("").message(), "ORGANISATION_SCHEME:"));
  EXPECT_TRUE(
      absl::StartsWith(refusal("police").message(), "ORGANISATION_CODE:"));
  EXPECT_TRUE(
      absl::StartsWith(refusal("police:4:3").message(), "ORGANISATION_CODE:"));
}

}  // namespace
}  // namespace vigil
