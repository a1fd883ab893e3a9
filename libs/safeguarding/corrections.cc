#include "libs/safeguarding/corrections.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/message.h"

namespace vigil::safeguarding {
namespace {

using event::v1::Kind;
using event::v1::Part;
using event::v1::PersonPart;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What section CLEAR calls any act of a discreet kind.
constexpr absl::string_view kAct = "act";

// A path, component by component.
using Path = absl::Span<const std::string>;

bool IsAct(absl::string_view part) {
  const FieldDescriptor* field =
      Kind::descriptor()->FindFieldByName(std::string(part));
  return part == kAct || field != nullptr;
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  return field->is_repeated() ? reflection.FieldSize(message, field) > 0
                              : reflection.HasField(message, field);
}

// Whether it says who somebody is, by which persons are matched.
bool IsReference(const FieldDescriptor* field) {
  return field->message_type() == event::v1::SubjectRef::descriptor() &&
         (field->containing_type() == event::v1::Person::descriptor() ||
          field->containing_type() == event::v1::Household::descriptor());
}

// Makes the field at `path` in `to` what it is in `from`, which is used up.
// Without `from`, empties it.
void Replace(Message* from, Message* to, Path path) {
  const FieldDescriptor* field = to->GetDescriptor()->FindFieldByName(path[0]);
  if (field == nullptr || IsReference(field)) {
    return;
  }
  const Reflection& reflection = *to->GetReflection();
  const bool leads_on = path.size() > 1 && !field->is_repeated() &&
                        field->message_type() != nullptr;
  const bool given = from != nullptr && IsSet(*from, field);
  if (!leads_on) {
    if (given) {
      reflection.SwapFields(from, to, {field});
    } else {
      reflection.ClearField(to, field);
    }
    return;
  }
  if (given) {
    Replace(reflection.MutableMessage(from, field),
            reflection.MutableMessage(to, field), path.subspan(1));
  } else if (IsSet(*to, field)) {
    Replace(nullptr, reflection.MutableMessage(to, field), path.subspan(1));
  }
}

template <typename M>
M& Made(std::optional<M>& part) {
  return part ? *part : part.emplace();
}

// A whole part, or what `path` leads to within it. `from` is a copy, if there
// is one.
template <typename M>
void ReplacePart(std::optional<M> from, std::optional<M>& to, Path path) {
  if (path.empty()) {
    to = std::move(from);
  } else if (from) {
    Replace(&*from, &Made(to), path);
  } else if (to) {
    Replace(nullptr, &*to, path);
  }
}

bool IsUnreadable(const Content& content, Part part) {
  return std::find(content.unreadable.begin(), content.unreadable.end(),
                   part) != content.unreadable.end();
}

// Of "about[1].person.ref" 1.
std::optional<uint32_t> PlaceInAbout(absl::string_view field) {
  uint32_t place = 0;
  const bool is_place = absl::ConsumePrefix(&field, "about[") &&
                        (absl::ConsumeSuffix(&field, "].person.ref") ||
                         absl::ConsumeSuffix(&field, "].household.ref")) &&
                        absl::SimpleAtoi(field, &place);
  return is_place ? std::optional(place) : std::nullopt;
}

class Correcting {
 public:
  Correcting(const Content& original, const Renamings& renamings)
      : renamings_(renamings) {
    result_.content = original;
  }

  void Apply(const Content& correction) {
    // In full, but in CLEAR of a discreet kind.
    if (correction.amends) {
      for (const std::string& field : correction.amends->fields()) {
        Apply(correction, field);
      }
      return;
    }
    for (const event::v1::Target& target : correction.clear.targets()) {
      if (target.manner() != event::v1::MANNER_CORRECTS) {
        continue;
      }
      for (const std::string& field : target.fields()) {
        Apply(correction, field);
      }
    }
  }

  InForce Finish() && { return std::move(result_); }

 private:
  void Apply(const Content& correction, const std::string& field) {
    const std::vector<std::string> path = absl::StrSplit(field, '.');
    const Path rest = Path(path).subspan(1);
    Content& content = result_.content;
    if (path[0] == "submission") {
      ApplyPart(correction, event::v1::PART_HEADER, field,
                OrClear(correction, field, correction.submission),
                content.submission, rest);
    } else if (path[0] == "account") {
      ApplyPart(correction, event::v1::PART_HEADER, field,
                OrClear(correction, field, correction.account), content.account,
                rest);
    } else if (path[0] == "informant") {
      ApplyPart(correction, event::v1::PART_INFORMANT, field,
                correction.informant, content.informant, rest);
    } else if (path[0] == "place") {
      ApplyPart(correction, event::v1::PART_PLACE, field, correction.place,
                content.place, rest);
    } else if (path[0] == "about") {
      ApplyAbout(correction, field, rest);
    } else if (path[0] == "involved") {
      ApplyInvolved(correction, field, rest);
    } else if (IsAct(path[0])) {
      ApplyAct(correction, field, path);
    }
  }

