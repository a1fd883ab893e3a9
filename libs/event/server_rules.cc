#include "libs/event/server_rules.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/calendar.h"
#include "libs/base/nhs_number.h"
#include "libs/base/upn.h"
#include "libs/event/birth.h"
#include "libs/event/codes.h"
#include "libs/event/concepts.h"
#include "libs/event/kind.h"
#include "libs/event/patterns.h"
#include "libs/event/reference.h"
#include "libs/event/schema.h"
#include "libs/event/time_text.h"
#include "libs/event/when.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/parts.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {
namespace {

using common::v1::Statement;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What google/protobuf/timestamp.proto allows: the years 1 to 9999.
constexpr int64_t kMinTimestampSeconds = -62'135'596'800;
constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;
constexpr int32_t kMaxTimestampNanos = 999'999'999;

// How many elements of a list are looked at: what is over its limit is refused
// anyway, and a hostile request must not cost more than its limits.
template <typename List>
int Few(const List& list) {
  return std::min(list.size(), 100);
}

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

// Whether this is a correction or a supplement: of its act only the fields that
// it names count, so that what they need beside them need not be there.
bool Amends(const Asked& asked) {
  return asked.statement != nullptr && asked.statement->has_amends();
}

// Of the statement as a whole.

const FieldDescriptor* ActOf(const Statement& statement) {
  static const auto& choice = *Statement::descriptor()->FindOneofByName("act");
  return Statement::GetReflection()->GetOneofFieldDescriptor(statement,
                                                             &choice);
}

// `self` is the place in `about` whose ties these are, or none.
template <typename Ties>
void CheckTies(const Ties& ties, int self, const FieldPath& parent,
               const Statement& statement, const Asked& asked) {
  for (int i = 0; i < Few(ties); ++i) {
    const FieldPath tie(&parent, "ties", i);
    const auto& about = ties[i].about();
    for (int j = 0; j < Few(about); ++j) {
      const auto before = about.begin() + j;
      const FieldPath path(&tie, "about", j);
      if (about[j] >= static_cast<uint32_t>(statement.about_size()) ||
          about[j] == static_cast<uint32_t>(self)) {
        asked.violations->Add(path.Text(), code::kTieUnknown);
      } else if (std::find(about.begin(), before, about[j]) != before) {
        asked.violations->Add(path.Text(), code::kListRepeats);
      }
    }
  }
}

void TiesLeadToThoseItIsAbout(const Statement& statement, const Asked& asked) {
  for (int i = 0; i < Few(statement.about()); ++i) {
    CheckTies(statement.about(i).ties(), i, FieldPath(&asked.path, "about", i),
              statement, asked);
  }
  for (int i = 0; i < Few(statement.involved()); ++i) {
    CheckTies(statement.involved(i).ties(), -1,
              FieldPath(&asked.path, "involved", i), statement, asked);
  }
}

// What is wrong with a path as one of what a statement with that act amends.
std::optional<absl::string_view> WrongWithPath(absl::string_view path,
                                               const FieldDescriptor* act) {
  const Descriptor* type = Statement::descriptor();
  for (const absl::string_view name : absl::StrSplit(path, '.')) {
    const FieldDescriptor* field =
        type == nullptr ? nullptr : type->FindFieldByName(std::string(name));
    if (field == nullptr) return code::kFieldPathUnknown;
    if (type == Statement::descriptor()) {
      // Neither its frame, nor an act that it does not say.
      if (field->number() == Statement::kAmendsFieldNumber ||
          field->number() == Statement::kValidateOnlyFieldNumber ||
          (field->real_containing_oneof() != nullptr && field != act)) {
        return code::kFieldPathUnknown;
      }
    }
    // Who says it, as which request, and of whom, is what makes it that entry.
    if (field->containing_type() == v1::Submission::descriptor() &&
        (field->number() == v1::Submission::kRequestIdFieldNumber ||
         field->number() == v1::Submission::kOrganisationFieldNumber)) {
      return code::kFieldNotAmendable;
    }
    if (field->message_type() == v1::SubjectRef::descriptor() &&
        (type == v1::Person::descriptor() ||
         type == v1::Household::descriptor())) {
      return code::kFieldNotAmendable;
    }
    // What stood beside a subject is an entry of its own.
    if (type == v1::About::descriptor() &&
        field->number() == v1::About::kObservationsFieldNumber) {
      return code::kFieldNotAmendable;
    }
    type = field->message_type();
  }
  return std::nullopt;
}

void AmendsAnEntry(const Statement& statement, const Asked& asked) {
  const FieldDescriptor* act = ActOf(statement);
  if (!statement.has_amends() || act == nullptr) return;
  const KindRole role =
      TraitsOf(static_cast<v1::Kind::KindCase>(act->number())).role;
  if (role == KindRole::kAboutEntry || role == KindRole::kLink ||
      role == KindRole::kRevocation) {
    asked.Add("amends", code::kFieldNotAmendable,
              "What is said about entries, or about who is who, is withdrawn "
              "or revoked, and said anew.");
  }
}

void AmendsFieldsThatItHas(const Statement& statement, const Asked& asked) {
  if (!statement.has_amends()) return;
  static const FieldSchema& schema = []() -> const FieldSchema& {
    const Descriptor& type = *v1::Amends::descriptor();
    return SchemaOf(type).fields[static_cast<size_t>(
        type.FindFieldByNumber(v1::Amends::kFieldsFieldNumber)->index())];
  }();
  const auto& fields = statement.amends().fields();
  const FieldPath amends(&asked.path, "amends");
  for (int i = 0; i < Few(fields); ++i) {
    if (schema.pattern != nullptr && !schema.pattern->matches(fields[i])) {
      continue;
    }
    if (const auto wrong = WrongWithPath(fields[i], ActOf(statement))) {
      asked.violations->Add(FieldPath(&amends, "fields", i).Text(), *wrong);
    }
  }
}

// Of one act.

void SaysWhatItRestsOn(const v1::ReferralDecided& decided, const Asked& asked) {
  const std::string& outcome = decided.outcome().code();
  // What an agency's own term means, only the hub knows, later.
  if (Amends(asked) || outcome.empty()) return;
  if (outcome == concepts::referral_outcome::kWronglyAddressed ||
      outcome == concepts::referral_outcome::kTransferred) {
    if (!decided.has_passed_to()) asked.Add("passed_to", code::kRequired);
    return;
  }
  if (decided.abuse_or_neglect_concern() == v1::ANSWER_UNSPECIFIED) {
    asked.Add("abuse_or_neglect_concern", code::kRequired);
  }
  if (decided.urgent_action_needed() == v1::ANSWER_UNSPECIFIED) {
    asked.Add("urgent_action_needed", code::kRequired);
  }
}

void SaysWhyItIsWithheld(const v1::EnquiryAnswered& answered,
                         const Asked& asked) {
  if (!Amends(asked) &&
      (answered.result() == v1::ENQUIRY_RESULT_WITHHELD ||
       answered.result() == v1::ENQUIRY_RESULT_REFUSED) &&
      IsBlank(answered.reason())) {
    asked.Add("reason", code::kRequired);
  }
}

void SaysWhatWasObserved(const v1::ObservationMade& observation,
                         const Asked& asked) {
  if (!Amends(asked) && !observation.has_indicator() &&
      !observation.has_measurement()) {
    asked.Add("indicator", code::kRequired,
              "An indicator or a measurement must be stated.");
  }
}

void NeedsEventId(const v1::EntryRef& entry, absl::string_view name, int index,
                  const Asked& asked) {
  if (entry.ref_case() == v1::EntryRef::kRecordRef) {
    const FieldPath path(&asked.path, name, index);
    asked.violations->Add(FieldPath(&path, "event_id").Text(), code::kRequired);
  }
}

template <typename Act>
void NamesEntriesByEventId(const Act& act, const Asked& asked) {
  for (int i = 0; i < Few(act.entries()); ++i) {
    NeedsEventId(act.entries(i), "entries", i, asked);
  }
}

void NamesNoticeByEventId(const v1::DeliveryReceipted& receipt,
                          const Asked& asked) {
  NeedsEventId(receipt.notice(), "notice", FieldPath::kSingular, asked);
}

void NamesBothByEventId(const v1::TargetSettled& settled, const Asked& asked) {
  NeedsEventId(settled.saying(), "saying", FieldPath::kSingular, asked);
  NeedsEventId(settled.target(), "target", FieldPath::kSingular, asked);
}

void MovesFromAnotherSubject(const v1::EntryReassigned& reassigned,
                             const Asked& asked) {
  NeedsEventId(reassigned.target(), "target", FieldPath::kSingular, asked);
  if (!reassigned.to_subject().empty() &&
      reassigned.to_subject() == reassigned.target().subject()) {
    asked.Add("to_subject", code::kPersonRepeated);
  }
}

void RenamesToAnother(const v1::SubjectRenamed& renamed, const Asked& asked) {
  if (!renamed.to_subject().empty() &&
      renamed.to_subject() == renamed.from_subject()) {
    asked.Add("to_subject", code::kPersonRepeated);
  }
}

void SeparatesNobodyFromThemselves(const v1::SubjectsSeparated& separated,
                                   const Asked& asked) {
  const auto begin = separated.group_a().begin();
  const auto end = begin + Few(separated.group_a());
  for (int i = 0; i < Few(separated.group_b()); ++i) {
    if (!separated.group_b(i).empty() &&
        std::find(begin, end, separated.group_b(i)) != end) {
      asked.violations->Add(FieldPath(&asked.path, "group_b", i).Text(),
                            code::kPersonRepeated);
    }
  }
}

// Of what acts are made of.

void StatesACodeOrATerm(const v1::Concept& word, const Asked& asked) {
  if (word.code().empty() && !word.has_own()) {
    asked.Add("code", code::kRequired,
              "A published code, the agency's own term, or both.");
  }
}

void NamesWhoseCodeItIs(const v1::CodedTerm& term, const Asked& asked) {
  if (!term.code().empty() && IsBlank(term.system())) {
    asked.Add("system", code::kRequired);
  }
}

void IsNamedInOneWay(const v1::EntryRef& entry, const Asked& asked) {
  switch (entry.ref_case()) {
    case v1::EntryRef::kEventId:
      if (entry.subject().empty()) asked.Add("subject", code::kRequired);
      if (entry.has_organisation()) {
        asked.Add("organisation", code::kNotExpected);
      }
      return;
    case v1::EntryRef::kRecordRef:
      if (!entry.subject().empty()) asked.Add("subject", code::kNotExpected);
      return;
    case v1::EntryRef::REF_NOT_SET:
      return;
  }
}

// A reference whose letter is that of the other.
void IsNotA(char letter, const v1::SubjectRef& ref, const Asked& asked) {
  if (IsSubjectReference(ref.subject()) && ref.subject()[3] == letter) {
    asked.Add("ref.subject", code::kSubjectFormat);
  }
}

void IsNoHousehold(const v1::Person& person, const Asked& asked) {
  IsNotA('h', person.ref(), asked);
}

void IsNoPerson(const v1::Household& household, const Asked& asked) {
  IsNotA('p', household.ref(), asked);
}

void IsATime(const v1::When& when, const Asked& asked) {
  CheckWhen(when, asked.path, asked.violations, asked.warnings);
}

void IsABirth(const v1::Birth& birth, const Asked& asked) {
  CheckBirth(birth, asked.received, asked.path, asked.violations,
             asked.warnings);
}

void DiesAfterBirth(const v1::Demographics& demographics, const Asked& asked) {
  if (demographics.death_date().empty()) return;
  const std::optional<PartialDate> death = ParseDate(demographics.death_date());
  if (!death) return;
  if (death->first > absl::ToCivilDay(asked.received, London())) {
    asked.Add("death_date", code::kDeathInFuture);
  }
  const std::optional<Days> born = BornBetween(demographics.birth());
  if (born && death->last < born->first) {
    asked.Add("death_date", code::kDeathBeforeBirth);
  }
}

std::optional<absl::string_view> WrongWith(const v1::Identifier& identifier) {
  const std::string& value = identifier.value();
  switch (identifier.type()) {
    case v1::IDENTIFIER_TYPE_NHS_NUMBER:
      return CheckNhsNumber(value);
    case v1::IDENTIFIER_TYPE_UPN: {
      const auto wrong = CheckUpn(value);
      return wrong || !IsTemporaryUpn(value)
                 ? wrong
                 : std::make_optional(code::kUpnTemporary);
    }
    case v1::IDENTIFIER_TYPE_TEMPORARY_UPN: {
      const auto wrong = CheckUpn(value);
      return wrong || IsTemporaryUpn(value)
                 ? wrong
                 : std::make_optional(code::kUpnNotTemporary);
    }
    default:
      return absl::StrContains(value, ' ')
                 ? std::make_optional(code::kIdentifierSpaces)
                 : std::nullopt;
  }
}

void IsAnIdentifier(const v1::Identifier& identifier, const Asked& asked) {
  const bool is_other = identifier.type() == v1::IDENTIFIER_TYPE_OTHER;
  if (identifier.type() != v1::IDENTIFIER_TYPE_UNSPECIFIED &&
      is_other == identifier.system().empty()) {
    asked.Add("system", code::kIdentifierSystem);
  }
  if (identifier.value().empty()) return;
  if (const auto wrong = WrongWith(identifier)) asked.Add("value", *wrong);
  if (identifier.verified() != v1::ANSWER_YES) {
    asked.warnings->Add(FieldPath(&asked.path, "verified").Text(),
                        code::kIdentifierNotVerified);
  }
  if (identifier.holder() == v1::IDENTIFIER_HOLDER_UNSPECIFIED) {
    asked.warnings->Add(FieldPath(&asked.path, "holder").Text(),
                        code::kIdentifierHolderNotStated);
  }
}

// That time runs forward between two fields of a message.
void RunsForward(const v1::When& from, const v1::When& until,
                 absl::string_view name, const Asked& asked) {
  if (PossibleTimesOf(until).latest < PossibleTimesOf(from).earliest) {
    asked.Add(name, code::kIntervalReversed);
  }
}

void RunsForward(const v1::MeasureTaken& measure, const Asked& asked) {
  RunsForward(measure.starts(), measure.ends(), "ends", asked);
}

void RunsForward(const v1::ArrangementChanged& arrangement,
                 const Asked& asked) {
  RunsForward(arrangement.effective(), arrangement.until(), "until", asked);
}

void RunsForward(const v1::Term& term, const Asked& asked) {
  const std::optional<PartialDate> from = ParseDate(term.first());
  const std::optional<PartialDate> until = ParseDate(term.last());
  if (from && until && until->last < from->first) {
    asked.Add("last", code::kIntervalReversed);
  }
}

void NamesATerm(const v1::Mapping& mapping, const Asked& asked) {
  if (mapping.code().empty()) {
    if (IsBlank(mapping.display())) {
      asked.Add("code", code::kRequired,
                "A code with its system, or of a term without one what it "
                "says.");
    }
  } else if (IsBlank(mapping.system())) {
    asked.Add("system", code::kRequired);
  }
}

void MeansAPublishedCode(const v1::Mapping& mapping, const Asked& asked) {
  if (!mapping.table().empty() && !IsConcept(mapping.table())) {
    asked.Add("table", code::kConceptUnknown);
  } else if (!mapping.meaning().empty() &&
             !IsConceptCode(mapping.table(), mapping.meaning())) {
    asked.Add("meaning", code::kConceptCodeUnknown);
  }
}

void IsATimestamp(const google::protobuf::Timestamp& time, const Asked& asked) {
  if (time.seconds() < kMinTimestampSeconds ||
      time.seconds() > kMaxTimestampSeconds) {
    asked.Add("seconds", code::kNumberOutOfRange,
              absl::StrCat("From ", kMinTimestampSeconds, " to ",
                           kMaxTimestampSeconds, "."));
  }
  if (time.nanos() < 0 || time.nanos() > kMaxTimestampNanos) {
    asked.Add("nanos", code::kNumberOutOfRange,
              absl::StrCat("From 0 to ", kMaxTimestampNanos, "."));
  }
}

// A rule of one type.
template <typename Type, void (*Hold)(const Type&, const Asked&)>
constexpr ServerRule Rule(absl::string_view of, absl::string_view rule,
                          absl::string_view codes) {
  return {.of = of,
          .rule = rule,
          .codes = codes,
          .type = &Type::descriptor,
          .hold = [](const Message& message, const Asked& asked) {
            Hold(static_cast<const Type&>(message), asked);
          }};
}

constexpr ServerRule kRules[] = {
    // Held by the walk.
    {"any message",
     "No field or enum value that this server does not know, at any depth.",
     "UNKNOWN_FIELD UNKNOWN_ENUM_VALUE"},
    {"any text",
     "A text that is required, an element of a list or the member of a choice "
     "that was made is not blank.",
     "REQUIRED"},
    {"any text",
     "UTF-8 without control characters; line feeds, carriage returns and tabs "
     "only where more than 200 characters are allowed.",
     "TEXT_NOT_UTF8 TEXT_CONTROL_CHARACTER"},
    {"any list of texts with a pattern", "Each is named once.", "LIST_REPEATS"},
    {"any field with `past`",
     "Not after the time of receipt (5 minutes for clocks that differ, a day "
     "if "
     "it is approximate), unless the act has the Stage PLANNED or CANCELLED, "
     "or the statement amends another.",
     "TIME_IN_FUTURE"},
    {"any field with `codes`", "The code is in the table that it names.",
     "CONCEPT_CODE_UNKNOWN"},

    // Held where subjects are named (libs/service/drafts.h).
    {"Statement",
     "`about` names somebody, unless the act is about an entry, or amends one, "
     "that it names with its subject; where the act names all its subjects "
     "itself (links, separations, groupings), `about` is left out.",
     "REQUIRED ABOUT_NOT_TAKEN"},
    {"Statement",
     "Nobody is named twice in `about` and `involved`, by whatever reference.",
     "PERSON_REPEATED"},
    {"Statement",
     "A reference in `about` is one that this service made; the hub may use "
     "any.",
     "SUBJECT_FOREIGN"},
    {"Statement",
     "No observations beside an act of a sensitive service or an allegation.",
     "OBSERVATIONS_NOT_TAKEN"},
    {"Statement", "Makes at most 100 events.", "TOO_MANY_EVENTS"},
    {"Statement", "One act, said once, and one that the service takes.",
     "TWO_ACTS ACT_NOT_OF_THIS_SERVICE"},

    Rule<Statement, TiesLeadToThoseItIsAbout>(
        "Statement",
        "`Tie.about` holds places in `about`, each once and none its own.",
        "TIE_UNKNOWN LIST_REPEATS"),
    Rule<Statement, AmendsAnEntry>(
        "Statement",
        "`amends` is left out of what is about entries (withdrawn, judged, "
        "grouped, reassigned, settled) and of links, separations, renamings "
        "and their revocations.",
        "FIELD_NOT_AMENDABLE"),
    Rule<Statement, AmendsFieldsThatItHas>(
        "Statement",
        "`amends.fields` are paths of this statement with this act, and "
        "neither "
        "`amends` itself nor what makes the entry that entry (request id, "
        "organisation, references of persons and households), nor "
        "`about.observations`, which are entries of their own.",
        "FIELD_PATH_UNKNOWN FIELD_NOT_AMENDABLE"),

    Rule<v1::ReferralDecided, SaysWhatItRestsOn>(
        "ReferralDecided",
        "`wrongly_addressed` and `transferred` need `passed_to`; any other "
        "published outcome needs `abuse_or_neglect_concern` and "
        "`urgent_action_needed` (R7). Not of an amendment.",
        "REQUIRED"),
    Rule<v1::EnquiryAnswered, SaysWhyItIsWithheld>(
        "EnquiryAnswered",
        "WITHHELD and REFUSED need `reason`. Not of an amendment.", "REQUIRED"),
    Rule<v1::ObservationMade, SaysWhatWasObserved>(
        "ObservationMade",
        "`indicator` or `measurement`, or both. Not of an amendment.",
        "REQUIRED"),
    Rule<v1::DeliveryReceipted, NamesNoticeByEventId>(
        "DeliveryReceipted", "The notice is named by `event_id`.", "REQUIRED"),
    Rule<v1::EntriesGrouped, NamesEntriesByEventId>(
        "EntriesGrouped", "Entries are named by `event_id`.", "REQUIRED"),
    Rule<v1::EntriesUngrouped, NamesEntriesByEventId>(
        "EntriesUngrouped", "Entries are named by `event_id`.", "REQUIRED"),
    Rule<v1::EntryReassigned, MovesFromAnotherSubject>(
        "EntryReassigned",
        "The entry is named by `event_id`, and `to_subject` is another than it "
        "stands under.",
        "REQUIRED PERSON_REPEATED"),
    Rule<v1::TargetSettled, NamesBothByEventId>(
        "TargetSettled", "Both entries are named by `event_id`.", "REQUIRED"),
    Rule<v1::SubjectRenamed, RenamesToAnother>(
        "SubjectRenamed", "The two subjects differ.", "PERSON_REPEATED"),
    Rule<v1::SubjectsSeparated, SeparatesNobodyFromThemselves>(
        "SubjectsSeparated", "Nobody stands on both sides.", "PERSON_REPEATED"),
    Rule<v1::MeasureTaken, RunsForward>("MeasureTaken",
                                        "It does not end before it starts.",
                                        "INTERVAL_REVERSED"),
    Rule<v1::ArrangementChanged, RunsForward>(
        "ArrangementChanged", "It does not end before it takes effect.",
        "INTERVAL_REVERSED"),

    Rule<v1::Concept, StatesACodeOrATerm>(
        "Concept", "`code` or `own`, or both.", "REQUIRED"),
    Rule<v1::CodedTerm, NamesWhoseCodeItIs>(
        "CodedTerm", "A code stands with its `system`.", "REQUIRED"),
    Rule<v1::EntryRef, IsNamedInOneWay>(
        "EntryRef",
        "`event_id` stands with `subject` and without `organisation`, "
        "`record_ref` without `subject`.",
        "REQUIRED NOT_EXPECTED"),
    Rule<v1::Person, IsNoHousehold>(
        "Person", "The reference is not a household's.", "SUBJECT_FORMAT"),
    Rule<v1::Household, IsNoPerson>(
        "Household", "The reference is not a person's.", "SUBJECT_FORMAT"),
    Rule<v1::When, IsATime>(
        "When",
        "An interval states an end, and does not end before it begins; a clock "
        "of the zone showed the local time, and twice if `occurrence` is "
        "SECOND.",
        "INTERVAL_EMPTY INTERVAL_REVERSED ZONE_UNKNOWN LOCAL_TIME_NONEXISTENT "
        "LOCAL_TIME_NOT_AMBIGUOUS"),
    Rule<v1::Birth, IsABirth>(
        "Birth",
        "A date of birth is not in the future. An estimated age states years "
        "or months, and the full date of the estimate, which is not in the "
        "future.",
        "BIRTH_IN_FUTURE REQUIRED DATE_FORMAT TIME_IN_FUTURE"),
    Rule<v1::Demographics, DiesAfterBirth>(
        "Demographics",
        "The date of death is neither in the future nor before that of birth.",
        "DEATH_IN_FUTURE DEATH_BEFORE_BIRTH"),
    Rule<v1::Identifier, IsAnIdentifier>(
        "Identifier",
        "Its check digit or letter is right; no spaces; `system` with OTHER "
        "and with no other type.",
        "NHS_NUMBER_NOT_DIGITS NHS_NUMBER_LENGTH NHS_NUMBER_CHECK_DIGIT "
        "UPN_LENGTH UPN_FORMAT UPN_CHECK_LETTER UPN_TEMPORARY "
        "UPN_NOT_TEMPORARY IDENTIFIER_SPACES IDENTIFIER_SYSTEM"),
    Rule<v1::Term, RunsForward>("Term", "It does not end before it begins.",
                                "INTERVAL_REVERSED"),
    Rule<v1::Mapping, NamesATerm>(
        "Mapping", "`code` with its `system`, or `display`.", "REQUIRED"),
    Rule<v1::Mapping, MeansAPublishedCode>(
        "Mapping", "`table` is one of CONCEPTS.md, and `meaning` a code of it.",
        "CONCEPT_UNKNOWN CONCEPT_CODE_UNKNOWN"),
    Rule<google::protobuf::Timestamp, IsATimestamp>("google.protobuf.Timestamp",
                                                    "The years 1 to 9999.",
                                                    "NUMBER_OUT_OF_RANGE"),
};

using RulesByType =
    absl::flat_hash_map<const Descriptor*, std::vector<const ServerRule*>>;

const RulesByType& ByType() {
  static const RulesByType& rules = []() -> const RulesByType& {
    auto& by_type = *new RulesByType;  // never destroyed
    for (const ServerRule& rule : kRules) {
      if (rule.type != nullptr) by_type[rule.type()].push_back(&rule);
    }
    return by_type;
  }();
  return rules;
}

}  // namespace

void Asked::Add(absl::string_view field, absl::string_view code,
                absl::string_view description) const {
  violations->Add(FieldPath(&path, field).Text(), code, description);
}

absl::Span<const ServerRule> ServerRules() { return kRules; }

void HoldServerRules(const Message& message, const Descriptor& type,
                     const Asked& asked) {
  const RulesByType& rules = ByType();
  const auto found = rules.find(&type);
  if (found == rules.end()) return;
  for (const ServerRule* rule : found->second) rule->hold(message, asked);
}

std::string RulesMarkdown() {
  std::string text =
      "# Rules of the server\n"
      "\n"
      "What a writer demands of a statement beyond the rules that stand in the "
      ".proto files\nas `buf.validate` options. Each code is explained in "
      "[CODES.md](CODES.md).\n"
      "\n"
      "| Of | Rule | Code |\n"
      "|---|---|---|\n";
  for (const ServerRule& rule : kRules) {
    absl::StrAppend(&text, "| ", rule.of, " | ", rule.rule, " | `",
                    absl::StrReplaceAll(rule.codes, {{" ", "` `"}}), "` |\n");
  }
  return text;
}

}  // namespace vigil::event
