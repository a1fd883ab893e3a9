#include "libs/event/naming_key_file.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace vigil::event {
namespace {

class NamingKeyFile : public testing::Test {
 protected:
  std::string Path() const {
    return testing::TempDir() + "/naming-key-" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  void SetUp() override { (void)remove(Path().c_str()); }
  void TearDown() override { (void)remove(Path().c_str()); }

  std::string Read() const {
    std::ifstream in(Path());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Write(const std::string& text) const { std::ofstream(Path()) << text; }
};

TEST_F(NamingKeyFile, IsMadeOnceAndReadForEver) {
  const auto made = ReadOrMakeNamingKey(Path());
  ASSERT_TRUE(made.ok()) << made.status();
  const auto again = ReadOrMakeNamingKey(Path());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(made->id(), again->id());
  EXPECT_EQ(made->secret(), again->secret());
  struct stat info;
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(NamingKeyFile, TwoKeysDiffer) {
  const auto one = ReadOrMakeNamingKey(Path());
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(remove(Path().c_str()), 0);
  const auto two = ReadOrMakeNamingKey(Path());
  ASSERT_TRUE(two.ok());
  EXPECT_NE(one->secret(), two->secret());
}

TEST_F(NamingKeyFile, AnyDamageRefusesToOpen) {
  ASSERT_TRUE(ReadOrMakeNamingKey(Path()).ok());
  const std::string good = Read();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '0' ? '1' : '0';
    Write(bad);
    EXPECT_EQ(ReadOrMakeNamingKey(Path()).status().code(),
              absl::StatusCode::kDataLoss)
        << "byte " << i;
  }
  Write("");
  EXPECT_EQ(ReadOrMakeNamingKey(Path()).status().code(),
            absl::StatusCode::kDataLoss);
  Write(good);
  EXPECT_TRUE(ReadOrMakeNamingKey(Path()).ok());
}

TEST_F(NamingKeyFile, AKeyThatOthersMayReadIsRefused) {
  ASSERT_TRUE(ReadOrMakeNamingKey(Path()).ok());
  ASSERT_EQ(chmod(Path().c_str(), 0640), 0);
  EXPECT_EQ(ReadOrMakeNamingKey(Path()).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace vigil::event
