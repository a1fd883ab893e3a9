#include "libs/base/check.h"

#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(CheckDeathTest, FalseAbortsWithThePlaceOfTheCallerAndTheMessage) {
  EXPECT_DEATH(Check(false, "water flows uphill"),
               "check_test.cc:[0-9]+: check failed: water flows uphill");
}

TEST(CheckTest, TrueGoesOn) {
  Check(true, "never shown");
  SUCCEED();
}

}  // namespace
}  // namespace vigil
