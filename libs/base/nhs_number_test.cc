#include "libs/base/nhs_number.h"

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace vigil {
namespace {

TEST(NhsNumberTest, WellFormed) {
  for (const char* number :
       {"9434765919", "9876543210", "9990000018", "9990000050"}) {
    EXPECT_EQ(CheckNhsNumber(number), std::nullopt) << number;
  }
}

TEST(NhsNumberTest, ABodyWithoutACheckDigitHasNoNumber) {
  for (char last = '0'; last <= '9'; ++last) {
    EXPECT_EQ(CheckNhsNumber(std::string("999000000") + last),
              kNhsNumberCheckDigit)
        << last;
  }
}

TEST(NhsNumberTest, TheRestIsNotTheCheckDigit) {
  // 299 mod 11 is 2: the wrong rule would take 2 for 9.
  EXPECT_EQ(CheckNhsNumber("9434765912"), kNhsNumberCheckDigit);
}

TEST(NhsNumberTest, Malformed) {
  EXPECT_EQ(CheckNhsNumber(""), kNhsNumberLength);
  EXPECT_EQ(CheckNhsNumber("999000001"), kNhsNumberLength);
  EXPECT_EQ(CheckNhsNumber("99900000180"), kNhsNumberLength);
  EXPECT_EQ(CheckNhsNumber("999 000 0018"), kNhsNumberNotDigits);
  EXPECT_EQ(CheckNhsNumber("999-000-0018"), kNhsNumberNotDigits);
  EXPECT_EQ(CheckNhsNumber(" 9990000018"), kNhsNumberNotDigits);
  EXPECT_EQ(CheckNhsNumber("999000001X"), kNhsNumberNotDigits);
  EXPECT_EQ(CheckNhsNumber("999000001\xd9\xa8"), kNhsNumberNotDigits);
  EXPECT_EQ(CheckNhsNumber(absl::string_view("999000001\0", 10)),
            kNhsNumberNotDigits);
}

TEST(NhsNumberTest, SyntheticNumbersAreWellFormedDifferentAndOfThe999Range) {
  EXPECT_EQ(GenerateSyntheticNhsNumber(0), "9990000018");
  absl::flat_hash_set<std::string> seen;
  for (uint64_t n = 0; n < kSyntheticNhsNumbers; n += 1 + n / 50'000) {
    const std::string number = GenerateSyntheticNhsNumber(n);
    ASSERT_EQ(CheckNhsNumber(number), std::nullopt) << n;
    ASSERT_EQ(number.substr(0, 3), "999") << n;
    ASSERT_TRUE(seen.insert(number).second) << n;
  }
  EXPECT_EQ(
      CheckNhsNumber(GenerateSyntheticNhsNumber(kSyntheticNhsNumbers - 1)),
      std::nullopt);
}

TEST(NhsNumberDeathTest, SyntheticNumbersEnd) {
  EXPECT_DEATH(GenerateSyntheticNhsNumber(kSyntheticNhsNumbers), "no more");
}

std::string SomeNumber() {
  return GenerateSyntheticNhsNumber(
      *rc::gen::inRange<uint64_t>(0, kSyntheticNhsNumbers));
}

RC_GTEST_PROP(NhsNumberProperty, OneWrongDigitIsFound, ()) {
  const std::string number = SomeNumber();
  for (size_t i = 0; i < number.size(); ++i) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == number[i]) continue;
      std::string wrong = number;
      wrong[i] = digit;
      RC_ASSERT(CheckNhsNumber(wrong) == kNhsNumberCheckDigit);
    }
  }
}

RC_GTEST_PROP(NhsNumberProperty, TwoNeighboursExchangedAreFound, ()) {
  const std::string number = SomeNumber();
  for (size_t i = 1; i < number.size(); ++i) {
    if (number[i - 1] == number[i]) continue;
    std::string wrong = number;
    std::swap(wrong[i - 1], wrong[i]);
    RC_ASSERT(CheckNhsNumber(wrong) == kNhsNumberCheckDigit);
  }
}

}  // namespace
}  // namespace vigil
