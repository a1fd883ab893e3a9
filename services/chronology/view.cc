#include "services/chronology/view.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/big_endian.h"
#include "libs/base/calendar.h"
#include "libs/event/birth.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/event/when.h"

namespace vigil::chronology {
namespace {

using ::vigil::safeguarding::SeesCombinedRecord;
using ::vigil::safeguarding::State;
using ::vigil::safeguarding::Visibility;

constexpr absl::string_view kHeldLabel = "A record that cannot be opened";
constexpr absl::string_view kHeldHeadline =
    "Something is held here that this version cannot read. Ask the source.";
constexpr absl::string_view kNoticeHeadline =
    "Information is held. Ask the source.";

std::string PlaceText(const eventlog::Position& position) {
  return absl::StrCat(position.partition.topic, "/",
                      position.partition.partition, "/", position.offset);
}

// Orders lines of one when.
std::string PlaceKey(const eventlog::Position& position) {
  std::string key = position.partition.topic;
  key.push_back('\0');
  AppendBigEndian32(key, static_cast<uint32_t>(position.partition.partition));
  AppendBigEndian64(key, static_cast<uint64_t>(position.offset));
  return key;
}

bool MayOverlap(const event::v1::When& when,
                const event::PossibleTimes& range) {
  const event::PossibleTimes times = event::PossibleTimesOf(when);
  return times.earliest <= range.latest && times.latest >= range.earliest;
}

template <typename Repeated, typename T>
bool Contains(const Repeated& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

event::SourceParts SourceOf(const Item& item) {
  return event::ParseSource(item.entry.fact.envelope.source);
}

// What an entry is judged to be; UNSPECIFIED is no judgement (F40).
event::v1::Significance SignificanceOf(const Item& item) {
  return item.state.significance == event::v1::SIGNIFICANCE_UNSPECIFIED
             ? event::v1::SIGNIFICANCE_NOT_YET_JUDGED
             : item.state.significance;
}

class Filter {
 public:
  Filter(const Child& child, const v1::GetChronologyRequest& question)
      : child_(child), question_(question) {
    if (question.has_occurred()) {
      range_ = event::PossibleTimesOf(question.occurred());
    }
    for (const auto& organisation : question.organisations()) {
      organisations_.insert(event::OrganisationText(organisation));
    }
  }

  bool Takes(const Item& item) const {
    if (!item.is_row) return false;
    const event::SourceParts source = SourceOf(item);
    return TakesSource(source.writer, source.organisation) &&
           (question_.types().empty() ||
            Contains(question_.types(), item.entry.fact.envelope.type)) &&
           (question_.significances().empty() ||
            Contains(question_.significances(), SignificanceOf(item))) &&
           TakesTime(item);
  }

  bool Takes(const Child::Held& held) const {
    return TakesSource(held.record.writer, held.record.organisation);
  }

 private:
  bool TakesSource(absl::string_view writer,
                   absl::string_view organisation) const {
    return (question_.writers().empty() ||
            Contains(question_.writers(), writer)) &&
           (organisations_.empty() || organisation.empty() ||
            organisations_.contains(organisation));
  }

  // As the entry says, or as a correction does.
  bool TakesTime(const Item& item) const {
    if (!range_ || MayOverlap(item.header.occurred(), *range_)) return true;
    return std::any_of(item.state.amendments.begin(),
                       item.state.amendments.end(), [&](size_t i) {
                         const Item& other = child_.items[i];
                         return other.seen.visibility == Visibility::kFull &&
                                other.header.has_occurred() &&
                                MayOverlap(other.header.occurred(), *range_);
                       });
  }

  const Child& child_;
  const v1::GetChronologyRequest& question_;
  std::optional<event::PossibleTimes> range_;
  std::set<std::string, std::less<>> organisations_;
};

v1::RowState RowStateOf(State state) {
  switch (state) {
    case State::kWithdrawn:
      return v1::ROW_STATE_WITHDRAWN;
    case State::kConflict:
      return v1::ROW_STATE_CONFLICT;
    case State::kCorrected:
      return v1::ROW_STATE_CORRECTED;
    case State::kProvisional:
      return v1::ROW_STATE_PROVISIONAL;
    case State::kCurrent:
      return v1::ROW_STATE_CURRENT;
  }
  return v1::ROW_STATE_UNSPECIFIED;
}

event::v1::LinkKind LinkOf(const Child& child, const std::string& subject) {
  for (const event::v1::LinkedSubject& linked : child.identity.subjects) {
    if (linked.subject() == subject) return linked.kind();
  }
  return event::v1::LINK_KIND_UNSPECIFIED;
}

// Whole days from the last moment that it can have happened to when we got it.
std::optional<int32_t> DaysLate(const event::v1::When& occurred,
                                absl::Time received) {
  const absl::Time latest = event::PossibleTimesOf(occurred).latest;
  if (latest == absl::InfiniteFuture()) return std::nullopt;
  const absl::civil_diff_t days =
      absl::ToCivilDay(received, London()) - absl::ToCivilDay(latest, London());
  return static_cast<int32_t>(std::max<absl::civil_diff_t>(days, 0));
}

std::string PlaceOf(const event::v1::Place& place) {
  if (!place.name().empty()) return place.name();
  std::vector<std::string> parts(place.address().lines().begin(),
                                 place.address().lines().end());
  if (!place.address().postcode().empty()) {
    parts.push_back(place.address().postcode());
  }
  if (parts.empty()) return place.type().display();
  return absl::StrJoin(parts, ", ");
}

// Which fields an amendment names, and why it was made.
struct Amended {
  std::vector<std::string> fields;
  std::string reason;
  bool adds = false;  // what it says is beside, not instead
};
Amended AmendedBy(const event::v1::Kind& kind) {
  Amended amended;
  const auto take = [&](const auto& fields) {
    amended.fields.assign(fields.begin(), fields.end());
  };
  if (kind.has_entry_corrected()) {
    take(kind.entry_corrected().fields());
    amended.reason = kind.entry_corrected().reason();
  } else if (kind.has_entry_supplemented()) {
    take(kind.entry_supplemented().fields());
    amended.adds = true;
  } else if (kind.has_entry_withdrawn()) {
    take(kind.entry_withdrawn().fields());
    amended.reason = kind.entry_withdrawn().reason();
    if (amended.reason.empty()) {
      amended.reason = kind.entry_withdrawn().reason_code().display();
    }
  } else if (kind.has_entry_reassigned()) {
    amended.reason = kind.entry_reassigned().reason();
  }
  return amended;
}

// One content of several that came under one id or request.
void SetConflict(const Fact& fact, const Asking& asking,
                 v1::Conflict* conflict) {
  conflict->set_event_id(std::string(fact.envelope.id));
  *conflict->mutable_position() = ToProto(fact.position);
  SetTime(fact.logged, conflict->mutable_logged());
  if (DecideSection(asking, fact, event::v1::PART_HEADER).visibility !=
      Visibility::kFull) {
    conflict->set_headline(std::string(kNoticeHeadline));
    return;
  }
  conflict->set_headline(HeaderFor(asking, fact).headline());
}

// What it says in its own words is told to whoever may see both it and what it
// amends.
void SetAmendment(const Item& item, const Asking& asking,
                  v1::Amendment* amendment) {
  const Fact& fact = item.entry.fact;
  amendment->set_event_id(std::string(fact.envelope.id));
  amendment->set_type(std::string(fact.envelope.type));
  SetTime(fact.logged, amendment->mutable_logged());
  const Organisation organisation = OrganisationOf(SourceOf(item).organisation);
  amendment->mutable_organisation()->set_scheme(organisation.scheme);
  amendment->mutable_organisation()->set_code(organisation.code);
  const bool shown = item.seen.visibility == Visibility::kFull;
  for (const Fact& other : item.entry.conflicts) {
    v1::Conflict* conflict = amendment->add_conflicts();
    SetConflict(other, asking, conflict);
    if (!shown) conflict->set_headline(std::string(kNoticeHeadline));
  }
  if (!shown || !SeesContent(asking, fact)) {
    amendment->set_headline(std::string(kNoticeHeadline));
    return;
  }
  if (!item.kind) return;
  const Amended amended = AmendedBy(*item.kind);
  *amendment->mutable_fields() = {amended.fields.begin(), amended.fields.end()};
  amendment->set_reason(amended.reason);
  if (amended.adds || Contains(amended.fields, "header.headline")) {
    amendment->set_headline(item.header.headline());
  }
  if (amended.adds || Contains(amended.fields, "kind.summary")) {
    amendment->set_summary(item.kind->summary());
  }
  if (Contains(amended.fields, "header.occurred")) {
    *amendment->mutable_occurred() = item.header.occurred();
  }
}

// What the section KIND says, as far as the asker may see it.
void SetKind(const Item& item, const Asking& asking, v1::Row* row) {
  const event::Envelope& envelope = item.entry.fact.envelope;
  if (!SeesContent(asking, item.entry.fact)) {
    row->set_visibility(event::v1::VISIBILITY_REDACTED);
    row->add_warnings("Its content is withheld. Ask the source.");
    return;
  }
  const absl::StatusOr<event::v1::Kind> kind = envelope.OpenKind();
  if (!kind.ok()) {
    row->add_warnings(
        absl::IsUnimplemented(kind.status())
            ? "This version does not know this kind of entry: its heading is "
              "shown."
            : "Its content cannot be read: its heading is shown. Ask the "
              "source.");
    return;
  }
  row->set_summary(kind->summary());
  row->set_action(kind->action());
  row->set_outcome(kind->outcome());
  if (kind->has_child()) *row->mutable_child() = kind->child();
}

v1::Row HeldRow(const Child& child, const Line& line) {
  const Child::Held& held = *line.held;
  v1::Row row;
  row.set_event_id(line.id());
  row.set_label(std::string(kHeldLabel));
  row.set_headline(std::string(kHeldHeadline));
  row.mutable_occurred()->mutable_not_known();
  SetTime(held.record.logged, row.mutable_logged());
  row.set_writer(held.record.writer);
  const Organisation organisation = OrganisationOf(held.record.organisation);
  row.mutable_organisation()->set_scheme(organisation.scheme);
  row.mutable_organisation()->set_code(organisation.code);
  row.set_significance(event::v1::SIGNIFICANCE_NOT_YET_JUDGED);
  row.set_state(v1::ROW_STATE_UNREADABLE);
  row.set_subject(held.subject);
  row.set_link(LinkOf(child, held.subject));
  row.set_visibility(event::v1::VISIBILITY_NOTICE);
  *row.mutable_position() = ToProto(held.record.position);
  return row;
}

}  // namespace

std::string Line::id() const {
  return item != nullptr ? std::string(item->entry.fact.envelope.id)
                         : PlaceText(held->record.position);
}

std::vector<Line> Arrange(const Child& child,
                          const v1::GetChronologyRequest& question) {
  const Filter filter(child, question);
  std::vector<Line> lines;
  for (const Item& item : child.items) {
    if (!filter.Takes(item)) continue;
    lines.push_back({.key = event::WhenKey(item.header.occurred()) +
                            PlaceKey(item.entry.fact.position),
                     .item = &item});
  }
  const std::string not_known = event::WhenKey({});
  for (const Child::Held& held : child.unreadable) {
    if (!filter.Takes(held)) continue;
    lines.push_back(
        {.key = not_known + PlaceKey(held.record.position), .held = &held});
  }
  const bool oldest_first = question.order() == v1::ORDER_OLDEST_FIRST;
  std::sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) {
    return oldest_first ? a.key < b.key : b.key < a.key;
  });
  return lines;
}

