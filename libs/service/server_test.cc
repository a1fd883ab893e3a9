// The server and the agency service together, over real connections.
#include "libs/service/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/atomic_file.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/service/callers.h"
#include "libs/service/channel.h"
#include "libs/service/metrics.h"
#include "libs/service/status.h"
#include "libs/service/test_certificates.h"
#include "libs/service/test_writer.h"
#include "libs/service/writer_service.h"

namespace vigil::service {
namespace {

using common::v1::Receipt;
using common::v1::Statement;
using common::v1::StreamOutcome;
using common::v1::SubmitBatchRequest;
using common::v1::SubmitBatchResponse;
using google::protobuf::Message;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char kService[] = "vigil.police.v1.PoliceService";
const std::string kSubmit = "/vigil.police.v1.PoliceService/Submit";
const std::string kSubmitBatch = "/vigil.police.v1.PoliceService/SubmitBatch";

// Before main, so before any thread: RunUntilSignal is tested in this process.
const bool kProcessBegun = [] {
  BeginProcess();
  return true;
}();

Receipt ReceiptFor(const std::string& id) {
  Receipt receipt;
  receipt.set_conversation_ref(id);
  return receipt;
}

Statement Incident(const std::string& request_id) {
  Statement request;
  request.mutable_submission()->set_request_id(request_id);
  return request;
}

// A police service on a free port over TLS, and another over plaintext, whose
// requests a test answers as it likes.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    std::string pattern = testing::TempDir() + "server.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    process_.set_data_folder(folder_ + "/data");
    config::v1::Listener& listener = *process_.mutable_listener();
    listener.set_address("127.0.0.1:0");
    listener.set_certificate_file(TestCertificates() + "/police.crt");
    listener.set_private_key_file(TestCertificates() + "/police.key");
    // Both authorities are trusted; only one is the register's issuer.
    listener.set_client_ca_file(folder_ + "/both.crt");
    std::ofstream(listener.client_ca_file())
        << *ReadFile(TestCertificates() + "/ca.crt")
        << *ReadFile(TestCertificates() + "/other/ca.crt");
    listener.mutable_plaintext()->set_address("127.0.0.1:0");
  }

  ~ServerTest() override {
    if (server_ != nullptr) server_->Shutdown();
    std::filesystem::remove_all(folder_);
  }

  void Start(SubmitFn submit, uint32_t calls_in_flight = 8,
             uint32_t requests_in_flight = kRequestsInFlightPerSystem) {
    config::v1::Register systems;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"(systems { id: "force-records"
                     san_uri: "vigil://system/force-records"
                     issuer: "Vigil development authority"
                     roles: ROLE_AUDITOR }
           systems { id: "demo" san_uri: "vigil://system/demo"
                     issuer: "Vigil development authority"
                     roles: ROLE_AUDITOR })",
        &systems));
    callers_ = std::make_unique<Callers>(
        *Register::Make(systems, {}),
        CallersOptions{.plaintext_system = "demo",
                       .calls_in_flight_per_system = calls_in_flight,
                       .requests_in_flight_per_system = requests_in_flight});
    service_ = std::make_unique<WriterService>(PoliceWriter(), callers_.get(),
                                               &metrics_, std::move(submit));
    server_ = std::make_unique<Server>("police", process_, &metrics_);
    server_->Add(service_->name(), service_->grpc_service());
    absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  // Answers each request with its own id.
  static void Echo(const Call&, const Statement& statement,
                   const ReceiptDone& done) {
    done(ReceiptFor(statement.submission().request_id()));
  }

  Channel Tls(const std::string& system) const {
    auto channel = Channel::Open(
        {.address = server_->tls_address(),
         .ca_file = TestCertificates() + "/ca.crt",
         .certificate_file = TestCertificates() + "/" + system + ".crt",
         .private_key_file = TestCertificates() + "/" + system + ".key"});
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }

  Channel Plaintext() const {
    return *Channel::Open({.address = server_->plaintext_address(),
                           .ca_file = "",
                           .certificate_file = "",
                           .private_key_file = ""});
  }

  config::v1::Process process_;
  Metrics metrics_;
  std::unique_ptr<Callers> callers_;
  std::unique_ptr<WriterService> service_;
  std::unique_ptr<Server> server_;

 private:
  std::string folder_;
};

