#include "libs/event/check.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "libs/event/codes.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/event/schema_test.pb.h"
#include "libs/event/time_text.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using common::v1::Statement;

constexpr char kLeast[] = R"pb(
  submission {
    request_id: "2026-03-28/17"
    organisation { scheme: "police" code: "43" }
    author { role: "duty sergeant" }
    record_ref { system: "records" id: "0017" }
  }
  account {
    occurred { date: "2026-03-27" }
    headline: "Called to the address"
  }
)pb";

constexpr char kChild[] = R"pb(
  about { person { ref { local_id { system: "records" id: "P1" } } } }
)pb";

constexpr char kEventId[] = "2ed6657d-e927-568b-95e1-2665a8aea6a2";

std::string Subject(const std::string& id,
                    SubjectKind kind = SubjectKind::kPerson) {
  return NamingKey("0123abcd", std::string(32, 'k'))
      .Subject(kind, "police:43", "records", id);
}

// An entry that an act names.
std::string Entry() {
  return absl::StrCat("{ event_id: '", kEventId, "' subject: '", Subject("P1"),
                      "' }");
}

template <typename Message>
Message Merged(const std::string& first, const std::string& with) {
  Message message;
  google::protobuf::TextFormat::Parser parser;
  EXPECT_TRUE(parser.MergeFromString(first, &message)) << first;
  EXPECT_TRUE(parser.MergeFromString(with, &message)) << with;
  return message;
}

// The least that is valid, about one child, and `with` over it.
Statement Make(const std::string& with) {
  auto statement = Merged<Statement>(absl::StrCat(kLeast, kChild), with);
  if (statement.act_case() == Statement::ACT_NOT_SET) {
    statement.mutable_concern_raised();
  }
  return statement;
}

std::vector<std::string> Codes(const Violations& found) {
  std::vector<std::string> codes;
  for (const Violation& violation : found.list()) {
    codes.push_back(absl::StrCat(violation.field, " ", violation.code));
  }
  return codes;
}

std::vector<std::string> Wrong(const google::protobuf::Message& request,
                               Warnings* warnings = nullptr) {
  Violations violations;
  Warnings unused;
  CheckRequest(request, *ParseInstant("2026-03-28T10:00:00Z"), &violations,
               warnings == nullptr ? &unused : warnings);
  return Codes(violations);
}

std::vector<std::string> Wrong(const std::string& with) {
  return Wrong(Make(with));
}

TEST(CheckRequest, AcceptsTheLeastAndMuchMore) {
  EXPECT_THAT(Wrong(""), IsEmpty());
  Warnings warnings;
  Statement full = Make(R"pb(
    submission {
      incident_refs { issuer: "police:43" id: "I1" }
      conversation_ref: "c"
      recorded { instant: "2026-03-28T09:00:00Z" }
      author {
        function { code: "social_worker" }
        person_id: "w1"
      }
    }
    about {
      person {
        ref { number: 1 }
        demographics {
          names { family: "Synthetic" given: "Zoë" use: NAME_USE_CURRENT }
          birth { expected: "2026-09-01" }
          sex: SEX_NOT_KNOWN
          identifiers {
            type: IDENTIFIER_TYPE_NHS_NUMBER
            value: "9990000018"
            verified: ANSWER_YES
            holder: IDENTIFIER_HOLDER_MOTHER
          }
          addresses { lines: "1 Road" lines: "1 Road" uprn: "100000000001" }
        }
      }
      seen { seen: ANSWER_NO not_seen_reason: "asleep" }
    }
    about { organisation { scheme: "urn" code: "100000" } }
    account {
      observed { local { time: "2026-03-28T02:30:00" zone: "Europe/London" } }
      summary: "one\ntwo"
      term { system: "s" code: "c" display: "d" }
      documents {
        title: "t"
        sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      }
    }
    involved {
      ties {
        about: [ 0, 1 ]
        relation { code: "mother" }
      }
    }
    informant { name: "n" }
    place { name: "p" harm_contexts: HARM_CONTEXT_ONLINE }
    concern_raised {
      categories {
        code: "neglect"
        own { system: "s" code: "c" display: "d" }
      }
      urgency: URGENCY_URGENT
    }
    validate_only: true
  )pb");
  full.mutable_involved(0)->mutable_person()->mutable_ref()->set_subject(
      Subject("P9"));
  EXPECT_THAT(Wrong(full, &warnings), IsEmpty());
  EXPECT_THAT(Codes(warnings), IsEmpty());
}

