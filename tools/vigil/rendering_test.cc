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
  EXPECT_GT(facts, 55u);
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

TEST(RowTextTest, SaysNothingOfTheChildWhereItWasDestroyed) {
  chronology::v1::Row row;
  row.set_destroyed(event::v1::ANSWER_YES);
  const RowText text = RowTextOf(row);
  EXPECT_THAT(text.marks, Contains("content destroyed"));
  for (const Fact& fact : text.facts) {
    EXPECT_NE(fact.column, Column::kChild) << fact.name;
  }
}

// A corrected decision says what it is now, and what was emptied.
TEST(RowTextTest, SaysWhatACorrectionSays) {
  chronology::v1::Row row;
  chronology::v1::Amendment& amendment = *row.add_amendments();
  amendment.set_type("vigil.event.v1.ReferralDecided");
  amendment.set_manner(event::v1::MANNER_CORRECTS);
  for (const char* path :
       {"referral_decided.outcome", "referral_decided.feedback",
        "about.seen.own_words", "involved.role", "place"}) {
    amendment.add_fields(path);
  }
  amendment.mutable_kind()
      ->mutable_referral_decided()
      ->mutable_outcome()
      ->set_code("no_further_action");
  amendment.add_persons()->mutable_about()->mutable_seen()->set_own_words(
      "Stop.");
  std::string later;
  for (const Fact& fact : RowTextOf(row).facts) {
    if (fact.name == "Later") later = fact.value;
  }
  EXPECT_THAT(later, testing::StartsWith("Corrected (referral_decided."));
  EXPECT_THAT(later, HasSubstr("; referral_decided.outcome: no further action; "
                               "referral_decided.feedback: emptied; "
                               "about.seen.own_words: Stop.; "));
  // Not sent along to this asker, or gone: nobody can tell.
  EXPECT_THAT(later, Not(HasSubstr("involved.role:")));
  EXPECT_THAT(later, Not(HasSubstr("place:")));
}

// Who looked at what, without --json.
class OpenedViewTest : public testing::Test {
 protected:
  OpenedViewTest() {
    event::v1::RecordViewed& viewed = *kind_.mutable_record_viewed();
    viewed.set_system("hub-desk");
    viewed.mutable_organisation()->set_scheme("la");
    viewed.mutable_organisation()->set_code("E99000001");
    viewed.mutable_asker()->set_person_id("C-7");
    viewed.mutable_asker()->set_name("A. Coordinator");
    viewed.mutable_asker()->set_function("hub coordinator");
    viewed.set_purpose(event::v1::PURPOSE_SAFEGUARDING_ENQUIRY);
    viewed.set_rpc("vigil.chronology.v1.ChronologyService.Find");
    viewed.add_roles("coordinator");
    viewed.add_subjects()->set_subject("s1.p.one");
    viewed.add_subjects()->set_subject("s1.h.two");
    for (const absl::string_view id :
         {"0b8e4c1e00005000", "0b8e4c1e00005001", "0b8e4c1e00005002"}) {
      viewed.add_entries()->set_event_id(std::string(id));  // 16 bytes
    }
    viewed.add_basis()->set_name("policy");
    viewed.mutable_basis(0)->set_version("3");
  }

  OpenedEvent Opened() const {
    event::Draft draft = event::OwnDraft(kind_);
    draft.key = "la:E99000001";
    chronology::v1::FindRequest find;
    find.mutable_asking()->mutable_on_behalf_of()->set_name("A. Coordinator");
    find.set_name("rowan quillmere");
    find.set_birth_date("2021-01-19");
    event::v1::Question question;
    question.set_query(find.SerializeAsString());
    draft.sections.push_back(
        event::SectionOf(event::v1::PART_QUESTION, question));
    event::Request request;
    request.source = event::Source("chronology", "la:E99000001");
    chronology::v1::LoggedEvent logged;
    logged.set_value(event::SealWithId(std::move(draft), request, kView).value);
    return OpenEvent(logged);
  }

