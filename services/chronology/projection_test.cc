#include "services/chronology/projection.h"

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/event/open.h"
#include "rapidcheck/gtest.h"
#include "services/chronology/test_facts.h"

namespace vigil::chronology {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The union, in memory. A key that comes with other content breaks the law.
class Union : public projection::Rows {
 public:
  void Put(size_t table, absl::string_view key,
           absl::string_view value) override {
    const auto [it, added] =
        rows_.try_emplace({table, std::string(key)}, value);
    if (!added && it->second != value) lawful_ = false;
    const size_t prefix = ChronologyFold().tables[table].prefix_bytes;
    if (key.empty() || key.size() < prefix) lawful_ = false;
  }

  std::vector<std::pair<std::string, std::string>> Table(size_t table) const {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& [key, value] : rows_) {
      if (key.first == table) rows.emplace_back(key.second, value);
    }
    return rows;
  }
  const auto& rows() const { return rows_; }
  bool lawful() const { return lawful_; }

 private:
  std::map<std::pair<size_t, std::string>, std::string> rows_;
  bool lawful_ = true;
};

eventlog::LoggedRecord At(eventlog::TopicRecord record, int32_t partition,
                          int64_t offset) {
  return {.position = {{record.topic, partition}, offset},
          .logged = absl::FromUnixMillis(1'780'000'000'000 + offset),
          .record = std::move(record.record)};
}

eventlog::LoggedRecord One(const Teller& teller, event::Draft draft,
                           int64_t offset = 7) {
  return At(std::move(Sealed(teller, {std::move(draft)}, "r1").front()), 0,
            offset);
}

absl::Status Apply(const eventlog::LoggedRecord& record, Union& rows) {
  static const auto* const fold = new projection::Fold(ChronologyFold());
  return fold->apply(record, rows);
}

TEST(ChronologyFold, AnEntryIsFoundBySubjectByIdAndByRequest) {
  const std::string subject = Subject("police:99", "17");
  const auto record = One(kPolice, Told(subject, "2026-03-28", "Seen alone"));
  Union rows;
  ASSERT_TRUE(Apply(record, rows).ok());
  EXPECT_TRUE(rows.lawful());

  const auto entries = rows.Table(kEntries);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].first.substr(0, kGroupBytes), SubjectGroup(subject));
  const auto row = ReadRow(kEntries, entries[0].first, entries[0].second);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->position, record.position);
  EXPECT_EQ(row->logged, record.logged);
  EXPECT_EQ(row->organisation, "police:99");
  EXPECT_EQ(row->payload, record.record.value);

  const auto events = rows.Table(kEvents);
  ASSERT_THAT(events, SizeIs(1));
  const auto pointer = ReadRow(kEvents, events[0].first, events[0].second);
  ASSERT_TRUE(pointer.has_value());
  EXPECT_EQ(pointer->payload.substr(1), entries[0].first);
  EXPECT_THAT(rows.Table(kRequests), SizeIs(1));
}

TEST(ChronologyFold, EntriesOfOneChildLieInTheOrderOfTheirWhen) {
  const std::string subject = Subject("police:99", "17");
  Union rows;
  int64_t offset = 0;
  for (const char* date : {"2026-03", "2019", "2026-03-01", "2026-02-28"}) {
    ASSERT_TRUE(
        Apply(One(kPolice, Told(subject, date, date), offset++), rows).ok());
  }
  std::vector<std::string> order;
  for (const auto& [key, value] : rows.Table(kEntries)) {
    const auto row = ReadRow(kEntries, key, value);
    ASSERT_TRUE(row.has_value());
    const auto envelope = event::Scan(row->payload);
    ASSERT_TRUE(envelope.ok());
    order.push_back(envelope->Open<ev1::Header>(ev1::PART_HEADER)->headline());
  }
  EXPECT_THAT(order,
              ElementsAre("2019", "2026-02-28", "2026-03-01", "2026-03"));
}

