// One child as one asker may know them: the subjects that belong together, what
// was said of them, and what was later said of that.
//
//   Facts facts(index->snapshot(), ExtentOf(asking, as_of));
//   absl::StatusOr<Child> child = LoadChild(facts, asking, subject);
//
// It gathers; the judgements are the rules' (libs/safeguarding): who is one
// child, what the asker may see, what has become of each entry.
//
// Threads: one at a time with its Facts.
#ifndef VIGIL_SERVICES_CHRONOLOGY_CHILD_H_
#define VIGIL_SERVICES_CHRONOLOGY_CHILD_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/organisation.h"
#include "libs/safeguarding/amendments.h"
#include "libs/safeguarding/identity.h"
#include "libs/safeguarding/sharing.h"
#include "services/chronology/facts.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/parts.pb.h"

namespace vigil::chronology {

// Who asks, and for what.
struct Asking {
  safeguarding::Asker asker;
  event::v1::Purpose purpose = event::v1::PURPOSE_UNSPECIFIED;
};

// Narrows to what this asker may draw on at all: all facts for those who see
// the combined record, else what its own organisation asserts.
Extent ExtentOf(const Asking& asking);

// How far one section of a fact may be shown.
safeguarding::Decision DecideSection(const Asking& asking, const Fact& fact,
                                     const event::SectionView& section);
// The first section of that part; one that is not there is anybody's.
safeguarding::Decision DecideSection(const Asking& asking, const Fact& fact,
                                     event::v1::Part part);
// What is said of that person there, and in what corrects it.
safeguarding::Decision DecideSection(const Asking& asking,
                                     const Facts::PersonFact& person);

// How far its row may be shown: FULL if its header may, REDACTED if no more
// than what stands in section CLEAR, which has no words.
safeguarding::Decision DecideRow(const Asking& asking, const Fact& fact);

// Whether it may see in full what the fact says beyond its header.
bool SeesContent(const Asking& asking, const Fact& fact);

// Whether the key of any of its sections is gone. (As long as nobody holds keys
// here, what is sealed is to a reader as if it were.)
bool IsDestroyed(const Fact& fact);

// A section as a message: nothing if it is not there, may not be seen or cannot
// be read.
template <typename M>
std::optional<M> Read(const Asking& asking, const Fact& fact,
                      event::v1::Part part) {
  if (fact.envelope.Find(part) == nullptr ||
      DecideSection(asking, fact, part).visibility !=
          safeguarding::Visibility::kFull) {
    return std::nullopt;
  }
  absl::StatusOr<M> message = fact.envelope.Open<M>(part);
  if (!message.ok()) return std::nullopt;
  return *std::move(message);
}

// Its sections PERSON in their order, those that may be seen and read: of whom,
// and what is said.
struct ReadPerson {
  std::string whose;
  event::v1::PersonPart part;
};
std::vector<ReadPerson> ReadPersons(const Asking& asking, const Fact& fact);

// One fact of the child that the asker may see at least a notice of.
struct Item {
  Entry entry = {};
  std::string subject;  // under which it is filed
  // Empty if it is withheld, was destroyed or cannot be read.
  event::v1::Header header = {};
  bool has_header = false;
  // Of what names other entries; that of another is opened when it is shown.
  std::optional<event::v1::Kind> kind = {};
  // What it is to the entries that it is about; UNSPECIFIED of an entry.
  event::v1::Manner manner = event::v1::MANNER_UNSPECIFIED;
  // Of its row; a notice also if it is about what is withheld.
  safeguarding::Decision seen = {};
  // Not known if even that is withheld.
  event::v1::When when = {};            // of section CLEAR: where it stands
  event::v1::When occurred = {};        // as precise as may be seen
  safeguarding::EntryState state = {};  // indices are into Child::items
  RequestState request = {};
  bool is_row = true;  // false: it is shown beside what it is about

  // Something about other entries.
  bool says() const { return manner != event::v1::MANNER_UNSPECIFIED; }
};

// What one is to another, as one fact says.
struct Tie {
  std::string subject;    // who
  std::string name = {};  // as far as may be seen
  event::v1::Concept relation = {};
  std::string to;  // to whom
  event::v1::Answer parental_responsibility = event::v1::ANSWER_UNSPECIFIED;
  event::v1::Interval valid = {};
  std::string risk = {};
  // What says so.
  std::string event_id = {};
  std::string organisation = {};
  absl::Time logged = {};
  safeguarding::State state = safeguarding::State::kCurrent;
};

// What a fact says about who is what to whom, as far as may be seen: of those
// who are involved, to its own subject. `header` is its header.
std::vector<Tie> TiesIn(const Asking& asking, const Fact& fact,
                        const event::v1::Header& header);

struct Child {
  safeguarding::Identity identity;
  std::vector<Item> items = {};
  struct Held {
    Unreadable record;
    std::string subject;
  };
  std::vector<Held> unreadable = {};
  // Of all subjects together, as far as the asker may see them.
  event::v1::Demographics demographics = {};
  // Links, separations and renamings of its subjects under whose id or request
  // other content came.
  std::vector<Entry> link_conflicts = {};
  // Events with other content beside them: items, and those links.
  uint64_t conflicts = 0;
  // Its subjects that a key named which nobody registered.
  std::set<std::string> unregistered = {};
  // Who says something about others that names it.
  std::set<std::string> named_by = {};
  // What its subjects are to others and others to them, by whomever's record:
  // the first logged first.
  std::vector<Tie> ties = {};
};

// NOT_FOUND, with one text, if there is nothing of it that the asker may know.
absl::StatusOr<Child> LoadChild(Facts& facts, const Asking& asking,
                                const std::string& subject);

// Who is one child with this subject.
absl::StatusOr<safeguarding::Identity> ResolveChild(Facts& facts,
                                                    const std::string& subject);

// What still stands of what events say of this person or household, under any
// of the references that renamings joined, the first logged first: not what was
// withdrawn or filed elsewhere; what was corrected as it is right
// (libs/safeguarding/corrections.h).
std::vector<Facts::PersonFact> StandingPerson(Facts& facts,
                                              const std::string& subject);

// One picture of a person, of all that this asker may see of many. Of births
// the one that says most, of equals the last logged; of lists all that differ.
event::v1::Demographics Merge(const Asking& asking,
                              const std::vector<Facts::PersonFact>& person);

// A person's name in one line: the current one, if one is said to be.
std::string NameOf(const event::v1::Person& person);

// "police:43" as an Organisation; empty parts if it is none.
Organisation OrganisationOf(absl::string_view text);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_CHILD_H_
