#include "libs/safeguarding/identity.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/nhs_number.h"
#include "libs/base/upn.h"
#include "libs/safeguarding/names.h"
#include "rapidcheck/gtest.h"

namespace vigil::safeguarding {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using event::v1::ANSWER_NO;
using event::v1::ANSWER_YES;
using event::v1::Demographics;
using event::v1::Identifier;
using event::v1::IDENTIFIER_HOLDER_MOTHER;
using event::v1::IDENTIFIER_HOLDER_SELF;
using event::v1::IDENTIFIER_HOLDER_UNSPECIFIED;
using event::v1::IDENTIFIER_TYPE_NHS_NUMBER;
using event::v1::IDENTIFIER_TYPE_OTHER;
using event::v1::IDENTIFIER_TYPE_TEMPORARY_UPN;
using event::v1::IDENTIFIER_TYPE_UPN;
using event::v1::LINK_KIND_ASKED;
using event::v1::LINK_KIND_DECISION;
using event::v1::LINK_KIND_RENAMED;
using event::v1::LINK_KIND_RULE;

// The same, in memory.
class Facts : public IdentityFacts {
 public:
  Facts& Say(const std::string& subject, Demographics said) {
    people_[subject].push_back(std::move(said));
    return *this;
  }
  Facts& Add(Link link) {
    links_.push_back(std::move(link));
    return *this;
  }
  Facts& Add(Separation separation) {
    separations_.push_back(std::move(separation));
    return *this;
  }
  // Whatever has that id.
  Facts& Revoke(const std::string& event_id) {
    for (const Link& link : links_) {
      if (link.event_id == event_id) {
        revoked_.push_back({event_id, link.subjects.back(), false});
      }
    }
    for (const Separation& separation : separations_) {
      if (separation.event_id == event_id) {
        revoked_.push_back({event_id, separation.group_b.back(), true});
      }
    }
    return *this;
  }
  Facts& Add(Revocation revocation) {
    revoked_.push_back(std::move(revocation));
    return *this;
  }
  // As if it had not been said.
  Facts& Drop(const std::string& event_id) {
    std::erase_if(links_,
                  [&](const Link& link) { return link.event_id == event_id; });
    return *this;
  }
  Facts& Restore(const std::string& event_id) {
    std::erase_if(revoked_, [&](const Revocation& revocation) {
      return revocation.event_id == event_id;
    });
    return *this;
  }
  void FailAfter(int calls) { calls_left_ = calls; }
  void Reverse() {
    for (auto& [subject, said] : people_) {
      std::reverse(said.begin(), said.end());
    }
    std::reverse(links_.begin(), links_.end());
    std::reverse(separations_.begin(), separations_.end());
    for (Link& link : links_) {
      std::reverse(link.subjects.begin(), link.subjects.end());
    }
    for (Separation& separation : separations_) {
      std::swap(separation.group_a, separation.group_b);
    }
    reversed_ = !reversed_;
  }

  absl::StatusOr<std::vector<Demographics>> Person(
      const std::string& subject) const override {
    if (!Works()) return absl::DataLossError("person");
    const auto it = people_.find(subject);
    return it == people_.end() ? std::vector<Demographics>() : it->second;
  }
  absl::StatusOr<std::vector<Link>> LinksOf(
      const std::string& subject) const override {
    if (!Works()) return absl::DataLossError("links");
    std::vector<Link> found;
    for (const Link& link : Active(links_, revoked_)) {
      if (std::count(link.subjects.begin(), link.subjects.end(), subject)) {
        found.push_back(link);
      }
    }
    return found;
  }
  absl::StatusOr<std::vector<Separation>> SeparationsOf(
      const std::string& subject) const override {
    if (!Works()) return absl::DataLossError("separations");
    std::vector<Separation> found;
    for (const Separation& one : Active(separations_, revoked_)) {
      if (std::count(one.group_a.begin(), one.group_a.end(), subject) ||
          std::count(one.group_b.begin(), one.group_b.end(), subject)) {
        found.push_back(one);
      }
    }
    return found;
  }
  absl::StatusOr<Found> HoldersOf(const Identifier& asked,
                                  size_t limit) const override {
    if (!Works()) return absl::DataLossError("holders");
    return Where(limit, [&](const Demographics& said) {
      return std::any_of(said.identifiers().begin(), said.identifiers().end(),
                         [&](const Identifier& one) {
                           return one.type() == asked.type() &&
                                  one.value() == asked.value() &&
                                  one.system() == asked.system();
                         });
    });
  }
  absl::StatusOr<Found> NamedAndBorn(const std::string& token,
                                     const std::string& birth_date,
                                     size_t limit) const override {
    if (!Works()) return absl::DataLossError("names");
    return Where(limit, [&](const Demographics& said) {
      return said.birth().date() == birth_date &&
             std::any_of(said.names().begin(), said.names().end(),
                         [&](const event::v1::PersonName& name) {
                           const auto tokens = NameTokens(name);
                           return std::count(tokens.begin(), tokens.end(),
                                             token) > 0;
                         });
    });
  }

 private:
  template <typename F>
  Found Where(size_t limit, F f) const {
    std::vector<std::string> found;
    for (const auto& [subject, all] : people_) {
      if (std::any_of(all.begin(), all.end(), f)) {
        found.push_back(subject);
      }
    }
    if (reversed_) {
      std::reverse(found.begin(), found.end());
    }
    const bool all = found.size() <= limit;
    if (!all) {
      found.resize(limit);
    }
    return {std::move(found), all};
  }
  bool Works() const { return calls_left_ < 0 || calls_left_-- > 0; }

