// What was later said about the entries of one child's record, and what follows
// for each: corrected, withdrawn, significant, part of one incident.
//
//   const std::vector<EntryState> states = Amend(facts);   // one for each
//
// Nothing is edited: a correction stands beside what it corrects, and both are
// shown. What changes the state of an entry is said by its own source (the same
// writer and organisation) or by the hub (writer `mash`, through which only a
// coordinator's system may name an entry by its id: command_pipeline.h); what
// anybody else says of it is listed and changes nothing. (R69, R102; F40;
// contract 6.)
//
// - A target is an event id, or a record reference: every casework entry of the
//   same source with the same system and id (and version, if one is named).
//   A reference never reaches another organisation's record, the hub's
//   own included.
// - Withdrawn with fields named is corrected: the rest still stands. A
//   correction, judgement or grouping can be withdrawn as well, by a later
//   event that names it by id; it is then as if it had not been made.
// - Significance is the latest judgement, by anybody: it is a judgement, not a
//   fact of the source. "Not yet judged" is one as well.
// - Entries are one incident if they share an incident reference (issuer and
//   id) or if the hub, or the source of all that it names, grouped them.
//   Ungrouping takes an entry out of what was grouped before, and out of
//   shared references; a later grouping takes it in again.
// - What was filed under the wrong record is reassigned, by the latest word of
//   its source or the hub.
//
// "Later" is the order of `logged`, then of position. Facts may be given in any
// order; the answer for each does not depend on it.
//
// Give it what the asker may see, and no more: it knows no policy.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_SAFEGUARDING_AMENDMENTS_H_
#define VIGIL_LIBS_SAFEGUARDING_AMENDMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::safeguarding {

// One event of the record. The views and pointers must outlive the call.
struct EntryFact {
  absl::string_view event_id = {};
  absl::string_view source;                   // "//vigil/police/police:43"
  const event::v1::Header* header = nullptr;  // never nullptr
  // Nullptr if it cannot be read: it is then an entry that says nothing of
  // others.
  const event::v1::Kind* kind = nullptr;
  absl::Time logged = {};
  // Orders what was logged at the same time, in one way for all: topic,
  // partition and offset.
  absl::string_view topic = {};
  int32_t partition = 0;
  int64_t offset = 0;
  bool conflict = false;     // other content came under its id or request
  bool provisional = false;  // its subject has no local id yet
};

// Of several, the first here that applies.
enum class State { kWithdrawn, kConflict, kCorrected, kProvisional, kCurrent };

// Indices are into the facts given.
struct EntryState {
  State state = State::kCurrent;
  // It says something of other entries, all of those given being among these.
  // A fact about entries with no target here stands alone in the record.
  std::vector<size_t> targets;
  // Corrections, supplements, withdrawals and reassignments of it, the first
  // logged first; also those that change nothing.
  std::vector<size_t> amendments;
  event::v1::Significance significance = event::v1::SIGNIFICANCE_NOT_YET_JUDGED;
  std::optional<size_t> significance_by;  // the judgement
  // Entries of the same incident, without this one, in the order of event ids.
  std::vector<size_t> incident_group;
  // Organisations ("ods:RXX") that report the same incident in entries that
  // are not withdrawn, without this entry's own; sorted.
  std::vector<std::string> also_reported_by;
  std::string reassigned_to;  // a subject; empty: no
  // Its section PEOPLE still says who its subject is: neither withdrawn,
  // reassigned nor corrected in that. (Otherwise what it says of the person
  // must not link them.)
  bool people_stand = true;
};

// Whether it is an event about other entries (correction, supplement,
// withdrawal, judgement, grouping, ungrouping, reassignment).
bool IsAboutEntries(const event::v1::Kind& kind);

// As many as there are facts, in their order.
std::vector<EntryState> Amend(absl::Span<const EntryFact> facts);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_AMENDMENTS_H_
