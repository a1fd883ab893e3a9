#include "services/chronology/projection.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/big_endian.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/kind.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/schema.h"
#include "libs/event/time_text.h"
#include "libs/event/when.h"
#include "libs/safeguarding/names.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::chronology {
namespace {

using ::google::protobuf::Message;
using ::vigil::event::Envelope;
using ::vigil::event::KindRole;
using ::vigil::eventlog::LoggedRecord;
using ::vigil::eventlog::Position;
namespace v1 = ::vigil::event::v1;

std::string Group(absl::string_view what,
                  std::initializer_list<absl::string_view> parts) {
  std::vector<absl::string_view> all = {what};
  all.insert(all.end(), parts.begin(), parts.end());
  const Sha256Digest digest = Sha256(EncodeParts(all));
  return std::string(AsBytes(digest).substr(0, kGroupBytes));
}

void AppendPlace(std::string& key, const Position& position) {
  absl::StrAppend(&key, position.partition.topic, absl::string_view("\0", 1));
  AppendBigEndian32(key, static_cast<uint32_t>(position.partition.partition));
  AppendBigEndian64(key, static_cast<uint64_t>(position.offset));
}

// What a group is followed by, before the place.
size_t DetailBytes(Table table) {
  switch (table) {
    case kEntries:
      return event::kWhenKeyBytes;
    case kIdentifiers:
    case kAddresses:
      return kGroupBytes;
    case kAnnotations:
    case kLinks:
    case kMentions:
    case kPeople:
    case kEvents:
    case kRequests:
    case kViews:
    case kNames:
    case kBirths:
    case kSources:
    case kNamingKeys:
    case kReferences:
    case kDirectory:
    case kTerms:
      return 0;
  }
  return 0;
}

// How many texts, each with a zero byte behind it, a key begins with, and
// whether a group follows them.
struct Texts {
  int count = 0;
  bool group = false;
};
Texts TextsOf(Table table) {
  if (table == kNames) return {2, true};
  if (table == kBirths) return {1, true};
  if (table == kNamingKeys || table == kDirectory) return {1, false};
  if (table == kTerms) return {5, false};
  return {};
}

bool HasZero(absl::string_view text) { return absl::StrContains(text, '\0'); }

// Equal for lines that differ in case, accents, spaces and punctuation. Numbers
// stay apart: flat 1, 12 is not flat 11, 2.
std::string FoldLine(absl::string_view line) {
  std::string folded;
  for (const std::string& part : safeguarding::FoldName(line)) {
    if (!folded.empty() && absl::ascii_isdigit(folded.back()) &&
        absl::ascii_isdigit(part.front())) {
      folded.push_back(' ');
    }
    folded += part;
  }
  return folded;
}

// Calls `take` with each Concept that has a term of the agency's own and no
// published code, and with the table that such a code would be of.
template <typename Take>
void VisitOwnTerms(const Message& message, const event::MessageSchema& schema,
                   const Take& take) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> set;
  reflection->ListFields(message, &set);
  for (const auto* field : set) {
    const event::FieldSchema& rules =
        schema.fields[static_cast<size_t>(field->index())];
    if (rules.message == nullptr) continue;
    const int size =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const Message& part =
          field->is_repeated()
              ? reflection->GetRepeatedMessage(message, field, i)
              : reflection->GetMessage(message, field);
      if (rules.codes.empty()) {
        VisitOwnTerms(part, *rules.message, take);
        continue;
      }
      const auto& concept_of = static_cast<const v1::Concept&>(part);
      if (concept_of.code().empty() && concept_of.has_own()) {
        take(rules.codes, concept_of.own());
      }
    }
  }
}

// The rows of one record.
class Folding {
 public:
  Folding(const LoggedRecord& record, const Envelope& envelope,
          const v1::ClearPart& clear, projection::Rows& rows)
      : record_(record),
        envelope_(envelope),
        clear_(clear),
        organisation_(event::ParseSource(envelope.source).organisation),
        rows_(rows) {}

