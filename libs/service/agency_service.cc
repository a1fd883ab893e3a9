#include "libs/service/agency_service.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/arena.h"
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/event/unreadable.h"
#include "libs/event/violation.h"
#include "libs/event/wire_fields.h"
#include "libs/service/callers.h"
#include "libs/service/grpc_call.h"
#include "libs/service/metrics.h"
#include "libs/service/status.h"

namespace vigil::service {
namespace {

using google::protobuf::Arena;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr absl::string_view kBatchRpc = "SubmitBatch";

// One rpc of the descriptor.
struct Rpc {
  std::string path;        // "/vigil.police.v1.PoliceService/SubmitBatch"
  const Message* request;  // the prototype
  Metrics::Rpc* metrics;
  // Of SubmitBatch alone: where its items lie, and what each item asks.
  const FieldDescriptor* items = nullptr;
  const OneofDescriptor* asked = nullptr;
};

Rpc Describe(const MethodDescriptor& method, Metrics* metrics) {
  Check(!method.client_streaming() && !method.server_streaming(),
        "every rpc of an agency is unary");
  const std::string name =
      absl::StrCat(method.service()->full_name(), "/", method.name());
  Rpc rpc = {.path = absl::StrCat("/", name),
             .request = google::protobuf::MessageFactory::generated_factory()
                            ->GetPrototype(method.input_type()),
             .metrics = metrics->ForRpc(name)};
  if (method.name() == kBatchRpc) {
    Check(method.output_type() == common::v1::SubmitBatchResponse::descriptor(),
          "SubmitBatch returns outcomes");
    rpc.items = method.input_type()->FindFieldByName("items");
    Check(rpc.items != nullptr && rpc.items->is_repeated() &&
              rpc.items->message_type() != nullptr &&
              rpc.items->message_type()->oneof_decl_count() == 1,
          "a batch has items, and an item one oneof");
    rpc.asked = rpc.items->message_type()->oneof_decl(0);
  } else {
    Check(method.output_type() == common::v1::Receipt::descriptor(),
          "every rpc of an agency returns a receipt");
  }
  return rpc;
}

absl::Status RefusedField(const std::string& field, absl::string_view code) {
  event::Violations violations;
  violations.Add(field, code);
  return InvalidRequest(violations);
}

// The level of `message` alone; below it, the pipeline looks.
absl::Status CheckNoUnknownField(const Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) return absl::OkStatus();
  return RefusedField(absl::StrCat(unknown.field(0).number()),
                      event::code::kUnknownField);
}

// What FindUnreadable found; if nothing, all of `field`.
absl::Status Unreadable(event::Violations& found, const std::string& field) {
  if (found.empty()) found.Add(field, event::code::kBytesInvalid);
  return InvalidRequest(found);
}

std::string Flatten(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string flat;
  if (!bytes.Dump(&slices).ok()) return flat;
  flat.reserve(bytes.Length());
  for (const grpc::Slice& slice : slices) {
    flat.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return flat;
}

// One call from its arrival to its answer. It is owned by what waits for it:
// the `done` of each request.
class CallInFlight : public std::enable_shared_from_this<CallInFlight> {
 public:
  CallInFlight(const Rpc& rpc, grpc::ByteBuffer* response,
               grpc::ServerUnaryReactor* reactor)
      : rpc_(rpc), response_(response), reactor_(reactor) {}

  ~CallInFlight() {
    Check(answered_, "whoever takes a request calls its done");
  }

  void Start(Callers& callers, const grpc::CallbackServerContext& context,
             const grpc::ByteBuffer& bytes, const EventsFn& events,
             const SubmitFn& submit) {
    absl::StatusOr<StartedCall> started = StartCall(callers, context);
    if (!started.ok()) return Answer(started.status());
    started_ = *std::move(started);
    if (absl::Status parsed = Parse(bytes); !parsed.ok()) return Answer(parsed);
    if (absl::Status room = started_.place.Hold(Requests()); !room.ok()) {
      return Answer(room);
    }
    if (rpc_.items == nullptr) {
      return submit(started_.call, *request_,
                    [self = shared_from_this()](
                        const absl::StatusOr<common::v1::Receipt>& receipt) {
                      if (receipt.ok()) self->Write(*receipt);
                      self->Answer(receipt.status());
                    });
    }
    SubmitItems(events, submit);
  }

 private:
  uint32_t Requests() const {
    return rpc_.items == nullptr
               ? 1
               : static_cast<uint32_t>(request_->GetReflection()->FieldSize(
                     *request_, rpc_.items));
  }

  absl::Status Parse(const grpc::ByteBuffer& bytes) {
    if (bytes.Length() > kMaxBatchBytes) return BatchTooLarge();
    grpc::ByteBuffer shared = bytes;  // a reference: the reader wants its own
    grpc::ProtoBufferReader reader(&shared);
    request_ = rpc_.request->New(&arena_);
    if (reader.status().ok() && request_->ParseFromZeroCopyStream(&reader)) {
      // Before there is any question of room: a repeat would not help.
      return Requests() > kMaxBatchRequests ? BatchTooLarge()
                                            : absl::OkStatus();
    }
    const std::string flat = Flatten(bytes);
    if (rpc_.items != nullptr) return ParseItems(flat);
    event::Violations violations;
    event::FindUnreadable(*request_->GetDescriptor(), flat, &violations);
    return Unreadable(violations, "");
  }

  // One item that no parser takes must not take the others with it.
  absl::Status ParseItems(absl::string_view bytes) {
    request_ = rpc_.request->New(&arena_);  // without what was parsed so far
    event::WireFields fields(bytes);
    for (size_t index = 0; fields.Next(); ++index) {
      if (fields.number() != rpc_.items->number()) {
        return RefusedField(absl::StrCat(fields.number()),
                            event::code::kUnknownField);
      }
      if (index == kMaxBatchRequests) return BatchTooLarge();
      Message* item =
          request_->GetReflection()->AddMessage(request_, rpc_.items);
      const bool parsed = item->ParseFromArray(
          fields.view().data(), static_cast<int>(fields.view().size()));
      unreadable_.push_back(parsed ? absl::OkStatus()
                                   : WhyUnreadable(fields.view()));
    }
    if (!fields.fault()) return absl::OkStatus();
    return RefusedField(rpc_.items->name(), event::code::kBytesInvalid);
  }

  // Of an item. Paths begin within its request, as everywhere else.
  absl::Status WhyUnreadable(absl::string_view item) const {
    event::Violations violations;
    event::WireFields fields(item);
    while (fields.Next()) {
      const FieldDescriptor* asked =
          rpc_.items->message_type()->FindFieldByNumber(fields.number());
      if (asked != nullptr) {
        event::FindUnreadable(*asked->message_type(), fields.view(),
                              &violations);
      }
    }
    return Unreadable(violations, rpc_.asked->name());
  }

  void SubmitItems(const EventsFn& events, const SubmitFn& submit) {
    const Reflection& batch = *request_->GetReflection();
    const int items = batch.FieldSize(*request_, rpc_.items);
    if (items == 0) {
      return Answer(RefusedField("items", event::code::kListTooShort));
    }
    if (absl::Status known = CheckNoUnknownField(*request_); !known.ok()) {
      return Answer(known);
    }
    size_t in_all = 0;
    for (int i = 0; i < items; ++i) {
      const Message& item = batch.GetRepeatedMessage(*request_, rpc_.items, i);
      if (const FieldDescriptor* asked = Asked(item)) {
        in_all += events(item.GetReflection()->GetMessage(item, asked));
      }
    }
    if (in_all > kMaxCallEvents) return Answer(BatchTooLarge());
    outcomes_.resize(static_cast<size_t>(items));
    waiting_ = items;
    // All are counted first: an item that is done before the next begins must
    // not end the call.
    for (int i = 0; i < items; ++i) {
      SubmitItem(batch.GetRepeatedMessage(*request_, rpc_.items, i),
                 static_cast<size_t>(i), submit);
    }
  }

  // The request that an item holds; nullptr if none.
  const FieldDescriptor* Asked(const Message& item) const {
    return item.GetReflection()->GetOneofFieldDescriptor(item, rpc_.asked);
  }

  void SubmitItem(const Message& item, size_t index, const SubmitFn& submit) {
    if (index < unreadable_.size() && !unreadable_[index].ok()) {
      return ItemDone(index, unreadable_[index]);
    }
    if (absl::Status known = CheckNoUnknownField(item); !known.ok()) {
      return ItemDone(index, known);
    }
    const FieldDescriptor* asked = Asked(item);
    if (asked == nullptr) {
      return ItemDone(index,
                      RefusedField(rpc_.asked->name(), event::code::kRequired));
    }
    submit(started_.call, item.GetReflection()->GetMessage(item, asked),
           [self = shared_from_this(),
            index](absl::StatusOr<common::v1::Receipt> receipt) {
             self->ItemDone(index, std::move(receipt));
           });
  }

  void ItemDone(size_t index, absl::StatusOr<common::v1::Receipt> receipt) {
    outcomes_[index] = std::move(receipt);
    const int waiting = waiting_.fetch_sub(1, std::memory_order_acq_rel);
    Check(waiting > 0, "done is called once");
    if (waiting > 1) return;
    common::v1::SubmitBatchResponse response;
    for (absl::StatusOr<common::v1::Receipt>& outcome : outcomes_) {
      auto* out = response.add_outcomes();
      if (outcome.ok()) {
        *out->mutable_receipt() = *std::move(outcome);
      } else {
        *out->mutable_error() = ToRpcStatus(outcome.status());
      }
    }
    Write(response);
    Answer(absl::OkStatus());
  }

  void Write(const Message& message) {
    const grpc::Slice bytes(message.SerializeAsString());
    *response_ = grpc::ByteBuffer(&bytes, 1);
  }

  void Answer(const absl::Status& status) {
    Check(!answered_.exchange(true), "done is called once");
    rpc_.metrics->Finished(
        status.code(),
        absl::FromChrono(std::chrono::steady_clock::now() - arrived_));
    // Before the answer leaves: who has it may call again at once.
    started_.place = Place();
    reactor_->Finish(ToGrpc(status));
  }

  const Rpc& rpc_;
  grpc::ByteBuffer* const response_;
  grpc::ServerUnaryReactor* const reactor_;
  const std::chrono::steady_clock::time_point arrived_ =
      std::chrono::steady_clock::now();
  StartedCall started_;
  Arena arena_;
  Message* request_ = nullptr;                                 // on the arena
  std::vector<absl::StatusOr<common::v1::Receipt>> outcomes_;  // of a batch
  std::vector<absl::Status> unreadable_;  // of its items, if any is
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> answered_ = false;
};

}  // namespace

class AgencyService::Rpcs final : public grpc::Service {
 public:
  Rpcs(const google::protobuf::ServiceDescriptor& service, Callers* callers,
       Metrics* metrics, EventsFn events, SubmitFn submit)
      : name_(service.full_name()),
        events_(std::move(events)),
        submit_(std::move(submit)) {
    // gRPC keeps pointers to the paths: the vector does not grow again.
    rpcs_.reserve(static_cast<size_t>(service.method_count()));
    for (int i = 0; i < service.method_count(); ++i) {
      const Rpc& rpc =
          rpcs_.emplace_back(Describe(*service.method(i), metrics));
      AddMethod(new grpc::internal::RpcServiceMethod(
          rpc.path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
      MarkMethodRawCallback(
          i, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer,
                                                      grpc::ByteBuffer>(
                 [this, &rpc, callers](grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) {
                   grpc::ServerUnaryReactor* reactor =
                       context->DefaultReactor();
                   std::make_shared<CallInFlight>(rpc, response, reactor)
                       ->Start(*callers, *context, *request, events_, submit_);
                   return reactor;
                 }));
    }
  }

  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  const EventsFn events_;
  const SubmitFn submit_;
  std::vector<Rpc> rpcs_;
};

AgencyService::AgencyService(const google::protobuf::ServiceDescriptor& service,
                             Callers* callers, Metrics* metrics,
                             EventsFn events, SubmitFn submit)
    : rpcs_(std::make_unique<Rpcs>(service, callers, metrics, std::move(events),
                                   std::move(submit))) {}

AgencyService::~AgencyService() = default;

const std::string& AgencyService::name() const { return rpcs_->name(); }

grpc::Service* AgencyService::grpc_service() { return rpcs_.get(); }

}  // namespace vigil::service
