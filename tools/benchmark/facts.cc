#include "tools/benchmark/facts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/check.h"
#include "libs/event/seal.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::benchmark {
namespace {

namespace v1 = ::vigil::event::v1;

constexpr int kDigits = 19;  // what an int64 needs
constexpr int kTemplates = 64;
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

void SetTerm(const char* system, const char* code, const char* display,
             v1::CodedTerm* term) {
  term->set_system(system);
  term->set_code(code);
  term->set_display(display);
}

v1::Organisation Force() {
  v1::Organisation force;
  force.set_scheme("police");
  force.set_code("99");
  return force;
}

v1::Author Officer() {
  v1::Author author;
  author.set_role("response officer");
  author.set_duty_contact("force control room");
  return author;
}

std::string Instant(uint64_t seed) {
  const absl::Time time =
      absl::FromCivil(absl::CivilDay(2024, 1, 1), absl::UTCTimeZone()) +
      absl::Minutes(seed % (300 * 24 * 60));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

template <typename RequestT>
void Fill(uint64_t seed, RequestT* request) {
  auto& submission = *request->mutable_submission();
  submission.set_request_id(absl::StrCat("bench-", kNumber));
  *submission.mutable_organisation() = Force();
  *submission.mutable_author() = Officer();
  submission.mutable_record_ref()->set_system("bench-records");
  submission.mutable_record_ref()->set_id(kNumber);
  auto& child = *request->add_children()->mutable_local_id();
  child.set_system("bench-records");
  child.set_id(kChild);
  auto& account = *request->mutable_account();
  account.mutable_occurred()->set_instant(Instant(seed));
  account.set_headline(Words(seed + 1, 60));
  account.set_summary(Words(seed + 2, 120));
  account.set_details(Words(seed + 3, 235));
  account.set_outcome(Words(seed + 4, 50));
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
  for (int i = 0; i < kTemplates; ++i) {
    const uint64_t seed = Mixed(static_cast<uint64_t>(i));
    Template made;
    if (i % 2 == 0) {
      police::v1::RecordIncidentRequest request;
      Fill(seed, &request);
      SetTerm("athena", "DOM", "Domestic incident",
              request.mutable_account()->mutable_term());
      request.set_child_present(v1::ANSWER_YES);
      made.method = "/vigil.police.v1.PoliceService/RecordIncident";
      made.bytes = request.SerializeAsString();
    } else {
      common::v1::RaiseConcernRequest request;
      Fill(seed, &request);
      SetTerm("F35", "NEG", "Neglect",
              request.mutable_concern()->add_categories());
      request.mutable_concern()->set_significant_harm(v1::ANSWER_NOT_KNOWN);
      made.method = "/vigil.police.v1.PoliceService/RaiseConcern";
      made.bytes = request.SerializeAsString();
    }
    made.number_at = Places(made.bytes, kNumber);
    made.child_at = Places(made.bytes, kChild);
    templates_.push_back(std::move(made));
  }
}

const std::string& Requests::Method(int64_t number) const {
  return templates_[static_cast<size_t>(number % kTemplates)].method;
}

std::string Requests::Bytes(int64_t number) const {
  const Template& from = templates_[static_cast<size_t>(number % kTemplates)];
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
      key_("be0cbe0c", std::string(32, 'k')),
      received_(absl::Now()) {}

std::string Events::topic() const {
  return absl::StrCat("vigil.", writer_, ".events.v1");
}

eventlog::TopicRecord Events::Event(int64_t number) const {
  const uint64_t seed = Mixed(static_cast<uint64_t>(number));
  // Every child is registered before the rest, which come in no order.
  const bool registers = number < children_;
  const int64_t child =
      registers ? number
                : static_cast<int64_t>(seed % static_cast<uint64_t>(children_));
  const std::string organisation = "police:99";

  event::Request request;
  request.source = event::Source(writer_, organisation);
  request.system = "bench-records";
  request.request_id = absl::StrCat("bench-", number);
  request.request_key =
      key_.RequestKey(request.source, request.system, request.request_id);
  // Of a request that was never made; as long as a real one.
  request.request_digest = key_.RequestDigest(request.request_id);
  request.received = received_;

  event::Draft draft;
  draft.subject = key_.Subject(event::SubjectKind::kPerson, organisation,
                               request.system, Digits(child));
  v1::Header& header = draft.header;
  header.mutable_occurred()->set_instant(Instant(seed));
  *header.mutable_organisation() = Force();
  *header.mutable_author() = Officer();
  header.mutable_record_ref()->set_system(request.system);
  header.mutable_record_ref()->set_id(Digits(number));
  header.set_conversation_ref(event::ConversationRef(
      request.source, request.system, request.request_id));
  header.set_headline(Words(seed + 1, 60));
  draft.kind.set_summary(Words(seed + 2, 120));
  v1::Person& person = *draft.people.emplace().mutable_subject();
  person.mutable_local_id()->set_system(request.system);
  person.mutable_local_id()->set_id(Digits(child));
  if (registers) {
    draft.kind.mutable_subject_registered();
    v1::Demographics& known = *person.mutable_demographics();
    v1::PersonName& name = *known.add_names();
    name.set_family(absl::StrCat("Bench", child % 5000));
    name.set_given(
        absl::StrCat("Child", Mixed(static_cast<uint64_t>(child)) % 5000));
    known.mutable_birth()->set_date(Instant(seed).substr(0, 10));
  } else if (number % 2 == 0) {
    SetTerm("athena", "DOM", "Domestic incident", header.mutable_term());
    draft.kind.mutable_incident_attended()->set_child_present(v1::ANSWER_YES);
  } else {
    auto& concern = *draft.kind.mutable_concern_raised();
    SetTerm("F35", "NEG", "Neglect", concern.add_categories());
  }

  std::vector<event::Draft> drafts;
  drafts.push_back(std::move(draft));
  event::Sealed sealed = std::move(Seal(std::move(drafts), request)[0]);
  eventlog::TopicRecord record = {topic(),
                                  {sealed.key, std::move(sealed.value), {}}};
  for (auto& [name, value] : sealed.headers) {
    record.record.headers.push_back({std::move(name), std::move(value)});
  }
  return record;
}

}  // namespace vigil::benchmark
