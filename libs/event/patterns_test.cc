#include "libs/event/patterns.h"

#include <regex.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/event/codes.h"
#include "libs/event/reference.h"

namespace vigil::event {
namespace {

// Texts that some pattern takes, and a few that none does.
std::vector<std::string> Texts() {
  const NamingKey key("0a1b2c3d", std::string(32, 'k'));
  return {
      key.Subject(SubjectKind::kPerson, "police:43", "records", "P1"),
      key.Subject(SubjectKind::kHousehold, "police:43", "records", "H1"),
      key.NumberedSubject(SubjectKind::kPerson, "police:43", "records", "R1",
                          1),
      "",
      " ",
      "2026",
      "2026-03",
      "2026-03-28",
      "2026-02-30",
      "2026-03-28T10:00:00Z",
      "2026-03-28T10:00:00.250+01:00",
      "2026-03-28T10:00:00",
      "2026-10-25T01:30:61",
      "2ed6657d-e927-568b-95e1-2665a8aea6a2",
      "urn:100000",
      "10:45",
      "account.occurred",
      "meeting_held",
      "ods",
      "police",
      "RXX",
      "E09000001",
      "43",
      "A-1",
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "12.4",
      "-0.50",
      "100012345678",
  };
}

// The text itself, and each that is one step away from it.
std::vector<std::string> Around(const std::string& text) {
  std::vector<std::string> texts = {text, absl::StrCat(text, "\n"),
                                    absl::StrCat(text, text)};
  for (size_t i = 0; i <= text.size(); ++i) {
    for (const char* put : {"", " ", ".", "-", "0", "9", "a", "A", "_", "é"}) {
      texts.push_back(absl::StrCat(text.substr(0, i), put, text.substr(i)));
      if (i < text.size()) {
        texts.push_back(
            absl::StrCat(text.substr(0, i), put, text.substr(i + 1)));
      }
    }
  }
  return texts;
}

TEST(Patterns, WhatThePatternRefusesTheCheckRefuses) {
  for (const Pattern& pattern : Patterns()) {
    regex_t regex;
    ASSERT_EQ(regcomp(&regex, std::string(pattern.regex).c_str(),
                      REG_EXTENDED | REG_NOSUB),
              0)
        << pattern.regex;
    size_t taken = 0;
    for (const std::string& base : Texts()) {
      for (const std::string& text : Around(base)) {
        if (pattern.matches(text)) {
          ++taken;
          EXPECT_TRUE(regexec(&regex, text.c_str(), 0, nullptr, 0) == 0)
              << pattern.code << ": " << text;
        }
      }
    }
    regfree(&regex);
    EXPECT_GT(taken, 0u) << pattern.regex;
  }
}

TEST(Patterns, ArePublishedAndFound) {
  std::set<std::pair<absl::string_view, absl::string_view>> seen;
  for (const Pattern& pattern : Patterns()) {
    EXPECT_NE(FindCode(pattern.code), nullptr) << pattern.code;
    EXPECT_TRUE(seen.emplace(pattern.code, pattern.regex).second)
        << pattern.regex << " twice";
    EXPECT_EQ(FindPattern(pattern.code, pattern.regex), &pattern);
  }
  EXPECT_EQ(FindPattern(code::kDateFormat, "^[0-9]+$"), nullptr);
}

TEST(Patterns, TheCheckMayKnowMore) {
  const Pattern* date =
      FindPattern(code::kDateFormat, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
  ASSERT_NE(date, nullptr);
  EXPECT_TRUE(date->matches("2028-02-29"));
  EXPECT_FALSE(date->matches("2026-02-29"));
}

}  // namespace
}  // namespace vigil::event
