#include "libs/service/operations_service.h"

#include <grpcpp/server_context.h>

#include <optional>
#include <vector>

#include "absl/time/clock.h"
#include "libs/event/check.h"
#include "libs/event/codes.h"
#include "libs/event/violation.h"
#include "libs/service/callers.h"
#include "libs/service/grpc_call.h"
#include "libs/service/status.h"
#include "vigil/common/v1/operations.grpc.pb.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
namespace v1 = ::vigil::event::v1;

v1::Answer YesOrNo(bool yes) { return yes ? v1::ANSWER_YES : v1::ANSWER_NO; }

}  // namespace

class OperationsService::Rpcs final
    : public common::OperationsService::CallbackService {
 public:
  struct Watched {
    std::string name;
    eventlog::StoreAndForward* store;
    std::string naming_key_id;
  };

  explicit Rpcs(Callers* callers) : callers_(callers) {}

  grpc::ServerUnaryReactor* GetWriters(
      grpc::CallbackServerContext* context,
      const common::GetWritersRequest* request,
      common::GetWritersResponse* response) override {
    absl::Status status = Admit(*context, *request);
    if (status.ok()) {
      for (const Watched& watched : watched_) Tell(watched, response);
    }
    return Finish(context, status);
  }

  grpc::ServerUnaryReactor* RelayParked(
      grpc::CallbackServerContext* context,
      const common::RelayParkedRequest* request,
      common::RelayParkedResponse* response) override {
    absl::Status status = Admit(*context, *request);
    if (status.ok()) status = Relay(request->writer(), response);
    return Finish(context, status);
  }

  const std::string name = common::OperationsService::service_full_name();
  std::vector<Watched> watched_;

 private:
  absl::Status Admit(const grpc::CallbackServerContext& context,
                     const google::protobuf::Message& request) const {
    const auto started = StartCall(*callers_, context);
    if (!started.ok()) return started.status();
    if (!started->call.caller.HasRole(config::v1::ROLE_OPERATOR)) {
      return PermissionDenied("operations.operator", "register-1");
    }
    event::Violations violations;
    event::Warnings warnings;
    event::CheckRequest(request, absl::Now(), &violations, &warnings);
    return violations.empty() ? absl::OkStatus() : InvalidRequest(violations);
  }

  static void Tell(const Watched& watched,
                   common::GetWritersResponse* response) {
    const eventlog::Outbox& outbox = *watched.store->outbox();
    common::Writer& writer = *response->add_writers();
    writer.set_name(watched.name);
    writer.set_outbox_records(outbox.depth());
    writer.set_parked_records(outbox.parked());
    if (const std::optional<absl::Time> oldest = outbox.oldest()) {
      const int64_t milliseconds = absl::ToUnixMillis(*oldest);
      writer.mutable_oldest_waiting()->set_seconds(milliseconds / 1000);
      writer.mutable_oldest_waiting()->set_nanos(
          static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
    }
    writer.set_log_answers(YesOrNo(watched.store->log_answers()));
    writer.set_outbox_writable(YesOrNo(outbox.writable()));
    writer.set_stores(YesOrNo(watched.store->stores()));
    writer.set_naming_key_id(watched.naming_key_id);
  }

  absl::Status Relay(const std::string& writer,
                     common::RelayParkedResponse* response) {
    for (const Watched& watched : watched_) {
      if (watched.name != writer) continue;
      response->set_records(watched.store->outbox()->parked());
      return watched.store->RetryParked();
    }
    event::Violations violations;
    violations.Add("writer", event::code::kRequired,
                   "no such writer in this process");
    return InvalidRequest(violations);
  }

  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                          const absl::Status& status) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(status));
    return reactor;
  }

  Callers* const callers_;
};

OperationsService::OperationsService(Callers* callers)
    : rpcs_(std::make_unique<Rpcs>(callers)) {}

OperationsService::~OperationsService() = default;

void OperationsService::Watch(const std::string& writer,
                              eventlog::StoreAndForward* store,
                              const std::string& naming_key_id) {
  rpcs_->watched_.push_back({writer, store, naming_key_id});
}

const std::string& OperationsService::name() const { return rpcs_->name; }

grpc::Service* OperationsService::grpc_service() { return rpcs_.get(); }

}  // namespace vigil::service
