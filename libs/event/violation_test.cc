#include "libs/event/violation.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"

namespace vigil::event {
namespace {

using ::testing::SizeIs;

TEST(Violations, KeepTheOrderAndTakeTheCodesOwnWords) {
  Violations violations;
  EXPECT_TRUE(violations.empty());
  violations.Add("account.headline", code::kRequired);
  violations.Add("children", code::kListTooLong, "At most 20 children.");
  EXPECT_THAT(
      violations.list(),
      testing::ElementsAre(
          Violation{"account.headline", "REQUIRED", "This must be stated."},
          Violation{"children", "LIST_TOO_LONG", "At most 20 children."}));
}

TEST(Violations, CountWhatDoesNotFit) {
  Violations violations;
  for (size_t i = 0; i < kMaxViolations + 7; ++i) {
    violations.Add("f", code::kRequired);
  }
  EXPECT_THAT(violations.list(), SizeIs(kMaxViolations));
  EXPECT_EQ(violations.total(), kMaxViolations + 7);
}

TEST(ViolationsDeathTest, AnUnpublishedCodeIsAMistake) {
  Violations violations;
  EXPECT_DEATH(violations.Add("f", "NEVER_PUBLISHED"), "published");
}

TEST(FieldPath, IsSpeltAsInTheProtoFile) {
  const FieldPath root;
  const FieldPath child(&root, "children", 0);
  const FieldPath demographics(&child, "demographics");
  const FieldPath identifier(&demographics, "identifiers", 1);
  EXPECT_EQ(root.Text(), "");
  EXPECT_EQ(FieldPath(&identifier, "value").Text(),
            "children[0].demographics.identifiers[1].value");
}

}  // namespace
}  // namespace vigil::event