v1::Row RowOf(const Child& child, const Line& line, const Asking& asking) {
  if (line.item == nullptr) return HeldRow(child, line);
  const Item& item = *line.item;
  const Fact& fact = item.entry.fact;
  const event::v1::Header& header = item.header;
  const event::SourceParts source = SourceOf(item);
  const Organisation organisation = OrganisationOf(source.organisation);

  v1::Row row;
  row.set_event_id(line.id());
  row.mutable_organisation()->set_scheme(organisation.scheme);
  row.mutable_organisation()->set_code(organisation.code);
  row.set_writer(std::string(source.writer));
  row.set_subject(item.subject);
  row.set_link(LinkOf(child, item.subject));
  row.set_visibility(AsShown(item.seen.visibility));
  *row.mutable_position() = ToProto(fact.position);
  SetTime(fact.envelope.received, row.mutable_received());
  SetTime(fact.logged, row.mutable_logged());
  if (header.has_occurred()) *row.mutable_occurred() = header.occurred();
  row.set_state(RowStateOf(item.state.state));
  row.set_significance(SignificanceOf(item));
  if (item.seen.visibility == Visibility::kNotice) {
    row.set_headline(std::string(kNoticeHeadline));
    return row;
  }

  row.set_type(std::string(fact.envelope.type));
  row.set_label(header.label().empty()
                    ? event::LabelOf(std::string(fact.envelope.type))
                    : header.label());
  if (header.has_term()) *row.mutable_term() = header.term();
  row.set_headline(header.headline());
  if (header.has_observed()) *row.mutable_observed() = header.observed();
  if (header.has_recorded()) *row.mutable_recorded() = header.recorded();
  row.set_age_then(event::AgeAt(child.demographics.birth(), header.occurred()));
  if (header.has_author()) *row.mutable_author() = header.author();
  row.set_conversation_ref(header.conversation_ref());
  if (const std::optional<int32_t> days =
          DaysLate(header.occurred(), fact.envelope.received)) {
    row.set_days_late(*days);
  }
  SetKind(item, asking, &row);
  if (fact.envelope.Find(event::v1::PART_PLACE) != nullptr &&
      DecideSection(asking, fact, event::v1::PART_PLACE).visibility ==
          Visibility::kFull) {
    const auto place =
        fact.envelope.Open<event::v1::Place>(event::v1::PART_PLACE);
    if (place.ok()) row.set_place(PlaceOf(*place));
  }

  if (item.state.significance_by) {
    const Item& judge = child.items[*item.state.significance_by];
    std::string by(SourceOf(judge).organisation);
    if (judge.seen.visibility == Visibility::kFull) {
      absl::StrAppend(&by, ", ", judge.header.author().role());
    }
    row.set_significance_by(by);
  }
  for (const size_t i : item.state.amendments) {
    SetAmendment(child.items[i], asking, row.add_amendments());
  }
  for (const size_t i : item.state.incident_group) {
    row.add_incident_group(std::string(child.items[i].entry.fact.envelope.id));
  }
  for (const std::string& other : item.state.also_reported_by) {
    row.add_also_reported_by(other);
  }
  for (const Fact& other : item.entry.conflicts) {
    SetConflict(other, asking, row.add_conflicts());
  }
  row.set_duplicates(item.entry.duplicates);
  if (!fact.envelope.request_key.empty()) {
    row.set_incomplete(item.request.incomplete ? event::v1::ANSWER_YES
                                               : event::v1::ANSWER_NO);
  }
  if (item.request.conflicting) {
    row.add_warnings("Other content was sent under the same request id.");
  }
  if (item.kind) {
    row.add_warnings(
        "It is about an entry that is not in this record, or not yet.");
  }
  return row;
}