// ---- The rules of the schema

schematest::Held Held(const std::string& with) {
  return Merged<schematest::Held>(
      R"pb(
        line: "ab"
        lines: "a"
        lines: "b"
        id: "abc"
        answer: ANSWER_NO
        occurred { date: "2026-03-27" }
        authors { role: "r" }
        sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      )pb",
      with);
}

std::vector<std::string> WrongHeld(const std::string& with) {
  return Wrong(Held(with));
}

TEST(CheckRequest, NamesAllThatIsMissingInTheOrderOfFields) {
  EXPECT_THAT(Wrong(schematest::Held()),
              ElementsAre("line REQUIRED", "lines REQUIRED", "id REQUIRED",
                          "answer REQUIRED", "occurred REQUIRED",
                          "authors REQUIRED", "sha256 SHA256_FORMAT"));
  EXPECT_THAT(WrongHeld(""), IsEmpty());
}

TEST(CheckRequest, HoldsTheRulesOfTexts) {
  EXPECT_THAT(WrongHeld("line: '  '"), ElementsAre("line REQUIRED"));
  EXPECT_THAT(WrongHeld("line: 'a'"), ElementsAre("line TEXT_TOO_SHORT"));
  EXPECT_THAT(WrongHeld("line: 'ééééééééééé'"),
              ElementsAre("line TEXT_TOO_LONG"));
  EXPECT_THAT(WrongHeld("line: 'éééééééééé'"), IsEmpty());
  EXPECT_THAT(WrongHeld("line: 'a\\nb'"),
              ElementsAre("line TEXT_CONTROL_CHARACTER"));
  EXPECT_THAT(WrongHeld("prose: 'a\\nb'"), IsEmpty());
  EXPECT_THAT(WrongHeld("prose: 'a\\033b'"),
              ElementsAre("prose TEXT_CONTROL_CHARACTER"));
  schematest::Held held = Held("");
  held.set_line("\xff\xff");
  EXPECT_THAT(Wrong(held), ElementsAre("line TEXT_NOT_UTF8"));
  EXPECT_THAT(WrongHeld("date: '2026-03'"), ElementsAre("date DATE_FORMAT"));
  EXPECT_THAT(WrongHeld("date: '2026-02-30'"), ElementsAre("date DATE_FORMAT"));
  EXPECT_THAT(WrongHeld("date: '2026-03-28'"), IsEmpty());
}

TEST(CheckRequest, HoldsTheRulesOfLists) {
  schematest::Held held = Held("");
  held.clear_lines();
  held.add_lines("a");
  EXPECT_THAT(Wrong(held), ElementsAre("lines LIST_TOO_SHORT"));
  held.add_lines("a");
  held.add_lines(" ");
  EXPECT_THAT(Wrong(held),
              ElementsAre("lines[1] LIST_REPEATS", "lines[2] REQUIRED"));
  for (int i = 0; i < 5; ++i) held.add_lines(std::string(201, 'x'));
  EXPECT_THAT(Wrong(held),
              ElementsAre("lines LIST_TOO_LONG", "lines[1] LIST_REPEATS",
                          "lines[2] REQUIRED", "lines[3] TEXT_TOO_LONG",
                          "lines[4] TEXT_TOO_LONG", "lines[4] LIST_REPEATS",
                          "lines[5] TEXT_TOO_LONG", "lines[5] LIST_REPEATS"))
      << "what is over the limit is not looked at";
}

