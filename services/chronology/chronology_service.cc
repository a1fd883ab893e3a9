#include "services/chronology/chronology_service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/uuid.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/projection/rebuild.h"
#include "libs/safeguarding/sharing.h"
#include "libs/service/grpc_call.h"
#include "libs/service/log.h"
#include "libs/service/status.h"
#include "services/chronology/queries.h"
#include "services/chronology/status.h"
#include "services/chronology/terms.h"
#include "services/chronology/workers.h"
#include "vigil/chronology/v1/chronology.grpc.pb.h"

namespace vigil::chronology {
namespace {

constexpr char kServiceName[] = "vigil.chronology.v1.ChronologyService";

// Reads are short and mostly from memory; more threads than this would only
// wait for each other's disk.
constexpr size_t kWorkers = 4;

// What a call keeps of its deadline to say that the index did not get there.
constexpr absl::Duration kAnswerMargin = absl::Milliseconds(50);

// How soon a call that waits notices that its caller has left, or that the
// server ends.
constexpr absl::Duration kLookForCancel = absl::Seconds(1);

// One batch of a topic's records is there or is not; this is only how long a
// log that is going away may hold a worker.
constexpr absl::Duration kReadPatience = absl::Seconds(5);

// Between two messages of a rebuild's progress.
constexpr absl::Duration kProgressEvery = absl::Milliseconds(500);

absl::Status NotReady() { return service::LogUnreachable(absl::Seconds(5)); }

// The event that says what was viewed.
eventlog::TopicRecord RecordOf(View view, const std::string& view_id,
                               const service::Call& call, absl::Time now) {
  event::Request request;
  const std::string organisation =
      event::OrganisationText(view.viewed.organisation());
  request.source = event::Source("chronology", organisation);
  request.system = view.viewed.system();
  request.traceparent = call.traceparent;
  request.received = now;
  event::v1::Kind kind;
  *kind.mutable_record_viewed() = std::move(view.viewed);
  event::Draft draft = event::OwnDraft(kind);
  draft.key = organisation;
  *draft.clear.mutable_organisation() = kind.record_viewed().organisation();
  draft.clear.mutable_occurred()->set_instant(
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone()));
  draft.sections.push_back(
      event::SectionOf(event::v1::PART_QUESTION, view.question));
  event::Sealed sealed = event::SealWithId(std::move(draft), request, view_id);
  eventlog::TopicRecord record;
  record.topic = std::string(kAccessTopic);
  record.record.key = std::move(sealed.key);
  record.record.value = std::move(sealed.value);
  for (auto& [name, value] : sealed.headers) {
    record.record.headers.push_back({name, std::move(value)});
  }
  return record;
}

// Tells the metrics how a call ended.
class Timed {
 public:
  Timed(service::Metrics* metrics, absl::string_view rpc)
      : rpc_(metrics->ForRpc(absl::StrCat(kServiceName, "/", rpc))),
        began_(absl::Now()) {}
  void Finished(const absl::Status& status) const {
    rpc_->Finished(status.code(), absl::Now() - began_);
  }

 private:
  service::Metrics::Rpc* const rpc_;
  const absl::Time began_;
};

// For operators: what the register or the policy refused. Of whom was asked,
// and which person asked, stays out of the log.
void SayIfRefused(const service::StartedCall& started, absl::string_view rpc,
                  const absl::Status& status) {
  if (!absl::IsPermissionDenied(status)) return;
  service::LogWarning("refused",
                      {{"system", started.call.caller.system()},
                       {"rpc", rpc},
                       {"rule", service::ReasonDetail(status, "rule")}});
}

// Whether it may ask about the index as a whole.
bool MayOversee(const service::Caller& caller) {
  return caller.HasRole(config::v1::ROLE_OPERATOR) ||
         caller.HasRole(config::v1::ROLE_AUDITOR) ||
         caller.HasRole(config::v1::ROLE_COORDINATOR);
}

}  // namespace

