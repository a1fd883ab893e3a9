#include "services/chronology/child.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/event/birth.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/safeguarding/corrections.h"
#include "libs/safeguarding/renamings.h"
#include "libs/service/status.h"

namespace vigil::chronology {
namespace {

using ::vigil::safeguarding::EntryFact;
using ::vigil::safeguarding::EntryState;
using ::vigil::safeguarding::Visibility;
namespace v1 = ::vigil::event::v1;

// What Amend looks at, of one fact. Points into its arguments.
EntryFact ToEntryFact(const Fact& fact, const v1::Header* header,
                      const v1::Kind* kind) {
  return {.event_id = fact.envelope.id,
          .source = fact.envelope.source,
          .type = fact.envelope.type,
          .subject = fact.envelope.subject,
          .clear = fact.clear.get(),
          .header = header,
          .kind = kind,
          .request_key = fact.envelope.request_key,
          .request_index = fact.envelope.request_index,
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

// What cancels any of these links and separations.
std::vector<safeguarding::Revocation> RevocationsOf(
    Facts& facts, const std::vector<Entry>& links) {
  std::vector<safeguarding::Revocation> revocations;
  for (const Entry& link : links) {
    for (const Entry& saying : facts.AnnotationsAbout(link.fact.envelope.id)) {
      if (auto revocation = safeguarding::RevocationOf(
              saying.fact.envelope.type, *saying.fact.clear)) {
        revocations.push_back(*std::move(revocation));
      }
    }
  }
  return revocations;
}

// What the identity rules ask for, read from the index.
class IndexedIdentity : public safeguarding::IdentityFacts {
 public:
  explicit IndexedIdentity(Facts* facts) : facts_(facts) {}

  absl::StatusOr<std::vector<v1::Demographics>> Person(
      const std::string& subject) const override {
    std::vector<v1::Demographics> person;
    for (const Facts::PersonFact& fact : StandingPerson(*facts_, subject)) {
      if (fact.person().has_demographics()) {
        person.push_back(fact.person().demographics());
      }
    }
    return Checked(std::move(person));
  }

  absl::StatusOr<std::vector<safeguarding::Link>> LinksOf(
      const std::string& subject) const override {
    const std::vector<Entry> entries = facts_->LinksOf(subject);
    std::vector<safeguarding::Link> links;
    for (const Entry& entry : entries) {
      if (auto link = safeguarding::LinkOf(entry.fact.envelope.id,
                                           entry.fact.envelope.type,
                                           *entry.fact.clear)) {
        links.push_back(*std::move(link));
      }
    }
    return Checked(Active(std::move(links), RevocationsOf(*facts_, entries)));
  }

  absl::StatusOr<std::vector<safeguarding::Separation>> SeparationsOf(
      const std::string& subject) const override {
    const std::vector<Entry> entries = facts_->LinksOf(subject);
    std::vector<safeguarding::Separation> separations;
    for (const Entry& entry : entries) {
      if (auto separation = safeguarding::SeparationOf(entry.fact.envelope.id,
                                                       entry.fact.envelope.type,
                                                       *entry.fact.clear)) {
        separations.push_back(*std::move(separation));
      }
    }
    return Checked(
        Active(std::move(separations), RevocationsOf(*facts_, entries)));
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

// Which references are one, learnt of those that are asked about.
class Renamed {
 public:
  // `facts` outlive it.
  explicit Renamed(Facts* facts) : facts_(*facts) {}

  // All references of whom this is one of.
  const std::set<std::string>& Of(const std::string& subject) {
    auto it = known_.find(subject);
    if (it == known_.end()) {
      const auto all =
          std::make_shared<const std::set<std::string>>(Find(subject));
      for (const std::string& one : *all) {
        renamings_.Join(one, subject);
        it = known_.insert_or_assign(one, all).first;
      }
    }
    return *it->second;
  }

  void Learn(const v1::ClearPart& clear, absl::string_view subject) {
    Of(std::string(subject));
    for (const v1::Target& target : clear.targets()) {
      if (!target.subject().empty()) Of(target.subject());
    }
  }

  bool AreOne(absl::string_view a, absl::string_view b) {
    return a == b || Of(std::string(a)).contains(std::string(b));
  }

  const safeguarding::Renamings& renamings() const { return renamings_; }

 private:
  std::set<std::string> Find(const std::string& subject) {
    std::set<std::string> one;
    std::vector<std::string> next = {subject};
    while (!next.empty()) {
      const std::string current = std::move(next.back());
      next.pop_back();
      if (!one.insert(current).second) continue;
      if (one.size() > safeguarding::kMaxLinkedSubjects) return {subject};
      for (const Entry& entry : facts_.LinksOf(current)) {
        const event::Envelope& envelope = entry.fact.envelope;
        const auto link =
            safeguarding::LinkOf(envelope.id, envelope.type, *entry.fact.clear);
        if (link && link->kind == v1::LINK_KIND_RENAMED) {
          next.insert(next.end(), link->subjects.begin(), link->subjects.end());
        }
      }
    }
    return one.size() > 1 && AreParted(one) ? std::set<std::string>{subject}
                                            : one;
  }

  bool AreParted(const std::set<std::string>& subjects) {
    const auto has = [&](const std::vector<std::string>& group) {
      return std::any_of(
          group.begin(), group.end(),
          [&](const std::string& one) { return subjects.contains(one); });
    };
    const IndexedIdentity identity(&facts_);
    for (const std::string& subject : subjects) {
      const auto separations = identity.SeparationsOf(subject);
      if (!separations.ok()) return true;  // facts.status() says so
      for (const safeguarding::Separation& one : *separations) {
        if (has(one.group_a) && has(one.group_b)) return true;
      }
    }
    return false;
  }

  Facts& facts_;
  std::map<std::string, std::shared_ptr<const std::set<std::string>>> known_;
  safeguarding::Renamings renamings_;
};

bool NamesRecord(const v1::ClearPart& clear) {
  return std::any_of(
      clear.targets().begin(), clear.targets().end(),
      [](const v1::Target& target) { return !target.record().empty(); });
}

// An entry of which it is asked what was said of it.
struct SaidOf {
  std::string event_id;
  std::string subject;
  std::string record;
};

// Adds what is said of them by their ids and by their record, under whatever
// subject, and what is said of that: each once, and nothing that is known.
void AddSayings(Facts& facts, Renamed& renamed,
                const std::vector<SaidOf>& entries,
                std::set<std::string>* known, std::vector<Fact>* sayings) {
  const auto add = [&](std::vector<Entry> found, bool of_records) {
    for (Entry& entry : found) {
      if ((!of_records || NamesRecord(*entry.fact.clear)) &&
          known->emplace(entry.fact.envelope.id).second) {
        sayings->push_back(std::move(entry.fact));
      }
    }
  };
  std::set<std::string> subjects;
  for (const SaidOf& entry : entries) {
    add(facts.AnnotationsAbout(entry.event_id), false);
    add(facts.AnnotationsOfRecord(entry.record), false);
    const std::set<std::string>& names = renamed.Of(entry.subject);
    subjects.insert(names.begin(), names.end());
  }
  // Another writer, or another naming key, has another name for the record.
  for (const std::string& subject : subjects) {
    add(facts.AnnotationsOf(subject), true);
  }
  for (size_t i = 0; i < sayings->size(); ++i) {
    const std::string id((*sayings)[i].envelope.id);
    add(facts.AnnotationsAbout(id), false);
  }
}

// Whether the act that is said again names a field that concerns this path; of
// what is no act said again, every one.
bool Says(const v1::ClearPart& clear, absl::string_view path) {
  if (!safeguarding::IsActAgain(clear)) return true;
  for (const v1::Target& target : clear.targets()) {
    for (const std::string& field : target.fields()) {
      if (safeguarding::Concerns(field, path)) return true;
    }
  }
  return false;
}

// What is given to Amend, with what it points into.
class Given {
 public:
  // `facts` outlive it.
  explicit Given(Facts* facts) : facts_(*facts) {}

  bool Has(absl::string_view event_id) const { return ids_.contains(event_id); }
  size_t size() const { return entries_.size(); }
  EntryFact& Add(const EntryFact& entry) {
    ids_.insert(entry.event_id);
    return entries_.emplace_back(entry);
  }

  // Of other records, what those here name by id: so that it can be told which
  // statement is meant. As `may` lets pass.
  template <typename May>
  void AddElsewhere(const May& may) {
    std::set<std::string> wanted;
    for (const EntryFact& entry : entries_) {
      for (const v1::Target& target : entry.clear->targets()) {
        if (!target.event_id().empty() && !Has(target.event_id())) {
          wanted.insert(target.event_id());
        }
      }
    }
    for (const std::string& id : wanted) {
      std::optional<Entry> found = facts_.Event(id);
      if (!found || !may(found->fact)) continue;
      const Held& held = *held_.emplace_back(
          std::make_unique<Held>(Held{std::move(found->fact), std::nullopt}));
      Add(ToEntryFact(held.fact, nullptr, nullptr)).elsewhere = true;
    }
  }

  // What may be meant, of those who speak here themselves, by what they name by
  // record or by another's entry: so that it is not taken to be said of others.
  // As `may` lets pass, with the headers that `header_of` gives.
  template <typename May, typename HeaderOf>
  void AddOwn(Renamed& renamed, const May& may, const HeaderOf& header_of) {
    std::set<std::string> subjects;
    for (const EntryFact& entry : entries_) {
      renamed.Learn(*entry.clear, entry.subject);
      if (!MayMeanOthers(entry, renamed)) continue;
      const std::set<std::string>& names =
          renamed.Of(std::string(entry.subject));
      subjects.insert(names.begin(), names.end());
    }
    std::vector<std::unique_ptr<Held>> own;
    std::vector<EntryFact> all = entries_;
    const auto add = [&](Fact fact) {
      if (Has(fact.envelope.id) || !may(fact)) return;
      std::optional<v1::Header> header = header_of(fact);
      const Held& held = *own.emplace_back(
          std::make_unique<Held>(Held{std::move(fact), std::move(header)}));
      all.push_back(ToEntryFact(
          held.fact, held.header ? &*held.header : nullptr, nullptr));
    };
    for (const std::string& subject : subjects) {
      for (Entry& entry : facts_.EntriesOf(subject)) add(std::move(entry.fact));
      for (Entry& saying : facts_.AnnotationsOf(subject)) {
        if (saying.fact.envelope.subject == subject &&
            safeguarding::IsActAgain(*saying.fact.clear)) {
          add(std::move(saying.fact));
        }
      }
    }
    if (own.empty()) return;
    for (const std::unique_ptr<Held>& held : own) {
      renamed.Learn(*held->fact.clear, held->fact.envelope.subject);
    }
    std::set<size_t> meant;
    for (const EntryState& state :
         safeguarding::Amend(all, renamed.renamings())) {
      meant.insert(state.targets.begin(), state.targets.end());
    }
    const size_t first = all.size() - own.size();
    for (size_t i = 0; i < own.size(); ++i) {
      if (!meant.contains(first + i) &&
          !safeguarding::IsActAgain(*own[i]->fact.clear)) {
        continue;
      }
      Add(all[first + i]).elsewhere = true;
      held_.push_back(std::move(own[i]));
    }
  }

  std::vector<EntryState> Amend(Renamed& renamed) const {
    for (const EntryFact& entry : entries_) {
      renamed.Learn(*entry.clear, entry.subject);
    }
    return safeguarding::Amend(entries_, renamed.renamings());
  }
  const EntryFact& operator[](size_t i) const { return entries_[i]; }

 private:
  struct Held {
    Fact fact;
    std::optional<v1::Header> header;
  };

  static bool MayMeanOthers(const EntryFact& entry, Renamed& renamed) {
    if (NamesRecord(*entry.clear)) return true;
    return safeguarding::IsActAgain(*entry.clear) &&
           std::any_of(
               entry.clear->targets().begin(), entry.clear->targets().end(),
               [&](const v1::Target& target) {
                 return !target.subject().empty() &&
                        !renamed.AreOne(target.subject(), entry.subject);
               });
  }

  Facts& facts_;
  std::vector<EntryFact> entries_;
  std::set<absl::string_view> ids_;
  std::vector<std::unique_ptr<Held>> held_;
};

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

std::string BytesOf(const google::protobuf::MessageLite& message) {
  return message.SerializeAsString();
}
std::string BytesOf(const std::string& text) { return text; }

template <typename Repeated>
void AddNew(const Repeated& from, Repeated* to) {
  for (const auto& one : from) {
    const std::string bytes = BytesOf(one);
    if (std::none_of(to->begin(), to->end(), [&](const auto& known) {
          return BytesOf(known) == bytes;
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
      : facts_(facts), asking_(asking), child_(child), renamed_(&facts) {}

  absl::Status Gather() {
    for (const v1::LinkedSubject& linked : child_.identity.subjects) {
      subjects_.insert(linked.subject());
    }
    for (const std::string& subject : subjects_) {
      if (!facts_.IsKeyRegistered(subject)) child_.unregistered.insert(subject);
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
      const std::string id(child_.items[i].entry.fact.envelope.id);
      if (child_.items[i].manner == v1::MANNER_REASSIGNS) AddMoved(i);
      if (child_.items[i].manner == v1::MANNER_SETTLES) AddSettled(i);
      for (Entry& entry : facts_.AnnotationsAbout(id)) {
        Add(std::move(entry), subject);
      }
    }
    GatherLinkConflicts();
    if (!facts_.status().ok()) return facts_.status();
    SortItems();
    Judge();
    GatherTies();
    return facts_.status();
  }

 private:
  // False if it is there already, or may not be known.
  bool Add(Entry entry, const std::string& subject) {
    const event::Envelope& envelope = entry.fact.envelope;
    if (!added_.emplace(envelope.source, envelope.id).second ||
        IsOfAnother(entry.fact)) {
      return false;
    }
    Item item = {.subject = subject};
    item.seen = DecideRow(asking_, entry.fact);
    if (item.seen.visibility == Visibility::kNothing) return false;
    const v1::ClearPart& clear = *entry.fact.clear;
    if (auto header = Read<v1::Header>(asking_, entry.fact, v1::PART_HEADER)) {
      item.header = *std::move(header);
      item.has_header = true;
    }
    item.when = clear.occurred();
    item.occurred = item.header.account().has_occurred()
                        ? item.header.account().occurred()
                        : clear.occurred();
    item.manner = SayingOf(envelope.type, clear);
    if (!clear.targets().empty() && SeesContent(asking_, entry.fact)) {
      absl::StatusOr<v1::Kind> kind = envelope.OpenKind();
      if (kind.ok()) item.kind = *std::move(kind);
    }
    item.entry = std::move(entry);
    child_.items.push_back(std::move(item));
    return true;
  }

  // What a reassignment files here.
  void AddMoved(size_t i) {
    const std::shared_ptr<const v1::ClearPart> clear =
        child_.items[i].entry.fact.clear;
    for (const std::string& to : clear->decided().other()) {
      if (!subjects_.contains(to)) continue;
      for (const v1::Target& target : clear->targets()) {
        std::optional<Entry> entry = facts_.Event(target.event_id());
        if (!entry || !Add(*std::move(entry), to)) continue;
        // What is said of it by its record, and not by its id, lies with the
        // subject that it came under; what else lies there is another child's.
        const Fact moved = child_.items.back().entry.fact;
        const std::string subject(moved.envelope.subject);
        for (const std::string& name : renamed_.Of(subject)) {
          for (Entry& saying : facts_.AnnotationsOf(name)) {
            if (IsOfRecord(saying.fact, moved)) Add(std::move(saying), to);
          }
        }
      }
    }
  }

  // Whether this saying names the entry by its record and is about its subject.
  bool IsOfRecord(const Fact& saying, const Fact& entry) {
    if (!NamesRecord(*saying.clear) ||
        !renamed_.AreOne(saying.envelope.subject, entry.envelope.subject)) {
      return false;
    }
    const auto header = Read<v1::Header>(asking_, saying, v1::PART_HEADER);
    const auto of_entry = Read<v1::Header>(asking_, entry, v1::PART_HEADER);
    absl::StatusOr<v1::Kind> kind = v1::Kind();
    if (SeesContent(asking_, saying)) kind = saying.envelope.OpenKind();
    Given given(&facts_);
    given.Add(ToEntryFact(saying, header ? &*header : nullptr,
                          kind.ok() ? &*kind : nullptr));
    given.Add(ToEntryFact(entry, of_entry ? &*of_entry : nullptr, nullptr));
    return !given.Amend(renamed_)[0].targets.empty();
  }

  // Whether this act said again is about another child, whose own entry of the
  // statement that it names it then means (libs/safeguarding/amendments.h).
  bool IsOfAnother(const Fact& fact) {
    const event::Envelope& saying = fact.envelope;
    if (subjects_.contains(saying.subject) ||
        !safeguarding::IsActAgain(*fact.clear)) {
      return false;
    }
    for (const v1::Target& target : fact.clear->targets()) {
      if (target.event_id().empty()) continue;
      const std::optional<Entry> named = facts_.Event(target.event_id());
      if (!named ||
          renamed_.AreOne(named->fact.envelope.subject, saying.subject)) {
        continue;
      }
      const auto of_statement = [&](const Entry& own) {
        const event::Envelope& other = named->fact.envelope;
        return own.fact.envelope.source == other.source &&
               own.fact.envelope.request_key == other.request_key &&
               own.fact.envelope.type == other.type;
      };
      if (named->fact.envelope.request_key.empty()) continue;
      for (const std::string& name : renamed_.Of(std::string(saying.subject))) {
        const std::vector<Entry> entries = facts_.EntriesOf(name);
        const std::vector<Entry> sayings = facts_.AnnotationsOf(name);
        if (std::any_of(entries.begin(), entries.end(), of_statement) ||
            std::any_of(sayings.begin(), sayings.end(), [&](const Entry& own) {
              return own.fact.envelope.subject == name && of_statement(own);
            })) {
          return true;
        }
      }
    }
    return false;
  }

  // What is said of an entry here by a name that only its settlement resolves.
  void AddSettled(size_t i) {
    const std::string subject = child_.items[i].subject;
    const std::shared_ptr<const v1::ClearPart> clear =
        child_.items[i].entry.fact.clear;
    for (const v1::Target& target : clear->targets()) {
      if (target.manner() == v1::MANNER_SETTLES) continue;
      std::optional<Entry> entry = facts_.Event(target.event_id());
      if (entry && SayingOf(entry->fact.envelope.type, *entry->fact.clear) !=
                       v1::MANNER_UNSPECIFIED) {
        Add(*std::move(entry), subject);
      }
    }
  }

  void GatherLinkConflicts() {
    for (const std::string& subject : subjects_) {
      for (Entry& link : facts_.LinksOf(subject)) {
        const event::Envelope& envelope = link.fact.envelope;
        if ((link.conflicts.empty() &&
             !facts_.RequestOf(link.fact).conflicting) ||
            DecideRow(asking_, link.fact).visibility == Visibility::kNothing ||
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
    const bool provisional = IsProvisional();
    std::map<std::string, RequestState, std::less<>> requests;
    Given given(&facts_);
    for (Item& item : items) {
      const Fact& fact = item.entry.fact;
      // The same for every fact of a request, but for another digest.
      const std::string request = std::string(fact.envelope.request_key) +
                                  std::string(fact.envelope.request_digest);
      auto [it, added] = requests.try_emplace(request);
      if (added) it->second = facts_.RequestOf(fact);
      item.request = it->second;
      EntryFact& entry =
          given.Add(ToEntryFact(fact, item.has_header ? &item.header : nullptr,
                                item.kind ? &*item.kind : nullptr));
      entry.conflict =
          item.request.conflicting || !item.entry.conflicts.empty();
      entry.provisional = provisional;
      if (entry.conflict) ++child_.conflicts;
    }
    given.AddElsewhere([&](const Fact& fact) {
      return DecideRow(asking_, fact).visibility != Visibility::kNothing;
    });
    std::vector<EntryState> states = given.Amend(renamed_);
    for (size_t i = 0; i < items.size(); ++i) {
      Item& item = items[i];
      item.state = std::move(states[i]);
      const bool elsewhere = !item.state.reassigned_to.empty() &&
                             !subjects_.contains(item.state.reassigned_to);
      // Moved here by a reassignment that no longer counts.
      const bool stray = item.state.reassigned_to.empty() && !item.says() &&
                         !subjects_.contains(item.entry.fact.envelope.subject);
      KeepItems(item.state);
      if (item.says()) {
        // What cancels a link is shown by the link's absence.
        item.is_row = item.manner != v1::MANNER_REVOKES &&
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

  // Without those of other records.
  void KeepItems(EntryState& state) const {
    const auto keep = [&](std::vector<size_t>& indices) {
      indices.erase(
          std::remove_if(indices.begin(), indices.end(),
                         [&](size_t i) { return i >= child_.items.size(); }),
          indices.end());
    };
    for (std::vector<size_t>* indices :
         {&state.targets, &state.answers, &state.amendments, &state.corrections,
          &state.supplements, &state.withdrawals, &state.incident_group}) {
      keep(*indices);
    }
    if (state.significance_by >= child_.items.size()) {
      state.significance_by.reset();
    }
  }

  // What is said of an entry may say again what the entry says: it is a notice
  // to those to whom that is withheld, and so is what is said of it in turn.
  // It does not even say when, since it may correct that.
  void Withhold() {
    std::vector<Item>& items = child_.items;
    std::vector<bool> withheld;
    withheld.reserve(items.size());
    for (const Item& item : items) {
      withheld.push_back(item.seen.visibility != Visibility::kFull ||
                         !SeesContent(asking_, item.entry.fact));
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
      items[i].seen.visibility = Visibility::kNotice;
      items[i].seen.ask = OrganisationOf(
          event::ParseSource(items[i].entry.fact.envelope.source).organisation);
      items[i].header.Clear();
      items[i].has_header = false;
      items[i].kind.reset();
      for (v1::When* when : {&items[i].when, &items[i].occurred}) {
        when->Clear();
        when->mutable_not_known();
      }
    }
  }

  bool IsAboutWithheld(const Item& item, const std::vector<bool>& withheld) {
    if (!item.says()) return false;
    if (std::any_of(item.state.targets.begin(), item.state.targets.end(),
                    [&](size_t target) { return withheld[target]; })) {
      return true;
    }
    // The entry may be another child's.
    for (const v1::Target& target : item.entry.fact.clear->targets()) {
      if (target.event_id().empty()) continue;
      const std::optional<Entry> entry = facts_.Event(target.event_id());
      if (entry &&
          (DecideRow(asking_, entry->fact).visibility != Visibility::kFull ||
           !SeesContent(asking_, entry->fact))) {
        return true;
      }
    }
    return false;
  }

  // Nobody of them has a record of their own in any system.
  bool IsProvisional() const {
    return std::all_of(
        subjects_.begin(), subjects_.end(),
        [](const std::string& subject) { return event::IsNumbered(subject); });
  }

  // From the child's own facts, and from those of others that name it.
  void GatherTies() {
    const auto take = [&](const Fact& fact, const v1::Header& header,
                          safeguarding::State state) {
      for (Tie& tie : TiesIn(asking_, fact, header)) {
        tie.state = state;
        if (subjects_.contains(tie.subject) != subjects_.contains(tie.to)) {
          child_.ties.push_back(std::move(tie));
        }
      }
    };
    for (const Item& item : child_.items) {
      if (item.has_header && (item.is_row || item.says())) {
        take(item.entry.fact, item.header, item.state.state);
      }
    }
    std::vector<Fact> others;
    for (const std::string& subject : subjects_) {
      for (Entry& entry : facts_.MentionsOf(subject)) {
        const event::Envelope& envelope = entry.fact.envelope;
        const Visibility seen = DecideRow(asking_, entry.fact).visibility;
        if (seen == Visibility::kNothing) continue;
        child_.named_by.emplace(
            event::ParseSource(envelope.source).organisation);
        if (seen == Visibility::kFull &&
            added_.emplace(envelope.source, envelope.id).second) {
          others.push_back(std::move(entry.fact));
        }
      }
    }
    const size_t mentions = others.size();
    std::set<std::string> known;
    std::vector<SaidOf> entries;
    for (const Fact& fact : others) {
      known.emplace(fact.envelope.id);
      entries.push_back({std::string(fact.envelope.id),
                         std::string(fact.envelope.subject),
                         fact.clear->record()});
    }
    AddSayings(facts_, renamed_, entries, &known, &others);
    const auto header_of = [&](const Fact& fact) {
      return Read<v1::Header>(asking_, fact, v1::PART_HEADER);
    };
    std::vector<std::optional<v1::Header>> headers;
    std::vector<absl::StatusOr<v1::Kind>> kinds;
    for (const Fact& fact : others) {
      headers.push_back(header_of(fact));
      kinds.push_back(absl::UnknownError("withheld"));
      if (NamesRecord(*fact.clear) && SeesContent(asking_, fact)) {
        kinds.back() = fact.envelope.OpenKind();
      }
    }
    Given given(&facts_);
    for (size_t i = 0; i < others.size(); ++i) {
      given.Add(ToEntryFact(others[i], headers[i] ? &*headers[i] : nullptr,
                            kinds[i].ok() ? &*kinds[i] : nullptr));
    }
    const auto may = [&](const Fact& fact) {
      return DecideRow(asking_, fact).visibility != Visibility::kNothing;
    };
    given.AddElsewhere(may);
    given.AddOwn(renamed_, may, header_of);
    const std::vector<EntryState> states = given.Amend(renamed_);
    for (size_t i = 0; i < mentions; ++i) {
      if (headers[i]) take(others[i], *headers[i], states[i].state);
    }
    std::stable_sort(child_.ties.begin(), child_.ties.end(),
                     [](const Tie& a, const Tie& b) {
                       return std::tie(a.logged, a.event_id) <
                              std::tie(b.logged, b.event_id);
                     });
  }

  Facts& facts_;
  const Asking& asking_;
  Child& child_;
  Renamed renamed_;
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
                                     const event::SectionView& section) {
  return DecideOne(asking, fact.envelope.source, fact.envelope.type,
                   section.audience);
}

safeguarding::Decision DecideSection(const Asking& asking, const Fact& fact,
                                     v1::Part part) {
  const event::SectionView* section = fact.envelope.Find(part);
  return DecideOne(asking, fact.envelope.source, fact.envelope.type,
                   section == nullptr ? "standard" : section->audience);
}

safeguarding::Decision DecideSection(const Asking& asking,
                                     const Facts::PersonFact& person) {
  std::optional<safeguarding::Decision> least;
  for (const std::string& audience : person.audiences) {
    const safeguarding::Decision decision =
        DecideOne(asking, person.source, person.type, audience);
    if (!least || decision.visibility < least->visibility) least = decision;
  }
  return least.value_or(safeguarding::Decision{});
}

safeguarding::Decision DecideRow(const Asking& asking, const Fact& fact) {
  safeguarding::Decision row = DecideSection(asking, fact, v1::PART_CLEAR);
  if (row.visibility != Visibility::kFull) return row;
  const safeguarding::Decision header =
      DecideSection(asking, fact, v1::PART_HEADER);
  if (header.visibility == Visibility::kFull) return header;
  row.visibility = Visibility::kRedacted;
  row.rule = header.rule;
  row.ask = header.ask
                ? header.ask
                : OrganisationOf(
                      event::ParseSource(fact.envelope.source).organisation);
  return row;
}

bool SeesContent(const Asking& asking, const Fact& fact) {
  return DecideSection(asking, fact, v1::PART_KIND).visibility ==
         Visibility::kFull;
}

std::vector<Tie> TiesIn(const Asking& asking, const Fact& fact,
                        const v1::Header& header) {
  std::vector<Tie> ties;
  // A tie names another, whom a discreet act does not name in the clear; and
  // what stood beside a subject says of persons what the main fact says.
  if ((fact.clear->others().empty() &&
       fact.envelope.type != event::kDiscreetType) ||
      header.has_observation()) {
    return ties;
  }
  std::map<std::string, std::string, std::less<>> named;
  for (const v1::Named& one : header.named()) {
    named[one.field()] = one.subject();
  }
  const auto about = [&](uint32_t place) {
    for (const char* path : {".person.ref", ".household.ref"}) {
      const auto it = named.find(absl::StrCat("about[", place, "]", path));
      if (it != named.end()) return it->second;
    }
    return std::string();
  };
  std::map<std::string, std::string> names;
  const auto add = [&](const std::string& subject, const std::string& to,
                       const v1::Concept& relation) -> Tie& {
    return ties.emplace_back(
        Tie{.subject = subject, .relation = relation, .to = to});
  };
  for (const ReadPerson& person : ReadPersons(asking, fact)) {
    const bool involved = person.part.has_involved();
    names[person.whose] = involved ? NameOf(person.part.involved().person())
                                   : NameOf(person.part.about().person());
    if (!Says(*fact.clear, involved ? "involved.ties" : "about.ties")) continue;
    for (const v1::Tie& tie : involved ? person.part.involved().ties()
                                       : person.part.about().ties()) {
      for (const uint32_t place : tie.about()) {
        const std::string to = about(place);
        // Each event of a statement says what concerns its own subject.
        if (involved && to != fact.envelope.subject) continue;
        Tie& told = add(person.whose, to, tie.relation());
        told.parental_responsibility = tie.parental_responsibility();
        told.valid = tie.valid();
        told.risk = tie.risk();
      }
    }
  }
  const v1::Kind::KindCase kind_case = event::KindOf(fact.envelope.type);
  if ((kind_case == v1::Kind::kRelationshipStated ||
       kind_case == v1::Kind::kHouseholdDescribed) &&
      SeesContent(asking, fact)) {
    const v1::Kind kind = fact.envelope.OpenKind().value_or(v1::Kind());
    const std::string subject(fact.envelope.subject);
    if (kind.has_relationship_stated() &&
        Says(*fact.clear, "relationship_stated")) {
      const v1::RelationshipStated& stated = kind.relationship_stated();
      Tie& told =
          add(named["relationship_stated.other"], subject, stated.relation());
      told.parental_responsibility = stated.parental_responsibility();
      told.valid = stated.valid();
      told.risk = stated.risk();
    }
    if (kind.has_household_described() &&
        Says(*fact.clear, "household_described")) {
      const auto& members = kind.household_described().members();
      for (int i = 0; i < members.size(); ++i) {
        Tie& told = add(
            named[absl::StrCat("household_described.members[", i, "].person")],
            subject, members[i].relation());
        told.valid = members[i].valid();
      }
    }
  }
  ties.erase(std::remove_if(ties.begin(), ties.end(),
                            [](const Tie& tie) {
                              return tie.subject.empty() || tie.to.empty();
                            }),
             ties.end());
  for (Tie& tie : ties) {
    tie.name = names[tie.subject];
    tie.event_id = std::string(fact.envelope.id);
    tie.organisation =
        std::string(event::ParseSource(fact.envelope.source).organisation);
    tie.logged = fact.logged;
  }
  return ties;
}

bool IsDestroyed(const Fact& fact) {
  return std::any_of(fact.envelope.sections.begin(),
                     fact.envelope.sections.end(),
                     [](const event::SectionView& section) {
                       return !section.key_id.empty();
                     });
}

std::vector<ReadPerson> ReadPersons(const Asking& asking, const Fact& fact) {
  std::vector<ReadPerson> persons;
  for (const event::SectionView& section : fact.envelope.sections) {
    if (section.part != v1::PART_PERSON ||
        DecideSection(asking, fact, section).visibility != Visibility::kFull) {
      continue;
    }
    ReadPerson person;
    person.whose = std::string(section.whose);
    if (fact.envelope.Open(section, &person.part).ok()) {
      persons.push_back(std::move(person));
    }
  }
  return persons;
}

namespace {

// What still stands of what events say of one person.
class Standing {
 public:
  Standing(Facts& facts, const std::string& subject)
      : facts_(facts),
        renamed_(&facts),
        names_(renamed_.Of(subject)),
        given_(&facts) {}

  std::vector<Facts::PersonFact> Find() {
    std::vector<Facts::PersonFact> person;
    for (const std::string& name : names_) {
      for (Facts::PersonFact& fact : facts_.PersonOf(name)) {
        person.push_back(std::move(fact));
      }
    }
    std::sort(person.begin(), person.end(),
              [](const Facts::PersonFact& a, const Facts::PersonFact& b) {
                return std::tie(a.logged, a.position) <
                       std::tie(b.logged, b.position);
              });
    GatherSayings(person);
    if (sayings_.empty()) return person;
    Give(person);
    const std::vector<EntryState> states = given_.Amend(renamed_);
    std::vector<Facts::PersonFact> standing;
    for (size_t i = 0; i < person.size(); ++i) {
      if (Stands(states, i, &person[i])) {
        standing.push_back(std::move(person[i]));
      }
    }
    return standing;
  }

 private:
  void GatherSayings(const std::vector<Facts::PersonFact>& person) {
    std::set<std::string> known;
    for (const std::string& name : names_) {
      for (Entry& entry : facts_.AnnotationsOf(name)) {
        if (known.emplace(entry.fact.envelope.id).second) {
          sayings_.push_back(std::move(entry.fact));
        }
      }
    }
    std::vector<SaidOf> entries;
    for (const Facts::PersonFact& fact : person) {
      entries.push_back(
          {fact.event_id, fact.event_subject, fact.clear->record()});
    }
    AddSayings(facts_, renamed_, entries, &known, &sayings_);
  }

  void Give(const std::vector<Facts::PersonFact>& person) {
    const auto header_of = [](const Fact& fact) -> std::optional<v1::Header> {
      absl::StatusOr<v1::Header> header =
          fact.envelope.Open<v1::Header>(v1::PART_HEADER);
      if (!header.ok()) return std::nullopt;
      return *std::move(header);
    };
    const auto keep = [&](std::optional<v1::Header> header) {
      return header ? &headers_.emplace_back(*std::move(header)) : nullptr;
    };
    std::map<std::pair<absl::string_view, absl::string_view>, size_t> index;
    for (const Fact& saying : sayings_) {
      const v1::Header* header = keep(header_of(saying));
      absl::StatusOr<v1::Kind> opened = saying.envelope.OpenKind();
      const v1::Kind* kind = nullptr;
      if (opened.ok()) kind = &kinds_.emplace_back(*std::move(opened));
      index[{saying.envelope.source, saying.envelope.id}] = given_.size();
      given_.Add(ToEntryFact(saying, header, kind));
    }
    // The record of another writer, of another naming key and of a version is
    // found by what it says.
    const bool by_content =
        std::any_of(sayings_.begin(), sayings_.end(),
                    [](const Fact& fact) { return NamesRecord(*fact.clear); });
    for (const Facts::PersonFact& fact : person) {
      const auto [it, added] =
          index.try_emplace({fact.source, fact.event_id}, given_.size());
      place_.push_back(it->second);
      if (!added) continue;
      const v1::Header* header = nullptr;
      if (by_content) {
        const std::optional<Entry> whole = facts_.Event(fact.event_id);
        if (whole) header = keep(header_of(whole->fact));
      }
      given_.Add({.event_id = fact.event_id,
                  .source = fact.source,
                  .type = fact.type,
                  .subject = fact.event_subject,
                  .clear = fact.clear.get(),
                  .header = header,
                  .request_key = fact.request_key,
                  .request_index = fact.request_index,
                  .logged = fact.logged,
                  .topic = fact.position.partition.topic,
                  .partition = fact.position.partition.partition,
                  .offset = fact.position.offset});
    }
    const auto may = [](const Fact&) { return true; };
    given_.AddElsewhere(may);
    // Also those that do not say who they are.
    given_.AddOwn(renamed_, may, header_of);
  }

  // Puts right what was corrected.
  bool Stands(const std::vector<EntryState>& states, size_t i,
              Facts::PersonFact* fact) const {
    const EntryState& state = states[place_[i]];
    const bool involved = fact->part.has_involved();
    if (place_[i] < sayings_.size()) {
      return IsAddedBy(states, place_[i], involved ? "involved" : "about");
    }
    if (state.state == safeguarding::State::kWithdrawn ||
        (!involved && !state.reassigned_to.empty())) {
      return false;
    }
    const char* path = involved ? "involved.person" : "about";
    std::vector<const Fact*> corrections;
    for (const size_t correction : state.corrections) {
      if (correction < sayings_.size() &&
          safeguarding::Corrects(*sayings_[correction].clear, path)) {
        corrections.push_back(&sayings_[correction]);
      }
    }
    if (corrections.empty()) return true;
    const std::optional<Entry> whole = facts_.Event(fact->event_id);
    if (!whole) return false;
    const auto all = [](const event::SectionView&) { return true; };
    std::vector<safeguarding::Content> contents;
    for (const Fact* correction : corrections) {
      contents.push_back(safeguarding::ReadContent(correction->envelope, all));
      for (const std::string& name : names_) {
        if (const auto* section = correction->envelope.FindPerson(name)) {
          fact->audiences.emplace_back(section->audience);
        }
      }
    }
    const safeguarding::InForce now = safeguarding::Correct(
        safeguarding::ReadContent(whole->fact.envelope, all), contents,
        renamed_.renamings());
    for (const safeguarding::Content::Person& person : now.content.persons) {
      if (!names_.contains(person.whose) || !person.part) continue;
      fact->part = *person.part;
      return true;
    }
    return false;
  }

  // Whether this correction or supplement says who they are of an entry that
  // does not, and counts there.
  bool IsAddedBy(const std::vector<EntryState>& states, size_t saying,
                 absl::string_view path) const {
    if (!safeguarding::IsActAgain(*sayings_[saying].clear) ||
        !Says(*sayings_[saying].clear, path)) {
      return false;
    }
    return std::any_of(
        states[saying].targets.begin(), states[saying].targets.end(),
        [&](size_t target) {
          const EntryState& state = states[target];
          const auto has = [&](const std::vector<size_t>& all) {
            return std::find(all.begin(), all.end(), saying) != all.end();
          };
          return std::find(place_.begin(), place_.end(), target) ==
                     place_.end() &&
                 (has(state.corrections) || has(state.supplements));
        });
  }

  Facts& facts_;
  Renamed renamed_;
  const std::set<std::string> names_;  // of the person
  std::vector<Fact> sayings_;
  std::deque<v1::Header> headers_;  // pointers into these are given
  std::deque<v1::Kind> kinds_;
  Given given_;                // the sayings first
  std::vector<size_t> place_;  // of each fact of the person in it
};

}  // namespace

std::vector<Facts::PersonFact> StandingPerson(Facts& facts,
                                              const std::string& subject) {
  return Standing(facts, subject).Find();
}

std::string NameOf(const v1::Person& person) {
  const v1::PersonName* best = nullptr;
  for (const v1::PersonName& name : person.demographics().names()) {
    if (best == nullptr || (name.use() == v1::NAME_USE_CURRENT &&
                            best->use() != v1::NAME_USE_CURRENT)) {
      best = &name;
    }
  }
  if (best == nullptr) return "";
  if (!best->as_given().empty()) return best->as_given();
  return absl::StrCat(
      best->given(), best->given().empty() || best->family().empty() ? "" : " ",
      best->family());
}

v1::Demographics Merge(const Asking& asking,
                       const std::vector<Facts::PersonFact>& person) {
  v1::Demographics merged;
  for (const Facts::PersonFact& fact : person) {
    if (DecideSection(asking, fact).visibility != Visibility::kFull) {
      continue;
    }
    const v1::Demographics& said = fact.person().demographics();
    AddNew(said.names(), merged.mutable_names());
    AddNew(said.identifiers(), merged.mutable_identifiers());
    AddNew(said.addresses(), merged.mutable_addresses());
    AddNew(said.disabilities(), merged.mutable_disabilities());
    AddNew(said.communication(), merged.mutable_communication());
    AddNew(said.circumstances(), merged.mutable_circumstances());
    AddNew(said.contacts(), merged.mutable_contacts());
    AddNew(said.adjustments(), merged.mutable_adjustments());
    if (said.has_gender()) *merged.mutable_gender() = said.gender();
    if (said.has_interpreter()) {
      *merged.mutable_interpreter() = said.interpreter();
    }
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
  for (const std::string& organisation : child.named_by) {
    asserted_by.push_back(OrganisationOf(organisation));
  }
  if (safeguarding::DecideSubject(asking.asker, asking.purpose, asserted_by)
          .visibility == Visibility::kNothing) {
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