  std::map<std::string, std::vector<Demographics>> people_;
  std::vector<Link> links_;
  std::vector<Separation> separations_;
  std::vector<Revocation> revoked_;
  bool reversed_ = false;
  mutable int calls_left_ = -1;
};

std::string Nhs(uint64_t n) { return GenerateSyntheticNhsNumber(n); }

Identifier Id(event::v1::IdentifierType type, const std::string& value,
              event::v1::Answer verified = ANSWER_YES,
              event::v1::IdentifierHolder holder = IDENTIFIER_HOLDER_SELF) {
  Identifier identifier;
  identifier.set_type(type);
  identifier.set_value(value);
  identifier.set_verified(verified);
  identifier.set_holder(holder);
  return identifier;
}

struct Said {
  std::string born = {};
  std::vector<Identifier> identifiers = {};
  event::v1::Sex sex = event::v1::SEX_UNSPECIFIED;
  std::string given = {};
  std::string family = {};
  std::string expected = {};

  Demographics Make() const {
    Demographics demographics;
    if (!born.empty()) {
      demographics.mutable_birth()->set_date(born);
    }
    if (!expected.empty()) {
      demographics.mutable_birth()->set_expected(expected);
    }
    demographics.set_sex(sex);
    for (const Identifier& identifier : identifiers) {
      *demographics.add_identifiers() = identifier;
    }
    if (!given.empty() || !family.empty()) {
      demographics.add_names()->set_given(given);
      demographics.mutable_names(0)->set_family(family);
    }
    return demographics;
  }
};

Identity MustResolve(const Facts& facts, const std::string& subject) {
  absl::StatusOr<Identity> identity = Resolve(facts, subject);
  EXPECT_TRUE(identity.ok()) << identity.status();
  return identity.ok() ? *std::move(identity) : Identity();
}

std::set<std::string> MembersOf(const Facts& facts,
                                const std::string& subject) {
  std::set<std::string> members;
  for (const auto& linked : MustResolve(facts, subject).subjects) {
    members.insert(linked.subject());
  }
  return members;
}

std::vector<std::string> CodesFor(const Identity& identity,
                                  const std::string& subject) {
  for (const PossibleMatch& match : identity.possible_matches) {
    if (match.subject == subject) {
      std::vector<std::string> codes;
      for (const MatchReason& reason : match.reasons) {
        codes.emplace_back(reason.code);
      }
      return codes;
    }
  }
  return {};
}

constexpr char kDate[] = "2021-03-02";
constexpr char kOtherDate[] = "2021-03-03";

Identifier OwnNhs(uint64_t n = 1) {
  return Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(n));
}
Identifier OwnUpn(int serial = 1) {
  return Id(IDENTIFIER_TYPE_UPN, GenerateUpn(341, 0, 26, serial));
}

// Two subjects, what is said of each, and whether a rule joins them.
struct Pair {
  std::string name;
  std::vector<Said> a;
  std::vector<Said> b;
  bool joined;
  std::vector<std::string> reasons;  // of the possible match
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.name; }

class RuleTest : public ::testing::TestWithParam<Pair> {};

TEST_P(RuleTest, JoinsOrShows) {
  const Pair& pair = GetParam();
  Facts facts;
  for (const Said& said : pair.a) facts.Say("a", said.Make());
  for (const Said& said : pair.b) facts.Say("b", said.Make());
  for (const auto& [one, other] :
       {std::pair<std::string, std::string>("a", "b"), {"b", "a"}}) {
    const Identity identity = MustResolve(facts, one);
    ASSERT_EQ(identity.subjects.size(), pair.joined ? 2 : 1);
    EXPECT_EQ(identity.subjects[0].subject(), one);
    EXPECT_EQ(identity.subjects[0].kind(), LINK_KIND_ASKED);
    EXPECT_EQ(identity.subjects[0].via(), "");
    EXPECT_THAT(CodesFor(identity, other),
                ::testing::ElementsAreArray(pair.reasons));
    if (pair.joined) {
      EXPECT_EQ(identity.subjects[1].subject(), other);
      EXPECT_EQ(identity.subjects[1].kind(), LINK_KIND_RULE);
      EXPECT_EQ(identity.subjects[1].event_id(), "");
      EXPECT_EQ(identity.subjects[1].via(), one);
    }
  }
}

constexpr char kTemporaryUpn[] = "J34100002600A";

