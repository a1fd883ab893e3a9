#include "libs/service/writer_service.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "google/protobuf/arena.h"
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/event/schema.h"
#include "libs/event/two_acts.h"
#include "libs/event/unreadable.h"
#include "libs/event/violation.h"
#include "libs/event/wire_fields.h"
#include "libs/service/callers.h"
#include "libs/service/drafts.h"
#include "libs/service/grpc_call.h"
#include "libs/service/metrics.h"
#include "libs/service/status.h"

namespace vigil::service {
namespace {

using common::v1::Outcome;
using common::v1::Statement;
using google::protobuf::Message;

// The bytes of a message in one piece; `slice` holds them.
absl::string_view InOnePiece(const grpc::ByteBuffer& bytes,
                             grpc::Slice* slice) {
  if (!bytes.TrySingleSlice(slice).ok() &&
      !bytes.DumpToSingleSlice(slice).ok()) {
    return "";
  }
  return {reinterpret_cast<const char*>(slice->begin()), slice->size()};
}

grpc::ByteBuffer ToBytes(const Message& message) {
  const grpc::Slice bytes(message.SerializeAsString());
  return {&bytes, 1};
}

absl::Status Refused(const std::string& field, absl::string_view code) {
  event::Violations violations;
  violations.Add(field, code);
  return InvalidRequest(violations);
}

absl::Status ReadStatement(absl::string_view bytes, Statement* statement) {
  event::Violations violations;
  event::FindTwoActs(bytes, *Statement::descriptor(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  if (statement->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  event::FindUnreadable(*Statement::descriptor(), bytes, &violations);
  if (violations.empty()) violations.Add("", event::code::kBytesInvalid);
  return InvalidRequest(violations);
}

// The same of a message as it came, which may be too large to be read.
absl::Status ReadStatement(const grpc::ByteBuffer& bytes, grpc::Slice* slice,
                           Statement* statement) {
  return bytes.Length() > kMaxBatchBytes
             ? Refused("", event::code::kStatementTooLarge)
             : ReadStatement(InOnePiece(bytes, slice), statement);
}

void SetOutcome(const absl::StatusOr<common::v1::Receipt>& receipt,
                Outcome* outcome) {
  if (receipt.ok()) {
    *outcome->mutable_receipt() = *receipt;
  } else {
    *outcome->mutable_error() = ToRpcStatus(receipt.status());
  }
}

// What is counted of each statement: its act, and what became of it.
class Counters {
 public:
  Counters(std::string writer, Metrics* metrics)
      : writer_(std::move(writer)), metrics_(*metrics) {
    const auto* acts = Statement::descriptor()->FindOneofByName("act");
    for (int i = 0; i < acts->field_count(); ++i) {
      const auto act =
          static_cast<Statement::ActCase>(acts->field(i)->number());
      if (ok_.size() <= static_cast<size_t>(act)) {
        ok_.resize(static_cast<size_t>(act) + 1);
      }
      ok_[static_cast<size_t>(act)] = For(act, absl::StatusCode::kOk);
    }
  }

  void Count(Statement::ActCase act, absl::StatusCode code) {
    const auto number = static_cast<size_t>(act);
    if (code == absl::StatusCode::kOk && number < ok_.size() &&
        ok_[number] != nullptr) {
      ok_[number]->Increment();
    } else {
      For(act, code)->Increment();
    }
  }

 private:
  Metrics::Counter* For(Statement::ActCase act, absl::StatusCode code) {
    const absl::string_view name = ActName(act);
    return metrics_.AddCounter(
        "vigil_statements_total",
        "Statements, by act and by what became of them.",
        {{"writer", writer_},
         {"act", name.empty() ? "none" : std::string(name)},
         {"code", absl::StatusCodeToString(code)}});
  }

  const std::string writer_;
  Metrics& metrics_;
  std::vector<Metrics::Counter*> ok_;  // by act; the others are rare
};

// What all calls of a service share.
struct Shared {
  Callers* callers;
  SubmitFn submit;
  Counters counters;

  void Submit(const Call& call, const Statement& statement, ReceiptDone done) {
    submit(call, statement,
           [this, act = statement.act_case(), done = std::move(done)](
               absl::StatusOr<common::v1::Receipt> receipt) {
             counters.Count(act, receipt.status().code());
             done(std::move(receipt));
           });
  }
};

// A unary call from its arrival to its answer. It is owned by what waits for
// it: the `done` of each statement.
class UnaryCall : public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(Shared* shared, Metrics::Rpc* metrics, grpc::ByteBuffer* response,
            grpc::ServerUnaryReactor* reactor)
      : shared_(*shared),
        metrics_(metrics),
        response_(response),
        reactor_(reactor) {}

  ~UnaryCall() { Check(answered_, "whoever takes a statement calls its done"); }

  void One(const grpc::CallbackServerContext& context,
           const grpc::ByteBuffer& bytes) {
    if (absl::Status let_in = Begin(context); !let_in.ok()) {
      return Answer(let_in);
    }
    grpc::Slice slice;
    auto* statement =
        google::protobuf::Arena::CreateMessage<Statement>(&arena_);
    absl::Status status = ReadStatement(bytes, &slice, statement);
    if (status.ok()) status = started_.place.Hold(1);
    if (!status.ok()) {
      shared_.counters.Count(Statement::ACT_NOT_SET, status.code());
      return Answer(status);
    }
    shared_.Submit(started_.call, *statement,
                   [self = shared_from_this()](
                       const absl::StatusOr<common::v1::Receipt>& receipt) {
                     if (receipt.ok()) *self->response_ = ToBytes(*receipt);
                     self->Answer(receipt.status());
                   });
  }

  void Batch(const grpc::CallbackServerContext& context,
             const grpc::ByteBuffer& bytes) {
    if (absl::Status let_in = Begin(context); !let_in.ok()) {
      return Answer(let_in);
    }
    if (bytes.Length() > kMaxBatchBytes) return Answer(BatchTooLarge());
    grpc::Slice slice;
    std::vector<absl::string_view> statements;
    event::WireFields fields(InOnePiece(bytes, &slice));
    while (fields.Next()) {
      if (fields.number() !=
          common::v1::SubmitBatchRequest::kStatementsFieldNumber) {
        return Answer(
            Refused(absl::StrCat(fields.number()), event::code::kUnknownField));
      }
      if (!fields.has_view()) {
        return Answer(Refused("statements", event::code::kBytesInvalid));
      }
      // Before there is any question of room: a repeat would not help.
      if (statements.size() == kMaxBatchRequests) {
        return Answer(BatchTooLarge());
      }
      statements.push_back(fields.view());
    }
    if (fields.fault()) {
      return Answer(Refused("statements", event::code::kBytesInvalid));
    }
    if (statements.empty()) {
      return Answer(Refused("statements", event::code::kRequired));
    }
    if (absl::Status room =
            started_.place.Hold(static_cast<uint32_t>(statements.size()));
        !room.ok()) {
      return Answer(room);
    }
    SubmitAll(statements);
  }

 private:
  absl::Status Begin(const grpc::CallbackServerContext& context) {
    absl::StatusOr<StartedCall> started = StartCall(*shared_.callers, context);
    if (!started.ok()) return started.status();
    started_ = *std::move(started);
    return absl::OkStatus();
  }

  void SubmitAll(const std::vector<absl::string_view>& statements) {
    std::vector<const Statement*> parsed;
    std::vector<absl::Status> unreadable;
    size_t events = 0;
    size_t names = 0;
    for (const absl::string_view bytes : statements) {
      auto* statement =
          google::protobuf::Arena::CreateMessage<Statement>(&arena_);
      unreadable.push_back(ReadStatement(bytes, statement));
      if (unreadable.back().ok()) {
        events += EventsOf(*statement);
        names += NamesOf(*statement);
      }
      parsed.push_back(statement);
    }
    if (events > kMaxCallEvents || names > kMaxCallNames)
      return Answer(BatchTooLarge());
    outcomes_.resize(statements.size());
    waiting_ = static_cast<int>(statements.size());
    // All are counted first: one that is done before the next begins must not
    // end the call.
    for (size_t i = 0; i < parsed.size(); ++i) {
      if (!unreadable[i].ok()) {
        shared_.counters.Count(Statement::ACT_NOT_SET, unreadable[i].code());
        Done(i, unreadable[i]);
        continue;
      }
      shared_.Submit(started_.call, *parsed[i],
                     [self = shared_from_this(),
                      i](absl::StatusOr<common::v1::Receipt> receipt) {
                       self->Done(i, std::move(receipt));
                     });
    }
  }

  void Done(size_t index, absl::StatusOr<common::v1::Receipt> receipt) {
    outcomes_[index] = std::move(receipt);
    const int waiting = waiting_.fetch_sub(1, std::memory_order_acq_rel);
    Check(waiting > 0, "done is called once");
    if (waiting > 1) return;
    common::v1::SubmitBatchResponse response;
    for (const auto& outcome : outcomes_) {
      SetOutcome(outcome, response.add_outcomes());
    }
    *response_ = ToBytes(response);
    Answer(absl::OkStatus());
  }

  void Answer(const absl::Status& status) {
    Check(!answered_.exchange(true), "done is called once");
    metrics_->Finished(
        status.code(),
        absl::FromChrono(std::chrono::steady_clock::now() - arrived_));
    // Before the answer leaves: who has it may call again at once.
    started_.place = Place();
    reactor_->Finish(ToGrpc(status));
  }

  Shared& shared_;
  Metrics::Rpc* const metrics_;
  grpc::ByteBuffer* const response_;
  grpc::ServerUnaryReactor* const reactor_;
  const std::chrono::steady_clock::time_point arrived_ =
      std::chrono::steady_clock::now();
  StartedCall started_;
  google::protobuf::Arena arena_;
  std::vector<absl::StatusOr<common::v1::Receipt>> outcomes_;  // of a batch
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> answered_ = false;
};

// A stream from its beginning to its end. It ends when the client has said its
// last, every statement has its outcome and every outcome is written; when the
// connection breaks, as soon as every statement has its outcome.
class Stream
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      public std::enable_shared_from_this<Stream> {
 public:
  Stream(Shared* shared, Metrics::Rpc* metrics,
         const grpc::CallbackServerContext* context)
      : shared_(*shared), metrics_(metrics), context_(*context) {}

  // Once it is owned by a shared_ptr.
  void Begin() {
    self_ = shared_from_this();
    absl::StatusOr<StartedCall> started = StartCall(*shared_.callers, context_);
    if (!started.ok()) {
      End(started.status());
      return;
    }
    started_ = *std::move(started);
    StartRead(&read_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      absl::ReleasableMutexLock lock(&mutex_);
      reading_ = false;
      all_read_ = true;
      EndIfDone(&lock);
      return;
    }
    grpc::Slice slice;
    Statement statement;
    const absl::Status read = ReadStatement(read_, &slice, &statement);
    uint64_t index = 0;
    absl::Status room;
    {
      const absl::MutexLock lock(&mutex_);
      reading_ = false;
      index = next_index_++;
      ++unanswered_;
      // Of each statement: a stream that says nothing holds no room.
      room = started_.place.Hold(1);
    }
    if (!room.ok() || !read.ok()) {
      const absl::Status& refused = room.ok() ? read : room;
      shared_.counters.Count(Statement::ACT_NOT_SET, refused.code());
      Done(index, refused, /*held=*/room.ok());
    } else {
      Call call = started_.call;
      // Of each statement: a stream may stay open for days.
      call.deadline = absl::Now() + kDefaultDeadline;
      shared_.Submit(call, statement,
                     [self = shared_from_this(),
                      index](const absl::StatusOr<common::v1::Receipt>& r) {
                       self->Done(index, r);
                     });
    }
    ReadOn();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::ReleasableMutexLock lock(&mutex_);
      writing_ = false;
      if (outcomes_.front().held) started_.place.Free(1);
      outcomes_.pop_front();
      --unanswered_;
      if (!ok) broken_ = true;
      WriteOn();
      EndIfDone(&lock);
    }
    ReadOn();
  }

  void OnCancel() override {
    absl::ReleasableMutexLock lock(&mutex_);
    broken_ = true;
    EndIfDone(&lock);
  }

  void OnDone() override { self_.reset(); }

 private:
  void Done(uint64_t index, const absl::StatusOr<common::v1::Receipt>& receipt,
            bool held = true) {
    common::v1::StreamOutcome outcome;
    outcome.set_index(index);
    SetOutcome(receipt, outcome.mutable_outcome());
    absl::ReleasableMutexLock lock(&mutex_);
    ++done_;
    outcomes_.push_back({ToBytes(outcome), held});
    WriteOn();
    EndIfDone(&lock);
  }

  void WriteOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (broken_ || writing_ || outcomes_.empty()) return;
    writing_ = true;
    StartWrite(&outcomes_.front().bytes);
  }

  void ReadOn() {
    {
      const absl::MutexLock lock(&mutex_);
      if (reading_ || all_read_ || broken_ || unanswered_ >= kStreamWindow) {
        return;
      }
      reading_ = true;
    }
    StartRead(&read_);
  }

  // With no operation of ours under way, a read neither, and every `done`
  // called.
  void EndIfDone(absl::ReleasableMutexLock* lock)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool settled = done_ == next_index_ && !writing_ && !reading_;
    const bool complete = all_read_ && outcomes_.empty();
    if (ended_ || !settled || !(complete || broken_)) return;
    ended_ = true;
    const bool broken = broken_;
    lock->Release();
    Finished(broken ? absl::CancelledError("the stream broke")
                    : absl::OkStatus());
  }

