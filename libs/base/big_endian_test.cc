#include "libs/base/big_endian.h"

#include <limits>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(BigEndianTest, TheHighestByteComesFirst) {
  std::string bytes = "k";
  AppendBigEndian32(bytes, 0x01020384);
  EXPECT_EQ(bytes, "k\x01\x02\x03\x84");
  bytes.clear();
  AppendBigEndian64(bytes, 0x8102030405060708);
  EXPECT_EQ(bytes, "\x81\x02\x03\x04\x05\x06\x07\x08");
}

TEST(BigEndianTest, ReadsTheFirstBytesOnly) {
  EXPECT_EQ(ReadBigEndian32("\x81\x02\x03\x04zz"), 0x81020304u);
  EXPECT_EQ(ReadBigEndian64("\xff\xff\xff\xff\xff\xff\xff\xff"),
            std::numeric_limits<uint64_t>::max());
}

TEST(BigEndianDeathTest, TooFewBytes) {
  EXPECT_DEATH(ReadBigEndian32("abc"), "too few bytes");
  EXPECT_DEATH(ReadBigEndian64("abcdefg"), "too few bytes");
}

RC_GTEST_PROP(BigEndianProperty, BytesOrderAsTheNumbers,
              (uint64_t one, uint64_t two)) {
  std::string first, second;
  AppendBigEndian64(first, one);
  AppendBigEndian64(second, two);
  RC_ASSERT((one < two) == (first < second));
  RC_ASSERT(ReadBigEndian64(first) == one);
}

}  // namespace
}  // namespace vigil