INSTANTIATE_TEST_SUITE_P(
    Contract20, RuleTest,
    ::testing::Values(
        Pair{"NhsNumberAndBirthDate",
             {{kDate, {OwnNhs()}}},
             {{kDate, {OwnNhs()}}},
             true,
             {}},
        Pair{"UpnAndBirthDate",
             {{kDate, {OwnUpn()}}},
             {{kDate, {OwnUpn()}}},
             true,
             {}},
        Pair{"PiecesOfSeveralEvents",
             {{"", {OwnNhs()}}, {kDate, {}}, {"2021-03", {}}},
             {{"2021", {OwnNhs()}}, {kDate, {}}},
             true,
             {}},
        Pair{"SexNotStatedOnOneSide",
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE}},
             {{kDate, {OwnNhs()}, event::v1::SEX_NOT_KNOWN}},
             true,
             {}},
        Pair{"NotVerifiedOnOneSide",
             {{kDate, {OwnNhs()}}},
             {{kDate, {Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(1), ANSWER_NO)}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL",
              "IDENTIFIER_NOT_VERIFIED"}},
        Pair{"HolderNotStated",
             {{kDate, {OwnNhs()}}},
             {{kDate,
               {Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(1), ANSWER_YES,
                   IDENTIFIER_HOLDER_UNSPECIFIED)}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL",
              "IDENTIFIER_HOLDER_NOT_STATED"}},
        Pair{"NewbornsWithTheirMothersNumber",  // twins, too
             {{kDate,
               {Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(1), ANSWER_YES,
                   IDENTIFIER_HOLDER_MOTHER)}}},
             {{kDate,
               {Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(1), ANSWER_YES,
                   IDENTIFIER_HOLDER_MOTHER)}}},
             false,
             {"IDENTIFIER_OF_ANOTHER_PERSON", "BIRTH_DATE_EQUAL"}},
        Pair{"ANewbornAndItsMother",
             {{kDate,
               {Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(1), ANSWER_YES,
                   IDENTIFIER_HOLDER_MOTHER)}}},
             {{"1990-01-01", {OwnNhs()}}},
             false,
             {"IDENTIFIER_OF_ANOTHER_PERSON", "BIRTH_DATES_DIFFER"}},
        Pair{"TwinsWithoutNumbers",
             {{kDate, {}, event::v1::SEX_MALE, "Ada", "Quill"}},
             {{kDate, {}, event::v1::SEX_MALE, "Bea", "Quill"}},
             false,
             {}},
        Pair{"TwinsOneFileMixedUp",
             {{kDate, {OwnNhs(1), OwnUpn(1)}}},
             {{kDate, {OwnNhs(2), OwnUpn(1)}}},
             false,
             {"UPN_EQUAL", "BIRTH_DATE_EQUAL", "IDENTIFIERS_DIFFER"}},
        Pair{"NameAndBirthDateOnly",
             {{kDate, {}, event::v1::SEX_MALE, "Zoë Anne", "O'Quill"}},
             {{kDate, {}, event::v1::SEX_FEMALE, "Zoe", "OQUILL"}},
             false,
             {"NAME_PARTS_EQUAL", "BIRTH_DATE_EQUAL", "SEX_DIFFERS"}},
        Pair{"NameOnly",
             {{kDate, {}, event::v1::SEX_MALE, "Zoe", "Quill"}},
             {{"", {}, event::v1::SEX_MALE, "Zoe", "Quill"}},
             false,
             {}},
        Pair{"SexContradicts",
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE}},
             {{kDate, {OwnNhs()}, event::v1::SEX_MALE}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "SEX_DIFFERS"}},
        Pair{"BirthDatesDiffer",
             {{kDate, {OwnNhs()}}},
             {{kOtherDate, {OwnNhs()}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DIGIT_DIFFERS"}},
        Pair{"BirthMonthOnly",
             {{kDate, {OwnNhs()}}},
             {{"2021-03", {OwnNhs()}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_MONTH_EQUAL"}},
        Pair{"NoBirthDate",
             {{kDate, {OwnNhs()}}},
             {{"", {OwnNhs()}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_NOT_KNOWN"}},
        Pair{"ExpectedDateIsNoBirthDate",
             {{kDate, {OwnNhs()}}},
             {{"", {OwnNhs()}, event::v1::SEX_UNSPECIFIED, "", "", kDate}},
             false,
             {"NHS_NUMBER_EQUAL", "EXPECTED_DATE_EQUAL"}},
        Pair{"TwoBirthDatesInOne",
             {{kDate, {OwnNhs()}}, {kOtherDate, {}}},
             {{kDate, {OwnNhs()}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "BIRTH_DATES_DIFFER"}},
        Pair{"AYearThatContradictsTheDate",
             {{kDate, {OwnNhs()}}, {"2019", {}}},
             {{kDate, {OwnNhs()}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "BIRTH_DATES_DIFFER"}},
        Pair{"SupersededNumber",
             {{kDate, {OwnNhs(1)}}, {kDate, {OwnNhs(2)}}},
             {{kDate, {OwnNhs(2)}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "IDENTIFIERS_DIFFER"}},
        Pair{"AnotherNumberNotVerified",
             {{kDate,
               {OwnNhs(1), Id(IDENTIFIER_TYPE_NHS_NUMBER, Nhs(2), ANSWER_NO)}}},
             {{kDate, {OwnNhs(1)}}},
             false,
             {"NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "IDENTIFIERS_DIFFER"}},
        Pair{"TemporaryUpn",
             {{kDate, {Id(IDENTIFIER_TYPE_TEMPORARY_UPN, kTemporaryUpn)}}},
             {{kDate, {Id(IDENTIFIER_TYPE_TEMPORARY_UPN, kTemporaryUpn)}}},
             false,
             {"TEMPORARY_UPN_EQUAL", "BIRTH_DATE_EQUAL"}},
        Pair{"TemporaryUpnSaidToBePermanent",
             {{kDate, {Id(IDENTIFIER_TYPE_UPN, kTemporaryUpn)}}},
             {{kDate, {Id(IDENTIFIER_TYPE_UPN, kTemporaryUpn)}}},
             false,
             {"UPN_EQUAL", "BIRTH_DATE_EQUAL"}},
        Pair{"AnotherType",
             {{kDate, {Id(IDENTIFIER_TYPE_OTHER, "7")}}},
             {{kDate, {Id(IDENTIFIER_TYPE_OTHER, "7")}}},
             false,
             {"IDENTIFIER_EQUAL", "BIRTH_DATE_EQUAL"}},
        Pair{"TwinsWithEachOthersNumber",
             {{kDate, {OwnNhs()}, event::v1::SEX_MALE, "Ada", "Quill"}},
             {{kDate, {OwnNhs()}, event::v1::SEX_MALE, "Bea", "Quill"}},
             false,
             {"NHS_NUMBER_EQUAL", "NAME_PART_EQUAL", "BIRTH_DATE_EQUAL",
              "GIVEN_NAMES_DIFFER"}},
        Pair{"ANewbornsPlaceholder",
             {{kDate, {OwnNhs()}, event::v1::SEX_MALE, "Baby Boy", "Smith"}},
             {{kDate, {OwnNhs()}, event::v1::SEX_MALE, "Ada", "Quill"}},
             true,
             {}},
        Pair{"FormsOfOneName",
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "Kate", "Quill"}},
             {{kDate,
               {OwnNhs()},
               event::v1::SEX_FEMALE,
               "Katherine Anne",
               "Jones"}},
             true,
             {}},
        Pair{"OneOfTwoNamesThatSheIsKnownBy",
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "Ada", "Quill"},
              {kDate, {}, event::v1::SEX_FEMALE, "Bea", "Quill"}},
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "Bea", "Quill"}},
             true,
             {}},
        Pair{"NoGivenNameOnOneSide",
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "", "Quill"}},
             {{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "Bea", "Quill"}},
             true,
             {}},
        Pair{"Placeholder",
             {{kDate, {Id(IDENTIFIER_TYPE_NHS_NUMBER, "9999999999")}}},
             {{kDate, {Id(IDENTIFIER_TYPE_NHS_NUMBER, "9999999999")}}},
             false,
             {}},
        Pair{
            "PlaceholderBesideANumber",
            {{kDate, {OwnNhs(), Id(IDENTIFIER_TYPE_NHS_NUMBER, "0000000000")}}},
            {{kDate, {OwnNhs()}}},
            true,
            {}}),
    [](const auto& param) { return param.param.name; });

TEST(Identity, NobodyKnownIsAChildAlone) {
  const Identity identity = MustResolve(Facts(), "a");
  ASSERT_EQ(identity.subjects.size(), 1);
  EXPECT_EQ(identity.subjects[0].kind(), LINK_KIND_ASKED);
  EXPECT_THAT(identity.possible_matches, IsEmpty());
  EXPECT_FALSE(identity.too_many);
}

TEST(Identity, SaysWhatLinksEachAndThroughWhom) {
  Facts facts;
  facts.Say("a", Said{kDate, {OwnNhs()}}.Make())
      .Say("b", Said{kDate, {OwnNhs()}}.Make())
      .Add(Link{"e1", LINK_KIND_DECISION, {"b", "c"}})
      .Add(Link{"e2", LINK_KIND_RENAMED, {"c", "d"}});
  const Identity identity = MustResolve(facts, "a");
  ASSERT_EQ(identity.subjects.size(), 4);
  EXPECT_EQ(identity.subjects[1].subject(), "b");
  EXPECT_EQ(identity.subjects[1].kind(), LINK_KIND_RULE);
  EXPECT_EQ(identity.subjects[2].subject(), "c");
  EXPECT_EQ(identity.subjects[2].kind(), LINK_KIND_DECISION);
  EXPECT_EQ(identity.subjects[2].event_id(), "e1");
  EXPECT_EQ(identity.subjects[2].via(), "b");
  EXPECT_EQ(identity.subjects[3].subject(), "d");
  EXPECT_EQ(identity.subjects[3].kind(), LINK_KIND_RENAMED);
  EXPECT_EQ(identity.subjects[3].event_id(), "e2");
  EXPECT_EQ(identity.subjects[3].via(), "c");
}

TEST(Identity, TheVersionIsOfTheSetAndItsBases) {
  Facts facts;
  facts.Add(Link{"e1", LINK_KIND_DECISION, {"a", "b"}});
  const std::string version = MustResolve(facts, "a").version;
  EXPECT_EQ(MustResolve(facts, "b").version, version);
  EXPECT_NE(MustResolve(facts, "c").version, version);
  Facts more = facts;
  more.Add(Link{"e2", LINK_KIND_DECISION, {"a", "b"}});
  EXPECT_NE(MustResolve(more, "a").version, version);
  more.Revoke("e2");
  EXPECT_EQ(MustResolve(more, "a").version, version);
}

TEST(Identity, ARuleJoinsNoContradictionAroundACorner) {
  // b may be either: the sex of b is not known.
  Facts facts;
  facts.Say("a", Said{kDate, {OwnNhs()}, event::v1::SEX_FEMALE}.Make())
      .Say("a2", Said{kDate, {OwnNhs()}, event::v1::SEX_FEMALE}.Make())
      .Say("b", Said{kDate, {OwnNhs()}}.Make())
      .Say("c", Said{kDate, {OwnNhs()}, event::v1::SEX_MALE}.Make());
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "a2"));
  EXPECT_THAT(MembersOf(facts, "b"), ElementsAre("b"));
  EXPECT_THAT(MembersOf(facts, "c"), ElementsAre("c"));
  EXPECT_THAT(CodesFor(MustResolve(facts, "b"), "a"),
              ElementsAre("NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL",
                          "MATCHES_CONTRADICT"));
  // The same through another number.
  Facts mixed;
  mixed.Say("a", Said{kDate, {OwnNhs()}, event::v1::SEX_FEMALE}.Make())
      .Say("b", Said{kDate, {OwnNhs(), OwnUpn()}}.Make())
      .Say("c", Said{kDate, {OwnUpn()}, event::v1::SEX_MALE}.Make());
  EXPECT_THAT(MembersOf(mixed, "a"), ElementsAre("a"));
  EXPECT_THAT(MembersOf(mixed, "b"), ElementsAre("b"));
}

TEST(Identity, ASeparationCutsRulesAndDecisionsAndASecondDecision) {
  Facts facts;
  facts.Say("a", Said{kDate, {OwnNhs()}}.Make())
      .Say("b", Said{kDate, {OwnNhs()}}.Make())
      .Add(Link{"e1", LINK_KIND_DECISION, {"a", "b"}})
      .Add(Separation{"s1", {"a"}, {"b"}})
      .Add(Link{"e2", LINK_KIND_DECISION, {"b", "a"}});
  const Identity identity = MustResolve(facts, "a");
  EXPECT_EQ(identity.subjects.size(), 1);
  EXPECT_THAT(identity.possible_matches, IsEmpty());  // decided: it is not
  ASSERT_EQ(identity.cuts.size(), 3);
  for (const Cut& cut : identity.cuts) {
    EXPECT_EQ(cut.subject, "a");
    EXPECT_EQ(cut.other, "b");
    EXPECT_EQ(cut.separation_event_id, "s1");
    EXPECT_FALSE(cut.between);
  }
  EXPECT_EQ(identity.cuts[0].event_id, "e1");
  EXPECT_EQ(identity.cuts[1].event_id, "e2");
  EXPECT_EQ(identity.cuts[2].kind, LINK_KIND_RULE);
}

TEST(Identity, ASeparationCutsTheWayThroughAThirdAndShowsIt) {
  Facts facts;
  facts.Say("a", Said{kDate, {OwnNhs()}}.Make())
      .Say("b", Said{kDate, {OwnNhs()}}.Make())
      .Say("x", Said{kDate, {OwnNhs()}}.Make())
      .Add(Link{"e1", LINK_KIND_DECISION, {"a", "a2"}})
      .Add(Separation{"s1", {"a"}, {"b"}});
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "a2"));
  EXPECT_THAT(MembersOf(facts, "x"), ElementsAre("x"));
  const Identity identity = MustResolve(facts, "a");
  EXPECT_THAT(
      CodesFor(identity, "x"),
      ElementsAre("NHS_NUMBER_EQUAL", "BIRTH_DATE_EQUAL", "BETWEEN_SEPARATED"));
  EXPECT_THAT(CodesFor(MustResolve(facts, "x"), "b"),
              Contains("BETWEEN_SEPARATED"));
  // Settled by a separation that names the third.
  facts.Add(Separation{"s2", {"a", "x"}, {"b"}});
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "a2", "x"));
  EXPECT_THAT(MembersOf(facts, "b"), ElementsAre("b"));
  // And back.
  facts.Revoke("s2").Revoke("s1");
  EXPECT_THAT(MembersOf(facts, "b"), ElementsAre("a", "a2", "b", "x"));
}