  // Notes whether the right value of the field is lost: what a later correction
  // says counts.
  void Note(const std::string& field, bool lost) {
    std::erase_if(result_.unreadable, [&](const std::string& other) {
      return absl::StartsWith(absl::StrCat(other, "."),
                              absl::StrCat(field, "."));
    });
    if (lost) {
      result_.unreadable.push_back(field);
    }
  }

  // What section CLEAR says too, where the header cannot be read.
  static std::optional<event::v1::Account> OrClear(
      const Content& correction, absl::string_view field,
      const std::optional<event::v1::Account>& said) {
    if (said || !IsUnreadable(correction, event::v1::PART_HEADER)) {
      return said;
    }
    event::v1::Account account;
    if (field == "account.occurred") {
      *account.mutable_occurred() = correction.clear.occurred();
    } else if (field == "account.observed") {
      *account.mutable_observed() = correction.clear.observed();
    } else {
      return std::nullopt;
    }
    return account;
  }
  static std::optional<event::v1::Submission> OrClear(
      const Content& correction, absl::string_view field,
      const std::optional<event::v1::Submission>& said) {
    if (said || !IsUnreadable(correction, event::v1::PART_HEADER)) {
      return said;
    }
    event::v1::Submission submission;
    if (field == "submission.recorded") {
      *submission.mutable_recorded() = correction.clear.recorded();
    } else if (field == "submission.history") {
      submission.set_history(correction.clear.history());
    } else {
      return std::nullopt;
    }
    return submission;
  }

  template <typename M>
  void ApplyPart(const Content& correction, Part part, const std::string& field,
                 const std::optional<M>& from, std::optional<M>& to,
                 Path rest) {
    Note(field, !from && IsUnreadable(correction, part));
    ReplacePart(from, to, rest);
  }

  // The act is the same, or there is nothing to correct.
  void ApplyAct(const Content& correction, const std::string& field,
                const std::vector<std::string>& path) {
    std::optional<Kind>& kind = result_.content.kind;
    if (path[0] == kAct) {  // which fields of it can no longer be told
      Note(field, true);
      kind.reset();
      return;
    }
    const int act = Kind::descriptor()->FindFieldByName(path[0])->number();
    if ((kind && kind->kind_case() != act) ||
        (correction.kind && correction.kind->kind_case() != act)) {
      return;
    }
    Note(field,
         !correction.kind && IsUnreadable(correction, event::v1::PART_KIND));
    ReplacePart(correction.kind, kind, path);
  }

  void ApplyAbout(const Content& correction, const std::string& field,
                  Path rest) {
    Content& content = result_.content;
    const auto of_subject = [&](const Content::Person& person) {
      return renamings_.AreOne(person.whose, content.subject);
    };
    if (!renamings_.AreOne(correction.subject, content.subject)) {
      return;  // of another whom the statement was about
    }
    const auto from = std::find_if(correction.persons.begin(),
                                   correction.persons.end(), of_subject);
    if (from == correction.persons.end()) {
      return;  // it is about nobody: it says nothing of the person
    }
    auto to = std::find_if(content.persons.begin(), content.persons.end(),
                           of_subject);
    if (to == content.persons.end()) {
      to = content.persons.insert(content.persons.begin(),
                                  {content.subject, std::nullopt});
    }
    Note(field, !from->part);
    ReplacePerson<event::v1::About>(
        correction, *from, *to, rest,
        [](PersonPart& part) { return part.mutable_about(); });
  }

  void ApplyInvolved(const Content& correction, const std::string& field,
                     Path rest) {
    Content& content = result_.content;
    bool lost = false;
    for (const Content::Person& from : correction.persons) {
      if (renamings_.AreOne(from.whose, correction.subject)) {
        continue;
      }
      lost = lost || !from.part;
      auto to = std::find_if(
          content.persons.begin(), content.persons.end(),
          [&](const Content::Person& person) {
            return renamings_.AreOne(person.whose, from.whose) &&
                   !renamings_.AreOne(person.whose, content.subject);
          });
      if (to == content.persons.end()) {
        to = content.persons.insert(content.persons.end(),
                                    {from.whose, std::nullopt});
      }
      ReplacePerson<event::v1::Involved>(
          correction, from, *to, rest,
          [](PersonPart& part) { return part.mutable_involved(); });
    }
    Note(field, lost);
  }

  // `member` is the one of PersonPart that is corrected.
  template <typename M, typename F>
  void ReplacePerson(const Content& correction, const Content::Person& from,
                     Content::Person& to, Path rest, F member) const {
    if (!from.part) {
      if (to.part && !rest.empty()) {
        Replace(nullptr, member(*to.part), rest);
      } else {
        to.part.reset();
      }
      return;
    }
    PersonPart said = *from.part;
    Retie(correction, member(said)->mutable_ties());
    if (!to.part) {
      // Of whom nothing could be read, or somebody new.
      PersonPart& part = to.part.emplace();
      M* made = member(part);
      CopyReference(*member(said), made);
      if (said.has_index()) {
        part.set_index(said.index());
      }
    }
    if (rest.empty()) {
      *member(*to.part) = std::move(*member(said));
    } else {
      Replace(member(said), member(*to.part), rest);
    }
  }

