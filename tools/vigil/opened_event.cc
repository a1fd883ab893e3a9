#include "tools/vigil/opened_event.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
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

template <typename M>
void AddPart(const event::Envelope& envelope, ev::Part part, const char* name,
             ordered_json* json) {
  if (envelope.Find(part) == nullptr) return;
  const absl::StatusOr<M> message = envelope.Open<M>(part);
  (*json)[name] =
      message.ok()
          ? JsonOf(*message)
          : ordered_json{{"unreadable",
                          absl::StatusCodeToString(message.status().code())}};
}

// Who looked at what: all that an auditor asks of a read.
void AddView(const ev::RecordViewed& viewed, OpenedEvent* opened) {
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
  add("Question", rpc.substr(rpc.find_last_of("/.") + 1));
  for (const ev::LinkedSubject& subject : viewed.subjects()) {
    add("Subject", subject.subject());
  }
  add("Entries shown", absl::StrCat(viewed.entries_size()));
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
  AddPart<ev::Header>(*envelope, ev::PART_HEADER, "header", &json);
  AddPart<ev::Kind>(*envelope, ev::PART_KIND, "kind", &json);
  AddPart<ev::People>(*envelope, ev::PART_PEOPLE, "people", &json);
  AddPart<ev::Informant>(*envelope, ev::PART_INFORMANT, "informant", &json);
  AddPart<ev::Place>(*envelope, ev::PART_PLACE, "place", &json);
  // Text that is not UTF-8 must not end the program.
  opened.json =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);

  const auto header = envelope->OpenGivenHeader();
  opened.title = header.ok()
                     ? absl::StrCat(header->label(), ": ", header->headline())
                     : std::string(envelope->type);
  const auto kind = envelope->Open<ev::Kind>(ev::PART_KIND);
  const bool view = kind.ok() && kind->has_record_viewed();
  if (header.ok()) {
    opened.lines.emplace_back("Occurred", event::WhenText(header->occurred()));
  }
  if (view) {
    AddView(kind->record_viewed(), &opened);
  } else if (header.ok()) {
    opened.lines.emplace_back(
        "Author", absl::StrCat(header->author().role(), ", ",
                               OrganisationText(header->organisation())));
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
