#include "libs/base/uuid.h"

#include <set>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

// RFC 9562 section 6.6.
constexpr Uuid kDns({0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
                     0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8});

TEST(UuidTest, Version5OfRfc9562AndOfPython) {
  EXPECT_EQ(kDns.Text(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(UuidV5(kDns, "www.example.com").Text(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_EQ(UuidV5(kDns, "python.org").Text(),
            "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  const Uuid url = *Uuid::Parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(UuidV5(url, "").Text(), "1b4db7eb-4057-5ddf-91e0-36dec72071f5");
}

TEST(UuidTest, Version4SaysSoAndDiffers) {
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const Uuid uuid = UuidV4();
    EXPECT_EQ(uuid.bytes()[6] >> 4, 4);
    EXPECT_EQ(uuid.bytes()[8] >> 6, 2);
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(UuidTest, OnlyTheCanonicalTextIsRead) {
  EXPECT_EQ(Uuid::Parse("00000000-0000-0000-0000-000000000000"), Uuid());
  for (const char* other : {"", "6BA7B810-9dad-11d1-80b4-00c04fd430c8",
                            "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
                            "6ba7b8109dad11d180b400c04fd430c8",
                            "6ba7b810-9dad-11d1-80b4-00c04fd430c",
                            "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
                            "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
                            "6ba7b8109-dad-11d1-80b4-00c04fd430c8",
                            "6ba7b810-9dad-11d1-80b4-00c04fd430 8"}) {
    EXPECT_EQ(Uuid::Parse(other), std::nullopt) << other;
  }
}

RC_GTEST_PROP(UuidProperty, TextRoundTrip, (const Uuid::Bytes& bytes)) {
  RC_ASSERT(Uuid::Parse(Uuid(bytes).Text()) == Uuid(bytes));
}

TEST(UuidTest, EqualIdsHashAlike) {
  absl::flat_hash_set<Uuid> set = {kDns};
  EXPECT_TRUE(set.contains(*Uuid::Parse(kDns.Text())));
  EXPECT_FALSE(set.contains(Uuid()));
}

}  // namespace
}  // namespace vigil
