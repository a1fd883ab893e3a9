#include "libs/service/drafts.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/event/concepts.h"
#include "libs/event/kind.h"
#include "libs/event/named.h"
#include "libs/event/reference.h"
#include "libs/event/wire_writer.h"

namespace vigil::service {
namespace {

namespace v1 = ::vigil::event::v1;
using common::v1::Statement;
using event::DraftSection;
using event::FieldPath;
using event::KindAbout;
using event::KindTraits;
using event::StatementPart;
using event::WireWriter;

// Statement.act and Kind.kind have the same names and numbers (a test holds
// them together).
v1::Kind::KindCase KindOfAct(const Statement& statement) {
  return static_cast<v1::Kind::KindCase>(statement.act_case());
}

bool IsShielded(const v1::Address& address) {
  return address.shielded() == v1::ANSWER_YES;
}

template <typename Addresses>
bool AnyShielded(const Addresses& addresses) {
  return std::any_of(addresses.begin(), addresses.end(), IsShielded);
}

// Whether a section of this person is not for readers in general: where they
// live must not be known (F46, R93).
bool IsRestricted(const v1::About& about) {
  return about.has_mappa_level() ||
         AnyShielded(about.person().demographics().addresses()) ||
         AnyShielded(about.household().addresses());
}

// Beside that, what multi-agency public protection is told (R62).
bool IsRestricted(const v1::Involved& involved) {
  return involved.has_mappa_level() ||
         AnyShielded(involved.person().demographics().addresses());
}

// Beside what is discreet by its kind: public protection (R62), and what is
// said about an allegation against somebody who works with children (R111),
// which the person's own organisation must not read in passing.
bool IsRestricted(const Statement& statement) {
  namespace concepts = event::concepts;
  const absl::string_view meeting = statement.meeting_stepped().type().code();
  return statement.meeting_stepped().has_mappa_level() ||
         meeting == concepts::meeting::kMappa ||
         meeting == concepts::meeting::kAllegationManagementMeeting ||
         statement.investigation_stepped().type().code() ==
             concepts::investigation::kAllegationAgainstStaff ||
         statement.notice_given().type().code() ==
             concepts::notice::kLadoReferral ||
         statement.measure_taken().type().code() ==
             concepts::measure::kWorkingWithChildrenBar;
}

class Drafter {
 public:
  Drafter(const Statement& statement, absl::Span<const StatementPart> parts,
          const DraftingContext& context, event::Violations* violations)
      : statement_(statement),
        parts_(parts),
        context_(context),
        organisation_(
            event::OrganisationText(statement.submission().organisation())),
        kind_(KindOfAct(statement)),
        traits_(event::TraitsOf(kind_)),
        violations_(*violations) {}

  Drafting Run() {
    if (EventsOf(statement_) > kMaxRequestEvents) {
      violations_.Add("about", event::code::kTooManyEvents);
    }
    NameAll();
    FindSubjects();
    if (!violations_.empty()) return {};
    header_ = Header();
    for (size_t i = 0; i < subjects_.size(); ++i) {
      Facts(i);
      if (bytes_ > kMaxStatementBytes) {
        violations_.Add("", event::code::kStatementTooLarge);
        return {};
      }
    }
    return std::move(drafting_);
  }

 private:
  // A subject that the statement is about.
  struct Subject {
    std::string reference;
    int about = -1;  // its place there; -1: named by the act, or an entry's
  };

  // An entry that the statement names.
  struct Entry {
    const v1::EntryRef* ref;
    v1::Manner manner;
    bool amended;  // it is what is corrected or supplemented
  };

  // ---- Names

  std::string Named(const v1::SubjectRef& ref, bool household,
                    const event::NamingKey& key) const {
    const auto kind = household ? event::SubjectKind::kHousehold
                                : event::SubjectKind::kPerson;
    if (ref.has_local_id()) {
      return key.Subject(kind, organisation_, ref.local_id().system(),
                         ref.local_id().id());
    }
    return key.NumberedSubject(
        kind, organisation_, statement_.submission().record_ref().system(),
        statement_.submission().record_ref().id(), ref.number());
  }

