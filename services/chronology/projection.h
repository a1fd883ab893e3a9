// The fold of the chronology: from one logged event to the rows of the index.
//
//   absl::StatusOr<std::unique_ptr<projection::Index>> index =
//       projection::Index::Open(folder, ChronologyFold());
//   snapshot->Scan(kEntries, SubjectGroup(subject), [&](auto key, auto value) {
//     std::optional<Row> row = ReadRow(kEntries, key, value);
//     ...
//   });
//
// Every row's key ends in the place of its record, so that the index is the
// union of the rows of all records, and two records under one id lie side by
// side: which of them counts, the reader decides (facts.h). Every row also
// holds when the log took its record and which organisation asserts it: what an
// answer as of some time, or for one organisation alone, may use of it.
//
//   key   = group:16 detail place        (the tables of text: text %x00 rest)
//   place = topic %x00 partition:4 offset:8
//   value = logged:8 sized(organisation) payload
//
// A group is the first half of a SHA-256 over what it names. An event that
// cannot be read, or says that another writer or organisation made it than its
// topic allows, is refused to quarantine, where its bytes and its record's key
// (the child) stay; an event of a kind that this build does not know is an
// entry like any other.
//
// Threads: safe.
#ifndef VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_
#define VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/fold.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::chronology {

// The fold's tables, in its order. `payload` is what ReadRow leaves of a value.
enum Table : size_t {
  // A child's entries in the order of their when.
  //   SubjectGroup WhenKey:16 -> the event
  kEntries,
  // What is said about entries: corrections, supplements, withdrawals,
  // judgements of significance, groupings, reassignments; and revocations.
  //   SubjectGroup | EventGroup of what it is about -> the event
  kAnnotations,
  // Links, separations and renamings, under every subject that they name.
  //   SubjectGroup -> the event
  kLinks,
  // What an event says of its subject as a person.
  //   SubjectGroup -> parts: source, event id, type, audience of the section,
  //                   RecordRef, Person
  kPeople,
  //   IdentifierGroup SubjectGroup -> the subject
  kIdentifiers,
  // The tokens of a name (libs/safeguarding/names.h), each with the date of
  // birth that the same event gives (or nothing).
  //   token %x00 date %x00 SubjectGroup -> the subject
  kNames,
  // A date of birth, or an expected one, as it was given.
  //   date %x00 SubjectGroup -> the subject
  kBirths,
  // Where an event lies.
  //   EventGroup -> table:1 key
  kEvents,
  // The facts of one request.
  //   RequestGroup -> parts: digest, event id, subject; index:4 count:4
  kRequests,
  // Answers that were given.
  //   EventGroup -> the event
  kViews,
  // The first record of each partition.
  //   topic %x00 partition:4 -> nothing
  kSources,
  //   key id %x00 place -> the event that registers or replaces it
  kNamingKeys,
  // Key ids that references were made with. No place, nothing in the value.
  //   key id
  kKeyIdsSeen,
};

// Raised with every change of what the fold makes of a record.
inline constexpr uint32_t kFoldVersion = 2;

// Its version also changes with the tables behind the folding of names.
projection::Fold ChronologyFold();

inline constexpr size_t kGroupBytes = 16;
std::string SubjectGroup(absl::string_view subject);
std::string EventGroup(absl::string_view event_id);
std::string RequestGroup(absl::string_view request_key);
std::string IdentifierGroup(const event::v1::Identifier& identifier);

// A row, read. Views into the key and value that were given.
struct Row {
  eventlog::Position position;
  absl::Time logged;
  absl::string_view organisation;  // "police:43"; empty: none asserts it
  absl::string_view payload;
  absl::string_view before_place;  // what stands in the key before the place
};

// Nothing if the bytes are no row of that table (kKeyIdsSeen has none).
std::optional<Row> ReadRow(Table table, absl::string_view key,
                           absl::string_view value);

// What a text table's rows of one text begin with.
std::string TextPrefix(absl::string_view text);

// Parts of a payload: the inverse of EncodeParts, leaving the rest in `bytes`.
std::optional<absl::string_view> TakePart(absl::string_view& bytes);

// Which case of Kind a type names; KIND_NOT_SET for one not known here.
event::v1::Kind::KindCase KindCaseOf(absl::string_view type);

// What a kind is to a chronology.
enum class Role {
  kEntry,       // something about the child: a row
  kAnnotation,  // something about an entry, or cancelling a link
  kLink,        // who is who
  kView,        // an answer that was given
  kNamingKey,
};
Role RoleOf(event::v1::Kind::KindCase kind);

// The writer that a topic belongs to: "police" of "vigil.police.events.v1".
absl::string_view WriterOf(absl::string_view topic);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_
