// What an answer may draw on: the facts of one snapshot, within an extent.
//
//   Facts facts(index->snapshot(), {.organisation = "police:43"});
//   std::vector<Entry> entries = facts.EntriesOf(subject);
//   std::optional<Fact> event = facts.Event(event_id);
//   if (!facts.status().ok()) ...      // what could not be read
//
// An extent narrows before anything is judged. So an answer as of some time, or
// for an agency that may know only what it published itself, is the answer to
// the same question over fewer facts: nothing else can show through it, neither
// in links nor in counts.
//
// Threads: one at a time. Failures: the first is kept in status(), and what
// comes after it may be incomplete; whoever answers looks there last.
#ifndef VIGIL_SERVICES_CHRONOLOGY_FACTS_H_
#define VIGIL_SERVICES_CHRONOLOGY_FACTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/event/open.h"
#include "libs/eventlog/event_log.h"
#include "libs/projection/snapshot.h"
#include "libs/safeguarding/identity.h"
#include "services/chronology/projection.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::chronology {

// Rows outside the extent that one look for subjects passes before it gives up
// and says so: a tenth of a second's work, and more than any child has.
inline constexpr size_t kMaxRowsPassed = 100'000;

// All facts, unless narrowed.
struct Extent {
  // Logged no later than this.
  std::optional<absl::Time> logged_until = {};
  // Below these positions; a partition that is missing holds nothing.
  std::optional<projection::Positions> positions = {};
  // Asserted by this organisation: "police:43".
  std::optional<std::string> organisation = {};
};

// One event of the log. Copies share its bytes.
struct Fact {
  eventlog::Position position;
  absl::Time logged;
  std::shared_ptr<const std::string> value;
  event::Envelope envelope = {};                           // views into `value`
  std::shared_ptr<const event::v1::ClearPart> clear = {};  // never nullptr
};

// One fact, and what else came under its id: of several records with one id
// the first counts.
struct Entry {
  Fact fact;
  uint32_t duplicates = 0;           // the same content again
  std::vector<Fact> conflicts = {};  // other content
};

// What is known of the other facts of a request.
struct RequestState {
  bool incomplete = false;   // fewer than it said
  bool conflicting = false;  // other content came under the same request id
};

// A record that cannot be opened: something is held here.
struct Unreadable {
  eventlog::Position position;
  absl::Time logged;
  std::string writer;
  // As far as its bytes can be read; may be empty.
  std::string organisation = {};
  std::string value = {};
};

class Facts {
 public:
  Facts(std::shared_ptr<const projection::Snapshot> snapshot, Extent extent);

  const projection::Snapshot& snapshot() const { return *snapshot_; }
  std::shared_ptr<const projection::Snapshot> snapshot_pointer() const {
    return snapshot_;
  }
  const Extent& extent() const { return extent_; }
  const absl::Status& status() const { return status_; }

  // In the order of their when.
  std::vector<Entry> EntriesOf(absl::string_view subject);
  // What is said under this subject about any entry, and about this event or
  // record under any subject, in the order of logged time. Where one id came
  // with several contents, one of which is about this, the first counts, also
  // if that is about something else.
  std::vector<Entry> AnnotationsOf(absl::string_view subject);
  std::vector<Entry> AnnotationsAbout(absl::string_view event_id);
  std::vector<Entry> AnnotationsOfRecord(absl::string_view record);
  // Links, separations and renamings that name this subject, in the same way.
  std::vector<Entry> LinksOf(absl::string_view subject);
  // Of other subjects, what names this one besides, and what answers, continues
  // or cites this event: in the order of logged time.
  std::vector<Entry> MentionsOf(absl::string_view subject);
  std::vector<Entry> MentionsAbout(absl::string_view event_id);
  // What is said about organisations in facts of this kind, and what corrects
  // that: "vigil.event.v1.TermsMapped".
  std::vector<Entry> Directory(absl::string_view kind);

