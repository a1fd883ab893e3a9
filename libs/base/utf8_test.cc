#include "libs/base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(Utf8Test, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("abc"), 3u);
  EXPECT_EQ(CountCharacters("\xc5\x81ukasz"), 6u);
  EXPECT_EQ(CountCharacters("\xe2\x82\xac"), 1u);
  EXPECT_EQ(CountCharacters("\xf0\x9f\x91\xb6!"), 2u);
  EXPECT_EQ(CountCharacters("e\xcc\x81"), 2u);
  EXPECT_EQ(CountCharacters(absl::string_view("\0", 1)), 1u);
}

TEST(Utf8Test, TheFirstAndLastOfEachLength) {
  for (const char* text : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(CountCharacters(text), 1u) << testing::PrintToString(text);
  }
}

TEST(Utf8Test, WhatIsNotUtf8) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xc2\xc2",
        "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82\x41", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x91", "\xf0\x9f\x91\x41",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe9t\xe9"}) {
    EXPECT_EQ(CountCharacters(text), std::nullopt)
        << testing::PrintToString(text);
    EXPECT_EQ(CountCharacters(std::string("ok ") + text), std::nullopt);
  }
}

TEST(Utf8Test, ControlCharacters) {
  EXPECT_FALSE(HasControlCharacters("Plain text, \xc5\x81\xc3\xa9, \xc2\xa0."));
  for (const char* text :
       {"\t", "a\nb", "\r", "\x1b[31m", "\x7f", "\xc2\x80", "a\xc2\x9f"}) {
    EXPECT_TRUE(HasControlCharacters(text)) << testing::PrintToString(text);
  }
  EXPECT_TRUE(HasControlCharacters(absl::string_view("\0", 1)));
  EXPECT_TRUE(HasControlCharacters(absl::string_view("\0", 1), kTextControls));
}

// Plain text is looked at eight bytes at a time.
TEST(Utf8Test, FindsEachByteWhereverItStands) {
  for (size_t at = 0; at < 24; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(24, 'a');
      text[at] = static_cast<char>(byte);
      if (byte < 0x80) {
        EXPECT_EQ(HasControlCharacters(text), byte < 0x20 || byte == 0x7f)
            << byte << " at " << at;
      }
      EXPECT_EQ(CountCharacters(text).has_value(), byte < 0x80)
          << byte << " at " << at;
    }
    std::string text(24, '~');
    text.insert(at, "\xc2\x85");
    EXPECT_EQ(CountCharacters(text), 25u);
    EXPECT_TRUE(HasControlCharacters(text)) << at;
  }
}

TEST(Utf8Test, ProseMayHaveLinesAndTabs) {
  EXPECT_FALSE(HasControlCharacters("one\r\n\ttwo", kTextControls));
  EXPECT_TRUE(HasControlCharacters("one\x1b", kTextControls));
  EXPECT_TRUE(HasControlCharacters("one\xc2\x85two", kTextControls));
}

}  // namespace
}  // namespace vigil
