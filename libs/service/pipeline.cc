#include "libs/service/pipeline.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/base/limits.h"
#include "libs/event/check.h"
#include "libs/event/codes.h"
#include "libs/event/digest.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/violation.h"
#include "libs/service/drafts.h"
#include "libs/service/status.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
namespace v1 = ::vigil::event::v1;

// What the register grants is not a policy that changes: its rules have one
// version, stated in each refusal.
constexpr absl::string_view kRegisterRules = "register-1";

// The system that Vigil's own facts come from.
constexpr char kVigil[] = "vigil";

// Renamings that are remembered as stored: all children of a large authority.
// Over it all are forgotten, and each is stored once more.
constexpr size_t kMaxAnnounced = 200'000;

// Whether it decides about records of others, or changes an entry that may be
// anybody's: one that is named by its event id, or by the record of another
// organisation.
bool DecidesAboutOthers(const common::Statement& statement) {
  const auto anybodys = [&](const v1::EntryRef& target) {
    return target.has_event_id() ||
           (target.has_organisation() &&
            event::OrganisationText(target.organisation()) !=
                event::OrganisationText(statement.submission().organisation()));
  };
  return event::TraitsOf(static_cast<v1::Kind::KindCase>(statement.act_case()))
             .hub_only ||
         anybodys(statement.amends().target()) ||
         anybodys(statement.entry_withdrawn().target()) ||
         anybodys(statement.significance_judged().target());
}

// That both references are one subject, in the words of who names it. Its id
// and its digest are the same each time it is said, so that readers take what
// is said again for a repeat, and not for other content.
event::Sealed SealRenaming(const Drafting::Renaming& renaming,
                           const event::NamingKey& key,
                           const v1::Submission& submission,
                           const event::Request& beside) {
  v1::Kind kind;
  v1::SubjectRenamed& renamed = *kind.mutable_subject_renamed();
  renamed.set_from_subject(renaming.from);
  renamed.set_to_subject(renaming.to);
  event::Draft draft = event::OwnDraft(kind);
  draft.subject = std::min(renaming.from, renaming.to);
  *draft.clear.mutable_organisation() = submission.organisation();
  draft.clear.add_others(std::max(renaming.from, renaming.to));
  draft.clear.mutable_decided()->add_one(renaming.from);
  draft.clear.mutable_decided()->add_other(renaming.to);
  event::Request request;
  request.source = beside.source;
  request.system = kVigil;
  request.request_id =
      absl::StrCat("renamed/", renaming.from, "/", renaming.to);
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  request.request_digest =
      key.RequestDigest(AsBytes(event::MessageDigest(renamed)));
  request.traceparent = beside.traceparent;
  request.received = beside.received;
  std::vector<event::Draft> drafts;
  drafts.push_back(std::move(draft));
  return std::move(Seal(std::move(drafts), request)[0]);
}

void AddRecord(const std::string& topic, event::Sealed sealed,
               std::vector<eventlog::TopicRecord>* records) {
  eventlog::Record record{std::move(sealed.key), std::move(sealed.value), {}};
  for (auto& [name, value] : sealed.headers) {
    record.headers.push_back({std::move(name), std::move(value)});
  }
  records->push_back({topic, std::move(record)});
}

}  // namespace

struct Pipeline::Prepared {
  // Under the current naming key, then under each former one: a request that
  // was answered before the key was replaced is remembered under that.
  std::vector<std::string> request_keys;
  std::vector<std::string> digests;  // HMACs of the request's
  bool validate_only = false;
  std::vector<event::Sealed> sealed;
  std::vector<event::Sealed> renamed;
  common::Receipt receipt;  // but for durability and positions
};

Pipeline::Pipeline(Writer writer, eventlog::StoreAndForward* store,
                   event::NamingKeys keys, std::function<absl::Time()> clock)
    : writer_(std::move(writer)),
      topic_(EventsTopic(writer_.name)),
      store_(store),
      keys_(std::move(keys)),
      clock_(std::move(clock)) {}

void Pipeline::AnnounceKeys(std::function<void(absl::Status)> done) {
  event::Request request;
  request.source = absl::StrCat("//vigil/", writer_.name);
  request.system = kVigil;
  request.received = clock_();
  std::vector<eventlog::TopicRecord> records;
  const auto announce = [&](std::string request_id, const v1::Kind& kind) {
    request.request_id = std::move(request_id);
    event::Draft draft = event::OwnDraft(kind);
    draft.key = writer_.name;
    std::vector<event::Draft> drafts;
    drafts.push_back(std::move(draft));
    AddRecord(topic_, std::move(Seal(std::move(drafts), request)[0]), &records);
  };
  std::vector<const event::NamingKey*> keys;  // the first that there was first
  for (auto it = keys_.previous.rbegin(); it != keys_.previous.rend(); ++it) {
    keys.push_back(&*it);
  }
  keys.push_back(&keys_.current);

  v1::Kind first;
  v1::NamingKeyRegistered& registered = *first.mutable_naming_key_registered();
  registered.set_key_id(keys[0]->id());
  registered.set_check(keys[0]->CheckValue());
  registered.set_writer(writer_.name);
  announce(absl::StrCat("naming-key/", keys[0]->id()), first);

  for (size_t i = 1; i < keys.size(); ++i) {
    v1::Kind next;
    v1::NamingKeyReplaced& replaced = *next.mutable_naming_key_replaced();
    replaced.set_old_key_id(keys[i - 1]->id());
    replaced.set_new_key_id(keys[i]->id());
    replaced.set_check(keys[i]->CheckValue());
    replaced.set_writer(writer_.name);
    replaced.set_reason("replaced by an operator");
    announce(absl::StrCat("naming-key/", keys[i]->id()), next);
  }
  store_->Append(
      std::move(records), absl::Now() + kDefaultDeadline, nullptr,
      [done = std::move(done)](const absl::Status& status,
                               const eventlog::Fates&) { done(status); });
}