event::v1::Visibility AsShown(Visibility visibility) {
  return visibility == Visibility::kNothing
             ? event::v1::VISIBILITY_UNSPECIFIED
             : safeguarding::AsRecorded(visibility);
}

void SetSubjects(const safeguarding::Identity& identity,
                 v1::GetChronologyResponse* response) {
  for (const event::v1::LinkedSubject& linked : identity.subjects) {
    *response->add_subjects() = linked;
  }
  response->set_subjects_version(identity.version);
  for (const safeguarding::PossibleMatch& match : identity.possible_matches) {
    v1::PossibleMatch* shown = response->add_possible_matches();
    shown->set_subject(match.subject);
    for (const safeguarding::MatchReason& reason : match.reasons) {
      v1::MatchReason* why = shown->add_reasons();
      why->set_code(std::string(reason.code));
      why->set_text(std::string(reason.text));
    }
  }
  for (const safeguarding::Cut& cut : identity.cuts) {
    v1::Cut* shown = response->add_cuts();
    shown->set_subject(cut.subject);
    shown->set_other(cut.other);
    shown->set_kind(cut.kind);
    shown->set_event_id(cut.event_id);
    shown->set_separation_event_id(cut.separation_event_id);
    shown->set_between(cut.between ? event::v1::ANSWER_YES
                                   : event::v1::ANSWER_NO);
  }
  response->set_too_many_linked(identity.too_many ? event::v1::ANSWER_YES
                                                  : event::v1::ANSWER_NO);
}

