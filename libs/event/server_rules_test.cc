#include "libs/event/server_rules.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "libs/event/codes.h"
#include "libs/event/concepts.h"

namespace vigil::event {
namespace {

TEST(ServerRules, HavePublishedCodes) {
  for (const ServerRule& rule : ServerRules()) {
    ASSERT_FALSE(rule.rule.empty()) << rule.of;
    EXPECT_EQ(rule.rule.back(), '.') << rule.rule;
    EXPECT_EQ(rule.type == nullptr, rule.hold == nullptr) << rule.rule;
    for (const absl::string_view code : absl::StrSplit(rule.codes, ' ')) {
      EXPECT_NE(FindCode(code), nullptr) << rule.rule << ": " << code;
    }
  }
}

TEST(ServerRules, ReadCodesThatExist) {
  EXPECT_TRUE(IsConceptCode("referral_outcome",
                            concepts::referral_outcome::kWronglyAddressed));
  EXPECT_TRUE(IsConceptCode("referral_outcome",
                            concepts::referral_outcome::kTransferred));
}

TEST(ServerRules, ThePublishedTableIsThisOne) {
  std::ifstream file(VIGIL_RULES_MD);
  ASSERT_TRUE(file) << VIGIL_RULES_MD;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), RulesMarkdown())
      << "RULES.md is not the table of server_rules.cc; what it should be:\n"
      << RulesMarkdown();
}

}  // namespace
}  // namespace vigil::event