TEST(Identity, RenamingKeepsSeparationsApart) {
  Facts facts;
  facts.Add(Link{"e1", LINK_KIND_DECISION, {"a", "b"}})
      .Add(Separation{"s1", {"a"}, {"b"}})
      .Add(Link{"r1", LINK_KIND_RENAMED, {"a", "a-new"}})
      .Add(Link{"r2", LINK_KIND_RENAMED, {"b", "b-new"}})
      .Add(Link{"e2", LINK_KIND_DECISION, {"a-new", "b-new"}});
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "a-new"));
  EXPECT_THAT(MembersOf(facts, "b-new"), ElementsAre("b", "b-new"));
  EXPECT_THAT(MustResolve(facts, "a-new").possible_matches, IsEmpty());
}

TEST(Identity, WhatIsKnownUnderOneReferenceIsKnownUnderTheOther) {
  Facts facts;
  facts.Say("old", Said{kDate, {}}.Make())
      .Say("new", Said{"", {OwnNhs()}}.Make())
      .Say("other", Said{kDate, {OwnNhs()}}.Make())
      .Add(Link{"r1", LINK_KIND_RENAMED, {"old", "new"}});
  EXPECT_THAT(MembersOf(facts, "other"), ElementsAre("new", "old", "other"));
}

TEST(Identity, AWrongRenamingCanBeSeparated) {
  Facts facts;
  facts.Add(Link{"r1", LINK_KIND_RENAMED, {"a", "b"}})
      .Add(Link{"r2", LINK_KIND_RENAMED, {"b", "c"}})
      .Add(Separation{"s1", {"a"}, {"b", "c"}});
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a"));
  EXPECT_THAT(MembersOf(facts, "b"), ElementsAre("b", "c"));
}

