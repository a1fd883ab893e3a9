#include "tests/scenario/scenario.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/atomic_file.h"
#include "libs/base/organisation.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::scenario {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;
using ::vigil::chronology::v1::FindRequest;
using ::vigil::chronology::v1::FindResponse;
using ::vigil::chronology::v1::GetChronologyRequest;
using ::vigil::chronology::v1::GetChronologyResponse;
using ::vigil::chronology::v1::GetEntryRequest;
using ::vigil::chronology::v1::GetEntryResponse;
using ::vigil::chronology::v1::Row;
using ::vigil::common::v1::Receipt;
using ::vigil::common::v1::Statement;
using ::vigil::event::v1::Submission;

// A hub's coordinator asks, where a step names nobody else.
constexpr char kCoordinator[] = "hub-desk";
constexpr char kCoordinatorOrganisation[] = "local:NORTHSHIRE-HUB";
constexpr char kNobody[] = "somebody else";
constexpr char kChronology[] = "/vigil.chronology.v1.ChronologyService/";

struct Step {
  int line = 0;       // of the file, from 1
  std::string words;  // "fact B1, officer: incident_attended"
  std::vector<std::string> body;
};

std::vector<Step> Read(absl::string_view text) {
  std::vector<Step> steps;
  int line = 0;
  for (absl::string_view each : absl::StrSplit(text, '\n')) {
    ++line;
    if (absl::StartsWith(each, "#")) continue;
    if (absl::StripAsciiWhitespace(each).empty()) {
      if (!steps.empty()) steps.back().body.emplace_back();
    } else if (absl::ascii_isspace(each.front()) && !steps.empty()) {
      steps.back().body.emplace_back(each);
    } else {
      steps.push_back(
          {line, std::string(absl::StripAsciiWhitespace(each)), {}});
    }
  }
  return steps;
}

// What stands before and after the first `by`; all of it and nothing without.
std::pair<std::string, std::string> Cut(absl::string_view text,
                                        absl::string_view by) {
  const size_t at = text.find(by);
  if (at == absl::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)),
          std::string(text.substr(at + by.size()))};
}

// Where a reference that begins at `at` ("@B1[2].event") ends.
size_t EndOfReference(absl::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() &&
         (absl::ascii_isalnum(text[end]) || text[end] == '.' ||
          text[end] == '[' || text[end] == ']' || text[end] == '_')) {
    ++end;
  }
  return end;
}

std::vector<std::string> Lines(const Step& step) {
  std::vector<std::string> lines;
  for (const std::string& each : step.body) {
    const absl::string_view line = absl::StripAsciiWhitespace(each);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

// "social_care" -> "/vigil.social_care.v1.SocialCareService/Submit"
std::string SubmitPath(absl::string_view service) {
  std::string name;
  for (absl::string_view word : absl::StrSplit(service, '_')) {
    if (word.empty()) continue;
    absl::StrAppend(
        &name,
        std::string(
            1, absl::ascii_toupper(static_cast<unsigned char>(word.front()))),
        word.substr(1));
  }
  return absl::StrCat("/vigil.", service, ".v1.", name, "Service/Submit");
}

// The name of what the statement says; empty if it says nothing.
std::string ActOf(const Statement& statement) {
  const auto* act = Statement::GetReflection()->GetOneofFieldDescriptor(
      statement, Statement::descriptor()->FindOneofByName("act"));
  return act == nullptr ? "" : act->name();
}

// --- What a row reads like ---------------------------------------------------

std::string Text(const event::v1::LocalTime& time) {
  return absl::StrCat(time.time(), " ", time.zone());
}

std::string Text(const event::v1::Moment& moment) {
  switch (moment.value_case()) {
    case event::v1::Moment::kInstant:
      return moment.instant();
    case event::v1::Moment::kLocal:
      return Text(moment.local());
    case event::v1::Moment::kDate:
      return moment.date();
    case event::v1::Moment::VALUE_NOT_SET:
      return "";
  }
  return "?";
}

std::string Text(const event::v1::When& when) {
  std::string text;
  switch (when.value_case()) {
    case event::v1::When::kInstant:
      text = when.instant();
      break;
    case event::v1::When::kLocal:
      text = Text(when.local());
      break;
    case event::v1::When::kDate:
      text = when.date();
      break;
    case event::v1::When::kInterval:
      text = absl::StrCat(Text(when.interval().since()), " to ",
                          Text(when.interval().until()));
      break;
    case event::v1::When::kNotKnown:
      text = "not known";
      break;
    case event::v1::When::VALUE_NOT_SET:
      text = "not stated";
      break;
  }
  return when.approximate() == event::v1::ANSWER_YES ? "about " + text : text;
}

std::string Text(const event::v1::Organisation& organisation) {
  return absl::StrCat(organisation.scheme(), ":", organisation.code());
}

// The agency's own term, or the published code in words.
std::string Text(const event::v1::Concept& word) {
  return word.own().display().empty()
             ? absl::StrReplaceAll(word.code(), {{"_", " "}})
             : word.own().display();
}

// "with Tegen Penhallow, mother"
std::string Text(const chronology::v1::PersonInvolved& involved) {
  std::string text = absl::StrCat(
      "with ", involved.name().empty() ? "somebody" : involved.name());
  for (const event::v1::Tie& tie : involved.ties()) {
    absl::StrAppend(&text, ", ", Text(tie.relation()));
  }
  return text;
}

std::string Text(chronology::v1::RowState state) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(chronology::v1::RowState_Name(state), "ROW_STATE_"));
}

