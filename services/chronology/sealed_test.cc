// What stays when a child's keys are destroyed: the same log, whole and with
// one child's sections sealed by a key that nobody has, folded anew.
#include <openssl/evp.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/check.h"
#include "libs/base/parts.h"
#include "libs/projection/index.h"
#include "services/chronology/projection.h"
#include "services/chronology/queries.h"
#include "services/chronology/test_facts.h"
#include "tests/temporary_folder.h"

namespace vigil::chronology {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kKeyId[] = "aes-256-gcm.anna";
const std::string& TestKey() {
  static const auto* const key = new std::string(32, 'K');
  return *key;
}

std::string AssociatedData(const std::string& event_id,
                           const ev1::Section& section) {
  return EncodeParts({event_id, absl::StrCat(section.part()), section.whose()});
}

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
int Size(const std::string& text) { return static_cast<int>(text.size()); }

// AES-256-GCM; the tag stands behind what it seals. Opens if not `seal`:
// nothing of what was sealed with other associated data.
std::optional<std::string> Crypt(bool seal, const std::string& nonce,
                                 const std::string& data, std::string bytes) {
  constexpr size_t kTag = 16;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string tag(kTag, '\0');
  if (!seal) {
    tag = bytes.substr(bytes.size() - kTag);
    bytes.resize(bytes.size() - kTag);
  }
  std::string out(bytes.size(), '\0');
  int size = 0;
  bool done =
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                        Bytes(TestKey()), Bytes(nonce), seal ? 1 : 0) == 1 &&
      EVP_CipherUpdate(context.get(), nullptr, &size, Bytes(data),
                       Size(data)) == 1 &&
      EVP_CipherUpdate(context.get(),
                       reinterpret_cast<unsigned char*>(out.data()), &size,
                       Bytes(bytes), Size(bytes)) == 1;
  if (!seal) {
    done = done && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG,
                                       static_cast<int>(kTag), tag.data()) == 1;
  }
  unsigned char rest[16];
  done = done && EVP_CipherFinal_ex(context.get(), rest, &size) == 1;
  if (seal) {
    done = done && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG,
                                       static_cast<int>(kTag), tag.data()) == 1;
    out += tag;
  }
  if (!done) return std::nullopt;
  return out;
}