TEST(CheckRequest, HoldsTheRulesOfNumbersAndBytes) {
  EXPECT_THAT(WrongHeld("years: 151"),
              ElementsAre("years NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("years: 150 offset: -1 count: 1 partition: 2147483647"),
              IsEmpty());
  EXPECT_THAT(WrongHeld("offset: -2"),
              ElementsAre("offset NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("offset: 10"),
              ElementsAre("offset NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("count: 0"), ElementsAre("count NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("count: 18446744073709551615"),
              ElementsAre("count NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("partition: -1"),
              ElementsAre("partition NUMBER_OUT_OF_RANGE"));
  EXPECT_THAT(WrongHeld("id: 'a'"), ElementsAre("id BYTES_LENGTH"));
  EXPECT_THAT(WrongHeld("id: 'abcde'"), ElementsAre("id BYTES_LENGTH"));
  EXPECT_THAT(WrongHeld("ids: '0123456789abcdef' ids: ''"),
              ElementsAre("ids[1] BYTES_LENGTH"));

  Violations violations;
  Warnings warnings;
  CheckRequest(Held("offset: 10 years: 151 partition: -1"), absl::UnixEpoch(),
               &violations, &warnings);
  std::vector<std::string> said;
  for (const Violation& violation : violations.list()) {
    said.push_back(violation.description);
  }
  EXPECT_THAT(said, Contains("From -1 to 9."));
  EXPECT_THAT(said, Contains("At most 150."));
  EXPECT_THAT(said, Contains("At least 0."));
}

TEST(CheckRequest, AsksForAChoice) {
  schematest::Choices choices;
  EXPECT_THAT(Wrong(choices), ElementsAre("one REQUIRED"));
  choices.set_text(" ");
  EXPECT_THAT(Wrong(choices), ElementsAre("text REQUIRED"));
  choices.mutable_within()->set_number(6);
  EXPECT_THAT(Wrong(choices), ElementsAre("within.one REQUIRED",
                                          "within.number NUMBER_OUT_OF_RANGE"));
  Statement statement = Make("");
  statement.clear_act();
  EXPECT_THAT(Wrong(statement), ElementsAre("act REQUIRED"));
}

TEST(CheckRequest, RefusesWhatItDoesNotKnow) {
  Statement statement = Make("place { name: 'p' }");
  const auto unknown = [](google::protobuf::Message* message) {
    return message->GetReflection()->MutableUnknownFields(message);
  };
  unknown(&statement)->AddVarint(99, 1);
  auto* demographics =
      statement.mutable_about(0)->mutable_person()->mutable_demographics();
  unknown(demographics)->AddLengthDelimited(77, "a");
  unknown(demographics)->AddLengthDelimited(77, "b");
  unknown(demographics)->AddFixed32(78, 1);
  demographics->set_sex(static_cast<v1::Sex>(42));
  statement.mutable_place()->add_harm_contexts(
      static_cast<v1::HarmContext>(-1));
  Statement received;
  ASSERT_TRUE(received.ParseFromString(statement.SerializeAsString()));
  EXPECT_THAT(
      Wrong(received),
      UnorderedElementsAre(
          "about[0].person.demographics.sex UNKNOWN_ENUM_VALUE",
          "about[0].person.demographics.77 UNKNOWN_FIELD",
          "about[0].person.demographics.78 UNKNOWN_FIELD",
          "place.harm_contexts[0] UNKNOWN_ENUM_VALUE", "99 UNKNOWN_FIELD"));
}

TEST(CheckRequest, CountsWhatItDoesNotList) {
  common::v1::SubmitBatchRequest batch;
  for (int i = 0; i < 500; ++i) batch.add_statements();
  Violations violations;
  Warnings warnings;
  CheckRequest(batch, absl::UnixEpoch(), &violations, &warnings);
  EXPECT_EQ(violations.list().size(), 50u);
  EXPECT_EQ(violations.total(), 1500u);
  EXPECT_EQ(violations.list()[0].field, "statements[0].submission");
}

// ---- What the schema cannot say

TEST(CheckRequest, RefusesTheFutureUnlessItIsPlannedOrAmended) {
  EXPECT_THAT(Wrong("account { occurred { date: '2026-03-29' } observed { "
                    "date: '2026-03-29' } } submission { recorded { date: "
                    "'2026-03-29' } }"),
              ElementsAre("submission.recorded TIME_IN_FUTURE",
                          "account.occurred TIME_IN_FUTURE",
                          "account.observed TIME_IN_FUTURE"));
  const std::string meeting =
      "account { occurred { date: '2026-04-01' } } meeting_stepped { type { "
      "code: 'core_group' } stage: ";
  EXPECT_THAT(Wrong(meeting + "STAGE_PLANNED }"), IsEmpty());
  EXPECT_THAT(Wrong(meeting + "STAGE_CANCELLED }"), IsEmpty());
  EXPECT_THAT(Wrong(meeting + "STAGE_COMPLETED }"),
              ElementsAre("account.occurred TIME_IN_FUTURE"));
  const std::string amends =
      absl::StrCat("amends { target ", Entry(),
                   " how: AMENDMENT_CORRECTION fields: 'account.occurred' }");
  EXPECT_THAT(Wrong(meeting + "STAGE_COMPLETED }" + amends), IsEmpty());

  common::v1::SubmitBatchRequest batch;
  *batch.add_statements() = Make(meeting + "STAGE_PLANNED }");
  *batch.add_statements() = Make(meeting + "STAGE_COMPLETED }");
  EXPECT_THAT(Wrong(batch),
              ElementsAre("statements[1].account.occurred TIME_IN_FUTURE"));
}

TEST(CheckRequest, ChecksConcepts) {
  const auto wrong = [](const std::string& type) {
    return Wrong("meeting_stepped { stage: STAGE_COMPLETED type { " + type +
                 " } }");
  };
  const std::string own = "own { system: 's' code: 'c' display: 'd' }";
  EXPECT_THAT(wrong("code: 'core_group'"), IsEmpty());
  EXPECT_THAT(wrong(own), IsEmpty());
  EXPECT_THAT(wrong("code: 'core_group' " + own), IsEmpty());
  EXPECT_THAT(wrong(""), ElementsAre("meeting_stepped.type.code REQUIRED"));
  EXPECT_THAT(wrong("own { display: 'd' }"), IsEmpty());
  EXPECT_THAT(wrong("own { code: 'c' display: 'd' }"),
              ElementsAre("meeting_stepped.type.own.system REQUIRED"));
  EXPECT_THAT(wrong("code: 'tea_party' " + own),
              ElementsAre("meeting_stepped.type.code CONCEPT_CODE_UNKNOWN"));
  // A code of another table.
  EXPECT_THAT(wrong("code: 'child_protection'"),
              ElementsAre("meeting_stepped.type.code CONCEPT_CODE_UNKNOWN"));
  EXPECT_THAT(
      Wrong("concern_raised { categories { code: 'neglect' } "
            "categories { code: 'Neglect' } }"),
      Contains("concern_raised.categories[1].code CONCEPT_CODE_FORMAT"));
}

TEST(CheckRequest, ChecksWhatTermsMean) {
  const auto wrong = [](const std::string& mapping) {
    return Wrong("terms_mapped { mappings { system: 's' code: 'c' " + mapping +
                 " } }");
  };
  const std::string at = "terms_mapped.mappings[0].";
  EXPECT_THAT(wrong("table: 'meeting' meaning: 'core_group'"), IsEmpty());
  EXPECT_THAT(wrong("table: 'meeting'"), IsEmpty());
  EXPECT_THAT(wrong("table: 'weather'"),
              ElementsAre(at + "table CONCEPT_UNKNOWN"));
  EXPECT_THAT(wrong("table: 'meeting' meaning: 'tea_party'"),
              ElementsAre(at + "meaning CONCEPT_CODE_UNKNOWN"));
  const auto of = [](const std::string& term) {
    return Wrong("terms_mapped { mappings { table: 'meeting' " + term + " } }");
  };
  EXPECT_THAT(of("display: 'Core group'"), IsEmpty());
  EXPECT_THAT(of("system: 's'"), ElementsAre(at + "code REQUIRED"));
  EXPECT_THAT(of("code: 'c' display: 'Core group'"),
              ElementsAre(at + "system REQUIRED"));
}

TEST(CheckRequest, ChecksIdentifiersAndNeverRepeatsThem) {
  const auto with = [](const std::string& identifier) {
    return absl::StrCat("about { person { ref { number: 1 } demographics { ",
                        "identifiers { ", identifier, " } } } }");
  };
  const auto wrong = [&](const std::string& identifier) {
    return Wrong(with(identifier));
  };
  const std::string at = "about[1].person.demographics.identifiers[0].";
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_NHS_NUMBER value: '9990000019'"),
              ElementsAre(at + "value NHS_NUMBER_CHECK_DIGIT"));
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_NHS_NUMBER value: '999 000 0018'"),
              ElementsAre(at + "value NHS_NUMBER_NOT_DIGITS"));
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_UPN value: 'H341000026007'"),
              IsEmpty());
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_UPN value: 'J34100002600A'"),
              ElementsAre(at + "value UPN_TEMPORARY"));
  EXPECT_THAT(
      wrong("type: IDENTIFIER_TYPE_TEMPORARY_UPN value: 'H341000026007'"),
      ElementsAre(at + "value UPN_NOT_TEMPORARY"));
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_UPN value: 'A341000026007'"),
              ElementsAre(at + "value UPN_CHECK_LETTER"));
  EXPECT_THAT(wrong("type: IDENTIFIER_TYPE_OTHER value: 'a b'"),
              ElementsAre(at + "system IDENTIFIER_SYSTEM",
                          at + "value IDENTIFIER_SPACES"));
  EXPECT_THAT(wrong("value: '1'"), ElementsAre(at + "type REQUIRED"));

  Violations violations;
  Warnings warnings;
  CheckRequest(
      Make(with("type: IDENTIFIER_TYPE_NHS_NUMBER value: '9990000019'")),
      *ParseInstant("2026-03-28T10:00:00Z"), &violations, &warnings);
  for (const Violation& violation : violations.list()) {
    EXPECT_THAT(violation.description, Not(testing::HasSubstr("9990000019")));
  }
  EXPECT_THAT(Codes(warnings),
              ElementsAre(at + "verified IDENTIFIER_NOT_VERIFIED",
                          at + "holder IDENTIFIER_HOLDER_NOT_STATED"));
}

