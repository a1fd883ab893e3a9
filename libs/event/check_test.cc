#include "libs/event/check.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/event/time_text.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/education/v1/education.pb.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kSubmission[] = R"pb(
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
  children { local_id { system: "records" id: "P1" } }
)pb";

constexpr char kSubjectOne[] =
    "s1.p.0123abcd.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
constexpr char kSubjectTwo[] =
    "s1.p.0123abcd.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";
constexpr char kEventId[] = "2ed6657d-e927-568b-95e1-2665a8aea6a2";

// `with` is merged over the least valid request.
template <typename Request>
Request Make(const std::string& with) {
  Request request;
  const std::string least = absl::StrCat(
      kSubmission,
      Request::descriptor()->FindFieldByName("children") ? kChild : "");
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(least, &request));
  google::protobuf::TextFormat::Parser parser;
  EXPECT_TRUE(parser.MergeFromString(with, &request)) << with;
  return request;
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

std::vector<std::string> WrongIncident(const std::string& with) {
  return Wrong(Make<police::v1::RecordIncidentRequest>(with));
}

TEST(CheckRequest, AcceptsTheLeastAndTheMost) {
  EXPECT_THAT(WrongIncident(""), IsEmpty());
  Warnings warnings;
  const auto full = Make<police::v1::RecordIncidentRequest>(R"pb(
    submission {
      incident_refs { issuer: "police:43" id: "I1" }
      conversation_ref: "c"
      recorded { instant: "2026-03-28T09:00:00Z" }
      validate_only: true
    }
    children {
      person_number: 1
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
        identifiers {
          type: IDENTIFIER_TYPE_TEMPORARY_UPN
          value: "J34100002600A"
          verified: ANSWER_YES
          holder: IDENTIFIER_HOLDER_SELF
        }
        addresses { lines: "1 Road" lines: "Town" uprn: "100000000001" }
      }
    }
    account {
      details: "First line.\nSecond line.\r\n\tThird."
      people_involved {
        person {
          person_number: 2
          demographics {
            birth { estimated_age { years: 30 on: "2026-03-27" } }
          }
        }
        role { system: "s" code: "c" display: "d" }
      }
      informant { confidentiality: CONFIDENTIALITY_ANONYMOUS }
      place { harm_contexts: [ HARM_CONTEXT_INSIDE_HOME, HARM_CONTEXT_ONLINE ] }
      documents { title: "Photograph" size_bytes: 0 }
    }
    observations {
      measurement {
        quantity { system: "s" code: "c" display: "d" }
        value: "-12.40"
        unit: "kg"
      }
    })pb");
  EXPECT_THAT(Wrong(full, &warnings), IsEmpty());
  EXPECT_THAT(Codes(warnings), IsEmpty());
}

TEST(CheckRequest, FindsAllThatIsMissing) {
  EXPECT_THAT(Wrong(police::v1::RecordIncidentRequest()),
              ElementsAre("submission REQUIRED", "children REQUIRED",
                          "account REQUIRED"));
  police::v1::RecordIncidentRequest request;
  request.mutable_submission()->mutable_author();
  request.mutable_account()->mutable_occurred();
  request.mutable_account()->set_headline("  ");
  request.add_children();
  EXPECT_THAT(Wrong(request), ElementsAre("submission.request_id REQUIRED",
                                          "submission.organisation REQUIRED",
                                          "submission.author.role REQUIRED",
                                          "submission.record_ref REQUIRED",
                                          "children[0].ref REQUIRED",
                                          "account.occurred.value REQUIRED",
                                          "account.headline REQUIRED"));
  EXPECT_THAT(
      Wrong(Make<common::v1::DecideReferralRequest>("decision {}")),
      ElementsAre("decision.referral REQUIRED", "decision.outcome REQUIRED"));
  EXPECT_THAT(Wrong(Make<common::v1::WithdrawRequest>("")),
              ElementsAre("child REQUIRED", "withdrawal REQUIRED"));
}

TEST(CheckRequest, RefusesWhatItDoesNotKnow) {
  auto request = Make<police::v1::RecordIncidentRequest>("");
  auto* account = request.mutable_account();
  account->GetReflection()->MutableUnknownFields(account)->AddVarint(99, 1);
  request.set_child_present(static_cast<v1::Answer>(42));
  EXPECT_THAT(Wrong(request), ElementsAre("account.99 UNKNOWN_FIELD",
                                          "child_present UNKNOWN_ENUM_VALUE"));
}