  std::string Name(const v1::SubjectRef& ref, bool household) const {
    return ref.has_subject() ? ref.subject()
                             : Named(ref, household, context_.keys.current);
  }

  // Joins the former references of whoever is named to the one of today, each
  // once however often they are named.
  void Rename(const v1::SubjectRef& ref, bool household,
              const std::string& subject) {
    if (ref.has_subject() || others_.contains(subject)) return;
    for (const event::NamingKey& former : context_.keys.previous) {
      drafting_.renamings.push_back({Named(ref, household, former), subject});
    }
  }

  void NameAll() {
    const event::NamedVisitor visitor = {
        .subject =
            [&](const v1::SubjectRef& ref, bool household,
                const FieldPath& path) {
              std::string field = path.Text();
              std::string subject = Name(ref, household);
              if (absl::StartsWith(field, "informant.")) {
                informant_ = std::move(subject);
                return;
              }
              // An informant is not joined: that they are one would stand in
              // the clear. Nor is who is in a discreet act.
              if (!traits_.discreet || absl::StartsWith(field, "about[")) {
                Rename(ref, household, subject);
              }
              v1::Named& named = drafting_.named.emplace_back();
              named.set_field(std::move(field));
              named.set_subject(subject);
              others_.insert(std::move(subject));
            },
        .entry = [&](const v1::EntryRef& entry, v1::Manner manner,
                     const FieldPath& path) { NameEntry(entry, manner, path); },
        .reference =
            [&](const std::string& reference, const FieldPath&) {
              references_.insert(reference);
              others_.insert(reference);
            },
        .addressee =
            [&](const v1::Organisation& organisation, const FieldPath& path) {
              // As with entries: a correction directs nothing anew.
              if (!statement_.has_amends() || Amends(path.Text())) {
                addressees_.push_back(&organisation);
              }
            }};
    event::VisitNamed(statement_, visitor);
  }

  void NameEntry(const v1::EntryRef& entry, v1::Manner manner,
                 const FieldPath& path) {
    const std::string field = path.Text();
    const bool amended = absl::StartsWith(field, "amends.");
    // A correction says the act again: what that names counts if it is what is
    // corrected.
    if (!amended && statement_.has_amends() && !Amends(field)) return;
    if (manner == v1::MANNER_UNSPECIFIED) manner = traits_.manner;
    entries_.push_back({&entry, manner, amended});
    if (!entry.subject().empty()) others_.insert(entry.subject());
  }

  // Whether a correction names this field, a part of it, or what it is in.
  bool Amends(absl::string_view field) const {
    const auto is_part = [](absl::string_view part, absl::string_view whole) {
      return absl::StartsWith(part, whole) &&
             (part.size() == whole.size() || part[whole.size()] == '.' ||
              part[whole.size()] == '[');
    };
    return std::any_of(statement_.amends().fields().begin(),
                       statement_.amends().fields().end(),
                       [&](const std::string& named) {
                         return is_part(field, named) || is_part(named, field);
                       });
  }

  // ---- Whom it is about