class ChronologyService::Rpcs final
    : public v1::ChronologyService::CallbackService {
 public:
  explicit Rpcs(ServiceParts parts)
      : parts_(std::move(parts)), workers_(kWorkers) {
    for (const eventlog::Partition& partition : parts_.partitions) {
      if (partition.topic != kAccessTopic) ++topics_[partition.topic];
    }
    for (const auto& [topic, partitions] : topics_) {
      writers_.emplace_back(WriterOf(topic));
    }
  }

  ~Rpcs() override {
    absl::MutexLock lock(&rebuild_mutex_);
    if (rebuild_thread_.joinable()) rebuild_thread_.join();
  }

  grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context,
                                 const v1::FindRequest* request,
                                 v1::FindResponse* response) override {
    return Ask("Find", context, request, response);
  }

  grpc::ServerUnaryReactor* GetChronology(
      grpc::CallbackServerContext* context,
      const v1::GetChronologyRequest* request,
      v1::GetChronologyResponse* response) override {
    return Ask("GetChronology", context, request, response);
  }

  grpc::ServerUnaryReactor* GetEntry(grpc::CallbackServerContext* context,
                                     const v1::GetEntryRequest* request,
                                     v1::GetEntryResponse* response) override {
    return Ask("GetEntry", context, request, response);
  }

  grpc::ServerWriteReactor<v1::ReplayResponse>* Replay(
      grpc::CallbackServerContext* context,
      const v1::ReplayRequest* request) override;

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

  grpc::ServerUnaryReactor* ListTerms(grpc::CallbackServerContext* context,
                                      const v1::ListTermsRequest* request,
                                      v1::ListTermsResponse* response) override;

  grpc::ServerWriteReactor<v1::RebuildResponse>* Rebuild(
      grpc::CallbackServerContext* context,
      const v1::RebuildRequest* request) override;

 private:
  class Replaying;
  class Rebuilding;

  absl::Status Check(const google::protobuf::Message& request) const {
    return CheckQuestion(request, parts_.clock(), writers_);
  }

  Standing StandingNow(const Source& source) const {
    return {.runner = source.runner->status(),
            .now = parts_.clock(),
            .topics = topics_};
  }

  Question QuestionOf(const Asking& asking, const service::Call& call,
                      const Source& source) const {
    return {.asking = asking,
            .system = call.caller.system(),
            .snapshot = source.index->snapshot(),
            .standing = StandingNow(source),
            .software_version = parts_.software_version};
  }

  // Appends the view; `done` gets the status with which to answer.
  void Append(View view, const std::string& view_id, const service::Call& call,
              std::function<void(absl::Status)> done) {
    std::vector<eventlog::TopicRecord> records;
    records.push_back(RecordOf(std::move(view), view_id, call, parts_.clock()));
    parts_.views->Append(std::move(records), call.deadline, nullptr,
                         [done = std::move(done)](const absl::Status& appended,
                                                  const eventlog::Fates&) {
                           if (absl::IsUnavailable(appended)) {
                             done(service::AppendInDoubt());
                           } else if (absl::IsResourceExhausted(appended)) {
                             done(service::TooMuchInFlight());
                           } else {
                             done(appended);
                           }
                         });
  }

  // One unary question, as far as it has got. It lives until the answer.
  template <typename Request, typename Response>
  struct Asked {
    absl::string_view rpc;  // a literal
    grpc::CallbackServerContext* context;
    grpc::ServerUnaryReactor* reactor;
    const Request* request;
    Response* response;
    Timed timed;
    service::StartedCall started;
    Asking asking;
    const Source* source;
    projection::Positions wanted = {};

    void Finish(const absl::Status& status) {
      timed.Finished(status);
      SayIfRefused(started, rpc, status);
      started.place = {};
      reactor->Finish(service::ToGrpc(status));
    }
  };

  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Ask(absl::string_view rpc,
                                grpc::CallbackServerContext* context,
                                const Request* request, Response* response) {
    using Call = Asked<Request, Response>;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const Timed timed(parts_.metrics, rpc);
    const auto refuse = [&](const absl::Status& status) {
      timed.Finished(status);
      reactor->Finish(service::ToGrpc(status));
      return reactor;
    };
    auto started = service::StartCall(*parts_.callers, *context);
    if (!started.ok()) return refuse(started.status());
    if (absl::Status checked = Check(*request); !checked.ok()) {
      return refuse(checked);
    }
    auto asking = Admit(started->call.caller, request->asking());
    if (!asking.ok()) {
      SayIfRefused(*started, rpc, asking.status());
      return refuse(asking.status());
    }
    const Source* source = parts_.source();
    if (source == nullptr) return refuse(NotReady());
    auto call = std::make_shared<Call>(
        Call{rpc, context, reactor, request, response, timed,
             *std::move(started), *std::move(asking), source});
    WhenThere(call, [this, call](const absl::Status& there) {
      if (!there.ok()) return call->Finish(there);
      workers_.Do([this, call] { AnswerNow(call); });
    });
    return reactor;
  }

  // Calls `go` once the index is as fresh as the request asks.
  template <typename Call, typename Go>
  void WhenThere(const std::shared_ptr<Call>& call, Go go) {
    call->wanted =
        WantedPositions(call->request->as_of(), call->request->at_least());
    const auto unread = [] {
      return absl::InvalidArgumentError(
          "a position names a partition that this index does not read");
    };
    for (const auto& [partition, next] : call->wanted) {
      if (!MayName(*call, partition)) return go(unread());
    }
    if constexpr (requires { call->request->page_token(); }) {
      // Of our own making, so it may name whatever the page before drew on.
      for (const auto& [partition, next] :
           PositionsOfPage(call->request->page_token())) {
        if (!Reads(partition)) return go(unread());
        int64_t& wanted = call->wanted[partition];
        wanted = std::max(wanted, next);
      }
    }
    if (call->wanted.empty() && call->request->at_least().event_ids().empty()) {
      return go(absl::OkStatus());
    }
    Await(call, std::move(go));
  }

  bool Reads(const eventlog::Partition& partition) const {
    return std::find(parts_.partitions.begin(), parts_.partitions.end(),
                     partition) != parts_.partitions.end();
  }

  // Whoever does not see the combined record has positions from its own
  // receipts; how far another agency's topic goes would tell of that one.
  template <typename Call>
  bool MayName(const Call& call, const eventlog::Partition& partition) const {
    return Reads(partition) &&
           (safeguarding::SeesCombinedRecord(call.asking.asker) ||
            call.started.call.caller.MayPublishThrough(
                WriterOf(partition.topic)));
  }

  // In slices, for nobody tells a call that waits that it was cancelled.
  template <typename Call, typename Go>
  void Await(const std::shared_ptr<Call>& call, Go go) {
    const absl::Time deadline = call->started.call.deadline - kAnswerMargin;
    const absl::Time slice = absl::Now() + kLookForCancel;
    call->source->runner->When(
        [call] { return IsThere(*call); }, std::min(deadline, slice),
        [this, call, go, deadline](const absl::Status& there) {
          if (absl::IsCancelled(there)) return go(NotReady());
          // It stands still; why is for operators (GetStatus).
          if (absl::IsFailedPrecondition(there)) {
            return go(service::ProjectionBehind());
          }
          if (!absl::IsDeadlineExceeded(there)) return go(there);
          if (call->context->IsCancelled() || absl::Now() >= deadline) {
            return go(service::ProjectionBehind());
          }
          // Not from within the runner's own call.
          workers_.Do([this, call, go] { Await(call, go); });
        });
  }

  template <typename Call>
  static bool IsThere(const Call& call) {
    const std::shared_ptr<const projection::Snapshot> snapshot =
        call.source->index->snapshot();
    return projection::Covers(snapshot->positions(), call.wanted) &&
           HasEvents(snapshot, call.asking, call.request->at_least());
  }

  template <typename Call>
  void AnswerNow(const std::shared_ptr<Call>& call) {
    const Question question =
        QuestionOf(call->asking, call->started.call, *call->source);
    View view;
    const absl::Status answered =
        Answer(question, *call->request, call->response, &view);
    if (view.viewed.rpc().empty()) return call->Finish(answered);
    const std::string view_id = UuidV4().Text();
    call->response->set_view_id(view_id);
    Append(std::move(view), view_id, call->started.call,
           [call, answered](const absl::Status& appended) {
             call->Finish(appended.ok() ? answered : appended);
           });
  }

  const ServiceParts parts_;
  std::map<std::string, size_t> topics_;  // without that of views
  std::vector<std::string> writers_;      // of topics_
  absl::Mutex rebuild_mutex_;
  std::thread rebuild_thread_ ABSL_GUARDED_BY(rebuild_mutex_);
  std::atomic<bool> rebuilding_ = false;
  Workers workers_;  // ends first
};