TEST_F(ServerTest, AKnownSystemIsItself) {
  std::string system;
  Start(
      [&](const Call& call, const Statement& request, const ReceiptDone& done) {
        system = call.caller.system();
        Echo(call, request, done);
      });
  Receipt receipt;
  absl::Status status =
      Tls("force-records").Call(kSubmit, Incident("r1"), &receipt);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(receipt.conversation_ref(), "r1");
  EXPECT_EQ(system, "force-records");
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("vigil_requests_total{code=\"OK\",rpc=\"vigil.police."
                        "v1.PoliceService/Submit\"} 1"));
}

TEST_F(ServerTest, AnUnregisteredCertificateIsNobody) {
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(Tls("stranger").Call(kSubmit, Incident("r"), &receipt),
            Unauthenticated());
}

TEST_F(ServerTest, ARegisteredNameByAnotherIssuerIsNobody) {
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(Tls("other/force-records").Call(kSubmit, Incident("r"), &receipt),
            Unauthenticated());
}

TEST_F(ServerTest, AnUntrustedAuthorityGetsNoConnection) {
  process_.mutable_listener()->set_client_ca_file(TestCertificates() +
                                                  "/ca.crt");
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(
      Tls("other/force-records").Call(kSubmit, Incident("r"), &receipt).code(),
      absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, WithoutACertificateThereIsNoConnection) {
  Start(Echo);
  auto channel = Channel::Open({.address = server_->tls_address(),
                                .ca_file = TestCertificates() + "/ca.crt",
                                .certificate_file = "",
                                .private_key_file = ""});
  Receipt receipt;
  EXPECT_EQ(channel->Call(kSubmit, Incident("r"), &receipt).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PlaintextToTheTlsPortIsNoConnection) {
  Start(Echo);
  auto channel = Channel::Open({.address = server_->tls_address(),
                                .ca_file = "",
                                .certificate_file = "",
                                .private_key_file = ""});
  Receipt receipt;
  EXPECT_EQ(channel->Call(kSubmit, Incident("r"), &receipt).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PlaintextSpeaksAsTheNamedSystem) {
  std::string system;
  Start(
      [&](const Call& call, const Statement& request, const ReceiptDone& done) {
        system = call.caller.system();
        Echo(call, request, done);
      });
  Receipt receipt;
  absl::Status status = Plaintext().Call(kSubmit, Incident("r"), &receipt);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(system, "demo");
}

TEST_F(ServerTest, PlaintextIsForThisMachineOnly) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0",
                              "localhost:0", "unix:/tmp/x", ""}) {
    process_.mutable_listener()->mutable_plaintext()->set_address(address);
    Server server("police", process_, &metrics_);
    EXPECT_EQ(server.Start().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

TEST_F(ServerTest, AKeyThatIsNotTheCertificatesIsToldAtTheStart) {
  process_.mutable_listener()->set_private_key_file(TestCertificates() +
                                                    "/health.key");
  EXPECT_EQ(Server("police", process_, &metrics_).Start().code(),
            absl::StatusCode::kInvalidArgument);
  process_.mutable_listener()->set_private_key_file("/nowhere");
  EXPECT_EQ(Server("police", process_, &metrics_).Start().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ServerTest, APortThatIsTakenIsToldAtTheStart) {
  Start(Echo);
  process_.mutable_listener()->set_address(server_->tls_address());
  process_.set_data_folder(process_.data_folder() + "2");
  EXPECT_EQ(Server("police", process_, &metrics_).Start().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, ACallHasADeadlineAlwaysAndItsTrace) {
  const std::string trace =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  std::vector<Call> calls;
  Start(
      [&](const Call& call, const Statement& request, const ReceiptDone& done) {
        calls.push_back(call);
        Echo(call, request, done);
      });
  Receipt receipt;
  const absl::Time before = absl::Now();
  const Channel channel = Plaintext();
  ASSERT_TRUE(
      channel
          .Call(kSubmit, Incident("r"), &receipt,
                {.timeout = absl::InfiniteDuration(), .traceparent = trace})
          .ok());
  ASSERT_TRUE(channel
                  .Call(kSubmit, Incident("r"), &receipt,
                        {.timeout = absl::Hours(1),
                         .traceparent = "00-not-hexadecimal"})
                  .ok());
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_GE(calls[0].deadline, before + kDefaultDeadline);
  EXPECT_LE(calls[0].deadline, absl::Now() + kDefaultDeadline);
  EXPECT_EQ(calls[0].traceparent, trace);
  EXPECT_GT(calls[1].deadline, absl::Now() + kDefaultDeadline);
  EXPECT_EQ(calls[1].traceparent, "");
}

TEST_F(ServerTest, AnErrorCarriesItsDetails) {
  Start([](const Call&, const Statement&, const ReceiptDone& done) {
    done(RequestIdReused("aa", "bb"));
  });
  Receipt receipt;
  EXPECT_EQ(Plaintext().Call(kSubmit, Incident("r"), &receipt),
            RequestIdReused("aa", "bb"));
}

TEST_F(ServerTest, UnavailableIsRepeatedAsTheServiceConfigSays) {
  std::atomic<int> calls = 0;
  Start(
      [&](const Call& call, const Statement& request, const ReceiptDone& done) {
        if (++calls < 3) return done(AppendInDoubt());
        Echo(call, request, done);
      });
  Receipt receipt;
  EXPECT_TRUE(Plaintext().Call(kSubmit, Incident("r"), &receipt).ok());
  EXPECT_EQ(calls, 3);
}

// "account.headline TEXT_NOT_UTF8", of the one violation.
std::string Violation(const absl::Status& status) {
  google::rpc::BadRequest bad;
  const google::rpc::Status rpc = ToRpcStatus(status);
  for (const auto& detail : rpc.details()) {
    if (detail.UnpackTo(&bad)) break;
  }
  if (bad.field_violations_size() != 1) return bad.DebugString();
  const std::string& text = bad.field_violations(0).description();
  return absl::StrCat(bad.field_violations(0).field(), " ",
                      text.substr(0, text.find(':')));
}

// Bytes that are sent as they are.
google::protobuf::BytesValue Bytes(const std::string& bytes) {
  google::protobuf::BytesValue as_submission;  // field 1, length-delimited
  as_submission.set_value(bytes);
  return as_submission;
}

TEST_F(ServerTest, BytesThatAreNoMessageAreRefused) {
  Start(Echo);
  Receipt receipt;
  const Channel channel = Plaintext();
  EXPECT_EQ(Violation(channel.Call(kSubmit, Bytes("\xff\xff"), &receipt)),
            "submission BYTES_INVALID");
  Statement request = Incident("r");
  std::string bytes = request.submission().SerializeAsString();
  bytes.back() = '\xe9';
  EXPECT_EQ(Violation(channel.Call(kSubmit, Bytes(bytes), &receipt)),
            "submission.request_id TEXT_NOT_UTF8");
}

// A parser would keep the last of two acts, in silence.
TEST_F(ServerTest, TwoActsInOneStatementAreRefused) {
  Start(Echo);
  Statement one = Incident("r");
  one.mutable_incident_attended();
  Statement other;
  other.mutable_home_visited()->set_outcome(event::v1::VISIT_OUTCOME_SEEN);
  google::protobuf::Empty both;
  ASSERT_TRUE(both.ParseFromString(one.SerializeAsString() +
                                   other.SerializeAsString()));
  Receipt receipt;
  EXPECT_THAT(Violation(Plaintext().Call(kSubmit, both, &receipt)),
              HasSubstr("TWO_ACTS"));
}

TEST_F(ServerTest, AnItemThatIsNoMessageRefusesNoOther) {
  Start(Echo);
  SubmitBatchRequest batch;
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    *batch.add_statements() = Incident(id);
  }
  // The second holds a text that is not UTF-8, and the third breaks off: so
  // they are written as bytes, and read by nobody before the server.
  std::string bytes = batch.SerializeAsString();
  bytes[bytes.find("r2")] = '\xe9';
  const size_t third = bytes.find("r3");
  bytes[third - 1] = '\x7f';  // the length of "r3"
  google::protobuf::Empty raw;
  ASSERT_TRUE(raw.ParseFromString(bytes));

  SubmitBatchResponse response;
  const absl::Status status = Plaintext().Call(kSubmitBatch, raw, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.outcomes_size(), 4);
  EXPECT_EQ(response.outcomes(0).receipt().conversation_ref(), "r1");
  EXPECT_EQ(Violation(FromRpcStatus(response.outcomes(1).error())),
            "submission.request_id TEXT_NOT_UTF8");
  EXPECT_EQ(Violation(FromRpcStatus(response.outcomes(2).error())),
            "submission BYTES_INVALID");
  EXPECT_EQ(response.outcomes(3).receipt().conversation_ref(), "r4");

  raw.GetReflection()->MutableUnknownFields(&raw)->AddVarint(999, 1);
  EXPECT_EQ(Violation(Plaintext().Call(kSubmitBatch, raw, &response)),
            "999 UNKNOWN_FIELD");
}

// A client that compresses its messages.
TEST_F(ServerTest, ACompressedMessageIsNotInflated) {
  Start(Echo);
  const auto channel = grpc::CreateChannel(server_->plaintext_address(),
                                           grpc::InsecureChannelCredentials());
  grpc::TemplatedGenericStub<Statement, Receipt> stub(channel);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    const Statement request = Incident(std::string(kMaxBatchBytes / 2, 'r'));
    Receipt receipt;
    absl::Notification done;
    grpc::Status status;
    stub.UnaryCall(&context, kSubmit, {}, &request, &receipt,
                   [&](grpc::Status ended) {
                     status = std::move(ended);
                     done.Notify();
                   });
    done.WaitForNotification();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
        << status.error_message();
  }
}

TEST_F(ServerTest, AnUnknownRpcIsUnimplemented) {
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(
      Plaintext()
          .Call("/vigil.police.v1.PoliceService/None", Incident("r"), &receipt)
          .code(),
      absl::StatusCode::kUnimplemented);
}

TEST_F(ServerTest, ABatchHasOneOutcomePerItemInOrder) {
  // Answered all at once, the last first, on another thread.
  absl::Mutex mutex;
  std::vector<std::pair<std::string, ReceiptDone>> waiting;
  Start([&](const Call&, const Statement& request, ReceiptDone done) {
    absl::MutexLock lock(&mutex);
    waiting.emplace_back(request.submission().request_id(), std::move(done));
  });
  std::thread answers([&] {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(
        +[](decltype(waiting)* all) { return all->size() == 3; }, &waiting));
    for (; !waiting.empty(); waiting.pop_back()) {
      auto& [id, done] = waiting.back();
      done(id == "r2" ? absl::StatusOr<Receipt>(RequestIdReused("a", "b"))
                      : ReceiptFor(id));
    }
  });
  SubmitBatchRequest batch;
  *batch.add_statements() = Incident("r1");
  *batch.add_statements() = Incident("r2");
  auto* bytes = batch.add_statements();  // what no parser takes
  bytes->GetReflection()->MutableUnknownFields(bytes)->AddLengthDelimited(
      1, "\xff\xff");
  *batch.add_statements() = Incident("r5");

  SubmitBatchResponse response;
  absl::Status status = Plaintext().Call(kSubmitBatch, batch, &response);
  answers.join();
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.outcomes_size(), 4);
  EXPECT_EQ(response.outcomes(0).receipt().conversation_ref(), "r1");
  EXPECT_EQ(FromRpcStatus(response.outcomes(1).error()),
            RequestIdReused("a", "b"));
  EXPECT_EQ(Violation(FromRpcStatus(response.outcomes(2).error())),
            "submission BYTES_INVALID");
  EXPECT_EQ(response.outcomes(3).receipt().conversation_ref(), "r5");
}

TEST_F(ServerTest, ABatchHasLimits) {
  Start(Echo);
  const Channel channel = Plaintext();
  SubmitBatchResponse response;

  SubmitBatchRequest batch;
  EXPECT_EQ(Reason(channel.Call(kSubmitBatch, batch, &response)),
            "INVALID_REQUEST");

  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    *batch.add_statements() = Incident("r");
  }
  absl::Status status = channel.Call(kSubmitBatch, batch, &response);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.outcomes_size(), static_cast<int>(kMaxBatchRequests));

  batch.add_statements();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());
  // Nor is a system told to try again with more than it may have in flight.
  while (batch.statements_size() < 10'000) batch.add_statements();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  *batch.add_statements() = Incident(std::string(kMaxBatchBytes, 'r'));
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  Statement& many = *batch.add_statements();
  for (size_t i = 0; i < kMaxCallEvents / 50; ++i) many.add_about();
  while (batch.statements_size() < 50)
    batch.add_statements()->CopyFrom(batch.statements(0));
  status = channel.Call(kSubmitBatch, batch, &response);
  EXPECT_TRUE(status.ok()) << status;
  batch.add_statements()->add_about();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  batch.add_statements();
  batch.GetReflection()->MutableUnknownFields(&batch)->AddVarint(999, 1);
  EXPECT_EQ(Reason(channel.Call(kSubmitBatch, batch, &response)),
            "INVALID_REQUEST");
}

