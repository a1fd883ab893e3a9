#include "libs/service/command_pipeline.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/base/limits.h"
#include "libs/event/check.h"
#include "libs/event/codes.h"
#include "libs/event/digest.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/violation.h"
#include "libs/service/status.h"

namespace vigil::service {
namespace {

namespace common = ::vigil::common::v1;
namespace v1 = ::vigil::event::v1;
using ::google::protobuf::Message;

// What the register grants is not a policy that changes: its rules have one
// version, stated in each refusal.
constexpr absl::string_view kRegisterRules = "register-1";

// The system that Vigil's own facts come from.
constexpr char kVigil[] = "vigil";

// Renamings that are remembered as stored: all children of a large authority.
// Over it all are forgotten, and each is stored once more.
constexpr size_t kMaxAnnounced = 200'000;

// People of a request, as the subject references that Vigil knows them by.
class Subjects {
 public:
  // `any`: whether they may be others' subjects.
  Subjects(const event::NamingKeys& keys, const common::Submission& submission,
           bool any)
      : keys_(keys),
        submission_(submission),
        organisation_(event::OrganisationText(submission.organisation())),
        any_(any) {}

  std::string Of(const v1::Person& person, const std::string& field,
                 event::Violations* violations) const {
    if (person.has_subject()) {
      return Check(person.subject(), field + ".subject", violations);
    }
    std::string subject = Named(person, keys_.current);
    if (subject.empty()) violations->Add(field, event::code::kRequired);
    return subject;
  }

  // As they were named before: by each former key, if that can be told.
  std::vector<std::string> Earlier(const v1::Person& person) const {
    std::vector<std::string> subjects;
    if (person.has_subject()) return subjects;
    for (const event::NamingKey& key : keys_.previous) {
      subjects.push_back(Named(person, key));
    }
    return subjects;
  }

 private:
  std::string Named(const v1::Person& person,
                    const event::NamingKey& key) const {
    switch (person.ref_case()) {
      case v1::Person::kLocalId:
        return key.Subject(event::SubjectKind::kPerson, organisation_,
                           person.local_id().system(), person.local_id().id());
      case v1::Person::kPersonNumber:
        return key.UnnumberedSubject(event::SubjectKind::kPerson, organisation_,
                                     submission_.record_ref().system(),
                                     submission_.record_ref().id(),
                                     person.person_number());
      case v1::Person::kSubject:
      case v1::Person::REF_NOT_SET:
        break;
    }
    return "";
  }

  // A writer files facts under the subjects that it named; only the hub files
  // them under others' (design: others' references go in the body).
  std::string Check(const std::string& subject, const std::string& field,
                    event::Violations* violations) const {
    if (!event::IsSubjectReference(subject)) {
      violations->Add(field, event::code::kSubjectFormat);
    } else if (!any_ && !keys_.Named(subject)) {
      violations->Add(field, event::code::kSubjectForeign);
    }
    return subject;
  }