void SetLinkConflicts(const Child& child, const Asking& asking,
                      v1::GetChronologyResponse* response) {
  for (const Entry& link : child.link_conflicts) {
    SetConflict(link.fact, asking, response->add_link_conflicts());
    for (const Fact& other : link.conflicts) {
      SetConflict(other, asking, response->add_link_conflicts());
    }
  }
}

std::vector<v1::SourceState> SourceStates(const Facts& facts,
                                          const Standing& standing) {
  // First records are read without drawing on them: they are no child's.
  Facts first(facts.snapshot_pointer(), facts.extent());
  std::vector<v1::SourceState> states;
  for (const auto& [topic, partitions] : standing.topics) {
    v1::SourceState& state = states.emplace_back();
    state.set_writer(std::string(WriterOf(topic)));
    state.set_connected(event::v1::ANSWER_NO);
    if (const std::optional<absl::Time> since = first.FirstLogged(topic)) {
      state.set_connected(event::v1::ANSWER_YES);
      SetTime(*since, state.mutable_connected_since());
    }
    absl::Time heard = absl::InfinitePast();
    bool behind = false;
    for (const auto& [partition, applied] : facts.snapshot().applied()) {
      if (partition.topic != topic) continue;
      heard = std::max(heard, applied.logged);
      const auto end = standing.runner.ends.find(partition);
      behind |= end != standing.runner.ends.end() && end->second > applied.next;
    }
    size_t heard_of = 0;
    bool unread = false;
    for (const auto& [partition, end] : standing.runner.ends) {
      if (partition.topic != topic) continue;
      ++heard_of;
      unread |= end > 0 && !facts.snapshot().applied().contains(partition);
    }
    unread |= heard_of < partitions;
    behind |= unread;
    if (unread && state.connected() == event::v1::ANSWER_NO) {
      state.set_connected(event::v1::ANSWER_NOT_KNOWN);
    }
    const Extent& extent = facts.extent();
    const bool in_the_past = extent.positions || (extent.logged_until &&
                                                  heard > *extent.logged_until);
    if (heard != absl::InfinitePast() && !in_the_past) {
      state.set_connected(event::v1::ANSWER_YES);
      SetTime(heard, state.mutable_last_heard());
    }
    if (standing.runner.stale_since) {
      state.set_lag_seconds(
          absl::ToInt64Seconds(standing.now - *standing.runner.stale_since));
    } else if (!standing.runner.log_reachable) {
      // Nobody knows.
    } else if (!behind) {
      state.set_lag_seconds(0);
    } else if (heard != absl::InfinitePast()) {
      state.set_lag_seconds(absl::ToInt64Seconds(standing.now - heard));
    }
  }
  return states;
}

