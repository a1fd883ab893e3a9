#include "libs/event/codes.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace vigil::event {
namespace {

TEST(Codes, AreUniqueUpperSnakeAndExplained) {
  std::set<absl::string_view> seen;
  for (const Code& code : Codes()) {
    EXPECT_TRUE(seen.insert(code.code).second) << code.code << " twice";
    EXPECT_EQ(
        code.code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
        absl::string_view::npos)
        << code.code;
    ASSERT_FALSE(code.description.empty()) << code.code;
    EXPECT_EQ(code.description.back(), '.') << code.code;
    EXPECT_EQ(FindCode(code.code), &code);
  }
  EXPECT_EQ(FindCode("NO_SUCH_CODE"), nullptr);
}

TEST(Codes, ThePublishedTableIsThisOne) {
  std::ifstream file(VIGIL_CODES_MD);
  ASSERT_TRUE(file) << VIGIL_CODES_MD;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), CodesMarkdown())
      << "CODES.md is not the table of codes.cc; what it should be:\n"
      << CodesMarkdown();
}

}  // namespace
}  // namespace vigil::event