TEST(CheckRequest, ChecksOrganisations) {
  EXPECT_THAT(
      Wrong("submission { organisation { scheme: 'Police' } }"),
      ElementsAre("submission.organisation.scheme ORGANISATION_SCHEME"));
  EXPECT_THAT(Wrong("submission { organisation { code: '4-' } }"),
              ElementsAre("submission.organisation.code ORGANISATION_CODE"));
}

TEST(CheckRequest, ChecksReferences) {
  const auto wrong = [](const std::string& subject) {
    return Wrong("about { person { ref { subject: '" + subject + "' } } }");
  };
  EXPECT_THAT(wrong(Subject("P2")), IsEmpty());
  std::string mistyped = Subject("P2");
  mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
  const std::string at = "about[1].person.ref.subject ";
  EXPECT_THAT(wrong(mistyped), ElementsAre(at + "SUBJECT_FORMAT"));
  EXPECT_THAT(wrong("P1"), ElementsAre(at + "SUBJECT_FORMAT"));
  EXPECT_THAT(wrong(""), ElementsAre(at + "REQUIRED"));
  EXPECT_THAT(wrong(Subject("H1", SubjectKind::kHousehold)),
              ElementsAre(at + "SUBJECT_FORMAT"));
  EXPECT_THAT(
      Wrong("about { household { ref { subject: '" + Subject("P2") + "' } } }"),
      ElementsAre("about[1].household.ref.subject SUBJECT_FORMAT"));
  EXPECT_THAT(Wrong("about { person { ref { number: 0 } } }"),
              ElementsAre("about[1].person.ref.number NUMBER_OUT_OF_RANGE"));
}