absl::Status Pipeline::Prepare(const Call& call,
                               const common::Statement& statement,
                               Prepared* prepared) const {
  if (!call.caller.MayPublishThrough(writer_.name)) {
    return PermissionDenied("publish.service", kRegisterRules);
  }
  const absl::Time received = clock_();
  event::Violations violations;
  event::Warnings warnings;
  event::CheckRequest(statement, received, &violations, &warnings);
  const absl::string_view act = ActName(statement.act_case());
  if (!act.empty() && !writer_.Takes(statement.act_case())) {
    violations.Add(std::string(act), event::code::kActNotOfThisService);
  }
  if (!violations.empty()) return InvalidRequest(violations);

  const v1::Submission& submission = statement.submission();
  if (!call.caller.MaySpeakFor(submission.organisation())) {
    return PermissionDenied("publish.organisation", kRegisterRules);
  }
  if (!call.caller.MaySay(act)) {
    return PermissionDenied("publish.act", kRegisterRules);
  }
  const bool coordinates =
      writer_.IsHub() && call.caller.HasRole(config::v1::ROLE_COORDINATOR);
  if (writer_.IsHub() && !coordinates && DecidesAboutOthers(statement)) {
    return PermissionDenied("publish.coordinator", kRegisterRules);
  }
  event::Request sealing;
  sealing.source = event::Source(
      writer_.name, event::OrganisationText(submission.organisation()));
  sealing.system = call.caller.system();
  sealing.request_id = submission.request_id();
  sealing.traceparent = call.traceparent;
  sealing.received = received;
  const std::string conversation_ref =
      submission.conversation_ref().empty()
          ? event::ConversationRef(sealing.source, sealing.system,
                                   submission.request_id())
          : submission.conversation_ref();
  const std::vector<event::StatementPart> parts = event::PartsOf(statement);
  Drafting drafting = DraftsOf(statement, parts,
                               {.keys = keys_,
                                .any_subject = coordinates,
                                .system = sealing.system,
                                .conversation_ref = conversation_ref},
                               &violations);
  if (!violations.empty()) return InvalidRequest(violations);

  prepared->validate_only = statement.validate_only();
  const Sha256Digest digest = event::RequestDigest(parts);
  const auto name = [&](const event::NamingKey& key) {
    prepared->request_keys.push_back(key.RequestKey(
        sealing.source, sealing.system, submission.request_id()));
    prepared->digests.push_back(key.RequestDigest(AsBytes(digest)));
  };
  name(keys_.current);
  for (const event::NamingKey& key : keys_.previous) name(key);
  sealing.request_key = prepared->request_keys[0];
  sealing.request_digest = prepared->digests[0];
  common::Receipt& receipt = prepared->receipt;
  for (const event::Draft& draft : drafting.drafts) {
    receipt.add_events()->set_field(draft.field);
  }
  prepared->sealed = Seal(std::move(drafting.drafts), sealing);
  for (const Drafting::Renaming& renaming : drafting.renamings) {
    prepared->renamed.push_back(
        SealRenaming(renaming, keys_.current, submission, sealing));
  }

  receipt.set_request_id(submission.request_id());
  receipt.set_conversation_ref(conversation_ref);
  size_t bytes = 0;
  for (size_t i = 0; i < prepared->sealed.size(); ++i) {
    const event::Sealed& sealed = prepared->sealed[i];
    bytes += sealed.value.size();
    if (sealed.value.size() > eventlog::kMaxValueBytes ||
        bytes > kMaxStatementBytes) {
      violations.Add("", event::code::kStatementTooLarge);
      return InvalidRequest(violations);
    }
    common::StoredEvent& stored = *receipt.mutable_events(static_cast<int>(i));
    stored.set_event_id(sealed.id);
    stored.set_subject(sealed.subject);
    stored.set_type(sealed.type);
  }
  for (v1::Named& named : drafting.named) {
    *receipt.add_named() = std::move(named);
  }
  for (const event::Violation& warning : warnings.list()) {
    if (receipt.warnings_size() >= static_cast<int>(kMaxReceiptWarnings)) break;
    common::Warning& out = *receipt.add_warnings();
    out.set_code(warning.code);
    out.set_field(warning.field);
    out.set_text(warning.description);
  }
  return absl::OkStatus();
}

