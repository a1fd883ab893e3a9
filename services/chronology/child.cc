#include "services/chronology/child.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "libs/event/birth.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/service/status.h"

namespace vigil::chronology {
namespace {

using ::vigil::safeguarding::EntryFact;
using ::vigil::safeguarding::EntryState;
namespace v1 = ::vigil::event::v1;

// What Amend looks at, of one fact. Points into its arguments.
EntryFact ToEntryFact(const Fact& fact, const v1::Header& header,
                      const v1::Kind* kind) {
  return {.event_id = fact.envelope.id,
          .source = fact.envelope.source,
          .header = &header,
          .kind = kind,
          .logged = fact.logged,
          .topic = fact.position.partition.topic,
          .partition = fact.position.partition.partition,
          .offset = fact.position.offset};
}

safeguarding::Decision DecideOne(const Asking& asking, absl::string_view source,
                                 absl::string_view type,
                                 absl::string_view audience) {
  return safeguarding::Decide(
      asking.asker, asking.purpose,
      {.organisation = OrganisationOf(event::ParseSource(source).organisation),
       .type = std::string(type),
       .audience = std::string(audience)});
}

// The ids of links and separations that were cancelled, of these.
absl::flat_hash_set<std::string> RevokedOf(Facts& facts,
                                           const std::vector<Entry>& links) {
  absl::flat_hash_set<std::string> revoked;
  for (const Entry& link : links) {
    const absl::string_view id = link.fact.envelope.id;
    // Neither cancels what the other does, nor a renaming.
    const v1::Kind::KindCase kind = KindCaseOf(link.fact.envelope.type);
    const v1::Kind::KindCase cancels =
        kind == v1::Kind::kSubjectsLinked      ? v1::Kind::kLinkRevoked
        : kind == v1::Kind::kSubjectsSeparated ? v1::Kind::kSeparationRevoked
                                               : v1::Kind::KIND_NOT_SET;
    if (cancels == v1::Kind::KIND_NOT_SET) continue;
    for (const Entry& annotation : facts.AnnotationsAbout(id)) {
      if (KindCaseOf(annotation.fact.envelope.type) == cancels) {
        revoked.insert(std::string(id));
      }
    }
  }
  return revoked;
}

// What the identity rules ask for, read from the index.
class IndexedIdentity : public safeguarding::IdentityFacts {
 public:
  explicit IndexedIdentity(Facts* facts) : facts_(facts) {}

  absl::StatusOr<std::vector<v1::Demographics>> Person(
      const std::string& subject) const override {
    std::vector<v1::Demographics> person;
    for (Facts::PersonFact& fact : StandingPerson(*facts_, subject)) {
      person.push_back(std::move(*fact.person.mutable_demographics()));
    }
    return Checked(std::move(person));
  }

  absl::StatusOr<std::vector<safeguarding::Link>> LinksOf(
      const std::string& subject) const override {
    const std::vector<Entry> entries = facts_->LinksOf(subject);
    std::vector<safeguarding::Link> links;
    for (const auto& [fact, duplicates, conflicts] : entries) {
      const absl::StatusOr<v1::Kind> kind = fact.envelope.OpenKind();
      if (!kind.ok()) return kind.status();  // the fold has read it before
      if (kind->has_subjects_linked()) {
        links.push_back(
            {.event_id = std::string(fact.envelope.id),
             .kind = v1::LINK_KIND_DECISION,
             .subjects = {kind->subjects_linked().subjects().begin(),
                          kind->subjects_linked().subjects().end()}});
      } else if (kind->has_subject_renamed()) {
        links.push_back({.event_id = std::string(fact.envelope.id),
                         .kind = v1::LINK_KIND_RENAMED,
                         .subjects = {kind->subject_renamed().from_subject(),
                                      kind->subject_renamed().to_subject()}});
      }
    }
    return Checked(Active(std::move(links), RevokedOf(*facts_, entries)));
  }

