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
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/organisation.h"
#include "libs/safeguarding/amendments.h"
#include "libs/safeguarding/identity.h"
#include "libs/safeguarding/sharing.h"
#include "services/chronology/facts.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

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
                                     event::v1::Part part);
safeguarding::Decision DecideSection(const Asking& asking,
                                     const Facts::PersonFact& person);

// Whether it may see in full what the fact says beyond its header.
bool SeesContent(const Asking& asking, const Fact& fact);

// The header, as it was given if the asker may see all that it says. Empty if
// it cannot be read.
event::v1::Header HeaderFor(const Asking& asking, const Fact& fact);

// One fact of the child that the asker may see at least a notice of.
struct Item {
  Entry entry = {};
  std::string subject;  // under which it is filed
  event::v1::Header header = {};
  // Of what is said about entries; that of an entry is opened when it is shown.
  std::optional<event::v1::Kind> kind = {};
  // Of its header; a notice also if it is about what is withheld.
  safeguarding::Decision seen = {};
  safeguarding::EntryState state = {};  // indices are into Child::items
  RequestState request = {};
  bool is_row = true;  // false: it is shown beside what it is about
};

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
};

// NOT_FOUND, with one text, if there is nothing of it that the asker may know.
absl::StatusOr<Child> LoadChild(Facts& facts, const Asking& asking,
                                const std::string& subject);

// Who is one child with this subject.
absl::StatusOr<safeguarding::Identity> ResolveChild(Facts& facts,
                                                    const std::string& subject);

// What still stands of what events say of this person, the first logged first:
// not what was withdrawn, corrected in that, or filed elsewhere.
std::vector<Facts::PersonFact> StandingPerson(Facts& facts,
                                              const std::string& subject);

// One picture of a person, of all that this asker may see of many. Of births
// the one that says most, of equals the last logged; of lists all that differ.
event::v1::Demographics Merge(const Asking& asking,
                              const std::vector<Facts::PersonFact>& person);

// "police:43" as an Organisation; empty parts if it is none.
Organisation OrganisationOf(absl::string_view text);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_CHILD_H_
