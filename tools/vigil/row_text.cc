#include "tools/vigil/row_text.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/event/kind.h"
#include "libs/event/when.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

namespace ch = chronology::v1;
namespace ev = event::v1;

std::string Joined(const std::vector<std::string>& parts,
                   absl::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    absl::StrAppend(&joined, joined.empty() ? "" : separator, part);
  }
  return joined;
}

template <typename List>
std::string ListText(const List& list) {
  return absl::StrJoin(list, ", ");
}

std::string Plural(uint64_t count, absl::string_view one,
                   absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

std::string SubjectText(const ev::LinkedSubject& subject) {
  std::string text =
      absl::StrCat(subject.subject(), ": ", LinkText(subject.kind()));
  if (!subject.via().empty()) absl::StrAppend(&text, " to ", subject.via());
  if (!subject.event_id().empty()) {
    absl::StrAppend(&text, ", by event ", subject.event_id());
  }
  return text;
}

std::string ConflictText(const ch::Conflict& conflict) {
  return Joined({"other content came under the same id",
                 conflict.headline().empty()
                     ? ""
                     : absl::StrCat("headline: ", conflict.headline()),
                 absl::StrCat("logged ", TimeText(conflict.logged())),
                 PositionText(conflict.position())},
                "; ");
}

// What became of the entry, as its chronology says beside it.
std::string AmendmentVerb(const ch::Amendment& amendment) {
  switch (amendment.manner()) {
    case ev::MANNER_CORRECTS:
      return "Corrected";
    case ev::MANNER_SUPPLEMENTS:
      return "Added to";
    case ev::MANNER_WITHDRAWS:
      return "Withdrawn";
    case ev::MANNER_REASSIGNS:
      return "Moved to another record";
    default:
      return event::LabelOf(amendment.type());
  }
}

// What a field that an amendment names says now, wherever it stands; nothing if
// this asker may not see it.
std::optional<std::string> AmendedText(const ch::Amendment& amendment,
                                       const std::string& path) {
  const std::pair<std::string, std::string> names =
      absl::StrSplit(path, absl::MaxSplits('.', 1));
  std::vector<std::string> texts;
  bool seen = false;
  const auto add = [&](const google::protobuf::Message& within,
                       const std::string& rest) {
    const std::optional<std::string> text =
        rest.empty() ? MessageText(within) : FieldText(within, rest);
    seen = seen || text.has_value();
    if (text && !text->empty()) texts.push_back(*text);
  };
  if (names.first == "account") {
    if (amendment.has_account()) add(amendment.account(), names.second);
  } else if (names.first == "place") {
    if (amendment.has_place()) add(amendment.place(), names.second);
  } else if (names.first == "about" || names.first == "involved") {
    for (const ev::PersonPart& person : amendment.persons()) {
      if (names.first == "about" && person.has_about()) {
        add(person.about(), names.second);
      } else if (names.first == "involved" && person.has_involved()) {
        add(person.involved(), names.second);
      }
    }
  } else if (amendment.has_kind()) {
    const std::optional<std::string> text = FieldText(amendment.kind(), path);
    if (text) return text->empty() ? "emptied" : *text;
  }
  if (!seen) return std::nullopt;
  return texts.empty() ? "emptied" : absl::StrJoin(texts, ", ");
}

// Whether the amendment has a field of its own for it.
bool IsToldApart(absl::string_view path) {
  return path == "account.headline" || path == "account.occurred" ||
         path == "account.summary";
}

std::string AmendmentText(const ch::Amendment& amendment) {
  std::vector<std::string> parts;
  parts.push_back(AmendmentVerb(amendment));
  if (amendment.fields_size() > 0) {
    parts.back() += absl::StrCat(" (", ListText(amendment.fields()), ")");
  }
  if (!amendment.headline().empty()) {
    parts.push_back(absl::StrCat("headline: ", amendment.headline()));
  }
  if (amendment.has_occurred()) {
    parts.push_back(
        absl::StrCat("occurred: ", event::WhenText(amendment.occurred())));
  }
  if (!amendment.summary().empty()) {
    parts.push_back(absl::StrCat("summary: ", amendment.summary()));
  }
  for (const std::string& path : amendment.fields()) {
    if (IsToldApart(path)) continue;
    if (const auto text = AmendedText(amendment, path)) {
      parts.push_back(absl::StrCat(path, ": ", *text));
    }
  }
  if (!amendment.reason().empty()) {
    parts.push_back(absl::StrCat("reason: ", amendment.reason()));
  }
  if (amendment.destroyed() == ev::ANSWER_YES) {
    parts.emplace_back("content of it was destroyed with its key");
  }
  const std::string logged = TimeText(amendment.logged());
  parts.push_back(Joined({OrganisationText(amendment.organisation()),
                          logged.empty() ? "" : absl::StrCat("logged ", logged),
                          absl::StrCat("event ", amendment.event_id())},
                         ", "));
  return Joined(parts, "; ");
}

std::string AuthorText(const ev::Author& author) {
  return Joined(
      {author.role(), author.name(), author.team(),
       ConceptText(author.function()), OrganisationText(author.organisation())},
      ", ");
}

// "mother, with parental responsibility, since 2019; risk: ..."
std::string TieText(const ev::Tie& tie) {
  std::string text = ConceptText(tie.relation());
  if (tie.parental_responsibility() != ev::ANSWER_UNSPECIFIED) {
    absl::StrAppend(&text, ", parental responsibility: ",
                    EnumText(tie.parental_responsibility()));
  }
  if (tie.has_valid()) {
    ev::When when;
    *when.mutable_interval() = tie.valid();
    absl::StrAppend(&text, ", ", event::WhenText(when));
  }
  if (!tie.risk().empty()) absl::StrAppend(&text, ", risk: ", tie.risk());
  return text;
}

std::string InvolvedText(const ch::PersonInvolved& person) {
  std::vector<std::string> parts = {
      person.name().empty() ? "name not stated" : person.name(),
      ConceptText(person.role())};
  for (const ev::Tie& tie : person.ties()) parts.push_back(TieText(tie));
  parts.push_back(person.subject());
  return Joined(parts, "; ");
}

class Facts {
 public:
  explicit Facts(std::vector<Fact>* facts) : facts_(facts) {}
  void Add(Column column, absl::string_view name, std::string value) {
    if (value.empty()) return;
    facts_->push_back({column, std::string(name), std::move(value)});
  }

 private:
  std::vector<Fact>* facts_;
};

}  // namespace