TEST(Identity, ARevocationCountsBeforeWhatItRevokes) {
  Facts facts;
  facts.Add(Revocation{"e1", "a", false})
      .Add(Link{"e1", LINK_KIND_DECISION, {"a", "b"}});
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a"));
}

TEST(Identity, ARevocationIsOfWhatItNames) {
  const std::vector<Link> links = {Link{"e1", LINK_KIND_DECISION, {"a", "b"}},
                                   Link{"e2", LINK_KIND_RENAMED, {"a", "b"}}};
  const std::vector<Separation> separations = {{"e3", {"a"}, {"b"}}};
  struct Row {
    Revocation revocation;
    size_t links;
    size_t separations;
  };
  const Row rows[] = {
      {{"e1", "b", false}, 1, 1}, {{"e1", "c", false}, 2, 1},
      {{"e1", "b", true}, 2, 1},  {{"e2", "a", false}, 2, 1},
      {{"e3", "b", true}, 2, 0},  {{"e3", "a", true}, 2, 0},
      {{"e3", "c", true}, 2, 1},  {{"e3", "a", false}, 2, 1},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Active(links, {row.revocation}).size(), row.links);
    EXPECT_EQ(Active(separations, {row.revocation}).size(), row.separations);
  }
}

TEST(Identity, DecisionsStandInTheClear) {
  event::v1::ClearPart clear;
  clear.mutable_decided()->add_one("a");
  EXPECT_FALSE(LinkOf("e", "vigil.event.v1.SubjectsLinked", clear));
  EXPECT_FALSE(SeparationOf("e", "vigil.event.v1.SubjectsSeparated", clear));
  clear.mutable_decided()->add_one("b");
  clear.mutable_decided()->add_other("c");
  const auto linked = LinkOf("e", "vigil.event.v1.SubjectsLinked", clear);
  ASSERT_TRUE(linked);
  EXPECT_EQ(linked->event_id, "e");
  EXPECT_EQ(linked->kind, LINK_KIND_DECISION);
  EXPECT_THAT(linked->subjects, ElementsAre("a", "b"));
  const auto renamed = LinkOf("e", "vigil.event.v1.SubjectRenamed", clear);
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->kind, LINK_KIND_RENAMED);
  EXPECT_THAT(renamed->subjects, ElementsAre("a", "b", "c"));
  const auto separated =
      SeparationOf("e", "vigil.event.v1.SubjectsSeparated", clear);
  ASSERT_TRUE(separated);
  EXPECT_THAT(separated->group_a, ElementsAre("a", "b"));
  EXPECT_THAT(separated->group_b, ElementsAre("c"));
  EXPECT_FALSE(LinkOf("e", "vigil.event.v1.SubjectsSeparated", clear));
  EXPECT_FALSE(LinkOf("e", "vigil.event.v1.EntryReassigned", clear));
  EXPECT_FALSE(RevocationOf("vigil.event.v1.LinkRevoked", clear));

  event::v1::Target& target = *clear.add_targets();
  target.set_event_id("e");
  target.set_subject("a");
  target.set_manner(event::v1::MANNER_REVOKES);
  const auto revoked = RevocationOf("vigil.event.v1.LinkRevoked", clear);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->event_id, "e");
  EXPECT_EQ(revoked->subject, "a");
  EXPECT_FALSE(revoked->of_separation);
  EXPECT_TRUE(
      RevocationOf("vigil.event.v1.SeparationRevoked", clear)->of_separation);
  EXPECT_FALSE(RevocationOf("vigil.event.v1.SubjectsLinked", clear));
  // A correction decides nothing.
  target.set_manner(event::v1::MANNER_CORRECTS);
  EXPECT_FALSE(LinkOf("e", "vigil.event.v1.SubjectsLinked", clear));
}