  void FindSubjects() {
    // By whatever reference: also by one of before a naming key was replaced.
    std::set<std::string> seen;
    const auto is_new = [&](const std::string& reference) {
      bool first = seen.insert(reference).second;
      for (const Drafting::Renaming& renaming : drafting_.renamings) {
        if (renaming.to == reference) {
          first &= seen.insert(renaming.from).second;
        }
      }
      return first;
    };
    for (int i = 0; i < statement_.about_size(); ++i) {
      const v1::About& about = statement_.about(i);
      const std::string field = absl::StrCat("about[", i, "]");
      std::string reference;
      if (about.has_organisation()) {
        reference = event::OrganisationText(about.organisation());
      } else {
        const bool household = about.has_household();
        const v1::SubjectRef& ref =
            household ? about.household().ref() : about.person().ref();
        reference = NamedAt(
            absl::StrCat(field, household ? ".household.ref" : ".person.ref"));
        if (ref.has_subject() && !context_.any_subject &&
            !context_.keys.Named(reference)) {
          violations_.Add(
              absl::StrCat(field, household ? ".household" : ".person",
                           ".ref.subject"),
              event::code::kSubjectForeign);
        }
      }
      if (!is_new(reference))
        violations_.Add(field, event::code::kPersonRepeated);
      if (traits_.discreet && about.observations_size() > 0) {
        violations_.Add(absl::StrCat(field, ".observations"),
                        event::code::kObservationsNotTaken);
      }
      subjects_.push_back({std::move(reference), i});
    }
    for (int i = 0; i < statement_.involved_size(); ++i) {
      const std::string field = absl::StrCat("involved[", i, "]");
      if (!is_new(NamedAt(absl::StrCat(field, ".person.ref")))) {
        violations_.Add(field, event::code::kPersonRepeated);
      }
    }
    if (traits_.about == KindAbout::kNamed) {
      if (!subjects_.empty()) {
        violations_.Add("about", event::code::kAboutNotTaken);
      } else if (!references_.empty()) {
        subjects_.push_back({*references_.begin()});
      } else if (std::string lowest = LowestOfEntries(); !lowest.empty()) {
        subjects_.push_back({std::move(lowest)});
      }
    } else if (subjects_.empty() && (traits_.about == KindAbout::kEntry ||
                                     statement_.has_amends())) {
      if (std::string lowest = LowestOfEntries(); !lowest.empty()) {
        subjects_.push_back({std::move(lowest)});
      }
    }
    if (subjects_.empty() && violations_.empty()) {
      violations_.Add("about", event::code::kRequired);
    }
  }

  // Of those that it answers; of those that it only cites, if it answers none.
  std::string LowestOfEntries() const {
    std::set<std::string> answered;
    std::set<std::string> cited;
    for (const Entry& entry : entries_) {
      if (entry.ref->subject().empty()) continue;
      (entry.manner == v1::MANNER_CITES ? cited : answered)
          .insert(entry.ref->subject());
    }
    if (!answered.empty()) return *answered.begin();
    return cited.empty() ? "" : *cited.begin();
  }

  std::string NamedAt(const std::string& field) const {
    for (const v1::Named& named : drafting_.named) {
      if (named.field() == field) return named.subject();
    }
    return "";  // a choice that was not made: check.h has said so
  }

  // ---- What stands in the clear

  v1::ClearPart Clear(const std::string& subject) const {
    const v1::Submission& submission = statement_.submission();
    const v1::Account& account = statement_.account();
    // A date of birth is nobody's to read in the clear.
    const bool birth =
        statement_.life_event_recorded().event() == v1::LIFE_EVENT_BIRTH;
    v1::ClearPart clear;
    *clear.mutable_organisation() = submission.organisation();
    *clear.mutable_occurred() = event::ClearTime(account.occurred(), birth);
    if (account.has_observed()) {
      *clear.mutable_observed() = event::ClearTime(account.observed(), birth);
    }
    if (submission.has_recorded()) {
      *clear.mutable_recorded() =
          event::ClearTime(submission.recorded(), birth);
    }
    // Of a discreet kind nobody else is named: who is would tell what it is.
    std::set<std::string> others;
    if (!traits_.discreet) others = others_;
    for (const Subject& other : subjects_) others.insert(other.reference);
    others.erase(subject);
    for (const std::string& other : others) clear.add_others(other);
    for (const Entry& entry : entries_) *clear.add_targets() = TargetOf(entry);
    AddDecided(&clear);
    for (const v1::Organisation* addressee : addressees_) {
      *clear.add_addressees() = *addressee;
    }
    clear.set_record(context_.keys.current.Record(
        organisation_, submission.record_ref().system(),
        submission.record_ref().id()));
    clear.set_history(submission.history());
    return clear;
  }