// The limits of what goes in bound what comes out: else a batch would be stored
// whose answer no client takes.
TEST(SubmitBatchResponse, IsNeverMoreThanClientsAccept) {
  SubmitBatchResponse response;
  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    Receipt& receipt = *response.add_outcomes()->mutable_receipt();
    // Four bytes for each character.
    receipt.set_request_id(std::string(4 * kMaxRequestIdCharacters, 'r'));
    receipt.set_conversation_ref(std::string(4 * 100, 'c'));
    receipt.set_durability(common::v1::DURABILITY_LOGGED);
    for (size_t j = 0; j < kMaxCallEvents / kMaxBatchRequests; ++j) {
      common::v1::StoredEvent& event = *receipt.add_events();
      event.set_event_id("2ed6657d-e927-568b-95e1-2665a8aea6a2");
      event.set_subject(
          "s1.p.0123abcd.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA");
      event.set_field("about[19].observations[19]");
      event.set_type("vigil.event.v1.InvestigationStepped");
      event.mutable_position()->set_topic("vigil.social_care.events.v1");
      event.mutable_position()->set_partition(1'000);
      event.mutable_position()->set_offset(INT64_MAX);
    }
    for (size_t j = 0; j < kMaxCallNames / kMaxBatchRequests; ++j) {
      event::v1::Named& named = *receipt.add_named();
      named.set_field("household_described.members[49].person");
      named.set_subject(
          "s1.p.0123abcd.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA");
    }
    for (size_t j = 0; j < kMaxReceiptWarnings; ++j) {
      common::v1::Warning& warning = *receipt.add_warnings();
      warning.set_code("IDENTIFIER_HOLDER_NOT_STATED");
      warning.set_field(
          "involved[49].person.demographics.identifiers[19].verified");
      warning.set_text(
          std::string(event::FindCode("LOCAL_TIME_AMBIGUOUS")->description));
    }
  }
  EXPECT_LT(response.ByteSizeLong(), kMaxBatchBytes);

  response.Clear();
  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    response.add_outcomes()->mutable_error()->set_message(
        std::string(kMaxStatusBytes, 'e'));
  }
  EXPECT_LT(response.ByteSizeLong(), kMaxBatchBytes);
}

