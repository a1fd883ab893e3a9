#include "libs/base/hash.h"

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(HashTest, Sha256OfFips180) {
  EXPECT_EQ(Hex(AsBytes(Sha256(""))),
            "e3b0c44298fc1c149afbf4c8996fb924"
            "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(AsBytes(Sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(AsBytes(Sha256(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67"
            "f1809a48a497200e046d39ccc7112cd0");
}

TEST(HashTest, AHasherIsAsNewAfterFinish) {
  Sha256Hasher hasher;
  hasher.Update("abc");
  hasher.Update("");
  hasher.Update("def");
  EXPECT_EQ(hasher.Finish(), Sha256("abcdef"));
  hasher.Update("abc");
  EXPECT_EQ(hasher.Finish(), Sha256("abc"));
  EXPECT_EQ(hasher.Finish(), Sha256(""));
}

TEST(HashTest, EachThreadHasItsOwnContext) {
  Sha256Digest there;
  std::thread([&there] { there = Sha256("abc"); }).join();
  EXPECT_EQ(there, Sha256("abc"));
}

TEST(HashTest, HmacOfRfc4231) {
  EXPECT_EQ(Hex(AsBytes(HmacSha256(std::string(20, '\x0b'), "Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b"
            "881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(AsBytes(HmacSha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c7"
            "5a003f089d2739839dec58b964ec3843");
  // A key longer than a block.
  EXPECT_EQ(Hex(AsBytes(HmacSha256(
                std::string(131, '\xaa'),
                "Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f"
            "8e0bc6213728c5140546040f0ee37f54");
}

TEST(HashTest, HmacUnderOneKeyAndThenAnother) {
  const Sha256Digest first = HmacSha256("first key", "bytes");
  const Sha256Digest second = HmacSha256("second key", "bytes");
  EXPECT_NE(first, second);
  EXPECT_EQ(HmacSha256("second key", "bytes"), second);
  EXPECT_NE(HmacSha256("second key", "other bytes"), second);
  EXPECT_EQ(HmacSha256("first key", "bytes"), first);
  EXPECT_EQ(HmacSha256("first key", "bytes"), first);
}

TEST(HashTest, HmacForgetsTheLastKeyAlsoWhenTheNewOneIsEmpty) {
  HmacSha256("Jefe", "");
  EXPECT_EQ(Hex(AsBytes(HmacSha256("", ""))),
            "b613679a0814d9ec772f95d778c35fc5"
            "ff1697c493715653c6c712144292c5ad");
  HmacSha256("Jefe", "");
  EXPECT_EQ(HmacSha256(absl::string_view(), absl::string_view()),
            HmacSha256("", ""));
}

TEST(HashTest, Base64UrlOfRfc4648WithoutPadding) {
  EXPECT_EQ(Base64Url(""), "");
  EXPECT_EQ(Base64Url("f"), "Zg");
  EXPECT_EQ(Base64Url("fo"), "Zm8");
  EXPECT_EQ(Base64Url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Url("\xfb\xff\xfe"), "-__-");
}

TEST(HashTest, OneValueHasOneSpellingInBase64Url) {
  EXPECT_EQ(FromBase64Url("Zg"), "f");
  EXPECT_EQ(FromBase64Url(""), "");
  for (const char* other :
       {"Zg==", "Zg=", " Zg", "Zg\n", "Zh", "Z", "+//+", "Z!", "Zg."}) {
    EXPECT_EQ(FromBase64Url(other), std::nullopt) << other;
  }
}

RC_GTEST_PROP(HashProperty, Base64UrlRoundTrip, (const std::string& bytes)) {
  RC_ASSERT(FromBase64Url(Base64Url(bytes)) == bytes);
}

RC_GTEST_PROP(HashProperty, PiecesHashAsTheWhole,
              (const std::string& one, const std::string& two)) {
  Sha256Hasher hasher;
  hasher.Update(one);
  hasher.Update(two);
  RC_ASSERT(hasher.Finish() == Sha256(one + two));
}

TEST(HashTest, HexIsLowerCaseAndKeepsLeadingZeros) {
  EXPECT_EQ(Hex(absl::string_view("\x00\x0f\xab", 3)), "000fab");
}

}  // namespace
}  // namespace vigil