  // Who is who, decided: it must outlive the keys of all of them.
  void AddDecided(v1::ClearPart* clear) const {
    const auto decide = [&](const auto& one, const auto& other) {
      clear->mutable_decided()->mutable_one()->Add(one.begin(), one.end());
      clear->mutable_decided()->mutable_other()->Add(other.begin(),
                                                     other.end());
    };
    const auto revoke = [&](const std::string& event_id, const auto& subjects) {
      v1::Target& target = *clear->add_targets();
      target.set_event_id(event_id);
      target.set_subject(*std::min_element(subjects.begin(), subjects.end()));
      target.set_manner(v1::MANNER_REVOKES);
    };
    using Texts = std::vector<std::string>;
    if (statement_.has_subjects_linked()) {
      decide(statement_.subjects_linked().subjects(), Texts());
    } else if (statement_.has_subjects_separated()) {
      decide(statement_.subjects_separated().group_a(),
             statement_.subjects_separated().group_b());
    } else if (statement_.has_subject_renamed()) {
      decide(Texts{statement_.subject_renamed().from_subject()},
             Texts{statement_.subject_renamed().to_subject()});
    } else if (statement_.has_entry_reassigned()) {
      decide(Texts(), Texts{statement_.entry_reassigned().to_subject()});
    } else if (statement_.has_link_revoked()) {
      revoke(statement_.link_revoked().event_id(),
             statement_.link_revoked().subjects());
    } else if (statement_.has_separation_revoked()) {
      revoke(statement_.separation_revoked().event_id(),
             statement_.separation_revoked().subjects());
    }
  }

  v1::Target TargetOf(const Entry& named) const {
    const v1::EntryRef& entry = *named.ref;
    v1::Target target;
    if (entry.has_event_id()) {
      target.set_event_id(entry.event_id());
      target.set_subject(entry.subject());
    } else {
      target.set_record(context_.keys.current.Record(
          entry.has_organisation()
              ? event::OrganisationText(entry.organisation())
              : organisation_,
          entry.record_ref().system(), entry.record_ref().id()));
    }
    if (!named.amended) {
      // What else it is to that entry would tell which discreet act it is.
      target.set_manner(traits_.discreet ? v1::MANNER_CITES : named.manner);
      return target;
    }
    const v1::Amends& amends = statement_.amends();
    target.set_manner(amends.how() == v1::AMENDMENT_CORRECTION
                          ? v1::MANNER_CORRECTS
                          : v1::MANNER_SUPPLEMENTS);
    for (const std::string& field : amends.fields()) {
      target.add_fields(traits_.discreet ? NeutralField(field) : field);
    }
    return target;
  }

  // A path would tell which discreet kind it is a path of: "act.against".
  static std::string NeutralPath(const std::string& path) {
    const std::string part = path.substr(0, path.find('.'));
    const auto* found = Statement::descriptor()->FindFieldByName(part);
    return found != nullptr && found->real_containing_oneof() != nullptr
               ? absl::StrCat("act", path.substr(part.size()))
               : path;
  }

  // No more of it than the part, for the clear.
  static std::string NeutralField(const std::string& field) {
    const std::string path = NeutralPath(field);
    return path.substr(0, path.find('.'));
  }

  // ---- Sections

  const StatementPart* Part(uint32_t field, uint32_t index = 0) const {
    for (const StatementPart& part : parts_) {
      if (part.field == field && part.index == index) return &part;
    }
    return nullptr;
  }

  // What follows `account` in a header, the same of all facts of the statement.
  struct HeaderBytes {
    std::string before_account;
    std::string account;  // without its tag
    std::string after_account;
  };

  HeaderBytes Header() const {
    using H = v1::Header;
    HeaderBytes bytes;
    WireWriter before(&bytes.before_account);
    before.Text(H::kSystemFieldNumber, context_.system);
    before.Bytes(H::kSubmissionFieldNumber,
                 Part(Statement::kSubmissionFieldNumber)->bytes);
    bytes.account = Part(Statement::kAccountFieldNumber)->bytes;
    WireWriter after(&bytes.after_account);
    if (const auto* amends = Part(Statement::kAmendsFieldNumber)) {
      after.Bytes(H::kAmendsFieldNumber, amends->bytes);
    }
    after.Text(H::kConversationRefFieldNumber, context_.conversation_ref);
    for (const StatementPart& part : parts_) {
      std::string digest;
      WireWriter out(&digest);
      // The act's number would tell which discreet act it is.
      if (!traits_.discreet || part.field != static_cast<uint32_t>(kind_)) {
        out.Number(v1::PartDigest::kFieldFieldNumber, part.field);
      }
      out.Number(v1::PartDigest::kIndexFieldNumber, part.index);
      out.Bytes(v1::PartDigest::kSha256FieldNumber, AsBytes(part.digest));
      after.Bytes(H::kPartsFieldNumber, digest);
    }
    for (const v1::Named& named : drafting_.named) {
      std::string entry;
      WireWriter out(&entry);
      out.Text(v1::Named::kFieldFieldNumber,
               traits_.discreet ? NeutralPath(named.field()) : named.field());
      out.Text(v1::Named::kSubjectFieldNumber, named.subject());
      after.Bytes(H::kNamedFieldNumber, entry);
    }
    return bytes;
  }