  absl::Status Fold() {
    if (record_.position.offset == 0) {
      std::string key = record_.position.partition.topic;
      key.push_back('\0');
      AppendBigEndian32(
          key, static_cast<uint32_t>(record_.position.partition.partition));
      rows_.Put(kSources, key, Value(""));
    }
    const KindRole role = event::TraitsOf(event::KindOf(envelope_.type)).role;
    switch (role) {
      case KindRole::kView:
        PutEvent(kViews, Put(kViews, EventGroup(envelope_.id), Whole()));
        return absl::OkStatus();
      case KindRole::kNamingKey:
        return NamingKey();
      case KindRole::kEntry:
      case KindRole::kAboutEntry:
      case KindRole::kLink:
      case KindRole::kRevocation:
      case KindRole::kDirectory:
      case KindRole::kNotice:
        break;
    }
    if (envelope_.subject.empty()) {
      return absl::InvalidArgumentError("a fact without a subject");
    }
    const v1::Manner manner = SayingOf(envelope_.type, clear_);
    if (manner != v1::MANNER_UNSPECIFIED) {
      Annotation(manner);
    } else if (role == KindRole::kLink) {
      Link();
    } else {
      Entry();
    }
    if (role == KindRole::kDirectory) {
      Put(kDirectory,
          TextPrefix(event::MessageNameOf(event::KindOf(envelope_.type))),
          pointer_);
    }
    People();
    Terms();
    References();
    Request();
    return absl::OkStatus();
  }

 private:
  absl::string_view Whole() const { return record_.record.value; }

  std::string Value(absl::string_view payload) const {
    std::string value;
    value.reserve(12 + organisation_.size() + payload.size());
    AppendBigEndian64(
        value, static_cast<uint64_t>(absl::ToUnixMillis(record_.logged)));
    absl::StrAppend(&value, EncodeParts({organisation_}), payload);
    return value;
  }

  std::string Put(Table table, std::string key, absl::string_view payload) {
    AppendPlace(key, record_.position);
    rows_.Put(table, key, Value(payload));
    return key;
  }

  void PutEvent(Table table, const std::string& key) {
    pointer_.assign(1, static_cast<char>(table));
    pointer_ += key;
    Put(kEvents, EventGroup(envelope_.id), pointer_);
  }

  void Entry() {
    const std::string key =
        Put(kEntries,
            SubjectGroup(envelope_.subject) + event::WhenKey(clear_.occurred()),
            Whole());
    PutEvent(kEntries, key);
    Mention({});
  }

  static void AddTarget(const v1::Target& target,
                        std::set<std::string>* groups) {
    if (!target.event_id().empty()) {
      groups->insert(EventGroup(target.event_id()));
    }
    if (!target.record().empty()) groups->insert(RecordGroup(target.record()));
    if (!target.subject().empty()) {
      groups->insert(SubjectGroup(target.subject()));
    }
  }

  void Annotation(v1::Manner manner) {
    const std::string own = SubjectGroup(envelope_.subject);
    PutEvent(kAnnotations, Put(kAnnotations, own, Whole()));
    // Of a correction only what it corrects; the act that it says again names
    // its own entries.
    const bool amends =
        manner == v1::MANNER_CORRECTS || manner == v1::MANNER_SUPPLEMENTS;
    std::set<std::string> groups;  // an id named twice is one row
    for (const v1::Target& target : clear_.targets()) {
      if (!amends || target.manner() == manner) AddTarget(target, &groups);
    }
    if (manner == v1::MANNER_REASSIGNS) {
      for (const std::string& to : clear_.decided().other()) {
        groups.insert(SubjectGroup(to));
      }
    }
    groups.erase(own);
    for (const std::string& group : groups) Put(kAnnotations, group, Whole());
    Mention(groups);
  }

  void Link() {
    const std::string own = SubjectGroup(envelope_.subject);
    std::set<std::string> groups = {own};
    for (const std::string& subject : clear_.decided().one()) {
      groups.insert(SubjectGroup(subject));
    }
    for (const std::string& subject : clear_.decided().other()) {
      groups.insert(SubjectGroup(subject));
    }
    for (const std::string& group : groups) {
      const std::string key = Put(kLinks, group, Whole());
      if (group == own) PutEvent(kLinks, key);
    }
  }

  // From whatever else it names, but from `found`, where it lies already.
  void Mention(const std::set<std::string>& found) {
    std::set<std::string> groups;
    for (const std::string& other : clear_.others()) {
      groups.insert(SubjectGroup(other));
    }
    for (const v1::Target& target : clear_.targets()) {
      AddTarget(target, &groups);
    }
    groups.erase(SubjectGroup(envelope_.subject));
    for (const std::string& group : groups) {
      if (!found.contains(group)) Put(kMentions, group, pointer_);
    }
  }

