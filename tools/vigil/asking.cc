#include "tools/vigil/asking.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/organisation.h"
#include "nlohmann/json.hpp"
#include "tools/vigil/proto_json.h"
#include "tools/vigil/words.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {
namespace {

namespace ev = event::v1;

// As chronology.proto says of AtLeast.
constexpr int kMaxAtLeast = 500;

}  // namespace

void AskingOptions::AddOptions(CLI::App* app) {
  const char* group = "Who asks, and why (recorded with the answer)";
  app->add_option("--person-id", person_id_,
                  "Your id at your organisation. Required")
      ->envname("VIGIL_PERSON_ID")
      ->group(group);
  app->add_option("--person-name", person_name_, "Your name. Required")
      ->envname("VIGIL_PERSON_NAME")
      ->group(group);
  app->add_option("--function", function_,
                  "Your function: \"hub coordinator\". Required")
      ->envname("VIGIL_FUNCTION")
      ->group(group);
  app->add_option("--purpose", purpose_,
                  "Required; one of " + EnumChoices(*ev::Purpose_descriptor()))
      ->envname("VIGIL_PURPOSE")
      ->group(group);
  app->add_option("--serves", serves_,
                  "Reference of the referral or conversation that this serves")
      ->envname("VIGIL_SERVES")
      ->group(group);
  app->add_option("--organisation", organisation_,
                  "scheme:code, if the system speaks for several")
      ->envname("VIGIL_ORGANISATION")
      ->group(group);
}

absl::Status AskingOptions::Fill(chronology::v1::Asking* asking) const {
  const std::pair<const char*, const std::string*> required[] = {
      {"--person-id", &person_id_},
      {"--person-name", &person_name_},
      {"--function", &function_},
      {"--purpose", &purpose_}};
  for (const auto& [option, value] : required) {
    if (value->empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          option,
          " is required: every look at a record is recorded with who "
          "looked and why"));
    }
  }
  ev::Asker* asker = asking->mutable_on_behalf_of();
  asker->set_person_id(person_id_);
  asker->set_name(person_name_);
  asker->set_function(function_);
  const int purpose = EnumFromText(*ev::Purpose_descriptor(), purpose_);
  if (purpose < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--purpose is one of ", EnumChoices(*ev::Purpose_descriptor())));
  }
  asking->set_purpose(static_cast<ev::Purpose>(purpose));
  asking->set_serves(serves_);
  if (!organisation_.empty()) {
    absl::StatusOr<Organisation> organisation =
        ParseOrganisation(organisation_);
    if (!organisation.ok()) return organisation.status();
    asking->mutable_organisation()->set_scheme(organisation->scheme);
    asking->mutable_organisation()->set_code(organisation->code);
  }
  return absl::OkStatus();
}

Asked AskingOptions::Words() const {
  Asked asked;
  const int purpose = EnumFromText(*ev::Purpose_descriptor(), purpose_);
  asked.purpose = EnumText(*ev::Purpose_descriptor(), std::max(purpose, 0));
  asked.by = absl::StrCat(person_name_, ", ", function_);
  asked.serves = serves_;
  return asked;
}

void FreshnessOptions::AddOptions(CLI::App* app) {
  const char* group = "State of knowledge";
  app->add_option("--as-of", as_of_,
                  "What had been logged by then: 2026-03-28T10:00:00Z, "
                  "2026-03-28T10:00 or 2026-03-28 (by the clocks of "
                  "Europe/London; a date is its end)")
      ->check(NotEmpty())
      ->group(group);
  app->add_option("--at-least", at_least_,
                  "Wait until the answer holds what the receipts in this file "
                  "acknowledge (as `vigil publish --receipts` writes it)")
      ->check(NotEmpty())
      ->group(group);
}

absl::Status FreshnessOptions::FillAsOf(chronology::v1::AsOf* as_of) const {
  absl::StatusOr<absl::Time> time = ParseTime(as_of_, /*end_of_day=*/true);
  if (!time.ok()) return time.status();
  *as_of->mutable_logged() = TimestampOf(*time);
  return absl::OkStatus();
}

absl::Status FreshnessOptions::FillAtLeast(
    chronology::v1::AtLeast* at_least) const {
  std::ifstream file(at_least_);
  if (!file) {
    return absl::InvalidArgumentError(
        absl::StrCat(at_least_, ": cannot be read"));
  }
  // Of many receipts the highest position of each partition says it all.
  std::map<std::pair<std::string, int32_t>, int64_t> highest;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    common::v1::Receipt receipt;
    if (!json.is_object() || !json.contains("receipt") ||
        !ReadJson(json["receipt"].dump(), &receipt).empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(at_least_, ":", number, ": is no receipt"));
    }
    for (const common::v1::StoredEvent& event : receipt.events()) {
      if (!event.has_position()) {
        at_least->add_event_ids(event.event_id());
        continue;
      }
      const ev::Position& position = event.position();
      int64_t& most = highest[{position.topic(), position.partition()}];
      most = std::max(most, position.offset());
    }
  }
  for (const auto& [partition, offset] : highest) {
    ev::Position* position = at_least->add_positions();
    position->set_topic(partition.first);
    position->set_partition(partition.second);
    position->set_offset(offset);
  }
  if (at_least->event_ids_size() > kMaxAtLeast) {
    return absl::InvalidArgumentError(absl::StrCat(
        at_least_, ": more than ", kMaxAtLeast,
        " events have no position yet; publish the file again first"));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view text, bool end_of_day) {
  absl::Time time;
  std::string error;
  for (const absl::string_view format :
       {absl::string_view(absl::RFC3339_full),
        absl::string_view("%Y-%m-%d%ET%H:%M:%E*S"),
        absl::string_view("%Y-%m-%d%ET%H:%M")}) {
    // "infinite-future" is a time to Abseil alone.
    if (absl::ParseTime(format, text, London(), &time, &error) &&
        time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
      return time;
    }
  }
  if (const auto day = ParseCivilDay(text)) {
    return end_of_day
               ? absl::FromCivil(*day + 1, London()) - absl::Nanoseconds(1)
               : absl::FromCivil(*day, London());
  }
  return absl::InvalidArgumentError(
      "a time is written 2026-03-28T10:00:00Z, 2026-03-28T10:00 or 2026-03-28");
}

google::protobuf::Timestamp TimestampOf(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](const std::string& text) {
        return text.empty() ? std::string(
                                  "is empty; leave it out to ask "
                                  "without it")
                            : std::string();
      },
      "");
}

absl::StatusOr<ev::Position> ParsePosition(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  int32_t partition = 0;
  int64_t offset = 0;
  if (parts.size() != 3 || parts[0].empty() ||
      !absl::SimpleAtoi(parts[1], &partition) ||
      !absl::SimpleAtoi(parts[2], &offset) || partition < 0 || offset < 0) {
    return absl::InvalidArgumentError(
        "a position is written topic/partition/offset");
  }
  ev::Position position;
  position.set_topic(parts[0]);
  position.set_partition(partition);
  position.set_offset(offset);
  return position;
}

}  // namespace vigil::cli