// What a client sends on one stream, and what it gets.
class StreamTest : public ServerTest {
 protected:
  using Stub = grpc::TemplatedGenericStub<Statement, StreamOutcome>;

  void Open() {
    channel_ = grpc::CreateChannel(server_->plaintext_address(),
                                   grpc::InsecureChannelCredentials());
    Stub stub(channel_);
    stream_ = stub.PrepareCall(
        &context_, "/vigil.police.v1.PoliceService/SubmitStream", &queue_);
    stream_->StartCall(Tag());
    EXPECT_TRUE(Next());
  }
  void Write(const std::string& id) {
    stream_->Write(Incident(id), Tag());
    EXPECT_TRUE(Next());
  }
  bool Read(StreamOutcome* outcome) {
    stream_->Read(outcome, Tag());
    return Next();
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, Tag());
    EXPECT_TRUE(Next());
    return status;
  }
  void WritesDone() {
    stream_->WritesDone(Tag());
    EXPECT_TRUE(Next());
  }

  void* Tag() { return this; }
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<Statement, StreamOutcome>>
      stream_;
};

TEST_F(StreamTest, EachStatementHasItsOutcomeAsItBecomesKnown) {
  // The first is answered after the second.
  ReceiptDone first;
  Start([&](const Call& call, const Statement& request, ReceiptDone done) {
    if (request.submission().request_id() == "r0") {
      first = std::move(done);
      return;
    }
    Echo(call, request, done);
    if (first != nullptr) std::exchange(first, nullptr)(ReceiptFor("r0"));
  });
  Open();
  Write("r0");
  Write("r1");
  StreamOutcome outcome;
  ASSERT_TRUE(Read(&outcome));
  EXPECT_EQ(outcome.index(), 1u);
  EXPECT_EQ(outcome.outcome().receipt().conversation_ref(), "r1");
  ASSERT_TRUE(Read(&outcome));
  EXPECT_EQ(outcome.index(), 0u);
  EXPECT_EQ(outcome.outcome().receipt().conversation_ref(), "r0");
  WritesDone();
  EXPECT_FALSE(Read(&outcome));
  EXPECT_TRUE(Finish().ok());
}