  // Makes the ties of a correction lead where they led there. What leads to
  // nobody whom the original is about is left out.
  void Retie(const Content& correction,
             google::protobuf::RepeatedPtrField<event::v1::Tie>* ties) const {
    google::protobuf::RepeatedPtrField<event::v1::Tie> kept;
    for (event::v1::Tie& tie : *ties) {
      event::v1::Tie& moved = *kept.Add();
      moved = tie;
      moved.clear_about();
      for (const uint32_t place : tie.about()) {
        const auto whose = correction.abouts.find(place);
        if (whose == correction.abouts.end()) {
          continue;
        }
        for (const auto& [at, reference] : result_.content.abouts) {
          if (renamings_.AreOne(reference, whose->second)) {
            moved.add_about(at);
          }
        }
      }
      if (moved.about().empty()) {
        kept.RemoveLast();
      }
    }
    ties->Swap(&kept);
  }

  static void CopyReference(const event::v1::About& from,
                            event::v1::About* to) {
    if (from.has_person()) {
      *to->mutable_person()->mutable_ref() = from.person().ref();
    } else if (from.has_household()) {
      *to->mutable_household()->mutable_ref() = from.household().ref();
    } else if (from.has_organisation()) {
      *to->mutable_organisation() = from.organisation();
    }
  }
  static void CopyReference(const event::v1::Involved& from,
                            event::v1::Involved* to) {
    *to->mutable_person()->mutable_ref() = from.person().ref();
  }

  const Renamings& renamings_;
  InForce result_;
};

}  // namespace

const event::v1::About* Content::about() const {
  for (const Person& person : persons) {
    if (person.whose == subject && person.part && person.part->has_about()) {
      return &person.part->about();
    }
  }
  return nullptr;
}

Content ReadContent(
    const event::Envelope& envelope,
    absl::FunctionRef<bool(const event::SectionView&)> may_read) {
  Content content;
  content.subject = std::string(envelope.subject);
  // Nothing if it cannot be read, which it then says.
  const auto read = [&]<typename M>(const event::SectionView& section,
                                    M message) -> std::optional<M> {
    if (!may_read(section) || !envelope.Open(section, &message).ok()) {
      content.unreadable.push_back(section.part);
      return std::nullopt;
    }
    return message;
  };
  for (const event::SectionView& section : envelope.sections) {
    switch (section.part) {
      case event::v1::PART_CLEAR:
        content.clear = read(section, event::v1::ClearPart())
                            .value_or(event::v1::ClearPart());
        break;
      case event::v1::PART_HEADER:
        if (auto header = read(section, event::v1::Header())) {
          if (header->has_submission()) {
            content.submission = std::move(*header->mutable_submission());
          }
          if (header->has_account()) {
            content.account = std::move(*header->mutable_account());
          }
          if (header->has_amends()) {
            content.amends = std::move(*header->mutable_amends());
          }
          for (event::v1::Named& named : *header->mutable_named()) {
            if (const auto place = PlaceInAbout(named.field())) {
              content.abouts[*place] = std::move(*named.mutable_subject());
            }
          }
        }
        break;
      case event::v1::PART_KIND:
        content.kind = read(section, Kind());
        break;
      case event::v1::PART_PERSON: {
        Content::Person person = {std::string(section.whose),
                                  read(section, PersonPart())};
        if (person.part && person.part->has_about() &&
            person.part->has_index()) {
          content.abouts[person.part->index()] = person.whose;
        }
        content.persons.insert(person.whose == content.subject
                                   ? content.persons.begin()
                                   : content.persons.end(),
                               std::move(person));
        break;
      }
      case event::v1::PART_INFORMANT:
        if (auto informant = read(section, event::v1::InformantPart())) {
          content.informant = std::move(*informant->mutable_informant());
        }
        break;
      case event::v1::PART_PLACE:
        content.place = read(section, event::v1::Place());
        break;
      default:
        break;
    }
  }
  return content;
}

InForce Correct(const Content& original, absl::Span<const Content> corrections,
                const Renamings& renamings) {
  Correcting correcting(original, renamings);
  for (const Content& correction : corrections) {
    correcting.Apply(correction);
  }
  return std::move(correcting).Finish();
}

bool Concerns(absl::string_view field, absl::string_view path) {
  const auto is_part = [](absl::string_view part, absl::string_view whole) {
    return absl::StartsWith(part, whole) &&
           (part.size() == whole.size() || part[whole.size()] == '.');
  };
  return is_part(field, path) || is_part(path, field) ||
         (field == kAct && IsAct(path.substr(0, path.find('.'))));
}

bool Corrects(const event::v1::ClearPart& clear, absl::string_view path) {
  return std::any_of(clear.targets().begin(), clear.targets().end(),
                     [&](const event::v1::Target& target) {
                       return target.manner() == event::v1::MANNER_CORRECTS &&
                              std::any_of(target.fields().begin(),
                                          target.fields().end(),
                                          [&](const std::string& field) {
                                            return Concerns(field, path);
                                          });
                     });
}

}  // namespace vigil::safeguarding