  absl::Status NamingKey() {
    const absl::StatusOr<v1::Kind> kind = envelope_.OpenKind();
    if (!kind.ok()) {
      return absl::InvalidArgumentError("a naming key that cannot be read");
    }
    const std::string& key_id = kind->has_naming_key_registered()
                                    ? kind->naming_key_registered().key_id()
                                    : kind->naming_key_replaced().new_key_id();
    if (HasZero(key_id)) {
      return absl::InvalidArgumentError("a naming key with an id that is none");
    }
    Put(kNamingKeys, TextPrefix(key_id), Whole());
    return absl::OkStatus();
  }

  // Those of whom it says who they are.
  void People() {
    for (const event::SectionView& section : envelope_.sections) {
      if (section.part != v1::PART_PERSON) continue;
      v1::PersonPart part;
      if (!envelope_.Open(section, &part).ok()) continue;
      Terms(part);
      v1::PersonPart who;
      if (part.about().has_person()) {
        *who.mutable_about()->mutable_person() =
            std::move(*part.mutable_about()->mutable_person());
        Person(section, who, who.about().person().demographics());
      } else if (part.about().has_household()) {
        *who.mutable_about()->mutable_household() =
            std::move(*part.mutable_about()->mutable_household());
        PutPeople(section, who);
        Addresses(section.whose, who.about().household().addresses());
      } else if (part.has_involved()) {
        *who.mutable_involved()->mutable_person() =
            std::move(*part.mutable_involved()->mutable_person());
        Person(section, who, who.involved().person().demographics());
      }
    }
  }

  void PutPeople(const event::SectionView& section, const v1::PersonPart& who) {
    // Most facts say nothing of whom they are about but the name that they bear
    // here.
    if (!who.about().person().has_demographics() &&
        !who.involved().person().has_demographics() &&
        who.about().household().addresses().empty() &&
        who.about().household().name().empty()) {
      return;
    }
    std::string payload = EncodeParts(
        {envelope_.source, envelope_.id, envelope_.type, envelope_.subject,
         section.audience, envelope_.request_key,
         envelope_.sections.front().bytes, who.SerializeAsString()});
    AppendBigEndian32(payload, envelope_.request_index);
    Put(kPeople, SubjectGroup(section.whose), payload);
  }

  void Person(const event::SectionView& section, const v1::PersonPart& who,
              const v1::Demographics& known) {
    PutPeople(section, who);
    Addresses(section.whose, known.addresses());
    if (event::IsNumbered(section.whose)) return;
    const std::string subject = SubjectGroup(section.whose);
    std::set<std::string> keys;
    for (const v1::Identifier& identifier : known.identifiers()) {
      keys.insert(IdentifierGroup(identifier) + subject);
    }
    for (const std::string& key : keys) Put(kIdentifiers, key, section.whose);
    std::string born = known.birth().date().empty() ? known.birth().expected()
                                                    : known.birth().date();
    // In a key it would be taken apart at a zero byte.
    if (!event::ParseDate(born)) born.clear();
    keys.clear();
    for (const v1::PersonName& name : known.names()) {
      for (const std::string& token : safeguarding::NameTokens(name)) {
        keys.insert(TextPrefix(token) + TextPrefix(born) + subject);
      }
    }
    for (const std::string& key : keys) Put(kNames, key, section.whose);
    if (!born.empty()) {
      Put(kBirths, TextPrefix(born) + subject, section.whose);
    }
  }

  template <typename List>
  void Addresses(absl::string_view whose, const List& addresses) {
    const std::string subject = SubjectGroup(whose);
    std::set<std::string> keys;
    for (const v1::Address& address : addresses) {
      for (const std::string& group : AddressGroups(address)) {
        keys.insert(group + subject);
      }
    }
    for (const std::string& key : keys) Put(kAddresses, key, whose);
  }

  // Of all sections but the persons', which came before.
  void Terms() {
    const auto open = [&](v1::Part part, Message&& message) {
      if (envelope_.Open(part, &message).ok()) Terms(message);
    };
    open(v1::PART_HEADER, v1::Header());
    open(v1::PART_KIND, v1::Kind());
    open(v1::PART_INFORMANT, v1::InformantPart());
    open(v1::PART_PLACE, v1::Place());
    for (const auto& [key, display] : terms_) {
      Put(kTerms, key, EncodeParts({display}));
    }
  }

