#include "libs/event/seal.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/base/check.h"
#include "libs/event/reference.h"

namespace vigil::event {
namespace {

using ::io::cloudevents::v1::CloudEvent;

constexpr char kStandard[] = "standard";
constexpr char kRestricted[] = "restricted";

std::string SerializeOnce(const google::protobuf::Message& message) {
  std::string bytes;
  bytes.reserve(message.ByteSizeLong());
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  // Attributes lie in a map: sorted, golden files can be compared byte by byte.
  out.SetSerializationDeterministic(true);
  Check(message.SerializeToCodedStream(&out), "a message did not serialise");
  out.Trim();
  return bytes;
}

void AddSection(v1::Part part, const char* audience,
                const google::protobuf::Message& message,
                v1::Sections* sections) {
  v1::Section* section = sections->add_sections();
  section->set_part(part);
  section->set_audience(audience);
  section->set_bytes(SerializeOnce(message));
}

v1::When WithoutWords(v1::When when) {
  when.clear_words();
  return when;
}

// What the header of a discreet kind tells of the one that was given: nothing
// that the sender wrote in words of its own, but what identifies and groups
// entries: the registered system, the record, the incidents and the
// conversation. Corrections and groupings need these of every entry, so senders
// must not name the service in them (health.proto).
v1::Header ToldOf(const v1::Header& given) {
  v1::Header told;
  if (given.has_occurred()) {
    *told.mutable_occurred() = WithoutWords(given.occurred());
  }
  if (given.has_observed()) {
    *told.mutable_observed() = WithoutWords(given.observed());
  }
  if (given.has_recorded()) {
    *told.mutable_recorded() = WithoutWords(given.recorded());
  }
  *told.mutable_organisation() = given.organisation();
  told.set_system(given.system());
  *told.mutable_record_ref() = given.record_ref();
  *told.mutable_incident_refs() = given.incident_refs();
  told.set_conversation_ref(given.conversation_ref());
  told.set_label(given.label());
  told.set_headline(given.label());
  return told;
}

bool IsShielded(const v1::Person& person) {
  const auto& addresses = person.demographics().addresses();
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const v1::Address& address) {
                       return address.shielded() == v1::ANSWER_YES;
                     });
}

bool IsShielded(const v1::People& people) {
  return IsShielded(people.subject()) ||
         std::any_of(people.involved().begin(), people.involved().end(),
                     [](const v1::InvolvedPerson& involved) {
                       return IsShielded(involved.person());
                     });
}

// Who told us is not for the family (F50), and a shielded place not for readers
// in general, wherever it stands (F46, R93).
v1::Sections SectionsOf(const Draft& draft, bool discreet) {
  const auto audience = [&](bool restricted) {
    return discreet || restricted ? kRestricted : kStandard;
  };
  v1::Sections sections;
  AddSection(v1::PART_HEADER, kStandard, draft.header, &sections);
  AddSection(v1::PART_KIND, audience(false), draft.kind, &sections);
  if (draft.people.has_value()) {
    AddSection(v1::PART_PEOPLE, audience(IsShielded(*draft.people)),
               *draft.people, &sections);
  }
  if (draft.informant.has_value()) {
    AddSection(v1::PART_INFORMANT,
               audience(draft.informant->confidentiality() !=
                        v1::CONFIDENTIALITY_OPEN),
               *draft.informant, &sections);
  }
  if (draft.place.has_value()) {
    AddSection(v1::PART_PLACE,
               audience(draft.place->address().shielded() == v1::ANSWER_YES),
               *draft.place, &sections);
  }
  return sections;
}

std::string Rfc3339Milliseconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

