// What the tests of this folder share: what a writer is told, made into facts
// as its pipeline makes them.
#ifndef VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_
#define VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/base/check.h"
#include "libs/event/digest.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/eventlog/event_log.h"
#include "libs/service/drafts.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::chronology {

namespace ev1 = ::vigil::event::v1;
using common::v1::Statement;

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

// A statement about nobody yet, with no act.
inline Statement Said(const std::string& date, const std::string& headline) {
  Statement said;
  said.mutable_account()->mutable_occurred()->set_date(date);
  said.mutable_account()->set_headline(headline);
  said.mutable_submission()->mutable_author()->set_role("duty officer");
  ev1::RecordRef& record = *said.mutable_submission()->mutable_record_ref();
  record.set_system("records");
  record.set_id(headline);
  return said;
}

// A concern about that subject, on that date.
inline Statement Told(const std::string& subject, const std::string& date,
                      const std::string& headline) {
  Statement told = Said(date, headline);
  told.mutable_account()->set_summary(absl::StrCat("Summary of ", headline));
  told.add_about()->mutable_person()->mutable_ref()->set_subject(subject);
  told.mutable_concern_raised();
  return told;
}

// What is known of somebody: with an NHS number of the range that is never
// issued.
inline void Know(const std::string& family, const std::string& given,
                 const std::string& born, const std::string& nhs_number,
                 ev1::Demographics* known) {
  ev1::PersonName& name = *known->add_names();
  name.set_family(family);
  name.set_given(given);
  name.set_use(ev1::NAME_USE_CURRENT);
  known->mutable_birth()->set_date(born);
  if (nhs_number.empty()) return;
  ev1::Identifier& identifier = *known->add_identifiers();
  identifier.set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  identifier.set_value(nhs_number);
  identifier.set_verified(ev1::ANSWER_YES);
  identifier.set_holder(ev1::IDENTIFIER_HOLDER_SELF);
}

// Who the subject is.
inline Statement Registered(const std::string& subject,
                            const std::string& family, const std::string& given,
                            const std::string& born,
                            const std::string& nhs_number) {
  Statement told = Told(subject, "2024-01-01", "Registered");
  told.mutable_subject_registered();
  Know(family, given, born, nhs_number,
       told.mutable_about(0)->mutable_person()->mutable_demographics());
  return told;
}

// Names that entry.
inline void SetEntry(const std::string& event_id, const std::string& subject,
                     ev1::EntryRef* entry) {
  entry->set_event_id(event_id);
  entry->set_subject(subject);
}

// The act that is said again, as a correction of these fields.
inline Statement Correcting(Statement again, const std::string& event_id,
                            const std::string& subject,
                            const std::vector<std::string>& fields) {
  ev1::Amends& amends = *again.mutable_amends();
  SetEntry(event_id, subject, amends.mutable_target());
  amends.set_how(ev1::AMENDMENT_CORRECTION);
  *amends.mutable_fields() = {fields.begin(), fields.end()};
  return again;
}

// What the hub decides about two subjects, and takes back.
inline Statement Linked(const std::string& a, const std::string& b) {
  Statement linked = Said("2026-04-01", "Linked");
  linked.mutable_subjects_linked()->add_subjects(a);
  linked.mutable_subjects_linked()->add_subjects(b);
  return linked;
}
inline Statement Separated(const std::string& a, const std::string& b) {
  Statement separated = Said("2026-04-01", "Not one child");
  separated.mutable_subjects_separated()->add_group_a(a);
  separated.mutable_subjects_separated()->add_group_b(b);
  return separated;
}

