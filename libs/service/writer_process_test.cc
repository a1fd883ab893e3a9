#include "libs/service/writer_process.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "libs/event/naming_key_file.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/service/test_writer.h"

namespace vigil::service {
namespace {

namespace fs = std::filesystem;

class WriterProcessTest : public testing::Test {
 protected:
  WriterProcessTest() {
    std::string pattern = testing::TempDir() + "writer.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    process_.mutable_log()->mutable_embedded()->set_folder(folder_ + "/log");
    process_.mutable_limits()->set_requests_in_flight(100);
    process_.mutable_limits()->set_request_memory_days(30);
    log_ = *eventlog::RocksdbEventLog::Open(
        folder_ + "/log", {{"vigil.police.events.v1", {1, 1, 1}}});
  }
  ~WriterProcessTest() override {
    log_.reset();
    fs::remove_all(folder_);
  }

  absl::Status Start() {
    Callers callers(*Register::Make({}, {}), {});
    Metrics metrics;
    return WriterProcess::Open(PoliceWriter(), folder_, process_, log_.get(),
                               &callers, &metrics)
        .status();
  }

  std::string KeyFile() const { return folder_ + "/naming.key"; }
  std::string KeyId() const {
    return event::ReadNamingKeys(KeyFile())->current.id();
  }

  std::string folder_;
  config::v1::Process process_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
};

TEST_F(WriterProcessTest, MakesItsKeyOnceAndStartsAgain) {
  ASSERT_TRUE(Start().ok());
  const std::string id = KeyId();
  EXPECT_TRUE(Start().ok());
  EXPECT_EQ(KeyId(), id);
}

TEST_F(WriterProcessTest, AKeyThatIsGoneIsNotMadeAgain) {
  ASSERT_TRUE(Start().ok());
  const std::string id = KeyId();
  fs::rename(KeyFile(), folder_ + "/elsewhere");
  const absl::Status refused = Start();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.message(), id)) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), "backup")) << refused;
  EXPECT_FALSE(fs::exists(KeyFile()));
  fs::rename(folder_ + "/elsewhere", KeyFile());
  EXPECT_TRUE(Start().ok());
}

TEST_F(WriterProcessTest, AnotherKeyIsRefused) {
  ASSERT_TRUE(Start().ok());
  fs::remove(KeyFile());
  ASSERT_TRUE(event::ReadOrMakeNamingKeys(KeyFile()).ok());
  EXPECT_EQ(Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(WriterProcess::ReplaceNamingKey(folder_).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(WriterProcessTest, AKeyIsReplacedOnPurposeOnly) {
  ASSERT_TRUE(Start().ok());
  const std::string id = KeyId();
  fs::copy_file(KeyFile(), folder_ + "/old");
  const absl::Status replaced = WriterProcess::ReplaceNamingKey(folder_);
  ASSERT_TRUE(replaced.ok()) << replaced;
  EXPECT_NE(KeyId(), id);
  EXPECT_EQ(event::ReadNamingKeys(KeyFile())->previous[0].id(), id);
  EXPECT_TRUE(Start().ok());
  // The old file would name with the key that leaked.
  fs::copy_file(folder_ + "/old", KeyFile(),
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(Start().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(WriterProcessTest, AReplacementThatWasCutShortIsCompletedAtTheStart) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(event::ReplaceNamingKey(KeyFile()).ok());
  EXPECT_TRUE(Start().ok());
  EXPECT_TRUE(Start().ok());
}

}  // namespace
}  // namespace vigil::service