// --- Replay ---

// A stream of batches, each of which is viewed before it is written. Nothing
// here runs twice at once: each step begins when the one before has ended.
class ChronologyService::Rpcs::Replaying final
    : public grpc::ServerWriteReactor<v1::ReplayResponse> {
 public:
  Replaying(Rpcs* rpcs, const v1::ReplayRequest* request)
      : rpcs_(*rpcs),
        request_(*request),
        timed_(rpcs->parts_.metrics, "Replay") {}

  void Start(const grpc::CallbackServerContext& context) {
    auto started = service::StartCall(*rpcs_.parts_.callers, context);
    if (!started.ok()) return End(started.status());
    started_ = *std::move(started);
    if (absl::Status checked = rpcs_.Check(request_); !checked.ok()) {
      return End(checked);
    }
    auto asking = Admit(started_.call.caller, request_.asking());
    if (!asking.ok()) return End(asking.status());
    asking_ = *std::move(asking);
    const bool of_topic = request_.what_case() == v1::ReplayRequest::kTopic;
    const bool may =
        of_topic ? started_.call.caller.HasRole(config::v1::ROLE_AUDITOR)
                 : safeguarding::SeesCombinedRecord(asking_.asker);
    if (!may) {
      return End(
          service::PermissionDenied(of_topic ? "replay.topic" : "replay.child",
                                    safeguarding::kPolicyVersion));
    }
    source_ = rpcs_.parts_.source();
    if (source_ == nullptr) return End(NotReady());
    rpcs_.workers_.Do([this, of_topic] {
      const absl::Status opened = of_topic ? OpenTopic() : OpenChild();
      if (!opened.ok()) return End(opened);
      Step();
    });
  }

  void OnWriteDone(bool ok) override {
    if (!ok || cancelled_) return End(absl::CancelledError("the caller left"));
    rpcs_.workers_.Do([this] { Step(); });
  }

  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  void End(const absl::Status& status) {
    timed_.Finished(status);
    SayIfRefused(started_, "Replay", status);
    started_.place = {};
    Finish(service::ToGrpc(status));
  }

  absl::Status OpenChild() {
    std::map<std::string, size_t> topics;
    for (const eventlog::Partition& partition : rpcs_.parts_.partitions) {
      ++topics[partition.topic];
    }
    if (absl::Status known = CheckFrom(request_.begin(), topics); !known.ok()) {
      return known;
    }
    auto batches = ReplayChild(
        rpcs_.QuestionOf(asking_, started_.call, *source_), request_);
    if (!batches.ok()) return batches.status();
    batches_ = *std::move(batches);
    return absl::OkStatus();
  }

  absl::Status OpenTopic() {
    const std::vector<eventlog::Partition> partitions =
        rpcs_.parts_.log->Partitions(request_.topic());
    if (partitions.empty())
      return absl::NotFoundError("there is no such topic");
    if (absl::Status known = CheckFrom(request_.begin(),
                                       {{request_.topic(), partitions.size()}});
        !known.ok()) {
      return known;
    }
    const projection::Positions from =
        FromProto(request_.begin()).value_or(projection::Positions{});
    const absl::Time deadline = absl::Now() + kReadPatience;
    for (const eventlog::Partition& partition : partitions) {
      const auto end = rpcs_.parts_.log->End(partition, deadline);
      if (!end.ok()) return end.status();
      ends_[partition] = *end;
      const auto it = from.find(partition);
      reached_[partition] = it == from.end() ? 0 : it->second;
      // The log is whole; it is the question that is of another one.
      if (reached_[partition] > *end) {
        return absl::OutOfRangeError(
            absl::StrCat("partition ", partition.partition, " ends at ", *end,
                         ", before the position to begin at"));
      }
    }
    auto cursor = rpcs_.parts_.log->Open(reached_);
    if (!cursor.ok()) return cursor.status();
    cursor_ = *std::move(cursor);
    left_ = request_.has_limit() ? request_.limit() : UINT64_MAX;
    return absl::OkStatus();
  }

  // Takes the next batch, appends its view, and writes it; or ends.
  void Step() {
    if (cancelled_) return End(absl::CancelledError("the caller left"));
    View view;
    if (cursor_ != nullptr) {
      const absl::Status read = ReadTopic();
      if (!read.ok()) return End(read);
      if (response_.events().empty()) return End(absl::OkStatus());
      view = ViewOfBatch(rpcs_.QuestionOf(asking_, started_.call, *source_),
                         request_, response_);
    } else {
      if (next_ == batches_.size()) return End(absl::OkStatus());
      response_ = std::move(batches_[next_].response);
      view = std::move(batches_[next_].view);
      ++next_;
    }
    const std::string view_id = UuidV4().Text();
    response_.set_view_id(view_id);
    service::Call call = started_.call;
    // A history takes longer than a question, so each batch has a deadline of
    // its own; when the caller's own has passed, gRPC cancels.
    call.deadline = absl::Now() + kDefaultDeadline;
    rpcs_.Append(std::move(view), view_id, call,
                 [this](const absl::Status& appended) {
                   if (!appended.ok()) return End(appended);
                   StartWrite(&response_);
                 });
  }

  // Records until a batch is full, or until where the topic ended at first.
  absl::Status ReadTopic() {
    response_.Clear();
    size_t bytes = 0;
    while (left_ > 0 && !projection::Covers(reached_, ends_) &&
           static_cast<size_t>(response_.events_size()) < kReplayBatchRecords &&
           bytes < kReplayBatchBytes) {
      const auto records = cursor_->Next(
          kReplayBatchRecords - static_cast<size_t>(response_.events_size()),
          absl::Now() + kReadPatience);
      if (!records.ok()) return records.status();
      if (records->empty()) return service::LogUnreachable();
      for (const eventlog::LoggedRecord& record : *records) {
        const auto end = ends_.find(record.position.partition);
        if (record.position.offset >= end->second) continue;
        projection::Cover(reached_, record.position);
        if (left_ == 0 || (request_.has_logged_since() &&
                           record.logged < ToTime(request_.logged_since()))) {
          continue;
        }
        --left_;
        v1::LoggedEvent* logged = response_.add_events();
        *logged->mutable_position() = ToProto(record.position);
        SetTime(record.logged, logged->mutable_logged());
        logged->set_value(record.record.value);
        bytes += record.record.value.size();
      }
    }
    *response_.mutable_positions() = ToProto(reached_);
    return absl::OkStatus();
  }

  Rpcs& rpcs_;
  const v1::ReplayRequest& request_;
  const Timed timed_;
  service::StartedCall started_;
  Asking asking_;
  const Source* source_ = nullptr;
  std::atomic<bool> cancelled_ = false;
  v1::ReplayResponse response_;

  std::vector<Batch> batches_;  // of a child
  size_t next_ = 0;

  std::unique_ptr<eventlog::Cursor> cursor_;  // of a topic
  projection::Positions reached_;
  projection::Positions ends_;
  uint64_t left_ = 0;
};

