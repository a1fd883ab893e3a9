// The timeline and the page against the texts in testdata/. After a wanted
// change: UPDATE_GOLDEN=1 <this test>, and look at the difference.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "tools/vigil/opened_event.h"
#include "tools/vigil/page.h"
#include "tools/vigil/timeline.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

using chronology::v1::GetChronologyResponse;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

std::string TestData(absl::string_view name) {
  std::ifstream file(absl::StrCat(VIGIL_TESTDATA, "/", name));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectGolden(absl::string_view name, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(absl::StrCat(VIGIL_TESTDATA, "/", name)) << text;
  }
  EXPECT_EQ(text, TestData(name)) << name;
}

GetChronologyResponse Answer() {
  GetChronologyResponse answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      TestData("chronology.textproto"), &answer));
  return answer;
}

Asked AskedOf() {
  return {.purpose = "safeguarding enquiry",
          .by = "A. Coordinator, hub coordinator",
          .serves = "northshire-1-0000001",
          .filters = "logged by 2026-04-01",
          .order = "newest first",
          .further_view_ids = {"5b8c0d4e-0000-4000-8000-000000000002"}};
}

TEST(TimelineTest, IsTheGoldenText) {
  ExpectGolden("timeline.txt", Timeline(Answer(), AskedOf(), {.width = 80}));
}

TEST(TimelineTest, KeepsToTheWidth) {
  for (const size_t width : {size_t{40}, size_t{60}, size_t{100}}) {
    std::istringstream lines(Timeline(Answer(), AskedOf(), {.width = width}));
    std::string line;
    while (std::getline(lines, line)) EXPECT_LE(Columns(line), width) << line;
  }
}

TEST(TimelineTest, ColourChangesNoWord) {
  std::string coloured =
      Timeline(Answer(), AskedOf(), {.width = 80, .colour = true});
  EXPECT_THAT(coloured, HasSubstr("\x1b[1m"));
  for (size_t at; (at = coloured.find("\x1b[")) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, Timeline(Answer(), AskedOf(), {.width = 80}));
}

TEST(TimelineTest, NoSenderMovesTheCursor) {
  const std::string text = Timeline(Answer(), AskedOf(), {.width = 80});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
}

TEST(TimelineTest, SaysThatThereIsNothingAndThatThereIsMore) {
  GetChronologyResponse answer;
  answer.set_next_page_token("t");
  const std::string text = Timeline(answer, {}, {.width = 80});
  EXPECT_THAT(text, HasSubstr("No entries."));
  EXPECT_THAT(text, HasSubstr("There are more entries"));
}

TEST(PageTest, IsTheGoldenText) {
  ExpectGolden("page.html", Page(Answer(), AskedOf()));
}

TEST(PageTest, EscapesEverything) {
  const std::string page = Page(Answer(), AskedOf());
  EXPECT_THAT(page, Not(HasSubstr("<and>")));
  EXPECT_THAT(page, HasSubstr("hungry &lt;and&gt; without a &quot;coat&quot;"));
  EXPECT_EQ(HtmlEscaped("<a href='x'>&\n\x1b"),
            "&lt;a href=&#39;x&#39;&gt;&amp;<br>\ufffd");
}

TEST(PageTest, SaysEachFactOfTheTimeline) {
  const GetChronologyResponse answer = Answer();
  const std::string page = Page(answer, AskedOf());
  size_t facts = 0;
  for (const auto& row : answer.rows()) {
    for (const Fact& fact : RowTextOf(row).facts) {
      ++facts;
      if (fact.name == "Same incident") continue;  // how many, not which
      EXPECT_THAT(page,
                  HasSubstr(absl::StrCat("<dt>", fact.name, "</dt><dd>",
                                         HtmlEscaped(fact.value), "</dd>")));
    }
  }
  EXPECT_GT(facts, 40u);
}

TEST(PageTest, CountsTheEntriesOfTheSameIncident) {
  GetChronologyResponse answer;
  chronology::v1::Row* row = answer.add_rows();
  row->add_incident_group("0b8e4c1e-0000-5000-8000-000000000003");
  row->add_incident_group("0b8e4c1e-0000-5000-8000-000000000004");
  row->add_also_reported_by("police:99");
  const std::string page = Page(answer, AskedOf());
  EXPECT_THAT(page, HasSubstr("<dt>Same incident</dt><dd>2 other entries</dd>"
                              "<dt>Also reported by</dt><dd>police:99</dd>"));
  EXPECT_THAT(page, Not(HasSubstr("0b8e4c1e")));
}

TEST(PageTest, TellsNoNameInTheTitle) {
  const std::string page = Page(Answer(), AskedOf());
  const std::string head = page.substr(0, page.find("</title>"));
  EXPECT_THAT(head, Not(HasSubstr("Quillmere")));
}

