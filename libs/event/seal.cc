#include "libs/event/seal.h"

#include <map>
#include <string>
#include <utility>

#include "libs/base/check.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/event/wire_writer.h"

namespace vigil::event {
namespace {

constexpr absl::string_view kDataSchema = "proto:vigil.event.v1.Sections";

std::string Rfc3339Milliseconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

void AppendSection(const DraftSection& section, absl::string_view whose,
                   bool restricted, WireWriter* sections) {
  std::string bytes;
  bytes.reserve(section.bytes.size() + 120);
  WireWriter out(&bytes);
  out.Number(v1::Section::kPartFieldNumber, section.part);
  out.Text(v1::Section::kWhoseFieldNumber, whose);
  out.Text(v1::Section::kAudienceFieldNumber,
           restricted ? kRestricted : kStandard);
  out.Text(v1::Section::kBytesFieldNumber, section.bytes);
  sections->Bytes(v1::Sections::kSectionsFieldNumber, bytes);
}

std::string SectionsOf(const Draft& draft) {
  const bool discreet = TraitsOf(draft.kind).discreet;
  std::string bytes;
  WireWriter out(&bytes);
  AppendSection(
      {.part = v1::PART_CLEAR, .bytes = draft.clear.SerializeAsString()},
      draft.subject, false, &out);
  for (const DraftSection& section : draft.sections) {
    AppendSection(section,
                  section.whose.empty() ? draft.subject : section.whose,
                  section.restricted || discreet, &out);
  }
  return bytes;
}

// The entries of CloudEvent.attributes, which the caller gives in the order of
// their names: so golden files can be compared byte by byte.
class Attributes {
 public:
  explicit Attributes(WireWriter* event) : event_(*event) {}

  void Text(absl::string_view name, absl::string_view text) {
    std::string value;
    WireWriter(&value).Bytes(3, text);  // ce_string
    Add(name, value);
  }
  void Number(absl::string_view name, uint32_t number) {
    std::string value;
    WireWriter(&value).Number(2, number);  // ce_integer, of which 0 is set too
    Add(name, value);
  }
  void Uri(absl::string_view name, absl::string_view uri) {
    std::string value;
    WireWriter(&value).Bytes(5, uri);  // ce_uri
    Add(name, value);
  }
  void Time(absl::string_view name, int64_t milliseconds) {
    std::string timestamp;
    WireWriter fields(&timestamp);
    fields.Number(1, static_cast<uint64_t>(milliseconds / 1000));
    const auto nanos = static_cast<uint64_t>(milliseconds % 1000) * 1'000'000;
    if (nanos != 0) fields.Number(2, nanos);
    std::string value;
    WireWriter(&value).Bytes(7, timestamp);  // ce_timestamp
    Add(name, value);
  }

 private:
  void Add(absl::string_view name, absl::string_view value) {
    std::string entry;
    WireWriter out(&entry);
    out.Bytes(1, name);
    out.Bytes(2, value);
    event_.Bytes(5, entry);
  }

  WireWriter& event_;
};

Sealed SealOne(Draft draft, const Request& request, std::string id,
               size_t index, size_t count) {
  std::string type(TypeOf(draft.kind));
  Check(!type.empty(), "a draft has a kind");
  Check(!draft.subject.empty() || !draft.key.empty(),
        "a draft has a subject or a key");
  draft.clear.set_type(type);
  const std::string& key = draft.key.empty() ? draft.subject : draft.key;
  const int64_t milliseconds = absl::ToUnixMillis(request.received);

  Sealed sealed;
  const std::string sections = SectionsOf(draft);
  sealed.value.reserve(sections.size() + 900);
  WireWriter event(&sealed.value);
  event.Bytes(1, id);
  event.Bytes(2, request.source);
  event.Bytes(3, "1.0");
  event.Bytes(4, type);
  Attributes attributes(&event);
  attributes.Text("datacontenttype", "application/protobuf");
  attributes.Uri("dataschema", kDataSchema);
  attributes.Text("partitionkey", key);
  if (!request.request_key.empty()) {
    attributes.Number("requestcount", static_cast<uint32_t>(count));
    attributes.Text("requestdigest", request.request_digest);
    attributes.Number("requestindex", static_cast<uint32_t>(index));
    attributes.Text("requestkey", request.request_key);
  }
  if (!draft.subject.empty()) attributes.Text("subject", draft.subject);
  attributes.Time("time", milliseconds);
  if (!request.traceparent.empty()) {
    attributes.Text("traceparent", request.traceparent);
  }
  event.Bytes(6, sections);  // binary_data

  sealed.headers = {
      {"content-type", "application/cloudevents+protobuf"},
      {"vigil-id", id},
      {"vigil-type", type},
      {"vigil-time", Rfc3339Milliseconds(absl::FromUnixMillis(milliseconds))},
  };
  if (!request.traceparent.empty()) {
    sealed.headers.emplace_back("traceparent", request.traceparent);
  }
  sealed.id = std::move(id);
  sealed.type = std::move(type);
  sealed.key = key;
  sealed.subject = std::move(draft.subject);
  return sealed;
}

}  // namespace

std::vector<Sealed> Seal(std::vector<Draft> drafts, const Request& request) {
  std::map<std::pair<absl::string_view, std::string>, uint32_t> ordinals;
  std::vector<Sealed> sealed;
  sealed.reserve(drafts.size());
  const size_t count = drafts.size();
  for (Draft& draft : drafts) {
    const absl::string_view type = TypeOf(draft.kind);
    const uint32_t ordinal = ordinals[{type, draft.subject}]++;
    std::string id = EventId(request.source, request.system, request.request_id,
                             draft.subject, type, ordinal);
    const size_t index = sealed.size();
    sealed.push_back(
        SealOne(std::move(draft), request, std::move(id), index, count));
  }
  return sealed;
}

Sealed SealWithId(Draft draft, const Request& request, std::string id) {
  return SealOne(std::move(draft), request, std::move(id), 0, 1);
}

DraftSection SectionOf(v1::Part part,
                       const google::protobuf::Message& message) {
  return {.part = part, .bytes = message.SerializeAsString()};
}

Draft OwnDraft(const v1::Kind& kind) {
  Draft draft;
  draft.kind = kind.kind_case();
  draft.sections.push_back(SectionOf(v1::PART_KIND, kind));
  return draft;
}

v1::When ClearTime(const v1::When& when, bool year_alone) {
  v1::When clear = when;
  clear.clear_words();
  if (!year_alone) return clear;
  // Each way of saying a time begins with the year; an interval is told by the
  // year in which it begins, or if that is open ends.
  constexpr size_t kYear = 4;
  const auto year_of = [](const auto& moment) {
    return !moment.instant().empty() ? moment.instant().substr(0, kYear)
           : !moment.local().time().empty()
               ? moment.local().time().substr(0, kYear)
               : moment.date().substr(0, kYear);
  };
  std::string year = year_of(when);
  if (when.has_interval()) {
    year = year_of(when.interval().since());
    if (year.empty()) year = year_of(when.interval().until());
  }
  clear.clear_value();
  if (year.empty()) {
    clear.mutable_not_known();
  } else {
    clear.set_date(year);
  }
  return clear;
}

}  // namespace vigil::event