  absl::StatusOr<std::vector<safeguarding::Separation>> SeparationsOf(
      const std::string& subject) const override {
    const std::vector<Entry> entries = facts_->LinksOf(subject);
    std::vector<safeguarding::Separation> separations;
    for (const auto& [fact, duplicates, conflicts] : entries) {
      const absl::StatusOr<v1::Kind> kind = fact.envelope.OpenKind();
      if (!kind.ok()) return kind.status();
      if (!kind->has_subjects_separated()) continue;
      const v1::SubjectsSeparated& parted = kind->subjects_separated();
      separations.push_back(
          {.event_id = std::string(fact.envelope.id),
           .group_a = {parted.group_a().begin(), parted.group_a().end()},
           .group_b = {parted.group_b().begin(), parted.group_b().end()}});
    }
    return Checked(Active(std::move(separations), RevokedOf(*facts_, entries)));
  }

  absl::StatusOr<safeguarding::Found> HoldersOf(
      const v1::Identifier& identifier, size_t limit) const override {
    return Checked(facts_->SubjectsWithIdentifier(identifier, limit));
  }

  absl::StatusOr<safeguarding::Found> NamedAndBorn(
      const std::string& token, const std::string& birth_date,
      size_t limit) const override {
    return Checked(facts_->SubjectsNamedAndBorn(token, birth_date, limit));
  }

 private:
  template <typename T>
  absl::StatusOr<T> Checked(T value) const {
    if (!facts_->status().ok()) return facts_->status();
    return value;
  }

  Facts* const facts_;
};

// What one event says something of; nullptr if it names no one entry so.
const v1::EventRef* TargetOf(const v1::Kind& kind) {
  switch (kind.kind_case()) {
    case v1::Kind::kEntryCorrected:
      return &kind.entry_corrected().target();
    case v1::Kind::kEntrySupplemented:
      return &kind.entry_supplemented().target();
    case v1::Kind::kEntryWithdrawn:
      return &kind.entry_withdrawn().target();
    case v1::Kind::kSignificanceJudged:
      return &kind.significance_judged().target();
    default:
      return nullptr;
  }
}

// How much a birth says.
int Precision(const v1::Birth& birth) {
  switch (birth.value_case()) {
    case v1::Birth::kDate:
      return 10 + static_cast<int>(birth.date().size());
    case v1::Birth::kEstimatedAge:
      return 3;
    case v1::Birth::kExpected:
      return 2;
    case v1::Birth::kNotKnown:
      return 1;
    case v1::Birth::VALUE_NOT_SET:
      return 0;
  }
  return 0;
}

template <typename Repeated>
void AddNew(const Repeated& from, Repeated* to) {
  for (const auto& one : from) {
    const std::string bytes = one.SerializeAsString();
    if (std::none_of(to->begin(), to->end(), [&](const auto& known) {
          return known.SerializeAsString() == bytes;
        })) {
      *to->Add() = one;
    }
  }
}

bool Before(const Item& a, const Item& b) {
  return std::tie(a.entry.fact.logged, a.entry.fact.position) <
         std::tie(b.entry.fact.logged, b.entry.fact.position);
}

// Gathers the items of one child.
class Gathering {
 public:
  Gathering(Facts& facts, const Asking& asking, Child& child)
      : facts_(facts), asking_(asking), child_(child) {}

  absl::Status Gather() {
    for (const v1::LinkedSubject& linked : child_.identity.subjects) {
      const std::string& subject = linked.subject();
      subjects_.insert(subject);
      for (Entry& entry : facts_.EntriesOf(subject)) {
        Add(std::move(entry), subject);
      }
      for (Entry& entry : facts_.AnnotationsOf(subject)) {
        Add(std::move(entry), subject);
      }
      for (Unreadable& record : facts_.UnreadableOf(subject)) {
        child_.unreadable.push_back({std::move(record), subject});
      }
    }
    // Those that were added here are looked at in their turn: what is filed
    // here by reassignment, what is said under other subjects, and what is said
    // of that.
    for (size_t i = 0; i < child_.items.size(); ++i) {
      const std::string subject = child_.items[i].subject;
      const std::optional<v1::Kind>& kind = child_.items[i].kind;
      if (kind && kind->has_entry_reassigned() &&
          subjects_.contains(kind->entry_reassigned().to_subject())) {
        const v1::EntryReassigned moved = kind->entry_reassigned();
        std::optional<Entry> entry = facts_.Event(moved.event_id());
        if (entry && Add(*std::move(entry), moved.to_subject())) {
          AddNamingRecord(child_.items.size() - 1);
        }
      }
      const std::string id(child_.items[i].entry.fact.envelope.id);
      for (Entry& entry : facts_.AnnotationsAbout(id)) {
        Add(std::move(entry), subject);
      }
    }
    GatherLinkConflicts();
    if (!facts_.status().ok()) return facts_.status();
    SortItems();
    Judge();
    return facts_.status();
  }

