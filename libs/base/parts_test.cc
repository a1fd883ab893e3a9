#include "libs/base/parts.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/hash.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(PartsTest, EachPartIsItsLengthAndItsBytes) {
  EXPECT_EQ(Hex(EncodeParts({"ab", "", "c"})),
            "0000000261620000000000000001"
            "63");
  EXPECT_EQ(EncodeParts({}), "");
  EXPECT_EQ(Hex(EncodeParts({std::string(256, 'x')})).substr(0, 10),
            "0000010078");
}

TEST(PartsTest, AZeroByteIsAByte) {
  EXPECT_EQ(Hex(EncodeParts({absl::string_view("\0", 1)})), "0000000100");
}

std::string Encode(const std::vector<std::string>& parts) {
  return EncodeParts(
      std::vector<absl::string_view>(parts.begin(), parts.end()));
}

// Few letters and short parts, so that lists that only differ in where their
// parts end are common.
std::vector<std::string> SomeParts() {
  return *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::element('a', '\0', '\1')));
}

RC_GTEST_PROP(PartsProperty, DifferentListsGiveDifferentBytes, ()) {
  const std::vector<std::string> one = SomeParts();
  const std::vector<std::string> two = SomeParts();
  RC_ASSERT((one == two) == (Encode(one) == Encode(two)));
}

RC_GTEST_PROP(PartsProperty, MovingAPartsEndChangesTheBytes,
              (const std::string& left, const std::string& right, char c)) {
  RC_ASSERT(EncodeParts({left + c, right}) != EncodeParts({left, c + right}));
}

}  // namespace
}  // namespace vigil
