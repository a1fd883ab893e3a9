#include "services/chronology/projection.h"

#include <initializer_list>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/time_text.h"
#include "libs/event/when.h"
#include "libs/safeguarding/names.h"

namespace vigil::chronology {
namespace {

using ::vigil::event::Envelope;
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
      return kGroupBytes;
    case kAnnotations:
    case kLinks:
    case kPeople:
    case kEvents:
    case kRequests:
    case kViews:
    case kNames:
    case kBirths:
    case kSources:
    case kNamingKeys:
    case kKeyIdsSeen:
      return 0;
  }
  return 0;
}

// The rows of one record.
class Folding {
 public:
  Folding(const LoggedRecord& record, const Envelope& envelope,
          projection::Rows& rows)
      : record_(record),
        envelope_(envelope),
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
    const v1::Kind::KindCase kind = KindCaseOf(envelope_.type);
    switch (RoleOf(kind)) {
      case Role::kView:
        PutEvent(kViews, Put(kViews, EventGroup(envelope_.id), Whole()));
        return absl::OkStatus();
      case Role::kNamingKey:
        return NamingKey();
      case Role::kAnnotation:
        if (!envelope_.subject.empty() && Annotation()) break;
        return Entry();
      case Role::kLink:
        if (!envelope_.subject.empty() && Link()) break;
        return Entry();
      case Role::kEntry:
        return Entry();
    }
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
    std::string pointer(1, static_cast<char>(table));
    pointer += key;
    Put(kEvents, EventGroup(envelope_.id), pointer);
  }

  absl::Status Entry() {
    if (envelope_.subject.empty()) {
      return absl::InvalidArgumentError("an entry without a subject");
    }
    absl::StatusOr<v1::Header> header =
        envelope_.Open<v1::Header>(v1::PART_HEADER);
    if (!header.ok()) {
      return absl::InvalidArgumentError("its header cannot be read");
    }
    const std::string key = Put(
        kEntries,
        SubjectGroup(envelope_.subject) + event::WhenKey(header->occurred()),
        Whole());
    PutEvent(kEntries, key);
    People();
    Request();
    return absl::OkStatus();
  }

  // Of the kinds below: false if the kind cannot be read, so that the event is
  // shown as an entry instead.
  bool Annotation() {
    const absl::StatusOr<v1::Kind> kind = envelope_.OpenKind();
    if (!kind.ok()) return false;
    const std::string key =
        Put(kAnnotations, SubjectGroup(envelope_.subject), Whole());
    PutEvent(kAnnotations, key);
    std::set<std::string> groups;  // an id named twice is one row
    for (const absl::string_view target : TargetsOf(*kind)) {
      if (!target.empty()) groups.insert(EventGroup(target));
    }
    if (kind->has_entry_reassigned()) {
      groups.insert(SubjectGroup(kind->entry_reassigned().to_subject()));
    }
    groups.erase(SubjectGroup(envelope_.subject));
    for (const std::string& group : groups) Put(kAnnotations, group, Whole());
    People();
    return true;
  }

  static std::vector<absl::string_view> TargetsOf(const v1::Kind& kind) {
    switch (kind.kind_case()) {
      case v1::Kind::kEntryCorrected:
        return {kind.entry_corrected().target().event_id()};
      case v1::Kind::kEntrySupplemented:
        return {kind.entry_supplemented().target().event_id()};
      case v1::Kind::kEntryWithdrawn:
        return {kind.entry_withdrawn().target().event_id()};
      case v1::Kind::kSignificanceJudged:
        return {kind.significance_judged().target().event_id()};
      case v1::Kind::kEntryReassigned:
        return {kind.entry_reassigned().event_id()};
      case v1::Kind::kEntriesGrouped:
        return {kind.entries_grouped().event_ids().begin(),
                kind.entries_grouped().event_ids().end()};
      case v1::Kind::kEntriesUngrouped:
        return {kind.entries_ungrouped().event_ids().begin(),
                kind.entries_ungrouped().event_ids().end()};
      case v1::Kind::kLinkRevoked:
        return {kind.link_revoked().event_id()};
      case v1::Kind::kSeparationRevoked:
        return {kind.separation_revoked().event_id()};
      default:
        return {};  // RoleOf decides about every kind
    }
  }

  bool Link() {
    const absl::StatusOr<v1::Kind> kind = envelope_.OpenKind();
    if (!kind.ok()) return false;
    std::set<std::string> groups = {SubjectGroup(envelope_.subject)};
    const auto add = [&](const auto& subjects) {
      for (const std::string& subject : subjects) {
        groups.insert(SubjectGroup(subject));
      }
    };
    if (kind->has_subjects_linked()) {
      add(kind->subjects_linked().subjects());
    } else if (kind->has_subjects_separated()) {
      add(kind->subjects_separated().group_a());
      add(kind->subjects_separated().group_b());
    } else {
      groups.insert(SubjectGroup(kind->subject_renamed().from_subject()));
      groups.insert(SubjectGroup(kind->subject_renamed().to_subject()));
    }
    for (const std::string& group : groups) {
      const std::string key = Put(kLinks, group, Whole());
      if (group == SubjectGroup(envelope_.subject)) PutEvent(kLinks, key);
    }
    return true;
  }

  absl::Status NamingKey() {
    const absl::StatusOr<v1::Kind> kind = envelope_.OpenKind();
    if (!kind.ok()) {
      return absl::InvalidArgumentError("a naming key that cannot be read");
    }
    const std::string& key_id = kind->has_naming_key_registered()
                                    ? kind->naming_key_registered().key_id()
                                    : kind->naming_key_replaced().new_key_id();
    if (absl::StrContains(key_id, '\0')) {
      return absl::InvalidArgumentError("a naming key with an id that is none");
    }
    Put(kNamingKeys, TextPrefix(key_id), Whole());
    return absl::OkStatus();
  }

  // What the event says of its subject as a person.
  void People() {
    const event::SectionView* section = envelope_.Find(v1::PART_PEOPLE);
    if (section == nullptr) return;
    const absl::StatusOr<v1::People> people =
        envelope_.Open<v1::People>(v1::PART_PEOPLE);
    const absl::StatusOr<v1::Header> header =
        envelope_.Open<v1::Header>(v1::PART_HEADER);
    if (!people.ok() || !people->has_subject() || !header.ok()) return;
    const std::string subject = SubjectGroup(envelope_.subject);
    Put(kPeople, subject,
        EncodeParts({envelope_.source, envelope_.id, envelope_.type,
                     section->audience,
                     header->record_ref().SerializeAsString(),
                     people->subject().SerializeAsString()}));

    const v1::Demographics& known = people->subject().demographics();
    std::set<std::string> keys;
    for (const v1::Identifier& identifier : known.identifiers()) {
      keys.insert(IdentifierGroup(identifier) + subject);
    }
    for (const std::string& key : keys) {
      Put(kIdentifiers, key, envelope_.subject);
    }
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
    for (const std::string& key : keys) Put(kNames, key, envelope_.subject);
    if (!born.empty()) {
      Put(kBirths, TextPrefix(born) + subject, envelope_.subject);
    }
  }

  void Request() {
    const absl::string_view key_id = event::KeyIdOf(envelope_.subject);
    if (!key_id.empty()) rows_.Put(kKeyIdsSeen, key_id, "");
    if (envelope_.request_key.empty()) return;
    std::string payload = EncodeParts(
        {envelope_.request_digest, envelope_.id, envelope_.subject});
    AppendBigEndian32(payload, envelope_.request_index);
    AppendBigEndian32(payload, envelope_.request_count);
    Put(kRequests, RequestGroup(envelope_.request_key), payload);
  }

  const LoggedRecord& record_;
  const Envelope& envelope_;
  const absl::string_view organisation_;
  projection::Rows& rows_;
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
  return Folding(record, *envelope, rows).Fold();
}

}  // namespace

