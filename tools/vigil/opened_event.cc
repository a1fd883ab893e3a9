#include "tools/vigil/opened_event.h"

#include <algorithm>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/uuid.h"
#include "libs/event/kind.h"
#include "libs/event/open.h"
#include "libs/event/when.h"
#include "nlohmann/json.hpp"
#include "tools/vigil/words.h"
#include "vigil/event/v1/event.pb.h"

namespace vigil::cli {
namespace {

using nlohmann::ordered_json;
namespace ev = event::v1;

ordered_json JsonOf(const google::protobuf::Message& message) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) {
    return {{"unreadable", "not to be had as JSON"}};
  }
  return ordered_json::parse(text, nullptr, false);
}

ordered_json Unreadable(const absl::Status& status) {
  return {{"unreadable", absl::StatusCodeToString(status.code())}};
}

template <typename M>
void AddPart(const event::Envelope& envelope, ev::Part part, const char* name,
             ordered_json* json) {
  if (envelope.Find(part) == nullptr) return;
  const absl::StatusOr<M> message = envelope.Open<M>(part);
  (*json)[name] =
      message.ok() ? JsonOf(*message) : Unreadable(message.status());
}

// There is one section for each of them.
void AddPersons(const event::Envelope& envelope, ordered_json* json) {
  for (const event::SectionView& section : envelope.sections) {
    if (section.part != ev::PART_PERSON) continue;
    ev::PersonPart person;
    const absl::Status status = envelope.Open(section, &person);
    ordered_json shown = status.ok() ? JsonOf(person) : Unreadable(status);
    shown["subject"] = std::string(section.whose);
    (*json)["persons"].push_back(std::move(shown));
  }
}

// As ids are written everywhere else.
std::string UuidText(const std::string& bytes) {
  Uuid::Bytes id;
  if (bytes.size() != id.size()) return absl::BytesToHexString(bytes);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return Uuid(id).Text();
}

// JSON has base64 for the bytes of ids, which nobody can look for.
void SpellOutIds(const ev::RecordViewed& viewed, ordered_json* json) {
  ordered_json& entries = (*json)["recordViewed"]["entries"];
  for (int i = 0; i < viewed.entries_size(); ++i) {
    if (viewed.entries(i).has_event_id()) {
      entries[static_cast<size_t>(i)]["eventId"] =
          UuidText(viewed.entries(i).event_id());
    }
  }
  for (int i = 0; i < viewed.judgements_size(); ++i) {
    ordered_json evidence = ordered_json::array();
    for (const std::string& id : viewed.judgements(i).evidence()) {
      evidence.push_back(UuidText(id));
    }
    (*json)["recordViewed"]["judgements"][static_cast<size_t>(i)]["evidence"] =
        std::move(evidence);
  }
}

// What was asked: the request that section QUESTION holds, of the method that
// the view names. Not who asked, which the view says itself.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> QuestionOf(
    const event::Envelope& envelope, const ev::RecordViewed& viewed) {
  const absl::StatusOr<ev::Question> question =
      envelope.Open<ev::Question>(ev::PART_QUESTION);
  if (!question.ok()) return question.status();
  const auto* method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          viewed.rpc());
  if (method == nullptr) return absl::UnimplementedError("another method");
  std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(method->input_type())
          ->New());
  if (!request->ParseFromString(question->query())) {
    return absl::DataLossError("no such request");
  }
  const auto* asking = request->GetDescriptor()->FindFieldByName("asking");
  if (asking != nullptr) {
    request->GetReflection()->ClearField(request.get(), asking);
  }
  return request;
}

// Who looked at what: all that an auditor asks of a read.
void AddView(const event::Envelope& envelope, const ev::RecordViewed& viewed,
             OpenedEvent* opened) {
  const auto add = [opened](const char* name, std::string value) {
    if (!value.empty()) opened->lines.emplace_back(name, std::move(value));
  };
  const ev::Asker& asker = viewed.asker();
  add("Asked by", absl::StrCat(asker.name(), " (", asker.person_id(), "), ",
                               asker.function()));
  add("For", OrganisationText(viewed.organisation()));
  add("With system", absl::StrCat(viewed.system(), " (",
                                  absl::StrJoin(viewed.roles(), ", "), ")"));
  add("Purpose", EnumText(viewed.purpose()));
  add("Serves", viewed.serves());
  const std::string& rpc = viewed.rpc();
  std::string asked = rpc.substr(rpc.find_last_of("/.") + 1);
  const auto question = QuestionOf(envelope, viewed);
  const std::string words =
      question.ok()
          ? MessageText(**question)
          : absl::StrCat("cannot be read here (",
                         absl::StatusCodeToString(question.status().code()),
                         ")");
  if (!words.empty()) absl::StrAppend(&asked, ", ", words);
  add("Question", asked);
  for (const ev::LinkedSubject& subject : viewed.subjects()) {
    add("Subject", subject.subject());
  }
  add("Entries shown", absl::StrCat(viewed.entries_size()));
  for (const ev::Judgement& judgement : viewed.judgements()) {
    add("Judgement shown",
        absl::StrCat(judgement.rule(), ": ", judgement.result()));
  }
  for (const ev::Basis& basis : viewed.basis()) {
    add("Rested on", absl::StrCat(basis.name(), " ", basis.version()));
  }
}