 private:
  // False if it is there already, or may not be known.
  bool Add(Entry entry, const std::string& subject) {
    const event::Envelope& envelope = entry.fact.envelope;
    if (!added_.emplace(envelope.source, envelope.id).second) return false;
    Item item = {.subject = subject};
    item.seen = DecideSection(asking_, entry.fact, v1::PART_HEADER);
    if (item.seen.visibility == safeguarding::Visibility::kNothing) {
      return false;
    }
    item.header = HeaderFor(asking_, entry.fact);
    if (RoleOf(KindCaseOf(envelope.type)) == Role::kAnnotation) {
      // One that cannot be read lies among the entries, and stays one.
      absl::StatusOr<v1::Kind> kind = envelope.OpenKind();
      if (kind.ok()) item.kind = *std::move(kind);
    }
    item.entry = std::move(entry);
    child_.items.push_back(std::move(item));
    return true;
  }

  // What is said of a moved item by its record, and not by its id, lies with
  // the subject that it came under; what else lies there is another child's.
  void AddNamingRecord(size_t moved) {
    const std::string subject = child_.items[moved].subject;
    const Fact fact = child_.items[moved].entry.fact;
    const v1::RecordRef record = child_.items[moved].header.record_ref();
    if (record.id().empty() || subjects_.contains(fact.envelope.subject)) {
      return;
    }
    for (Entry& entry : facts_.AnnotationsOf(fact.envelope.subject)) {
      if (entry.fact.envelope.source != fact.envelope.source) continue;
      const absl::StatusOr<v1::Kind> kind = entry.fact.envelope.OpenKind();
      const v1::EventRef* target = kind.ok() ? TargetOf(*kind) : nullptr;
      if (target != nullptr && target->has_record_ref() &&
          target->record_ref().system() == record.system() &&
          target->record_ref().id() == record.id()) {
        Add(std::move(entry), subject);
      }
    }
  }

  void GatherLinkConflicts() {
    for (const std::string& subject : subjects_) {
      for (Entry& link : facts_.LinksOf(subject)) {
        const event::Envelope& envelope = link.fact.envelope;
        if ((link.conflicts.empty() &&
             !facts_.RequestOf(link.fact).conflicting) ||
            DecideSection(asking_, link.fact, v1::PART_HEADER).visibility ==
                safeguarding::Visibility::kNothing ||
            !added_.emplace(envelope.source, envelope.id).second) {
          continue;
        }
        child_.link_conflicts.push_back(std::move(link));
      }
    }
    child_.conflicts += child_.link_conflicts.size();
  }

  // Items are large: each is moved once.
  void SortItems() {
    std::vector<Item*> order;
    for (Item& item : child_.items) order.push_back(&item);
    std::sort(order.begin(), order.end(),
              [](const Item* a, const Item* b) { return Before(*a, *b); });
    std::vector<Item> sorted;
    sorted.reserve(order.size());
    for (Item* item : order) sorted.push_back(std::move(*item));
    child_.items = std::move(sorted);
  }