namespace {

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%-d %b %Y, %H:%M:%S", time, London());
}

std::string Count(uint64_t count, absl::string_view one,
                  absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// All of the fields, for a person.
std::string Words(const v1::Completeness& complete, const Asking& asking,
                  bool of_child) {
  std::string words;
  if (!SeesCombinedRecord(asking.asker)) {
    absl::StrAppend(&words, "Only what ", asking.asker.organisation.Text(),
                    " published itself. ");
  }
  if (complete.has_as_at()) {
    absl::StrAppend(&words, "As at ", TimeText(ToTime(complete.as_at())), ".");
  } else {
    absl::StrAppend(&words, "As at the positions given.");
  }
  for (const auto& [connected, said] :
       {std::pair(event::v1::ANSWER_NO, " Not connected: "),
        std::pair(event::v1::ANSWER_NOT_KNOWN,
                  " Not known whether connected: ")}) {
    std::vector<std::string> writers;
    for (const v1::SourceState& source : complete.sources()) {
      if (source.connected() == connected) writers.push_back(source.writer());
    }
    if (!writers.empty()) {
      absl::StrAppend(&words, said, absl::StrJoin(writers, ", "), ".");
    }
  }
  const bool reachable = complete.log_reachable() == event::v1::ANSWER_YES;
  if (!reachable || complete.has_stale_since()) {
    absl::StrAppend(
        &words,
        reachable ? " The index stands still"
                  : " The log, or a part of it, cannot be reached",
        complete.has_stale_since()
            ? absl::StrCat(" since ", TimeText(ToTime(complete.stale_since())))
            : "",
        reachable ? ": what came later is not shown."
                  : ": what came later may be missing.");
  } else if (complete.lag_records() > 0) {
    absl::StrAppend(&words, " ",
                    Count(complete.lag_records(), "record is", "records are"),
                    " not yet read.");
  }
  if (of_child) {
    if (complete.quarantined() > 0) {
      absl::StrAppend(&words, " ",
                      Count(complete.quarantined(), "record", "records"),
                      " of this child cannot be opened.");
    }
    if (complete.conflicts() > 0) {
      absl::StrAppend(&words, " ",
                      Count(complete.conflicts(), "event has", "events have"),
                      " other content beside it.");
    }
    if (complete.withheld() > 0) {
      absl::StrAppend(
          &words, " ", Count(complete.withheld(), "entry is", "entries are"),
          " withheld; ask ", absl::StrJoin(complete.ask(), ", "), ".");
    }
  } else if (complete.quarantined() > 0) {
    absl::StrAppend(&words, " ",
                    Count(complete.quarantined(), "record", "records"),
                    " of the whole log cannot be opened; they may hold names "
                    "that were not searched.");
  }
  return words;
}

// When the newest of what is reflected was logged; nothing if that is not
// known any more (positions of the past).
std::optional<absl::Time> AsAt(const Facts& facts, bool combined) {
  const Extent& extent = facts.extent();
  if (!combined) {
    if (facts.newest() == absl::InfinitePast()) return std::nullopt;
    return facts.newest();
  }
  absl::Time newest = absl::InfinitePast();
  for (const auto& [partition, applied] : facts.snapshot().applied()) {
    if (extent.positions) {
      const auto it = extent.positions->find(partition);
      if (it == extent.positions->end() || it->second < applied.next) continue;
    }
    newest = std::max(newest, applied.logged);
  }
  if (extent.logged_until) newest = std::min(newest, *extent.logged_until);
  if (newest == absl::InfinitePast()) return std::nullopt;
  return newest;
}

}  // namespace