grpc::ServerWriteReactor<v1::ReplayResponse>* ChronologyService::Rpcs::Replay(
    grpc::CallbackServerContext* context, const v1::ReplayRequest* request) {
  auto* replaying = new Replaying(this, request);  // deletes itself: OnDone
  replaying->Start(*context);
  return replaying;
}

// --- GetStatus ---

grpc::ServerUnaryReactor* ChronologyService::Rpcs::GetStatus(
    grpc::CallbackServerContext* context, const v1::GetStatusRequest* request,
    v1::GetStatusResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto timed = std::make_shared<Timed>(parts_.metrics, "GetStatus");
  const auto finish = [reactor, timed](const absl::Status& status) {
    timed->Finished(status);
    reactor->Finish(service::ToGrpc(status));
    return reactor;
  };
  auto started = service::StartCall(*parts_.callers, *context);
  if (!started.ok()) return finish(started.status());
  if (absl::Status checked = Check(*request); !checked.ok()) {
    return finish(checked);
  }
  if (!MayOversee(started->call.caller)) {
    const absl::Status refused =
        service::PermissionDenied("status", safeguarding::kPolicyVersion);
    SayIfRefused(*started, "GetStatus", refused);
    return finish(refused);
  }
  const Source* source = parts_.source();
  if (source == nullptr) {
    const std::string alarm = parts_.alarm();
    if (alarm.empty()) return finish(NotReady());
    response->set_software_version(parts_.software_version);
    response->set_outbox_records(parts_.views->outbox()->depth());
    response->set_alarm(alarm);
    return finish(absl::OkStatus());
  }
  auto call = std::make_shared<service::StartedCall>(*std::move(started));
  workers_.Do([this, call, source, response, finish] {
    const std::shared_ptr<const projection::Snapshot> snapshot =
        source->index->snapshot();
    const Standing standing = StandingNow(*source);
    *response->mutable_positions() = ToProto(snapshot->positions());
    *response->mutable_ends() = ToProto(standing.runner.ends);
    if (standing.runner.lag_records) {
      response->set_lag_records(
          static_cast<uint64_t>(*standing.runner.lag_records));
    }
    response->set_quarantined(static_cast<uint64_t>(snapshot->quarantined()));
    response->set_conflicts(parts_.conflicts());
    response->set_log_reachable(standing.runner.log_reachable
                                    ? event::v1::ANSWER_YES
                                    : event::v1::ANSWER_NO);
    response->set_software_version(parts_.software_version);
    response->set_fold_version(source->index->fold().version);
    const Facts facts(snapshot, {});
    for (v1::SourceState& state : SourceStates(facts, standing)) {
      *response->add_sources() = std::move(state);
    }
    response->set_outbox_records(parts_.views->outbox()->depth());
    std::vector<std::string> alarms;
    if (!standing.runner.alarm.empty()) alarms.push_back(standing.runner.alarm);
    const auto keys = NamingKeyAlarm(*snapshot);
    const auto unregistered = UnregisteredReferences(snapshot);
    if (!keys.ok() || !unregistered.ok()) {
      finish(keys.ok() ? unregistered.status() : keys.status());
      return;
    }
    if (!keys->empty()) alarms.push_back(*keys);
    *response->mutable_unregistered() = {unregistered->first.begin(),
                                         unregistered->first.end()};
    response->set_unregistered_references(unregistered->count);
    response->set_alarm(absl::StrJoin(alarms, "; "));
    call->place = {};
    finish(absl::OkStatus());
  });
  return reactor;
}