  void Judge() {
    std::vector<Item>& items = child_.items;
    const std::set<std::string> provisional = Provisional();
    std::map<std::string, RequestState, std::less<>> requests;
    std::vector<EntryFact> facts;
    facts.reserve(items.size());
    for (Item& item : items) {
      const Fact& fact = item.entry.fact;
      // The same for every fact of a request, but for another digest.
      const std::string request = std::string(fact.envelope.request_key) +
                                  std::string(fact.envelope.request_digest);
      auto [it, added] = requests.try_emplace(request);
      if (added) it->second = facts_.RequestOf(fact);
      item.request = it->second;
      EntryFact& given = facts.emplace_back(
          ToEntryFact(fact, item.header, item.kind ? &*item.kind : nullptr));
      given.conflict =
          item.request.conflicting || !item.entry.conflicts.empty();
      given.provisional = provisional.contains(item.subject);
      if (given.conflict) ++child_.conflicts;
    }
    std::vector<EntryState> states = safeguarding::Amend(facts);
    for (size_t i = 0; i < items.size(); ++i) {
      Item& item = items[i];
      item.state = std::move(states[i]);
      const bool elsewhere = !item.state.reassigned_to.empty() &&
                             !subjects_.contains(item.state.reassigned_to);
      // Moved here by a reassignment that no longer counts.
      const bool stray =
          item.state.reassigned_to.empty() &&
          !subjects_.contains(item.entry.fact.envelope.subject) && !item.kind;
      if (item.kind) {
        // What cancels a link is shown by the link's absence.
        item.is_row = safeguarding::IsAboutEntries(*item.kind) &&
                      item.state.targets.empty() &&
                      (subjects_.contains(item.entry.fact.envelope.subject) ||
                       !item.entry.conflicts.empty());
      }
      if (elsewhere || stray) item.is_row = false;
      if (!item.state.reassigned_to.empty() && !elsewhere) {
        item.subject = item.state.reassigned_to;
      }
    }
    Withhold();
  }

  // What is said of an entry may say again what the entry says: it is a notice
  // to those to whom that is withheld, and so is what is said of it in turn.
  // It does not even say when, since it may correct that.
  void Withhold() {
    std::vector<Item>& items = child_.items;
    std::vector<bool> withheld;
    withheld.reserve(items.size());
    for (const Item& item : items) {
      withheld.push_back(!SeesContent(asking_, item.entry.fact));
    }
    // Most are logged after what they are about: one pass finds nearly all.
    std::vector<bool> about(items.size());
    for (bool more = true; more;) {
      more = false;
      for (size_t i = 0; i < items.size(); ++i) {
        if (about[i] || !IsAboutWithheld(items[i], withheld)) continue;
        about[i] = withheld[i] = more = true;
      }
    }
    for (size_t i = 0; i < items.size(); ++i) {
      if (!about[i]) continue;
      items[i].seen.visibility = safeguarding::Visibility::kNotice;
      items[i].seen.ask = OrganisationOf(
          event::ParseSource(items[i].entry.fact.envelope.source).organisation);
      items[i].header.Clear();
      items[i].header.mutable_occurred()->mutable_not_known();
    }
  }

  bool IsAboutWithheld(const Item& item, const std::vector<bool>& withheld) {
    if (!item.kind) return false;
    if (!item.state.targets.empty()) {
      return std::any_of(item.state.targets.begin(), item.state.targets.end(),
                         [&](size_t target) { return withheld[target]; });
    }
    // The entry may be another child's.
    const v1::EventRef* target = TargetOf(*item.kind);
    if (target == nullptr || target->event_id().empty()) return false;
    const std::optional<Entry> entry = facts_.Event(target->event_id());
    return entry && !SeesContent(asking_, entry->fact);
  }

  // The subjects without a local id, unless another of the child has one.
  std::set<std::string> Provisional() {
    std::set<std::string> provisional;
    for (const std::string& subject : subjects_) {
      const std::vector<Facts::PersonFact> person = facts_.PersonOf(subject);
      const bool numbered = std::any_of(
          person.begin(), person.end(), [](const Facts::PersonFact& fact) {
            return fact.person.ref_case() == v1::Person::kPersonNumber;
          });
      if (numbered) provisional.insert(subject);
    }
    if (provisional.size() < subjects_.size()) return {};
    return provisional;
  }