TEST_F(StreamTest, NoMoreAreReadThanTheWindowHolds) {
  absl::Mutex mutex;
  std::vector<ReceiptDone> held;
  Start([&](const Call&, const Statement&, ReceiptDone done) {
    const absl::MutexLock lock(&mutex);
    held.push_back(std::move(done));
  });
  Open();
  const size_t sent = kStreamWindow + 5;
  for (size_t i = 0; i < sent; ++i) Write("r");
  WritesDone();
  std::thread answers([&] {
    size_t expected = kStreamWindow;  // all that may wait, then whatever comes
    for (size_t answered = 0; answered < sent;) {
      std::vector<ReceiptDone> ready;
      {
        const absl::MutexLock lock(&mutex);
        const auto waits = [&] { return held.size() >= expected; };
        mutex.Await(absl::Condition(&waits));
        EXPECT_LE(held.size(), kStreamWindow);
        ready.swap(held);
      }
      expected = 1;
      answered += ready.size();
      for (ReceiptDone& done : ready) done(ReceiptFor("r"));
    }
  });
  for (size_t i = 0; i < sent; ++i) {
    StreamOutcome outcome;
    EXPECT_TRUE(Read(&outcome));
  }
  answers.join();
  EXPECT_TRUE(Finish().ok());
}

