#include "libs/safeguarding/terms.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/digest.h"

namespace vigil::safeguarding {
namespace {

struct Said {
  std::string code;     // of system "s"
  std::string meaning;  // of table "meeting"
  std::string organisation = "";
  std::string since = "";
  std::string until = "";
};

TermsFact Fact(const Said& said, int second) {
  TermsFact fact{.event_id = "e" + std::to_string(second),
                 .mapped = {},
                 .logged = absl::FromUnixSeconds(second),
                 .topic = "vigil.mash",
                 .partition = 3,
                 .offset = second};
  event::v1::Mapping& mapping = *fact.mapped.add_mappings();
  mapping.set_system("s");
  mapping.set_code(said.code);
  mapping.set_table("meeting");
  mapping.set_meaning(said.meaning);
  if (!said.organisation.empty()) {
    mapping.mutable_organisation()->set_scheme("la");
    mapping.mutable_organisation()->set_code(said.organisation);
  }
  if (!said.since.empty()) {
    fact.mapped.mutable_valid()->mutable_since()->set_date(said.since);
  }
  if (!said.until.empty()) {
    fact.mapped.mutable_valid()->mutable_until()->set_date(said.until);
  }
  return fact;
}

absl::Time Noon(const std::string& date) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(
      absl::ParseTime("%Y-%m-%dT%H:%M:%SZ", date + "T12:00:00Z", &time, &error))
      << error;
  return time;
}

struct Row {
  std::string name;
  std::vector<Said> facts;  // in the order in which they were logged
  std::string published;    // the Concept's own code
  std::string code;         // of the term
  std::string at;
  std::string expected;
  bool mapped = true;
};

TEST(Terms, MeanWhatTheHubSays) {
  const Row rows[] = {
      {"NoMapping", {}, "", "CP1", "2026-05-01", "", false},
      {"Mapped",
       {{"CP1", "core_group"}},
       "",
       "CP1",
       "2026-05-01",
       "core_group"},
      {"AnotherTerm",
       {{"CP1", "core_group"}},
       "",
       "CP2",
       "2026-05-01",
       "",
       false},
      {"TheOwnCodeWins",
       {{"CP1", "core_group"}},
       "strategy_discussion",
       "CP1",
       "2026-05-01",
       "strategy_discussion"},
      {"TheLatestWins",
       {{"CP1", "core_group"}, {"CP1", "strategy_discussion"}},
       "",
       "CP1",
       "2026-05-01",
       "strategy_discussion"},
      {"MappedToNothing",
       {{"CP1", "core_group"}, {"CP1", ""}},
       "",
       "CP1",
       "2026-05-01",
       ""},
      {"ItsOrganisationsWins",
       {{"CP1", "core_group", "E1"}, {"CP1", "strategy_discussion"}},
       "",
       "CP1",
       "2026-05-01",
       "core_group"},
      {"AnotherOrganisations",
       {{"CP1", "core_group", "E2"}},
       "",
       "CP1",
       "2026-05-01",
       "",
       false},
      {"BeforeItIsValid",
       {{"CP1", "core_group", "", "2026-05-02"}},
       "",
       "CP1",
       "2026-05-01",
       "",
       false},
      {"OnItsLastDay",
       {{"CP1", "core_group", "", "", "2026-05-01"}},
       "",
       "CP1",
       "2026-05-01",
       "core_group"},
      {"AfterItWasValid",
       {{"CP1", "core_group", "", "", "2026-04-30"}},
       "",
       "CP1",
       "2026-05-01",
       "",
       false},
      {"TheLatestThatIsValidThen",
       {{"CP1", "core_group"},
        {"CP1", "strategy_discussion", "", "2026-06-01"}},
       "",
       "CP1",
       "2026-05-01",
       "core_group"},
      {"ItsOrganisationsIsNotValidThen",
       {{"CP1", "core_group", "E1", "2026-06-01"},
        {"CP1", "strategy_discussion"}},
       "",
       "CP1",
       "2026-05-01",
       "strategy_discussion"},
      {"WordsAlone", {{"CP1", "core_group"}}, "", "", "2026-05-01", "", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::vector<TermsFact> facts;
    for (const Said& said : row.facts) {  // the last first: order is by logged
      facts.insert(facts.begin(), Fact(said, static_cast<int>(facts.size())));
    }
    const Terms terms(facts);
    event::v1::Concept said;
    said.set_code(row.published);
    said.mutable_own()->set_system("s");
    said.mutable_own()->set_code(row.code);
    said.mutable_own()->set_display("core group");
    EXPECT_EQ(terms.CodeOf(said, "meeting", "la:E1", Noon(row.at)),
              row.expected);
    EXPECT_EQ(terms.MeaningOf(said.own(), "meeting", "la:E1", Noon(row.at))
                  .has_value(),
              row.mapped);
    EXPECT_EQ(terms.MeaningOf(said.own(), "plan", "la:E1", Noon(row.at)),
              std::nullopt);
    said.mutable_own()->set_system("t");
    EXPECT_EQ(terms.MeaningOf(said.own(), "meeting", "la:E1", Noon(row.at)),
              std::nullopt);
  }
}

TEST(Terms, WithoutACodeMeanWhatIsMappedToTheirWords) {
  TermsFact fact = Fact({"CP1", "core_group"}, 0);
  const auto map = [&](const std::string& display, const std::string& meaning,
                       const std::string& organisation = "") {
    event::v1::Mapping& mapping = *fact.mapped.add_mappings();
    mapping.set_table("meeting");
    mapping.set_display(display);
    mapping.set_meaning(meaning);
    if (!organisation.empty()) {
      mapping.mutable_organisation()->set_scheme("la");
      mapping.mutable_organisation()->set_code(organisation);
    }
  };
  map("Core group", "strategy_discussion");
  map("", "core_group");  // of no term
  map("Strategy", "strategy_discussion");
  map("Strategy", "core_group", "E1");
  // With a code the words say nothing.
  fact.mapped.mutable_mappings(0)->set_display("Review");
  const Terms terms({fact});
  const auto meaning = [&](const std::string& system, const std::string& code,
                           const std::string& display) {
    event::v1::CodedTerm term;
    term.set_system(system);
    term.set_code(code);
    term.set_display(display);
    return terms.MeaningOf(term, "meeting", "la:E1", Noon("2026-05-01"));
  };
  EXPECT_EQ(meaning("", "", "Core group"), "strategy_discussion");
  EXPECT_EQ(meaning("s", "", "Core group"), "strategy_discussion");
  EXPECT_EQ(meaning("", "", "Strategy"), "core_group");
  EXPECT_EQ(meaning("", "", "core group"), std::nullopt);
  EXPECT_EQ(meaning("", "", "Core group "), std::nullopt);
  EXPECT_EQ(meaning("s", "CP2", "Core group"), std::nullopt);
  EXPECT_EQ(meaning("s", "CP1", "Core group"), "core_group");
  EXPECT_EQ(meaning("", "", "Review"), std::nullopt);
  EXPECT_EQ(meaning("", "", ""), std::nullopt);
}

TEST(Terms, SayWhatTheyRestOn) {
  const Terms none;
  EXPECT_EQ(none.basis().name(), "mapping");
  EXPECT_EQ(none.basis().version(), "none");
  EXPECT_EQ(none.basis().sha256(), AsBytes(Sha256("")));

  const TermsFact a = Fact({"CP1", "core_group"}, 1);
  const TermsFact b = Fact({"CP1", ""}, 2);
  const Terms terms({b, a});
  EXPECT_EQ(terms.basis().version(), "vigil.mash/3/2");
  EXPECT_EQ(
      terms.basis().sha256(),
      AsBytes(Sha256(EncodeParts({"e1", event::CanonicalBytes(a.mapped)}) +
                     EncodeParts({"e2", event::CanonicalBytes(b.mapped)}))));
  EXPECT_NE(terms.basis().sha256(), Terms({a}).basis().sha256());
}

TEST(Terms, CountWhenWhatUsesThemHappened) {
  const absl::Time as_of = Noon("2026-11-01");
  event::v1::When when;
  EXPECT_EQ(MomentOf(when, as_of), as_of);
  when.mutable_not_known();
  EXPECT_EQ(MomentOf(when, as_of), as_of);
  when.set_instant("2026-05-01T12:00:00Z");
  EXPECT_EQ(MomentOf(when, as_of), Noon("2026-05-01"));
  when.mutable_interval()->mutable_until()->set_instant("2026-05-01T12:00:00Z");
  EXPECT_EQ(MomentOf(when, as_of), Noon("2026-05-01"));
  when.mutable_interval()->mutable_since()->set_instant("2026-04-01T12:00:00Z");
  EXPECT_EQ(MomentOf(when, as_of), Noon("2026-04-01"));
}

}  // namespace
}  // namespace vigil::safeguarding
