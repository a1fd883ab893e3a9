#include "libs/event/unknown.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Unknown(const google::protobuf::Message& message) {
  Violations violations;
  FindUnknown(message, &violations);
  std::vector<std::string> found;
  for (const Violation& violation : violations.list()) {
    found.push_back(absl::StrCat(violation.field, " ", violation.code));
  }
  return found;
}

police::v1::RecordIncidentRequest Request() {
  police::v1::RecordIncidentRequest request;
  request.mutable_submission()->set_request_id("r");
  auto* demographics = request.add_children()->mutable_demographics();
  demographics->set_sex(v1::SEX_FEMALE);
  request.mutable_account()->mutable_place()->add_harm_contexts(
      v1::HARM_CONTEXT_ONLINE);
  return request;
}

// As it would arrive from a client.
template <typename Request>
Request Received(const Request& request) {
  Request received;
  EXPECT_TRUE(received.ParseFromString(request.SerializeAsString()));
  return received;
}

TEST(FindUnknown, AcceptsWhatItKnows) {
  EXPECT_THAT(Unknown(Received(Request())), IsEmpty());
}

TEST(FindUnknown, NamesFieldsByPathAndNumber) {
  auto request = Request();
  request.GetReflection()->MutableUnknownFields(&request)->AddVarint(99, 1);
  auto* demographics = request.mutable_children(0)->mutable_demographics();
  auto* deep =
      demographics->GetReflection()->MutableUnknownFields(demographics);
  deep->AddLengthDelimited(77, "a");
  deep->AddLengthDelimited(77, "b");
  deep->AddFixed32(78, 1);
  EXPECT_THAT(Unknown(Received(request)),
              ElementsAre("children[0].demographics.77 UNKNOWN_FIELD",
                          "children[0].demographics.78 UNKNOWN_FIELD",
                          "99 UNKNOWN_FIELD"));
}

TEST(FindUnknown, NamesEnumValuesAlsoInPackedLists) {
  auto request = Request();
  request.mutable_children(0)->mutable_demographics()->set_sex(
      static_cast<v1::Sex>(99));
  request.mutable_account()->mutable_place()->add_harm_contexts(
      static_cast<v1::HarmContext>(-5));
  request.set_child_present(static_cast<v1::Answer>(6));
  EXPECT_THAT(Unknown(Received(request)),
              ElementsAre("children[0].demographics.sex UNKNOWN_ENUM_VALUE",
                          "account.place.harm_contexts[1] UNKNOWN_ENUM_VALUE",
                          "child_present UNKNOWN_ENUM_VALUE"));
}

TEST(FindUnknown, SeesAKnownNumberOfAnotherWireType) {
  // Field 1 of a submission is text; a number there is another field.
  police::v1::RecordIncidentRequest request;
  ASSERT_TRUE(request.ParseFromString(std::string("\x0a\x02\x08\x01", 4)));
  EXPECT_THAT(Unknown(request), ElementsAre("submission.1 UNKNOWN_FIELD"));
}

}  // namespace
}  // namespace vigil::event