TEST(CheckRequest, ChecksEntries) {
  const auto wrong = [](const std::string& entry) {
    return Wrong("referral_chased { referral { " + entry + " } }");
  };
  const std::string at = "referral_chased.referral";
  const std::string record = "record_ref { system: 's' id: 'i' }";
  const std::string id = absl::StrCat("event_id: '", kEventId, "' ");
  const std::string subject = "subject: '" + Subject("P1") + "' ";
  EXPECT_THAT(wrong(id + subject), IsEmpty());
  EXPECT_THAT(wrong(id + "subject: 'urn:100000'"), IsEmpty());
  EXPECT_THAT(wrong(record), IsEmpty());
  EXPECT_THAT(wrong(record + " organisation { scheme: 'ods' code: 'RXX' }"),
              IsEmpty());
  EXPECT_THAT(wrong(""), ElementsAre(at + ".ref REQUIRED"));
  EXPECT_THAT(wrong(id), ElementsAre(at + ".subject REQUIRED"));
  EXPECT_THAT(wrong(record + subject),
              ElementsAre(at + ".subject NOT_EXPECTED"));
  EXPECT_THAT(
      wrong(id + subject + "organisation { scheme: 'ods' code: 'RXX' }"),
      ElementsAre(at + ".organisation NOT_EXPECTED"));
  EXPECT_THAT(wrong(subject + "event_id: '2ED6657D'"),
              ElementsAre(at + ".event_id EVENT_ID_FORMAT"));
  EXPECT_THAT(wrong(id + "subject: 'x'"),
              ElementsAre(at + ".subject ENTRY_SUBJECT_FORMAT"));
  EXPECT_THAT(Wrong("entries_grouped { entries " + Entry() + " entries { " +
                    record + " } }"),
              ElementsAre("entries_grouped.entries[1].event_id REQUIRED"));
}

