// Every event that was ever released still opens, still says what it said, and
// is still written as the same bytes. golden/events.jsonl holds a line for
// each: its bytes in base64, and beside them all that it says. Together they
// fill every field that an event can have.
//
// A new kind or field: run this test with VIGIL_ADD_GOLDEN=1 and commit the
// lines that it adds. A line is never changed: bytes like it lie in logs for
// ever.
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/unknown.h"
#include "nlohmann/json.hpp"
#include "tests/sample.h"

namespace vigil::event {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using Fields = std::set<const FieldDescriptor*>;

constexpr char kFile[] = VIGIL_GOLDEN_EVENTS;

// --- What an event says ---

std::unique_ptr<Message> MessageOf(v1::Part part) {
  switch (part) {
    case v1::PART_HEADER:
      return std::make_unique<v1::Header>();
    case v1::PART_KIND:
      return std::make_unique<v1::Kind>();
    case v1::PART_PEOPLE:
      return std::make_unique<v1::People>();
    case v1::PART_INFORMANT:
      return std::make_unique<v1::Informant>();
    case v1::PART_PLACE:
      return std::make_unique<v1::Place>();
    default:
      return nullptr;
  }
}

// Reads a section whole: with no field left that this version does not know.
std::unique_ptr<Message> Read(const SectionView& section) {
  std::unique_ptr<Message> message = MessageOf(section.part);
  EXPECT_TRUE(message->ParseFromArray(section.bytes.data(),
                                      static_cast<int>(section.bytes.size())));
  Violations unknown;
  FindUnknown(*message, &unknown);
  EXPECT_TRUE(unknown.empty()) << message->DebugString();
  return message;
}

nlohmann::ordered_json SaysOf(const std::string& bytes) {
  const absl::StatusOr<Envelope> envelope = Scan(bytes);
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  const auto text = [](absl::string_view view) { return std::string(view); };
  nlohmann::ordered_json says = {
      {"type", text(envelope->type)},
      {"id", text(envelope->id)},
      {"source", text(envelope->source)},
      {"subject", text(envelope->subject)},
      {"partitionkey", text(envelope->partition_key)},
      {"time", absl::ToUnixMillis(envelope->received)},
      {"requestkey", text(envelope->request_key)},
      {"requestdigest", text(envelope->request_digest)},
      {"requestindex", envelope->request_index},
      {"requestcount", envelope->request_count},
      {"sections", nlohmann::ordered_json::array()}};
  for (const SectionView& section : envelope->sections) {
    std::string json;
    EXPECT_TRUE(
        google::protobuf::util::MessageToJsonString(*Read(section), &json)
            .ok());
    says["sections"].push_back({{"part", v1::Part_Name(section.part)},
                                {"audience", text(section.audience)},
                                {"says", nlohmann::ordered_json::parse(json)}});
  }
  return says;
}

// The fields that are set in a message, at any depth.
void FieldsIn(const Message& message, Fields* fields) {
  std::vector<const FieldDescriptor*> set;
  const auto& reflection = *message.GetReflection();
  reflection.ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    fields->insert(field);
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      FieldsIn(reflection.GetMessage(message, field), fields);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      FieldsIn(reflection.GetRepeatedMessage(message, field, i), fields);
    }
  }
}

Fields FieldsOf(const std::string& bytes) {
  Fields fields;
  const absl::StatusOr<Envelope> envelope = Scan(bytes);
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  for (const SectionView& section : envelope->sections) {
    FieldsIn(*Read(section), &fields);
  }
  return fields;
}

// The fields that an event can have.
void FieldsUnder(const Descriptor* type, std::set<const Descriptor*>* seen,
                 Fields* fields) {
  if (!seen->insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    fields->insert(type->field(i));
    if (type->field(i)->message_type() != nullptr) {
      FieldsUnder(type->field(i)->message_type(), seen, fields);
    }
  }
}

Fields AllFields() {
  Fields fields;
  std::set<const Descriptor*> seen;
  for (int part = v1::Part_MIN; part <= v1::Part_MAX; ++part) {
    const auto message = MessageOf(static_cast<v1::Part>(part));
    if (message != nullptr) {
      FieldsUnder(message->GetDescriptor(), &seen, &fields);
    }
  }
  return fields;
}