constexpr char kNumbered[] = "s1.n.00000000.a.a";

TEST(Identity, ANumberInOneRecordIsNobodysMatchUntilADecision) {
  const Demographics said =
      Said{kDate, {OwnNhs()}, event::v1::SEX_FEMALE, "Zoe", "Quill"}.Make();
  Facts facts;
  facts.Say(kNumbered, said).Say("a", said).Say("b", said);
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "b"));
  EXPECT_THAT(MustResolve(facts, "a").possible_matches, IsEmpty());
  // Whoever asks about them sees whom they may be.
  EXPECT_THAT(MembersOf(facts, kNumbered), ElementsAre(kNumbered));
  EXPECT_THAT(CodesFor(MustResolve(facts, kNumbered), "a"),
              Contains("NHS_NUMBER_EQUAL"));
  EXPECT_FALSE(MayBeFound(kNumbered, {}));
  EXPECT_TRUE(MayBeFound("a", {}));
  const Link renamed{"r", LINK_KIND_RENAMED, {kNumbered, "s1.n.1"}};
  EXPECT_FALSE(MayBeFound(kNumbered, {renamed}));

  const Link link{"e1", LINK_KIND_DECISION, {"c", kNumbered}};
  EXPECT_TRUE(MayBeFound(kNumbered, {link}));
  facts.Add(link);
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "b", "c", kNumbered));
  facts.Revoke("e1");
  EXPECT_THAT(MembersOf(facts, "a"), ElementsAre("a", "b"));
}

TEST(Identity, TooManyJoinNobodyAndSaySo) {
  Facts facts;
  for (size_t i = 0; i <= kMaxLinkedSubjects; ++i) {
    facts.Add(Link{absl::StrCat("e", i),
                   LINK_KIND_DECISION,
                   {absl::StrCat("s", i), absl::StrCat("s", i + 1)}});
  }
  for (const char* asked : {"s0", "s100", "s201"}) {
    const Identity identity = MustResolve(facts, asked);
    EXPECT_TRUE(identity.too_many);
    EXPECT_EQ(identity.subjects.size(), 1);
    EXPECT_FALSE(identity.possible_matches.empty());
  }
  EXPECT_THAT(CodesFor(MustResolve(facts, "s0"), "s1"),
              ElementsAre("TOO_MANY_LINKED"));
  // One more than may be, and as many as may be.
  facts.Revoke("e0");
  EXPECT_TRUE(MustResolve(facts, "s1").too_many);
  facts.Revoke("e200");
  EXPECT_EQ(MustResolve(facts, "s1").subjects.size(), kMaxLinkedSubjects);
}