// A read that has completed, and whose reaction is still to come, is under way:
// the stream must not end under it.
TEST_F(StreamTest, CancelledWhileItReadsItEndsInGoodOrder) {
  Start(Echo);
  const auto channel = grpc::CreateChannel(server_->plaintext_address(),
                                           grpc::InsecureChannelCredentials());
  for (int i = 0; i < 300; ++i) {
    grpc::ClientContext context;
    Stub stub(channel);
    stream_ = stub.PrepareCall(
        &context, "/vigil.police.v1.PoliceService/SubmitStream", &queue_);
    stream_->StartCall(Tag());
    EXPECT_TRUE(Next());
    stream_->Write(Incident("r"), Tag());
    Next();
    context.TryCancel();
    EXPECT_EQ(Finish().error_code(), grpc::StatusCode::CANCELLED);
    stream_.reset();  // it lies in the call that the context ends
  }
  // Each has given back its place among the calls, some only now.
  const Channel after = Plaintext();
  const absl::Time end = absl::Now() + absl::Seconds(30);
  Receipt receipt;
  absl::Status status;
  do {
    status = after.Call(kSubmit, Incident("r"), &receipt);
  } while (status == TooMuchInFlight() && absl::Now() < end);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(StreamTest, ABrokenStreamEndsWhenEveryStatementHasItsOutcome) {
  absl::Notification arrived;
  ReceiptDone held;
  Start([&](const Call&, const Statement&, ReceiptDone done) {
    held = std::move(done);
    arrived.Notify();
  });
  Open();
  Write("r0");
  arrived.WaitForNotification();
  context_.TryCancel();
  EXPECT_EQ(Finish().error_code(), grpc::StatusCode::CANCELLED);
  std::exchange(held, nullptr)(ReceiptFor("r0"));  // and nobody reads it
}

TEST_F(ServerTest, ABatchCountsAsManyAsItHolds) {
  Start(Echo, /*calls_in_flight=*/8, /*requests_in_flight=*/kMaxBatchRequests);
  SubmitBatchRequest batch;
  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    *batch.add_statements() = Incident("r");
  }
  const Channel channel = Plaintext();
  SubmitBatchResponse response;
  EXPECT_TRUE(channel.Call(kSubmitBatch, batch, &response).ok());
  EXPECT_TRUE(channel.Call(kSubmitBatch, batch, &response).ok());  // free again
  EXPECT_EQ(response.outcomes_size(), static_cast<int>(kMaxBatchRequests));
}