std::string LinkText(ev::LinkKind kind) {
  switch (kind) {
    case ev::LINK_KIND_ASKED:
      return "asked for";
    case ev::LINK_KIND_RULE:
      return "joined by rule (verified identifier, date of birth and sex "
             "agree)";
    case ev::LINK_KIND_DECISION:
      return "joined by a coordinator's decision";
    case ev::LINK_KIND_RENAMED:
      return "renamed";
    default:
      return EnumText(kind);
  }
}

std::string NamesText(const ev::Demographics& demographics) {
  std::vector<std::string> names;
  for (const ev::PersonName& name : demographics.names()) {
    std::string text = Joined({name.given(), name.family()}, " ");
    if (text.empty()) text = name.as_given();
    if (name.use() == ev::NAME_USE_FORMER || name.use() == ev::NAME_USE_ALIAS) {
      absl::StrAppend(&text, " (", EnumText(name.use()), ")");
    }
    if (!text.empty()) names.push_back(std::move(text));
  }
  return names.empty() ? "Name not stated" : absl::StrJoin(names, "; ");
}

std::string BirthText(const ev::Birth& birth) {
  switch (birth.value_case()) {
    case ev::Birth::kDate: {
      ev::When when;
      when.set_date(birth.date());
      return absl::StrCat("born ", event::WhenText(when));
    }
    case ev::Birth::kExpected: {
      ev::When when;
      when.set_date(birth.expected());
      return absl::StrCat("not yet born, expected ", event::WhenText(when));
    }
    case ev::Birth::kEstimatedAge: {
      std::vector<std::string> age;
      if (birth.estimated_age().has_years()) {
        age.push_back(Plural(birth.estimated_age().years(), "year", "years"));
      }
      if (birth.estimated_age().has_months()) {
        age.push_back(
            Plural(birth.estimated_age().months(), "month", "months"));
      }
      return absl::StrCat("age estimated as ", Joined(age, " "), " on ",
                          birth.estimated_age().on());
    }
    case ev::Birth::kNotKnown:
      return "date of birth not known";
    case ev::Birth::VALUE_NOT_SET:
      break;
  }
  return "date of birth not stated";
}

