#include "libs/event/concepts.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace vigil::event {
namespace {

bool IsWellFormed(absl::string_view name) {
  return !name.empty() && name.size() <= 40 &&
         absl::ascii_islower(static_cast<unsigned char>(name[0])) &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
             absl::string_view::npos;
}

// "F7", "F30-32", "R44, R101".
bool IsDomainReference(absl::string_view part) {
  for (absl::string_view reference : absl::StrSplit(part, ", ")) {
    if (reference.empty() ||
        !absl::StrContains("FRC", reference.substr(0, 1))) {
      return false;
    }
    for (absl::string_view number : absl::StrSplit(reference.substr(1), '-')) {
      int value = 0;
      if (!absl::SimpleAtoi(number, &value)) {
        return false;
      }
    }
  }
  return true;
}

bool IsGuidanceReference(absl::string_view part) {
  for (absl::string_view document :
       {"000 ", "001 ", "002 ", "003 ", "004 ", "case "}) {
    if (absl::ConsumePrefix(&part, document)) {
      return !part.empty();
    }
  }
  return false;
}

bool IsListedSource(absl::string_view part) {
  for (const ConceptSource& source : ConceptSources()) {
    absl::string_view rest = part;
    if (absl::ConsumePrefix(&rest, source.abbreviation) &&
        (rest.empty() || rest[0] == ' ')) {
      return true;
    }
  }
  return false;
}

// "kCoreGroup" and "core_group" are both "coregroup".
std::string Squeezed(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", ""}}));
}

TEST(Concepts, NamesAreWellFormedAndDescribed) {
  std::set<absl::string_view> seen;
  for (absl::string_view name : ConceptNames()) {
    EXPECT_TRUE(seen.insert(name).second) << name << " twice";
    EXPECT_TRUE(IsWellFormed(name)) << name;
    EXPECT_TRUE(IsConcept(name)) << name;
    const absl::string_view description = ConceptDescription(name);
    ASSERT_FALSE(description.empty()) << name;
    EXPECT_EQ(description.back(), '.') << name;
    EXPECT_FALSE(absl::StrContains(description, '|')) << name;
  }
  EXPECT_FALSE(IsConcept("no_such_concept"));
  EXPECT_FALSE(IsConcept(""));
  EXPECT_EQ(ConceptDescription("no_such_concept"), "");
}

TEST(Concepts, CodesAreWellFormedOnceInAConceptAndExplained) {
  std::set<std::pair<absl::string_view, absl::string_view>> seen;
  std::set<absl::string_view> with_codes;
  for (const ConceptCode& code : ConceptCodes()) {
    const std::string name = absl::StrCat(code.concept_name, ".", code.code);
    EXPECT_TRUE(seen.emplace(code.concept_name, code.code).second)
        << name << " twice";
    with_codes.insert(code.concept_name);
    EXPECT_TRUE(IsWellFormed(code.code)) << name;
    EXPECT_TRUE(IsConcept(code.concept_name)) << name;
    EXPECT_TRUE(IsConceptCode(code.concept_name, code.code)) << name;
    EXPECT_EQ(FindConceptCode(code.concept_name, code.code), &code);
    ASSERT_FALSE(code.meaning.empty()) << name;
    EXPECT_NE(code.meaning.back(), '.') << name << ": a phrase, no sentence";
    EXPECT_FALSE(absl::StrContains(code.meaning, '|')) << name;
    for (absl::string_view part : absl::StrSplit(code.source, "; ")) {
      EXPECT_TRUE(IsDomainReference(part) || IsGuidanceReference(part) ||
                  IsListedSource(part))
          << name << ": nobody knows what \"" << part << "\" is";
    }
  }
  for (absl::string_view name : ConceptNames()) {
    EXPECT_TRUE(with_codes.contains(name)) << name << " has no code";
  }
}

TEST(Concepts, ACodeBelongsToItsConceptAndIsSpeltInOneWay) {
  EXPECT_TRUE(IsConceptCode("meeting", "core_group"));
  EXPECT_FALSE(IsConceptCode("plan", "core_group"));
  EXPECT_FALSE(IsConceptCode("meeting", "Core_group"));
  EXPECT_FALSE(IsConceptCode("meeting", "core_group "));
  EXPECT_FALSE(IsConceptCode("meeting", ""));
  EXPECT_FALSE(IsConceptCode("", "core_group"));
  EXPECT_EQ(FindConceptCode("meeting", "no_such_code"), nullptr);
  const ConceptCode* found =
      FindConceptCode("meeting", concepts::meeting::kStrategyDiscussion);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->code, "strategy_discussion");
}

TEST(Concepts, EachConstantIsACodeOfItsConceptUnderThatName) {
  std::ifstream file(VIGIL_CONCEPTS_H);
  ASSERT_TRUE(file) << VIGIL_CONCEPTS_H;
  std::stringstream text;
  text << file.rdbuf();
  const std::string header = text.str();
  const std::string::size_type begin = header.find("namespace concepts {");
  ASSERT_NE(begin, std::string::npos);

  // Words, so that it does not matter where a line ends.
  absl::string_view concept_name;
  absl::string_view constant;
  absl::string_view previous;
  int constants = 0;
  for (absl::string_view word :
       absl::StrSplit(absl::string_view(header).substr(begin),
                      absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    if (previous == "namespace") {
      concept_name = word;
    } else if (previous == "absl::string_view") {
      constant = word;
    } else if (previous == "=") {
      ASSERT_TRUE(absl::ConsumePrefix(&word, "\"")) << constant;
      ASSERT_TRUE(absl::ConsumeSuffix(&word, "\";")) << constant;
      EXPECT_TRUE(IsConceptCode(concept_name, word))
          << concept_name << "::" << constant << " is not in its table";
      EXPECT_EQ(Squeezed(constant), absl::StrCat("k", Squeezed(word)))
          << concept_name;
      ++constants;
    }
    previous = word;
  }
  EXPECT_GT(constants, 100);
}

TEST(Concepts, ThePublishedTablesAreThese) {
  std::ifstream file(VIGIL_CONCEPTS_MD);
  ASSERT_TRUE(file) << VIGIL_CONCEPTS_MD;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), ConceptsMarkdown())
      << "CONCEPTS.md is not the tables of concepts.cc";
}

}  // namespace
}  // namespace vigil::event