  void End(const absl::Status& status) {
    {
      const absl::MutexLock lock(&mutex_);
      ended_ = true;
    }
    Finished(status);
  }

  void Finished(const absl::Status& status) {
    metrics_->Finished(
        status.code(),
        absl::FromChrono(std::chrono::steady_clock::now() - arrived_));
    started_.place = Place();
    Finish(ToGrpc(status));
  }

  Shared& shared_;
  Metrics::Rpc* const metrics_;
  const grpc::CallbackServerContext& context_;
  const std::chrono::steady_clock::time_point arrived_ =
      std::chrono::steady_clock::now();
  StartedCall started_;
  grpc::ByteBuffer read_;
  std::shared_ptr<Stream> self_;  // until OnDone

  absl::Mutex mutex_;
  struct Answer {
    grpc::ByteBuffer bytes;
    bool held;  // counts among the requests in flight
  };
  std::deque<Answer> outcomes_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_index_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  // Read, and their outcome not yet written.
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_read_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

class WriterService::Rpcs final : public grpc::Service {
 public:
  Rpcs(const Writer& writer, Callers* callers, Metrics* metrics,
       SubmitFn submit)
      : name_(writer.service->full_name()),
        shared_{callers, std::move(submit), Counters(writer.name, metrics)} {
    // A rule that is published and cannot be held ends the process now.
    event::SchemaOf(*Statement::descriptor());
    for (size_t i = 0; i < kMethods.size(); ++i) {
      const auto* method = writer.service->FindMethodByName(kMethods[i]);
      Check(method != nullptr && method->index() == static_cast<int>(i),
            "a writer has Submit, SubmitBatch and SubmitStream");
      // gRPC keeps pointers to the paths.
      paths_[i] = absl::StrCat("/", name_, "/", kMethods[i]);
      metrics_[i] = metrics->ForRpc(absl::StrCat(name_, "/", kMethods[i]));
    }
    Check(writer.service->method_count() == static_cast<int>(kMethods.size()),
          "a writer has no other rpc");
    AddUnary(0, &UnaryCall::One);
    AddUnary(1, &UnaryCall::Batch);
    AddMethod(new grpc::internal::RpcServiceMethod(
        paths_[2].c_str(), grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
    MarkMethodRawCallback(
        2, new grpc::internal::CallbackBidiHandler<grpc::ByteBuffer,
                                                   grpc::ByteBuffer>(
               [this](grpc::CallbackServerContext* context) {
                 const auto stream =
                     std::make_shared<Stream>(&shared_, metrics_[2], context);
                 stream->Begin();
                 return stream.get();
               }));
  }

  const std::string& name() const { return name_; }

 private:
  static constexpr std::array<const char*, 3> kMethods = {
      "Submit", "SubmitBatch", "SubmitStream"};

  using Start = void (UnaryCall::*)(const grpc::CallbackServerContext&,
                                    const grpc::ByteBuffer&);

  void AddUnary(size_t i, Start start) {
    AddMethod(new grpc::internal::RpcServiceMethod(
        paths_[i].c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(
        static_cast<int>(i),
        new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer,
                                                 grpc::ByteBuffer>(
            [this, i, start](grpc::CallbackServerContext* context,
                             const grpc::ByteBuffer* request,
                             grpc::ByteBuffer* response) {
              grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
              const auto call = std::make_shared<UnaryCall>(
                  &shared_, metrics_[i], response, reactor);
              ((*call).*start)(*context, *request);
              return reactor;
            }));
  }

  const std::string name_;
  Shared shared_;
  std::array<std::string, 3> paths_;
  std::array<Metrics::Rpc*, 3> metrics_ = {};
};

WriterService::WriterService(const Writer& writer, Callers* callers,
                             Metrics* metrics, SubmitFn submit)
    : rpcs_(std::make_unique<Rpcs>(writer, callers, metrics,
                                   std::move(submit))) {}

WriterService::~WriterService() = default;

const std::string& WriterService::name() const { return rpcs_->name(); }

grpc::Service* WriterService::grpc_service() { return rpcs_.get(); }

}  // namespace vigil::service
