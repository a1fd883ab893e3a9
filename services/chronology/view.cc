#include "services/chronology/view.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/big_endian.h"
#include "libs/base/calendar.h"
#include "libs/base/uuid.h"
#include "libs/event/birth.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/event/when.h"
#include "libs/safeguarding/corrections.h"

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
constexpr absl::string_view kDestroyedHeadline =
    "Its content was destroyed: what stays is that it was said, and when.";
constexpr absl::string_view kPartlyDestroyed =
    "Some of its content was destroyed.";

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

// Whether it says again a field that concerns this path.
bool Names(const Item& item, absl::string_view path) {
  if (!safeguarding::IsActAgain(*item.entry.fact.clear)) return false;
  // In full, where that may be seen; of a discreet kind CLEAR has less.
  if (item.header.has_amends()) {
    return std::any_of(item.header.amends().fields().begin(),
                       item.header.amends().fields().end(),
                       [&](const std::string& field) {
                         return safeguarding::Concerns(field, path);
                       });
  }
  for (const event::v1::Target& target : item.entry.fact.clear->targets()) {
    for (const std::string& field : target.fields()) {
      if (safeguarding::Concerns(field, path)) return true;
    }
  }
  return false;
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
    if (!range_ || MayOverlap(item.occurred, *range_)) return true;
    return std::any_of(item.state.amendments.begin(),
                       item.state.amendments.end(), [&](size_t i) {
                         const Item& other = child_.items[i];
                         return other.seen.visibility == Visibility::kFull &&
                                Names(other, "account.occurred") &&
                                MayOverlap(other.occurred, *range_);
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

// In the agency's own word, or else the published one's.
std::string TextOf(const event::v1::Concept& said) {
  return said.has_own() ? said.own().display()
                        : absl::StrReplaceAll(said.code(), {{"_", " "}});
}

std::string PlaceOf(const event::v1::Place& place) {
  if (!place.name().empty()) return place.name();
  std::vector<std::string> parts(place.address().lines().begin(),
                                 place.address().lines().end());
  if (!place.address().postcode().empty()) {
    parts.push_back(place.address().postcode());
  }
  if (parts.empty()) return TextOf(place.type());
  return absl::StrJoin(parts, ", ");
}

std::string HeadlineOf(const Asking& asking, const Fact& fact) {
  if (DecideRow(asking, fact).visibility != Visibility::kFull) {
    return std::string(kNoticeHeadline);
  }
  const event::SectionView* section =
      fact.envelope.Find(event::v1::PART_HEADER);
  if (section != nullptr && !section->key_id.empty()) {
    return std::string(kDestroyedHeadline);
  }
  const auto header =
      Read<event::v1::Header>(asking, fact, event::v1::PART_HEADER);
  return header ? header->account().headline() : "";
}

// One content of several that came under one id or request.
void SetConflict(const Fact& fact, const Asking& asking,
                 v1::Conflict* conflict) {
  conflict->set_event_id(std::string(fact.envelope.id));
  *conflict->mutable_position() = ToProto(fact.position);
  SetTime(fact.logged, conflict->mutable_logged());
  conflict->set_headline(HeadlineOf(asking, fact));
}

// Of what is said about an entry: why, as far as it may be seen.
std::string ReasonOf(const Item& item) {
  const auto reason = [](const auto& said) {
    return said.reason().empty() ? TextOf(said.reason_code()) : said.reason();
  };
  if (item.header.has_amends()) return reason(item.header.amends());
  if (!item.kind) return "";
  if (item.kind->has_entry_withdrawn()) {
    return reason(item.kind->entry_withdrawn());
  }
  return item.kind->entry_reassigned().reason();
}

// What the act says again, for the fields that it names.
void SetSaidAgain(const Item& item, const Asking& asking,
                  v1::Amendment* amendment) {
  const Fact& fact = item.entry.fact;
  const event::v1::Account& account = item.header.account();
  const bool adds = item.manner == event::v1::MANNER_SUPPLEMENTS;
  if (adds || Names(item, "account.headline")) {
    amendment->set_headline(account.headline());
  }
  if (adds || Names(item, "account.summary")) {
    amendment->set_summary(account.summary());
  }
  if (Names(item, "account.occurred")) {
    *amendment->mutable_occurred() = item.occurred;
  }
  if (Names(item, "account")) *amendment->mutable_account() = account;
  if (item.kind && Names(item, event::v1::Kind::descriptor()
                                   ->FindFieldByNumber(item.kind->kind_case())
                                   ->name())) {
    *amendment->mutable_kind() = *item.kind;
  }
  for (ReadPerson& person : ReadPersons(asking, fact)) {
    if (Names(item, person.part.has_involved() ? "involved" : "about")) {
      *amendment->add_persons() = std::move(person.part);
    }
  }
  if (Names(item, "place")) {
    if (auto place =
            Read<event::v1::Place>(asking, fact, event::v1::PART_PLACE)) {
      *amendment->mutable_place() = *std::move(place);
    }
  }
}

// What it says in its own words is told to whoever may see both it and what it
// amends.
void SetAmendment(const Item& item, const Asking& asking,
                  v1::Amendment* amendment) {
  const Fact& fact = item.entry.fact;
  amendment->set_event_id(std::string(fact.envelope.id));
  amendment->set_type(std::string(fact.envelope.type));
  amendment->set_manner(item.manner);
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
  if (item.header.has_amends()) {
    *amendment->mutable_fields() = item.header.amends().fields();
  } else {
    for (const event::v1::Target& target : fact.clear->targets()) {
      if (target.manner() == item.manner) {
        *amendment->mutable_fields() = target.fields();
      }
    }
  }
  amendment->set_reason(ReasonOf(item));
  if (safeguarding::IsActAgain(*fact.clear)) {
    SetSaidAgain(item, asking, amendment);
  }
  if (IsDestroyed(fact)) {
    amendment->set_destroyed(event::v1::ANSWER_YES);
    if (!item.has_header) {
      amendment->set_headline(std::string(kDestroyedHeadline));
    }
  }
}

// Whether its content may be seen and can be read; if not, the row says why.
void SetContent(const Item& item, const Asking& asking, v1::Row* row) {
  const Fact& fact = item.entry.fact;
  if (!SeesContent(asking, fact)) {
    row->set_visibility(event::v1::VISIBILITY_REDACTED);
    row->add_warnings("Its content is withheld. Ask the source.");
    return;
  }
  if (IsDestroyed(fact)) {
    if (item.has_header) row->add_warnings(std::string(kPartlyDestroyed));
    return;
  }
  const absl::StatusOr<event::v1::Kind> kind = fact.envelope.OpenKind();
  if (!kind.ok()) {
    row->add_warnings(
        absl::IsUnimplemented(kind.status())
            ? "This version does not know this kind of entry: its heading is "
              "shown."
            : "Its content cannot be read: its heading is shown. Ask the "
              "source.");
    return;
  }
  // What stood beside a subject has its words here and not in an account.
  if (item.header.has_observation()) {
    row->set_summary(kind->observation_made().words());
  }
}

// Of a discreet kind its own name, to whoever may see what it was.
std::string LabelFor(const Item& item, const Asking& asking) {
  const Fact& fact = item.entry.fact;
  if (fact.envelope.type == event::kDiscreetType && SeesContent(asking, fact)) {
    const absl::StatusOr<event::v1::Kind> kind = fact.envelope.OpenKind();
    if (kind.ok()) {
      return std::string(event::TraitsOf(kind->kind_case()).label);
    }
  }
  // Of a kind that is not known here the writer's words.
  return item.header.label().empty() || event::IsKnownType(fact.envelope.type)
             ? event::LabelOf(fact.envelope.type)
             : item.header.label();
}

// What the account says in words. A fact that stood beside a subject has no
// account of its own but the times and a headline.
void SetAccount(const event::v1::Header& header, v1::Row* row) {
  const event::v1::Account& account = header.account();
  if (account.has_term()) *row->mutable_term() = account.term();
  row->set_headline(account.headline());
  row->set_summary(account.summary());
  row->set_action(account.action());
  row->set_outcome(account.outcome());
  if (header.submission().has_author()) {
    *row->mutable_author() = header.submission().author();
  }
  row->set_conversation_ref(header.conversation_ref());
}

// Its own subject's part in it, and who else was involved or is named as
// somebody's relation.
void SetPersons(const Item& item, const Asking& asking, v1::Row* row) {
  const Fact& fact = item.entry.fact;
  std::map<std::string, v1::PersonInvolved*> involved;
  const auto shown = [&](const std::string& subject) {
    v1::PersonInvolved*& person = involved[subject];
    if (person == nullptr) {
      person = row->add_involved();
      person->set_subject(subject);
    }
    return person;
  };
  for (const ReadPerson& person : ReadPersons(asking, fact)) {
    if (person.part.has_about()) {
      // Told once, with what happened, and not with each thing noticed then.
      if (item.header.has_observation()) continue;
      const event::v1::About& about = person.part.about();
      if (about.has_role()) *row->mutable_role() = about.role();
      row->set_present(about.present());
      row->set_whereabouts(about.whereabouts());
      if (about.has_seen()) *row->mutable_seen() = about.seen();
      continue;
    }
    const event::v1::Involved& said = person.part.involved();
    v1::PersonInvolved* other = shown(person.whose);
    other->set_name(NameOf(said.person()));
    if (said.has_role()) *other->mutable_role() = said.role();
  }
  for (const Tie& tie : TiesIn(asking, fact, item.header)) {
    if (tie.to != fact.envelope.subject) continue;
    event::v1::Tie* told = shown(tie.subject)->add_ties();
    *told->mutable_relation() = tie.relation;
    told->set_parental_responsibility(tie.parental_responsibility);
    if (tie.valid.has_since() || tie.valid.has_until()) {
      *told->mutable_valid() = tie.valid;
    }
    told->set_risk(tie.risk);
  }
}

// Whether something that it names is not here, or stands elsewhere. What an
// agency's entry answers may be another's, of which this asker knows nothing.
bool IsUnmatched(const Item& item, const Asking& asking) {
  return !item.state.unmatched.empty() &&
         (item.says() || SeesCombinedRecord(asking.asker));
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

event::v1::ShownEntry Line::shown() const {
  return item != nullptr
             ? ShownAs(item->entry.fact.envelope.id, item->entry.fact.position)
             : ShownAs("", held->record.position);
}

event::v1::ShownEntry ShownAs(absl::string_view event_id,
                              const eventlog::Position& position) {
  event::v1::ShownEntry entry;
  if (const std::optional<Uuid> uuid = Uuid::Parse(event_id)) {
    entry.set_event_id(std::string(uuid->bytes().begin(), uuid->bytes().end()));
  } else {
    *entry.mutable_position() = ToProto(position);
  }
  return entry;
}

std::vector<Line> Arrange(const Child& child,
                          const v1::GetChronologyRequest& question) {
  const Filter filter(child, question);
  std::vector<Line> lines;
  for (const Item& item : child.items) {
    if (!filter.Takes(item)) continue;
    lines.push_back(
        {.key = event::WhenKey(item.when) + PlaceKey(item.entry.fact.position),
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
  if (item.occurred.value_case() != event::v1::When::VALUE_NOT_SET) {
    *row.mutable_occurred() = item.occurred;
  }
  row.set_state(RowStateOf(item.state.state));
  row.set_significance(SignificanceOf(item));
  if (item.seen.visibility == Visibility::kNotice) {
    row.set_headline(std::string(kNoticeHeadline));
    return row;
  }

  // From section CLEAR.
  row.set_type(std::string(fact.envelope.type));
  row.set_label(LabelFor(item, asking));
  row.set_age_then(event::AgeAt(child.demographics.birth(), item.occurred));
  if (fact.clear->has_observed()) {
    *row.mutable_observed() = fact.clear->observed();
  }
  if (fact.clear->has_recorded()) {
    *row.mutable_recorded() = fact.clear->recorded();
  }
  row.set_history(fact.clear->history());
  const std::optional<int32_t> days =
      DaysLate(item.occurred, fact.envelope.received);
  if (days && fact.clear->history() != event::v1::ANSWER_YES) {
    row.set_days_late(*days);
  }
  row.set_destroyed(IsDestroyed(fact) ? event::v1::ANSWER_YES
                                      : event::v1::ANSWER_NO);
  row.set_unmatched(IsUnmatched(item, asking) ? event::v1::ANSWER_YES
                                              : event::v1::ANSWER_NO);

  if (item.has_header) {
    SetAccount(header, &row);
    if (header.account().has_observed()) {
      *row.mutable_observed() = header.account().observed();
    }
    if (header.submission().has_recorded()) {
      *row.mutable_recorded() = header.submission().recorded();
    }
  } else if (item.seen.visibility == Visibility::kRedacted) {
    row.set_headline(std::string(kNoticeHeadline));
  } else {
    row.set_headline(HeadlineOf(asking, fact));
  }
  SetContent(item, asking, &row);
  SetPersons(item, asking, &row);
  if (const auto place =
          Read<event::v1::Place>(asking, fact, event::v1::PART_PLACE)) {
    row.set_place(PlaceOf(*place));
  }

  if (item.state.significance == event::v1::SIGNIFICANCE_UNSPECIFIED) {
    row.add_warnings("How significant it was judged to be cannot be read.");
  }
  if (item.state.significance_by) {
    const Item& judge = child.items[*item.state.significance_by];
    std::string by(SourceOf(judge).organisation);
    if (judge.has_header) {
      absl::StrAppend(&by, ", ", judge.header.submission().author().role());
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
  if (item.says()) {
    row.add_warnings(
        "It is about an entry that is not in this record, or not yet.");
  } else if (row.unmatched() == event::v1::ANSWER_YES) {
    row.add_warnings(
        "It names an entry that is not here, or stands under another subject.");
  }
  if (child.unregistered.contains(item.subject)) {
    row.add_warnings(
        "The reference that it stands under was made with a key that nobody "
        "registered: it may be mistyped.");
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

void SetTies(const Child& child, v1::GetChronologyResponse* response) {
  for (const Tie& tie : child.ties) {
    v1::KnownTie* known = response->add_ties();
    known->set_subject(tie.subject);
    known->set_name(tie.name);
    *known->mutable_relation() = tie.relation;
    known->set_to(tie.to);
    known->set_parental_responsibility(tie.parental_responsibility);
    if (tie.valid.has_since() || tie.valid.has_until()) {
      *known->mutable_valid() = tie.valid;
    }
    known->set_risk(tie.risk);
    known->set_event_id(tie.event_id);
    const Organisation organisation = OrganisationOf(tie.organisation);
    known->mutable_organisation()->set_scheme(organisation.scheme);
    known->mutable_organisation()->set_code(organisation.code);
    SetTime(tie.logged, known->mutable_logged());
    known->set_state(RowStateOf(tie.state));
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
