#include "tools/vigil/proto_json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<JsonFault> Faults(absl::string_view text) {
  police::v1::Item item;
  return ReadJson(text, &item);
}

TEST(ReadJsonTest, ReadsBothSpellingsOfNamesAndNumbersOfEnums) {
  police::v1::Item item;
  EXPECT_THAT(ReadJson(R"({"raiseConcern":{"submission":{"request_id":"r1"},)"
                       R"("children":[{"localId":{"system":"s","id":"007"}}],)"
                       R"("account":null,"concern":{"urgency":2}}})",
                       &item),
              IsEmpty());
  EXPECT_EQ(item.raise_concern().submission().request_id(), "r1");
  EXPECT_EQ(item.raise_concern().children(0).local_id().id(), "007");
  EXPECT_EQ(item.raise_concern().concern().urgency(),
            event::v1::URGENCY_URGENT);
}

TEST(ReadJsonTest, NamesEveryFieldAtFault) {
  EXPECT_THAT(
      Faults(R"({"raiseConcern":{"submission":{"requestId":7,"validateOnly":)"
             R"("yes"},"children":[{"localId":{"id":"1","idd":"2"}},)"
             R"({"personNumber":-1}],"concern":{"urgency":"URGENCY_HIGH"},)"
             R"("observations":{}}})"),
      ElementsAre(
          JsonFault{"raise_concern.submission.request_id", "takes text"},
          JsonFault{"raise_concern.submission.validate_only",
                    "takes true or false"},
          JsonFault{"raise_concern.children[0].local_id.idd",
                    "there is no such field"},
          JsonFault{"raise_concern.children[1].person_number",
                    "is out of range"},
          JsonFault{"raise_concern.concern.urgency",
                    "is none of the known values"},
          JsonFault{"raise_concern.observations", "takes a list"}));
}

TEST(ReadJsonTest, RefusesWhatWouldBeLostWithoutAWord) {
  EXPECT_THAT(
      Faults(R"({"raiseConcern":{},"correct":{}})"),
      ElementsAre(JsonFault{"correct", "only one of request can be set"}));
  EXPECT_THAT(Faults(R"({"raiseConcern":{},"raise_concern":{}})"),
              ElementsAre(JsonFault{"raise_concern", "stands here twice"},
                          JsonFault{"raise_concern",
                                    "only one of request can be set"}));
  // What a serialiser writes for members that are not set.
  EXPECT_THAT(Faults(R"({"raiseConcern":{},"correct":null})"), IsEmpty());
}

TEST(ReadJsonTest, RefusesWhatIsNoObject) {
  EXPECT_THAT(Faults(R"({"raiseConcern":)"),
              ElementsAre(JsonFault{"", "is not JSON, at character 17"}));
  EXPECT_THAT(Faults("[1]"), Not(IsEmpty()));
  EXPECT_THAT(Faults("7"), ElementsAre(JsonFault{"", "is no object"}));
  EXPECT_THAT(Faults("null"), ElementsAre(JsonFault{"", "is no object"}));
  EXPECT_THAT(Faults("\xff"), Not(IsEmpty()));
}

TEST(ReadJsonTest, TellsNoValue) {
  for (const absl::string_view text :
       {R"({"raiseConcern":{"concern":{"urgency":"Quillmere"}}})",
        R"({"raiseConcern":{"children":"Quillmere"}})",
        R"({"raiseConcern":{"submission":"Quillmere)",
        R"({"raiseConcern": Quillmere})", R"({"Eliwyn Quillmere":{}})",
        R"({"raiseConcern":{"submission":{"validateOnly":"Quillmere"}}})"}) {
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
  police::v1::Item item;
  auto* request = item.mutable_raise_concern();
  request->mutable_submission()->set_request_id("\"\\\n\x01 Élo \u202e");
  request->mutable_submission()->set_validate_only(true);
  request->add_children()->set_person_number(3);
  request->mutable_account()->add_documents()->set_size_bytes(1u << 31);
  request->mutable_concern()->set_urgency(event::v1::URGENCY_URGENT);
  request->mutable_account()->mutable_occurred()->mutable_not_known();
  request->mutable_account()->mutable_place()->add_harm_contexts(
      event::v1::HARM_CONTEXT_ONLINE);
  std::string json;
  AppendJson(item, &json);

  police::v1::Item ours;
  EXPECT_THAT(ReadJson(json, &ours), IsEmpty());
  police::v1::Item theirs;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &theirs).ok());
  using google::protobuf::util::MessageDifferencer;
  EXPECT_TRUE(MessageDifferencer::Equals(item, ours)) << json;
  EXPECT_TRUE(MessageDifferencer::Equals(item, theirs)) << json;
}

}  // namespace
}  // namespace vigil::cli
