// Against a service whose every answer the test gives.
#include "tools/vigil/statement_stream.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/limits.h"
#include "libs/service/caller.h"
#include "libs/service/callers.h"
#include "libs/service/metrics.h"
#include "libs/service/server.h"
#include "libs/service/status.h"
#include "libs/service/writer_service.h"
#include "services/writers.h"
#include "tests/temporary_folder.h"

namespace vigil::cli {
namespace {

using common::v1::Receipt;
using common::v1::Statement;
using common::v1::StreamOutcome;
using Received = StatementStream::Received;
using testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(20);

Statement Of(const std::string& request_id) {
  Statement statement;
  statement.mutable_submission()->set_request_id(request_id);
  return statement;
}

class StatementStreamTest : public testing::Test {
 protected:
  ~StatementStreamTest() override {
    if (server_ != nullptr) server_->Shutdown();
  }

  void Serve(service::SubmitFn submit) {
    config::v1::Register systems;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"(systems { id: "demo" san_uri: "vigil://system/demo"
                     issuer: "Vigil" roles: ROLE_AUDITOR })",
        &systems));
    callers_ = std::make_unique<service::Callers>(
        *service::Register::Make(systems, {}),
        service::CallersOptions{.plaintext_system = "demo"});
    service_ = std::make_unique<service::WriterService>(
        *FindWriter("police"), callers_.get(), &metrics_, std::move(submit));
    config::v1::Process process;
    process.set_data_folder(folder_.path() + "/data");
    process.mutable_listener()->mutable_plaintext()->set_address("127.0.0.1:0");
    server_ = std::make_unique<service::Server>("police", process, &metrics_);
    server_->Add(service_->name(), service_->grpc_service());
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  service::Channel Channel() const {
    return *service::Channel::Open({.address = server_->plaintext_address(),
                                    .ca_file = "",
                                    .certificate_file = "",
                                    .private_key_file = ""});
  }

  std::unique_ptr<StatementStream> Stream() const {
    return OpenStream(Channel(), *FindWriter("police"));
  }

  static void Echo(const service::Call&, const Statement& statement,
                   const service::ReceiptDone& done) {
    Receipt receipt;
    receipt.set_request_id(statement.submission().request_id());
    done(receipt);
  }

  TemporaryFolder folder_;
  service::Metrics metrics_;
  std::unique_ptr<service::Callers> callers_;
  std::unique_ptr<service::WriterService> service_;
  std::unique_ptr<service::Server> server_;
};

TEST_F(StatementStreamTest, EachHasItsOutcomeByItsNumber) {
  Serve(Echo);
  const auto stream = Stream();
  constexpr uint64_t kMany = 2'000;
  for (uint64_t i = 0; i < kMany; ++i) stream->Send(Of(absl::StrCat("r", i)));
  std::map<uint64_t, std::string> answered;
  StreamOutcome outcome;
  while (answered.size() < kMany) {
    ASSERT_EQ(stream->Next(kLong, &outcome), Received::kMessage);
    answered[outcome.index()] = outcome.outcome().receipt().request_id();
  }
  for (uint64_t i = 0; i < kMany; ++i) {
    EXPECT_EQ(answered[i], absl::StrCat("r", i));
  }
  EXPECT_EQ(stream->Next(absl::ZeroDuration(), &outcome), Received::kNothing);
  stream->Finish();
  EXPECT_EQ(stream->Next(kLong, &outcome), Received::kEnd);
  EXPECT_TRUE(stream->status().ok()) << stream->status();
}

TEST_F(StatementStreamTest, WaitsNoLongerThanItIsTold) {
  absl::Mutex mutex;
  service::ReceiptDone held;
  Serve([&](const service::Call&, const Statement&, service::ReceiptDone done) {
    const absl::MutexLock lock(&mutex);
    held = std::move(done);
  });
  const auto stream = Stream();
  stream->Send(Of("r"));
  StreamOutcome outcome;
  EXPECT_EQ(stream->Next(absl::Milliseconds(50), &outcome), Received::kNothing);
  const auto taken = [&] { return held != nullptr; };
  {
    const absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&taken), kLong));
  }
  held(Receipt());
  EXPECT_EQ(stream->Next(kLong, &outcome), Received::kMessage);
}

TEST_F(StatementStreamTest, OneThatIsLetGoEndsThoughNobodyAnswers) {
  absl::Mutex mutex;
  std::vector<service::ReceiptDone> held;
  bool hold = true;
  Serve([&](const service::Call&, const Statement&, service::ReceiptDone done) {
    {
      const absl::MutexLock lock(&mutex);
      if (hold) {
        held.push_back(std::move(done));
        return;
      }
    }
    done(Receipt());
  });
  auto stream = Stream();
  for (int i = 0; i < 1'000; ++i) stream->Send(Of("r"));
  const auto taken = [&] { return !held.empty(); };
  {
    const absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&taken), kLong));
  }
  stream.reset();
  std::vector<service::ReceiptDone> rest;
  {
    const absl::MutexLock lock(&mutex);
    hold = false;
    rest.swap(held);
  }
  for (const service::ReceiptDone& done : rest) done(Receipt());
}

TEST_F(StatementStreamTest, SaysWhyItEnded) {
  Serve(Echo);
  const service::Channel channel = Channel();
  server_->Shutdown();
  const auto stream = OpenStream(channel, *FindWriter("police"));
  stream->Send(Of("r"));
  StreamOutcome outcome;
  EXPECT_EQ(stream->Next(kLong, &outcome), Received::kEnd);
  EXPECT_TRUE(absl::IsUnavailable(stream->status())) << stream->status();
  stream->Send(Of("s"));  // to nobody
  EXPECT_EQ(stream->Next(kLong, &outcome), Received::kEnd);
}

TEST_F(StatementStreamTest, InBatchesToo) {
  Serve(Echo);
  const auto stream = OpenBatches(Channel(), *FindWriter("police"), kLong);
  std::vector<std::string> ids;
  StreamOutcome outcome;
  for (const char* id : {"r0", "r1", "r2"}) {
    stream->Send(Of(id));
    EXPECT_EQ(stream->Next(absl::ZeroDuration(), &outcome), Received::kNothing);
  }
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_EQ(stream->Next(kLong, &outcome), Received::kMessage);
    EXPECT_EQ(outcome.index(), i);
    ids.push_back(outcome.outcome().receipt().request_id());
  }
  stream->Send(Of("r3"));
  ASSERT_EQ(stream->Next(kLong, &outcome), Received::kMessage);
  EXPECT_EQ(outcome.index(), 3);
  EXPECT_THAT(ids, ElementsAre("r0", "r1", "r2"));
}

TEST_F(StatementStreamTest, ABatchThatIsRefusedIsARefusalOfEach) {
  Serve(Echo);
  const auto stream = OpenBatches(Channel(), *FindWriter("police"), kLong);
  for (size_t i = 0; i <= kMaxBatchRequests; ++i) stream->Send(Of("r"));
  StreamOutcome outcome;
  for (size_t i = 0; i <= kMaxBatchRequests; ++i) {
    ASSERT_EQ(stream->Next(kLong, &outcome), Received::kMessage);
    EXPECT_EQ(
        service::Reason(service::FromRpcStatus(outcome.outcome().error())),
        "BATCH_TOO_LARGE");
  }
}

}  // namespace
}  // namespace vigil::cli