TEST(Identity, ANumberThatTooManyCarryJoinsNobody) {
  Facts facts;
  for (size_t i = 0; i <= kMaxLinkedSubjects; ++i) {
    facts.Say(absl::StrCat("s", i), Said{kDate, {OwnNhs()}}.Make());
  }
  const Identity identity = MustResolve(facts, "s7");
  EXPECT_TRUE(identity.too_many);
  EXPECT_EQ(identity.subjects.size(), 1);
  EXPECT_EQ(identity.possible_matches.size(), kMaxPossibleMatches);
}

TEST(Identity, AnErrorOfTheFactsIsItsError) {
  Facts facts;
  facts.Say("a", Said{kDate, {OwnNhs()}, {}, "Zoe", "Quill"}.Make())
      .Say("b", Said{kDate, {OwnNhs()}, {}, "Zoe", "Quill"}.Make())
      .Add(Link{"e1", LINK_KIND_DECISION, {"a", "c"}});
  int calls = 0;
  for (;; ++calls) {
    facts.FailAfter(calls);
    const absl::StatusOr<Identity> identity = Resolve(facts, "a");
    if (identity.ok()) {
      break;
    }
    EXPECT_EQ(identity.status().code(), absl::StatusCode::kDataLoss);
    ASSERT_LT(calls, 1000);
  }
  EXPECT_GT(calls, 5);
}

// --- Properties, on small worlds where everything collides.

struct World {
  Facts facts;
  std::vector<std::string> subjects;
  std::vector<Separation> separations;
  std::vector<Link> links;
};

Demographics ArbitrarySaid() {
  Said said;
  said.born = *rc::gen::element<std::string>("", kDate, kDate, kDate,
                                             kOtherDate, "2021");
  said.sex =
      *rc::gen::element(event::v1::SEX_UNSPECIFIED, event::v1::SEX_UNSPECIFIED,
                        event::v1::SEX_FEMALE, event::v1::SEX_MALE);
  said.given = *rc::gen::element<std::string>("Zoe", "Ada", "");
  said.family = "Quill";
  const int count = *rc::gen::inRange(0, 3);
  for (int i = 0; i < count; ++i) {
    Identifier identifier =
        *rc::gen::element(OwnNhs(1), OwnNhs(2), OwnUpn(1), OwnUpn(2));
    if (*rc::gen::inRange(0, 6) == 0) {
      identifier.set_verified(ANSWER_NO);
    }
    if (*rc::gen::inRange(0, 6) == 0) {
      identifier.set_holder(IDENTIFIER_HOLDER_MOTHER);
    }
    said.identifiers.push_back(identifier);
  }
  return said.Make();
}

std::vector<std::string> SomeOf(const std::vector<std::string>& subjects,
                                size_t least, size_t most) {
  std::set<std::string> some;
  const size_t count = *rc::gen::inRange(least, most + 1);
  while (some.size() < count) {
    some.insert(*rc::gen::elementOf(subjects));
  }
  return {some.begin(), some.end()};
}

World ArbitraryWorld(int least_separations = 0) {
  World world;
  const int count = *rc::gen::inRange(3, 9);
  for (int i = 0; i < count; ++i) {
    world.subjects.push_back(absl::StrCat("s", i));
    const int events = *rc::gen::inRange(0, 3);
    for (int e = 0; e < events; ++e) {
      world.facts.Say(world.subjects.back(), ArbitrarySaid());
    }
  }
  const int links = *rc::gen::inRange(0, 6);
  for (int i = 0; i < links; ++i) {
    Link link{
        absl::StrCat("link", i),
        *rc::gen::inRange(0, 4) == 0 ? LINK_KIND_RENAMED : LINK_KIND_DECISION,
        SomeOf(world.subjects, 2, 2)};
    world.links.push_back(link);
    world.facts.Add(std::move(link));
  }
  const int separations = *rc::gen::inRange(least_separations, 4);
  for (int i = 0; i < separations; ++i) {
    const std::vector<std::string> named = SomeOf(world.subjects, 2, 3);
    Separation separation{absl::StrCat("separation", i),
                          {named[0]},
                          {named.begin() + 1, named.end()}};
    world.separations.push_back(separation);
    world.facts.Add(std::move(separation));
  }
  return world;
}

// All that an answer says, but for who was asked about.
std::string Described(const Identity& identity) {
  std::string text = identity.version;
  for (const auto& linked : identity.subjects) {
    absl::StrAppend(&text, "\n", linked.ShortDebugString());
  }
  for (const PossibleMatch& match : identity.possible_matches) {
    absl::StrAppend(&text, "\n", match.subject);
    for (const MatchReason& reason : match.reasons) {
      absl::StrAppend(&text, " ", reason.code);
    }
  }
  for (const Cut& cut : identity.cuts) {
    absl::StrAppend(&text, "\n", cut.subject, " ", cut.other, " ", cut.kind,
                    " ", cut.event_id, " ", cut.separation_event_id, " ",
                    cut.between);
  }
  return text;
}

std::string Everything(const World& world) {
  std::string text;
  for (const std::string& subject : world.subjects) {
    absl::StrAppend(&text, Described(MustResolve(world.facts, subject)),
                    "\n\n");
  }
  return text;
}