  void Terms(const Message& message) {
    if (envelope_.type == event::kDiscreetType) return;
    VisitOwnTerms(
        message, event::SchemaOf(*message.GetDescriptor()),
        [&](const std::string& table, const v1::CodedTerm& term) {
          if (HasZero(term.system()) || HasZero(term.code()) ||
              HasZero(term.display()) || HasZero(organisation_)) {
            return;
          }
          std::string& display =
              terms_[TextPrefix(table) + TextPrefix(term.system()) +
                     TextPrefix(term.code()) +
                     TextPrefix(term.code().empty() ? term.display() : "") +
                     TextPrefix(organisation_)];
          if (display.empty()) display = term.display();
        });
  }

  // By which key whom it names was named.
  void References() {
    Reference(envelope_.subject);
    for (const std::string& other : clear_.others()) Reference(other);
  }

  void Reference(absl::string_view subject) {
    const absl::string_view key_id = event::KeyIdOf(subject);
    if (key_id.empty()) return;
    rows_.Put(kReferences, TextPrefix(key_id) + SubjectGroup(subject), subject);
  }

  void Request() {
    if (envelope_.request_key.empty()) return;
    std::string payload = EncodeParts(
        {envelope_.request_digest, envelope_.id, envelope_.subject});
    AppendBigEndian32(payload, envelope_.request_index);
    AppendBigEndian32(payload, envelope_.request_count);
    Put(kRequests, RequestGroup(envelope_.request_key), payload);
  }

  const LoggedRecord& record_;
  const Envelope& envelope_;
  const v1::ClearPart& clear_;
  const absl::string_view organisation_;
  projection::Rows& rows_;
  std::string pointer_;                       // where the event lies
  std::map<std::string, std::string> terms_;  // by key, each with its display
};

absl::Status Apply(const LoggedRecord& record, projection::Rows& rows) {
  absl::StatusOr<Envelope> envelope = event::Scan(record.record.value);
  if (!envelope.ok()) return envelope.status();
  // The log's access rules say who may write a topic; this, that nobody writes
  // in another's name.
  if (event::ParseSource(envelope->source).writer !=
      WriterOf(record.position.partition.topic)) {
    return absl::InvalidArgumentError("its source is not its topic's writer");
  }
  // One key is one order: without this, which of two records under one id came
  // first would depend on how partitions are read.
  if (!envelope->subject.empty() && envelope->subject != record.record.key) {
    return absl::InvalidArgumentError("its record's key is not its subject");
  }
  const absl::StatusOr<v1::ClearPart> clear =
      envelope->Open<v1::ClearPart>(v1::PART_CLEAR);
  if (!clear.ok()) {
    return absl::InvalidArgumentError("its section CLEAR cannot be read");
  }
  return Folding(record, *envelope, *clear, rows).Fold();
}

}  // namespace

projection::Fold ChronologyFold() {
  return {
      .version = kFoldVersion,
      .tables = {{"entries", kGroupBytes},
                 {"annotations", kGroupBytes},
                 {"links", kGroupBytes},
                 {"mentions", kGroupBytes},
                 {"people", kGroupBytes},
                 {"identifiers", kGroupBytes},
                 // Found under one version of ICU's tables, a name would be
                 // missed under another.
                 {absl::StrCat("names.", safeguarding::NameFoldVersion()), 0},
                 {"births", 0},
                 {absl::StrCat("addresses.", safeguarding::NameFoldVersion()),
                  kGroupBytes},
                 {"events", kGroupBytes},
                 {"requests", kGroupBytes},
                 {"views", kGroupBytes},
                 {"sources", 0},
                 {"naming_keys", 0},
                 {"references", 0},
                 {"directory", 0},
                 {"terms", 0}},
      .apply = Apply};
}

std::string SubjectGroup(absl::string_view subject) {
  return Group("subject", {subject});
}

std::string EventGroup(absl::string_view event_id) {
  return Group("event", {event_id});
}

std::string RequestGroup(absl::string_view request_key) {
  return Group("request", {request_key});
}

std::string RecordGroup(absl::string_view record) {
  return Group("record", {record});
}

