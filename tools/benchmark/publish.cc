#include "tools/benchmark/publish.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/benchmark/bare_grpc.h"
#include "tools/benchmark/facts.h"
#include "tools/benchmark/report.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::benchmark {
namespace {

constexpr size_t kInFlight[] = {1, 64};
constexpr std::chrono::seconds kDeadline{30};

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()),
          status.error_message()};
}

// Calls with bytes, in gRPC's callback API: as cheap as a client can be.
class Caller {
 public:
  explicit Caller(const std::string& address)
      : stub_(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {}

  using Answered = std::function<absl::Status(grpc::ByteBuffer& response)>;

  void Call(const std::string& method, const std::string& request,
            const Answered& answered, Done done) {
    struct InFlight {
      grpc::ClientContext context;
      grpc::ByteBuffer request;
      grpc::ByteBuffer response;
    };
    const auto call = std::make_shared<InFlight>();
    const grpc::Slice bytes(request);
    call->request = grpc::ByteBuffer(&bytes, 1);
    call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    stub_.UnaryCall(
        &call->context, method, {}, &call->request, &call->response,
        [call, &answered, done = std::move(done)](const grpc::Status& status) {
          done(status.ok() ? answered(call->response) : ToAbsl(status));
        });
  }

 private:
  grpc::GenericStub stub_;
};

// A receipt that says ACCEPTED would be a measurement of the outbox.
absl::Status CheckLogged(grpc::ByteBuffer& response) {
  common::v1::Receipt receipt;
  grpc::ProtoBufferReader reader(&response);
  if (!receipt.ParseFromZeroCopyStream(&reader)) {
    return absl::DataLossError("the answer is no receipt");
  }
  if (receipt.durability() != common::v1::DURABILITY_LOGGED) {
    return absl::UnavailableError(
        "the log was too slow, and the outbox took a request: this machine is "
        "too busy to measure");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasurePublish(const PublishOptions& options,
                            const std::string& limit, size_t limit_bytes,
                            const Operation& log_alone) {
  const Requests requests;
  const size_t request_bytes = requests.Bytes(0).size();
  Caller police(options.police.address);
  Caller echo(options.echo.address);
  const Caller::Answered logged = CheckLogged;
  const Caller::Answered anything = [](grpc::ByteBuffer&) {
    return absl::OkStatus();
  };
  struct Step {
    std::string what;
    bool is_limit;
    pid_t process;
    size_t bytes;
    Operation operation;
  };
  const Step steps[] = {
      {"police service", false, options.police.process, request_bytes,
       [&](int64_t number, Done done) {
         police.Call(Requests::kMethod, requests.Bytes(number), logged,
                     std::move(done));
       }},
      {"bare gRPC echo", true, options.echo.process, request_bytes,
       [&](int64_t number, Done done) {
         echo.Call(kEchoMethod, requests.Bytes(number), anything,
                   std::move(done));
       }},
      {limit, true, getpid(), limit_bytes, log_alone}};
  for (const size_t in_flight : kInFlight) {
    for (const Step& step : steps) {
      const absl::StatusOr<Measured> measured =
          RunClosedLoop({.in_flight = in_flight,
                         .warm_up = options.warm_up,
                         .duration = options.duration},
                        step.process, step.operation);
      if (!measured.ok()) return measured.status();
      const absl::Status added =
          AddRow(options.rows, {.log = options.log,
                                .measure = absl::StrCat("publish x", in_flight),
                                .what = step.what,
                                .is_limit = step.is_limit,
                                .measured = *measured,
                                .bytes_each = step.bytes});
      if (!added.ok()) return added;
    }
  }
  return absl::OkStatus();
}

}  // namespace vigil::benchmark
