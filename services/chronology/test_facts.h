// What the tests of this folder share: a writer's facts, made as a pipeline
// makes them.
#ifndef VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_
#define VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/base/check.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/eventlog/event_log.h"

namespace vigil::chronology {

namespace ev1 = ::vigil::event::v1;

inline const event::NamingKey& Key() {
  static const auto* const key =
      new event::NamingKey("5eed5eed", std::string(32, 'k'));
  return *key;
}

// A child as that organisation's system knows it.
inline std::string Subject(const std::string& organisation,
                           const std::string& local_id) {
  return Key().Subject(event::SubjectKind::kPerson, organisation, "records",
                       local_id);
}

// Who says it: "police", "police:99".
struct Teller {
  std::string writer;
  std::string organisation;
};
inline const Teller kPolice = {"police", "police:99"};
inline const Teller kHealth = {"health", "ods:X99A1"};
inline const Teller kHub = {"mash", "la:E99000001"};

inline ev1::Organisation ToProtoOrganisation(const std::string& text) {
  ev1::Organisation organisation;
  organisation.set_scheme(text.substr(0, text.find(':')));
  organisation.set_code(text.substr(text.find(':') + 1));
  return organisation;
}

// A fact of that subject, on that date, of kind ConcernRaised unless changed.
inline event::Draft Told(const std::string& subject, const std::string& date,
                         const std::string& headline) {
  event::Draft draft;
  draft.subject = subject;
  draft.header.mutable_occurred()->set_date(date);
  draft.header.set_headline(headline);
  draft.header.mutable_author()->set_role("duty officer");
  draft.header.mutable_record_ref()->set_system("records");
  draft.header.mutable_record_ref()->set_id(headline);
  draft.kind.mutable_concern_raised();
  draft.kind.set_summary(absl::StrCat("Summary of ", headline));
  return draft;
}

// Who the subject is: with an NHS number of the range that is never issued.
inline event::Draft Registered(const std::string& subject,
                               const std::string& family,
                               const std::string& given,
                               const std::string& born,
                               const std::string& nhs_number) {
  event::Draft draft = Told(subject, "2024-01-01", "Registered");
  draft.kind.Clear();
  draft.kind.mutable_subject_registered();
  ev1::Person& person = *draft.people.emplace().mutable_subject();
  person.mutable_local_id()->set_system("records");
  person.mutable_local_id()->set_id(subject);
  ev1::Demographics& known = *person.mutable_demographics();
  ev1::PersonName& name = *known.add_names();
  name.set_family(family);
  name.set_given(given);
  name.set_use(ev1::NAME_USE_CURRENT);
  known.mutable_birth()->set_date(born);
  if (!nhs_number.empty()) {
    ev1::Identifier& identifier = *known.add_identifiers();
    identifier.set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
    identifier.set_value(nhs_number);
    identifier.set_verified(ev1::ANSWER_YES);
    identifier.set_holder(ev1::IDENTIFIER_HOLDER_SELF);
  }
  return draft;
}

// The records of one request, as they are appended. `content` stands for the
// request's digest.
inline std::vector<eventlog::TopicRecord> Sealed(
    const Teller& teller, std::vector<event::Draft> drafts,
    const std::string& request_id, const std::string& content = "content",
    absl::Time received = absl::FromUnixSeconds(1'780'000'000)) {
  for (event::Draft& draft : drafts) {
    *draft.header.mutable_organisation() =
        ToProtoOrganisation(teller.organisation);
  }
  event::Request request;
  request.source = event::Source(teller.writer, teller.organisation);
  request.system = "records";
  request.request_id = request_id;
  request.request_key = Key().RequestKey(request.source, "records", request_id);
  request.request_digest = Key().RequestDigest(content);
  request.received = received;
  std::vector<eventlog::TopicRecord> records;
  for (event::Sealed& sealed : Seal(std::move(drafts), request)) {
    eventlog::TopicRecord record;
    record.topic = absl::StrCat("vigil.", teller.writer, ".events.v1");
    record.record.key = std::move(sealed.key);
    record.record.value = std::move(sealed.value);
    for (auto& [name, value] : sealed.headers) {
      record.record.headers.push_back({name, std::move(value)});
    }
    records.push_back(std::move(record));
  }
  return records;
}

// The same record, each of whose sections is for an audience that this version
// does not know.
inline eventlog::TopicRecord Reserved(eventlog::TopicRecord record) {
  io::cloudevents::v1::CloudEvent event;
  ev1::Sections sections;
  Check(event.ParseFromString(record.record.value) &&
            sections.ParseFromString(event.binary_data()),
        "it was sealed");
  for (ev1::Section& section : *sections.mutable_sections()) {
    section.set_audience("reserved");
  }
  event.set_binary_data(sections.SerializeAsString());
  record.record.value = event.SerializeAsString();
  return record;
}

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_
