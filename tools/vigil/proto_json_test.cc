#include "tools/vigil/proto_json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<JsonFault> Faults(absl::string_view text) {
  common::v1::Statement statement;
  return ReadJson(text, &statement);
}

TEST(ReadJsonTest, ReadsBothSpellingsOfNamesAndNumbersOfEnums) {
  common::v1::Statement statement;
  EXPECT_THAT(
      ReadJson(R"({"submission":{"request_id":"r1"},"about":[{"person":)"
               R"({"ref":{"localId":{"system":"s","id":"007"}}}}],)"
               R"("account":null,"concernRaised":{"urgency":2}})",
               &statement),
      IsEmpty());
  EXPECT_EQ(statement.submission().request_id(), "r1");
  EXPECT_EQ(statement.about(0).person().ref().local_id().id(), "007");
  EXPECT_EQ(statement.concern_raised().urgency(), event::v1::URGENCY_URGENT);
}

TEST(ReadJsonTest, NamesEveryFieldAtFault) {
  EXPECT_THAT(
      Faults(R"({"submission":{"requestId":7},"validateOnly":"yes",)"
             R"("about":[{"person":{"ref":{"localId":{"id":"1","idd":"2"}}}},)"
             R"({"person":{"ref":{"number":-1}},"observations":{},)"
             R"("salt":"not base64"}],)"
             R"("concernRaised":{"urgency":"URGENCY_HIGH"}})"),
      ElementsAre(
          JsonFault{"submission.request_id", "takes text"},
          JsonFault{"validate_only", "takes true or false"},
          JsonFault{"about[0].person.ref.local_id.idd",
                    "there is no such field"},
          JsonFault{"about[1].person.ref.number", "is out of range"},
          JsonFault{"about[1].observations", "takes a list"},
          JsonFault{"about[1].salt", "takes base64"},
          JsonFault{"concern_raised.urgency", "is none of the known values"}));
}

TEST(ReadJsonTest, RefusesWhatWouldBeLostWithoutAWord) {
  EXPECT_THAT(
      Faults(R"({"concernRaised":{},"homeVisited":{}})"),
      ElementsAre(JsonFault{"home_visited", "only one of act can be set"}));
  EXPECT_THAT(
      Faults(R"({"concernRaised":{},"concern_raised":{}})"),
      ElementsAre(JsonFault{"concern_raised", "stands here twice"},
                  JsonFault{"concern_raised", "only one of act can be set"}));
  EXPECT_THAT(
      Faults(R"({"about":[{"person":{},"household":{}}],"concernRaised":{}})"),
      ElementsAre(
          JsonFault{"about[0].household", "only one of subject can be set"}));
  EXPECT_THAT(Faults(R"({"account":{},"account":{}})"),
              ElementsAre(JsonFault{"account", "stands here twice"}));
  // What a serialiser writes for members that are not set.
  EXPECT_THAT(Faults(R"({"concernRaised":{},"homeVisited":null})"), IsEmpty());
}

TEST(ReadJsonTest, RefusesWhatIsNoObject) {
  EXPECT_THAT(Faults(R"({"concernRaised":)"),
              ElementsAre(JsonFault{"", "is not JSON, at character 18"}));
  EXPECT_THAT(Faults("[1]"), Not(IsEmpty()));
  EXPECT_THAT(Faults("7"), ElementsAre(JsonFault{"", "is no object"}));
  EXPECT_THAT(Faults("null"), ElementsAre(JsonFault{"", "is no object"}));
  EXPECT_THAT(Faults("\xff"), Not(IsEmpty()));
}

TEST(ReadJsonTest, TellsNoValue) {
  for (const absl::string_view text :
       {R"({"concernRaised":{"urgency":"Quillmere"}})",
        R"({"about":"Quillmere"})", R"({"submission":"Quillmere)",
        R"({"concernRaised": Quillmere})", R"({"Eliwyn Quillmere":{}})",
        R"({"validateOnly":"Quillmere"})"}) {
    const std::vector<JsonFault> faults = Faults(text);
    EXPECT_THAT(faults, Not(IsEmpty())) << text;
    for (const JsonFault& fault : faults) {
      EXPECT_THAT(absl::StrCat(fault.field, fault.problem),
                  Not(HasSubstr("Quillmere")));
    }
  }
}

TEST(ReadJsonTest, BoundsTheFaultsOfOneLine) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, "\"x", i, "\":1,");
  text.back() = '}';
  EXPECT_EQ(Faults(text).size(), kMaxJsonFaults);
}

TEST(AppendJsonTest, IsReadBackTheSameByBothReaders) {
  common::v1::Statement statement;
  statement.mutable_submission()->set_request_id("\"\\\n\x01 Élo \u202e");
  statement.set_validate_only(true);
  statement.add_about()->mutable_person()->mutable_ref()->set_number(3);
  statement.mutable_about(0)->set_salt("\xff\x01\xfe");
  statement.mutable_account()->add_documents()->set_size_bytes(1u << 31);
  statement.mutable_account()->mutable_occurred()->mutable_not_known();
  statement.mutable_place()->add_harm_contexts(event::v1::HARM_CONTEXT_ONLINE);
  statement.mutable_concern_raised()->set_urgency(event::v1::URGENCY_URGENT);
  std::string json;
  AppendJson(statement, &json);

  common::v1::Statement ours;
  EXPECT_THAT(ReadJson(json, &ours), IsEmpty());
  common::v1::Statement theirs;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &theirs).ok());
  using google::protobuf::util::MessageDifferencer;
  EXPECT_TRUE(MessageDifferencer::Equals(statement, ours)) << json;
  EXPECT_TRUE(MessageDifferencer::Equals(statement, theirs)) << json;
}

}  // namespace
}  // namespace vigil::cli
