#include "libs/event/unreadable.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Unreadable(const std::string& bytes) {
  Violations violations;
  FindUnreadable(*common::v1::Statement::descriptor(), bytes, &violations);
  std::vector<std::string> found;
  for (const Violation& violation : violations.list()) {
    found.push_back(absl::StrCat(violation.field, " ", violation.code));
  }
  return found;
}

// `text` stands for any text that is not UTF-8, of as many bytes.
std::string With(std::string bytes, const std::string& text) {
  for (size_t at; (at = bytes.find(text)) != std::string::npos;) {
    bytes.replace(at, text.size(), text.size(), '\xe9');
  }
  return bytes;
}

TEST(FindUnreadable, NamesEachTextThatIsNotUtf8) {
  common::v1::Statement request;
  request.mutable_account()->set_headline("BAD");
  request.add_about()
      ->mutable_person()
      ->mutable_ref()
      ->mutable_local_id()
      ->set_id("P1");
  auto& names = *request.add_about()->mutable_person()->mutable_demographics();
  names.add_names()->set_family("Zoë");
  names.add_names()->set_family("BAD");
  const std::string good = request.SerializeAsString();
  EXPECT_THAT(Unreadable(good), IsEmpty());
  const std::string bad = With(good, "BAD");
  EXPECT_FALSE(request.ParseFromString(bad));
  EXPECT_THAT(
      Unreadable(bad),
      ElementsAre("about[1].person.demographics.names[1].family TEXT_NOT_UTF8",
                  "account.headline TEXT_NOT_UTF8"));
}

TEST(FindUnreadable, NamesWhatBreaksOff) {
  EXPECT_THAT(Unreadable("\xff\xff"), ElementsAre(" BYTES_INVALID"));
  // Field 1, `submission`, of two bytes that begin a text of nine.
  EXPECT_THAT(Unreadable("\x0a\x02\x0a\x09"),
              ElementsAre("submission BYTES_INVALID"));
}

TEST(FindUnreadable, FollowsBytesOnlySoDeep) {
  // A type that holds itself.
  std::string bytes;
  for (int i = 0; i < 200; ++i) {
    std::string outer = "\x1a";  // DescriptorProto.nested_type
    size_t size = bytes.size();
    for (; size > 127; size >>= 7) outer += static_cast<char>(size | 128);
    outer += static_cast<char>(size);
    bytes = outer + bytes;
  }
  Violations violations;
  FindUnreadable(*google::protobuf::DescriptorProto::descriptor(), bytes,
                 &violations);
  ASSERT_EQ(violations.total(), 1u);
  EXPECT_EQ(violations.list()[0].code, "BYTES_INVALID");
}

}  // namespace
}  // namespace vigil::event