// --- How an event is written ---

Request TheRequest() {
  const NamingKey key("00c0ffee", std::string(32, 'k'));
  Request request;
  request.source = Source("police", "police:43");
  request.system = "records";
  request.request_id = "golden";
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  request.request_digest = key.RequestDigest(std::string(32, 'd'));
  request.traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.received = absl::FromUnixMillis(1'767'225'600'123);
  return request;
}

// As the code does that writes such an event.
std::string SealAsWritten(Draft draft) {
  Request request = TheRequest();
  switch (draft.kind.kind_case()) {
    case v1::Kind::kRecordViewed:  // services/chronology/chronology_service.cc
      request.source = Source("chronology", draft.key);
      request.request_id = request.request_key = request.request_digest = "";
      return SealWithId(std::move(draft), request,
                        "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b")
          .value;
    case v1::Kind::kNamingKeyRegistered:  // libs/service/command_pipeline.cc
    case v1::Kind::kNamingKeyReplaced:
      request.source = "//vigil/" + draft.key;
      request.system = "vigil";
      request.request_id = "naming-key/00c0ffee";
      request.request_key = request.request_digest = request.traceparent = "";
      break;
    default:
      break;
  }
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return Seal(std::move(drafts), request)[0].value;
}

// What was given to be sealed.
Draft DraftOf(const std::string& bytes) {
  const absl::StatusOr<Envelope> envelope = Scan(bytes);
  Draft draft;
  draft.subject = std::string(envelope->subject);
  draft.key = std::string(envelope->partition_key);
  draft.header = *envelope->OpenGivenHeader();
  draft.kind = *envelope->OpenKind();
  draft.kind.clear_header();
  const auto open = [&](v1::Part part, auto* section) {
    if (envelope->Find(part) == nullptr) return;
    EXPECT_TRUE(envelope->Open(part, &section->emplace()).ok());
  };
  open(v1::PART_PEOPLE, &draft.people);
  open(v1::PART_INFORMANT, &draft.informant);
  open(v1::PART_PLACE, &draft.place);
  return draft;
}

// --- Samples ---

Draft OfASubject() {
  const NamingKey key("00c0ffee", std::string(32, 'k'));
  Draft draft;
  draft.subject = key.Subject(SubjectKind::kPerson, "police:43", "niche", "1");
  return draft;
}

// A view or a naming key: no subject, and no more in the header than that.
Draft OfVigilItself(v1::Kind::KindCase kind) {
  Draft draft;
  if (kind == v1::Kind::kRecordViewed) {
    draft.key = "police:43";
    draft.header.mutable_occurred()->set_instant("2026-01-01T00:00:00.123Z");
    draft.header.mutable_organisation()->set_scheme("police");
    draft.header.mutable_organisation()->set_code("43");
    draft.header.mutable_author()->set_name("A. Synthetic");
    draft.header.mutable_author()->set_role("hub coordinator");
    draft.header.set_headline("An answer was given");
  } else {
    draft.key = "police";
    draft.header.set_headline("Naming key 00c0ffee");
  }
  return draft;
}

Draft SampleOf(const FieldDescriptor* kind) {
  Draft draft;
  switch (kind->number()) {
    case v1::Kind::kRecordViewed:
    case v1::Kind::kNamingKeyRegistered:
    case v1::Kind::kNamingKeyReplaced:
      draft = OfVigilItself(static_cast<v1::Kind::KindCase>(kind->number()));
      break;
    default:
      draft = OfASubject();
      FillWithWords(&draft.header, 2);
      draft.kind.set_summary("summary");
      FillWithWords(&draft.people.emplace(), 1);
      FillWithWords(&draft.informant.emplace(), 1);
      FillWithWords(&draft.place.emplace(), 1);
  }
  FillWithWords(draft.kind.GetReflection()->MutableMessage(&draft.kind, kind),
                3);
  return draft;
}

