#include "libs/safeguarding/match.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/nhs_number.h"
#include "libs/safeguarding/names.h"
#include "rapidcheck/gtest.h"

namespace vigil::safeguarding {
namespace {

using event::v1::Demographics;
using event::v1::Identifier;

TEST(Reasons, AreUniqueUpperSnakeAndExplained) {
  std::set<absl::string_view> seen;
  int index = 0;
  for (const MatchReason& reason : Reasons()) {
    EXPECT_EQ(static_cast<int>(reason.reason), index++) << reason.code;
    EXPECT_EQ(&ReasonFor(reason.reason), &reason);
    EXPECT_TRUE(seen.insert(reason.code).second) << reason.code;
    EXPECT_EQ(reason.code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"),
              absl::string_view::npos)
        << reason.code;
    EXPECT_TRUE(absl::EndsWith(reason.text, ".")) << reason.code;
  }
  EXPECT_EQ(index, static_cast<int>(Reason::kTooManyLinked) + 1);
}

TEST(Reasons, ThePublishedTableIsThisOne) {
  std::ifstream file(VIGIL_REASONS_MD);
  ASSERT_TRUE(file) << VIGIL_REASONS_MD;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), ReasonsMarkdown())
      << "REASONS.md is not the table of match.cc; what it should be:\n"
      << ReasonsMarkdown();
}

Demographics Named(const std::string& given, const std::string& family,
                   const std::string& born = "",
                   event::v1::NameUse use = event::v1::NAME_USE_CURRENT) {
  Demographics demographics;
  event::v1::PersonName& name = *demographics.add_names();
  name.set_given(given);
  name.set_family(family);
  name.set_use(use);
  if (!born.empty()) {
    demographics.mutable_birth()->set_date(born);
  }
  return demographics;
}

Identifier Nhs(uint64_t n, event::v1::IdentifierHolder holder =
                               event::v1::IDENTIFIER_HOLDER_SELF) {
  Identifier identifier;
  identifier.set_type(event::v1::IDENTIFIER_TYPE_NHS_NUMBER);
  identifier.set_value(GenerateSyntheticNhsNumber(n));
  identifier.set_holder(holder);
  identifier.set_verified(event::v1::ANSWER_YES);
  return identifier;
}

Demographics With(Demographics demographics, const Identifier& identifier) {
  *demographics.add_identifiers() = identifier;
  return demographics;
}

std::vector<std::string> Codes(const std::optional<Match>& match) {
  std::vector<std::string> codes;
  if (match) {
    int rank = 0;
    for (const MatchReason& reason : match->reasons) {
      codes.emplace_back(reason.code);
      rank += reason.weight;
    }
    EXPECT_EQ(match->rank, rank);
  }
  return codes;
}

struct Row {
  std::string name;
  std::string born;
  std::vector<Demographics> person;
  std::vector<std::string> codes;  // empty: no match
};

