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

struct Pair {
  std::string one;  // given|family, or a whole name
  std::string other;
  bool contradict;
};

event::v1::PersonName NameOf(const std::string& text) {
  event::v1::PersonName name;
  const size_t bar = text.find('|');
  if (bar == std::string::npos) {
    name.set_as_given(text);
  } else {
    name.set_given(text.substr(0, bar));
    name.set_family(text.substr(bar + 1));
  }
  return name;
}

TEST(GivenNames, ContradictIfNoneIsAFormOfAnother) {
  const Pair pairs[] = {
      {"Ada|Quill", "Ada|Quill", false},
      {"Ada|Quill", "ADA|Jones", false},
      {"Ada|Quill", "Bea|Quill", true},
      {"Kate|Quill", "Katherine|Quill", false},
      {"Kate|Quill", "Cathy|Quill", false},
      {"Zo\u00eb|Quill", "Zoe|Quill", false},
      {"Anne-Marie|Quill", "Annemarie|Quill", false},
      {"Anne-Marie|Quill", "Marie Anne|Quill", false},
      {"Annemarie Jane|Quill", "Anne Marie|Quill", false},
      {"D'Arcy|Quill", "Darcy|Quill", false},
      {"Ada Mary|Quill", "Ada|Quill", false},
      {"Ada Mary|Quill", "Mary|Quill", false},
      {"Ada M|Quill", "Ada Mary|Quill", false},
      {"Ada Mary|Quill", "Ada Jane|Quill", true},
      {"Muhammad Hassan|Quill", "Mohammed Husayn|Quill", true},
      {"Muhammad|Quill", "Mohamed|Quill", false},
      {"\u0418\u0432\u0430\u043d|Quill", "Ivan|Quill", false},
      {"Quill|Ada", "Ada|Quill", false},
      {"Quill|Ada", "Bea|Quill", true},
      {"Ada Quill", "Ada|Quill", false},
      {"Quill, Ada", "Ada Quill", false},
      {"Ada Quill", "Bea Quill", true},
      // What parents give to two children.
      {"Paul|Quill", "Paula|Quill", true},
      {"Sam|Quill", "Samantha|Quill", false},
      {"Samuel|Quill", "Samantha|Quill", true},
      {"Alex|Quill", "Alexander|Quill", false},
      {"Alexandra|Quill", "Alexander|Quill", true},
      // Names that are none.
      {"Baby|Quill", "Ada|Jones", false},
      {"Baby Boy Smith", "Ada|Jones", false},
      {"Baby of Jane|Smith", "Ada|Jones", false},
      {"Twin 1|Quill", "Ada|Quill", false},
      {"Twin 1|Quill", "Twin One|Quill", false},
      {"Twin 1|Quill", "Twin 2|Quill", true},
      {"Twin II|Quill", "Baby|Quill", false},
      {"Baby Boy|Quill", "Baby Girl|Quill", true},
      {"Infant female|Quill", "Baby Girl|Quill", false},
      {"Not known|Quill", "Ada|Quill", false},
      {"Male|Quill", "Ada|Quill", false},
      {"|Quill", "Ada|Jones", false},
      {"", "Ada|Jones", false},
  };
  for (const Pair& pair : pairs) {
    GivenNames one;
    GivenNames other;
    one.Add(NameOf(pair.one));
    other.Add(NameOf(pair.other));
    EXPECT_EQ(one.Contradict(other), pair.contradict)
        << pair.one << " " << pair.other;
    EXPECT_EQ(other.Contradict(one), pair.contradict)
        << pair.other << " " << pair.one;
    EXPECT_FALSE(one.Contradict(one)) << pair.one;
  }
}

TEST(GivenNames, OneOfSeveralIsEnough) {
  GivenNames ours;
  ours.Add(NameOf("Ada|Quill"));
  ours.Add(NameOf("Bea|Quill"));
  ours.Add(NameOf("Baby|Quill"));
  GivenNames theirs;
  theirs.Add(NameOf("Bea|Jones"));
  EXPECT_FALSE(ours.Contradict(theirs));
  // A placeholder beside a name says nothing more.
  GivenNames third;
  third.Add(NameOf("Cora|Quill"));
  EXPECT_TRUE(third.Contradict(ours));
  third.Add(theirs);
  EXPECT_FALSE(third.Contradict(ours));
}

RC_GTEST_PROP(NamesProperty, NobodyContradictsThemselves, ()) {
  GivenNames names;
  GivenNames other;
  for (GivenNames* one : {&names, &other}) {
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) {
      std::string given;
      for (const auto& piece : *rc::gen::container<std::vector<std::string>>(
               rc::gen::element<std::string>("Anne", "Marie", "Annemarie", "A",
                                             "Baby", "Twin", "1", "2", " ", " ",
                                             "-"))) {
        given += piece;
      }
      one->Add(NameOf(given + "|Quill"));
    }
  }
  RC_ASSERT(!names.Contradict(names));
  RC_ASSERT(names.Contradict(other) == other.Contradict(names));
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