TEST(ChronologyFold, APersonIsFoundByIdentifierNameAndBirth) {
  const std::string subject = Subject("police:99", "17");
  Union rows;
  ASSERT_TRUE(Apply(One(kPolice, Registered(subject, "O'Neill", "Zoë",
                                            "2023-04-02", "9990000018")),
                    rows)
                  .ok());
  EXPECT_THAT(rows.Table(kIdentifiers), SizeIs(1));
  EXPECT_THAT(rows.Table(kBirths), SizeIs(1));
  EXPECT_THAT(rows.Table(kPeople), SizeIs(1));
  std::set<std::string> tokens;
  for (const auto& [key, value] : rows.Table(kNames)) {
    tokens.insert(key.substr(0, key.find('\0')));
    const auto row = ReadRow(kNames, key, value);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->payload, subject);
  }
  EXPECT_TRUE(tokens.contains("neill"));
  EXPECT_TRUE(tokens.contains("zoe"));
}

TEST(ChronologyFold, WhatIsSaidOfAnEntryIsFoundFromEitherSubject) {
  const std::string subject = Subject("la:E99000001", "1");
  event::Draft grouped = Told(subject, "2026-03-28", "One incident");
  grouped.kind.Clear();
  grouped.kind.mutable_entries_grouped()->add_event_ids("a");
  grouped.kind.mutable_entries_grouped()->add_event_ids("b");
  Union rows;
  ASSERT_TRUE(Apply(One(kHub, grouped), rows).ok());
  EXPECT_TRUE(rows.lawful());
  std::set<std::string> groups;
  for (const auto& [key, value] : rows.Table(kAnnotations)) {
    groups.insert(key.substr(0, kGroupBytes));
  }
  EXPECT_EQ(groups, (std::set<std::string>{SubjectGroup(subject),
                                           EventGroup("a"), EventGroup("b")}));
  EXPECT_THAT(rows.Table(kEntries), IsEmpty());
}

TEST(ChronologyFold, AKindThatIsNotKnownIsAnEntry) {
  const std::string subject = Subject("police:99", "17");
  auto record = One(kPolice, Told(subject, "2026-03-28", "Later kind"));
  std::string& value = record.record.value;
  const std::string type = "vigil.event.v1.ConcernRaised";
  value.replace(value.find(type), type.size(), "vigil.event.v1.ConcernRaisin");
  Union rows;
  ASSERT_TRUE(Apply(record, rows).ok());
  EXPECT_THAT(rows.Table(kEntries), SizeIs(1));
}

TEST(ChronologyFold, RefusesWhatCannotBeReadOrIsInAnothersName) {
  const std::string subject = Subject("police:99", "17");
  const auto good = One(kPolice, Told(subject, "2026-03-28", "Seen"));
  Union rows;

  auto garbage = good;
  garbage.record.value = "garbage";
  EXPECT_FALSE(Apply(garbage, rows).ok());

  auto forged = good;
  forged.position.partition.topic = "vigil.health.events.v1";
  EXPECT_FALSE(Apply(forged, rows).ok());

  auto elsewhere = good;
  elsewhere.record.key = Subject("police:99", "18");
  EXPECT_FALSE(Apply(elsewhere, rows).ok());
}

TEST(ChronologyFold, EveryKindHasARole) {
  const auto* oneof = ev1::Kind::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto kind = KindCaseOf(oneof->field(i)->message_type()->full_name());
    EXPECT_EQ(static_cast<int>(kind), oneof->field(i)->number());
    RoleOf(kind);
  }
  EXPECT_EQ(KindCaseOf("vigil.event.v1.Unheard"), ev1::Kind::KIND_NOT_SET);
}

// Any text, and often one that would end another's place in a key.
std::string AnyText() {
  return *rc::gen::container<std::string>(rc::gen::weightedElement<char>(
      {{4, '\0'}, {2, '-'}, {2, '2'}, {2, 'a'}, {1, ' '}, {1, '\x7f'}}));
}

