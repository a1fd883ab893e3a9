#include "tools/benchmark/facts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/event/concepts.h"
#include "libs/event/digest.h"
#include "libs/event/seal.h"
#include "libs/event/violation.h"
#include "libs/service/drafts.h"
#include "libs/service/writer.h"
#include "vigil/common/v1/statement.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/parts.pb.h"

namespace vigil::benchmark {
namespace {

namespace v1 = ::vigil::event::v1;
using ::vigil::common::v1::Statement;

constexpr char kSystem[] = "bench-records";
constexpr int kDigits = 19;  // what an int64 needs
constexpr uint64_t kTemplates = 64;
// Digits that stand nowhere else in a template, to be replaced.
constexpr char kNumber[] = "7777777777777777777";
constexpr char kChild[] = "5555555555555555555";

std::string Digits(int64_t number) {
  return absl::StrFormat("%0*d", kDigits, number);
}

// Mixes the bits of a number (SplitMix64), the same in every run.
uint64_t Mixed(uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

// Plain words in an order of their own for each seed: they compress about as a
// report does.
std::string Words(uint64_t seed, size_t bytes) {
  static constexpr const char* kWords[] = {
      "child",  "mother", "father",  "officer", "school", "attended",
      "seen",   "alone",  "evening", "asleep",  "upset",  "neighbour",
      "called", "again",  "calm",    "kitchen", "said",   "visited"};
  std::string text;
  while (text.size() < bytes) {
    seed = Mixed(seed);
    absl::StrAppend(&text, kWords[seed % std::size(kWords)], " ");
  }
  text.resize(bytes, '.');
  return text;
}

void SetConcept(absl::string_view code, const char* system, const char* own,
                const char* display, v1::Concept* said) {
  said->set_code(std::string(code));
  said->mutable_own()->set_system(system);
  said->mutable_own()->set_code(own);
  said->mutable_own()->set_display(display);
}

std::string Instant(uint64_t seed) {
  const absl::Time time =
      absl::FromCivil(absl::CivilDay(2024, 1, 1), absl::UTCTimeZone()) +
      absl::Minutes(seed % (300 * 24 * 60));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// What a force says of one child, but for the act.
Statement Said(uint64_t seed, absl::string_view number,
               absl::string_view child) {
  Statement said;
  v1::Submission& submission = *said.mutable_submission();
  submission.set_request_id(absl::StrCat("bench-", number));
  submission.mutable_organisation()->set_scheme("police");
  submission.mutable_organisation()->set_code("99");
  submission.mutable_author()->set_role("response officer");
  submission.mutable_author()->set_duty_contact("force control room");
  submission.mutable_record_ref()->set_system(kSystem);
  submission.mutable_record_ref()->set_id(std::string(number));
  v1::About& about = *said.add_about();
  v1::LocalId& id = *about.mutable_person()->mutable_ref()->mutable_local_id();
  id.set_system(kSystem);
  id.set_id(std::string(child));
  v1::Account& account = *said.mutable_account();
  account.mutable_occurred()->set_instant(Instant(seed));
  account.set_headline(Words(seed + 1, 60));
  account.set_summary(Words(seed + 2, 120));
  return said;
}

// Half of them incidents and half concerns.
void SayWhat(uint64_t number, Statement* said) {
  if (number % 2 == 0) {
    said->mutable_about(0)->set_present(v1::ANSWER_YES);
    SetConcept("domestic_abuse", "athena", "DOM", "Domestic incident",
               said->mutable_incident_attended()->mutable_incident());
  } else {
    v1::ConcernRaised& concern = *said->mutable_concern_raised();
    SetConcept(event::concepts::harm_category::kNeglect, "F35", "NEG",
               "Neglect", concern.add_categories());
    concern.set_significant_harm(v1::ANSWER_NOT_KNOWN);
  }
}

std::vector<size_t> Places(const std::string& bytes, const char* digits) {
  std::vector<size_t> places;
  for (size_t at = bytes.find(digits); at != std::string::npos;
       at = bytes.find(digits, at + kDigits)) {
    places.push_back(at);
  }
  Check(!places.empty(), "a template has digits to replace");
  return places;
}

}  // namespace

Requests::Requests() {
  for (uint64_t i = 0; i < kTemplates; ++i) {
    const uint64_t seed = Mixed(i);
    Statement said = Said(seed, kNumber, kChild);
    said.mutable_account()->set_details(Words(seed + 3, 235));
    said.mutable_account()->set_outcome(Words(seed + 4, 50));
    SayWhat(i, &said);
    Template made;
    made.bytes = said.SerializeAsString();
    made.number_at = Places(made.bytes, kNumber);
    made.child_at = Places(made.bytes, kChild);
    templates_.push_back(std::move(made));
  }
}

std::string Requests::Bytes(int64_t number) const {
  const Template& from = templates_[static_cast<uint64_t>(number) % kTemplates];
  std::string bytes = from.bytes;
  for (const auto& [places, value] :
       {std::pair(&from.number_at, number),
        std::pair(&from.child_at, number / kFactsPerChild)}) {
    const std::string digits = Digits(value);
    for (size_t at : *places) bytes.replace(at, kDigits, digits);
  }
  return bytes;
}

Events::Events(std::string writer, int64_t count)
    : writer_(std::move(writer)),
      children_(std::max<int64_t>(1, count / kFactsPerChild)),
      keys_{event::NamingKey("be0cbe0c", std::string(32, 'k'))},
      received_(absl::Now()) {}

std::string Events::topic() const { return service::EventsTopic(writer_); }

eventlog::TopicRecord Events::Event(int64_t number) const {
  const uint64_t seed = Mixed(static_cast<uint64_t>(number));
  // Every child is registered before the rest, which come in no order.
  const bool registers = number < children_;
  const int64_t child =
      registers ? number
                : static_cast<int64_t>(seed % static_cast<uint64_t>(children_));
  const std::string digits = Digits(number);
  Statement said = Said(seed, digits, Digits(child));
  if (registers) {
    said.mutable_subject_registered();
    v1::Demographics& known =
        *said.mutable_about(0)->mutable_person()->mutable_demographics();
    v1::PersonName& name = *known.add_names();
    name.set_family(absl::StrCat("Bench", child % 5000));
    name.set_given(
        absl::StrCat("Child", Mixed(static_cast<uint64_t>(child)) % 5000));
    known.mutable_birth()->set_date(Instant(seed).substr(0, 10));
  } else {
    SayWhat(static_cast<uint64_t>(number), &said);
  }

  const event::NamingKey& key = keys_.current;
  event::Request request;
  request.source = event::Source(
      writer_, event::OrganisationText(said.submission().organisation()));
  request.system = kSystem;
  request.request_id = said.submission().request_id();
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  const std::vector<event::StatementPart> parts = event::PartsOf(said);
  request.request_digest =
      key.RequestDigest(AsBytes(event::RequestDigest(parts)));
  request.received = received_;

  event::Violations violations;
  service::Drafting drafting = service::DraftsOf(
      said, parts,
      {.keys = keys_,
       .system = kSystem,
       .conversation_ref = event::ConversationRef(
           request.source, request.system, request.request_id)},
      &violations);
  Check(violations.empty() && drafting.drafts.size() == 1,
        "a fact of one child is one event");
  event::Sealed sealed =
      std::move(Seal(std::move(drafting.drafts), request)[0]);
  eventlog::TopicRecord record = {topic(),
                                  {sealed.key, std::move(sealed.value), {}}};
  for (auto& [name, value] : sealed.headers) {
    record.record.headers.push_back({std::move(name), std::move(value)});
  }
  return record;
}

}  // namespace vigil::benchmark
