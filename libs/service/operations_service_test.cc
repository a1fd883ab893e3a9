// A whole writer over a real connection, as its operator sees it.
#include "libs/service/operations_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "google/protobuf/text_format.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/service/channel.h"
#include "libs/service/status.h"
#include "libs/service/test_writer.h"
#include "libs/service/writer_process.h"
#include "tests/fault/faulty_disk.h"
#include "vigil/common/v1/operations.pb.h"

namespace vigil::service {
namespace {

constexpr char kPolice[] = "vigil.police.v1.PoliceService";

class OperationsServiceTest : public testing::Test {
 protected:
  ~OperationsServiceTest() override {
    if (server_ != nullptr) server_->Shutdown();
  }

  void Start(const std::string& roles, bool disk_fails = false) {
    // Tests run beside each other, each in a process of its own.
    folder_ = testing::TempDir() + "/operations-" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    config::v1::Register systems;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"(systems { id: "me" san_uri: "vigil://system/me" issuer: "i"
                     services: "police"
                     organisations { scheme: "police" code: "43" } roles: )" +
            roles + " }",
        &systems));
    const auto known = Register::Make(systems, {"police"});
    ASSERT_TRUE(known.ok()) << known.status();
    callers_ = std::make_unique<Callers>(
        *known, CallersOptions{.plaintext_system = "me"});
    process_.set_data_folder(folder_);
    process_.mutable_log()->mutable_embedded()->set_folder(folder_ + "/log");
    process_.mutable_limits()->set_requests_in_flight(100);
    process_.mutable_limits()->set_request_memory_days(30);
    process_.mutable_listener()->mutable_plaintext()->set_address(
        "127.0.0.1:0");
    process_.mutable_listener()->mutable_plaintext()->set_as_system("me");
    log_ = *eventlog::RocksdbEventLog::Open(
        folder_ + "/log", {{"vigil.police.events.v1", {1, 1, 1}}},
        {.env = disk_.env()});
    if (disk_fails) disk_.FailAt(1, FaultyDisk::Mode::kForAll);
    auto writer = Open("police");
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
    operations_ = std::make_unique<OperationsService>(callers_.get());
    server_ = std::make_unique<Server>("police", process_, &metrics_);
    writer_->AddTo(server_.get(), operations_.get());
    server_->Add(operations_->name(), operations_->grpc_service());
    ASSERT_TRUE(server_->Start().ok());
    channel_ = std::make_unique<Channel>(
        *Channel::Open({.address = server_->plaintext_address(),
                        .ca_file = "",
                        .certificate_file = "",
                        .private_key_file = ""}));
  }

  absl::StatusOr<std::unique_ptr<WriterProcess>> Open(const std::string& name) {
    Writer writer = PoliceWriter();
    writer.name = name;
    return WriterProcess::Open(std::move(writer), folder_ + "/" + name,
                               process_, log_.get(), callers_.get(), &metrics_);
  }

  absl::Status Call(const std::string& method,
                    const google::protobuf::Message& request,
                    google::protobuf::Message* response) {
    return channel_->Call("/vigil.common.v1.OperationsService/" + method,
                          request, response);
  }

  std::string folder_;
  config::v1::Process process_;
  Metrics metrics_;
  std::unique_ptr<Callers> callers_;
  FaultyDisk disk_;  // the log's
  std::unique_ptr<eventlog::EventLog> log_;
  std::unique_ptr<WriterProcess> writer_;
  std::unique_ptr<OperationsService> operations_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(OperationsServiceTest, AnOperatorSeesEachWriter) {
  Start("ROLE_OPERATOR");
  common::v1::GetWritersResponse response;
  const absl::Status status =
      Call("GetWriters", common::v1::GetWritersRequest(), &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.writers_size(), 1);
  const common::v1::Writer& writer = response.writers(0);
  EXPECT_EQ(writer.name(), "police");
  ASSERT_TRUE(writer.has_outbox_records());
  EXPECT_EQ(writer.outbox_records(), 0u);
  EXPECT_FALSE(writer.has_oldest_waiting());
  EXPECT_EQ(writer.log_answers(), event::v1::ANSWER_YES);
  EXPECT_EQ(writer.outbox_writable(), event::v1::ANSWER_YES);
  EXPECT_EQ(writer.stores(), event::v1::ANSWER_YES);
  EXPECT_EQ(writer.naming_key_id().size(), 8u);
  EXPECT_EQ(channel_->IsServing(kPolice), absl::StatusOr<bool>(true));
}

TEST_F(OperationsServiceTest, AWriterThatCanStoreNothingSaysSo) {
  // The first record is its own: what its naming key is called.
  Start("ROLE_OPERATOR", /*disk_fails=*/true);
  absl::StatusOr<bool> serving = true;
  while (serving.ok() && *serving) serving = channel_->IsServing(kPolice);
  ASSERT_TRUE(serving.ok()) << serving.status();
  common::v1::GetWritersResponse response;
  const absl::Status status =
      Call("GetWriters", common::v1::GetWritersRequest(), &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.writers(0).stores(), event::v1::ANSWER_NO);
  EXPECT_EQ(response.writers(0).log_answers(), event::v1::ANSWER_NO);
  EXPECT_EQ(response.writers(0).outbox_writable(), event::v1::ANSWER_YES);
}

TEST_F(OperationsServiceTest, AWriterWithoutItsTopicDoesNotStart) {
  Start("ROLE_OPERATOR");
  const auto health = Open("health");
  EXPECT_EQ(health.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(health.status().message()),
              testing::HasSubstr("vigil.health.events.v1"));
}

TEST_F(OperationsServiceTest, ParkedRecordsAreRelayedByName) {
  Start("ROLE_OPERATOR");
  common::v1::RelayParkedRequest request;
  common::v1::RelayParkedResponse response;
  request.set_writer("nobody");
  EXPECT_EQ(Call("RelayParked", request, &response).code(),
            absl::StatusCode::kInvalidArgument);
  request.set_writer("police");
  ASSERT_TRUE(Call("RelayParked", request, &response).ok());
  EXPECT_EQ(response.records(), 0u);
}

TEST_F(OperationsServiceTest, OthersSeeNothing) {
  Start("ROLE_PUBLISHER");
  common::v1::GetWritersResponse response;
  EXPECT_EQ(
      Call("GetWriters", common::v1::GetWritersRequest(), &response).code(),
      absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(response.writers_size(), 0);
}

}  // namespace
}  // namespace vigil::service
