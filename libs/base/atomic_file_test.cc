#include "libs/base/atomic_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/uuid.h"

namespace vigil {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest()
      : folder_(std::filesystem::path(testing::TempDir()) / UuidV4().Text()) {
    std::filesystem::create_directory(folder_);
  }
  ~AtomicFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  static mode_t Mode(const std::string& path) {
    struct stat found;
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 0777;
  }

 private:
  const std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, WritesReadsAndReplaces) {
  const std::string bytes = std::string(200'000, 'x') + '\0' + "end";
  ASSERT_TRUE(WriteFileAtomically(Path("f"), bytes).ok());
  EXPECT_EQ(ReadFile(Path("f")).value(), bytes);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "").ok());
  EXPECT_EQ(ReadFile(Path("f")).value(), "");
  EXPECT_EQ(Mode(Path("f")), kReadableByAll);
  EXPECT_EQ(Names(), std::vector<std::string>{"f"});
}

TEST_F(AtomicFileTest, TheModeIsAsAskedWhateverTheUmask) {
  const mode_t before = ::umask(0777);
  const absl::Status status = WriteFileAtomically(Path("f"), "x", 0640);
  ::umask(before);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(Mode(Path("f")), 0640u);
}

TEST_F(AtomicFileTest, CreateDoesNotReplace) {
  ASSERT_TRUE(CreateFileAtomically(Path("f"), "first", kOwnerOnly).ok());
  EXPECT_EQ(Mode(Path("f")), kOwnerOnly);
  EXPECT_EQ(CreateFileAtomically(Path("f"), "second").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(Path("f")).value(), "first");
  EXPECT_EQ(Names(), std::vector<std::string>{"f"});
}

TEST_F(AtomicFileTest, OfSeveralCreatorsOneSucceeds) {
  std::vector<absl::Status> outcomes(8);
  {
    std::vector<std::jthread> creators;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      creators.emplace_back([this, &outcomes, i] {
        outcomes[i] = CreateFileAtomically(Path("f"), std::to_string(i));
      });
    }
  }
  size_t succeeded = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].ok()) {
      EXPECT_EQ(outcomes[i].code(), absl::StatusCode::kAlreadyExists);
      continue;
    }
    ++succeeded;
    EXPECT_EQ(ReadFile(Path("f")).value(), std::to_string(i));
  }
  EXPECT_EQ(succeeded, 1u);
}

TEST_F(AtomicFileTest, FailuresSayWhatTheSystemSaidAndThePath) {
  const absl::Status missing = ReadFile(Path("none")).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(missing.message().find(Path("none")), absl::string_view::npos);
  EXPECT_EQ(WriteFileAtomically(Path("none/f"), "x").code(),
            absl::StatusCode::kNotFound);
  // What cannot be replaced is left as it is, and nothing is left beside it.
  std::filesystem::create_directories(Path("folder/full"));
  EXPECT_FALSE(WriteFileAtomically(Path("folder"), "x").ok());
  EXPECT_EQ(Names(), std::vector<std::string>{"folder"});
}

TEST_F(AtomicFileTest, OnlyRegularFilesOfASensibleSizeAreRead) {
  EXPECT_EQ(ReadFile(Path("")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(Path("pipe")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "").ok());
  std::filesystem::resize_file(Path("f"), kMaxFileBytes + 1);
  EXPECT_EQ(ReadFile(Path("f")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace vigil