  DraftSection HeaderSection(v1::Kind::KindCase kind, absl::string_view account,
                             int observation = -1) const {
    DraftSection section = {.part = v1::PART_HEADER,
                            .restricted = IsRestricted(statement_)};
    WireWriter out(&section.bytes);
    out.Text(v1::Header::kLabelFieldNumber,
             event::LabelOf(event::TypeOf(kind)));
    section.bytes += header_.before_account;
    out.Bytes(v1::Header::kAccountFieldNumber, account);
    section.bytes += header_.after_account;
    if (observation >= 0) {
      out.Number(v1::Header::kObservationFieldNumber,
                 static_cast<uint64_t>(observation));
    }
    return section;
  }

  static DraftSection PersonSection(const std::string& whose, uint32_t field,
                                    uint32_t index, absl::string_view bytes,
                                    bool restricted) {
    DraftSection section = {
        .part = v1::PART_PERSON, .whose = whose, .restricted = restricted};
    WireWriter out(&section.bytes);
    out.Bytes(field, bytes);
    out.Number(v1::PersonPart::kIndexFieldNumber, index);
    return section;
  }

  // The event's own subject, if the statement is about it.
  void AddOwnPerson(const Subject& subject, event::Draft* draft) const {
    if (subject.about < 0) return;
    const v1::About& about = statement_.about(subject.about);
    const auto index = static_cast<uint32_t>(subject.about);
    draft->sections.push_back(PersonSection(
        subject.reference, v1::PersonPart::kAboutFieldNumber, index,
        Part(Statement::kAboutFieldNumber, index)->bytes, IsRestricted(about)));
  }

  event::Draft NewDraft(const Subject& subject, v1::Kind::KindCase kind) const {
    event::Draft draft;
    draft.subject = subject.reference;
    draft.kind = kind;
    draft.clear = Clear(subject.reference);
    if (subject.about >= 0)
      draft.field = absl::StrCat("about[", subject.about, "]");
    return draft;
  }

  static DraftSection KindSection(v1::Kind::KindCase kind,
                                  absl::string_view bytes, bool restricted) {
    DraftSection section = {.part = v1::PART_KIND, .restricted = restricted};
    WireWriter(&section.bytes).Bytes(static_cast<uint32_t>(kind), bytes);
    return section;
  }

  void Keep(event::Draft draft) {
    for (const DraftSection& section : draft.sections) {
      bytes_ += section.bytes.size();
    }
    drafting_.drafts.push_back(std::move(draft));
  }