  const event::NamingKeys& keys_;
  const common::Submission& submission_;
  const std::string organisation_;
  const bool any_;
};

// Whether it decides about records of others, or changes an entry that may be
// anybody's: by a record reference one reaches one's own only (amendments.h).
bool DecidesAboutOthers(const Statement& statement) {
  if (!statement.subjects.empty()) return true;
  return std::any_of(
      statement.facts.begin(), statement.facts.end(), [](const v1::Kind& fact) {
        return fact.entry_corrected().target().has_event_id() ||
               fact.entry_withdrawn().target().has_event_id() ||
               fact.significance_judged().target().has_event_id();
      });
}

// One child under two references.
struct Renaming {
  std::string from;
  std::string to;
};

v1::Header HeaderOf(const common::Submission& submission,
                    const common::Account& account,
                    const std::string& conversation_ref) {
  v1::Header header;
  if (account.has_occurred()) *header.mutable_occurred() = account.occurred();
  if (account.has_observed()) *header.mutable_observed() = account.observed();
  if (submission.has_recorded()) {
    *header.mutable_recorded() = submission.recorded();
  }
  *header.mutable_organisation() = submission.organisation();
  *header.mutable_author() = submission.author();
  *header.mutable_record_ref() = submission.record_ref();
  *header.mutable_incident_refs() = submission.incident_refs();
  header.set_conversation_ref(conversation_ref);
  header.set_headline(account.headline());
  if (account.has_term()) *header.mutable_term() = account.term();
  return header;
}

void Tell(const common::Account& account, v1::Kind* kind) {
  kind->set_summary(account.summary());
  kind->set_details(account.details());
  if (account.has_child()) *kind->mutable_child() = account.child();
  kind->set_action(account.action());
  kind->set_outcome(account.outcome());
  *kind->mutable_documents() = account.documents();
}

// A fact beside the main one is read under its own name: three things seen at
// one incident are three lines, not three times the incident's headline.
void Title(const v1::ObservationMade& observation, v1::Header* header) {
  if (observation.has_indicator()) {
    *header->mutable_term() = observation.indicator();
    header->set_headline(observation.indicator().display());
  } else if (observation.has_measurement()) {
    *header->mutable_term() = observation.measurement().quantity();
    header->set_headline(observation.measurement().quantity().display());
  }
}

std::vector<event::Draft> DraftsOf(Statement statement,
                                   const Subjects& subjects,
                                   const std::string& conversation_ref,
                                   std::vector<Renaming>* renamings,
                                   event::Violations* violations) {
  struct About {
    std::string subject;
    const v1::Person* person;  // nullptr: named by reference
  };
  std::vector<About> about;
  std::set<std::string> named;  // however it was done
  for (const Statement::Child& child : statement.children) {
    std::string subject = subjects.Of(*child.person, child.field, violations);
    bool is_new = named.insert(subject).second;
    for (std::string& earlier : subjects.Earlier(*child.person)) {
      is_new &= named.insert(earlier).second;
      renamings->push_back({std::move(earlier), subject});
    }
    if (!is_new) violations->Add(child.field, event::code::kPersonRepeated);
    about.push_back({std::move(subject), child.person});
  }
  if (!statement.subjects.empty()) {
    about.push_back({*std::min_element(statement.subjects.begin(),
                                       statement.subjects.end()),
                     nullptr});
  }
  if (about.empty()) violations->Add("children", event::code::kListTooShort);
  if (statement.Events() > kMaxRequestEvents) {
    violations->Add("children", event::code::kTooManyEvents);
  }
  if (!violations->empty()) return {};

  const common::Account& account = *statement.account;
  std::vector<event::Draft> drafts;
  for (const About& one : about) {
    for (size_t i = 0; i < statement.facts.size(); ++i) {
      event::Draft& draft = drafts.emplace_back();
      draft.subject = one.subject;
      draft.header = HeaderOf(*statement.submission, account, conversation_ref);
      draft.kind = statement.facts[i];
      // The account is told once, with the main fact; a fact beside it has the
      // same header but for its title, and its own content.
      if (i == 0) {
        Tell(account, &draft.kind);
      } else {
        Title(draft.kind.observation_made(), &draft.header);
      }
      if (one.person != nullptr || !account.people_involved().empty()) {
        v1::People& people = draft.people.emplace();
        if (one.person != nullptr) *people.mutable_subject() = *one.person;
        if (i == 0) *people.mutable_involved() = account.people_involved();
      }
      if (account.has_informant() && i == 0) {
        draft.informant = account.informant();
      }
      if (account.has_place() && i == 0) draft.place = account.place();
    }
  }
  return drafts;
}

// That both references are one subject, in the words of who names it. Its id
// and its digest are the same each time it is said, so that readers take what
// is said again for a repeat, and not for other content.
event::Sealed SealRenaming(const Renaming& renaming,
                           const event::NamingKey& key,
                           const common::Submission& submission,
                           const event::Request& beside) {
  event::Draft draft;
  draft.subject = std::min(renaming.from, renaming.to);
  *draft.header.mutable_organisation() = submission.organisation();
  draft.header.set_headline("Named with a new key");
  v1::SubjectRenamed& renamed = *draft.kind.mutable_subject_renamed();
  renamed.set_from_subject(renaming.from);
  renamed.set_to_subject(renaming.to);
  event::Request request;
  request.source = beside.source;
  request.system = kVigil;
  request.request_id =
      absl::StrCat("renamed/", renaming.from, "/", renaming.to);
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  request.request_digest =
      key.RequestDigest(AsBytes(event::RequestDigest(renamed)));
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

std::string EventsTopic(absl::string_view writer) {
  return absl::StrCat("vigil.", writer, ".events.v1");
}

struct CommandPipeline::Prepared {
  // Under the current naming key, then under each former one: a request that
  // was answered before the key was replaced is remembered under that.
  std::vector<std::string> request_keys;
  std::vector<std::string> digests;  // HMACs of the request's
  bool validate_only = false;
  std::vector<event::Sealed> sealed;
  std::vector<event::Sealed> renamed;
  common::Receipt receipt;  // but for durability and positions
};

CommandPipeline::CommandPipeline(Writer writer,
                                 eventlog::StoreAndForward* store,
                                 event::NamingKeys keys,
                                 std::function<absl::Time()> clock)
    : writer_(std::move(writer)),
      topic_(EventsTopic(writer_.name)),
      store_(store),
      keys_(std::move(keys)),
      clock_(std::move(clock)) {}

void CommandPipeline::AnnounceKeys(std::function<void(absl::Status)> done) {
  event::Request request;
  request.source = absl::StrCat("//vigil/", writer_.name);
  request.system = kVigil;
  request.received = clock_();
  std::vector<eventlog::TopicRecord> records;
  const auto announce = [&](std::string request_id, event::Draft draft) {
    request.request_id = std::move(request_id);
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

  event::Draft first;
  v1::NamingKeyRegistered& registered =
      *first.kind.mutable_naming_key_registered();
  registered.set_key_id(keys[0]->id());
  registered.set_check(keys[0]->CheckValue());
  registered.set_writer(writer_.name);
  first.header.set_headline(absl::StrCat("Naming key ", keys[0]->id()));
  announce(absl::StrCat("naming-key/", keys[0]->id()), std::move(first));

  for (size_t i = 1; i < keys.size(); ++i) {
    event::Draft next;
    v1::NamingKeyReplaced& replaced = *next.kind.mutable_naming_key_replaced();
    replaced.set_old_key_id(keys[i - 1]->id());
    replaced.set_new_key_id(keys[i]->id());
    replaced.set_check(keys[i]->CheckValue());
    replaced.set_writer(writer_.name);
    replaced.set_reason("replaced by an operator");
    next.header.set_headline(absl::StrCat("Naming key ", keys[i]->id(),
                                          " instead of ", keys[i - 1]->id()));
    announce(absl::StrCat("naming-key/", keys[i]->id()), std::move(next));
  }
  store_->Append(
      std::move(records), absl::Now() + kDefaultDeadline, nullptr,
      [done = std::move(done)](const absl::Status& status,
                               const eventlog::Fates&) { done(status); });
}

absl::Status CommandPipeline::Prepare(const Call& call, const Message& request,
                                      Prepared* prepared) const {
  if (!call.caller.MayPublishThrough(writer_.name)) {
    return PermissionDenied("publish.vocabulary", kRegisterRules);
  }
  const absl::Time received = clock_();
  event::Violations violations;
  event::Warnings warnings;
  event::CheckRequest(request, received, &violations, &warnings);
  if (!violations.empty()) return InvalidRequest(violations);

  Statement statement = writer_.translate(request);
  const common::Submission& submission = *statement.submission;
  if (!call.caller.MaySpeakFor(submission.organisation())) {
    return PermissionDenied("publish.organisation", kRegisterRules);
  }
  const bool coordinates =
      writer_.any_subject && call.caller.HasRole(config::v1::ROLE_COORDINATOR);
  if (writer_.any_subject && !coordinates && DecidesAboutOthers(statement)) {
    return PermissionDenied("publish.coordinator", kRegisterRules);
  }
  const std::string source = event::Source(
      writer_.name, event::OrganisationText(submission.organisation()));
  const std::string& system = call.caller.system();
  const std::string conversation_ref =
      submission.conversation_ref().empty()
          ? event::ConversationRef(source, system, submission.request_id())
          : submission.conversation_ref();
  std::vector<Renaming> renamings;
  std::vector<event::Draft> drafts =
      DraftsOf(std::move(statement), Subjects(keys_, submission, coordinates),
               conversation_ref, &renamings, &violations);
  if (!violations.empty()) return InvalidRequest(violations);

  prepared->validate_only = submission.validate_only();
  const Sha256Digest digest = event::RequestDigest(request);
  const auto name = [&](const event::NamingKey& key) {
    prepared->request_keys.push_back(
        key.RequestKey(source, system, submission.request_id()));
    prepared->digests.push_back(key.RequestDigest(AsBytes(digest)));
  };
  name(keys_.current);
  for (const event::NamingKey& key : keys_.previous) name(key);
  event::Request sealing;
  sealing.source = source;
  sealing.system = system;
  sealing.request_id = submission.request_id();
  sealing.request_key = prepared->request_keys[0];
  sealing.request_digest = prepared->digests[0];
  sealing.traceparent = call.traceparent;
  sealing.received = received;
  prepared->sealed = Seal(std::move(drafts), sealing);
  for (const Renaming& renaming : renamings) {
    prepared->renamed.push_back(
        SealRenaming(renaming, keys_.current, submission, sealing));
  }

  common::Receipt& receipt = prepared->receipt;
  receipt.set_request_id(submission.request_id());
  receipt.set_conversation_ref(conversation_ref);
  for (const event::Sealed& sealed : prepared->sealed) {
    if (sealed.value.size() > eventlog::kMaxValueBytes) {
      violations.Add("account", event::code::kTextTooLong,
                     "the fact is larger than one record of the log");
      return InvalidRequest(violations);
    }
    common::StoredEvent& stored = *receipt.add_events();
    stored.set_event_id(sealed.id);
    stored.set_subject(sealed.subject);
    stored.set_type(sealed.type);
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

size_t CommandPipeline::EventsOf(const Message& request) const {
  return writer_.translate(request).Events();
}

void CommandPipeline::Submit(const Call& call, const Message& request,
                             ReceiptDone done) {
  Prepared prepared;
  if (const absl::Status status = Prepare(call, request, &prepared);
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

bool CommandPipeline::Recalled(const Prepared& prepared,
                               const ReceiptDone& done) {
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

void CommandPipeline::Append(Prepared prepared, absl::Time deadline) {
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

void CommandPipeline::DropAnnounced(std::vector<event::Sealed>* renamed) {
  if (renamed->empty()) return;
  const absl::MutexLock lock(&mutex_);
  std::erase_if(*renamed, [this](const event::Sealed& sealed)
                              ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                                return announced_.contains(sealed.id);
                              });
}

void CommandPipeline::NoteAnnounced(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  const absl::MutexLock lock(&mutex_);
  if (announced_.size() >= kMaxAnnounced) announced_.clear();
  announced_.insert(ids.begin(), ids.end());
}

void CommandPipeline::Finish(const std::string& request_key, size_t key,
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