TEST(CheckRequest, ChecksDemographics) {
  const auto wrong = [](const std::string& demographics) {
    return Wrong("about { person { ref { number: 1 } demographics { " +
                 demographics + " } } }");
  };
  const std::string at = "about[1].person.demographics.";
  EXPECT_THAT(wrong("birth { date: '2020-02' } death_date: '2020-01-31'"),
              ElementsAre(at + "death_date DEATH_BEFORE_BIRTH"));
  EXPECT_THAT(wrong("birth { date: '2020-02' } death_date: '2020-02-01'"),
              IsEmpty());
  EXPECT_THAT(wrong("death_date: '2027' birth {}"),
              ElementsAre(at + "birth.value REQUIRED",
                          at + "death_date DEATH_IN_FUTURE"));
  EXPECT_THAT(wrong("birth { date: '2027' }"),
              ElementsAre(at + "birth.date BIRTH_IN_FUTURE"));
  EXPECT_THAT(wrong("birth { estimated_age { years: 151 on: '2026' } }"),
              ElementsAre(at + "birth.estimated_age.years NUMBER_OUT_OF_RANGE",
                          at + "birth.estimated_age.on DATE_FORMAT"));
}

TEST(CheckRequest, TiesLeadToThoseItIsAbout) {
  const auto wrong = [](const std::string& about) {
    return Wrong(
        "about { person { ref { number: 1 } } ties { about: 0 relation { code: "
        "'sibling' } } } involved { person { ref { number: 2 } } ties { "
        "relation { code: 'mother' } about: [" +
        about + "] } }");
  };
  EXPECT_THAT(wrong("0, 1"), IsEmpty());
  const std::string at = "involved[0].ties[0].about";
  EXPECT_THAT(wrong(""), ElementsAre(at + " REQUIRED"));
  EXPECT_THAT(wrong("0, 2, 0"),
              ElementsAre(at + "[1] TIE_UNKNOWN", at + "[2] LIST_REPEATS"));
  EXPECT_THAT(Wrong("about { person { ref { number: 1 } } ties { about: 1 "
                    "relation { code: 'sibling' } } }"),
              ElementsAre("about[1].ties[0].about[0] TIE_UNKNOWN"));
}

