#include "tools/vigil/output_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/atomic_file.h"
#include "tests/temporary_folder.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

absl::Status Write(const std::string& path, absl::string_view bytes) {
  absl::StatusOr<OutputFile> file = OutputFile::Open(path);
  return file.ok() ? file->Write(bytes) : file.status();
}

TEST(OutputFileTest, MakesAndReplacesForTheOwnerAlone) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/page";
  for (const char* bytes : {"one", "two"}) {
    ASSERT_TRUE(Write(path, bytes).ok());
    EXPECT_EQ(*ReadFile(path, kOthersMayTouch), bytes);
  }
}

TEST(OutputFileTest, OpeningChangesNothing) {
  TemporaryFolder folder;
  EXPECT_TRUE(OutputFile::Open(folder.path() + "/page").ok());
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(OutputFileTest, FollowsLinks) {
  TemporaryFolder folder;
  const std::string link = folder.path() + "/link";
  fs::create_directory(folder.path() + "/far");
  fs::create_symlink("far/second", link);
  fs::create_symlink("page", folder.path() + "/far/second");
  for (const char* bytes : {"to nothing yet", "to a file"}) {
    ASSERT_TRUE(Write(link, bytes).ok());
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_TRUE(fs::is_symlink(folder.path() + "/far/second"));
    EXPECT_EQ(*ReadFile(folder.path() + "/far/page"), bytes);
  }
}

TEST(OutputFileTest, WritesThroughDevicesAndSaysIfTheyAreFull) {
  TemporaryFolder folder;
  const std::string link = folder.path() + "/link";
  fs::create_symlink("/dev/full", link);
  const absl::Status full = Write(link, "bytes");
  EXPECT_TRUE(absl::IsUnavailable(full)) << full;
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_TRUE(Write("/dev/null", "bytes").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(OutputFileTest, RefusesWhatCannotBeWritten) {
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  fs::create_symlink("circle", folder.path() + "/circle");
  for (const std::string& path :
       {folder.path(), folder.path() + "/missing/page",
        folder.path() + "/file/page", folder.path() + "/circle"}) {
    const absl::Status refused = OutputFile::Open(path).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(refused.message(), HasSubstr(path));
  }
}

TEST(OutputFileTest, NamesTheFileThatWasAskedFor) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/far/page";
  fs::create_directory(folder.path() + "/far");
  absl::StatusOr<OutputFile> file = OutputFile::Open(path);
  ASSERT_TRUE(file.ok());
  fs::remove(folder.path() + "/far");
  const absl::Status failed = file->Write("bytes");
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  EXPECT_THAT(failed.message(), HasSubstr(path));
  EXPECT_THAT(failed.message(), Not(HasSubstr(".tmp.")));
}

}  // namespace
}  // namespace vigil::cli