// "corrects 0b8e4c1e-... (account.occurred)".
std::string TargetText(const ev::Target& target) {
  std::string text = absl::StrCat(EnumText(target.manner()), " ",
                                  target.event_id().empty()
                                      ? absl::StrCat("record ", target.record())
                                      : target.event_id());
  if (target.fields_size() > 0) {
    absl::StrAppend(&text, " (", absl::StrJoin(target.fields(), ", "), ")");
  }
  return text;
}

}  // namespace

OpenedEvent OpenEvent(const chronology::v1::LoggedEvent& logged) {
  OpenedEvent opened;
  const std::string position = PositionText(logged.position());
  ordered_json json;
  json["position"] = JsonOf(logged.position());
  json["logged"] = google::protobuf::util::TimeUtil::ToString(logged.logged());

  const absl::StatusOr<event::Envelope> envelope = event::Scan(logged.value());
  if (!envelope.ok()) {
    const std::string why = absl::StatusCodeToString(envelope.status().code());
    json["unreadable"] = why;
    opened.json = json.dump();
    opened.title = absl::StrCat("A record that cannot be opened (", why, ")");
    opened.lines = {{"Position", position},
                    {"Logged", TimeText(logged.logged())}};
    return opened;
  }
  json["id"] = std::string(envelope->id);
  json["source"] = std::string(envelope->source);
  json["type"] = std::string(envelope->type);
  if (!envelope->subject.empty())
    json["subject"] = std::string(envelope->subject);
  json["received"] = absl::FormatTime(absl::RFC3339_full, envelope->received,
                                      absl::UTCTimeZone());
  if (envelope->request_count > 0) {
    json["requestKey"] = std::string(envelope->request_key);
    json["requestDigest"] = std::string(envelope->request_digest);
    json["requestIndex"] = envelope->request_index;
    json["requestCount"] = envelope->request_count;
  }
  AddPart<ev::ClearPart>(*envelope, ev::PART_CLEAR, "clear", &json);
  AddPart<ev::Header>(*envelope, ev::PART_HEADER, "header", &json);
  AddPart<ev::Kind>(*envelope, ev::PART_KIND, "kind", &json);
  AddPersons(*envelope, &json);
  AddPart<ev::InformantPart>(*envelope, ev::PART_INFORMANT, "informant", &json);
  AddPart<ev::Place>(*envelope, ev::PART_PLACE, "place", &json);
  const auto kind = envelope->Open<ev::Kind>(ev::PART_KIND);
  const bool view = kind.ok() && kind->has_record_viewed();
  if (view) {
    SpellOutIds(kind->record_viewed(), &json["kind"]);
    const auto question = QuestionOf(*envelope, kind->record_viewed());
    json["question"] =
        question.ok() ? JsonOf(**question) : Unreadable(question.status());
  }
  // Text that is not UTF-8 must not end the program.
  opened.json =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);

  const auto header = envelope->Open<ev::Header>(ev::PART_HEADER);
  const auto clear = envelope->Open<ev::ClearPart>(ev::PART_CLEAR);
  const std::string label = event::LabelOf(envelope->type);
  opened.title =
      header.ok()
          ? absl::StrCat(header->label().empty() ? label : header->label(),
                         ": ", header->account().headline())
          : label;
  if (clear.ok() && clear->has_occurred()) {
    opened.lines.emplace_back("Occurred", event::WhenText(clear->occurred()));
  }
  if (view) {
    AddView(*envelope, kind->record_viewed(), &opened);
  } else if (header.ok()) {
    opened.lines.emplace_back(
        "Author",
        absl::StrCat(header->submission().author().role(), ", ",
                     OrganisationText(header->submission().organisation())));
  } else if (clear.ok() && clear->has_organisation()) {
    opened.lines.emplace_back("Organisation",
                              OrganisationText(clear->organisation()));
  }
  if (clear.ok()) {
    for (const ev::Target& target : clear->targets()) {
      opened.lines.emplace_back("About an entry", TargetText(target));
    }
  }
  opened.lines.emplace_back("Type", std::string(envelope->type));
  if (!envelope->subject.empty()) {
    opened.lines.emplace_back("Subject", std::string(envelope->subject));
  }
  opened.lines.emplace_back(view ? "View" : "Event", std::string(envelope->id));
  opened.lines.emplace_back("Logged", TimeText(logged.logged()));
  opened.lines.emplace_back("Position", position);
  return opened;
}

}  // namespace vigil::cli