RowText RowTextOf(const ch::Row& row) {
  RowText text;
  text.when = event::WhenText(row.occurred());
  text.age = row.age_then();
  text.label = row.label();
  text.headline = row.headline();
  text.source =
      Joined({row.writer(), OrganisationText(row.organisation())}, ", ");

  if (row.state() != ch::ROW_STATE_CURRENT) {
    text.marks.push_back(row.state() == ch::ROW_STATE_UNREADABLE
                             ? "cannot be read here: ask the source"
                             : EnumText(row.state()));
  }
  if (row.days_late() > 0) {
    text.marks.push_back(absl::StrCat(
        Plural(static_cast<uint64_t>(row.days_late()), "day", "days"),
        " late"));
  }
  if (row.destroyed() == ev::ANSWER_YES) {
    text.marks.emplace_back("content destroyed");
  }
  if (row.unmatched() == ev::ANSWER_YES) {
    text.marks.emplace_back("names an entry that does not match");
  }
  if (row.history() == ev::ANSWER_YES) {
    text.marks.emplace_back("from an imported past");
  }
  const bool unjudged = row.significance() == ev::SIGNIFICANCE_UNSPECIFIED;
  const std::string significance =
      unjudged ? "not yet judged" : EnumText(row.significance());
  if (row.significance() == ev::SIGNIFICANCE_SIGNIFICANT) {
    text.marks.push_back("significant");
  }
  if (row.visibility() != ev::VISIBILITY_FULL &&
      row.visibility() != ev::VISIBILITY_UNSPECIFIED) {
    text.marks.push_back(row.visibility() == ev::VISIBILITY_NOTICE
                             ? "held, not shown"
                             : EnumText(row.visibility()));
  }

  Facts facts(&text.facts);
  if (row.has_observed()) {
    facts.Add(Column::kWhen, "Observed", event::WhenText(row.observed()));
  }
  if (row.has_recorded()) {
    facts.Add(Column::kWhen, "Recorded", event::WhenText(row.recorded()));
  }
  facts.Add(Column::kWhen, "Received", TimeText(row.received()));
  facts.Add(Column::kWhen, "Logged", TimeText(row.logged()));
  if (row.has_days_late()) {
    facts.Add(Column::kWhen, "Days late", absl::StrCat(row.days_late()));
  }

  facts.Add(Column::kSource, "Author", AuthorText(row.author()));
  facts.Add(Column::kSource, "Contact", row.author().duty_contact());

  facts.Add(Column::kEvent, "Own term", TermText(row.term()));
  facts.Add(Column::kEvent, "Summary", row.summary());
  facts.Add(Column::kEvent, "Place", row.place());
  for (const ch::PersonInvolved& person : row.involved()) {
    facts.Add(Column::kEvent, "Involved", InvolvedText(person));
  }

  // That nobody stated it is shown too: it is not "no". Of what is held back,
  // destroyed or cannot be read, nobody can tell.
  const bool told = row.visibility() != ev::VISIBILITY_NOTICE &&
                    row.state() != ch::ROW_STATE_UNREADABLE;
  const ev::Seen& seen = row.seen();
  facts.Add(Column::kChild, "Role", ConceptText(row.role()));
  if (row.present() != ev::ANSWER_UNSPECIFIED) {
    facts.Add(Column::kChild, "Present", EnumText(row.present()));
  }
  facts.Add(Column::kChild, "Whereabouts", row.whereabouts());
  if ((told && row.destroyed() != ev::ANSWER_YES) || row.has_seen()) {
    facts.Add(Column::kChild, "Child seen", EnumText(seen.seen()));
    facts.Add(Column::kChild, "Alone", EnumText(seen.alone()));
  }
  facts.Add(Column::kChild, "Why not", seen.not_seen_reason());
  facts.Add(Column::kChild, "Seen by", AuthorText(seen.seen_by()));
  if (seen.has_when()) {
    facts.Add(Column::kChild, "Seen when", event::WhenText(seen.when()));
  }
  facts.Add(Column::kChild, "Interpreter", ConceptText(seen.interpreter()));
  facts.Add(
      Column::kChild, "Own words",
      seen.own_words().empty() ? "" : absl::StrCat("“", seen.own_words(), "”"));
  facts.Add(Column::kChild, "Wishes", seen.wishes());
  facts.Add(Column::kChild, "Wishes not asked",
            seen.wishes_not_sought_reason());
  facts.Add(Column::kChild, "Understanding", seen.understanding());

  facts.Add(Column::kAction, "Action", row.action());
  facts.Add(Column::kAction, "Outcome", row.outcome());

  if (told || !unjudged) {
    facts.Add(Column::kStanding, "Significance",
              row.significance_by().empty()
                  ? significance
                  : absl::StrCat(significance, ", by ", row.significance_by()));
  }
  facts.Add(Column::kStanding, "Status", EnumText(row.state()));
  if (row.destroyed() == ev::ANSWER_YES) {
    facts.Add(Column::kStanding, "Destroyed",
              "content of it, with its key; what stays is shown");
  }
  if (row.unmatched() == ev::ANSWER_YES) {
    facts.Add(Column::kStanding, "Unmatched",
              "the entry that it names is not here, or stands under another "
              "subject; it changes nothing");
  }
  if (row.history() == ev::ANSWER_YES) {
    facts.Add(Column::kStanding, "History",
              "part of an imported past; it is not late");
  }
  for (const ch::Amendment& amendment : row.amendments()) {
    facts.Add(Column::kStanding, "Later", AmendmentText(amendment));
    for (const ch::Conflict& conflict : amendment.conflicts()) {
      facts.Add(Column::kStanding, "Conflict of that", ConflictText(conflict));
    }
  }
  for (const ch::Conflict& conflict : row.conflicts()) {
    facts.Add(Column::kStanding, "Conflict", ConflictText(conflict));
  }
  if (row.duplicates() > 0) {
    facts.Add(Column::kStanding, "Came again",
              Plural(row.duplicates(), "time", "times"));
  }
  if (row.incomplete() == ev::ANSWER_YES) {
    facts.Add(Column::kStanding, "Incomplete",
              "other facts of the same request have not come yet");
  }
  facts.Add(Column::kStanding, "Same incident", ListText(row.incident_group()));
  facts.Add(Column::kStanding, "Also reported by",
            ListText(row.also_reported_by()));
  for (const std::string& warning : row.warnings()) {
    facts.Add(Column::kStanding, "Warning", warning);
  }

  facts.Add(Column::kRecord, "Subject",
            row.subject().empty()
                ? ""
                : absl::StrCat(row.subject(), ", ", LinkText(row.link())));
  facts.Add(Column::kRecord, "Shown", EnumText(row.visibility()));
  facts.Add(Column::kRecord, "Conversation", row.conversation_ref());
  facts.Add(Column::kRecord, "Event", row.event_id());
  if (row.has_position()) {
    facts.Add(Column::kRecord, "Position", PositionText(row.position()));
  }
  return text;
}

