#include "services/chronology/facts.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "libs/base/big_endian.h"
#include "libs/event/reference.h"
#include "libs/event/wire_fields.h"

namespace vigil::chronology {
namespace {

using ::vigil::event::Envelope;

// Rows that say the same are passed one by one, so many; then it is quicker to
// seek what is behind them.
constexpr size_t kRowsBeforeSeek = 16;

bool SameContent(const Fact& a, const Fact& b) {
  if (!a.envelope.request_digest.empty() &&
      !b.envelope.request_digest.empty()) {
    return a.envelope.request_digest == b.envelope.request_digest;
  }
  return *a.value == *b.value;
}

bool LoggedBefore(const Fact& a, const Fact& b) {
  return std::tie(a.logged, a.position) < std::tie(b.logged, b.position);
}

void SortByLogged(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) {
                     return LoggedBefore(a.fact, b.fact);
                   });
}

// The source of what may not be an event, as far as it can be read.
absl::string_view SourceIn(absl::string_view value) {
  constexpr uint32_t kSource = 2;  // CloudEvent.source
  event::WireFields fields(value);
  while (fields.Next()) {
    if (fields.number() == kSource) return fields.view();
  }
  return "";
}

bool Parse(absl::string_view bytes, google::protobuf::Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::vector<Entry> Distinct(std::vector<Fact> facts) {
  // One id means one key, hence one partition, hence one order.
  std::map<std::pair<absl::string_view, absl::string_view>, size_t> first;
  std::vector<size_t> order;
  for (size_t i = 0; i < facts.size(); ++i) {
    const Envelope& envelope = facts[i].envelope;
    const auto [it, added] =
        first.try_emplace({envelope.source, envelope.id}, i);
    if (added) {
      order.push_back(i);
    } else if (facts[i].position < facts[it->second].position) {
      std::swap(facts[i], facts[it->second]);
    }
  }
  std::vector<Entry> entries;
  entries.reserve(order.size());
  std::map<size_t, size_t> entry_of;
  for (const size_t i : order) {
    entry_of[i] = entries.size();
    entries.push_back({.fact = facts[i]});
  }
  if (order.size() == facts.size()) return entries;
  for (size_t i = 0; i < facts.size(); ++i) {
    if (entry_of.contains(i)) continue;
    const Envelope& envelope = facts[i].envelope;
    Entry& entry = entries[entry_of[first[{envelope.source, envelope.id}]]];
    if (SameContent(entry.fact, facts[i])) {
      ++entry.duplicates;
    } else {
      entry.conflicts.push_back(facts[i]);
    }
  }
  return entries;
}

Facts::Facts(std::shared_ptr<const projection::Snapshot> snapshot,
             Extent extent)
    : snapshot_(std::move(snapshot)), extent_(std::move(extent)) {}

bool Facts::Knows(const eventlog::Position& position, absl::Time logged,
                  absl::string_view organisation) const {
  if (extent_.logged_until && logged > *extent_.logged_until) return false;
  if (extent_.organisation && organisation != *extent_.organisation) {
    return false;
  }
  if (extent_.positions) {
    const auto it = extent_.positions->find(position.partition);
    if (it == extent_.positions->end() || position.offset >= it->second) {
      return false;
    }
  }
  return true;
}

void Facts::Draw(const eventlog::Position& position, absl::Time logged) {
  projection::Cover(drawn_, position);
  newest_ = std::max(newest_, logged);
}

void Facts::Fail(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

void Facts::ScanAll(Table table, absl::string_view prefix,
                    absl::string_view from, Visit visit) {
  bool damaged = false;
  const absl::Status read = snapshot_->Scan(
      table, prefix,
      [&](absl::string_view key, absl::string_view value) {
        const std::optional<Row> row = ReadRow(table, key, value);
        damaged = !row;
        return !damaged && visit(key, *row);
      },
      from);
  Fail(read);
  if (damaged) Fail(absl::DataLossError("a row of the index cannot be read"));
}

void Facts::Scan(Table table, absl::string_view prefix, Visit visit) {
  ScanAll(table, prefix, "", [&](absl::string_view key, const Row& row) {
    if (!Knows(row.position, row.logged, row.organisation)) return true;
    Draw(row.position, row.logged);
    return visit(key, row);
  });
}

std::optional<Fact> Facts::ToFact(const Row& row) {
  Fact fact = {.position = row.position,
               .logged = row.logged,
               .value = std::make_shared<const std::string>(row.payload)};
  absl::StatusOr<Envelope> envelope = event::Scan(*fact.value);
  if (!envelope.ok()) {  // the fold has read it before
    Fail(envelope.status());
    return std::nullopt;
  }
  fact.envelope = *std::move(envelope);
  auto clear = std::make_shared<event::v1::ClearPart>();
  if (absl::Status opened =
          fact.envelope.Open(event::v1::PART_CLEAR, clear.get());
      !opened.ok()) {
    Fail(opened);
    return std::nullopt;
  }
  fact.clear = std::move(clear);
  return fact;
}

std::vector<Fact> Facts::EventsIn(Table table, const std::string& group) {
  std::vector<Fact> facts;
  Scan(table, group, [&](absl::string_view, const Row& row) {
    if (std::optional<Fact> fact = ToFact(row)) {
      facts.push_back(*std::move(fact));
    }
    return true;
  });
  return facts;
}

std::vector<Entry> Facts::EntriesOf(absl::string_view subject) {
  return Distinct(EventsIn(kEntries, SubjectGroup(subject)));
}

std::vector<Entry> Facts::SayingsIn(Table table, const std::string& group) {
  std::vector<Entry> sayings = Distinct(EventsIn(table, group));
  for (Entry& saying : sayings) {
    // Other content of its id may name others, and then lies with those.
    if (!RequestOf(saying.fact).conflicting) continue;
    for (Entry& whole : EventsUnder(saying.fact.envelope.id)) {
      if (whole.fact.envelope.source == saying.fact.envelope.source) {
        saying = std::move(whole);
        break;
      }
    }
  }
  SortByLogged(sayings);
  return sayings;
}

std::vector<Entry> Facts::AnnotationsOf(absl::string_view subject) {
  return SayingsIn(kAnnotations, SubjectGroup(subject));
}

std::vector<Entry> Facts::AnnotationsAbout(absl::string_view event_id) {
  return SayingsIn(kAnnotations, EventGroup(event_id));
}

std::vector<Entry> Facts::AnnotationsOfRecord(absl::string_view record) {
  if (record.empty()) return {};
  return SayingsIn(kAnnotations, RecordGroup(record));
}

std::vector<Entry> Facts::LinksOf(absl::string_view subject) {
  return SayingsIn(kLinks, SubjectGroup(subject));
}

std::vector<Entry> Facts::MentionsOf(absl::string_view subject) {
  std::vector<Entry> entries =
      Distinct(EventsPointedAt(kMentions, SubjectGroup(subject)));
  SortByLogged(entries);
  return entries;
}

std::vector<Entry> Facts::MentionsAbout(absl::string_view event_id) {
  std::vector<Entry> entries =
      Distinct(EventsPointedAt(kMentions, EventGroup(event_id)));
  SortByLogged(entries);
  return entries;
}

std::vector<Entry> Facts::Directory(absl::string_view kind) {
  std::vector<Entry> entries =
      Distinct(EventsPointedAt(kDirectory, TextPrefix(kind)));
  SortByLogged(entries);
  return entries;
}

std::vector<Facts::PersonFact> Facts::PersonOf(absl::string_view subject) {
  std::vector<PersonFact> person;
  Scan(kPeople, SubjectGroup(subject), [&](absl::string_view, const Row& row) {
    absl::string_view payload = row.payload;
    const std::optional<absl::string_view> parts[] = {
        TakePart(payload), TakePart(payload), TakePart(payload),
        TakePart(payload), TakePart(payload), TakePart(payload),
        TakePart(payload), TakePart(payload)};
    PersonFact fact = {.position = row.position, .logged = row.logged};
    auto clear = std::make_shared<event::v1::ClearPart>();
    if (!parts[7] || payload.size() < 4 || !Parse(*parts[6], clear.get()) ||
        !Parse(*parts[7], &fact.part)) {
      Fail(absl::DataLossError("a row of the index cannot be read"));
      return false;
    }
    fact.source = std::string(*parts[0]);
    fact.event_id = std::string(*parts[1]);
    fact.type = std::string(*parts[2]);
    fact.event_subject = std::string(*parts[3]);
    fact.audiences.emplace_back(*parts[4]);
    fact.request_key = std::string(*parts[5]);
    fact.request_index = ReadBigEndian32(payload);
    fact.clear = std::move(clear);
    person.push_back(std::move(fact));
    return true;
  });
  // Of records under one id the first.
  std::sort(person.begin(), person.end(),
            [](const PersonFact& a, const PersonFact& b) {
              return std::tie(a.source, a.event_id, a.position) <
                     std::tie(b.source, b.event_id, b.position);
            });
  person.erase(std::unique(person.begin(), person.end(),
                           [](const PersonFact& a, const PersonFact& b) {
                             return std::tie(a.source, a.event_id) ==
                                    std::tie(b.source, b.event_id);
                           }),
               person.end());
  std::sort(person.begin(), person.end(),
            [](const PersonFact& a, const PersonFact& b) {
              return std::tie(a.logged, a.position) <
                     std::tie(b.logged, b.position);
            });
  return person;
}

safeguarding::Found Facts::SubjectsIn(Table table, absl::string_view prefix,
                                      size_t limit) {
  std::set<std::string, std::less<>> subjects;
  safeguarding::Found found;
  size_t passed = 0;
  std::string next;
  do {
    const std::string from = std::exchange(next, "");
    std::string known;  // what the rows of the subject last found begin with
    size_t repeated = 0;
    ScanAll(table, prefix, from, [&](absl::string_view key, const Row& row) {
      if (!known.empty() && absl::StartsWith(key, known)) {
        if (++repeated < kRowsBeforeSeek) return true;
        // No topic begins so: behind all rows of this subject.
        next = known + '\xff';
        return false;
      }
      if (!Knows(row.position, row.logged, row.organisation)) {
        found.all = ++passed <= kMaxRowsPassed;
        return found.all;
      }
      Draw(row.position, row.logged);
      if (!subjects.contains(row.payload)) {
        found.all = subjects.size() < limit;
        if (!found.all) return false;
        subjects.emplace(row.payload);
      }
      known = std::string(row.before_place);
      repeated = 0;
      return true;
    });
  } while (!next.empty());
  found.subjects.assign(subjects.begin(), subjects.end());
  return found;
}

safeguarding::Found Facts::SubjectsWithIdentifier(
    const event::v1::Identifier& identifier, size_t limit) {
  return SubjectsIn(kIdentifiers, IdentifierGroup(identifier), limit);
}

safeguarding::Found Facts::SubjectsNamed(absl::string_view beginning,
                                         size_t limit) {
  return SubjectsIn(kNames, beginning, limit);
}

safeguarding::Found Facts::SubjectsNamedAndBorn(absl::string_view token,
                                                absl::string_view date,
                                                size_t limit) {
  return SubjectsIn(kNames, TextPrefix(token) + TextPrefix(date), limit);
}

safeguarding::Found Facts::SubjectsBorn(absl::string_view date, size_t limit) {
  return SubjectsIn(kBirths, date, limit);
}

safeguarding::Found Facts::SubjectsAt(absl::string_view address_group,
                                      size_t limit) {
  return SubjectsIn(kAddresses, address_group, limit);
}

std::optional<Facts::TermSaid> Facts::TermAfter(absl::string_view key) {
  std::optional<TermSaid> said;
  // Within a partition the log's times rise: of a term that is said often the
  // first of each is looked at, and what is behind it stepped over.
  std::string next = key.empty() ? "" : absl::StrCat(key, "\xff");
  bool more = true;
  while (more) {
    more = false;
    const std::string from = next;
    ScanAll(kTerms, "", from, [&](absl::string_view, const Row& row) {
      if (said && row.before_place != said->key) return false;
      if (!Knows(row.position, row.logged, row.organisation)) return true;
      Draw(row.position, row.logged);
      if (!said) {
        absl::string_view payload = row.payload;
        said = TermSaid{.key = std::string(row.before_place),
                        .display = std::string(TakePart(payload).value_or(""))};
      }
      said->first = std::min(said->first, row.logged);
      next = absl::StrCat(row.before_place, row.position.partition.topic,
                          absl::string_view("\0", 1));
      AppendBigEndian32(
          next, static_cast<uint32_t>(row.position.partition.partition) + 1);
      more = true;
      return false;
    });
  }
  return said;
}

std::vector<Fact> Facts::EventsPointedAt(Table table,
                                         const std::string& prefix) {
  std::vector<Fact> facts;
  std::vector<std::pair<Table, std::string>> pointers;
  Scan(table, prefix, [&](absl::string_view, const Row& row) {
    if (!row.payload.empty()) {
      pointers.emplace_back(static_cast<Table>(row.payload[0]),
                            row.payload.substr(1));
    }
    return true;
  });
  for (const auto& [of, key] : pointers) {  // of rows that are known
    const absl::StatusOr<std::string> value = snapshot_->Get(of, key);
    if (!value.ok()) {
      Fail(value.status());
      continue;
    }
    const std::optional<Row> row = ReadRow(of, key, *value);
    if (!row) {
      Fail(absl::DataLossError("a row of the index cannot be read"));
      continue;
    }
    if (std::optional<Fact> fact = ToFact(*row)) {
      facts.push_back(*std::move(fact));
    }
  }
  return facts;
}

std::vector<Entry> Facts::EventsUnder(absl::string_view event_id) {
  return Distinct(EventsPointedAt(kEvents, EventGroup(event_id)));
}

std::optional<Entry> Facts::Event(absl::string_view event_id) {
  std::vector<Entry> entries = EventsUnder(event_id);
  if (entries.empty()) return std::nullopt;
  // An id is made from its source: two under one id is one writer's forgery,
  // and the first logged counts.
  const auto first = std::min_element(entries.begin(), entries.end(),
                                      [](const Entry& a, const Entry& b) {
                                        return LoggedBefore(a.fact, b.fact);
                                      });
  return std::move(*first);
}

std::optional<Fact> Facts::View(absl::string_view view_id) {
  const std::vector<Fact> facts = EventsIn(kViews, EventGroup(view_id));
  if (facts.empty()) return std::nullopt;
  return *std::min_element(facts.begin(), facts.end(), LoggedBefore);
}

bool Facts::IsKeyRegistered(absl::string_view subject) {
  const absl::string_view key_id = event::KeyIdOf(subject);
  bool found = key_id.empty();
  if (found) return true;
  ScanAll(kNamingKeys, TextPrefix(key_id), "",
          [&](absl::string_view, const Row& row) {
            found = Knows(row.position, row.logged,
                          extent_.organisation.value_or(""));
            return !found;
          });
  return found;
}

RequestState Facts::RequestOf(const Fact& fact) {
  if (fact.envelope.request_key.empty()) return {};
  std::set<uint32_t> seen;
  bool conflicting = false;
  uint32_t count = fact.envelope.request_count;
  Scan(kRequests, RequestGroup(fact.envelope.request_key),
       [&](absl::string_view, const Row& row) {
         absl::string_view payload = row.payload;
         const std::optional<absl::string_view> digest = TakePart(payload);
         TakePart(payload);  // id
         TakePart(payload);  // subject
         if (!digest || payload.size() < 8) {
           Fail(absl::DataLossError("a row of the index cannot be read"));
           return false;
         }
         if (*digest != fact.envelope.request_digest) {
           conflicting = true;
           return true;
         }
         seen.insert(ReadBigEndian32(payload));
         return true;
       });
  return {.incomplete = seen.size() < count, .conflicting = conflicting};
}

std::optional<absl::Time> Facts::FirstLogged(absl::string_view topic) {
  std::optional<absl::Time> first;
  Scan(kSources, TextPrefix(topic), [&](absl::string_view, const Row& row) {
    first = first ? std::min(*first, row.logged) : row.logged;
    return true;
  });
  return first;
}

std::vector<Unreadable> Facts::UnreadableOf(absl::string_view subject) {
  std::vector<Unreadable> unreadable;
  Fail(snapshot_->ScanQuarantined(
      subject, [&](const projection::Quarantined& quarantined) {
        const eventlog::LoggedRecord& record = quarantined.record;
        Unreadable held = {
            .position = record.position,
            .logged = record.logged,
            .writer = std::string(WriterOf(record.position.partition.topic)),
            .value = record.record.value};
        const event::SourceParts source =
            event::ParseSource(SourceIn(record.record.value));
        // Believed as far as the log's access rules go.
        if (source.writer == held.writer) {
          held.organisation = std::string(source.organisation);
        }
        if (Knows(held.position, held.logged, held.organisation)) {
          Draw(held.position, held.logged);
          unreadable.push_back(std::move(held));
        }
        return true;
      }));
  return unreadable;
}

}  // namespace vigil::chronology
