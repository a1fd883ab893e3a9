#include "tools/vigil/connection.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/temporary_folder.h"
#include "tools/vigil/asking.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;

TEST(ParseServingLinesTest, ReadsWhatAServerWrites) {
  const auto found = ParseServingLines(
      "serving name=police tls=127.0.0.1:1 plaintext=127.0.0.1:2\n"
      "something else\n"
      "serving name=node tls= plaintext=127.0.0.1:3\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.at("police").tls, "127.0.0.1:1");
  EXPECT_EQ(found.at("police").plaintext, "127.0.0.1:2");
  EXPECT_EQ(found.at("node").tls, "");
  EXPECT_EQ(found.at("node").plaintext, "127.0.0.1:3");
}

TEST(ConnectionTest, FindsServicesInAFolderOfFolders) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() + "/data/police");
  std::ofstream(folder.path() + "/data/police/addresses")
      << "serving name=police plaintext=127.0.0.1:2\n";
  CLI::App app;
  Connection connection;
  connection.AddOptions(&app, {"police", "chronology"});
  const std::string addresses = "--addresses=" + folder.path();
  const char* argv[] = {"test", addresses.c_str()};
  app.parse(2, argv);
  EXPECT_TRUE(connection.To("police").ok());
  const absl::Status missing = connection.To("chronology").status();
  EXPECT_TRUE(absl::IsInvalidArgument(missing));
  EXPECT_THAT(missing.message(), HasSubstr("--chronology"));
  EXPECT_THAT(*connection.Named(), testing::ElementsAre("police"));
}

TEST(ConnectionTest, TheCommandLineGoesBeforeTheEnvironment) {
  setenv("VIGIL_ADDRESSES", "/nowhere", 1);
  const auto parse = [](Connection* connection, const char* option) {
    CLI::App app;
    connection->AddOptions(&app, {"police"});
    const char* argv[] = {"test", option};
    app.parse(option == nullptr ? 1 : 2, argv);
  };
  Connection told;
  parse(&told, "--address=127.0.0.1:1");
  EXPECT_TRUE(told.To("police").ok());
  EXPECT_THAT(*told.Named(), testing::IsEmpty());
  Connection untold;
  parse(&untold, nullptr);
  EXPECT_THAT(untold.To("police").status().message(), HasSubstr("/nowhere"));
  EXPECT_FALSE(untold.Named().ok());
  unsetenv("VIGIL_ADDRESSES");
}

TEST(ParseTimeTest, ReadsInstantsClocksAndDays) {
  const absl::Time summer_noon =
      absl::FromUnixSeconds(1780311600);  // 2026-06-01T11:00:00Z
  EXPECT_EQ(*ParseTime("2026-06-01T11:00:00Z", false), summer_noon);
  EXPECT_EQ(*ParseTime("2026-06-01T12:00", false), summer_noon);
  EXPECT_EQ(*ParseTime("2026-06-01", false), summer_noon - absl::Hours(12));
  EXPECT_EQ(*ParseTime("2026-06-01", true),
            summer_noon + absl::Hours(12) - absl::Nanoseconds(1));
  for (const char* wrong : {"1 June", "", "infinite-future", "infinite-past"}) {
    EXPECT_FALSE(ParseTime(wrong, false).ok()) << wrong;
  }
  const auto fraction =
      TimestampOf(*ParseTime("2026-06-01T11:00:00.25Z", false));
  EXPECT_EQ(fraction.seconds(), absl::ToUnixSeconds(summer_noon));
  EXPECT_EQ(fraction.nanos(), 250'000'000);
}

TEST(ParsePositionTest, ReadsWhatPositionTextWrites) {
  const auto position = ParsePosition("vigil.police.events.v1/3/17");
  ASSERT_TRUE(position.ok());
  EXPECT_EQ(position->topic(), "vigil.police.events.v1");
  EXPECT_EQ(position->partition(), 3);
  EXPECT_EQ(position->offset(), 17);
  for (const char* wrong : {"a/b/c", "t/1", "t/-1/0", "/1/1", "t/1/1/1"}) {
    EXPECT_FALSE(ParsePosition(wrong).ok()) << wrong;
  }
}

TEST(ProgressLineTest, SaysShareRateAndWhatIsLeft) {
  EXPECT_EQ(ProgressLine(500, 1000, 12'000, "lines", absl::Seconds(4)),
            "50% 12,000 lines, 3,000/s, 4s left");
  EXPECT_EQ(ProgressLine(500, 0, 10, "lines", absl::Seconds(2)),
            "10 lines, 5/s");
  EXPECT_EQ(ProgressLine(0, 0, 0, "lines", absl::ZeroDuration()), "0 lines");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(123), "123");
}

}  // namespace
}  // namespace vigil::cli