TEST_F(ServerTest, OneSystemHasSoManyCallsInFlight) {
  absl::Notification arrived;
  ReceiptDone held;
  Start(
      [&](const Call& call, const Statement& request, ReceiptDone done) {
        if (arrived.HasBeenNotified()) return Echo(call, request, done);
        held = std::move(done);
        arrived.Notify();
      },
      /*calls_in_flight=*/1);
  const Channel channel = Plaintext();
  std::thread first([&] {
    Receipt receipt;
    EXPECT_TRUE(channel.Call(kSubmit, Incident("r1"), &receipt).ok());
  });
  arrived.WaitForNotification();
  Receipt receipt;
  absl::Status status = channel.Call(kSubmit, Incident("r2"), &receipt);
  EXPECT_EQ(status, TooMuchInFlight());
  EXPECT_EQ(RetryAfter(status), kRetryAfter);
  // Another system has its own room.
  EXPECT_TRUE(
      Tls("force-records").Call(kSubmit, Incident("r3"), &receipt).ok());
  std::exchange(held, nullptr)(ReceiptFor("r1"));
  first.join();
  EXPECT_TRUE(channel.Call(kSubmit, Incident("r4"), &receipt).ok());
}

TEST_F(ServerTest, HealthIsByName) {
  Start(Echo);
  const Channel channel = Plaintext();
  EXPECT_EQ(channel.IsServing(kService), absl::StatusOr<bool>(true));
  EXPECT_EQ(channel.IsServing("vigil.Freshness"), absl::StatusOr<bool>(false));
  server_->SetServing("vigil.Freshness", true);
  EXPECT_EQ(channel.IsServing("vigil.Freshness"), absl::StatusOr<bool>(true));
  server_->SetServing(kService, false);
  EXPECT_EQ(channel.IsServing(kService), absl::StatusOr<bool>(false));
}

