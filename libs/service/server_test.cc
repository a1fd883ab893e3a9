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
#include "libs/service/agency_service.h"
#include "libs/service/callers.h"
#include "libs/service/channel.h"
#include "libs/service/metrics.h"
#include "libs/service/status.h"
#include "libs/service/test_certificates.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::service {
namespace {

using common::v1::Receipt;
using common::v1::SubmitBatchResponse;
using google::protobuf::Message;
using police::v1::RecordIncidentRequest;
using police::v1::SubmitBatchRequest;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char kService[] = "vigil.police.v1.PoliceService";
const std::string kRecordIncident =
    "/vigil.police.v1.PoliceService/RecordIncident";
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

RecordIncidentRequest Incident(const std::string& request_id) {
  RecordIncidentRequest request;
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
    service_ = std::make_unique<AgencyService>(
        *police::v1::Item::descriptor()->file()->FindServiceByName(
            "PoliceService"),
        callers_.get(), &metrics_,
        [](const Message& request) {
          return static_cast<size_t>(
              dynamic_cast<const RecordIncidentRequest&>(request)
                  .children_size());
        },
        std::move(submit));
    server_ = std::make_unique<Server>("police", process_, &metrics_);
    server_->Add(service_->name(), service_->grpc_service());
    absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  // Answers each request with its own id.
  static void Echo(const Call&, const Message& request,
                   const ReceiptDone& done) {
    const auto& incident = dynamic_cast<const RecordIncidentRequest&>(request);
    done(ReceiptFor(incident.submission().request_id()));
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
  std::unique_ptr<AgencyService> service_;
  std::unique_ptr<Server> server_;

 private:
  std::string folder_;
};

TEST_F(ServerTest, AKnownSystemIsItself) {
  std::string system;
  Start([&](const Call& call, const Message& request, const ReceiptDone& done) {
    system = call.caller.system();
    Echo(call, request, done);
  });
  Receipt receipt;
  absl::Status status =
      Tls("force-records").Call(kRecordIncident, Incident("r1"), &receipt);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(receipt.conversation_ref(), "r1");
  EXPECT_EQ(system, "force-records");
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("vigil_requests_total{code=\"OK\",rpc=\"vigil.police."
                        "v1.PoliceService/RecordIncident\"} 1"));
}

TEST_F(ServerTest, AnUnregisteredCertificateIsNobody) {
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(Tls("stranger").Call(kRecordIncident, Incident("r"), &receipt),
            Unauthenticated());
}

TEST_F(ServerTest, ARegisteredNameByAnotherIssuerIsNobody) {
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(
      Tls("other/force-records").Call(kRecordIncident, Incident("r"), &receipt),
      Unauthenticated());
}

TEST_F(ServerTest, AnUntrustedAuthorityGetsNoConnection) {
  process_.mutable_listener()->set_client_ca_file(TestCertificates() +
                                                  "/ca.crt");
  Start(Echo);
  Receipt receipt;
  EXPECT_EQ(Tls("other/force-records")
                .Call(kRecordIncident, Incident("r"), &receipt)
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, WithoutACertificateThereIsNoConnection) {
  Start(Echo);
  auto channel = Channel::Open({.address = server_->tls_address(),
                                .ca_file = TestCertificates() + "/ca.crt",
                                .certificate_file = "",
                                .private_key_file = ""});
  Receipt receipt;
  EXPECT_EQ(channel->Call(kRecordIncident, Incident("r"), &receipt).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PlaintextToTheTlsPortIsNoConnection) {
  Start(Echo);
  auto channel = Channel::Open({.address = server_->tls_address(),
                                .ca_file = "",
                                .certificate_file = "",
                                .private_key_file = ""});
  Receipt receipt;
  EXPECT_EQ(channel->Call(kRecordIncident, Incident("r"), &receipt).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PlaintextSpeaksAsTheNamedSystem) {
  std::string system;
  Start([&](const Call& call, const Message& request, const ReceiptDone& done) {
    system = call.caller.system();
    Echo(call, request, done);
  });
  Receipt receipt;
  absl::Status status =
      Plaintext().Call(kRecordIncident, Incident("r"), &receipt);
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
  Start([&](const Call& call, const Message& request, const ReceiptDone& done) {
    calls.push_back(call);
    Echo(call, request, done);
  });
  Receipt receipt;
  const absl::Time before = absl::Now();
  const Channel channel = Plaintext();
  ASSERT_TRUE(
      channel
          .Call(kRecordIncident, Incident("r"), &receipt,
                {.timeout = absl::InfiniteDuration(), .traceparent = trace})
          .ok());
  ASSERT_TRUE(channel
                  .Call(kRecordIncident, Incident("r"), &receipt,
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
  Start([](const Call&, const Message&, const ReceiptDone& done) {
    done(RequestIdReused("aa", "bb"));
  });
  Receipt receipt;
  EXPECT_EQ(Plaintext().Call(kRecordIncident, Incident("r"), &receipt),
            RequestIdReused("aa", "bb"));
}

TEST_F(ServerTest, UnavailableIsRepeatedAsTheServiceConfigSays) {
  std::atomic<int> calls = 0;
  Start([&](const Call& call, const Message& request, const ReceiptDone& done) {
    if (++calls < 3) return done(AppendInDoubt());
    Echo(call, request, done);
  });
  Receipt receipt;
  EXPECT_TRUE(Plaintext().Call(kRecordIncident, Incident("r"), &receipt).ok());
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
  EXPECT_EQ(
      Violation(channel.Call(kRecordIncident, Bytes("\xff\xff"), &receipt)),
      "submission BYTES_INVALID");
  RecordIncidentRequest request = Incident("r");
  std::string bytes = request.submission().SerializeAsString();
  bytes.back() = '\xe9';
  EXPECT_EQ(Violation(channel.Call(kRecordIncident, Bytes(bytes), &receipt)),
            "submission.request_id TEXT_NOT_UTF8");
}

TEST_F(ServerTest, AnItemThatIsNoMessageRefusesNoOther) {
  Start(Echo);
  SubmitBatchRequest batch;
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    *batch.add_items()->mutable_record_incident() = Incident(id);
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
  grpc::TemplatedGenericStub<RecordIncidentRequest, Receipt> stub(channel);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    const RecordIncidentRequest request =
        Incident(std::string(kMaxBatchBytes / 2, 'r'));
    Receipt receipt;
    absl::Notification done;
    grpc::Status status;
    stub.UnaryCall(&context, kRecordIncident, {}, &request, &receipt,
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
  Start([&](const Call&, const Message& request, ReceiptDone done) {
    absl::MutexLock lock(&mutex);
    waiting.emplace_back(dynamic_cast<const RecordIncidentRequest&>(request)
                             .submission()
                             .request_id(),
                         std::move(done));
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
  *batch.add_items()->mutable_record_incident() = Incident("r1");
  *batch.add_items()->mutable_record_incident() = Incident("r2");
  batch.add_items();  // asks nothing
  auto* unknown = batch.add_items();
  *unknown->mutable_record_incident() = Incident("newer");
  unknown->GetReflection()->MutableUnknownFields(unknown)->AddVarint(999, 1);
  *batch.add_items()->mutable_record_incident() = Incident("r5");

  SubmitBatchResponse response;
  absl::Status status = Plaintext().Call(kSubmitBatch, batch, &response);
  answers.join();
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.outcomes_size(), 5);
  EXPECT_EQ(response.outcomes(0).receipt().conversation_ref(), "r1");
  EXPECT_EQ(FromRpcStatus(response.outcomes(1).error()),
            RequestIdReused("a", "b"));
  EXPECT_EQ(response.outcomes(4).receipt().conversation_ref(), "r5");

  google::rpc::BadRequest bad;
  for (const auto& [outcome, field, code] :
       {std::tuple(2, "request", "REQUIRED: "),
        std::tuple(3, "999", "UNKNOWN_FIELD: ")}) {
    const auto& error = response.outcomes(outcome).error();
    EXPECT_EQ(error.code(),
              static_cast<int>(absl::StatusCode::kInvalidArgument));
    ASSERT_TRUE(error.details(0).UnpackTo(&bad));
    ASSERT_EQ(bad.field_violations_size(), 1);
    EXPECT_EQ(bad.field_violations(0).field(), field);
    EXPECT_THAT(bad.field_violations(0).description(), StartsWith(code));
  }
}

TEST_F(ServerTest, ABatchHasLimits) {
  Start(Echo);
  const Channel channel = Plaintext();
  SubmitBatchResponse response;

  SubmitBatchRequest batch;
  EXPECT_EQ(Reason(channel.Call(kSubmitBatch, batch, &response)),
            "INVALID_REQUEST");

  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    *batch.add_items()->mutable_record_incident() = Incident("r");
  }
  absl::Status status = channel.Call(kSubmitBatch, batch, &response);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.outcomes_size(), static_cast<int>(kMaxBatchRequests));

  batch.add_items();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());
  // Nor is a system told to try again with more than it may have in flight.
  while (batch.items_size() < 10'000) batch.add_items();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  *batch.add_items()->mutable_record_incident() =
      Incident(std::string(kMaxBatchBytes, 'r'));
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  auto& many = *batch.add_items()->mutable_record_incident();
  for (size_t i = 0; i < kMaxCallEvents / 50; ++i) many.add_children();
  while (batch.items_size() < 50) batch.add_items()->CopyFrom(batch.items(0));
  status = channel.Call(kSubmitBatch, batch, &response);
  EXPECT_TRUE(status.ok()) << status;
  batch.add_items()->mutable_record_incident()->add_children();
  EXPECT_EQ(channel.Call(kSubmitBatch, batch, &response), BatchTooLarge());

  batch.Clear();
  batch.add_items();
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
          "s1.p.0123abcd.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
      event.set_type("vigil.event.v1.InvestigationStepped");
      event.mutable_position()->set_topic("vigil.social_care.events.v1");
      event.mutable_position()->set_partition(1'000);
      event.mutable_position()->set_offset(INT64_MAX);
    }
    for (size_t j = 0; j < kMaxReceiptWarnings; ++j) {
      common::v1::Warning& warning = *receipt.add_warnings();
      warning.set_code("IDENTIFIER_HOLDER_NOT_STATED");
      warning.set_field(
          "account.people_involved[49].person.demographics.identifiers[19]"
          ".verified");
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

TEST_F(ServerTest, ABatchCountsAsManyAsItHolds) {
  Start(Echo, /*calls_in_flight=*/8, /*requests_in_flight=*/kMaxBatchRequests);
  SubmitBatchRequest batch;
  for (size_t i = 0; i < kMaxBatchRequests; ++i) {
    *batch.add_items()->mutable_record_incident() = Incident("r");
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
      [&](const Call& call, const Message& request, ReceiptDone done) {
        if (arrived.HasBeenNotified()) return Echo(call, request, done);
        held = std::move(done);
        arrived.Notify();
      },
      /*calls_in_flight=*/1);
  const Channel channel = Plaintext();
  std::thread first([&] {
    Receipt receipt;
    EXPECT_TRUE(channel.Call(kRecordIncident, Incident("r1"), &receipt).ok());
  });
  arrived.WaitForNotification();
  Receipt receipt;
  absl::Status status = channel.Call(kRecordIncident, Incident("r2"), &receipt);
  EXPECT_EQ(status, TooMuchInFlight());
  EXPECT_EQ(RetryAfter(status), kRetryAfter);
  // Another system has its own room.
  EXPECT_TRUE(Tls("force-records")
                  .Call(kRecordIncident, Incident("r3"), &receipt)
                  .ok());
  std::exchange(held, nullptr)(ReceiptFor("r1"));
  first.join();
  EXPECT_TRUE(channel.Call(kRecordIncident, Incident("r4"), &receipt).ok());
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
  Start([&](const Call&, const Message&, ReceiptDone done) {
    held = std::move(done);
    arrived.Notify();
  });
  std::thread caller([&] {
    Receipt receipt;
    absl::Status status =
        Plaintext().Call(kRecordIncident, Incident("r"), &receipt);
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
