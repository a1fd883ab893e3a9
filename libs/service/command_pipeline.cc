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

// A person of the request, as the subject reference that Vigil knows them by.
class Subjects {
 public:
  // `any`: whether they may be others' subjects.
  Subjects(const event::NamingKey& key, const common::Submission& submission,
           bool any)
      : key_(key),
        submission_(submission),
        organisation_(event::OrganisationText(submission.organisation())),
        any_(any) {}

  std::string Of(const v1::Person& person, const std::string& field,
                 event::Violations* violations) const {
    switch (person.ref_case()) {
      case v1::Person::kLocalId:
        return key_.Subject(event::SubjectKind::kPerson, organisation_,
                            person.local_id().system(), person.local_id().id());
      case v1::Person::kPersonNumber:
        return key_.UnnumberedSubject(
            event::SubjectKind::kPerson, organisation_,
            submission_.record_ref().system(), submission_.record_ref().id(),
            person.person_number());
      case v1::Person::kSubject:
        return Check(person.subject(), field + ".subject", violations);
      case v1::Person::REF_NOT_SET:
        break;
    }
    violations->Add(field, event::code::kRequired);
    return "";
  }

  // A writer files facts under the subjects that it named; only the hub files
  // them under others' (design: others' references go in the body).
  std::string Check(const std::string& subject, const std::string& field,
                    event::Violations* violations) const {
    if (!event::IsSubjectReference(subject)) {
      violations->Add(field, event::code::kSubjectFormat);
    } else if (!any_ && event::KeyIdOf(subject) != key_.id()) {
      violations->Add(field, event::code::kSubjectForeign);
    }
    return subject;
  }

 private:
  const event::NamingKey& key_;
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
                                   event::Violations* violations) {
  struct About {
    std::string subject;
    const v1::Person* person;  // nullptr: named by reference
  };
  std::vector<About> about;
  std::set<std::string> named;  // however it was done
  for (const Statement::Child& child : statement.children) {
    std::string subject = subjects.Of(*child.person, child.field, violations);
    if (!named.insert(subject).second) {
      violations->Add(child.field, event::code::kPersonRepeated);
    }
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

}  // namespace

std::string EventsTopic(absl::string_view writer) {
  return absl::StrCat("vigil.", writer, ".events.v1");
}

struct CommandPipeline::Prepared {
  std::string request_key;
  std::string digest;  // the HMAC of the request's
  bool validate_only = false;
  std::vector<event::Sealed> sealed;
  common::Receipt receipt;  // but for durability and positions
};

CommandPipeline::CommandPipeline(Writer writer,
                                 eventlog::StoreAndForward* store,
                                 event::NamingKey key,
                                 std::function<absl::Time()> clock)
    : writer_(std::move(writer)),
      topic_(EventsTopic(writer_.name)),
      store_(store),
      key_(std::move(key)),
      clock_(std::move(clock)) {}

void CommandPipeline::AnnounceKey(std::function<void(absl::Status)> done) {
  event::Draft draft;
  draft.key = writer_.name;
  v1::NamingKeyRegistered& registered =
      *draft.kind.mutable_naming_key_registered();
  registered.set_key_id(key_.id());
  registered.set_check(key_.CheckValue());
  registered.set_writer(writer_.name);
  draft.header.set_headline(absl::StrCat("Naming key ", key_.id()));
  event::Request request;
  request.source = absl::StrCat("//vigil/", writer_.name);
  request.system = "vigil";
  request.request_id = absl::StrCat("naming-key/", key_.id());
  request.received = clock_();
  std::vector<event::Draft> drafts;
  drafts.push_back(std::move(draft));
  event::Sealed sealed = std::move(Seal(std::move(drafts), request)[0]);
  eventlog::Record record{sealed.key, std::move(sealed.value), {}};
  for (auto& [name, value] : sealed.headers) {
    record.headers.push_back({name, std::move(value)});
  }
  std::vector<eventlog::TopicRecord> records;
  records.push_back({topic_, std::move(record)});
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
  std::vector<event::Draft> drafts =
      DraftsOf(std::move(statement), Subjects(key_, submission, coordinates),
               conversation_ref, &violations);
  if (!violations.empty()) return InvalidRequest(violations);

  prepared->validate_only = submission.validate_only();
  prepared->request_key =
      key_.RequestKey(source, system, submission.request_id());
  prepared->digest = key_.RequestDigest(AsBytes(event::RequestDigest(request)));
  event::Request sealing;
  sealing.source = source;
  sealing.system = system;
  sealing.request_id = submission.request_id();
  sealing.request_key = prepared->request_key;
  sealing.request_digest = prepared->digest;
  sealing.traceparent = call.traceparent;
  sealing.received = received;
  prepared->sealed = Seal(std::move(drafts), sealing);

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
  {
    const absl::MutexLock lock(&mutex_);
    const auto [it, first] = in_flight_.try_emplace(prepared.request_key);
    it->second.push_back({prepared.digest, done});
    if (!first) return true;
  }
  // Looked up once it is in flight: whoever finished before has remembered.
  const std::optional<std::string> remembered =
      store_->outbox()->Recall(prepared.request_key);
  common::Remembered memory;
  if (!remembered.has_value() || !memory.ParseFromString(*remembered)) {
    return false;  // the same event ids, and a new receipt
  }
  Finish(prepared.request_key, memory);
  return true;
}

void CommandPipeline::Append(Prepared prepared, absl::Time deadline) {
  std::vector<eventlog::TopicRecord> records;
  records.reserve(prepared.sealed.size());
  for (event::Sealed& sealed : prepared.sealed) {
    eventlog::Record record{sealed.key, std::move(sealed.value), {}};
    for (auto& [name, value] : sealed.headers) {
      record.headers.push_back({std::move(name), std::move(value)});
    }
    records.push_back({topic_, std::move(record)});
  }
  const auto stored = std::make_shared<common::Remembered>();
  stored->set_digest(std::move(prepared.digest));
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
       key = prepared.request_key](const eventlog::Fates& fates) {
        complete(fates);
        return eventlog::Outbox::Memory{key, stored->SerializeAsString()};
      },
      [this, stored, key = prepared.request_key](const absl::Status& status,
                                                 const eventlog::Fates&) {
        if (status.ok()) {
          Finish(key, *stored);
        } else if (absl::IsResourceExhausted(status)) {
          Finish(key, TooMuchInFlight());
        } else if (absl::IsUnavailable(status)) {
          Finish(key, AppendInDoubt());
        } else {
          Finish(key, status);
        }
      });
}

void CommandPipeline::Finish(const std::string& request_key,
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
    } else if (one.digest == stored->digest()) {
      one.done(stored->receipt());
    } else {
      one.done(RequestIdReused(stored->digest(), one.digest));
    }
  }
}

}  // namespace vigil::service