Draft EverySectionFull() {
  Draft draft = OfASubject();
  FillWithWords(&draft.header);
  FillWithWords(&draft.kind);
  draft.kind.clear_header();
  FillWithWords(&draft.people.emplace());
  FillWithWords(&draft.informant.emplace());
  FillWithWords(&draft.place.emplace());
  return draft;
}

// One for each member of each oneof that stands in these places.
void AddChoices(std::vector<Draft>* samples) {
  const auto add = [samples](auto place) {
    Draft sample = OfASubject();
    sample.header.set_headline("headline");
    sample.kind.mutable_subject_registered();
    const Descriptor& type = *place(&sample)->GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor* member = type.field(i);
      if (member->real_containing_oneof() == nullptr) continue;
      Draft draft = sample;
      Message* message = place(&draft);
      const auto& reflection = *message->GetReflection();
      if (member->message_type() != nullptr) {
        FillWithWords(reflection.MutableMessage(message, member));
      } else if (member->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        reflection.SetString(message, member, "chosen");
      } else {
        reflection.SetUInt32(message, member, 7);
      }
      samples->push_back(std::move(draft));
    }
  };
  add([](Draft* draft) { return draft->header.mutable_occurred(); });
  add([](Draft* draft) {
    return draft->header.mutable_occurred()->mutable_interval()->mutable_from();
  });
  add([](Draft* draft) {
    return draft->kind.mutable_entry_withdrawn()->mutable_target();
  });
  const auto subject = [](Draft* draft) {
    if (!draft->people.has_value()) draft->people.emplace();
    return draft->people->mutable_subject();
  };
  add(subject);
  add([&](Draft* draft) {
    return subject(draft)->mutable_demographics()->mutable_birth();
  });
}

std::vector<Draft> Samples() {
  std::vector<Draft> samples;
  const auto* kinds = v1::Kind::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    samples.push_back(SampleOf(kinds->field(i)));
  }
  samples.push_back(EverySectionFull());
  AddChoices(&samples);
  return samples;
}

// --- The file ---

struct Golden {
  std::string bytes;
  nlohmann::json says;
};

std::vector<Golden> Stored() {
  std::vector<Golden> stored;
  std::ifstream in(kFile);
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json parsed = nlohmann::json::parse(line);
    Golden& golden = stored.emplace_back();
    EXPECT_TRUE(absl::Base64Unescape(parsed["event"].get<std::string>(),
                                     &golden.bytes));
    golden.says = parsed["says"];
  }
  return stored;
}

TEST(Golden, TogetherTheyFillEveryField) {
  Fields filled;
  for (const Golden& golden : Stored()) {
    filled.merge(FieldsOf(golden.bytes));
  }
  if (std::getenv("VIGIL_ADD_GOLDEN") != nullptr) {
    std::ofstream file(kFile, std::ios::app);
    for (Draft& sample : Samples()) {
      const std::string bytes = SealAsWritten(std::move(sample));
      const size_t before = filled.size();
      filled.merge(FieldsOf(bytes));
      if (filled.size() == before) continue;
      const nlohmann::ordered_json line = {{"event", absl::Base64Escape(bytes)},
                                           {"says", SaysOf(bytes)}};
      file << line.dump() << "\n";
    }
  }
  for (const FieldDescriptor* field : AllFields()) {
    EXPECT_TRUE(filled.count(field)) << field->full_name() << " is in none";
  }
}

TEST(Golden, EachStillSaysWhatItSaid) {
  for (const Golden& golden : Stored()) {
    SCOPED_TRACE(golden.says["type"]);
    const auto today = nlohmann::json::parse(SaysOf(golden.bytes).dump());
    EXPECT_EQ(golden.says, today) << nlohmann::json::diff(golden.says, today);
    EXPECT_TRUE(Scan(golden.bytes)->OpenKind().ok());
  }
}

TEST(Golden, EachIsStillWrittenAsTheSameBytes) {
  for (const Golden& golden : Stored()) {
    SCOPED_TRACE(golden.says["type"]);
    EXPECT_EQ(absl::Base64Escape(SealAsWritten(DraftOf(golden.bytes))),
              absl::Base64Escape(golden.bytes));
  }
}

}  // namespace
}  // namespace vigil::event