  static constexpr char kView[] = "5b8c0d4e-0000-4000-8000-000000000002";
  event::v1::Kind kind_;
};

TEST_F(OpenedViewTest, SaysOfAReadWhoAskedWhatAndWhatWasShown) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : Opened().lines) {
    lines.push_back(absl::StrCat(name, ": ", value));
  }
  EXPECT_THAT(
      lines,
      IsSupersetOf({"Asked by: A. Coordinator (C-7), hub coordinator",
                    "For: la:E99000001", "With system: hub-desk (coordinator)",
                    "Purpose: safeguarding enquiry",
                    "Question: Find, name: rowan quillmere; "
                    "birth date: 2021-01-19",
                    "Subject: s1.p.one", "Subject: s1.h.two",
                    "Entries shown: 3", "Rested on: policy 3"}));
  EXPECT_THAT(lines, Contains(absl::StrCat("View: ", kView)));
  EXPECT_THAT(lines, Not(Contains("Subject: ")));
}

TEST_F(OpenedViewTest, SpellsIdsInJsonAsEverywhere) {
  const std::string json = Opened().json;
  EXPECT_THAT(json, HasSubstr("\"30623865-3463-3165-3030-303035303030\""));
  EXPECT_THAT(json, HasSubstr(R"("question":{"name":"rowan quillmere",)"
                              R"("birthDate":"2021-01-19"})"));
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

TEST(WordsTest, Concepts) {
  event::v1::Concept said;
  EXPECT_EQ(ConceptText(said), "");
  said.set_code("victim_in_own_right");
  EXPECT_EQ(ConceptText(said), "victim in own right");
  said.mutable_own()->set_system("dash");
  said.mutable_own()->set_code("M");
  said.mutable_own()->set_display("Medium");
  EXPECT_EQ(ConceptText(said), "victim in own right; Medium (dash M)");
}

TEST(WordsTest, Messages) {
  chronology::v1::GetChronologyRequest request;
  request.mutable_identifier()->set_type(event::v1::IDENTIFIER_TYPE_NHS_NUMBER);
  request.mutable_identifier()->set_value("9990000018");
  request.add_writers("police");
  request.add_writers("health");
  request.mutable_occurred()->mutable_since()->set_date("2026-03-01");
  EXPECT_EQ(MessageText(request),
            "identifier: (type: nhs number; value: 9990000018); "
            "occurred: (since: (date: 2026-03-01)); writers: police, health");
  EXPECT_EQ(FieldText(request, "identifier.value"), "9990000018");
  EXPECT_EQ(FieldText(request, "page_token"), "");
  EXPECT_EQ(FieldText(request, "identifier.colour"), std::nullopt);
  EXPECT_EQ(FieldText(request, "page_token.colour"), std::nullopt);
}

TEST(WordsTest, Wraps) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("incomprehensible", 6),
              ElementsAre("incomp", "rehens", "ible"));
  // What is copied is never broken: the line is longer then.
  const std::string subject =
      event::NamingKey("00c0ffee", std::string(32, 'k'))
          .Subject(event::SubjectKind::kPerson, "police:99", "s", "1");
  EXPECT_THAT(Wrap("is " + subject + ": asked for", 20),
              ElementsAre("is", subject + ":", "asked for"));
  EXPECT_THAT(Wrap("a\n\nb", 10), ElementsAre("a", "", "b"));
  EXPECT_THAT(Wrap("", 10), ElementsAre(""));
  EXPECT_EQ(Columns("e\u0301"), 1u);  // combining
  EXPECT_EQ(Columns("\u6f22"), 2u);   // wide
  EXPECT_EQ(Shown("a\tb\r\n\x7f\xff"), "a b\n\ufffd\ufffd");
}

}  // namespace
}  // namespace vigil::cli
