#include "libs/base/secret_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "libs/base/uuid.h"

namespace vigil {
namespace {

TEST(SecretFileTest, MadeOnceForTheOwnerAlone) {
  const std::string path = testing::TempDir() + UuidV4().Text();
  EXPECT_EQ(ReadSecretFile(path).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(CreateSecretFile(path, "key").ok());
  struct stat found;
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(ReadSecretFile(path).value(), "key");
  EXPECT_EQ(CreateSecretFile(path, "other").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadSecretFile(path).value(), "key");
  ::unlink(path.c_str());
}

TEST(SecretFileTest, NotReadWhenOthersCould) {
  const std::string path = testing::TempDir() + UuidV4().Text();
  ASSERT_TRUE(CreateSecretFile(path, "key").ok());
  for (mode_t mode : {0640, 0620, 0610, 0604, 0602, 0601}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const absl::Status status = ReadSecretFile(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << mode;
    EXPECT_EQ(status.message().find("key"), absl::string_view::npos);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(ReadSecretFile(path).value(), "key");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace vigil