TEST(CheckRequest, AmendsFieldsThatTheStatementHas) {
  const auto wrong = [](const std::string& fields) {
    return Wrong(absl::StrCat("amends { target ", Entry(),
                              " how: AMENDMENT_CORRECTION fields: [", fields,
                              "] } referral_decided { referral ", Entry(),
                              " outcome { code: 'assessment' } }"));
  };
  EXPECT_THAT(wrong("'account.occurred', 'referral_decided.outcome', "
                    "'about.seen.own_words', 'involved', 'place', "
                    "'submission.incident_refs', 'about.person.demographics', "
                    "'informant.name'"),
              IsEmpty());
  EXPECT_THAT(
      wrong("'account', 'header.occurred', 'account.occured', "
            "'account.headline.text', 'concern_raised.needs', 'amends.reason', "
            "'validate_only', 'account.Headline', 'account'"),
      ElementsAre("amends.fields[7] FIELD_PATH_FORMAT",
                  "amends.fields[8] LIST_REPEATS",
                  "amends.fields[1] FIELD_PATH_UNKNOWN",
                  "amends.fields[2] FIELD_PATH_UNKNOWN",
                  "amends.fields[3] FIELD_PATH_UNKNOWN",
                  "amends.fields[4] FIELD_PATH_UNKNOWN",
                  "amends.fields[5] FIELD_PATH_UNKNOWN",
                  "amends.fields[6] FIELD_PATH_UNKNOWN"));
  EXPECT_THAT(wrong("'submission.request_id', 'submission.organisation.code', "
                    "'about.person.ref', 'involved.person.ref.local_id', "
                    "'about.observations', 'about.observations.words'"),
              ElementsAre("amends.fields[0] FIELD_NOT_AMENDABLE",
                          "amends.fields[1] FIELD_NOT_AMENDABLE",
                          "amends.fields[2] FIELD_NOT_AMENDABLE",
                          "amends.fields[3] FIELD_NOT_AMENDABLE",
                          "amends.fields[4] FIELD_NOT_AMENDABLE",
                          "amends.fields[5] FIELD_NOT_AMENDABLE"));
}

TEST(CheckRequest, AmendsEntriesAndNotWhatIsAboutThem) {
  const auto wrong = [](const google::protobuf::FieldDescriptor* act) {
    Statement statement = Make(absl::StrCat(
        "amends { target ", Entry(),
        " how: AMENDMENT_CORRECTION fields: 'account.headline' }"));
    Statement::GetReflection()->MutableMessage(&statement, act);
    return Wrong(statement);
  };
  const auto& acts = *Statement::descriptor()->FindOneofByName("act");
  int refused = 0;
  for (int i = 0; i < acts.field_count(); ++i) {
    const auto* act = acts.field(i);
    const KindRole role =
        TraitsOf(static_cast<v1::Kind::KindCase>(act->number())).role;
    const auto is_refused = Contains("amends FIELD_NOT_AMENDABLE");
    if (role == KindRole::kEntry || role == KindRole::kDirectory) {
      EXPECT_THAT(wrong(act), Not(is_refused)) << act->name();
    } else {
      EXPECT_THAT(wrong(act), is_refused) << act->name();
      ++refused;
    }
  }
  EXPECT_EQ(refused, 11);
}