// Two children at one incident, of whom each said something else, and their
// mother.
inline Statement Incident(const std::string& anna, const std::string& bela) {
  Statement told = Told(anna, "2026-03-28", "Domestic incident");
  told.mutable_incident_attended();
  told.add_about()->mutable_person()->mutable_ref()->set_subject(bela);
  const std::pair<const char*, const char*> said[] = {
      {"Daddy was shouting", "victim"}, {"I was asleep", "witness"}};
  for (int i = 0; i < 2; ++i) {
    ev1::About& about = *told.mutable_about(i);
    about.mutable_seen()->set_seen(ev1::ANSWER_YES);
    about.mutable_seen()->set_own_words(said[i].first);
    about.mutable_role()->set_code(said[i].second);
    about.set_present(ev1::ANSWER_YES);
  }
  told.mutable_about(1)->set_whereabouts("Upstairs");
  ev1::Involved& mother = *told.add_involved();
  mother.mutable_person()->mutable_ref()->mutable_local_id()->set_system(
      "records");
  mother.mutable_person()->mutable_ref()->mutable_local_id()->set_id("m1");
  Know("Jones", "Mary", "1990-01-01", "9990000050",
       mother.mutable_person()->mutable_demographics());
  ev1::Tie& tie = *mother.add_ties();
  tie.add_about(0);
  tie.add_about(1);
  tie.mutable_relation()->set_code("mother");
  tie.set_parental_responsibility(ev1::ANSWER_YES);
  return told;
}

// The records of one request, as they are appended. `content` stands for the
// request's digest.
inline std::vector<eventlog::TopicRecord> SealedDrafts(
    const Teller& teller, std::vector<event::Draft> drafts,
    const std::string& request_id, const std::string& content = "content",
    absl::Time received = absl::FromUnixSeconds(1'780'000'000)) {
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

inline std::vector<event::Draft> DraftsOf(const Teller& teller,
                                          Statement statement) {
  *statement.mutable_submission()->mutable_organisation() =
      ToProtoOrganisation(teller.organisation);
  event::Violations violations;
  const event::NamingKeys keys = {.current = Key()};
  service::Drafting drafting = service::DraftsOf(
      statement, event::PartsOf(statement),
      {.keys = keys, .any_subject = true, .system = "records"}, &violations);
  Check(violations.empty(), "what a test tells can be told");
  return std::move(drafting.drafts);
}

inline std::vector<eventlog::TopicRecord> Sealed(
    const Teller& teller, const std::vector<Statement>& statements,
    const std::string& request_id, const std::string& content = "content",
    absl::Time received = absl::FromUnixSeconds(1'780'000'000)) {
  std::vector<event::Draft> drafts;
  for (const Statement& statement : statements) {
    for (event::Draft& draft : DraftsOf(teller, statement)) {
      drafts.push_back(std::move(draft));
    }
  }
  return SealedDrafts(teller, std::move(drafts), request_id, content, received);
}

// The same record, each of whose sections `change` may change.
template <typename Change>
eventlog::TopicRecord WithSections(eventlog::TopicRecord record,
                                   const Change& change) {
  io::cloudevents::v1::CloudEvent event;
  ev1::Sections sections;
  Check(event.ParseFromString(record.record.value) &&
            sections.ParseFromString(event.binary_data()),
        "it was sealed");
  for (ev1::Section& section : *sections.mutable_sections()) {
    change(event, section);
  }
  event.set_binary_data(sections.SerializeAsString());
  record.record.value = event.SerializeAsString();
  return record;
}

// For an audience that this version does not know: what a reader meets who may
// not see what is restricted. All sections, or those of that part.
inline eventlog::TopicRecord Reserved(eventlog::TopicRecord record) {
  return WithSections(std::move(record),
                      [](const auto&, ev1::Section& section) {
                        section.set_audience("reserved");
                      });
}
inline eventlog::TopicRecord Reserved(eventlog::TopicRecord record,
                                      ev1::Part part) {
  return WithSections(std::move(record),
                      [&](const auto&, ev1::Section& section) {
                        if (section.part() == part) {
                          section.set_audience("of a later version");
                        }
                      });
}

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_TEST_FACTS_H_