// --- ListTerms ---

grpc::ServerUnaryReactor* ChronologyService::Rpcs::ListTerms(
    grpc::CallbackServerContext* context, const v1::ListTermsRequest* request,
    v1::ListTermsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto timed = std::make_shared<Timed>(parts_.metrics, "ListTerms");
  const auto finish = [reactor, timed](const absl::Status& status) {
    timed->Finished(status);
    reactor->Finish(service::ToGrpc(status));
    return reactor;
  };
  auto started = service::StartCall(*parts_.callers, *context);
  if (!started.ok()) return finish(started.status());
  if (absl::Status checked = Check(*request); !checked.ok()) {
    return finish(checked);
  }
  if (!MayOversee(started->call.caller)) {
    const absl::Status refused =
        service::PermissionDenied("terms", safeguarding::kPolicyVersion);
    SayIfRefused(*started, "ListTerms", refused);
    return finish(refused);
  }
  const Source* source = parts_.source();
  if (source == nullptr) return finish(NotReady());
  auto call = std::make_shared<service::StartedCall>(*std::move(started));
  workers_.Do([this, call, source, request, response, finish] {
    const absl::Status listed = vigil::chronology::ListTerms(
        source->index->snapshot(), *request, parts_.clock(), response);
    call->place = {};
    finish(listed);
  });
  return reactor;
}