TEST(Match, OfNamesAndBirthDates) {
  const Demographics zoe = Named("Zoë Anne", "O'Quill", "2021-03-02");
  Demographics whole = Named("", "");
  whole.mutable_names(0)->set_as_given("OQuill, Zoe");
  Demographics expected = Named("Zoe", "Quill");
  expected.mutable_birth()->set_expected("2021-03-02");
  const Row rows[] = {
      {"zoe anne o'quill", "", {zoe}, {"FULL_NAME_EQUAL"}},
      {"OQUILL, ZOE-ANNE", "", {zoe}, {"FULL_NAME_EQUAL"}},
      {"zoeanne o quill", "", {zoe}, {"FULL_NAME_EQUAL"}},
      {"oquill zoe", "", {zoe}, {"NAME_PARTS_EQUAL"}},
      {"Anne", "", {zoe}, {"NAME_PARTS_EQUAL"}},
      {"zoe smith", "", {zoe}, {"NAME_PART_EQUAL"}},
      {"zo quil", "", {zoe}, {"NAME_PREFIX"}},
      {"zoe quil", "", {zoe}, {"NAME_PART_EQUAL", "NAME_PREFIX"}},
      {"z", "", {zoe}, {}},  // one letter is no prefix
      {"smith", "", {zoe}, {}},
      {"-", "", {zoe}, {}},
      {"zoe oquill", "", {whole}, {"FULL_NAME_EQUAL"}},
      {"zoe smith",
       "",
       {zoe, Named("Zoe", "Smith", "", event::v1::NAME_USE_FORMER)},
       {"FULL_NAME_EQUAL", "FORMER_NAME"}},
      {"kit",
       "",
       {zoe, Named("Kit", "", "", event::v1::NAME_USE_ALIAS)},
       {"FULL_NAME_EQUAL", "ALIAS"}},
      // A current name that agrees as well goes first.
      {"zoe smith",
       "",
       {Named("Zoe", "Smith", "", event::v1::NAME_USE_FORMER),
        Named("Zoe", "Smith")},
       {"FULL_NAME_EQUAL"}},

      {"", "2021-03-02", {zoe}, {"BIRTH_DATE_EQUAL"}},
      {"", "2021-02-03", {zoe}, {"DAY_AND_MONTH_SWAPPED"}},
      {"", "2020-03-02", {zoe}, {"BIRTH_YEAR_OFF_BY_ONE"}},
      {"",
       "2020-01-01",
       {Named("A", "B", "2019-01-01")},
       {"BIRTH_YEAR_OFF_BY_ONE"}},  // two digits, one year
      {"", "2021-03-12", {zoe}, {"BIRTH_DIGIT_DIFFERS"}},
      {"", "2026-03-02", {zoe}, {"BIRTH_DIGIT_DIFFERS"}},
      {"", "2021-03", {zoe}, {"BIRTH_MONTH_EQUAL"}},
      {"", "2021", {zoe}, {"BIRTH_YEAR_EQUAL"}},
      {"", "2021-03-02", {Named("A", "B", "2021")}, {"BIRTH_YEAR_EQUAL"}},
      {"", "2021-04", {zoe}, {}},
      {"", "2019-11-25", {zoe}, {}},
      {"", "2021-03-02", {Named("A", "B")}, {}},
      {"", "2021-03-02", {expected}, {"EXPECTED_DATE_EQUAL"}},
      {"", "2021-03-05", {expected}, {}},
      // Of several dates the best.
      {"",
       "2021-03-02",
       {Named("A", "B", "2019-01-01"), Named("A", "B", "2021-03-02")},
       {"BIRTH_DATE_EQUAL"}},
      {"", "nonsense", {zoe}, {}},
      {"", "", {zoe}, {}},

      {"zoe anne oquill",
       "2021-03-02",
       {zoe},
       {"FULL_NAME_EQUAL", "BIRTH_DATE_EQUAL"}},
      {"zoe smith",
       "2021-02-03",
       {zoe},
       {"NAME_PART_EQUAL", "DAY_AND_MONTH_SWAPPED"}},
      {"zoe smith",
       "2021-03-02",
       {Named("Zoe", "Quill")},
       {"NAME_PART_EQUAL", "BIRTH_DATE_NOT_KNOWN"}},
      {"zoe oquill",
       "2019-11-25",
       {zoe},
       {"NAME_PARTS_EQUAL", "BIRTH_DATES_DIFFER"}},
      {"zoe smith", "2019-11-25", {zoe}, {}},
      {"smith", "2021-03-02", {zoe}, {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(absl::StrCat(row.name, " / ", row.born));
    Query query;
    query.name = row.name;
    query.birth_date = row.born;
    EXPECT_THAT(Codes(MatchPerson(query, row.person)),
                ::testing::ElementsAreArray(row.codes));
  }
}

TEST(Match, OfIdentifiers) {
  Query query;
  query.identifier = Nhs(1);
  EXPECT_THAT(Codes(MatchPerson(query, {With({}, Nhs(1))})),
              ::testing::ElementsAre("NHS_NUMBER_EQUAL"));
  EXPECT_THAT(
      Codes(MatchPerson(
          query, {With({}, Nhs(1, event::v1::IDENTIFIER_HOLDER_MOTHER))})),
      ::testing::ElementsAre("IDENTIFIER_OF_ANOTHER_PERSON"));
  EXPECT_THAT(
      Codes(MatchPerson(
          query, {With({}, Nhs(1, event::v1::IDENTIFIER_HOLDER_UNSPECIFIED))})),
      ::testing::ElementsAre("NHS_NUMBER_EQUAL",
                             "IDENTIFIER_HOLDER_NOT_STATED"));
  EXPECT_EQ(MatchPerson(query, {With({}, Nhs(2))}), std::nullopt);

  Identifier upn = Nhs(1);  // the same characters, another type
  upn.set_type(event::v1::IDENTIFIER_TYPE_UPN);
  EXPECT_EQ(MatchPerson(query, {With({}, upn)}), std::nullopt);

  Identifier local = Nhs(1);
  local.set_type(event::v1::IDENTIFIER_TYPE_OTHER);
  local.set_system("athena");
  Query by_local;
  by_local.identifier = local;
  EXPECT_THAT(Codes(MatchPerson(by_local, {With({}, local)})),
              ::testing::ElementsAre("IDENTIFIER_EQUAL"));
  Identifier elsewhere = local;
  elsewhere.set_system("niche");
  EXPECT_EQ(MatchPerson(by_local, {With({}, elsewhere)}), std::nullopt);

  Query placeholder;
  placeholder.identifier = Nhs(1);
  placeholder.identifier->set_value("9999999999");
  EXPECT_EQ(MatchPerson(placeholder, {With({}, *placeholder.identifier)}),
            std::nullopt);
}

TEST(Match, AnIdentifierFindsWhoseNameWasMisspelt) {
  Query query;
  query.name = "entirely different";
  query.birth_date = "2001-01-01";
  query.identifier = Nhs(1);
  EXPECT_THAT(Codes(MatchPerson(
                  query, {With(Named("Zoe", "Quill", "2021-03-02"), Nhs(1))})),
              ::testing::ElementsAre("NHS_NUMBER_EQUAL", "BIRTH_DATES_DIFFER"));
  // And a name finds who carries another number.
  query.name = "zoe quill";
  query.birth_date = "2021-03-02";
  EXPECT_THAT(Codes(MatchPerson(
                  query, {With(Named("Zoe", "Quill", "2021-03-02"), Nhs(2))})),
              ::testing::ElementsAre("FULL_NAME_EQUAL", "BIRTH_DATE_EQUAL",
                                     "IDENTIFIERS_DIFFER"));
}

TEST(Match, RanksTheSurerFirst) {
  Query query;
  query.name = "zoe quill";
  query.birth_date = "2021-03-02";
  query.identifier = Nhs(1);
  const std::vector<std::vector<Demographics>> best_first = {
      {With(Named("Zoe", "Quill", "2021-03-02"), Nhs(1))},
      {With({}, Nhs(1))},
      {With(Named("Zoe", "Quill", "2021-03-02"),
            Nhs(1, event::v1::IDENTIFIER_HOLDER_MOTHER))},
      {Named("Zoe", "Quill", "2021-03-02")},
      {Named("Zoe", "Quill", "2021-02-03")},
      {Named("Zoe", "Quill", "2020-03-02")},
      {Named("Zoe", "Quill")},
      {Named("Zoe", "Smith", "2021-03-02")},
      {Named("Zoe", "Quill", "2011-11-21")},
      {Named("Zoe", "Smith")},
      {Named("Zoella", "Quillon")},
  };
  int last = 1 << 30;
  for (size_t i = 0; i < best_first.size(); ++i) {
    const std::optional<Match> match = MatchPerson(query, best_first[i]);
    ASSERT_TRUE(match) << i;
    EXPECT_LT(match->rank, last) << i;
    last = match->rank;
  }
}

// Of what is as sure, the same is told in whatever order it was said.
TEST(Match, TellsTheSameInWhateverOrder) {
  Query query;
  query.name = "Zoe Quillon";
  query.birth_date = "2021-03-02";
  std::vector<Demographics> said = {
      Named("Zoe", "Quillon", "2021-03-03", event::v1::NAME_USE_ALIAS),
      Named("Zoe", "Quillon", "2020-03-02", event::v1::NAME_USE_FORMER)};
  for (int i = 0; i < 2; ++i) {
    const std::optional<Match> match = MatchPerson(query, said);
    ASSERT_TRUE(match);
    std::vector<absl::string_view> codes;
    for (const MatchReason& reason : match->reasons) {
      codes.push_back(reason.code);
    }
    EXPECT_THAT(codes, testing::ElementsAre("FULL_NAME_EQUAL", "FORMER_NAME",
                                            "BIRTH_YEAR_OFF_BY_ONE"));
    std::swap(said[0], said[1]);
  }
}

// Whoever looks up tokens misses nobody.
RC_GTEST_PROP(MatchProperty, ANameMatchesOnlyThroughAToken, ()) {
  const auto name = [](int most) {
    std::string text;
    const int pieces = *rc::gen::inRange(1, most);
    for (int i = 0; i < pieces; ++i) {
      text += *rc::gen::element<std::string>("an", "na", "ann", "a", "o", " ",
                                             "-", "'", " ");
    }
    return text;
  };
  const Demographics person = Named(name(6), name(6));
  Query query;
  query.name = name(8);
  if (!MatchPerson(query, {person})) {
    return;
  }
  const std::vector<std::string> tokens = NameTokens(person.names(0));
  const std::vector<std::string> asked = QueryTokens(query.name);
  RC_ASSERT(std::any_of(asked.begin(), asked.end(), [&](const auto& one) {
    return std::any_of(tokens.begin(), tokens.end(), [&](const auto& token) {
      return one.size() < kMinPrefixCharacters ? token == one
                                               : absl::StartsWith(token, one);
    });
  }));
}

}  // namespace
}  // namespace vigil::safeguarding