Sealed SealOne(Draft draft, const Request& request, std::string id,
               std::string type, size_t index, size_t count) {
  Check(!type.empty(), "a draft has a kind");
  Check(!draft.subject.empty() || !draft.key.empty(),
        "a draft has a subject or a key");
  draft.header.set_label(LabelOf(type));
  draft.header.set_system(request.system);
  const bool discreet = IsDiscreet(type);
  if (discreet) {
    *draft.kind.mutable_header() = std::move(draft.header);
    draft.header = ToldOf(draft.kind.header());
  }

  CloudEvent event;
  event.set_id(id);
  event.set_source(request.source);
  event.set_spec_version("1.0");
  event.set_type(type);
  event.set_binary_data(SerializeOnce(SectionsOf(draft, discreet)));
  auto& attributes = *event.mutable_attributes();
  attributes["datacontenttype"].set_ce_string("application/protobuf");
  const int64_t milliseconds = absl::ToUnixMillis(request.received);
  auto* time = attributes["time"].mutable_ce_timestamp();
  time->set_seconds(milliseconds / 1000);
  time->set_nanos(static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
  const std::string& key = draft.key.empty() ? draft.subject : draft.key;
  attributes["partitionkey"].set_ce_string(key);
  if (!draft.subject.empty()) {
    attributes["subject"].set_ce_string(draft.subject);
  }
  if (!request.request_key.empty()) {
    attributes["requestkey"].set_ce_string(request.request_key);
    attributes["requestdigest"].set_ce_string(request.request_digest);
    attributes["requestindex"].set_ce_integer(static_cast<int32_t>(index));
    attributes["requestcount"].set_ce_integer(static_cast<int32_t>(count));
  }
  if (!request.traceparent.empty()) {
    attributes["traceparent"].set_ce_string(request.traceparent);
  }

  Sealed sealed;
  sealed.value = SerializeOnce(event);
  sealed.headers = {
      {"content-type", "application/cloudevents+protobuf"},
      {"ce_id", id},
      {"ce_source", request.source},
      {"ce_type", type},
      {"ce_time", Rfc3339Milliseconds(absl::FromUnixMillis(milliseconds))},
  };
  if (!draft.subject.empty()) {
    sealed.headers.emplace_back("ce_subject", draft.subject);
  }
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

std::string TypeOf(const v1::Kind& kind) {
  const auto* oneof = v1::Kind::descriptor()->FindOneofByName("kind");
  const auto* field =
      v1::Kind::GetReflection()->GetOneofFieldDescriptor(kind, oneof);
  return field == nullptr ? "" : field->message_type()->full_name();
}

bool IsDiscreet(absl::string_view type) {
  return type == v1::ServiceContact::descriptor()->full_name() ||
         type == v1::AllegationMade::descriptor()->full_name();
}

std::string LabelOf(const std::string& type) {
  // Where the words of the type's name are not what a reader would say.
  static const auto* const words = new std::map<std::string, std::string>{
      {"AssessmentStepped", "Assessment"},
      {"InvestigationStepped", "Investigation"},
      {"PlanStepped", "Plan"},
      {"MeetingHeld", "Meeting"},
      {"SharingDecided", "Decision on sharing information"},
      {"ServiceOffered", "Service"},
      {"ServiceContact", "Contact with a service"},
      {"LifeEventRecorded", "Life event"},
      {"RepresentationMade", "Complaint, disagreement or challenge"},
      {"ArrangementChanged", "Living, school or care arrangement changed"},
      {"MissingReported", "Missing episode"},
      {"MeasureTaken", "Protective or legal measure"},
      {"EntryReassigned", "Entry moved to another record"},
      {"SubjectsLinked", "Records linked as one child"},
      {"SubjectsSeparated", "Records separated: not one child"},
      {"SubjectRegistered", "Became known to the agency"},
      {"SubjectRenamed", "Record reference changed"},
  };
  const size_t dot = type.rfind('.');
  const std::string name =
      dot == std::string::npos ? type : type.substr(dot + 1);
  if (const auto it = words->find(name); it != words->end()) return it->second;
  std::string label;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (!absl::ascii_isupper(u) || label.empty()) {
      label += c;
    } else {
      absl::StrAppend(&label, " ", std::string(1, absl::ascii_tolower(u)));
    }
  }
  return label;
}

std::vector<Sealed> Seal(std::vector<Draft> drafts, const Request& request) {
  std::map<std::pair<std::string, std::string>, uint32_t> ordinals;
  std::vector<Sealed> sealed;
  sealed.reserve(drafts.size());
  const size_t count = drafts.size();
  for (Draft& draft : drafts) {
    std::string type = TypeOf(draft.kind);
    const uint32_t ordinal = ordinals[{type, draft.subject}]++;
    std::string id = EventId(request.source, request.system, request.request_id,
                             draft.subject, type, ordinal);
    const size_t index = sealed.size();
    sealed.push_back(SealOne(std::move(draft), request, std::move(id),
                             std::move(type), index, count));
  }
  return sealed;
}

Sealed SealWithId(Draft draft, const Request& request, std::string id) {
  std::string type = TypeOf(draft.kind);
  return SealOne(std::move(draft), request, std::move(id), std::move(type), 0,
                 1);
}

}  // namespace vigil::event
