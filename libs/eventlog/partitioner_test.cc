#include "libs/eventlog/partitioner.h"

#include <string_view>

#include "gtest/gtest.h"

namespace vigil::eventlog {
namespace {

struct Vector {
  std::string_view key;
  uint32_t hash;
};

// The first six are those of org.apache.kafka.common.utils.UtilsTest (as signed
// numbers there), the rest those of librdkafka's rdmurmur2.c, which took them
// from the Java client.
constexpr Vector kVectors[] = {
    {"21", static_cast<uint32_t>(-973932308)},
    {"foobar", static_cast<uint32_t>(-790332482)},
    {"a-little-bit-long-string", static_cast<uint32_t>(-985981536)},
    {"a-little-bit-longer-string", static_cast<uint32_t>(-1486304829)},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
     static_cast<uint32_t>(-58897971)},
    {"abc", 479470107},
    {"kafka", 0xd067cf64},
    {"giberish123456789", 0x8f552b0c},
    {"1234", 0x9fc97b14},
    {"234", 0xe7c009ca},
    {"34", 0x873930da},
    {"4", 0x5a4b5ca1},
    {"", 0x106e08d9},
};

TEST(Partitioner, AgreesWithKafkasOwnVectors) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(Murmur2(vector.key), vector.hash) << vector.key;
  }
}

TEST(Partitioner, TheSignBitIsDroppedAsKafkaDoes) {
  // murmur2("21") is negative in Java: toPositive() masks, it does not negate.
  EXPECT_EQ(PartitionOf("21", 12), (-973932308 & 0x7fffffff) % 12);
  EXPECT_EQ(PartitionOf("abc", 1), 0);
}

}  // namespace
}  // namespace vigil::eventlog
