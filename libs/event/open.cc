#include "libs/event/open.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/event/kind.h"
#include "libs/event/wire_fields.h"

namespace vigil::event {
namespace {

absl::Status NotAnEvent(absl::string_view why) {
  return absl::DataLossError(absl::StrCat("not an event: ", why));
}

bool ReadTimestamp(absl::string_view bytes, absl::Time* time) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  WireFields fields(bytes);
  while (fields.Next()) {
    if (fields.number() == 1) seconds = static_cast<int64_t>(fields.varint());
    if (fields.number() == 2) nanos = static_cast<int64_t>(fields.varint());
  }
  *time = absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
  return !fields.fault();
}

// One entry of CloudEvent.attributes: key = 1, value = 2.
bool ReadAttribute(absl::string_view entry, Envelope* envelope,
                   bool* has_time) {
  absl::string_view name;
  absl::string_view value;
  WireFields fields(entry);
  while (fields.Next()) {
    if (fields.number() == 1) name = fields.view();
    if (fields.number() == 2) value = fields.view();
  }
  if (fields.fault()) return false;
  WireFields attribute(value);
  while (attribute.Next()) {
    switch (attribute.number()) {
      case 2:  // ce_integer
        if (name == "requestindex") {
          envelope->request_index = static_cast<uint32_t>(attribute.varint());
        } else if (name == "requestcount") {
          envelope->request_count = static_cast<uint32_t>(attribute.varint());
        }
        break;
      case 3:  // ce_string
        if (name == "subject") {
          envelope->subject = attribute.view();
        } else if (name == "partitionkey") {
          envelope->partition_key = attribute.view();
        } else if (name == "requestkey") {
          envelope->request_key = attribute.view();
        } else if (name == "requestdigest") {
          envelope->request_digest = attribute.view();
        }
        break;
      case 7:  // ce_timestamp
        if (name == "time") {
          if (!ReadTimestamp(attribute.view(), &envelope->received))
            return false;
          *has_time = true;
        }
        break;
      default:
        break;
    }
  }
  return !attribute.fault();
}

bool ReadSections(absl::string_view data, std::vector<SectionView>* sections) {
  WireFields fields(data);
  while (fields.Next()) {
    if (fields.number() != 1) continue;
    SectionView section;
    WireFields parts(fields.view());
    while (parts.Next()) {
      switch (parts.number()) {
        case 1:
          section.part = static_cast<v1::Part>(parts.varint());
          break;
        case 2:
          section.whose = parts.view();
          break;
        case 3:
          section.audience = parts.view();
          break;
        case 4:
          section.key_id = parts.view();
          break;
        case 5:
          section.nonce = parts.view();
          break;
        case 6:
          section.bytes = parts.view();
          break;
        default:
          break;
      }
    }
    if (parts.fault()) return false;
    sections->push_back(section);
  }
  return !fields.fault();
}

}  // namespace

const SectionView* Envelope::Find(v1::Part part) const {
  for (const SectionView& section : sections) {
    if (section.part == part) return &section;
  }
  return nullptr;
}

const SectionView* Envelope::FindPerson(absl::string_view whose) const {
  for (const SectionView& section : sections) {
    if (section.part == v1::PART_PERSON && section.whose == whose) {
      return &section;
    }
  }
  return nullptr;
}

absl::Status Envelope::Open(const SectionView& section,
                            google::protobuf::Message* message) const {
  if (!section.key_id.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("event ", id, ": section ", v1::Part_Name(section.part),
                     " is sealed with key ", section.key_id));
  }
  if (!message->ParseFromArray(section.bytes.data(),
                               static_cast<int>(section.bytes.size()))) {
    return absl::DataLossError(absl::StrCat("event ", id, ": section ",
                                            v1::Part_Name(section.part),
                                            " cannot be read"));
  }
  return absl::OkStatus();
}

absl::Status Envelope::Open(v1::Part part,
                            google::protobuf::Message* message) const {
  const SectionView* section = Find(part);
  if (section == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("event ", id, " has no section ", v1::Part_Name(part)));
  }
  return Open(*section, message);
}

absl::StatusOr<v1::Kind> Envelope::OpenKind() const {
  absl::StatusOr<v1::Kind> kind = Open<v1::Kind>(v1::PART_KIND);
  if (!kind.ok()) return kind;
  const absl::string_view found = TypeOf(kind->kind_case());
  if (found.empty()) {
    return absl::UnimplementedError(
        absl::StrCat("event ", id, ": kind ", type, " is not known here"));
  }
  if (found != type) {
    return absl::DataLossError(
        absl::StrCat("event ", id, " is a ", found, " and says ", type));
  }
  return kind;
}

absl::StatusOr<Envelope> Scan(absl::string_view value) {
  Envelope envelope;
  absl::string_view version;
  absl::string_view data;
  bool has_time = false;
  WireFields fields(value);
  while (fields.Next()) {
    switch (fields.number()) {
      case 1:
        envelope.id = fields.view();
        break;
      case 2:
        envelope.source = fields.view();
        break;
      case 3:
        version = fields.view();
        break;
      case 4:
        envelope.type = fields.view();
        break;
      case 5:
        if (!ReadAttribute(fields.view(), &envelope, &has_time)) {
          return NotAnEvent("an attribute cannot be read");
        }
        break;
      case 6:
        data = fields.view();
        break;
      default:
        break;
    }
  }
  if (fields.fault()) return NotAnEvent("not a protobuf message");
  if (version != "1.0") return NotAnEvent("not CloudEvents 1.0");
  if (envelope.id.empty() || envelope.source.empty() || envelope.type.empty()) {
    return NotAnEvent("no id, source or type");
  }
  if (!has_time) return NotAnEvent("no time");
  if (!ReadSections(data, &envelope.sections)) {
    return NotAnEvent("its sections cannot be read");
  }
  if (envelope.sections.empty() ||
      envelope.sections.front().part != v1::PART_CLEAR ||
      !envelope.sections.front().key_id.empty()) {
    return NotAnEvent("its first section is not CLEAR");
  }
  return envelope;
}

}  // namespace vigil::event