  void Facts(size_t i) {
    const Subject& subject = subjects_[i];
    event::Draft draft = NewDraft(subject, kind_);
    draft.sections.push_back(HeaderSection(kind_, header_.account));
    draft.sections.push_back(
        KindSection(kind_, Part(static_cast<uint32_t>(kind_))->bytes,
                    IsRestricted(statement_)));
    AddOwnPerson(subject, &draft);
    for (int j = 0; j < statement_.involved_size(); ++j) {
      const auto index = static_cast<uint32_t>(j);
      draft.sections.push_back(
          PersonSection(NamedAt(absl::StrCat("involved[", j, "].person.ref")),
                        v1::PersonPart::kInvolvedFieldNumber, index,
                        Part(Statement::kInvolvedFieldNumber, index)->bytes,
                        IsRestricted(statement_.involved(j))));
    }
    if (statement_.has_informant()) {
      DraftSection section = {
          .part = v1::PART_INFORMANT,
          .restricted = statement_.informant().confidentiality() !=
                        v1::CONFIDENTIALITY_OPEN};
      WireWriter out(&section.bytes);
      out.Bytes(v1::InformantPart::kInformantFieldNumber,
                Part(Statement::kInformantFieldNumber)->bytes);
      out.Text(v1::InformantPart::kSubjectFieldNumber, informant_);
      draft.sections.push_back(std::move(section));
    }
    if (const auto* place = Part(Statement::kPlaceFieldNumber)) {
      draft.sections.push_back(
          {.part = v1::PART_PLACE,
           .restricted = IsShielded(statement_.place().address()),
           .bytes = place->bytes});
    }
    Keep(std::move(draft));
    // Each is a fact of its own, and corrected as one: said again beside a
    // correction it is no new fact.
    if (subject.about < 0 || statement_.has_amends()) return;
    const auto& observations = statement_.about(subject.about).observations();
    for (int j = 0; j < observations.size(); ++j) {
      Observation(subject, observations.Get(j), j);
    }
  }

  // A fact beside the main one is read under its own name: three things seen at
  // one incident are three lines, not three times the incident's headline.
  void Observation(const Subject& subject,
                   const v1::ObservationMade& observation, int index) {
    event::Draft draft = NewDraft(subject, v1::Kind::kObservationMade);
    absl::StrAppend(&draft.field, ".observations[", index, "]");
    draft.clear.clear_targets();
    draft.clear.clear_addressees();
    v1::Account account;
    if (statement_.account().has_occurred()) {
      *account.mutable_occurred() = statement_.account().occurred();
    }
    if (statement_.account().has_observed()) {
      *account.mutable_observed() = statement_.account().observed();
    }
    const v1::Concept& what = observation.has_indicator()
                                  ? observation.indicator()
                                  : observation.measurement().quantity();
    account.set_headline(what.has_own()
                             ? what.own().display()
                             : absl::StrReplaceAll(what.code(), {{"_", " "}}));
    if (account.headline().empty()) account.set_headline("Observation");
    if (what.has_own()) *account.mutable_term() = what.own();
    draft.sections.push_back(HeaderSection(v1::Kind::kObservationMade,
                                           account.SerializeAsString(), index));
    draft.sections.push_back(KindSection(v1::Kind::kObservationMade,
                                         observation.SerializeAsString(),
                                         IsRestricted(statement_)));
    AddOwnPerson(subject, &draft);
    Keep(std::move(draft));
  }

  const Statement& statement_;
  const absl::Span<const StatementPart> parts_;
  const DraftingContext& context_;
  const std::string organisation_;
  const v1::Kind::KindCase kind_;
  const KindTraits& traits_;
  event::Violations& violations_;

  Drafting drafting_;
  std::vector<Subject> subjects_;
  std::set<std::string> others_;      // all who are named, but the informant
  std::set<std::string> references_;  // those in lists of the act
  std::string informant_;
  std::vector<Entry> entries_;
  std::vector<const v1::Organisation*> addressees_;
  HeaderBytes header_;
  size_t bytes_ = 0;  // of all sections so far
};

}  // namespace

size_t EventsOf(const Statement& statement) {
  if (statement.about().empty()) return 1;
  size_t events = 0;
  for (const v1::About& about : statement.about()) {
    ++events;
    if (!statement.has_amends()) {
      events += static_cast<size_t>(about.observations_size());
    }
  }
  return events;
}

size_t NamesOf(const Statement& statement) {
  size_t names = 0;
  event::VisitNamed(
      statement,
      {.subject = [&](const v1::SubjectRef&, bool,
                      const FieldPath&) { ++names; },
       .entry = [](const v1::EntryRef&, v1::Manner, const FieldPath&) {},
       .reference = [](const std::string&, const FieldPath&) {}});
  return names;
}

Drafting DraftsOf(const Statement& statement,
                  absl::Span<const StatementPart> parts,
                  const DraftingContext& context,
                  event::Violations* violations) {
  return Drafter(statement, parts, context, violations).Run();
}

}  // namespace vigil::service