// --- Rebuild ---

// Writes the progress of one rebuild. The rebuild runs on a thread of the
// service; a write that is under way when it ends is waited for.
class ChronologyService::Rpcs::Rebuilding final
    : public grpc::ServerWriteReactor<v1::RebuildResponse> {
 public:
  explicit Rebuilding(Rpcs* rpcs) : rpcs_(*rpcs) {}

  void Start(const grpc::CallbackServerContext& context,
             const v1::RebuildRequest& request) {
    auto started = service::StartCall(*rpcs_.parts_.callers, context);
    if (!started.ok()) return Refuse(started.status());
    started_ = *std::move(started);
    if (absl::Status checked = rpcs_.Check(request); !checked.ok()) {
      return Refuse(checked);
    }
    if (!started_.call.caller.HasRole(config::v1::ROLE_OPERATOR)) {
      return Refuse(
          service::PermissionDenied("rebuild", safeguarding::kPolicyVersion));
    }
    source_ = rpcs_.parts_.source();
    if (source_ == nullptr) return Refuse(NotReady());
    if (rpcs_.rebuilding_.exchange(true)) {
      return Refuse(absl::AlreadyExistsError("a rebuild is under way"));
    }
    absl::MutexLock lock(&rpcs_.rebuild_mutex_);
    if (rpcs_.rebuild_thread_.joinable()) rpcs_.rebuild_thread_.join();
    rpcs_.rebuild_thread_ = std::thread([this, rpcs = &rpcs_] {
      Run();  // `this` may be gone after it
      rpcs->rebuilding_ = false;
    });
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (!ok) cancelled_ = true;
    writing_ = false;
  }
  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  void OnDone() override { delete this; }

 private:
  void Refuse(const absl::Status& status) {
    SayIfRefused(started_, "Rebuild", status);
    Finish(service::ToGrpc(status));
  }

  void Run() {
    service::LogInfo("rebuild_began");
    const absl::Status rebuilt = projection::Rebuild(
        *rpcs_.parts_.log, rpcs_.parts_.partitions, *source_->index,
        {.progress = [this](const projection::RebuildProgress& progress) {
          return Say(progress);
        }});
    service::LogInfo("rebuild_ended", {{"status", rebuilt.ToString()}});
    {
      absl::MutexLock lock(&mutex_);
      const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !writing_;
      };
      mutex_.Await(absl::Condition(&idle));
      response_.set_finished(event::v1::ANSWER_YES);
      response_.set_done_records(response_.total_records());
      response_.set_seconds_left(0);
    }
    started_.place = {};
    // Whatever ends the call may end `this` at once.
    if (rebuilt.ok()) {
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(service::ToGrpc(rebuilt));
    }
  }

  bool Say(const projection::RebuildProgress& progress) {
    absl::MutexLock lock(&mutex_);
    if (cancelled_) return false;
    const absl::Time now = absl::Now();
    if (writing_ || now - said_ < kProgressEvery) return true;
    said_ = now;
    response_.set_done_records(static_cast<uint64_t>(progress.done));
    response_.set_total_records(static_cast<uint64_t>(progress.total));
    response_.set_records_per_second(progress.records_per_second);
    response_.set_seconds_left(absl::ToDoubleSeconds(progress.remaining));
    response_.set_finished(event::v1::ANSWER_NO);
    writing_ = true;
    StartWrite(&response_);
    return true;
  }

  Rpcs& rpcs_;
  service::StartedCall started_;
  const Source* source_ = nullptr;
  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time said_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  v1::RebuildResponse response_;  // of whoever writes
};

grpc::ServerWriteReactor<v1::RebuildResponse>* ChronologyService::Rpcs::Rebuild(
    grpc::CallbackServerContext* context, const v1::RebuildRequest* request) {
  auto* rebuilding = new Rebuilding(this);  // deletes itself: OnDone
  rebuilding->Start(*context, *request);
  return rebuilding;
}

ChronologyService::ChronologyService(ServiceParts parts)
    : rpcs_(std::make_unique<Rpcs>(std::move(parts))) {}
ChronologyService::~ChronologyService() = default;

absl::string_view ChronologyService::name() { return kServiceName; }
grpc::Service* ChronologyService::grpc_service() { return rpcs_.get(); }

}  // namespace vigil::chronology
