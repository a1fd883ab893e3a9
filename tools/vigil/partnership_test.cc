#include "tools/vigil/partnership.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/temporary_folder.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr char kNorthshire[] = R"(
  hub { scheme: "local" code: "NORTHSHIRE-HUB" }
  author { role: "hub coordinator" person_id: "hub-3" }
  settled { date: "2026-01-05" }
  terms_mapped {
    mappings { system: "case" code: "STRAT" table: "meeting"
               meaning: "strategy_discussion" }
    mappings { system: "case" code: "TEAMTEA" table: "meeting" }
  }
  settings_stated { settings { name: "priority.amber.hours" value: "24" } }
)";

class PartnershipTest : public testing::Test {
 protected:
  absl::StatusOr<config::v1::Partnership> Read(const std::string& text) {
    std::ofstream(File()) << text;
    return ReadPartnership(File());
  }

  std::string File() const { return folder_.path() + "/northshire"; }

  TemporaryFolder folder_;
};

TEST_F(PartnershipTest, BecomesStatementsOfTheHub) {
  const auto partnership = Read(kNorthshire);
  ASSERT_TRUE(partnership.ok()) << partnership.status();
  const std::vector<Settled> all = StatementsOf(*partnership);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].field, "terms_mapped[0]");
  EXPECT_THAT(all[0].words, HasSubstr(": 2"));
  const common::v1::Statement& statement = all[0].statement;
  EXPECT_EQ(statement.terms_mapped().mappings_size(), 2);
  EXPECT_EQ(statement.about(0).organisation().code(), "NORTHSHIRE-HUB");
  EXPECT_EQ(statement.submission().organisation().code(), "NORTHSHIRE-HUB");
  EXPECT_EQ(statement.submission().author().person_id(), "hub-3");
  EXPECT_EQ(statement.account().occurred().date(), "2026-01-05");
  EXPECT_TRUE(all[1].statement.has_settings_stated());
}

TEST_F(PartnershipTest, TheSameContentIsTheSameRequest) {
  const auto ids = [this](std::string text) {
    std::vector<std::string> found;
    for (const Settled& settled : StatementsOf(*Read(text))) {
      found.push_back(settled.statement.submission().request_id());
      EXPECT_THAT(found.back(), SizeIs(64));
    }
    return found;
  };
  const std::vector<std::string> once = ids(kNorthshire);
  EXPECT_EQ(ids(kNorthshire), once);
  EXPECT_NE(once[0], once[1]);

  std::string changed = kNorthshire;
  changed.replace(changed.find("\"24\""), 4, "\"12\"");
  EXPECT_EQ(ids(changed)[0], once[0]);
  EXPECT_NE(ids(changed)[1], once[1]);

  // Back to what held before is another fact.
  std::string later = kNorthshire;
  later.replace(later.find("2026-01-05"), 10, "2026-02-05");
  EXPECT_NE(ids(later)[1], once[1]);
}

TEST_F(PartnershipTest, TellsWhatIsWrongByLine) {
  const auto misspelt = Read("hub { scheme: \"la\" }\nautor {}\n");
  EXPECT_TRUE(absl::IsInvalidArgument(misspelt.status()));
  EXPECT_THAT(misspelt.status().message(), HasSubstr(File() + ":2: "));
  const auto missing = Read("");
  for (const char* field : {"hub", "author", "settled"}) {
    EXPECT_THAT(missing.status().message(),
                HasSubstr(std::string(": ") + field + ": is required"));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReadPartnership(folder_.path() + "/none").status()));
}

}  // namespace
}  // namespace vigil::cli