  // What events say of this person or household, the first logged first.
  struct PersonFact {
    eventlog::Position position;
    absl::Time logged;
    std::string source = {};
    std::string event_id = {};
    std::string type = {};           // of the event
    std::string event_subject = {};  // which may be another's
    // Of this section of it, and of those that correct it.
    std::vector<std::string> audiences = {};
    std::string request_key = {};
    uint32_t request_index = 0;
    std::shared_ptr<const event::v1::ClearPart> clear = {};
    event::v1::PersonPart part = {};  // no more of it than who it is

    const event::v1::Person& person() const {
      return part.has_involved() ? part.involved().person()
                                 : part.about().person();
    }
  };
  std::vector<PersonFact> PersonOf(absl::string_view subject);

  // Subjects, at most `limit`, however many events say it of each.
  safeguarding::Found SubjectsWithIdentifier(
      const event::v1::Identifier& identifier, size_t limit);
  // With a name one of whose tokens begins so.
  safeguarding::Found SubjectsNamed(absl::string_view beginning, size_t limit);
  // With this name token and date of birth in one event.
  safeguarding::Found SubjectsNamedAndBorn(absl::string_view token,
                                           absl::string_view date,
                                           size_t limit);
  // Whose birth was given as a date that begins so.
  safeguarding::Found SubjectsBorn(absl::string_view date, size_t limit);
  // Who lives, or lived, at what has this group (AddressGroups).
  safeguarding::Found SubjectsAt(absl::string_view address_group, size_t limit);

  // A term of an agency without a published code (kTerms): its texts as they
  // stand in keys, and when anybody first said it.
  struct TermSaid {
    std::string key;
    std::string display;
    absl::Time first = absl::InfiniteFuture();
  };
  // The one after that key; after an empty key the first.
  std::optional<TermSaid> TermAfter(absl::string_view key);

  // The event that counts under this id: an entry, or said about one.
  std::optional<Entry> Event(absl::string_view event_id);
  // An answer that was given.
  std::optional<Fact> View(absl::string_view view_id);
  // Whether a writer registered the key that made this reference, whoever's
  // facts these are; true of what is no reference.
  bool IsKeyRegistered(absl::string_view subject);

  RequestState RequestOf(const Fact& fact);

  std::vector<Unreadable> UnreadableOf(absl::string_view subject);

  // When the log took the first record of a topic; nothing if it has none.
  std::optional<absl::Time> FirstLogged(absl::string_view topic);

  // Positions that cover what these calls have returned, and nothing else: an
  // answer at exactly them is the same. Says nothing of other facts.
  const projection::Positions& drawn() const { return drawn_; }
  // When the log took the newest of it; InfinitePast if there is none.
  absl::Time newest() const { return newest_; }

  // Whether this record is within the extent.
  bool Knows(const eventlog::Position& position, absl::Time logged,
             absl::string_view organisation) const;

 private:
  using Visit = absl::FunctionRef<bool(absl::string_view key, const Row&)>;
  // Visits the rows of a table from the key `from` on, and those of them that
  // are within the extent.
  void ScanAll(Table table, absl::string_view prefix, absl::string_view from,
               Visit visit);
  void Scan(Table table, absl::string_view prefix, Visit visit);
  std::vector<Fact> EventsIn(Table table, const std::string& group);
  // Those to which the rows of a table point.
  std::vector<Fact> EventsPointedAt(Table table, const std::string& prefix);
  std::vector<Entry> SayingsIn(Table table, const std::string& group);
  std::vector<Entry> EventsUnder(absl::string_view event_id);
  safeguarding::Found SubjectsIn(Table table, absl::string_view prefix,
                                 size_t limit);
  std::optional<Fact> ToFact(const Row& row);
  void Draw(const eventlog::Position& position, absl::Time logged);
  void Fail(const absl::Status& status);

  const std::shared_ptr<const projection::Snapshot> snapshot_;
  const Extent extent_;
  projection::Positions drawn_;
  absl::Time newest_ = absl::InfinitePast();
  absl::Status status_;
};

// Of records under one id the first, with the others beside it.
std::vector<Entry> Distinct(std::vector<Fact> facts);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_FACTS_H_
