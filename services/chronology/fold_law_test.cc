// The law of a projection, held against what the chronology really folds:
// sealed events of every kind, some of them repeated, in conflict, faulty or no
// events at all. Partitions in any interleaving, batches of any size, repeats,
// reopening: one digest of the whole database.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "libs/event/kind.h"
#include "libs/projection/index.h"
#include "services/chronology/projection.h"
#include "services/chronology/test_facts.h"
#include "tests/temporary_folder.h"

namespace vigil::chronology {
namespace {

using eventlog::LoggedRecord;
using ::google::protobuf::FieldDescriptor;

constexpr int kCases = 8;
constexpr int kRecords = 150;

// Few children, ids, requests and words, so that records meet in groups.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}

  size_t Below(size_t end) {
    return std::uniform_int_distribution<size_t>(0, end - 1)(random_);
  }
  const std::string& One(const std::vector<std::string>& all) {
    return all[Below(all.size())];
  }
  const Teller& AnyTeller() {
    static const std::vector<Teller> tellers = {kPolice, kHealth, kHub};
    return tellers[Below(tellers.size())];
  }
  std::string AnyEventId() { return One(ids_); }
  std::string AnySubject() {
    return Subject(AnyTeller().organisation, absl::StrCat(Below(3)));
  }

  // Sets some of the fields of a message, and of those in it.
  void Fill(google::protobuf::Message& message, int depth = 0) {
    const auto* reflection = message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      for (size_t times = field->is_repeated() ? Below(3) : Below(2); times > 0;
           --times) {
        Set(message, *reflection, field, depth);
      }
    }
  }

 private:
  void Set(google::protobuf::Message& message,
           const google::protobuf::Reflection& reflection,
           const FieldDescriptor* field, int depth) {
    const bool many = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text = TextFor(field->name());
        many ? reflection.AddString(&message, field, std::move(text))
             : reflection.SetString(&message, field, std::move(text));
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth == 3) break;
        Fill(many ? *reflection.AddMessage(&message, field)
                  : *reflection.MutableMessage(&message, field),
             depth + 1);
        break;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* type = field->enum_type();
        const auto* value = type->value(
            static_cast<int>(Below(static_cast<size_t>(type->value_count()))));
        many ? reflection.AddEnum(&message, field, value)
             : reflection.SetEnum(&message, field, value);
        break;
      }
      default:
        break;  // numbers say nothing to a fold
    }
  }

  std::string TextFor(const std::string& name) {
    if (absl::StrContains(name, "subject") || absl::StartsWith(name, "group") ||
        absl::StartsWith(name, "other") || name == "one") {
      return AnySubject();
    }
    if (absl::StrContains(name, "date") || name == "expected") {
      return One({"2021", "2021-03", "2021-03-02", "no date"});
    }
    if (absl::StrContains(name, "event_id")) return AnyEventId();
    return One(
        {"Anna", "Jones", "Zo\u00eb O'Neill", "9990000018", "records", ""});
  }

  const std::vector<std::string> ids_ = {
      "00000000-0000-4000-8000-00000000000a",
      "00000000-0000-4000-8000-00000000000b"};
  std::mt19937 random_;
};