projection::Fold ChronologyFold() {
  return {
      .version = kFoldVersion,
      .tables = {{"entries", kGroupBytes},
                 {"annotations", kGroupBytes},
                 {"links", kGroupBytes},
                 {"people", kGroupBytes},
                 {"identifiers", kGroupBytes},
                 // Found under one version of ICU's tables, a name would be
                 // missed under another.
                 {absl::StrCat("names.", safeguarding::NameFoldVersion()), 0},
                 {"births", 0},
                 {"events", kGroupBytes},
                 {"requests", kGroupBytes},
                 {"views", kGroupBytes},
                 {"sources", 0},
                 {"naming_keys", 0},
                 {"key_ids_seen", 0}},
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

std::string IdentifierGroup(const v1::Identifier& identifier) {
  return Group("identifier", {v1::IdentifierType_Name(identifier.type()),
                              identifier.system(), identifier.value()});
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
  size_t begin = 0;
  switch (table) {
    case kNames:
    case kBirths:
    case kNamingKeys: {
      for (int texts = table == kNames ? 2 : 1; texts > 0; --texts) {
        const size_t end = key.find('\0', begin);
        if (end == absl::string_view::npos) return std::nullopt;
        begin = end + 1;
      }
      if (table != kNamingKeys) begin += kGroupBytes;
      break;
    }
    case kSources:
      break;
    case kKeyIdsSeen:
      return std::nullopt;
    default:
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

v1::Kind::KindCase KindCaseOf(absl::string_view type) {
  static const auto* const cases = [] {
    auto* map = new std::map<std::string, v1::Kind::KindCase, std::less<>>;
    const auto* oneof = v1::Kind::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < oneof->field_count(); ++i) {
      const auto* field = oneof->field(i);
      (*map)[field->message_type()->full_name()] =
          static_cast<v1::Kind::KindCase>(field->number());
    }
    return map;
  }();
  const auto it = cases->find(type);
  return it == cases->end() ? v1::Kind::KIND_NOT_SET : it->second;
}

Role RoleOf(v1::Kind::KindCase kind) {
  switch (kind) {
    case v1::Kind::kSubjectRegistered:
    case v1::Kind::kConcernRaised:
    case v1::Kind::kReferralMade:
    case v1::Kind::kReferralConfirmed:
    case v1::Kind::kReferralAcknowledged:
    case v1::Kind::kReferralDecided:
    case v1::Kind::kEnquiryMade:
    case v1::Kind::kEnquiryAnswered:
    case v1::Kind::kSharingDecided:
    case v1::Kind::kConsentRecorded:
    case v1::Kind::kIncidentAttended:
    case v1::Kind::kContactMade:
    case v1::Kind::kHomeVisited:
    case v1::Kind::kObservationMade:
    case v1::Kind::kServiceContact:
    case v1::Kind::kServiceOffered:
    case v1::Kind::kPriorityRated:
    case v1::Kind::kAssessmentStepped:
    case v1::Kind::kInvestigationStepped:
    case v1::Kind::kMeetingHeld:
    case v1::Kind::kPlanStepped:
    case v1::Kind::kProgressReported:
    case v1::Kind::kMeasureTaken:
    case v1::Kind::kArrangementChanged:
    case v1::Kind::kMissingReported:
    case v1::Kind::kNoticeGiven:
    case v1::Kind::kResponsibilityChanged:
    case v1::Kind::kRepresentationMade:
    case v1::Kind::kLifeEventRecorded:
    case v1::Kind::kAllegationMade:
    case v1::Kind::KIND_NOT_SET:
      return Role::kEntry;
    case v1::Kind::kEntryCorrected:
    case v1::Kind::kEntrySupplemented:
    case v1::Kind::kEntryWithdrawn:
    case v1::Kind::kSignificanceJudged:
    case v1::Kind::kEntriesGrouped:
    case v1::Kind::kEntriesUngrouped:
    case v1::Kind::kEntryReassigned:
    case v1::Kind::kLinkRevoked:
    case v1::Kind::kSeparationRevoked:
      return Role::kAnnotation;
    case v1::Kind::kSubjectsLinked:
    case v1::Kind::kSubjectsSeparated:
    case v1::Kind::kSubjectRenamed:
      return Role::kLink;
    case v1::Kind::kRecordViewed:
      return Role::kView;
    case v1::Kind::kNamingKeyRegistered:
    case v1::Kind::kNamingKeyReplaced:
      return Role::kNamingKey;
  }
  return Role::kEntry;
}

absl::string_view WriterOf(absl::string_view topic) {
  const size_t begin = topic.find('.');
  if (begin == absl::string_view::npos) return "";
  const size_t end = topic.find('.', begin + 1);
  if (end == absl::string_view::npos) return "";
  return topic.substr(begin + 1, end - begin - 1);
}

}  // namespace vigil::chronology
