// What was later said about the entries of one child's record, and what follows
// for each: corrected, withdrawn, significant, part of one incident.
//
//   const std::vector<EntryState> states = Amend(facts);   // one for each
//
// Nothing is edited: a correction stands beside what it corrects, and both are
// shown. What changes the state of an entry is said by its own source (the same
// writer and organisation) or by the hub (writer `mash`); what anybody else
// says of it is listed and changes nothing. (R69, R102; F40.)
//
// It decides from section CLEAR, which no key seals, so destroying a key
// changes no row and no amendment (proto/README.md). What rests on content is
// said here each time: a target that is named by the record of another writer's
// organisation, or by a version of a record; shared incident references; how
// significant an entry was judged to be.
//
// Which facts are about entries: those with a target that they correct,
// supplement, withdraw, judge, group, ungroup, reassign or settle, and every
// other fact of such a kind. What answers, cites or continues an entry is an
// entry of its own.
//
// Targets:
//
// - By event id and subject: the entry of that id, if it stands under that
//   subject; else nothing. Any id of a statement names the statement: so a
//   correction or supplement that is about another of its subjects than the
//   entry named reaches that subject's entry of the same request and type.
// - By record (ClearPart.record): every entry of the same record that the same
//   writer named; of a correction or supplement those of its own type. A record
//   of another writer, or of before a naming key was replaced, has another name
//   there: it is found by content, as the entries of that organisation, system
//   and id. A version, if one is named, counts as long as both sides can be
//   read. If any entry of the record stands under the speaker's own subject, a
//   fact about entries means that alone: what is said of one child changes
//   nothing of another in the same record.
// - An answer is about those whom it is about itself. Of the statement, or
//   the record, that it names it reaches the entries under its own subject; if
//   none stands there, the entry that it names by id, or else what is of this
//   child: an authority answers under its own reference for the child. So a
//   decision about one child of a referral leaves the others open. But a
//   referral is acknowledged, confirmed, clarified and chased for all: such an
//   answer reaches every entry of the statement or record that is given.
// - A settled fact (TargetSettled of the hub) reaches by record what was
//   settled, and nothing else. If it names several records, that is the one
//   that reaches what was settled, or those that reach nothing.
// - A correction or supplement of a correction or supplement is one of the
//   original. It has the type of what it amends, or it reaches nothing.
// - What reaches nothing is unmatched: it is listed, and changes nothing.
//
// What follows:
//
// - A withdrawal withdraws the whole entry. A correction, judgement, grouping
//   or withdrawal can be withdrawn as well, by a later fact that names it by
//   id; it is then as if it had not been made. Only entries are corrected: what
//   is about entries is withdrawn, and said anew.
// - Significance is the latest judgement, by anybody: it is a judgement, not a
//   fact of the source. "Not yet judged" is one as well.
// - Entries are one incident if they share an incident reference (issuer and
//   id) or if the hub, or the source of all that it names, grouped them.
//   Ungrouping takes an entry out of what was grouped before, and out of
//   shared references; a later grouping takes it in again.
// - What was filed under the wrong record is reassigned, by the latest word of
//   its source or the hub.
//
// References that are one by a renaming are one subject here.
//
// "Later" is the order of `logged`, then of position. Facts may be given in any
// order; the answer for each does not depend on it. Which value a corrected
// field has: corrections.h.
//
// Give it what the asker may know of, and no more: it knows no policy. A
// section that is withheld is to be given as one whose key was destroyed.
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
#include "libs/safeguarding/renamings.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::safeguarding {

// One event of the record. The views and pointers must outlive the call.
struct EntryFact {
  absl::string_view event_id = {};
  absl::string_view source = {};   // "//vigil/police/police:43"
  absl::string_view type = {};     // "vigil.event.v1.ConcernRaised"
  absl::string_view subject = {};  // that it stands under
  const event::v1::ClearPart* clear = nullptr;  // never nullptr
  // Nullptr if it cannot be read, was destroyed, or is withheld.
  const event::v1::Header* header = nullptr;
  const event::v1::Kind* kind = nullptr;
  // Of the envelope: which facts came from one statement. Empty: not known, and
  // an id names its own entry alone.
  absl::string_view request_key = {};
  uint32_t request_index = 0;
  absl::Time logged = {};
  // Orders what was logged at the same time, in one way for all: topic,
  // partition and offset.
  absl::string_view topic = {};
  int32_t partition = 0;
  int64_t offset = 0;
  bool conflict = false;     // other content came under its id or request
  bool provisional = false;  // its subject has no local id yet
  // Of another child's record: given because something here names it, so that
  // the statement it is of can be told. It is in no group.
  bool elsewhere = false;
};

// Of several, the first here that applies.
enum class State { kWithdrawn, kConflict, kCorrected, kProvisional, kCurrent };

// Indices are into the facts given.
struct EntryState {
  State state = State::kCurrent;
  // It says something of other entries, all of those given being among these.
  // A fact about entries with no target here stands alone in the record.
  std::vector<size_t> targets;
  // What it answers, cites or continues, of those given.
  std::vector<size_t> answers;
  // Places in `clear->targets()` of what reached nothing here: an entry that is
  // not given, does not stand under the subject named beside it, or is of
  // another type than what corrects it.
  std::vector<int> unmatched;
  // Corrections, supplements, withdrawals and reassignments of it, the first
  // logged first; also those that change nothing.
  std::vector<size_t> amendments;
  // Of those, the corrections that count, to be applied in this order; and the
  // supplements that were not withdrawn, by whomever.
  std::vector<size_t> corrections;
  std::vector<size_t> supplements;
  // And the withdrawals of it that count.
  std::vector<size_t> withdrawals;
  // UNSPECIFIED: it was judged, and how can no longer be read.
  event::v1::Significance significance = event::v1::SIGNIFICANCE_NOT_YET_JUDGED;
  std::optional<size_t> significance_by;  // the judgement
  // Entries of the same incident, without this one, in the order of event ids.
  std::vector<size_t> incident_group;
  // Organisations ("ods:RXX") that report the same incident in entries that
  // are not withdrawn, without this entry's own; sorted.
  std::vector<std::string> also_reported_by;
  std::string reassigned_to;  // a subject; empty: no
  // What it says of who its subject is still stands as it was said: it is
  // neither withdrawn, reassigned nor corrected in that, and is no correction
  // itself. (Otherwise what it says of the person must not link them, but as
  // corrections.h gives it.)
  bool people_stand = true;
};

// Whether it is about other entries: a correction, supplement, withdrawal,
// judgement, grouping, ungrouping, reassignment or settlement. `type` as in the
// event.
bool IsAboutEntries(absl::string_view type, const event::v1::ClearPart& clear);

// Whether it is the act said again: a correction or supplement.
bool IsActAgain(const event::v1::ClearPart& clear);

// As many as there are facts, in their order.
std::vector<EntryState> Amend(absl::Span<const EntryFact> facts,
                              const Renamings& renamings = {});

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_AMENDMENTS_H_