// What is not stated is never "no".
TEST(RowTextTest, SaysThatNobodyStatedWhetherTheChildWasSeen) {
  const RowText text = RowTextOf(chronology::v1::Row());
  bool said = false;
  for (const Fact& fact : text.facts) {
    if (fact.name == "Child seen") {
      said = true;
      EXPECT_EQ(fact.value, "not stated");
    }
    if (fact.name == "Significance") {
      EXPECT_EQ(fact.value, "not yet judged");
    }
  }
  EXPECT_TRUE(said);
  EXPECT_EQ(text.when, "not stated");
}

TEST(RowTextTest, SaysNothingOfTheChildWhereTheEntryIsHeldBack) {
  chronology::v1::Row row;
  row.set_visibility(event::v1::VISIBILITY_NOTICE);
  for (const Fact& fact : RowTextOf(row).facts) {
    EXPECT_NE(fact.column, Column::kChild) << fact.name;
    EXPECT_NE(fact.name, "Significance");
  }
}

// Who looked at what, without --json.
TEST(OpenedEventTest, SaysOfAReadWhoAskedAndWhatWasShown) {
  event::Draft draft;
  draft.key = "la:E99000001";
  draft.header.set_headline("An answer was given");
  event::v1::RecordViewed& viewed = *draft.kind.mutable_record_viewed();
  viewed.set_system("hub-desk");
  viewed.mutable_organisation()->set_scheme("la");
  viewed.mutable_organisation()->set_code("E99000001");
  viewed.mutable_asker()->set_person_id("C-7");
  viewed.mutable_asker()->set_name("A. Coordinator");
  viewed.mutable_asker()->set_function("hub coordinator");
  viewed.set_purpose(event::v1::PURPOSE_SAFEGUARDING_ENQUIRY);
  viewed.set_rpc("vigil.chronology.v1.ChronologyService/GetChronology");
  viewed.add_roles("coordinator");
  viewed.add_subjects()->set_subject("s1.p.one");
  viewed.add_subjects()->set_subject("s1.h.two");
  for (int i = 0; i < 3; ++i) viewed.add_entries()->set_event_id("e");
  event::Request request;
  request.source = event::Source("chronology", "la:E99000001");
  const std::string view = "5b8c0d4e-0000-4000-8000-000000000002";
  chronology::v1::LoggedEvent logged;
  logged.set_value(event::SealWithId(std::move(draft), request, view).value);

  std::vector<std::string> lines;
  for (const auto& [name, value] : OpenEvent(logged).lines) {
    lines.push_back(absl::StrCat(name, ": ", value));
  }
  EXPECT_THAT(
      lines,
      IsSupersetOf({"Asked by: A. Coordinator (C-7), hub coordinator",
                    "For: la:E99000001", "With system: hub-desk (coordinator)",
                    "Purpose: safeguarding enquiry", "Question: GetChronology",
                    "Subject: s1.p.one", "Subject: s1.h.two",
                    "Entries shown: 3"}));
  EXPECT_THAT(lines, Contains(absl::StrCat("View: ", view)));
  EXPECT_THAT(lines, Not(Contains("Subject: ")));
}

TEST(WordsTest, Enums) {
  EXPECT_EQ(EnumText(event::v1::SIGNIFICANCE_NOT_YET_JUDGED), "not yet judged");
  EXPECT_EQ(EnumText(event::v1::ANSWER_UNSPECIFIED), "not stated");
  EXPECT_EQ(EnumText(event::v1::IDENTIFIER_TYPE_NHS_NUMBER), "nhs number");
  EXPECT_EQ(EnumText(*event::v1::Answer_descriptor(), 77),
            "not known here (77)");
  const auto& purposes = *event::v1::Purpose_descriptor();
  EXPECT_EQ(EnumFromText(purposes, "safeguarding-enquiry"),
            event::v1::PURPOSE_SAFEGUARDING_ENQUIRY);
  EXPECT_EQ(EnumFromText(purposes, "Subject_Access"),
            event::v1::PURPOSE_SUBJECT_ACCESS);
  EXPECT_EQ(EnumFromText(purposes, "not-stated"), -1);
  EXPECT_EQ(EnumFromText(purposes, "unspecified"), -1);
  EXPECT_THAT(EnumChoices(purposes), HasSubstr("referral-decision, strategy-"));
}

TEST(WordsTest, Wraps) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("incomprehensible", 6),
              ElementsAre("incomp", "rehens", "ible"));
  EXPECT_THAT(Wrap("a\n\nb", 10), ElementsAre("a", "", "b"));
  EXPECT_THAT(Wrap("", 10), ElementsAre(""));
  EXPECT_EQ(Columns("e\u0301"), 1u);  // combining
  EXPECT_EQ(Columns("\u6f22"), 2u);   // wide
  EXPECT_EQ(Shown("a\tb\r\n\x7f\xff"), "a b\n\ufffd\ufffd");
}

}  // namespace
}  // namespace vigil::cli