std::string Notes(const Row& row) {
  std::vector<std::string> notes;
  if (row.has_role()) notes.push_back(Text(row.role()));
  if (!row.whereabouts().empty()) notes.push_back(row.whereabouts());
  const event::v1::Seen& seen = row.seen();
  if (seen.seen() == event::v1::ANSWER_YES) {
    notes.push_back(seen.alone() == event::v1::ANSWER_YES ? "seen alone"
                                                          : "seen");
  } else if (seen.seen() == event::v1::ANSWER_NO) {
    notes.push_back("not seen");
  }
  if (!seen.own_words().empty()) {
    notes.push_back(absl::StrCat("says: ", seen.own_words()));
  }
  for (const chronology::v1::PersonInvolved& involved : row.involved()) {
    notes.push_back(Text(involved));
  }
  if (row.state() != chronology::v1::ROW_STATE_CURRENT) {
    notes.push_back(Text(row.state()));
  }
  if (row.significance() == event::v1::SIGNIFICANCE_SIGNIFICANT) {
    notes.push_back("significant");
  } else if (row.significance() == event::v1::SIGNIFICANCE_ROUTINE) {
    notes.push_back("routine");
  }
  if (!row.also_reported_by().empty()) {
    notes.push_back(absl::StrCat(
        "also reported by ", absl::StrJoin(row.also_reported_by(), " and ")));
  }
  if (row.visibility() != event::v1::VISIBILITY_FULL) {
    notes.push_back(event::v1::Visibility_Name(row.visibility()));
  }
  if (!row.conflicts().empty()) notes.push_back("in conflict");
  if (row.destroyed() == event::v1::ANSWER_YES) notes.push_back("destroyed");
  if (row.history() == event::v1::ANSWER_YES) notes.push_back("history");
  if (row.unmatched() == event::v1::ANSWER_YES) notes.push_back("unmatched");
  for (const chronology::v1::Amendment& amendment : row.amendments()) {
    std::string manner = absl::AsciiStrToLower(absl::StripPrefix(
        event::v1::Manner_Name(amendment.manner()), "MANNER_"));
    if (!amendment.fields().empty()) {
      absl::StrAppend(&manner, " ", absl::StrJoin(amendment.fields(), " and "));
    }
    notes.push_back(std::move(manner));
  }
  return absl::StrJoin(notes, "; ");
}

// "2025-03-07T21:40:00Z | police:99, response officer | Incident attended |
// Shouting heard | seen"
std::string Line(const Row& row) {
  std::vector<std::string> columns = {
      Text(row.occurred()),
      absl::StrCat(Text(row.organisation()), ", ", row.author().role()),
      row.term().display().empty()
          ? row.label()
          : absl::StrCat(row.label(), ": ", row.term().display()),
      row.headline()};
  if (std::string notes = Notes(row); !notes.empty()) {
    columns.push_back(std::move(notes));
  }
  return absl::StrJoin(columns, " | ");
}