// Whatever a faulty writer says, the record is one that every reader can pass.
RC_GTEST_PROP(ChronologyFold, NoTextMakesARowThatCannotBeRead, ()) {
  const std::string subject =
      *rc::gen::element(Subject("police:99", "1"), AnyText() + "x");
  event::Draft draft =
      Registered(subject, AnyText(), AnyText(), AnyText(), AnyText());
  ev1::Demographics& known =
      *draft.people->mutable_subject()->mutable_demographics();
  if (*rc::gen::arbitrary<bool>())
    known.mutable_birth()->set_expected(AnyText());
  known.add_identifiers()->set_system(AnyText());
  draft.header.mutable_occurred()->set_date(AnyText());
  if (*rc::gen::arbitrary<bool>()) {
    draft.kind.Clear();
    draft.kind.mutable_naming_key_registered()->set_key_id(AnyText());
  }
  const auto record = One(kPolice, draft);
  Union rows;
  if (!Apply(record, rows).ok()) return;  // to quarantine
  RC_ASSERT(rows.lawful());
  for (const auto& [place, value] : rows.rows()) {
    const auto table = static_cast<Table>(place.first);
    if (table == kKeyIdsSeen) continue;
    const auto row = ReadRow(table, place.second, value);
    RC_ASSERT(row.has_value());
    if (table != kSources) RC_ASSERT(row->position == record.position);
  }
}

// A few children, writers, requests and kinds, chosen so that ids, requests,
// identifiers and names often meet.
event::Draft AnyDraft(const Teller& teller) {
  const std::string subject =
      Subject(teller.organisation, std::to_string(*rc::gen::inRange(0, 3)));
  const std::string date =
      *rc::gen::element<std::string>("2026", "2026-03", "2026-03-28");
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Registered(
          subject, "Jones", *rc::gen::element<std::string>("Anna", "Bela"),
          "2021-03-02",
          *rc::gen::element<std::string>("", "9990000018", "9990000050"));
    case 1: {
      event::Draft draft = Told(subject, date, "Corrected");
      draft.kind.Clear();
      draft.kind.mutable_entry_corrected()->mutable_target()->set_event_id(
          *rc::gen::element<std::string>("a", "b"));
      return draft;
    }
    case 2: {
      event::Draft draft = Told(subject, date, "Linked");
      draft.kind.Clear();
      draft.kind.mutable_subjects_linked()->add_subjects(subject);
      draft.kind.mutable_subjects_linked()->add_subjects(
          Subject("ods:X99A1", "0"));
      return draft;
    }
    default:
      return Told(subject, date,
                  *rc::gen::element<std::string>("Seen", "Missed"));
  }
}

RC_GTEST_PROP(ChronologyFold, IsAUnionInWhateverOrder, ()) {
  std::vector<eventlog::LoggedRecord> log;
  std::map<std::string, int64_t> ends;
  const int requests = *rc::gen::inRange(1, 12);
  for (int i = 0; i < requests; ++i) {
    const Teller& teller = *rc::gen::element(kPolice, kHealth, kHub);
    std::vector<event::Draft> drafts;
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
      drafts.push_back(AnyDraft(teller));
    }
    for (auto& record :
         Sealed(teller, std::move(drafts),
                *rc::gen::element<std::string>("r1", "r2", "r3"),
                *rc::gen::element<std::string>("content", "other"))) {
      const int64_t offset = ends[record.topic]++;
      log.push_back(At(std::move(record), 0, offset));
    }
  }
  Union in_order;
  for (const auto& record : log) RC_ASSERT(Apply(record, in_order).ok());

  std::vector<size_t> order(log.size());
  std::iota(order.begin(), order.end(), 0);
  const auto again =
      *rc::gen::container<std::vector<size_t>>(rc::gen::elementOf(order));
  order.insert(order.end(), again.begin(), again.end());
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[*rc::gen::inRange<size_t>(0, i)]);
  }
  Union shuffled;
  for (const size_t i : order) RC_ASSERT(Apply(log[i], shuffled).ok());

  RC_ASSERT(in_order.lawful());
  RC_ASSERT(shuffled.lawful());
  RC_ASSERT(in_order.rows() == shuffled.rows());
}

}  // namespace
}  // namespace vigil::chronology