TEST_F(ServerTest, ReflectionIsThereOnlyWhenAskedFor) {
  const std::string method =
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  // ServerReflectionRequest {string list_services = 7}: no package ships its
  // .proto file, and this message has the same field.
  config::v1::Process list_services;
  list_services.set_metrics_address("*");
  google::protobuf::Empty services;  // which keeps what it does not know
  Start(Echo);
  EXPECT_EQ(Plaintext()
                .Stream(method, list_services, &services, [] { return true; })
                .code(),
            absl::StatusCode::kUnimplemented);
  server_->Shutdown();

  process_.set_reflection(true);
  Start(Echo);
  std::string listed;
  absl::Status status =
      Plaintext().Stream(method, list_services, &services, [&] {
        listed += services.SerializeAsString();
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(listed, HasSubstr(kService));
}

TEST_F(ServerTest, WritesItsAddressesForScripts) {
  process_.set_metrics_address("127.0.0.1:0");
  Start(Echo);
  const std::string file = process_.data_folder() + "/addresses";
  EXPECT_EQ(*ReadFile(file),
            absl::StrCat("serving name=police tls=", server_->tls_address(),
                         " plaintext=", server_->plaintext_address(),
                         " metrics=", server_->metrics_address(), "\n"));
  EXPECT_THAT(server_->tls_address(), Not(testing::EndsWith(":0")));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("vigil_certificate_not_after_timestamp_seconds 1"));
  server_->Shutdown();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(ServerTest, AllInterfacesAreToldAsLocalhost) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    process_.mutable_listener()->set_address(address);
    Start(Echo);
    EXPECT_THAT(server_->tls_address(), StartsWith("localhost:"));
    EXPECT_THAT(*ReadFile(process_.data_folder() + "/addresses"),
                HasSubstr(" tls=localhost:"));
    server_->Shutdown();
  }
}

TEST_F(ServerTest, WhatItWritesIsForItsOwnUserAlone) {
  Start(Echo);
  const auto others =
      std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  for (const std::string& path :
       {process_.data_folder(), process_.data_folder() + "/addresses"}) {
    EXPECT_EQ(std::filesystem::status(path).permissions() & others,
              std::filesystem::perms::none)
        << path;
  }
}

TEST_F(ServerTest, ATerminationSignalEndsItInGoodOrder) {
  absl::Notification arrived;
  ReceiptDone held;
  Start([&](const Call&, const Statement&, ReceiptDone done) {
    held = std::move(done);
    arrived.Notify();
  });
  std::thread caller([&] {
    Receipt receipt;
    absl::Status status = Plaintext().Call(kSubmit, Incident("r"), &receipt);
    EXPECT_TRUE(status.ok()) << status;
  });
  arrived.WaitForNotification();
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  // A call in flight is waited for, and only then is the rest drained.
  std::atomic<bool> answered = false;
  std::thread pipeline([&] {
    answered = true;
    std::exchange(held, nullptr)(ReceiptFor("r"));
  });
  bool drained = false;
  EXPECT_EQ(server_->RunUntilSignal([&] { drained = answered; }), 0);
  EXPECT_TRUE(drained);
  EXPECT_FALSE(std::filesystem::exists(process_.data_folder() + "/addresses"));
  caller.join();
  pipeline.join();
}

TEST(Channel, WantsACertificateWithItsKeyAndAuthority) {
  for (const Target& target :
       {Target{"a:1", "ca", "crt", ""}, Target{"a:1", "ca", "", "key"},
        Target{"a:1", "", "crt", "key"}}) {
    EXPECT_EQ(Channel::Open(target).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Channel::Open({"a:1", "/nowhere", "", ""}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(Channel, RefusesTheKeyOfAnotherCertificate) {
  const std::string& folder = TestCertificates();
  const absl::Status status =
      Channel::Open({"a:1", folder + "/ca.crt", folder + "/force-records.crt",
                     folder + "/stranger.key"})
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("/force-records.crt"));
}

}  // namespace
}  // namespace vigil::service