TEST(CheckRequest, CountsCharactersAndCutsNothing) {
  const auto with_headline = [](const std::string& headline) {
    auto request = Make<police::v1::RecordIncidentRequest>("");
    request.mutable_account()->set_headline(headline);
    return Wrong(request);
  };
  std::string longest;
  for (int i = 0; i < 200; ++i) {
    longest += "\u00e9";
  }
  EXPECT_THAT(with_headline(longest), IsEmpty());
  EXPECT_THAT(with_headline(longest + "e"),
              ElementsAre("account.headline TEXT_TOO_LONG"));
  EXPECT_THAT(with_headline("\xff"),
              ElementsAre("account.headline TEXT_NOT_UTF8"));
  EXPECT_THAT(with_headline("two\nlines"),
              ElementsAre("account.headline TEXT_CONTROL_CHARACTER"));
  EXPECT_THAT(WrongIncident("account { details: 'a\\033[2J' }"),
              ElementsAre("account.details TEXT_CONTROL_CHARACTER"));
  auto request = Make<police::v1::RecordIncidentRequest>("");
  request.mutable_account()->set_details(std::string(20'000, 'a'));
  request.mutable_account()->set_action(std::string(2'001, 'a'));
  EXPECT_THAT(Wrong(request), ElementsAre("account.action TEXT_TOO_LONG"));
}

TEST(CheckRequest, LimitsListsAndLooksNoFurther) {
  auto request = Make<police::v1::RecordIncidentRequest>("");
  for (int i = 0; i < 1'000; ++i) {
    request.add_children()->set_person_number(i + 1);
    request.mutable_account()->add_documents();
  }
  Violations violations;
  Warnings warnings;
  CheckRequest(request, *ParseInstant("2026-03-28T10:00:00Z"), &violations,
               &warnings);
  const std::vector<std::string> codes = Codes(violations);
  EXPECT_EQ(codes[0], "children LIST_TOO_LONG");
  EXPECT_EQ(codes[1], "account.documents LIST_TOO_LONG");
  EXPECT_EQ(codes[2], "account.documents[0].title REQUIRED");
  EXPECT_EQ(violations.total(), 52u);
}

TEST(CheckRequest, ChecksIdentifiersAndNeverRepeatsThem) {
  const auto with = [](const std::string& identifier) {
    return absl::StrCat(
        "children { person_number: 1 demographics { identifiers { ", identifier,
        " } } }");
  };
  const auto wrong = [&](const std::string& identifier) {
    return WrongIncident(with(identifier));
  };
  const std::string at = "children[1].demographics.identifiers[0].";
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
  CheckRequest(Make<police::v1::RecordIncidentRequest>(with(
                   "type: IDENTIFIER_TYPE_NHS_NUMBER value: '9990000019'")),
               *ParseInstant("2026-03-28T10:00:00Z"), &violations, &warnings);
  for (const Violation& violation : violations.list()) {
    EXPECT_THAT(violation.description,
                testing::Not(testing::HasSubstr("9990000019")));
  }
  EXPECT_THAT(Codes(warnings),
              ElementsAre(at + "verified IDENTIFIER_NOT_VERIFIED",
                          at + "holder IDENTIFIER_HOLDER_NOT_STATED"));
}

TEST(CheckRequest, ChecksOrganisations) {
  EXPECT_THAT(
      WrongIncident("submission { organisation { scheme: 'Police' } }"),
      ElementsAre("submission.organisation.scheme ORGANISATION_SCHEME"));
  EXPECT_THAT(WrongIncident("submission { organisation { code: '4 3' } }"),
              ElementsAre("submission.organisation.code ORGANISATION_CODE"));
}

TEST(CheckRequest, ChecksPeople) {
  EXPECT_THAT(WrongIncident("children { person_number: 0 }"),
              ElementsAre("children[1].person_number PERSON_NUMBER_ZERO"));
  EXPECT_THAT(WrongIncident("children { subject: '' }"),
              ElementsAre("children[1].subject REQUIRED"));
  EXPECT_THAT(WrongIncident("children { subject: 'P1' }"),
              ElementsAre("children[1].subject SUBJECT_FORMAT"));
  EXPECT_THAT(
      WrongIncident(absl::StrCat("children { subject: 's1.h",
                                 std::string(kSubjectOne).substr(4), "' }")),
      ElementsAre("children[1].subject SUBJECT_FORMAT"));
  EXPECT_THAT(
      WrongIncident("children { local_id { system: 'records' id: 'P1' } }"),
      ElementsAre("children[1] PERSON_REPEATED"));
  EXPECT_THAT(
      WrongIncident("children { local_id { system: 'records' id: '0P1' } }"),
      IsEmpty());
  const std::string at = "children[1].demographics.";
  EXPECT_THAT(WrongIncident("children { person_number: 1 demographics { birth "
                            "{ date: '2020-02' } death_date: '2020-01-31' } }"),
              ElementsAre(at + "death_date DEATH_BEFORE_BIRTH"));
  EXPECT_THAT(WrongIncident("children { person_number: 1 demographics { birth "
                            "{ date: '2020-02' } death_date: '2020-02-01' } }"),
              IsEmpty());
  EXPECT_THAT(WrongIncident("children { person_number: 1 demographics { "
                            "death_date: '2027' birth {} } }"),
              ElementsAre(at + "death_date DEATH_IN_FUTURE",
                          at + "birth.value REQUIRED"));
}

TEST(CheckRequest, WarnsOfAnAdult) {
  Warnings warnings;
  EXPECT_THAT(Wrong(Make<police::v1::RecordIncidentRequest>(
                        "children { person_number: 1 demographics { birth { "
                        "date: '1990' } } }"),
                    &warnings),
              IsEmpty());
  EXPECT_THAT(Codes(warnings),
              ElementsAre("children[1].demographics.birth NOT_A_CHILD"));
}

TEST(CheckRequest, RefusesTheFutureUnlessItIsPlanned) {
  EXPECT_THAT(
      WrongIncident("account { occurred { date: '2026-03-29' } observed { "
                    "date: '2026-03-29' } } submission { recorded { date: "
                    "'2026-03-29' } }"),
      UnorderedElementsAre("submission.recorded TIME_IN_FUTURE",
                           "account.occurred TIME_IN_FUTURE",
                           "account.observed TIME_IN_FUTURE"));
  const std::string meeting =
      "account { occurred { date: '2026-04-01' } } meeting { type { system: "
      "'s' "
      "code: 'c' display: 'd' } stage: ";
  EXPECT_THAT(Wrong(Make<common::v1::RecordMeetingRequest>(meeting +
                                                           "STAGE_PLANNED }")),
              IsEmpty());
  EXPECT_THAT(Wrong(Make<common::v1::RecordMeetingRequest>(
                  meeting + "STAGE_COMPLETED }")),
              ElementsAre("account.occurred TIME_IN_FUTURE"));
  // What is planned can be put off, and more be said of it; but it is withdrawn
  // now.
  const std::string amends = absl::StrCat(
      "account { occurred { date: '2026-04-02' } } child { "
      "person_number: 1 } ");
  const std::string target =
      absl::StrCat("{ target { event_id: '", kEventId, "' } ");
  EXPECT_THAT(
      Wrong(Make<common::v1::CorrectRequest>(amends + "correction " + target +
                                             "fields: 'header.occurred' }")),
      IsEmpty());
  EXPECT_THAT(Wrong(Make<common::v1::SupplementRequest>(amends + "supplement " +
                                                        target + "}")),
              IsEmpty());
  EXPECT_THAT(Wrong(Make<common::v1::WithdrawRequest>(amends + "withdrawal " +
                                                      target + "}")),
              ElementsAre("account.occurred TIME_IN_FUTURE"));
}

TEST(CheckRequest, LetsTimeRunForwardOnly) {
  const std::string type = "type { system: 's' code: 'c' display: 'd' } ";
  EXPECT_THAT(Wrong(Make<education::v1::RecordExclusionRequest>(
                  type + "from { date: '2026-03-02' } until { date: "
                         "'2026-03-01' }")),
              ElementsAre("until INTERVAL_REVERSED"));
  EXPECT_THAT(Wrong(Make<education::v1::RecordExclusionRequest>(
                  type + "from { date: '2026-03-02' } until { date: "
                         "'2026-03' }")),
              IsEmpty());
  EXPECT_THAT(
      Wrong(Make<education::v1::RecordAbsenceRequest>(
          "account { occurred { interval { from { date: '2026' } until { "
          "date: '2025' } } } } percent_missed: '12,5'")),
      ElementsAre("account.occurred.interval INTERVAL_REVERSED",
                  "percent_missed DECIMAL_FORMAT"));
}

TEST(CheckRequest, AsksForWhatADecisionNeeds) {
  const std::string referral =
      absl::StrCat("decision { referral { event_id: '", kEventId, "' } ");
  EXPECT_THAT(Wrong(Make<common::v1::DecideReferralRequest>(
                  referral + "outcome: REFERRAL_OUTCOME_NO_FURTHER_ACTION }")),
              ElementsAre("decision.abuse_or_neglect_concern REQUIRED",
                          "decision.urgent_action_needed REQUIRED"));
  EXPECT_THAT(Wrong(Make<common::v1::DecideReferralRequest>(
                  referral + "outcome: REFERRAL_OUTCOME_TRANSFERRED }")),
              ElementsAre("decision.passed_to REQUIRED"));
  EXPECT_THAT(Wrong(Make<common::v1::AnswerEnquiryRequest>(
                  absl::StrCat("answer { enquiry { event_id: '", kEventId,
                               "' } result: ENQUIRY_RESULT_WITHHELD }"))),
              ElementsAre("answer.reason REQUIRED"));
  EXPECT_THAT(
      Wrong(Make<common::v1::RecordObservationRequest>("observation {}")),
      ElementsAre("observation.indicator REQUIRED"));
}

TEST(CheckRequest, PartsNobodyFromThemselves) {
  const std::string basis =
      "basis { basis { system: 's' code: 'c' display: 'd' } evidence: 'e' }";
  EXPECT_THAT(Wrong(Make<mash::v1::SeparateSubjectsRequest>(
                  absl::StrCat(basis, "group_a: '", kSubjectOne,
                               "' group_b: ['", kSubjectTwo, "']"))),
              IsEmpty());
  EXPECT_THAT(Wrong(Make<mash::v1::SeparateSubjectsRequest>(absl::StrCat(
                  basis, "group_a: '", kSubjectOne, "' group_b: ['",
                  kSubjectTwo, "', '", kSubjectOne, "']"))),
              ElementsAre("group_b[1] PERSON_REPEATED"));
  EXPECT_THAT(Wrong(Make<mash::v1::RenameSubjectRequest>(
                  absl::StrCat("from_subject: '", kSubjectOne,
                               "' to_subject: '", kSubjectOne, "'"))),
              ElementsAre("to_subject PERSON_REPEATED"));
  EXPECT_THAT(Wrong(Make<mash::v1::ReassignEntryRequest>(absl::StrCat(
                  "event_id: '", kEventId, "' subject: '", kSubjectOne,
                  "' to_subject: '", kSubjectOne, "'"))),
              ElementsAre("to_subject PERSON_REPEATED"));
}

TEST(CheckRequest, ChecksReferences) {
  const std::string basis =
      "basis { basis { system: 's' code: 'c' display: 'd' } evidence: 'e' }";
  EXPECT_THAT(
      Wrong(Make<mash::v1::LinkSubjectsRequest>(absl::StrCat(
          basis, "subjects: ['", kSubjectOne, "', '", kSubjectTwo, "']"))),
      IsEmpty());
  EXPECT_THAT(
      Wrong(Make<mash::v1::LinkSubjectsRequest>(
          absl::StrCat(basis, "subjects: ['", kSubjectOne, "', '", kSubjectOne,
                       "', 'P1', '']"))),
      ElementsAre("subjects[1] LIST_REPEATS", "subjects[2] SUBJECT_FORMAT",
                  "subjects[3] REQUIRED"));
  EXPECT_THAT(Wrong(Make<mash::v1::LinkSubjectsRequest>(
                  absl::StrCat(basis, "subjects: '", kSubjectOne, "'"))),
              ElementsAre("subjects LIST_TOO_SHORT"));
  EXPECT_THAT(
      Wrong(Make<common::v1::CorrectRequest>(
          "child { person_number: 1 } correction { target { event_id: "
          "'2ED6657D-E927-568B-95E1-2665A8AEA6A2' } fields: 'header.occurred' "
          "fields: 'Header' }")),
      ElementsAre("correction.target.event_id EVENT_ID_FORMAT",
                  "correction.fields[1] FIELD_PATH_FORMAT"));
  EXPECT_THAT(Wrong(Make<common::v1::CorrectRequest>(absl::StrCat(
                  "child { person_number: 1 } correction { target { event_id: "
                  "'",
                  kEventId,
                  "' } fields: ["
                  "'header', 'kind.concern_raised.urgency', "
                  "'people.subject.demographics.birth.date', "
                  "'kind.documents.sha256', 'demographics.birth', "
                  "'header.occured', 'header.headline.text'] }"))),
              ElementsAre("correction.fields[4] FIELD_PATH_UNKNOWN",
                          "correction.fields[5] FIELD_PATH_UNKNOWN",
                          "correction.fields[6] FIELD_PATH_UNKNOWN"));
  EXPECT_THAT(Wrong(Make<common::v1::SupplementRequest>(absl::StrCat(
                  "child { person_number: 1 } supplement { target { event_id: "
                  "'",
                  kEventId, "' } fields: 'summary' }"))),
              ElementsAre("supplement.fields[0] FIELD_PATH_UNKNOWN"));
  EXPECT_THAT(
      WrongIncident("account { documents { title: 't' sha256: 'AB' } }"),
      ElementsAre("account.documents[0].sha256 SHA256_FORMAT"));
}

TEST(CheckRequest, ChecksQuestionsToo) {
  chronology::v1::GetChronologyRequest question;
  EXPECT_THAT(Wrong(question),
              ElementsAre("asking REQUIRED", "child REQUIRED"));
  question.mutable_asking();
  question.set_subject(kSubjectOne);
  question.set_page_size(0);
  EXPECT_THAT(Wrong(question), ElementsAre("asking.on_behalf_of REQUIRED",
                                           "asking.purpose REQUIRED",
                                           "page_size NUMBER_OUT_OF_RANGE"));
}

TEST(CheckRequest, NumbersOfAQuestionHaveTheRangeOfTheirType) {
  chronology::v1::GetChronologyRequest question;
  question.mutable_asking()->mutable_on_behalf_of()->set_person_id("u1");
  auto* logged = question.mutable_as_of()->mutable_logged();
  auto* position = question.mutable_at_least()->add_positions();
  position->set_topic("vigil.police.events.v1");
  const auto numbers = [&] {
    Violations violations;
    Warnings warnings;
    CheckRequest(question, *ParseInstant("2026-03-28T10:00:00Z"), &violations,
                 &warnings);
    std::vector<std::string> wrong;
    for (const Violation& violation : violations.list()) {
      if (violation.code == code::kNumberOutOfRange) {
        wrong.push_back(
            absl::StrCat(violation.field, " ", violation.description));
      }
    }
    return wrong;
  };
  logged->set_seconds(-62'135'596'800);  // 0001-01-01T00:00:00Z
  logged->set_nanos(999'999'999);
  position->set_partition(INT32_MAX);
  position->set_offset(INT64_MAX - 1);
  EXPECT_THAT(numbers(), testing::IsEmpty());
  logged->set_seconds(253'402'300'799);  // 9999-12-31T23:59:59Z
  EXPECT_THAT(numbers(), testing::IsEmpty());

  logged->set_seconds(int64_t{1} << 62);
  logged->set_nanos(-1);
  position->set_partition(-1);
  position->set_offset(INT64_MAX);
  EXPECT_THAT(
      numbers(),
      testing::UnorderedElementsAre(
          "as_of.logged.seconds From -62135596800 to 253402300799.",
          "as_of.logged.nanos From 0 to 999999999.",
          "at_least.positions[0].partition From 0 to 2147483647.",
          "at_least.positions[0].offset From 0 to 9223372036854775806."));
}

TEST(CheckRequest, ChecksEachItemOfABatch) {
  police::v1::SubmitBatchRequest batch;
  EXPECT_THAT(Wrong(batch), ElementsAre("items REQUIRED"));
  *batch.add_items()->mutable_record_incident() =
      Make<police::v1::RecordIncidentRequest>("");
  batch.add_items();
  batch.add_items()->mutable_withdraw();
  EXPECT_THAT(Wrong(batch),
              ElementsAre("items[1].request REQUIRED",
                          "items[2].withdraw.submission REQUIRED",
                          "items[2].withdraw.child REQUIRED",
                          "items[2].withdraw.account REQUIRED",
                          "items[2].withdraw.withdrawal REQUIRED"));
}

}  // namespace
}  // namespace vigil::event
