#include "libs/base/upn.h"

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(UpnTest, WellFormed) {
  for (const char* upn : {"B801200005001", "H341000026007", "P207000016049"}) {
    EXPECT_EQ(CheckUpn(upn), std::nullopt) << upn;
    EXPECT_FALSE(IsTemporaryUpn(upn)) << upn;
  }
}

TEST(UpnTest, TemporaryNumbersAreCheckedToo) {
  EXPECT_EQ(CheckUpn("J34100002600A"), std::nullopt);
  EXPECT_TRUE(IsTemporaryUpn("J34100002600A"));
  EXPECT_EQ(CheckUpn("J34100002600B"), kUpnCheckLetter);
  EXPECT_FALSE(IsTemporaryUpn("J34100002600B"));
}

TEST(UpnTest, TheWorkedExampleInCirculationIsWrong) {
  EXPECT_EQ(CheckUpn("Q207000016049"), kUpnCheckLetter);
}

TEST(UpnTest, Malformed) {
  EXPECT_EQ(CheckUpn(""), kUpnLength);
  EXPECT_EQ(CheckUpn("H34100002600"), kUpnLength);
  EXPECT_EQ(CheckUpn("H3410000260077"), kUpnLength);
  EXPECT_EQ(CheckUpn("h341000026007"), kUpnFormat);
  EXPECT_EQ(CheckUpn("I341000026007"), kUpnFormat);
  EXPECT_EQ(CheckUpn("3341000026007"), kUpnFormat);
  EXPECT_EQ(CheckUpn("H34100002600O"), kUpnFormat);
  EXPECT_EQ(CheckUpn("H3410000260A7"), kUpnFormat);
  EXPECT_EQ(CheckUpn("H341 00026007"), kUpnFormat);
  EXPECT_EQ(CheckUpn(absl::string_view("H34100002600\0", 13)), kUpnFormat);
  EXPECT_FALSE(IsTemporaryUpn(""));
}

TEST(UpnTest, Generated) {
  EXPECT_EQ(GenerateUpn(341, 0, 26, 7), "H341000026007");
  EXPECT_EQ(GenerateUpn(801, 2000, 5, 1), "B801200005001");
}

TEST(UpnDeathTest, PartsBeyondTheirDigits) {
  EXPECT_DEATH(GenerateUpn(1000, 0, 26, 7), "within their digits");
  EXPECT_DEATH(GenerateUpn(341, 0, 26, -1), "within their digits");
}

RC_GTEST_PROP(UpnProperty, OneWrongDigitIsFound, ()) {
  const std::string upn =
      GenerateUpn(*rc::gen::inRange(0, 1000), *rc::gen::inRange(0, 10000),
                  *rc::gen::inRange(0, 100), *rc::gen::inRange(0, 1000));
  RC_ASSERT(CheckUpn(upn) == std::nullopt);
  for (size_t i = 1; i < upn.size(); ++i) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == upn[i]) continue;
      std::string wrong = upn;
      wrong[i] = digit;
      RC_ASSERT(CheckUpn(wrong) == kUpnCheckLetter);
    }
  }
}

}  // namespace
}  // namespace vigil