// A record whose kind is that of the oneof's field.
eventlog::TopicRecord RecordOf(Chance& chance, const FieldDescriptor* kind) {
  const Teller& teller = chance.AnyTeller();
  ev1::Kind content;
  chance.Fill(*content.GetReflection()->MutableMessage(&content, kind));
  event::Draft draft = event::OwnDraft(content);
  draft.subject = chance.AnySubject();
  chance.Fill(draft.clear);
  ev1::Header header;
  chance.Fill(header);
  draft.sections.push_back(event::SectionOf(ev1::PART_HEADER, header));
  for (size_t persons = chance.Below(3); persons > 0; --persons) {
    ev1::PersonPart person;
    chance.Fill(person);
    draft.sections.push_back(event::SectionOf(ev1::PART_PERSON, person));
    draft.sections.back().whose = chance.AnySubject();
  }
  const std::string request = chance.One({"r1", "r2", "r3"});
  const event::KindRole role = event::TraitsOf(draft.kind).role;
  if (role != event::KindRole::kView && role != event::KindRole::kNamingKey) {
    std::vector<event::Draft> drafts(1 + chance.Below(2), draft);
    return std::move(SealedDrafts(teller, std::move(drafts), request,
                                  chance.One({"content", "other"}))
                         .back());
  }
  const bool view = role == event::KindRole::kView;
  draft.subject.clear();
  draft.key = view ? teller.organisation : teller.writer;
  event::Request vigils;
  vigils.source = view ? event::Source("chronology", teller.organisation)
                       : absl::StrCat("//vigil/", teller.writer);
  vigils.received = absl::FromUnixSeconds(1'780'000'000);
  event::Sealed sealed =
      event::SealWithId(std::move(draft), vigils, chance.AnyEventId());
  return {view ? "vigil.chronology.access.v1"
               : absl::StrCat("vigil.", teller.writer, ".events.v1"),
          {std::move(sealed.key), std::move(sealed.value), {}}};
}

// What a log would give, its partitions one after the other.
std::vector<LoggedRecord> AnyLog(Chance& chance) {
  const auto* kinds = ev1::Kind::descriptor()->FindOneofByName("kind");
  std::map<eventlog::Partition, std::vector<eventlog::TopicRecord>> partitions;
  for (int i = 0; i < kRecords; ++i) {
    // Every kind at least once.
    eventlog::TopicRecord record =
        RecordOf(chance, kinds->field(i % kinds->field_count()));
    const int32_t partition = record.record.key.back() % 2;
    auto& lane = partitions[{record.topic, partition}];
    if (chance.Below(20) == 0) record.record.value = "garbage";
    lane.push_back(record);
    if (chance.Below(10) == 0) lane.push_back(record);  // the same again
  }
  std::vector<LoggedRecord> log;
  for (auto& [partition, lane] : partitions) {
    for (size_t i = 0; i < lane.size(); ++i) {
      const auto offset = static_cast<int64_t>(i);
      log.push_back({.position = {partition, offset},
                     .logged = absl::FromUnixMillis(1'780'000'000'000 + offset),
                     .record = std::move(lane[i].record)});
    }
  }
  return log;
}

// Partitions against each other as chance has it, each in its own order; now
// and then one goes back some way.
std::vector<LoggedRecord> AnyOrder(Chance& chance,
                                   const std::vector<LoggedRecord>& log) {
  std::map<eventlog::Partition, std::vector<LoggedRecord>> partitions;
  for (const LoggedRecord& record : log) {
    partitions[record.position.partition].push_back(record);
  }
  std::vector<std::pair<std::vector<LoggedRecord>, size_t>> lanes;
  for (auto& [partition, lane] : partitions) lanes.emplace_back(lane, 0);
  std::vector<LoggedRecord> order;
  while (!lanes.empty()) {
    const size_t which = chance.Below(lanes.size());
    auto& [lane, next] = lanes[which];
    if (chance.Below(8) == 0) next -= chance.Below(next + 1);
    if (next < lane.size()) {
      order.push_back(lane[next++]);
    } else {
      lanes.erase(lanes.begin() + static_cast<ptrdiff_t>(which));
    }
  }
  return order;
}

std::unique_ptr<projection::Index> OpenIndex(const std::string& folder) {
  return *projection::Index::Open(folder, ChronologyFold());
}

TEST(FoldLaw, OrderBatchesRepeatsAndReopeningChangeNothing) {
  for (unsigned seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Chance chance(seed);
    const std::vector<LoggedRecord> log = AnyLog(chance);
    const TemporaryFolder folder;
    const auto at_once = OpenIndex(folder.path() + "/at_once");
    ASSERT_TRUE(at_once->Apply(log).ok());
    EXPECT_GT(at_once->snapshot()->quarantined(), 0);
    EXPECT_LT(at_once->snapshot()->quarantined(), kRecords / 2);

    const std::vector<LoggedRecord> order = AnyOrder(chance, log);
    auto index = OpenIndex(folder.path() + "/any");
    for (size_t i = 0; i < order.size();) {
      const size_t size = std::min(order.size() - i, 1 + chance.Below(20));
      ASSERT_TRUE(
          index->Apply(absl::MakeConstSpan(order).subspan(i, size)).ok());
      i += size;
      if (chance.Below(20) == 0) {
        index.reset();
        index = OpenIndex(folder.path() + "/any");
      }
    }
    EXPECT_EQ(*index->snapshot()->Digest(), *at_once->snapshot()->Digest());
  }
}

}  // namespace
}  // namespace vigil::chronology
