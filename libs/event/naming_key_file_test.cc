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
  const auto made = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(made.ok()) << made.status();
  const auto again = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(made->current.id(), again->current.id());
  EXPECT_EQ(made->current.secret(), again->current.secret());
  struct stat info;
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(NamingKeyFile, TwoKeysDiffer) {
  const auto one = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(remove(Path().c_str()), 0);
  const auto two = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(two.ok());
  EXPECT_NE(one->current.secret(), two->current.secret());
}

TEST_F(NamingKeyFile, AReplacedKeyIsKept) {
  EXPECT_EQ(ReplaceNamingKey(Path()).status().code(),
            absl::StatusCode::kNotFound);
  const auto first = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(first.ok());
  const auto second = ReplaceNamingKey(Path());
  ASSERT_TRUE(second.ok()) << second.status();
  const auto third = ReplaceNamingKey(Path());
  ASSERT_TRUE(third.ok()) << third.status();
  const auto read = ReadOrMakeNamingKeys(Path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->current.secret(), third->current.secret());
  ASSERT_EQ(read->previous.size(), 2u);
  EXPECT_EQ(read->previous[0].secret(), second->current.secret());
  EXPECT_EQ(read->previous[1].secret(), first->current.secret());
  const auto reference = [](const NamingKey& key) {
    return key.Subject(SubjectKind::kPerson, "police:43", "niche", "1");
  };
  EXPECT_TRUE(read->Named(reference(first->current)));
  EXPECT_TRUE(read->Named(reference(third->current)));
  EXPECT_FALSE(first->Named(reference(third->current)));
  EXPECT_FALSE(first->Named("anything"));
  struct stat info;
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(NamingKeyFile, AnyDamageRefusesToOpen) {
  ASSERT_TRUE(ReadOrMakeNamingKeys(Path()).ok());
  ASSERT_TRUE(ReplaceNamingKey(Path()).ok());
  const std::string good = Read();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '0' ? '1' : '0';
    Write(bad);
    EXPECT_EQ(ReadOrMakeNamingKeys(Path()).status().code(),
              absl::StatusCode::kDataLoss)
        << "byte " << i;
  }
  Write("");
  EXPECT_EQ(ReadOrMakeNamingKeys(Path()).status().code(),
            absl::StatusCode::kDataLoss);
  Write(good);
  EXPECT_TRUE(ReadOrMakeNamingKeys(Path()).ok());
}

TEST_F(NamingKeyFile, AKeyThatOthersMayReadIsRefused) {
  ASSERT_TRUE(ReadOrMakeNamingKeys(Path()).ok());
  ASSERT_EQ(chmod(Path().c_str(), 0640), 0);
  EXPECT_EQ(ReadOrMakeNamingKeys(Path()).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace vigil::event