std::string IdentifierGroup(const v1::Identifier& identifier) {
  return Group("identifier", {v1::IdentifierType_Name(identifier.type()),
                              identifier.system(), identifier.value()});
}

std::vector<std::string> AddressGroups(const v1::Address& address) {
  std::vector<std::string> groups;
  absl::string_view uprn = address.uprn();
  while (absl::ConsumePrefix(&uprn, "0")) {
  }
  if (!uprn.empty()) groups.push_back(Group("uprn", {uprn}));
  std::string postcode;
  for (const char c : address.postcode()) {
    if (absl::ascii_isalnum(c)) postcode.push_back(absl::ascii_toupper(c));
  }
  const std::string line =
      address.lines().empty() ? "" : FoldLine(address.lines(0));
  if (!postcode.empty() && !line.empty()) {
    groups.push_back(Group("address", {postcode, line}));
  }
  return groups;
}

std::string TextPrefix(absl::string_view text) {
  return absl::StrCat(text, absl::string_view("\0", 1));
}

std::optional<absl::string_view> TakePart(absl::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const uint32_t size = ReadBigEndian32(bytes);
  if (bytes.size() - 4 < size) return std::nullopt;
  const absl::string_view part = bytes.substr(4, size);
  bytes.remove_prefix(4 + size);
  return part;
}

std::optional<Row> ReadRow(Table table, absl::string_view key,
                           absl::string_view value) {
  if (table == kReferences) return std::nullopt;
  const Texts texts = TextsOf(table);
  size_t begin = 0;
  for (int i = 0; i < texts.count; ++i) {
    const size_t end = key.find('\0', begin);
    if (end == absl::string_view::npos) return std::nullopt;
    begin = end + 1;
  }
  if (texts.group) begin += kGroupBytes;
  if (texts.count == 0 && table != kSources) {
    begin = kGroupBytes + DetailBytes(table);
  }
  if (key.size() < begin) return std::nullopt;
  const absl::string_view before_place = key.substr(0, begin);
  key.remove_prefix(begin);
  const size_t topic = key.find('\0');
  const size_t offset_bytes = table == kSources ? 0 : 8;
  if (topic == absl::string_view::npos ||
      key.size() != topic + 1 + 4 + offset_bytes || value.size() < 8) {
    return std::nullopt;
  }
  Row row;
  row.position.partition.topic = std::string(key.substr(0, topic));
  row.position.partition.partition =
      static_cast<int32_t>(ReadBigEndian32(key.substr(topic + 1)));
  if (offset_bytes > 0) {
    row.position.offset =
        static_cast<int64_t>(ReadBigEndian64(key.substr(topic + 5)));
  }
  row.logged =
      absl::FromUnixMillis(static_cast<int64_t>(ReadBigEndian64(value)));
  value.remove_prefix(8);
  const std::optional<absl::string_view> organisation = TakePart(value);
  if (!organisation) return std::nullopt;
  row.organisation = *organisation;
  row.payload = value;
  row.before_place = before_place;
  return row;
}

v1::Manner SayingOf(absl::string_view type, const v1::ClearPart& clear) {
  // A correction is the act said again, of whatever kind that is.
  for (const v1::Target& target : clear.targets()) {
    if (target.manner() == v1::MANNER_CORRECTS ||
        target.manner() == v1::MANNER_SUPPLEMENTS) {
      return target.manner();
    }
  }
  const event::KindTraits& traits = event::TraitsOf(event::KindOf(type));
  switch (traits.role) {
    case KindRole::kAboutEntry:
      return traits.manner;
    case KindRole::kRevocation:
      return v1::MANNER_REVOKES;
    case KindRole::kEntry:
    case KindRole::kLink:
    case KindRole::kDirectory:
    case KindRole::kNotice:
    case KindRole::kView:
    case KindRole::kNamingKey:
      return v1::MANNER_UNSPECIFIED;
  }
  return v1::MANNER_UNSPECIFIED;
}

absl::string_view WriterOf(absl::string_view topic) {
  const size_t begin = topic.find('.');
  if (begin == absl::string_view::npos) return "";
  const size_t end = topic.find('.', begin + 1);
  if (end == absl::string_view::npos) return "";
  return topic.substr(begin + 1, end - begin - 1);
}

}  // namespace vigil::chronology