TEST(CheckRequest, AsksForWhatADecisionNeedsButNotOfAnAmendment) {
  const auto decided = [](const std::string& outcome) {
    return absl::StrCat("referral_decided { referral ", Entry(), " outcome { ",
                        outcome, " } }");
  };
  EXPECT_THAT(Wrong(decided("code: 'assessment'")),
              ElementsAre("referral_decided.abuse_or_neglect_concern REQUIRED",
                          "referral_decided.urgent_action_needed REQUIRED"));
  EXPECT_THAT(Wrong(decided("code: 'transferred'")),
              ElementsAre("referral_decided.passed_to REQUIRED"));
  EXPECT_THAT(Wrong(decided("code: 'wrongly_addressed'")),
              ElementsAre("referral_decided.passed_to REQUIRED"));
  EXPECT_THAT(Wrong(decided("own { system: 's' code: 'c' display: 'd' }")),
              IsEmpty());
  EXPECT_THAT(Wrong(absl::StrCat("enquiry_answered { enquiry ", Entry(),
                                 " result: ENQUIRY_RESULT_WITHHELD }")),
              ElementsAre("enquiry_answered.reason REQUIRED"));
  EXPECT_THAT(Wrong("about { person { ref { number: 1 } } observations {} }"),
              ElementsAre("about[1].observations[0].indicator REQUIRED"));
  EXPECT_THAT(Wrong(absl::StrCat(decided("code: 'transferred'"),
                                 "amends { target ", Entry(),
                                 " how: AMENDMENT_SUPPLEMENT fields: "
                                 "'referral_decided.outcome' }")),
              IsEmpty());
}

TEST(CheckRequest, LetsTimeRunForwardOnly) {
  EXPECT_THAT(Wrong("measure_taken { stage: STAGE_STARTED type { code: "
                    "'police_protection' } starts { date: '2026-03-02' } ends "
                    "{ date: '2026-03-01' } }"),
              ElementsAre("measure_taken.ends INTERVAL_REVERSED"));
  EXPECT_THAT(Wrong("arrangement_changed { stage: STAGE_STARTED type { code: "
                    "'kinship' } effective { date: '2026-03-02' } until { "
                    "date: '2026-03' } }"),
              IsEmpty());
  EXPECT_THAT(Wrong("account { occurred { interval { since { date: '2026' } "
                    "until { date: '2025' } } } }"),
              ElementsAre("account.occurred.interval INTERVAL_REVERSED"));
  EXPECT_THAT(Wrong("term_dates_stated { terms { first: '2026-09-01' last: "
                    "'2026-08-31' } }"),
              ElementsAre("term_dates_stated.terms[0].last INTERVAL_REVERSED"));
}

TEST(CheckRequest, PartsNobodyFromThemselves) {
  const std::string basis =
      "basis { basis { own { system: 's' code: 'c' display: 'd' } } evidence: "
      "'e' }";
  const std::string one = "'" + Subject("P1") + "'";
  const std::string two = "'" + Subject("P2") + "'";
  EXPECT_THAT(Wrong("subjects_separated { " + basis + " group_a: " + one +
                    " group_b: " + two + " }"),
              IsEmpty());
  EXPECT_THAT(Wrong("subjects_separated { " + basis + " group_a: " + one +
                    " group_b: [" + two + ", " + one + "] }"),
              ElementsAre("subjects_separated.group_b[1] PERSON_REPEATED"));
  EXPECT_THAT(Wrong("subjects_linked { " + basis + " subjects: [" + one + ", " +
                    one + ", 'P1', ''] }"),
              ElementsAre("subjects_linked.subjects[1] LIST_REPEATS",
                          "subjects_linked.subjects[2] SUBJECT_FORMAT",
                          "subjects_linked.subjects[3] REQUIRED"));
  EXPECT_THAT(Wrong("subject_renamed { from_subject: " + one +
                    " to_subject: " + one + " }"),
              ElementsAre("subject_renamed.to_subject PERSON_REPEATED"));
  EXPECT_THAT(Wrong("entry_reassigned { target " + Entry() +
                    " to_subject: " + one + " }"),
              ElementsAre("entry_reassigned.to_subject PERSON_REPEATED"));
}

}  // namespace
}  // namespace vigil::event