  Facts& facts_;
  const Asking& asking_;
  Child& child_;
  std::set<std::string, std::less<>> subjects_;
  std::set<std::pair<std::string, std::string>> added_;
};

}  // namespace

Organisation OrganisationOf(absl::string_view text) {
  return ParseOrganisation(text).value_or(Organisation{});
}

Extent ExtentOf(const Asking& asking) {
  Extent extent;
  if (!safeguarding::SeesCombinedRecord(asking.asker)) {
    extent.organisation = asking.asker.organisation.Text();
  }
  return extent;
}

safeguarding::Decision DecideSection(const Asking& asking, const Fact& fact,
                                     v1::Part part) {
  const event::SectionView* section = fact.envelope.Find(part);
  return DecideOne(asking, fact.envelope.source, fact.envelope.type,
                   section == nullptr ? "standard" : section->audience);
}

safeguarding::Decision DecideSection(const Asking& asking,
                                     const Facts::PersonFact& person) {
  return DecideOne(asking, person.source, person.type, person.audience);
}

bool SeesContent(const Asking& asking, const Fact& fact) {
  return DecideSection(asking, fact, v1::PART_KIND).visibility ==
         safeguarding::Visibility::kFull;
}

v1::Header HeaderFor(const Asking& asking, const Fact& fact) {
  const bool all =
      !event::IsDiscreet(fact.envelope.type) || SeesContent(asking, fact);
  return (all ? fact.envelope.OpenGivenHeader()
              : fact.envelope.Open<v1::Header>(v1::PART_HEADER))
      .value_or(v1::Header());
}

std::vector<Facts::PersonFact> StandingPerson(Facts& facts,
                                              const std::string& subject) {
  std::vector<Facts::PersonFact> person = facts.PersonOf(subject);
  person.erase(std::remove_if(person.begin(), person.end(),
                              [](const Facts::PersonFact& fact) {
                                return !fact.person.has_demographics();
                              }),
               person.end());
  std::vector<Fact> annotations;
  std::set<std::string> known;
  const auto add = [&](std::vector<Entry> entries) {
    for (Entry& entry : entries) {
      if (known.insert(std::string(entry.fact.envelope.id)).second) {
        annotations.push_back(std::move(entry.fact));
      }
    }
  };
  add(facts.AnnotationsOf(subject));
  for (const Facts::PersonFact& fact : person) {
    add(facts.AnnotationsAbout(fact.event_id));
  }
  for (size_t i = 0; i < annotations.size(); ++i) {
    add(facts.AnnotationsAbout(std::string(annotations[i].envelope.id)));
  }
  if (annotations.empty()) return person;

  // Of the events without an annotation's kind only what Amend compares.
  std::vector<v1::Header> headers;
  std::vector<std::optional<v1::Kind>> kinds;
  headers.reserve(person.size() + annotations.size());
  kinds.reserve(annotations.size());
  std::vector<EntryFact> given;
  std::vector<std::optional<size_t>> person_of;
  for (const Fact& annotation : annotations) {
    headers.push_back(annotation.envelope.Open<v1::Header>(v1::PART_HEADER)
                          .value_or(v1::Header()));
    absl::StatusOr<v1::Kind> kind = annotation.envelope.OpenKind();
    kinds.push_back(kind.ok() ? std::optional<v1::Kind>(*std::move(kind))
                              : std::nullopt);
    given.push_back(ToEntryFact(annotation, headers.back(),
                                kinds.back() ? &*kinds.back() : nullptr));
  }
  std::map<std::pair<absl::string_view, absl::string_view>, size_t> index;
  for (size_t i = 0; i < given.size(); ++i) {
    index[{given[i].source, given[i].event_id}] = i;
  }
  for (const Facts::PersonFact& fact : person) {
    const auto [it, added] =
        index.try_emplace({fact.source, fact.event_id}, given.size());
    person_of.push_back(it->second);
    if (!added) continue;
    v1::Header& header = headers.emplace_back();
    *header.mutable_record_ref() = fact.record_ref;
    given.push_back({.event_id = fact.event_id,
                     .source = fact.source,
                     .header = &header,
                     .kind = nullptr,
                     .logged = fact.logged,
                     .topic = fact.position.partition.topic,
                     .partition = fact.position.partition.partition,
                     .offset = fact.position.offset});
  }
  const std::vector<EntryState> states = safeguarding::Amend(given);
  std::vector<Facts::PersonFact> standing;
  for (size_t i = 0; i < person.size(); ++i) {
    if (states[*person_of[i]].people_stand) {
      standing.push_back(std::move(person[i]));
    }
  }
  return standing;
}

v1::Demographics Merge(const Asking& asking,
                       const std::vector<Facts::PersonFact>& person) {
  v1::Demographics merged;
  for (const Facts::PersonFact& fact : person) {
    if (DecideSection(asking, fact).visibility !=
        safeguarding::Visibility::kFull) {
      continue;
    }
    const v1::Demographics& said = fact.person.demographics();
    AddNew(said.names(), merged.mutable_names());
    AddNew(said.identifiers(), merged.mutable_identifiers());
    AddNew(said.addresses(), merged.mutable_addresses());
    AddNew(said.disabilities(), merged.mutable_disabilities());
    if (said.has_birth() &&
        Precision(said.birth()) >= Precision(merged.birth())) {
      *merged.mutable_birth() = said.birth();
    }
    if (said.sex() != v1::SEX_UNSPECIFIED &&
        (said.sex() != v1::SEX_NOT_KNOWN ||
         merged.sex() == v1::SEX_UNSPECIFIED)) {
      merged.set_sex(said.sex());
    }
    if (!said.death_date().empty()) merged.set_death_date(said.death_date());
    if (said.has_ethnicity()) *merged.mutable_ethnicity() = said.ethnicity();
    if (said.has_language()) *merged.mutable_language() = said.language();
    if (said.has_religion()) *merged.mutable_religion() = said.religion();
    if (said.interpreter_needed() != v1::ANSWER_UNSPECIFIED) {
      merged.set_interpreter_needed(said.interpreter_needed());
    }
  }
  return merged;
}

absl::StatusOr<safeguarding::Identity> ResolveChild(
    Facts& facts, const std::string& subject) {
  return safeguarding::Resolve(IndexedIdentity(&facts), subject);
}

absl::StatusOr<Child> LoadChild(Facts& facts, const Asking& asking,
                                const std::string& subject) {
  absl::StatusOr<safeguarding::Identity> identity =
      ResolveChild(facts, subject);
  if (!identity.ok()) return identity.status();
  Child child = {.identity = *std::move(identity)};
  if (absl::Status gathered = Gathering(facts, asking, child).Gather();
      !gathered.ok()) {
    return gathered;
  }
  std::vector<Organisation> asserted_by;
  for (const Item& item : child.items) {
    asserted_by.push_back(OrganisationOf(
        event::ParseSource(item.entry.fact.envelope.source).organisation));
  }
  for (const Child::Held& held : child.unreadable) {
    asserted_by.push_back(OrganisationOf(held.record.organisation));
  }
  if (safeguarding::DecideSubject(asking.asker, asking.purpose, asserted_by)
          .visibility == safeguarding::Visibility::kNothing) {
    return service::NotFoundOrNotVisible();
  }
  if (!safeguarding::SeesCombinedRecord(asking.asker)) {
    // A link that it asserted itself may name a subject of another's.
    std::set<std::string> own = {subject};
    for (const Item& item : child.items) own.insert(item.subject);
    std::vector<v1::LinkedSubject>& linked = child.identity.subjects;
    linked.erase(std::remove_if(linked.begin(), linked.end(),
                                [&](const v1::LinkedSubject& one) {
                                  return !own.contains(one.subject());
                                }),
                 linked.end());
    child.identity.cuts.clear();
  }
  std::vector<Facts::PersonFact> person;
  for (const v1::LinkedSubject& linked : child.identity.subjects) {
    for (Facts::PersonFact& fact : StandingPerson(facts, linked.subject())) {
      person.push_back(std::move(fact));
    }
  }
  std::sort(person.begin(), person.end(),
            [](const Facts::PersonFact& a, const Facts::PersonFact& b) {
              return std::tie(a.logged, a.position) <
                     std::tie(b.logged, b.position);
            });
  child.demographics = Merge(asking, person);
  if (!facts.status().ok()) return facts.status();
  return child;
}

}  // namespace vigil::chronology
