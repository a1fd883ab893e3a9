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
// A group is the first half of a SHA-256 over what it names. What a record is,
// where it lies, and what it says of other entries and of who is who, are taken
// from its section CLEAR alone: so destroying the key of any other changes no
// row of an entry, its order, what amends it or a decided link. Only what finds
// people, addresses and terms is taken from sealed content, and goes with it.
//
// An event that cannot be read, or says that another writer or organisation
// made it than its topic allows, is refused to quarantine, where its bytes and
// its record's key (the child) stay; an event of a kind that this build does
// not know is an entry like any other.
//
// Threads: safe.
#ifndef VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_
#define VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/fold.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::chronology {

// The fold's tables, in its order. `payload` is what ReadRow leaves of a value.
enum Table : size_t {
  // Entries of a child, household or organisation, in the order of their when.
  //   SubjectGroup WhenKey:16 -> the event
  kEntries,
  // What is said about entries: corrections, supplements, withdrawals,
  // judgements of significance, groupings, reassignments, which entry was
  // meant;
  // and revocations. Under its own subject, the entries that it is about and
  // their subjects, and where an entry moves to.
  //   SubjectGroup | EventGroup | RecordGroup -> the event
  kAnnotations,
  // Links, separations and renamings, under every subject that they name.
  //   SubjectGroup -> the event
  kLinks,
  // Where an event lies that names this subject, entry or record besides: a
  // relation under the other person, an answer under what it answers.
  //   SubjectGroup | EventGroup | RecordGroup -> table:1 key
  kMentions,
  // What an event says of a person or household, if anything: its own subject,
  // or one who is involved.
  //   SubjectGroup -> parts: source, event id, type, the event's subject,
  //                   audience of the section, request key, ClearPart,
  //                   PersonPart (no more of it than who it is);
  //                   request index:4
  kPeople,
  // Of whoever has a record of their own in some system: of one who is known by
  // number in one record there is no row here nor in the next two.
  //   IdentifierGroup SubjectGroup -> the subject
  kIdentifiers,
  // The tokens of a name (libs/safeguarding/names.h), each with the date of
  // birth that the same event gives (or nothing).
  //   token %x00 date %x00 SubjectGroup -> the subject
  kNames,
  // A date of birth, or an expected one, as it was given.
  //   date %x00 SubjectGroup -> the subject
  kBirths,
  // Who lives, or lived, where (AddressGroup).
  //   AddressGroup SubjectGroup -> the subject
  kAddresses,
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
  // References by the key that they were made with. No place; no as-of.
  //   key id %x00 SubjectGroup -> the reference
  kReferences,
  // Where what is said about organisations lies, by kind: mappings, calendars
  // and settings among it.
  //   name of the kind %x00 -> table:1 key
  kDirectory,
  // Terms of agencies that stand where a published code could, without one. Not
  // of discreet kinds: whose words they are, and when they were said, would
  // tell
  // operators that a sensitive service was there.
  //   table %x00 system %x00 code %x00 display, if no code %x00
  //   organisation %x00 -> parts: display
  kTerms,
};

// Raised with every change of what the fold makes of a record.
inline constexpr uint32_t kFoldVersion = 3;

// Its version also changes with the tables behind the folding of names.
projection::Fold ChronologyFold();

inline constexpr size_t kGroupBytes = 16;
std::string SubjectGroup(absl::string_view subject);
std::string EventGroup(absl::string_view event_id);
std::string RequestGroup(absl::string_view request_key);
// A sender's own record, as ClearPart.record and Target.record name it.
std::string RecordGroup(absl::string_view record);
std::string IdentifierGroup(const event::v1::Identifier& identifier);

// Two addresses that have this in common are one place: the property reference
// number, or else postcode and first line without case, accents, spaces and
// punctuation. Empty of an address that says neither. One that says both has
// two.
std::vector<std::string> AddressGroups(const event::v1::Address& address);

// A row, read. Views into the key and value that were given.
struct Row {
  eventlog::Position position;
  absl::Time logged;
  absl::string_view organisation;  // "police:43"; empty: none asserts it
  absl::string_view payload;
  absl::string_view before_place;  // what stands in the key before the place
};

// Nothing if the bytes are no row of that table (those of kReferences have no
// place).
std::optional<Row> ReadRow(Table table, absl::string_view key,
                           absl::string_view value);

// What a text table's rows of one text begin with.
std::string TextPrefix(absl::string_view text);

// Parts of a payload: the inverse of EncodeParts, leaving the rest in `bytes`.
std::optional<absl::string_view> TakePart(absl::string_view& bytes);

// Whether the event says something about other entries, and how: the manner in
// which it amends, judges, groups or moves them, settles which was meant, or
// revokes a link. MANNER_UNSPECIFIED: it is an entry of its own, or who is who.
event::v1::Manner SayingOf(absl::string_view type,
                           const event::v1::ClearPart& clear);

// The writer that a topic belongs to: "police" of "vigil.police.events.v1".
absl::string_view WriterOf(absl::string_view topic);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_PROJECTION_H_