v1::Completeness CompletenessOf(const Facts& facts, const Asking& asking,
                                const Child* child, const Standing& standing) {
  const bool combined = SeesCombinedRecord(asking.asker);
  v1::Completeness complete;
  if (!combined) {
    *complete.mutable_positions() = ToProto(facts.drawn());
  } else if (facts.extent().positions) {
    *complete.mutable_positions() = ToProto(*facts.extent().positions);
  } else {
    *complete.mutable_positions() = ToProto(facts.snapshot().positions());
  }
  if (const std::optional<absl::Time> as_at = AsAt(facts, combined)) {
    SetTime(*as_at, complete.mutable_as_at());
  }
  if (combined) {
    for (v1::SourceState& state : SourceStates(facts, standing)) {
      *complete.add_sources() = std::move(state);
    }
    if (standing.runner.lag_records) {
      complete.set_lag_records(
          static_cast<uint64_t>(*standing.runner.lag_records));
    }
  }
  complete.set_log_reachable(standing.runner.log_reachable
                                 ? event::v1::ANSWER_YES
                                 : event::v1::ANSWER_NO);
  if (standing.runner.stale_since) {
    SetTime(*standing.runner.stale_since, complete.mutable_stale_since());
  }
  if (child != nullptr) {
    complete.set_quarantined(child->unreadable.size());
    complete.set_conflicts(child->conflicts);
    uint64_t withheld = 0;
    std::set<std::string> ask;
    for (const Item& item : child->items) {
      if (!item.is_row || item.seen.visibility == Visibility::kFull) continue;
      ++withheld;
      if (item.seen.ask) ask.insert(item.seen.ask->Text());
    }
    for (const Child::Held& held : child->unreadable) {
      if (!held.record.organisation.empty()) {
        ask.insert(held.record.organisation);
      }
    }
    complete.set_withheld(withheld);
    *complete.mutable_ask() = {ask.begin(), ask.end()};
  } else if (combined) {
    complete.set_quarantined(
        static_cast<uint64_t>(facts.snapshot().quarantined()));
  }
  complete.set_words(Words(complete, asking, child != nullptr));
  return complete;
}

event::v1::Position ToProto(const eventlog::Position& position) {
  event::v1::Position proto;
  proto.set_topic(position.partition.topic);
  proto.set_partition(position.partition.partition);
  proto.set_offset(position.offset);
  return proto;
}

event::v1::Positions ToProto(const projection::Positions& positions) {
  event::v1::Positions proto;
  event::v1::TopicPositions* topic = nullptr;
  for (const auto& [partition, next] : positions) {
    if (topic == nullptr || topic->topic() != partition.topic) {
      topic = proto.add_topics();
      topic->set_topic(partition.topic);
    }
    while (topic->next_offsets_size() <= partition.partition) {
      topic->add_next_offsets(0);
    }
    topic->set_next_offsets(partition.partition, next);
  }
  return proto;
}

std::optional<projection::Positions> FromProto(
    const event::v1::Positions& positions) {
  projection::Positions result;
  for (const event::v1::TopicPositions& topic : positions.topics()) {
    for (int i = 0; i < topic.next_offsets_size(); ++i) {
      if (topic.next_offsets(i) < 0 ||
          !result.try_emplace({topic.topic(), i}, topic.next_offsets(i))
               .second) {
        return std::nullopt;
      }
    }
  }
  return result;
}

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

}  // namespace vigil::chronology
