#include "libs/service/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vigil::service {
namespace {

TEST(Log, WritesAnEventAndItsFields) {
  EXPECT_EQ(LogLine("started", {}), "started");
  EXPECT_EQ(LogLine("relayed", {{"records", 12}, {"topic", "vigil.a"}}),
            "relayed records=12 topic=vigil.a");
}

TEST(Log, QuotesWhatWouldForgeAFieldOrALine) {
  EXPECT_EQ(LogLine("e", {{"a", "two words"}, {"b", ""}}),
            "e a=\"two words\" b=\"\"");
  EXPECT_EQ(LogLine("e", {{"a", "x=y"}}), "e a=\"x=y\"");
  EXPECT_EQ(LogLine("e", {{"a", "x\nforged level=error"}}),
            "e a=\"x\\x0aforged level=error\"");
  EXPECT_EQ(LogLine("e", {{"a", "\"\\"}}), "e a=\"\\\"\\\\\"");
  EXPECT_EQ(LogLine("e", {{"a", "caf\xc3\xa9"}}), "e a=caf\xc3\xa9");
}

TEST(Log, TakesAVectorOfFields) {
  std::vector<LogField> fields = {{"a", 1}};
  fields.emplace_back("b", 2);
  EXPECT_EQ(LogLine("e", fields), "e a=1 b=2");
}

TEST(Log, GoesToStandardErrorWithTimeAndLevel) {
  testing::internal::CaptureStderr();
  SetUpLog();
  LogWarning("late", {{"seconds", 3}});
  const std::string line = testing::internal::GetCapturedStderr();
  // 2026-03-28T10:00:00.250Z warning late seconds=3
  ASSERT_GT(line.size(), 25u) << line;
  EXPECT_EQ(line[10], 'T');
  EXPECT_EQ(line[23], 'Z');
  EXPECT_EQ(line.substr(24), " warning late seconds=3\n");
}

}  // namespace
}  // namespace vigil::service