// A log of a few records, in memory.
class SealedTest : public testing::Test {
 protected:
  std::string Tell(const Teller& teller, const Statement& statement) {
    std::string id;
    for (auto& record :
         Sealed(teller, {statement}, absl::StrCat("r", ++requests_))) {
      if (id.empty()) id = std::string(event::Scan(record.record.value)->id);
      const int64_t offset = ends_[record.topic]++;
      log_.push_back({.position = {{record.topic, 0}, offset},
                      .logged = absl::FromUnixSeconds(1'780'000'000 + offset),
                      .record = std::move(record.record)});
    }
    return id;
  }

  // Each section of an event of theirs, and each that is theirs in another's.
  std::vector<eventlog::LoggedRecord> Forgetting(
      const std::set<std::string>& subjects) const {
    std::vector<eventlog::LoggedRecord> log = log_;
    for (eventlog::LoggedRecord& record : log) {
      eventlog::TopicRecord whole = {record.position.partition.topic,
                                     record.record};
      record.record =
          WithSections(std::move(whole), [&](const auto& event,
                                             ev1::Section& section) {
            if (section.part() == ev1::PART_CLEAR ||
                (!subjects.contains(record.record.key) &&
                 !subjects.contains(section.whose()))) {
              return;
            }
            const std::string nonce(12, static_cast<char>(section.part()));
            const std::string data = AssociatedData(event.id(), section);
            const std::string sealed =
                Crypt(true, nonce, data, section.bytes()).value();
            EXPECT_EQ(Crypt(false, nonce, data, sealed), section.bytes());
            // Put into another frame it does not open.
            ev1::Section moved = section;
            moved.set_whose(bela_ == section.whose() ? police_anna_ : bela_);
            EXPECT_EQ(
                Crypt(false, nonce, AssociatedData(event.id(), moved), sealed),
                std::nullopt);
            moved = section;
            moved.set_part(ev1::PART_QUESTION);
            EXPECT_EQ(
                Crypt(false, nonce, AssociatedData(event.id(), moved), sealed),
                std::nullopt);
            EXPECT_EQ(Crypt(false, nonce,
                            AssociatedData("another event", section), sealed),
                      std::nullopt);
            section.set_key_id(kKeyId);
            section.set_nonce(nonce);
            section.set_bytes(sealed);
          }).record;
    }
    return log;
  }

  std::unique_ptr<projection::Index> IndexOf(
      const std::string& name,
      const std::vector<eventlog::LoggedRecord>& log) const {
    auto index =
        *projection::Index::Open(folder_.path() + "/" + name, ChronologyFold());
    Check(index->Apply(log).ok(), "it is folded");
    return index;
  }

  static Question Ask(const projection::Index& index) {
    Question question;
    question.asking.asker.roles = {safeguarding::Role::kCoordinator};
    question.asking.asker.organisation = {"la", "E99000001"};
    question.asking.purpose = ev1::PURPOSE_SYSTEM_TEST;
    question.snapshot = index.snapshot();
    return question;
  }

  static v1::GetChronologyResponse Chronology(const projection::Index& index,
                                              const std::string& subject) {
    v1::GetChronologyRequest request;
    request.set_subject(subject);
    v1::GetChronologyResponse response;
    View view;
    const absl::Status answered = Answer(Ask(index), request, &response, &view);
    EXPECT_TRUE(answered.ok()) << answered;
    return response;
  }

  static std::vector<std::string> KeysOf(const projection::Index& index,
                                         Table table) {
    std::vector<std::string> keys;
    EXPECT_TRUE(index.snapshot()
                    ->Scan(table, "",
                           [&](absl::string_view key, absl::string_view) {
                             keys.emplace_back(key);
                             return true;
                           })
                    .ok());
    return keys;
  }

  // Of whom a table that finds people has rows.
  static std::set<std::string> FoundIn(const projection::Index& index,
                                       Table table) {
    std::set<std::string> subjects;
    EXPECT_TRUE(index.snapshot()
                    ->Scan(table, "",
                           [&](absl::string_view key, absl::string_view value) {
                             const std::optional<Row> row =
                                 ReadRow(table, key, value);
                             EXPECT_TRUE(row);
                             subjects.emplace(row->payload);
                             return true;
                           })
                    .ok());
    return subjects;
  }

  const std::string police_anna_ = Subject("police:99", "17");
  const std::string health_anna_ = Subject("ods:X99A1", "0017");
  const std::string bela_ = Subject("police:99", "18");

 private:
  TemporaryFolder folder_;
  std::vector<eventlog::LoggedRecord> log_;
  std::map<std::string, int64_t> ends_;
  int requests_ = 0;
};

// Of a row what must stay.
std::string Frame(const v1::Row& row) {
  std::string frame = absl::StrCat(
      row.event_id(), " ", row.type(), " ", row.label(), " ",
      row.occurred().ShortDebugString(), " ", row.recorded().ShortDebugString(),
      " ", row.received().ShortDebugString(), " ", row.subject(), " ",
      v1::RowState_Name(row.state()), " ", row.organisation().code(), " ",
      ev1::LinkKind_Name(row.link()), " ", row.significance_by().substr(0, 12),
      " ", row.unmatched());
  for (const v1::Amendment& amendment : row.amendments()) {
    absl::StrAppend(&frame, " / ", amendment.event_id(), " ",
                    ev1::Manner_Name(amendment.manner()));
  }
  for (const std::string& other : row.incident_group()) {
    absl::StrAppend(&frame, " + ", other);
  }
  return frame;
}

std::vector<std::string> Frames(const v1::GetChronologyResponse& response) {
  std::vector<std::string> frames;
  for (const v1::Row& row : response.rows()) frames.push_back(Frame(row));
  return frames;
}

TEST_F(SealedTest, ForgettingAChildLeavesRowsOrderAmendmentsAndDecisions) {
  Tell(kPolice,
       Registered(police_anna_, "Jones", "Anna", "2021-03-02", "9990000018"));
  Tell(kHealth, Registered(health_anna_, "Jones", "Anna", "2021", ""));
  Tell(kPolice, Registered(bela_, "Jones", "Bela", "2019-05-06", ""));
  Tell(kHub, Linked(police_anna_, health_anna_));
  const std::string incident = Tell(kPolice, Incident(police_anna_, bela_));
  const std::string seen =
      Tell(kPolice, Told(police_anna_, "2026-03-30", "Seen alone"));
  const std::string missed =
      Tell(kHealth, Told(health_anna_, "2026-03", "Was not brought"));
  Tell(kPolice,
       Correcting(Told(police_anna_, "2025-03-30", "Seen with mother"), seen,
                  police_anna_, {"account.headline", "account.occurred"}));
  Statement withdrawn = Said("2026-04-02", "It was another child");
  SetEntry(missed, health_anna_,
           withdrawn.mutable_entry_withdrawn()->mutable_target());
  Tell(kHealth, withdrawn);
  Statement judged = Said("2026-04-01", "Significant");
  SetEntry(seen, police_anna_,
           judged.mutable_significance_judged()->mutable_target());
  judged.mutable_significance_judged()->set_significance(
      ev1::SIGNIFICANCE_SIGNIFICANT);
  Tell(kHub, judged);
  Statement grouped = Said("2026-04-01", "One incident");
  SetEntry(incident, police_anna_,
           grouped.mutable_entries_grouped()->add_entries());
  SetEntry(seen, police_anna_,
           grouped.mutable_entries_grouped()->add_entries());
  Tell(kHub, grouped);

  const auto whole = IndexOf("whole", Forgetting({}));
  const auto forgotten =
      IndexOf("forgotten", Forgetting({police_anna_, health_anna_}));
  EXPECT_EQ(forgotten->snapshot()->quarantined(), 0);
  for (const Table table : {kEntries, kAnnotations, kLinks, kMentions, kEvents,
                            kRequests, kReferences, kSources}) {
    EXPECT_EQ(KeysOf(*whole, table), KeysOf(*forgotten, table)) << table;
  }

  const v1::GetChronologyResponse before = Chronology(*whole, police_anna_);
  const v1::GetChronologyResponse after = Chronology(*forgotten, police_anna_);
  ASSERT_THAT(before.rows(), SizeIs(5));
  EXPECT_EQ(Frames(before), Frames(after));
  ASSERT_THAT(after.subjects(), SizeIs(2));
  EXPECT_EQ(after.subjects(1).kind(), ev1::LINK_KIND_DECISION);
  EXPECT_EQ(before.subjects_version(), after.subjects_version());
  for (const v1::Row& row : before.rows()) {
    EXPECT_EQ(row.destroyed(), ev1::ANSWER_NO);
  }
  for (const v1::Row& row : after.rows()) {
    EXPECT_EQ(row.destroyed(), ev1::ANSWER_YES);
    EXPECT_THAT(row.headline(), HasSubstr("destroyed"));
    for (const v1::Amendment& amendment : row.amendments()) {
      EXPECT_EQ(amendment.destroyed(), ev1::ANSWER_YES);
    }
  }
  for (const char* word : {"Anna", "Mary", "shouting", "alone", "mother",
                           "another child", "9990000018", "duty officer"}) {
    EXPECT_THAT(before.DebugString() + "another child", HasSubstr(word));
    EXPECT_THAT(after.DebugString(), Not(HasSubstr(word)));
  }
  EXPECT_THAT(after.ties(), IsEmpty());

  // Her brother at the same incident is whole, and says nothing of her.
  const v1::GetChronologyResponse of_bela = Chronology(*forgotten, bela_);
  EXPECT_EQ(of_bela.DebugString(), Chronology(*whole, bela_).DebugString());
  ASSERT_THAT(of_bela.rows(), SizeIs(2));
  EXPECT_EQ(of_bela.rows(0).seen().own_words(), "I was asleep");
  EXPECT_EQ(of_bela.rows(0).involved(0).name(), "Mary Jones");
  EXPECT_EQ(of_bela.rows(0).destroyed(), ev1::ANSWER_NO);

  // She is found by nothing that was said of her.
  v1::FindRequest find;
  find.set_name("Anna");
  v1::FindResponse found;
  View view;
  ASSERT_TRUE(Answer(Ask(*forgotten), find, &found, &view).ok());
  EXPECT_THAT(found.candidates(), IsEmpty());
  find.set_name("Bela");
  ASSERT_TRUE(Answer(Ask(*forgotten), find, &found, &view).ok());
  EXPECT_THAT(found.candidates(), SizeIs(1));
}

TEST_F(SealedTest, WhatFindsAForgottenChildIsGone) {
  const auto registered = [&](const std::string& subject,
                              const std::string& given,
                              const std::string& number) {
    Statement told = Registered(subject, "Jones", given, "2021-03-02", number);
    ev1::Address& address = *told.mutable_about(0)
                                 ->mutable_person()
                                 ->mutable_demographics()
                                 ->add_addresses();
    address.add_lines("1 Test Road");
    address.set_postcode("ZZ99 3VZ");
    return told;
  };
  Tell(kPolice, registered(police_anna_, "Anna", "9990000018"));
  Tell(kHealth, registered(health_anna_, "Anna", "9990000018"));
  Tell(kPolice, registered(bela_, "Bela", "9990000026"));
  const auto whole = IndexOf("whole", Forgetting({}));
  const auto forgotten = IndexOf("forgotten", Forgetting({police_anna_}));
  for (const Table table : {kNames, kIdentifiers, kAddresses, kBirths}) {
    SCOPED_TRACE(table);
    const std::set<std::string> before = FoundIn(*whole, table);
    std::set<std::string> after = FoundIn(*forgotten, table);
    EXPECT_THAT(before, SizeIs(3));
    EXPECT_THAT(after, Not(Contains(police_anna_)));
    after.insert(police_anna_);
    EXPECT_EQ(after, before);
  }
  const auto people = [&](const projection::Index& index) {
    size_t rows = 0;
    for (const std::string& key : KeysOf(index, kPeople)) {
      if (key.substr(0, kGroupBytes) == SubjectGroup(police_anna_)) ++rows;
    }
    return rows;
  };
  EXPECT_EQ(people(*whole), 1u);
  EXPECT_EQ(people(*forgotten), 0u);
}

// What is named by its record is found by that record's HMAC. Which version was
// meant, and what another writer's record is, is content: it stays if the hub
// said it in time.
TEST_F(SealedTest, WhatIsNamedByItsRecordStaysUnlessContentDecides) {
  const auto entry = [&](const std::string& record,
                         const std::string& version) {
    Statement told = Told(police_anna_, "2026-03-30", record + version);
    told.mutable_submission()->mutable_record_ref()->set_id(record);
    told.mutable_submission()->mutable_record_ref()->set_version(version);
    return Tell(kPolice, told);
  };
  const auto correct = [&](const std::string& record,
                           const std::string& version) {
    Statement told = Told(police_anna_, "2026-03-31", "Of " + record + version);
    ev1::Amends& amends = *told.mutable_amends();
    ev1::RecordRef& ref = *amends.mutable_target()->mutable_record_ref();
    ref.set_system("records");
    ref.set_id(record);
    ref.set_version(version);
    amends.set_how(ev1::AMENDMENT_CORRECTION);
    amends.add_fields("account.headline");
    return Tell(kPolice, told);
  };
  const auto withdraw = [&](const std::string& record) {
    Statement told = Told(police_anna_, "2026-04-01", "Withdraws " + record);
    ev1::EntryRef& target = *told.mutable_entry_withdrawn()->mutable_target();
    target.mutable_record_ref()->set_system("records");
    target.mutable_record_ref()->set_id(record);
    *target.mutable_organisation() = ToProtoOrganisation(kPolice.organisation);
    return Tell(kHub, told);
  };
  const auto settle = [&](const std::string& saying,
                          const std::string& target) {
    Statement told = Said("2026-04-02", "Which was meant");
    SetEntry(saying, police_anna_,
             told.mutable_target_settled()->mutable_saying());
    SetEntry(target, police_anna_,
             told.mutable_target_settled()->mutable_target());
    Tell(kHub, told);
  };
  std::map<std::string, std::string> id_of;
  for (const char* record : {"plain", "open", "settled"}) {
    for (const char* version : {"1", "2"}) {
      id_of[absl::StrCat(record, version)] = entry(record, version);
    }
  }
  for (const char* record : {"others", "others settled"}) {
    id_of[record] = entry(record, "");
  }
  correct("plain", "");
  correct("open", "2");
  settle(correct("settled", "2"), id_of["settled2"]);
  const std::string lost = withdraw("others");
  settle(withdraw("others settled"), id_of["others settled"]);

  const auto states = [&](const projection::Index& index) {
    std::map<std::string, std::string> by_id;
    const v1::GetChronologyResponse answer = Chronology(index, police_anna_);
    for (const v1::Row& row : answer.rows()) {
      by_id[row.event_id()] =
          absl::StrCat(v1::RowState_Name(row.state()).substr(10),
                       row.unmatched() == ev1::ANSWER_YES ? " unmatched" : "");
    }
    return by_id;
  };
  std::map<std::string, std::string> expected = {
      {id_of["plain1"], "CORRECTED"}, {id_of["plain2"], "CORRECTED"},
      {id_of["open1"], "CURRENT"},    {id_of["open2"], "CORRECTED"},
      {id_of["settled1"], "CURRENT"}, {id_of["settled2"], "CORRECTED"},
      {id_of["others"], "WITHDRAWN"}, {id_of["others settled"], "WITHDRAWN"}};
  EXPECT_EQ(states(*IndexOf("whole", Forgetting({}))), expected);
  expected[id_of["open1"]] = "CORRECTED";
  expected[id_of["others"]] = "CURRENT";
  expected[lost] = "CURRENT unmatched";
  EXPECT_EQ(states(*IndexOf("forgotten", Forgetting({police_anna_}))),
            expected);
}

TEST_F(SealedTest, AnIncidentThatWasDecidedStaysAndASharedReferenceDoesNot) {
  const auto tell = [&](const Teller& teller, const std::string& subject,
                        const std::string& incident,
                        const std::string& headline) {
    Statement told = Told(subject, "2026-03-30", headline);
    ev1::IncidentRef& ref = *told.mutable_submission()->add_incident_refs();
    ref.set_issuer("police:99");
    ref.set_id(incident);
    return Tell(teller, told);
  };
  Tell(kHub, Linked(police_anna_, health_anna_));
  const std::string a = tell(kPolice, police_anna_, "1", "Attended");
  const std::string b = tell(kHealth, health_anna_, "1", "Treated");
  const std::string c = tell(kPolice, police_anna_, "2", "Attended again");
  const std::string d = tell(kHealth, health_anna_, "2", "Treated again");
  Statement grouped = Said("2026-04-01", "One incident");
  SetEntry(c, police_anna_, grouped.mutable_entries_grouped()->add_entries());
  SetEntry(d, health_anna_, grouped.mutable_entries_grouped()->add_entries());
  Tell(kHub, grouped);
  const auto groups = [&](const std::set<std::string>& subjects) {
    std::map<std::string, std::vector<std::string>> by_id;
    const auto index =
        IndexOf(absl::StrCat("index", subjects.size()), Forgetting(subjects));
    const v1::GetChronologyResponse answer = Chronology(*index, police_anna_);
    for (const v1::Row& row : answer.rows()) {
      by_id[row.event_id()] = {row.incident_group().begin(),
                               row.incident_group().end()};
    }
    return by_id;
  };
  auto before = groups({});
  EXPECT_THAT(before[a], ElementsAre(b));
  EXPECT_THAT(before[b], ElementsAre(a));
  EXPECT_THAT(before[c], ElementsAre(d));
  auto after = groups({police_anna_, health_anna_});
  EXPECT_THAT(after, SizeIs(before.size()));
  EXPECT_THAT(after[a], IsEmpty());
  EXPECT_THAT(after[b], IsEmpty());
  EXPECT_THAT(after[c], ElementsAre(d));
  EXPECT_THAT(after[d], ElementsAre(c));
}

TEST_F(SealedTest, ForgettingAMotherLeavesHerChildrenWhole) {
  Tell(kPolice, Incident(police_anna_, bela_));
  const auto forgotten =
      IndexOf("forgotten", Forgetting({Subject("police:99", "m1")}));
  const v1::GetChronologyResponse after = Chronology(*forgotten, police_anna_);
  ASSERT_THAT(after.rows(), SizeIs(1));
  const v1::Row& row = after.rows(0);
  EXPECT_EQ(row.headline(), "Domestic incident");
  EXPECT_EQ(row.seen().own_words(), "Daddy was shouting");
  EXPECT_EQ(row.destroyed(), ev1::ANSWER_YES);
  EXPECT_THAT(row.involved(), IsEmpty());
  EXPECT_THAT(row.warnings(), testing::Contains(HasSubstr("destroyed")));
  EXPECT_THAT(after.DebugString(), Not(HasSubstr("Mary")));
}

TEST_F(SealedTest, AViewWhoseQuestionWasDestroyedIsToldAndNotShownAgain) {
  Tell(kPolice, Told(police_anna_, "2026-03-30", "Seen alone"));
  std::vector<eventlog::LoggedRecord> log = Forgetting({});
  View view;
  {
    const auto index = IndexOf("first", log);
    v1::GetChronologyRequest request;
    request.set_subject(police_anna_);
    request.mutable_asking()->set_purpose(ev1::PURPOSE_SYSTEM_TEST);
    v1::GetChronologyResponse response;
    ASSERT_TRUE(Answer(Ask(*index), request, &response, &view).ok());
  }
  ev1::Kind kind;
  *kind.mutable_record_viewed() = view.viewed;
  event::Draft draft = event::OwnDraft(kind);
  draft.key = "la:E99000001";
  draft.sections.push_back(event::SectionOf(ev1::PART_QUESTION, view.question));
  event::Request request;
  request.source = event::Source("chronology", draft.key);
  request.received = absl::FromUnixSeconds(1'780'000'100);
  const std::string id = "00000000-0000-4000-8000-000000000001";
  const event::Sealed sealed = event::SealWithId(draft, request, id);
  const std::string topic = "vigil.chronology.access.v1";
  for (const bool destroyed : {false, true}) {
    eventlog::TopicRecord record =
        WithSections({topic, {sealed.key, sealed.value, {}}},
                     [&](const auto&, ev1::Section& section) {
                       if (destroyed && section.part() == ev1::PART_QUESTION) {
                         section.set_key_id(kKeyId);
                       }
                     });
    std::vector<eventlog::LoggedRecord> with_view = log;
    with_view.push_back({.position = {{topic, 0}, 0},
                         .logged = absl::FromUnixSeconds(1'780'000'100),
                         .record = record.record});
    const auto index = IndexOf(destroyed ? "destroyed" : "whole", with_view);
    v1::GetChronologyRequest again;
    again.set_view_id(id);
    v1::GetChronologyResponse response;
    View second;
    const absl::Status answered =
        Answer(Ask(*index), again, &response, &second);
    ASSERT_TRUE(answered.ok()) << answered;
    EXPECT_THAT(response.view().viewed().entries(), SizeIs(1));
    EXPECT_EQ(response.view().has_question(), !destroyed);
    EXPECT_THAT(response.rows(), SizeIs(destroyed ? 0 : 1));
    EXPECT_EQ(response.view().digest_agrees(),
              destroyed ? ev1::ANSWER_NOT_APPLICABLE : ev1::ANSWER_YES);
  }
}

}  // namespace
}  // namespace vigil::chronology