std::vector<std::string> CompletenessText(const ch::Completeness& c) {
  std::vector<std::string> lines;
  if (c.has_as_at() && c.words().empty()) {  // the words begin with it
    lines.push_back(absl::StrCat("As at ", TimeText(c.as_at()), "."));
  }
  for (const ch::SourceState& source : c.sources()) {
    if (source.connected() == ev::ANSWER_NO) {
      lines.push_back(absl::StrCat(source.writer(), ": has never sent."));
      continue;
    }
    std::vector<std::string> parts;
    if (source.has_connected_since()) {
      parts.push_back(
          absl::StrCat("connected since ", TimeText(source.connected_since())));
    }
    if (source.has_last_heard()) {
      parts.push_back(
          absl::StrCat("last heard ", TimeText(source.last_heard())));
    }
    if (source.lag_seconds() > 0) {
      parts.push_back(
          absl::StrCat(Plural(static_cast<uint64_t>(source.lag_seconds()),
                              "second", "seconds"),
                       " behind"));
    }
    if (parts.empty()) {
      parts.push_back(
          absl::StrCat("connected: ", EnumText(source.connected())));
    }
    lines.push_back(
        absl::StrCat(source.writer(), ": ", Joined(parts, ", "), "."));
  }
  if (c.quarantined() > 0) {
    lines.push_back(absl::StrCat(Plural(c.quarantined(), "record", "records"),
                                 " of this child cannot be opened here."));
  }
  if (c.conflicts() > 0) {
    lines.push_back(absl::StrCat(Plural(c.conflicts(), "conflict", "conflicts"),
                                 " in this child's records."));
  }
  if (c.withheld() > 0) {
    lines.push_back(absl::StrCat(
        Plural(c.withheld(), "entry is", "entries are"), " not shown",
        c.ask_size() > 0 ? absl::StrCat("; ask ", ListText(c.ask())) : "",
        "."));
  }
  if (c.lag_records() > 0) {
    lines.push_back(absl::StrCat(Plural(c.lag_records(), "record", "records"),
                                 " of the log not yet read."));
  }
  if (c.log_reachable() == ev::ANSWER_NO) {
    lines.push_back(absl::StrCat(
        "The log, or a part of it, cannot be reached",
        c.has_stale_since() ? absl::StrCat(" since ", TimeText(c.stale_since()))
                            : "",
        "; what came later may be missing."));
  } else if (c.has_stale_since()) {
    lines.push_back(absl::StrCat("The index stands still; nothing newer than ",
                                 TimeText(c.stale_since()), "."));
  }
  return lines;
}