// Why a record counts as one of the child's.
std::string Why(event::v1::LinkKind kind) {
  switch (kind) {
    case event::v1::LINK_KIND_ASKED:
      return "asked for";
    case event::v1::LINK_KIND_RULE:
      return "by rule";
    case event::v1::LINK_KIND_DECISION:
      return "by decision";
    case event::v1::LINK_KIND_RENAMED:
      return "renamed";
    default:
      return "?";
  }
}

// --- The play ----------------------------------------------------------------

class Player {
 public:
  Player(const std::string& file, const Open& open)
      : name_(std::filesystem::path(file).filename()), open_(open) {}

  Played Run(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      step_ = &step;
      const size_t faults = played_.faults.size();
      if (!Take(step) && faults == played_.faults.size()) {
        Fault("is no step that this player knows (README.md)");
      }
      if (stop_) break;
    }
    return std::move(played_);
  }

 private:
  struct Voice {
    std::string system;
    std::string service;
    Submission submission;
  };

  struct Told {
    std::string event_id;
    std::string by;  // the organisation
    std::string fact;
  };

  void Fault(absl::string_view what) {
    played_.faults.push_back(
        absl::StrCat(name_, ":", step_->line, ": ", step_->words, ": ", what));
  }

  bool Take(const Step& step) {
    const auto [verb, rest] = Cut(step.words, " ");
    const auto [name, what] = Cut(rest, ": ");
    if (verb == "case") {
      case_ = name;
      played_.title = absl::StrCat("case ", case_, ": ", what);
      return true;
    }
    if (verb == "voice") {
      const auto [system, service] = Cut(what, " through ");
      return TakeVoice(name, {system, service, {}});
    }
    if (verb == "fact") {
      const auto [fact, voice] = Cut(name, ", ");
      return TakeFact(fact, voice, what);
    }
    if (verb == "child" || verb == "person") return TakeName(name, what);
    if (verb == "remember") return TakeRemember(rest);
    if (verb == "chronology" && absl::StartsWith(rest, "of ")) {
      const auto [question, voice] = Cut(rest.substr(3), " for ");
      const auto [whose, as_of] = Cut(question, " as of ");
      return TakeChronology(whose, as_of, voice);
    }
    if (verb == "records" && absl::StartsWith(rest, "of ")) {
      return TakeRecords(rest.substr(3));
    }
    if (verb == "ties" && absl::StartsWith(rest, "of ")) {
      return TakeTies(rest.substr(3));
    }
    if (verb == "entry") return TakeEntry(rest);
    if (verb == "find") return TakeFind(rest);
    if (verb == "waiting" && absl::StartsWith(name, "for ")) {
      std::vector<std::string> text = Lines(step);
      text.insert(text.begin(), what);
      played_.waiting.push_back(absl::StrCat("case ", case_, ", ",
                                             name.substr(4), ": ",
                                             absl::StrJoin(text, " ")));
      return true;
    }
    return false;
  }

  bool TakeVoice(const std::string& name, Voice voice) {
    if (Parse(&voice.submission)) voices_[name] = std::move(voice);
    return true;
  }

  bool TakeName(const std::string& name, const std::string& place) {
    const bool by_path = absl::StrContains(place, '.');
    std::string subject;
    if (Resolve(absl::StrCat("@", place, by_path ? "" : ".subject"),
                &subject)) {
      people_[name] = std::move(subject);
      names_.push_back(name);
    }
    return true;
  }

  // The body, with "@B1[2]" and the like replaced, into `message`.
  bool Parse(Message* message) {
    const std::string text = absl::StrJoin(step_->body, "\n");
    std::string replaced;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text[at] == '@' ? EndOfReference(text, at) : at + 1;
      std::string part = text.substr(at, end - at);
      if (text[at] == '@' && !Resolve(part, &part)) return false;
      replaced += part;
      at = end;
    }

    struct Collector final : google::protobuf::io::ErrorCollector {
      explicit Collector(Player* to) : player(to) {}
      void AddError(int line, int, const std::string& message) override {
        player->Fault(absl::StrCat("line ", player->step_->line + line + 1,
                                   ": ", message));
      }
      Player* player;
    } collector(this);
    TextFormat::Parser parser;
    parser.RecordErrorsTo(&collector);
    if (parser.ParseFromString(replaced, message)) return true;
    stop_ = true;
    return false;
  }

  // What "@B1[2]", "@B1[2].subject", "@B1.involved[0]" and the like are, of the
  // receipts so far.
  bool Resolve(const std::string& reference, std::string* value) {
    const auto [place, what] = Cut(reference.substr(1), ".");
    const auto [fact, number] = Cut(place, "[");
    int index = 1;
    const bool readable =
        number.empty() ||
        absl::SimpleAtoi(absl::StripSuffix(number, "]"), &index);
    const auto found = receipts_.find(fact);
    if (!readable || found == receipts_.end()) {
      Fault(absl::StrCat(reference, ": no fact of that name was told"));
      stop_ = true;
      return false;
    }
    const Receipt& receipt = found->second;
    if (what == "conversation") {
      *value = receipt.conversation_ref();
      return true;
    }
    if (!what.empty() && what != "event" && what != "subject") {
      for (const event::v1::Named& named : receipt.named()) {
        if (named.field() == what ||
            named.field() == absl::StrCat(what, ".person.ref")) {
          *value = named.subject();
          return true;
        }
      }
      Fault(absl::StrCat(reference, ": its receipt names nobody there"));
      stop_ = true;
      return false;
    }
    if (index < 1 || index > receipt.events_size()) {
      Fault(absl::StrCat(reference, ": that fact made ", receipt.events_size(),
                         " event(s)"));
      stop_ = true;
      return false;
    }
    const common::v1::StoredEvent& event = receipt.events(index - 1);
    if (what.empty()) {
      *value = absl::StrCat("event_id: \"", event.event_id(), "\" subject: \"",
                            event.subject(), "\"");
    } else {
      *value = what == "event" ? event.event_id() : event.subject();
    }
    return true;
  }

  const service::Channel& ChannelOf(const std::string& system,
                                    const std::string& service) {
    const auto key = std::make_pair(system, service);
    auto found = channels_.find(key);
    if (found == channels_.end()) {
      found = channels_.emplace(key, open_(system, service)).first;
    }
    return found->second;
  }

  bool TakeFact(const std::string& fact, const std::string& voice_name,
                const std::string& act) {
    const auto voice = voices_.find(voice_name);
    if (voice == voices_.end()) {
      Fault("no such voice");
      stop_ = true;
      return true;
    }
    Statement statement;
    if (!Parse(&statement)) return true;
    if (const std::string said = ActOf(statement); said != act) {
      Fault(said.empty() ? "says nothing" : absl::StrCat("says ", said));
      stop_ = true;
      return true;
    }
    Submission whole = voice->second.submission;
    whole.MergeFrom(statement.submission());
    whole.set_request_id(absl::StrCat("case-", case_, "-", fact));
    if (whole.record_ref().id().empty()) {
      whole.mutable_record_ref()->set_id(whole.request_id());
    }
    *statement.mutable_submission() = std::move(whole);

    const std::string path = SubmitPath(voice->second.service);
    const service::Channel& channel =
        ChannelOf(voice->second.system, voice->second.service);
    Receipt receipt;
    if (const absl::Status status = channel.Call(path, statement, &receipt);
        !status.ok()) {
      Fault(status.ToString());
      stop_ = true;
      return true;
    }
    CheckReceipt(receipt, statement);
    Receipt again;
    const absl::Status repeated = channel.Call(path, statement, &again);
    if (!repeated.ok()) {
      Fault(absl::StrCat("the same again: ", repeated.ToString()));
    } else if (!google::protobuf::util::MessageDifferencer::Equals(receipt,
                                                                   again)) {
      Fault("the same again got another receipt");
    }
    for (const common::v1::StoredEvent& event : receipt.events()) {
      told_.push_back({event.event_id(),
                       Text(statement.submission().organisation()), fact});
    }
    receipts_[fact] = std::move(receipt);
    ++played_.facts;
    return true;
  }

  void CheckReceipt(const Receipt& receipt, const Statement& statement) {
    if (receipt.request_id() != statement.submission().request_id()) {
      Fault("another request's receipt");
    }
    if (receipt.durability() != common::v1::DURABILITY_LOGGED) {
      Fault("the receipt does not say LOGGED");
    }
    if (receipt.events().empty()) Fault("the receipt names no event");
    if (receipt.conversation_ref().empty()) Fault("no conversation");
    for (const common::v1::StoredEvent& event : receipt.events()) {
      if (event.event_id().empty() || event.subject().empty() ||
          !event.position().has_offset()) {
        Fault("an event without id, subject or position");
      }
    }
    std::set<std::string> named;
    for (const event::v1::Named& each : receipt.named()) {
      if (!each.subject().empty()) named.insert(each.field());
    }
    const auto check = [&](const std::string& field) {
      if (!named.contains(field)) {
        Fault(absl::StrCat("the receipt does not name ", field));
      }
    };
    for (int i = 0; i < statement.about_size(); ++i) {
      if (statement.about(i).has_person()) {
        check(absl::StrCat("about[", i, "].person.ref"));
      } else if (statement.about(i).has_household()) {
        check(absl::StrCat("about[", i, "].household.ref"));
      }
    }
    for (int i = 0; i < statement.involved_size(); ++i) {
      check(absl::StrCat("involved[", i, "].person.ref"));
    }
  }

  void FillAsking(const std::string& voice_name,
                  chronology::v1::Asking* asking) const {
    event::v1::Asker& asker = *asking->mutable_on_behalf_of();
    asking->set_purpose(event::v1::PURPOSE_SAFEGUARDING_ENQUIRY);
    asking->set_serves(absl::StrCat("case-", case_));
    if (voice_name.empty()) {
      asker.set_person_id("C-7");
      asker.set_name("Synthetic Coordinator");
      asker.set_function("hub coordinator");
      const auto hub = ParseOrganisation(kCoordinatorOrganisation);
      asking->mutable_organisation()->set_scheme(hub->scheme);
      asking->mutable_organisation()->set_code(hub->code);
    } else {
      const Submission& submission = voices_.at(voice_name).submission;
      asker.set_person_id("P-1");
      asker.set_name("Synthetic Professional");
      asker.set_function(submission.author().role());
      *asking->mutable_organisation() = submission.organisation();
    }
  }

  // As fresh as all that was told; for an agency, that it told itself: it may
  // not learn what others have told.
  void AskForAllTold(const std::string& voice_name,
                     chronology::v1::AtLeast* at_least) const {
    const std::string by =
        voice_name.empty()
            ? ""
            : Text(voices_.at(voice_name).submission.organisation());
    for (const Told& told : told_) {
      if (voice_name.empty() || told.by == by) {
        at_least->add_event_ids(told.event_id);
      }
    }
  }

  std::string SystemOf(const std::string& voice_name) const {
    return voice_name.empty() ? kCoordinator : voices_.at(voice_name).system;
  }

  // An answer, whole and fresh; false if there is none.
  bool Ask(const std::string& voice_name, GetChronologyRequest request,
           GetChronologyResponse* response) {
    FillAsking(voice_name, request.mutable_asking());
    request.set_page_size(500);
    AskForAllTold(voice_name, request.mutable_at_least());
    const absl::Status status =
        ChannelOf(SystemOf(voice_name), "chronology")
            .Call(absl::StrCat(kChronology, "GetChronology"), request,
                  response);
    if (!status.ok()) {
      Fault(status.ToString());
      return false;
    }
    if (response->view_id().empty()) Fault("the answer has no view id");
    CheckCompleteness(response->completeness());
    return true;
  }

  void CheckCompleteness(const chronology::v1::Completeness& completeness) {
    if (completeness.words().empty()) Fault("does not say how complete it is");
    if (completeness.positions().topics().empty()) {
      Fault("does not say what it reflects");
    }
    if (completeness.quarantined() != 0) Fault("something is in quarantine");
    if (completeness.log_reachable() != event::v1::ANSWER_YES) {
      Fault("does not say that the log can be reached");
    }
  }

  bool TakeRemember(const std::string& name) {
    // Anybody will do: what matters is what the index holds now.
    if (people_.empty()) {
      Fault("name a child first");
      return true;
    }
    GetChronologyRequest request;
    request.set_subject(people_.begin()->second);
    GetChronologyResponse response;
    if (Ask("", std::move(request), &response)) {
      remembered_[name] = response.completeness().positions();
    }
    return true;
  }

  bool TakeChronology(const std::string& whose, const std::string& as_of,
                      const std::string& voice_name) {
    const auto subject = people_.find(whose);
    if (subject == people_.end()) {
      Fault("nobody has that name");
      return true;
    }
    if (!voice_name.empty() && !voices_.contains(voice_name)) {
      Fault("no such voice");
      return true;
    }
    GetChronologyRequest request;
    request.set_subject(subject->second);
    request.set_order(chronology::v1::ORDER_OLDEST_FIRST);
    if (!as_of.empty()) {
      const auto found = remembered_.find(as_of);
      if (found == remembered_.end()) {
        Fault("nothing is remembered by that name");
        return true;
      }
      *request.mutable_as_of()->mutable_positions() = found->second;
    }
    GetChronologyResponse response;
    if (!Ask(voice_name, std::move(request), &response)) return true;
    std::vector<std::string> lines;
    for (const Row& row : response.rows()) lines.push_back(Line(row));
    Compare(Lines(*step_), lines);

    // The same screen again, by its id.
    GetChronologyRequest again;
    again.set_view_id(response.view_id());
    // A view is an event: the index must have come to know it.
    again.mutable_at_least()->add_event_ids(response.view_id());
    GetChronologyResponse shown;
    if (!Ask(voice_name, std::move(again), &shown)) return true;
    if (shown.view().digest_agrees() != event::v1::ANSWER_YES) {
      Fault("the view shown again does not agree with what was shown");
    }
    std::vector<std::string> same;
    for (const Row& row : shown.rows()) same.push_back(Line(row));
    if (same != lines) Fault("the view shown again has other rows");
    return true;
  }

  bool TakeRecords(const std::string& whose) {
    const auto subject = people_.find(whose);
    if (subject == people_.end()) {
      Fault("nobody has that name");
      return true;
    }
    GetChronologyRequest request;
    request.set_subject(subject->second);
    GetChronologyResponse response;
    if (!Ask("", std::move(request), &response)) return true;
    std::vector<std::string> lines;
    for (const event::v1::LinkedSubject& linked : response.subjects()) {
      std::string line = Why(linked.kind());
      for (const Told& told : told_) {
        if (told.event_id == linked.event_id()) {
          absl::StrAppend(&line, ", ", told.fact);
        }
      }
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& possible : response.possible_matches()) {
      lines.push_back(
          absl::StrCat("perhaps ", NameOf(possible.subject()), ": ",
                       absl::StrJoin(possible.reasons(), ", ",
                                     [](std::string* out, const auto& reason) {
                                       out->append(reason.code());
                                     })));
    }
    Compare(Lines(*step_), lines);
    return true;
  }

  // "girl's private foster carer is Loveday Tregarthen, since 2024-10"
  bool TakeTies(const std::string& whose) {
    const auto subject = people_.find(whose);
    if (subject == people_.end()) {
      Fault("nobody has that name");
      return true;
    }
    GetChronologyRequest request;
    request.set_subject(subject->second);
    GetChronologyResponse response;
    if (!Ask("", std::move(request), &response)) return true;
    const auto name = [&](const std::string& of) {
      for (const event::v1::LinkedSubject& linked : response.subjects()) {
        if (linked.subject() == of) return whose;
      }
      return NameOf(of);
    };
    std::vector<std::string> lines;
    for (const chronology::v1::KnownTie& tie : response.ties()) {
      std::string who = name(tie.subject());
      if (who == kNobody && !tie.name().empty()) who = tie.name();
      std::string line = absl::StrCat(name(tie.to()), "'s ",
                                      Text(tie.relation()), " is ", who);
      if (tie.valid().has_since()) {
        absl::StrAppend(&line, ", since ", Text(tie.valid().since()));
      }
      if (tie.valid().has_until()) {
        absl::StrAppend(&line, ", until ", Text(tie.valid().until()));
      }
      if (tie.state() != chronology::v1::ROW_STATE_CURRENT) {
        absl::StrAppend(&line, ", ", Text(tie.state()));
      }
      lines.push_back(absl::StrCat(line, " (", Text(tie.organisation()), ")"));
    }
    CompareInAnyOrder(std::move(lines));
    return true;
  }

  // What the body states of an entry must be so; the rest may be anything.
  bool TakeEntry(const std::string& place) {
    GetEntryRequest request;
    GetEntryResponse expected;
    if (!Resolve(absl::StrCat("@", place, ".event"),
                 request.mutable_event_id()) ||
        !Parse(&expected)) {
      return true;
    }
    FillAsking("", request.mutable_asking());
    AskForAllTold("", request.mutable_at_least());
    GetEntryResponse response;
    const absl::Status status =
        ChannelOf(kCoordinator, "chronology")
            .Call(absl::StrCat(kChronology, "GetEntry"), request, &response);
    if (!status.ok()) {
      Fault(status.ToString());
      return true;
    }
    if (response.view_id().empty()) Fault("the answer has no view id");
    CheckCompleteness(response.completeness());
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_scope(google::protobuf::util::MessageDifferencer::PARTIAL);
    std::string difference;
    differencer.ReportDifferencesToString(&difference);
    if (!differencer.Compare(expected, response)) {
      Fault(absl::StrCat("differs:\n", difference));
    }
    return true;
  }

  bool TakeFind(const std::string& name) {
    FindRequest request;
    FillAsking("", request.mutable_asking());
    request.set_name(name);
    AskForAllTold("", request.mutable_at_least());
    FindResponse response;
    const absl::Status status =
        ChannelOf(kCoordinator, "chronology")
            .Call(absl::StrCat(kChronology, "Find"), request, &response);
    if (!status.ok()) {
      Fault(status.ToString());
      return true;
    }
    if (response.view_id().empty()) Fault("the answer has no view id");
    CheckCompleteness(response.completeness());
    std::vector<std::string> found;
    for (const chronology::v1::Candidate& candidate : response.candidates()) {
      std::vector<std::string> known(candidate.known_to().begin(),
                                     candidate.known_to().end());
      std::sort(known.begin(), known.end());
      found.push_back(absl::StrCat(NameOf(candidate), ", known to ",
                                   absl::StrJoin(known, " and ")));
    }
    CompareInAnyOrder(std::move(found));
    return true;
  }

  // Whom of the file a candidate is: by the name that came first, if several.
  std::string NameOf(const chronology::v1::Candidate& candidate) const {
    std::set<std::string> subjects = {candidate.subject()};
    for (const event::v1::LinkedSubject& linked : candidate.subjects()) {
      subjects.insert(linked.subject());
    }
    for (const std::string& name : names_) {
      if (subjects.contains(people_.at(name))) return name;
    }
    return kNobody;
  }
  std::string NameOf(absl::string_view subject) const {
    for (const auto& [name, known] : people_) {
      if (known == subject) return name;
    }
    return kNobody;
  }

  // Rows of the same moment have no order that a reader could rely on.
  static void SortSameMoments(std::vector<std::string>* rows) {
    const auto moment = [](const std::string& row) {
      return Cut(row, " | ").first;
    };
    for (auto first = rows->begin(); first != rows->end();) {
      const auto last = std::find_if(first, rows->end(), [&](const auto& row) {
        return moment(row) != moment(*first);
      });
      std::sort(first, last);
      first = last;
    }
  }

  void CompareInAnyOrder(std::vector<std::string> got) {
    std::vector<std::string> expected = Lines(*step_);
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    Compare(std::move(expected), std::move(got));
  }

  void Compare(std::vector<std::string> expected,
               std::vector<std::string> got) {
    if (expected == std::vector<std::string>{"nothing"}) expected.clear();
    SortSameMoments(&expected);
    SortSameMoments(&got);
    if (expected == got) return;
    std::string text = "differs (- expected, + got):";
    size_t same = 0;
    while (same < expected.size() && same < got.size() &&
           expected[same] == got[same]) {
      ++same;
    }
    for (size_t i = same; i < expected.size(); ++i) {
      absl::StrAppend(&text, "\n  - ", expected[i]);
    }
    for (size_t i = same; i < got.size(); ++i) {
      absl::StrAppend(&text, "\n  + ", got[i]);
    }
    Fault(text);
  }

  const std::string name_;
  const Open& open_;
  Played played_;
  const Step* step_ = nullptr;
  bool stop_ = false;
  std::string case_;
  std::map<std::string, Voice> voices_;
  std::map<std::string, Receipt> receipts_;
  std::map<std::string, std::string> people_;  // name -> subject
  std::vector<std::string> names_;             // as they came
  std::map<std::string, event::v1::Positions> remembered_;
  std::vector<Told> told_;
  std::map<std::pair<std::string, std::string>, service::Channel> channels_;
};

}  // namespace

Played Play(const std::string& file, const Open& open) {
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) {
    Played unread;
    unread.faults.push_back(text.status().ToString());
    return unread;
  }
  return Player(file, open).Run(Read(*text));
}

}  // namespace vigil::scenario
