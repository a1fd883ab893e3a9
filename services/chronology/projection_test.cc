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

eventlog::LoggedRecord One(const Teller& teller, Statement statement,
                           int64_t offset = 7) {
  return At(std::move(Sealed(teller, {std::move(statement)}, "r1").front()), 0,
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
    order.push_back(
        envelope->Open<ev1::Header>(ev1::PART_HEADER)->account().headline());
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

std::set<std::string> GroupsOf(const Union& rows, Table table) {
  std::set<std::string> groups;
  for (const auto& [key, value] : rows.Table(table)) {
    groups.insert(key.substr(0, kGroupBytes));
  }
  return groups;
}

TEST(ChronologyFold, WhatIsSaidOfAnEntryIsFoundFromEitherSubject) {
  const std::string a = Subject("police:99", "1");
  const std::string b = Subject("ods:X99A1", "1");
  Statement grouped = Said("2026-03-28", "One incident");
  ev1::EntriesGrouped& entries = *grouped.mutable_entries_grouped();
  SetEntry("a", a, entries.add_entries());
  SetEntry("b", b, entries.add_entries());
  Union rows;
  ASSERT_TRUE(Apply(One(kHub, grouped), rows).ok());
  EXPECT_TRUE(rows.lawful());
  EXPECT_EQ(GroupsOf(rows, kAnnotations),
            (std::set<std::string>{SubjectGroup(a), SubjectGroup(b),
                                   EventGroup("a"), EventGroup("b")}));
  EXPECT_THAT(rows.Table(kEntries), IsEmpty());
}

TEST(ChronologyFold, ACorrectionIsNoEntryOfItsOwn) {
  const std::string subject = Subject("police:99", "1");
  Union rows;
  Statement again = Told(subject, "2026-03-28", "Seen");
  ASSERT_TRUE(
      Apply(One(kPolice, Correcting(again, "a", subject, {"account.headline"})),
            rows)
          .ok());
  EXPECT_EQ(GroupsOf(rows, kAnnotations),
            (std::set<std::string>{SubjectGroup(subject), EventGroup("a")}));
  EXPECT_THAT(rows.Table(kEntries), IsEmpty());
}

TEST(ChronologyFold, AnAnswerIsAnEntryThatItsReferralFinds) {
  const std::string subject = Subject("la:E99000001", "1");
  const std::string referred = Subject("police:99", "1");
  Statement answer = Told(subject, "2026-03-28", "Acknowledged");
  SetEntry("a", referred,
           answer.mutable_referral_acknowledged()->mutable_referral());
  Union rows;
  ASSERT_TRUE(Apply(One(kHub, answer), rows).ok());
  EXPECT_THAT(rows.Table(kEntries), SizeIs(1));
  EXPECT_THAT(rows.Table(kAnnotations), IsEmpty());
  EXPECT_EQ(GroupsOf(rows, kMentions),
            (std::set<std::string>{SubjectGroup(referred), EventGroup("a")}));
  const auto mentions = rows.Table(kMentions);
  const auto mention =
      ReadRow(kMentions, mentions[0].first, mentions[0].second);
  ASSERT_TRUE(mention.has_value());
  EXPECT_EQ(mention->payload.substr(1), rows.Table(kEntries)[0].first);
}

TEST(ChronologyFold, ALinkLiesUnderAllThatItNames) {
  const std::string a = Subject("police:99", "1");
  const std::string b = Subject("ods:X99A1", "1");
  Union rows;
  ASSERT_TRUE(Apply(One(kHub, Linked(a, b)), rows).ok());
  EXPECT_EQ(GroupsOf(rows, kLinks),
            (std::set<std::string>{SubjectGroup(a), SubjectGroup(b)}));
}

// Named by number in one record, or only involved.
TEST(ChronologyFold, WhoHasARecordOfTheirOwnIsFoundAndOthersAreNot) {
  Statement told = Told(Subject("police:99", "17"), "2026-03-28", "Seen");
  ev1::Person& mother = *told.add_involved()->mutable_person();
  mother.mutable_ref()->mutable_local_id()->set_system("records");
  mother.mutable_ref()->mutable_local_id()->set_id("m1");
  Know("Jones", "Mary", "1990-01-01", "9990000050",
       mother.mutable_demographics());
  ev1::Person& toddler = *told.add_involved()->mutable_person();
  toddler.mutable_ref()->set_number(1);
  Know("Jones", "Tom", "2024-01-01", "9990000069",
       toddler.mutable_demographics());
  Union rows;
  ASSERT_TRUE(Apply(One(kPolice, told), rows).ok());
  EXPECT_THAT(rows.Table(kPeople), SizeIs(2));  // and nothing of the child
  EXPECT_THAT(rows.Table(kIdentifiers), SizeIs(1));
  ASSERT_THAT(rows.Table(kBirths), SizeIs(1));
  const auto births = rows.Table(kBirths);
  EXPECT_EQ(ReadRow(kBirths, births[0].first, births[0].second)->payload,
            Subject("police:99", "m1"));
}

TEST(ChronologyFold, OnePlaceIsOneGroup) {
  const auto address = [](const std::string& line, const std::string& postcode,
                          const std::string& uprn) {
    ev1::Address made;
    made.add_lines(line);
    made.set_postcode(postcode);
    made.set_uprn(uprn);
    return made;
  };
  const auto a = AddressGroups(address("12 High St.", "ZZ1 1ZZ", ""));
  ASSERT_THAT(a, SizeIs(1));
  EXPECT_EQ(a, AddressGroups(address("12  high st", "zz11zz", "")));
  EXPECT_NE(AddressGroups(address("Flat 1, 12 High St", "ZZ1 1ZZ", "")),
            AddressGroups(address("Flat 11, 2 High St", "ZZ1 1ZZ", "")));
  EXPECT_EQ(AddressGroups(address("", "", "00123")),
            AddressGroups(address("", "", "123")));
  EXPECT_THAT(AddressGroups(address("12 High St", "ZZ1 1ZZ", "123")),
              SizeIs(2));
  EXPECT_THAT(AddressGroups(address("12 High St", "", "")), IsEmpty());
}

TEST(ChronologyFold, ATermWithoutAPublishedCodeIsListed) {
  Statement told = Told(Subject("police:99", "17"), "2026-03-28", "Meeting");
  ev1::MeetingStepped& meeting = *told.mutable_meeting_stepped();
  meeting.set_stage(ev1::STAGE_COMPLETED);
  ev1::CodedTerm& own = *meeting.mutable_type()->mutable_own();
  own.set_system("athena");
  own.set_code("ICPC");
  own.set_display("Initial conference");
  Union rows;
  ASSERT_TRUE(Apply(One(kPolice, told), rows).ok());
  const auto terms = rows.Table(kTerms);
  ASSERT_THAT(terms, SizeIs(1));
  EXPECT_EQ(ReadRow(kTerms, terms[0].first, terms[0].second)->before_place,
            TextPrefix("meeting") + TextPrefix("athena") + TextPrefix("ICPC") +
                TextPrefix("") + TextPrefix("police:99"));
  meeting.mutable_type()->set_code("initial_conference");
  Union coded;
  ASSERT_TRUE(Apply(One(kPolice, told), coded).ok());
  EXPECT_THAT(coded.Table(kTerms), IsEmpty());
}

TEST(ChronologyFold, ATermOfADiscreetKindIsNotListed) {
  const auto terms_of = [](const auto& say) {
    Statement told = Told(Subject("ods:X99A1", "17"), "2026-03-28", "Seen");
    told.mutable_about(0)->mutable_role()->mutable_own()->set_display("Client");
    told.mutable_submission()
        ->mutable_author()
        ->mutable_function()
        ->mutable_own()
        ->set_display("Clinic nurse");
    told.mutable_place()->mutable_type()->mutable_own()->set_display("Clinic");
    say(&told);
    Union rows;
    EXPECT_TRUE(Apply(One(kHealth, told), rows).ok());
    return rows.Table(kTerms).size();
  };
  EXPECT_EQ(terms_of([](Statement* told) { told->mutable_contact_made(); }),
            3u);
  EXPECT_EQ(terms_of([](Statement* told) { told->mutable_service_contact(); }),
            0u);
  EXPECT_EQ(terms_of([](Statement* told) { told->mutable_allegation_made(); }),
            0u);
  EXPECT_EQ(terms_of([](Statement* told) {
              told->mutable_service_contact();
              *told = Correcting(*told, "00000000-0000-4000-8000-000000000000",
                                 Subject("ods:X99A1", "17"), {"about.role"});
            }),
            0u);
}

TEST(ChronologyFold, WhatIsSaidOfOrganisationsIsFoundByItsKind) {
  Statement told = Said("2026-03-28", "Calendar");
  *told.add_about()->mutable_organisation() =
      ToProtoOrganisation("la:E99000001");
  told.mutable_calendar_stated()->add_days()->set_date("2026-12-25");
  Union rows;
  ASSERT_TRUE(Apply(One(kHub, told), rows).ok());
  EXPECT_EQ(GroupsOf(rows, kEntries),
            (std::set<std::string>{SubjectGroup("la:E99000001")}));
  const auto directory = rows.Table(kDirectory);
  ASSERT_THAT(directory, SizeIs(1));
  EXPECT_EQ(ReadRow(kDirectory, directory[0].first, directory[0].second)
                ->before_place,
            TextPrefix("vigil.event.v1.CalendarStated"));
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

// Any text, and often one that would end another's place in a key.
std::string AnyText() {
  return *rc::gen::container<std::string>(rc::gen::weightedElement<char>(
      {{4, '\0'}, {2, '-'}, {2, '2'}, {2, 'a'}, {1, ' '}, {1, '\x7f'}}));
}

// Whatever a faulty writer says, the record is one that every reader can pass.
RC_GTEST_PROP(ChronologyFold, NoTextMakesARowThatCannotBeRead, ()) {
  const std::string subject =
      *rc::gen::element(Subject("police:99", "1"), AnyText() + "x");
  Statement told =
      Registered(subject, AnyText(), AnyText(), AnyText(), AnyText());
  ev1::Demographics& known =
      *told.mutable_about(0)->mutable_person()->mutable_demographics();
  if (*rc::gen::arbitrary<bool>())
    known.mutable_birth()->set_expected(AnyText());
  known.add_identifiers()->set_system(AnyText());
  ev1::Address& address = *known.add_addresses();
  address.add_lines(AnyText());
  address.set_postcode(AnyText());
  address.set_uprn(AnyText());
  ev1::CodedTerm& own =
      *told.mutable_subject_registered()->mutable_reason()->mutable_own();
  own.set_system(AnyText());
  own.set_code(AnyText());
  own.set_display(AnyText());
  told.mutable_account()->mutable_occurred()->set_date(AnyText());
  std::vector<event::Draft> drafts = DraftsOf(kPolice, told);
  if (*rc::gen::arbitrary<bool>()) {
    ev1::Kind kind;
    kind.mutable_naming_key_registered()->set_key_id(AnyText());
    drafts = {event::OwnDraft(kind)};
    drafts[0].key = "police";
  }
  ev1::Target& target = *drafts[0].clear.add_targets();
  target.set_event_id(AnyText());
  target.set_subject(AnyText());
  target.set_record(AnyText());
  target.set_manner(*rc::gen::element(ev1::MANNER_ANSWERS, ev1::MANNER_CORRECTS,
                                      ev1::MANNER_WITHDRAWS));
  drafts[0].clear.add_others(AnyText());
  const auto record = At(
      std::move(SealedDrafts(kPolice, std::move(drafts), "r1").front()), 0, 7);
  Union rows;
  if (!Apply(record, rows).ok()) return;  // to quarantine
  RC_ASSERT(rows.lawful());
  for (const auto& [place, value] : rows.rows()) {
    const auto table = static_cast<Table>(place.first);
    if (table == kReferences) continue;
    const auto row = ReadRow(table, place.second, value);
    RC_ASSERT(row.has_value());
    if (table != kSources) RC_ASSERT(row->position == record.position);
  }
}

// A few children, writers, requests and kinds, chosen so that ids, requests,
// identifiers and names often meet.
Statement AnyStatement(const Teller& teller) {
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
    case 1:
      return Correcting(Told(subject, date, "Corrected"),
                        *rc::gen::element<std::string>("a", "b"), subject,
                        {"account.headline"});
    case 2:
      return Linked(subject, Subject("ods:X99A1", "0"));
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
    std::vector<Statement> statements;
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
      statements.push_back(AnyStatement(teller));
    }
    for (auto& record :
         Sealed(teller, statements,
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