PageText PageTextOf(const ch::GetChronologyResponse& answer,
                    const Asked& asked) {
  PageText page;
  page.title = absl::StrCat(NamesText(answer.demographics()), ", ",
                            BirthText(answer.demographics().birth()));
  const auto add = [&page](absl::string_view name, std::string value) {
    if (!value.empty()) page.facts.emplace_back(name, std::move(value));
  };
  if (answer.demographics().sex() != ev::SEX_UNSPECIFIED) {
    add("Sex", EnumText(answer.demographics().sex()));
  }
  for (const ev::Identifier& identifier : answer.demographics().identifiers()) {
    const std::string type =
        identifier.type() == ev::IDENTIFIER_TYPE_NHS_NUMBER ? "NHS number"
        : identifier.type() == ev::IDENTIFIER_TYPE_UPN      ? "UPN"
        : identifier.type() == ev::IDENTIFIER_TYPE_TEMPORARY_UPN
            ? "Temporary UPN"
            : identifier.system();
    add(type,
        absl::StrCat(identifier.value(), ", ",
                     identifier.verified() == ev::ANSWER_YES ? "verified"
                                                             : "not verified",
                     identifier.holder() == ev::IDENTIFIER_HOLDER_MOTHER
                         ? ", the mother's"
                         : ""));
  }
  add("As at", TimeText(answer.completeness().as_at()));
  add("Purpose", asked.purpose);
  add("Asked by", asked.by);
  add("Serves", asked.serves);
  add("Only", asked.filters);
  add("Entries", absl::StrCat(answer.rows_size(),
                              answer.has_total_rows()
                                  ? absl::StrCat(" of ", answer.total_rows())
                                  : "",
                              asked.order.empty() ? "" : ", ", asked.order));
  add("View", answer.view_id());
  for (const std::string& id : asked.further_view_ids) add("View", id);
  if (answer.has_view()) {
    const ev::RecordViewed& viewed = answer.view().viewed();
    add("Shown again", absl::StrCat("what ", viewed.asker().name(), " (",
                                    viewed.asker().function(), ") saw on ",
                                    TimeText(answer.view().logged()), " for ",
                                    EnumText(viewed.purpose())));
    add("Still the same", EnumText(answer.view().digest_agrees()));
  }
  for (const ev::LinkedSubject& subject : answer.subjects()) {
    page.subjects.push_back(SubjectText(subject));
  }
  for (const ch::PossibleMatch& match : answer.possible_matches()) {
    std::vector<std::string> reasons;
    for (const ch::MatchReason& reason : match.reasons()) {
      reasons.push_back(reason.text().empty() ? reason.code() : reason.text());
    }
    page.possible.push_back(absl::StrCat(
        match.subject(), " may be the same child: ", Joined(reasons, "; ")));
  }
  if (answer.too_many_linked() == ev::ANSWER_YES) {
    page.possible.push_back(
        "So many records hang together that one identifier must be shared by "
        "several people: none was joined.");
  }
  for (const ch::Cut& cut : answer.cuts()) {
    std::string text = absl::StrCat(cut.subject(), " and ", cut.other(), ": ",
                                    LinkText(cut.kind()));
    if (!cut.event_id().empty()) {
      absl::StrAppend(&text, " (event ", cut.event_id(), ")");
    }
    absl::StrAppend(&text, "; separated by event ", cut.separation_event_id());
    if (cut.between() == ev::ANSWER_YES) {
      absl::StrAppend(&text, ", which does not name both");
    }
    page.cuts.push_back(std::move(text));
  }
  for (const ch::Conflict& conflict : answer.link_conflicts()) {
    page.possible.push_back(
        absl::StrCat("Link ", conflict.event_id(),
                     " is in conflict: ", ConflictText(conflict)));
  }
  page.complete = answer.completeness().words();
  page.completeness = CompletenessText(answer.completeness());
  return page;
}

}  // namespace vigil::cli
