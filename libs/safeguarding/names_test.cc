#include "libs/safeguarding/names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil::safeguarding {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Row {
  std::string name;
  std::string folded;
};

TEST(Names, AreComparedWithoutWhatDoesNotMatter) {
  const Row rows[] = {
      {"Zoe", "zoe"},
      {"ZOË", "zoe"},
      {"Zoe\u0308", "zoe"},  // a combining diaeresis
      {"O'Quill-Zoë", "o quill zoe"},
      {"O\u2019Quill", "o quill"},
      {"O\u02BCQuill", "oquill"},  // a letter apostrophe parts nothing
      {"  Anne\tMarie ", "anne marie"},
      {"Anne\u2010Marie", "anne marie"},
      {"Łukasz Żółw", "lukasz zolw"},
      {"Søren Ærø", "soren aero"},
      {"Straße", "strasse"},
      {"İpek Işık", "ipek isik"},
      {"Nguyễn", "nguyen"},
      {"Иван", "ivan"},
      {"Ильин", "ilin"},
      {"Αθηνά", "athena"},
      {"李小龙", "li xiao long"},
      {"ＦＵＬＬ", "full"},
      {"Quill 2nd", "quill 2nd"},
      {"", ""},
      {" - ' ", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(absl::StrJoin(FoldName(row.name), " "), row.folded) << row.name;
  }
}

TEST(Names, ThatAreNotUtf8AreFoldedAllTheSame) {
  EXPECT_THAT(FoldName("Zo\xff Quill"), ElementsAre("zo", "quill"));
}

TEST(Names, HaveTokensForTheirPartsAndNeighbours) {
  event::v1::PersonName name;
  name.set_given("Anne-Marie");
  name.set_family("O'Quill");
  name.set_as_given("OQuill, Anne");
  EXPECT_THAT(NameTokens(name), ElementsAre("anne", "annemarie", "marie", "o",
                                            "oquill", "oquillanne", "quill"));
  EXPECT_THAT(QueryTokens("quill anne"),
              ElementsAre("anne", "quill", "quillanne"));
  EXPECT_THAT(QueryTokens("-"), IsEmpty());
  EXPECT_THAT(NameTokens({}), IsEmpty());
}

TEST(Names, HaveABoundedNumberOfParts) {
  std::string name;
  for (int i = 0; i < 200; ++i) {
    name += "a ";
  }
  EXPECT_EQ(FoldName(name).size(), kMaxNameParts);
}

TEST(Names, SayUnderWhichVersionTheyWereFolded) {
  EXPECT_THAT(NameFoldVersion(), ::testing::StartsWith("1+icu"));
}

RC_GTEST_PROP(NamesProperty, FoldingTwiceIsFoldingOnce, ()) {
  std::string name;
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(
           rc::gen::element<std::string>("a", "Ö", "ł", "-", "'", " ", "Ж", "ß",
                                         "7", "\xff", "ü\u0301", "王"))) {
    name += piece;
  }
  const std::vector<std::string> once = FoldName(name);
  RC_ASSERT(FoldName(absl::StrJoin(once, " ")) == once);
}

// The short way for ASCII gives what ICU gives.
RC_GTEST_PROP(NamesProperty, AsciiFoldsAlikeWithAndWithoutIcu,
              (const std::string& text)) {
  std::string ascii = text;
  ascii.erase(std::remove_if(ascii.begin(), ascii.end(),
                             [](char c) { return (c & 0x80) != 0; }),
              ascii.end());
  // One letter beyond ASCII sends all of it through ICU.
  std::vector<std::string> expected = FoldName(ascii);
  expected.push_back("e");
  if (expected.size() <= kMaxNameParts) {
    RC_ASSERT(FoldName(ascii + " é") == expected);
  }
}

}  // namespace
}  // namespace vigil::safeguarding