void Pipeline::Submit(const Call& call, const common::Statement& statement,
                      ReceiptDone done) {
  Prepared prepared;
  if (const absl::Status status = Prepare(call, statement, &prepared);
      !status.ok()) {
    done(status);
    return;
  }
  if (prepared.validate_only) {
    done(std::move(prepared.receipt));
    return;
  }
  if (!Recalled(prepared, done)) {
    Append(std::move(prepared), call.deadline);
  }
}

bool Pipeline::Recalled(const Prepared& prepared, const ReceiptDone& done) {
  const std::string& in_flight = prepared.request_keys[0];
  {
    const absl::MutexLock lock(&mutex_);
    const auto [it, first] = in_flight_.try_emplace(in_flight);
    it->second.push_back({prepared.digests, done});
    if (!first) return true;
  }
  // Looked up once it is in flight: whoever finished before has remembered.
  for (size_t i = 0; i < prepared.request_keys.size(); ++i) {
    const std::optional<std::string> remembered =
        store_->outbox()->Recall(prepared.request_keys[i]);
    common::Remembered memory;
    if (remembered.has_value() && memory.ParseFromString(*remembered)) {
      Finish(in_flight, i, memory);
      return true;
    }
  }
  return false;  // the same event ids, and a new receipt
}

void Pipeline::Append(Prepared prepared, absl::Time deadline) {
  DropAnnounced(&prepared.renamed);
  std::vector<eventlog::TopicRecord> records;
  records.reserve(prepared.sealed.size() + prepared.renamed.size());
  for (event::Sealed& sealed : prepared.sealed) {
    AddRecord(topic_, std::move(sealed), &records);
  }
  // Beside the facts: they are no part of the receipt.
  std::vector<std::string> renamed;
  for (event::Sealed& sealed : prepared.renamed) {
    renamed.push_back(sealed.id);
    AddRecord(topic_, std::move(sealed), &records);
  }
  const auto stored = std::make_shared<common::Remembered>();
  stored->set_digest(std::move(prepared.digests[0]));
  *stored->mutable_receipt() = std::move(prepared.receipt);
  const auto complete = [stored](const eventlog::Fates& fates) {
    common::Receipt& receipt = *stored->mutable_receipt();
    bool logged = true;
    for (int i = 0; i < receipt.events_size(); ++i) {
      const auto& fate = fates[static_cast<size_t>(i)];
      if (!fate.has_value()) {
        logged = false;
        continue;
      }
      v1::Position& position = *receipt.mutable_events(i)->mutable_position();
      position.set_topic(fate->position.partition.topic);
      position.set_partition(fate->position.partition.partition);
      position.set_offset(fate->position.offset);
    }
    receipt.set_durability(logged ? common::DURABILITY_LOGGED
                                  : common::DURABILITY_ACCEPTED);
  };
  store_->Append(
      std::move(records), deadline,
      [complete, stored,
       key = prepared.request_keys[0]](const eventlog::Fates& fates) {
        complete(fates);
        return eventlog::Outbox::Memory{key, stored->SerializeAsString()};
      },
      [this, stored, key = prepared.request_keys[0],
       renamed = std::move(renamed)](const absl::Status& status,
                                     const eventlog::Fates&) {
        if (status.ok()) {
          NoteAnnounced(renamed);
          Finish(key, 0, *stored);
        } else if (absl::IsResourceExhausted(status)) {
          Finish(key, 0, TooMuchInFlight());
        } else if (absl::IsUnavailable(status)) {
          Finish(key, 0, AppendInDoubt());
        } else {
          Finish(key, 0, status);
        }
      });
}

void Pipeline::DropAnnounced(std::vector<event::Sealed>* renamed) {
  if (renamed->empty()) return;
  const absl::MutexLock lock(&mutex_);
  std::erase_if(*renamed, [this](const event::Sealed& sealed)
                              ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                                return announced_.contains(sealed.id);
                              });
}

void Pipeline::NoteAnnounced(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  const absl::MutexLock lock(&mutex_);
  if (announced_.size() >= kMaxAnnounced) announced_.clear();
  announced_.insert(ids.begin(), ids.end());
}

void Pipeline::Finish(const std::string& request_key, size_t key,
                      const absl::StatusOr<common::Remembered>& stored) {
  std::vector<Waiting> waiting;
  {
    const absl::MutexLock lock(&mutex_);
    const auto it = in_flight_.find(request_key);
    Check(it != in_flight_.end(), "a request finishes once");
    waiting = std::move(it->second);
    in_flight_.erase(it);
  }
  for (const Waiting& one : waiting) {
    if (!stored.ok()) {
      one.done(stored.status());
    } else if (one.digests[key] == stored->digest()) {
      one.done(stored->receipt());
    } else {
      one.done(RequestIdReused(stored->digest(), one.digests[key]));
    }
  }
}

}  // namespace vigil::service