RC_GTEST_PROP(IdentityProperty, IsTheSameFromWhicheverMember, ()) {
  const World world = ArbitraryWorld();
  for (const std::string& subject : world.subjects) {
    const Identity identity = MustResolve(world.facts, subject);
    const std::set<std::string> members = MembersOf(world.facts, subject);
    RC_ASSERT(members.size() == identity.subjects.size());
    for (const std::string& member : members) {
      RC_ASSERT(MembersOf(world.facts, member) == members);
      RC_ASSERT(MustResolve(world.facts, member).version == identity.version);
    }
  }
}

RC_GTEST_PROP(IdentityProperty, IsTheSameInWhateverOrder, ()) {
  World world = ArbitraryWorld();
  const std::string before = Everything(world);
  world.facts.Reverse();
  RC_ASSERT(Everything(world) == before);
}

RC_GTEST_PROP(IdentityProperty, NeverJoinsWhatIsSeparated, ()) {
  const World world = ArbitraryWorld(/*least_separations=*/1);
  for (const Separation& separation : world.separations) {
    for (const std::string& a : separation.group_a) {
      const std::set<std::string> members = MembersOf(world.facts, a);
      for (const std::string& b : separation.group_b) {
        RC_ASSERT(!members.contains(b));
      }
    }
  }
}

RC_GTEST_PROP(IdentityProperty, ASeparationOnlyParts, ()) {
  World world = ArbitraryWorld(/*least_separations=*/1);
  // A separation may also undo a renaming, and with it what only both
  // references together contradict; that is another matter.
  for (const Link& link : world.links) {
    if (link.kind == LINK_KIND_RENAMED) {
      world.facts.Drop(link.event_id);
    }
  }
  std::map<std::string, std::set<std::string>> parted;
  for (const std::string& subject : world.subjects) {
    parted[subject] = MembersOf(world.facts, subject);
  }
  const std::string before = Everything(world);
  for (const Separation& separation : world.separations) {
    world.facts.Revoke(separation.event_id);
  }
  for (const std::string& subject : world.subjects) {
    const std::set<std::string> whole = MembersOf(world.facts, subject);
    RC_ASSERT(std::includes(whole.begin(), whole.end(), parted[subject].begin(),
                            parted[subject].end()));
  }
  for (const Separation& separation : world.separations) {
    world.facts.Restore(separation.event_id);
  }
  RC_ASSERT(Everything(world) == before);
}

RC_GTEST_PROP(IdentityProperty, RevokingRestoresExactly, ()) {
  World world = ArbitraryWorld();
  const std::string before = Everything(world);
  const std::vector<std::string> named = SomeOf(world.subjects, 2, 2);
  world.facts.Add(Separation{"new-separation", {named[0]}, {named[1]}})
      .Add(Link{"new-link", LINK_KIND_DECISION, SomeOf(world.subjects, 2, 3)})
      .Revoke("new-separation")
      .Revoke("new-link");
  RC_ASSERT(Everything(world) == before);
}

RC_GTEST_PROP(IdentityProperty, WhatIsUnrelatedChangesNothing, ()) {
  World world = ArbitraryWorld();
  const std::string before = Everything(world);
  world.facts
      .Say("t1", Said{"2020-01-01", {OwnNhs(7)}, {}, "Other", "Person"}.Make())
      .Say("t2", Said{"2020-01-01", {OwnNhs(7)}, {}, "Other", "Person"}.Make())
      .Add(Link{"t-link", LINK_KIND_DECISION, {"t1", "t3"}})
      .Add(Separation{"t-separation", {"t2"}, {"t3"}});
  RC_ASSERT(Everything(world) == before);
}

// What the rule joins, without decisions, never contradicts itself.
RC_GTEST_PROP(IdentityProperty, NoRuleJoinsWhatContradicts, ()) {
  World world = ArbitraryWorld();
  for (const Link& link : world.links) {
    world.facts.Drop(link.event_id);
  }
  for (const std::string& subject : world.subjects) {
    const std::set<std::string> members = MembersOf(world.facts, subject);
    if (members.size() < 2) {
      continue;
    }
    std::set<std::string> numbers;
    std::set<std::string> dates;
    std::set<int> sexes;
    std::vector<GivenNames> names;
    for (const std::string& member : members) {
      const std::vector<Demographics> all = *world.facts.Person(member);
      GivenNames& given = names.emplace_back();
      for (const Demographics& said : all) {
        for (const event::v1::PersonName& name : said.names()) given.Add(name);
        if (said.birth().date() == kDate || said.birth().date() == kOtherDate) {
          dates.insert(said.birth().date());
        }
        if (said.sex() != event::v1::SEX_UNSPECIFIED) {
          sexes.insert(said.sex());
        }
        for (const Identifier& identifier : said.identifiers()) {
          if (identifier.type() == IDENTIFIER_TYPE_NHS_NUMBER &&
              identifier.holder() == IDENTIFIER_HOLDER_SELF) {
            numbers.insert(identifier.value());
          }
        }
      }
    }
    RC_ASSERT(dates.size() == 1);
    RC_ASSERT(sexes.size() <= 1);
    RC_ASSERT(numbers.size() <= 1);
    for (const GivenNames& one : names) {
      for (const GivenNames& other : names) RC_ASSERT(!one.Contradict(other));
    }
  }
}

}  // namespace
}  // namespace vigil::safeguarding
