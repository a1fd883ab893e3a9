#include "libs/event/check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/calendar.h"
#include "libs/base/nhs_number.h"
#include "libs/base/organisation.h"
#include "libs/base/upn.h"
#include "libs/base/utf8.h"
#include "libs/base/uuid.h"
#include "libs/event/birth.h"
#include "libs/event/codes.h"
#include "libs/event/field_rules.h"
#include "libs/event/reference.h"
#include "libs/event/time_text.h"
#include "libs/event/unknown.h"
#include "libs/event/when.h"
#include "vigil/common/v1/submission.pb.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// Fields of one message between which time runs forward.
struct FromUntil {
  absl::string_view from;
  absl::string_view until;
};
constexpr FromUntil kFromUntil[] = {
    {"from", "until"}, {"starts", "ends"}, {"began", "ends"}};

// Fields of one message that name subjects, none of them on both sides: a child
// is not separated from itself, nor moved to where it is.
struct Apart {
  absl::string_view one;
  absl::string_view other;
};
constexpr Apart kApart[] = {{"group_a", "group_b"},
                            {"from_subject", "to_subject"},
                            {"subject", "to_subject"}};

// What the check of a type needs of its descriptor, found once: asking for
// names and rules anew cost more than all else in the check of a request.
struct TypePlan {
  struct Field {
    const FieldDescriptor* descriptor;
    const FieldRule* rule;
    const TypePlan* nested;  // of a message; else nullptr
  };
  struct Pair {
    const FieldDescriptor* first;
    const FieldDescriptor* second;
  };
  bool is_request = false;
  bool is_amendment = false;  // what it tells of another entry may be a plan
  std::vector<Field> fields;
  std::vector<const OneofDescriptor*> choices;
  std::vector<Pair> orders;  // the first is not after the second
  std::vector<Pair> apart;   // they have no subject in common
  std::vector<const FieldDescriptor*> intervals;
};

// Threads: safe.
class TypePlans {
 public:
  const TypePlan& Of(const Descriptor& type) {
    const absl::MutexLock lock(&mutex_);
    return Make(type);
  }

 private:
  const TypePlan& Make(const Descriptor& type)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::unique_ptr<TypePlan>& made = plans_[&type];
    if (made != nullptr) return *made;
    made = std::make_unique<TypePlan>();
    TypePlan& plan = *made;  // stays where it is while the map grows
    plan.is_request = type.FindFieldByName("submission") != nullptr;
    plan.is_amendment = &type == common::v1::CorrectRequest::descriptor() ||
                        &type == common::v1::SupplementRequest::descriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const Descriptor* nested = field.message_type();
      plan.fields.push_back({&field, &RuleOf(field),
                             nested == nullptr ? nullptr : &Make(*nested)});
      if (nested == v1::Interval::descriptor() &&
          &type != v1::When::descriptor()) {
        plan.intervals.push_back(&field);
      }
    }
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      plan.choices.push_back(type.oneof_decl(i));
    }
    for (const FromUntil& pair : kFromUntil) {
      const auto* from = type.FindFieldByName(std::string(pair.from));
      const auto* until = type.FindFieldByName(std::string(pair.until));
      if (from != nullptr && until != nullptr &&
          from->message_type() == v1::When::descriptor() &&
          until->message_type() == v1::When::descriptor()) {
        plan.orders.push_back({from, until});
      }
    }
    for (const Apart& pair : kApart) {
      const auto* one = type.FindFieldByName(std::string(pair.one));
      const auto* other = type.FindFieldByName(std::string(pair.other));
      if (one != nullptr && other != nullptr &&
          one->type() == FieldDescriptor::TYPE_STRING &&
          other->type() == FieldDescriptor::TYPE_STRING) {
        plan.apart.push_back({one, other});
      }
    }
    return plan;
  }

  absl::Mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<TypePlan>> plans_
      ABSL_GUARDED_BY(mutex_);
};

const TypePlan& PlanOf(const Message& message) {
  static TypePlans& plans = *new TypePlans;  // never destroyed
  return plans.Of(*message.GetDescriptor());
}

// The message as its generated type, or nullptr if it is of another.
template <typename Type>
const Type* As(const Message& message) {
  return message.GetDescriptor() == Type::descriptor()
             ? static_cast<const Type*>(&message)
             : nullptr;
}

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

// "12.4", "-3", "0.50"
bool IsDecimal(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  const size_t point = text.find('.');
  const auto digits = [](absl::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
  };
  return point == absl::string_view::npos
             ? digits(text)
             : digits(text.substr(0, point)) && digits(text.substr(point + 1));
}

bool IsSha256(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool IsUprn(absl::string_view text) {
  return text.size() <= 12 &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// "header.occurred", "people"
bool IsFieldPath(absl::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.'
            ? before == '.'
            : !absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '_') {
      return false;
    }
    before = c;
  }
  return before != '.';
}

// Whether an event has a field of that path: a part of it (its first name), or
// a field within. Whoever reads a correction looks for these names.
bool IsFieldOfEvent(absl::string_view path) {
  const std::pair<absl::string_view, const Descriptor*> parts[] = {
      {"header", v1::Header::descriptor()},
      {"kind", v1::Kind::descriptor()},
      {"people", v1::People::descriptor()},
      {"informant", v1::Informant::descriptor()},
      {"place", v1::Place::descriptor()}};
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  const auto part = std::find_if(
      std::begin(parts), std::end(parts),
      [&](const auto& candidate) { return candidate.first == names[0]; });
  if (part == std::end(parts)) {
    return false;
  }
  const Descriptor* type = part->second;
  for (size_t i = 1; i < names.size(); ++i) {
    const FieldDescriptor* field =
        type == nullptr ? nullptr : type->FindFieldByName(names[i]);
    if (field == nullptr) {
      return false;
    }
    type = field->message_type();
  }
  return true;
}

// The code of what is wrong with a text of that form.
std::optional<absl::string_view> CheckForm(Form form, absl::string_view text) {
  const auto unless = [](bool right, absl::string_view code) {
    return right ? std::nullopt : std::make_optional(code);
  };
  switch (form) {
    case Form::kText:
    case Form::kOfMessage:
      return std::nullopt;
    case Form::kDate:
      return unless(ParseDate(text).has_value(), code::kDateFormat);
    case Form::kDecimal:
      return unless(IsDecimal(text), code::kDecimalFormat);
    case Form::kEventId:
      return unless(Uuid::Parse(text).has_value(), code::kEventIdFormat);
    case Form::kFieldPath:
      return IsFieldPath(text)
                 ? unless(IsFieldOfEvent(text), code::kFieldPathUnknown)
                 : std::make_optional(code::kFieldPathFormat);
    case Form::kPersonSubject:
      return unless(IsSubjectReference(text) && absl::StartsWith(text, "s1.p."),
                    code::kSubjectFormat);
    case Form::kSha256:
      return unless(IsSha256(text), code::kSha256Format);
    case Form::kSubject:
      return unless(IsSubjectReference(text), code::kSubjectFormat);
    case Form::kUprn:
      return unless(IsUprn(text), code::kUprnFormat);
  }
  return std::nullopt;
}

// One walk through one request.
class Walk {
 public:
  Walk(absl::Time received, Violations* violations, Warnings* warnings)
      : received_(received), violations_(violations), warnings_(warnings) {}

  void CheckMessage(const Message& message, const TypePlan& plan,
                    const FieldPath& path);

 private:
  void CheckField(const Message& message, const TypePlan::Field& planned,
                  const FieldPath& parent);
  void CheckList(const Message& message, const TypePlan::Field& planned,
                 const FieldPath& parent);
  void CheckText(absl::string_view text, const FieldRule& rule,
                 const FieldPath& path);
  void CheckNumber(const Message& message, const FieldDescriptor& field,
                   const FieldRule& rule, const FieldPath& path);

  // What the type of a message adds.
  void CheckType(const Message& message, const TypePlan& plan,
                 const FieldPath& path);
  void CheckOrder(const Message& message, const TypePlan& plan,
                  const FieldPath& path);
  void CheckApart(const Message& message, const TypePlan& plan,
                  const FieldPath& path);
  void CheckRequestAsAWhole(const Message& request, const TypePlan& plan,
                            const FieldPath& path);
  void CheckIdentifier(const v1::Identifier& identifier, const FieldPath& path);
  void CheckDemographics(const v1::Demographics& demographics,
                         const FieldPath& path);
  void CheckChildren(const Message& request, const FieldPath& path);

  void Add(const FieldPath& path, absl::string_view name,
           absl::string_view code, absl::string_view description = "") {
    violations_->Add(FieldPath(&path, name).Text(), code, description);
  }

  const absl::Time received_;
  Violations* const violations_;
  Warnings* const warnings_;
  // Whether what the request tells may lie ahead: it is planned or cancelled,
  // or amends what may be.
  bool may_lie_ahead_ = false;
};

void Walk::CheckMessage(const Message& message, const TypePlan& plan,
                        const FieldPath& path) {
  if (plan.is_request) {
    CheckRequestAsAWhole(message, plan, path);
  }
  CheckType(message, plan, path);
  for (const TypePlan::Field& field : plan.fields) {
    CheckField(message, field, path);
  }
  for (const OneofDescriptor* choice : plan.choices) {
    if (!message.GetReflection()->HasOneof(message, choice)) {
      std::string description = "One of these must be stated:";
      for (int j = 0; j < choice->field_count(); ++j) {
        absl::StrAppend(&description, j == 0 ? " " : ", ",
                        choice->field(j)->name());
        if (j == 9 && choice->field_count() > 10) {
          absl::StrAppend(&description, ", ...");
          break;
        }
      }
      Add(path, choice->name(), code::kRequired,
          absl::StrCat(description, "."));
    }
  }
}

void Walk::CheckField(const Message& message, const TypePlan::Field& planned,
                      const FieldPath& parent) {
  const FieldDescriptor& field = *planned.descriptor;
  const FieldRule& rule = *planned.rule;
  if (field.is_repeated()) {
    CheckList(message, planned, parent);
    return;
  }
  const Reflection& reflection = *message.GetReflection();
  const FieldPath path(&parent, field.name());
  // A member of a choice that was not made; the choice itself is checked.
  if (field.real_containing_oneof() != nullptr &&
      !reflection.HasField(message, &field)) {
    return;
  }
  const bool required = rule.need == Need::kRequired;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (!reflection.HasField(message, &field)) {
        if (required) {
          violations_->Add(path.Text(), code::kRequired);
        }
        return;
      }
      const Message& nested = reflection.GetMessage(message, &field);
      const auto* when = As<v1::When>(nested);
      if (when != nullptr && rule.past == Past::kNotInFuture &&
          !may_lie_ahead_ && IsInFuture(*when, received_)) {
        violations_->Add(path.Text(), code::kTimeInFuture);
      }
      CheckMessage(nested, *planned.nested, path);
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() != FieldDescriptor::TYPE_STRING) {
        return;
      }
      std::string scratch;
      const std::string& text =
          reflection.GetStringReference(message, &field, &scratch);
      // An empty member of a choice is no choice.
      if (IsBlank(text) &&
          (required || field.real_containing_oneof() != nullptr)) {
        violations_->Add(path.Text(), code::kRequired);
      } else if (!text.empty()) {
        CheckText(text, rule, path);
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      if (required && reflection.GetEnumValue(message, &field) == 0) {
        violations_->Add(path.Text(), code::kRequired);
      }
      return;
    default:
      CheckNumber(message, field, rule, path);
      return;
  }
}

void Walk::CheckList(const Message& message, const TypePlan::Field& planned,
                     const FieldPath& parent) {
  const FieldDescriptor& field = *planned.descriptor;
  const FieldRule& rule = *planned.rule;
  const Reflection& reflection = *message.GetReflection();
  const auto size = static_cast<size_t>(reflection.FieldSize(message, &field));
  if (size == 0 && rule.min_items > 0) {
    Add(parent, field.name(), code::kRequired);
  } else if (size < rule.min_items) {
    Add(parent, field.name(), code::kListTooShort,
        absl::StrCat("At least ", rule.min_items, "."));
  }
  if (size > rule.max_items) {
    Add(parent, field.name(), code::kListTooLong,
        absl::StrCat("At most ", rule.max_items, "."));
  }
  // What is over the limit is not looked at: it is refused anyway, and a
  // hostile request must not cost more than its limits.
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < std::min(size, rule.max_items); ++i) {
    const int index = static_cast<int>(i);
    const FieldPath path(&parent, field.name(), index);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      CheckMessage(reflection.GetRepeatedMessage(message, &field, index),
                   *planned.nested, path);
    } else if (field.type() == FieldDescriptor::TYPE_STRING) {
      std::string scratch;
      const std::string& text = reflection.GetRepeatedStringReference(
          message, &field, index, &scratch);
      if (IsBlank(text)) {
        violations_->Add(path.Text(), code::kRequired);
        continue;
      }
      CheckText(text, rule, path);
      // Names of things are listed once; lines of an address may repeat.
      if (rule.form != Form::kText && !seen.insert(text).second) {
        violations_->Add(path.Text(), code::kListRepeats);
      }
    }
  }
}

void Walk::CheckText(absl::string_view text, const FieldRule& rule,
                     const FieldPath& path) {
  const std::optional<size_t> characters = CountCharacters(text);
  if (!characters) {
    violations_->Add(path.Text(), code::kTextNotUtf8);
    return;
  }
  if (*characters > rule.max_characters) {
    violations_->Add(
        path.Text(), code::kTextTooLong,
        absl::StrCat("At most ", rule.max_characters, " characters."));
    return;
  }
  if (HasControlCharacters(text, rule.max_characters > kMaxLineCharacters
                                     ? kTextControls
                                     : "")) {
    violations_->Add(path.Text(), code::kTextControlCharacter);
    return;
  }
  if (const auto wrong = CheckForm(rule.form, text)) {
    violations_->Add(path.Text(), *wrong);
  }
}

void Walk::CheckNumber(const Message& message, const FieldDescriptor& field,
                       const FieldRule& rule, const FieldPath& path) {
  const Reflection& reflection = *message.GetReflection();
  if (!reflection.HasField(message, &field)) {
    return;
  }
  int64_t number = 0;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    number = reflection.GetInt32(message, &field);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    number = reflection.GetInt64(message, &field);
  } else {
    return;
  }
  if (number < rule.min || number > rule.max) {
    violations_->Add(path.Text(), code::kNumberOutOfRange,
                     absl::StrCat("From ", rule.min, " to ", rule.max, "."));
  }
}

void Walk::CheckType(const Message& message, const TypePlan& plan,
                     const FieldPath& path) {
  if (const auto* when = As<v1::When>(message)) {
    CheckWhen(*when, path, violations_, warnings_);
  } else if (const auto* birth = As<v1::Birth>(message)) {
    CheckBirth(*birth, received_, path, violations_, warnings_);
  } else if (const auto* organisation = As<v1::Organisation>(message)) {
    const auto wrong =
        CheckOrganisation(organisation->scheme(), organisation->code());
    if (wrong && !organisation->scheme().empty() &&
        !organisation->code().empty()) {
      Add(path, *wrong == kOrganisationScheme ? "scheme" : "code", *wrong);
    }
  } else if (const auto* identifier = As<v1::Identifier>(message)) {
    CheckIdentifier(*identifier, path);
  } else if (const auto* demographics = As<v1::Demographics>(message)) {
    CheckDemographics(*demographics, path);
  } else if (const auto* person = As<v1::Person>(message)) {
    if (person->has_person_number() && person->person_number() == 0) {
      Add(path, "person_number", code::kPersonNumberZero);
    }
  } else if (const auto* decided = As<v1::ReferralDecided>(message)) {
    const bool passed_on =
        decided->outcome() == v1::REFERRAL_OUTCOME_WRONGLY_ADDRESSED ||
        decided->outcome() == v1::REFERRAL_OUTCOME_TRANSFERRED;
    if (passed_on && !decided->has_passed_to()) {
      Add(path, "passed_to", code::kRequired);
    }
    // R7: whoever decides must have answered both.
    if (!passed_on && decided->outcome() != v1::REFERRAL_OUTCOME_UNSPECIFIED) {
      if (decided->abuse_or_neglect_concern() == v1::ANSWER_UNSPECIFIED) {
        Add(path, "abuse_or_neglect_concern", code::kRequired);
      }
      if (decided->urgent_action_needed() == v1::ANSWER_UNSPECIFIED) {
        Add(path, "urgent_action_needed", code::kRequired);
      }
    }
  } else if (const auto* answered = As<v1::EnquiryAnswered>(message)) {
    if ((answered->result() == v1::ENQUIRY_RESULT_WITHHELD ||
         answered->result() == v1::ENQUIRY_RESULT_REFUSED) &&
        IsBlank(answered->reason())) {
      Add(path, "reason", code::kRequired);
    }
  } else if (const auto* observation = As<v1::ObservationMade>(message)) {
    if (!observation->has_indicator() && !observation->has_measurement()) {
      Add(path, "indicator", code::kRequired,
          "An indicator or a measurement must be stated.");
    }
  }
  // An Interval stands in a When, which checks it, or alone in a request.
  for (const FieldDescriptor* field : plan.intervals) {
    if (message.GetReflection()->HasField(message, field)) {
      const Message& interval =
          message.GetReflection()->GetMessage(message, field);
      CheckInterval(*As<v1::Interval>(interval),
                    FieldPath(&path, field->name()), violations_, warnings_);
    }
  }
  CheckOrder(message, plan, path);
  CheckApart(message, plan, path);
}

void Walk::CheckOrder(const Message& message, const TypePlan& plan,
                      const FieldPath& path) {
  const Reflection& reflection = *message.GetReflection();
  for (const auto& [from, until] : plan.orders) {
    if (reflection.HasField(message, from) &&
        reflection.HasField(message, until) &&
        PossibleTimesOf(*As<v1::When>(reflection.GetMessage(message, until)))
                .latest <
            PossibleTimesOf(*As<v1::When>(reflection.GetMessage(message, from)))
                .earliest) {
      Add(path, until->name(), code::kIntervalReversed);
    }
  }
}

void Walk::CheckApart(const Message& message, const TypePlan& plan,
                      const FieldPath& path) {
  const auto each = [&message](const FieldDescriptor& field, auto visit) {
    const Reflection& reflection = *message.GetReflection();
    std::string scratch;
    if (!field.is_repeated()) {
      visit(reflection.GetStringReference(message, &field, &scratch),
            FieldPath::kSingular);
      return;
    }
    const int size = std::min(reflection.FieldSize(message, &field),
                              static_cast<int>(RuleOf(field).max_items));
    for (int i = 0; i < size; ++i) {
      visit(reflection.GetRepeatedStringReference(message, &field, i, &scratch),
            i);
    }
  };
  for (const auto& [one, other] : plan.apart) {
    std::set<std::string> named;
    each(*one, [&](const std::string& subject, int) { named.insert(subject); });
    named.erase("");
    each(*other, [&, field = other](const std::string& subject, int index) {
      if (named.contains(subject)) {
        violations_->Add(FieldPath(&path, field->name(), index).Text(),
                         code::kPersonRepeated);
      }
    });
  }
}

void Walk::CheckIdentifier(const v1::Identifier& identifier,
                           const FieldPath& path) {
  const bool is_other = identifier.type() == v1::IDENTIFIER_TYPE_OTHER;
  if (identifier.type() != v1::IDENTIFIER_TYPE_UNSPECIFIED &&
      is_other == identifier.system().empty()) {
    Add(path, "system", code::kIdentifierSystem);
  }
  if (identifier.value().empty()) {
    return;
  }
  std::optional<absl::string_view> wrong;
  switch (identifier.type()) {
    case v1::IDENTIFIER_TYPE_NHS_NUMBER:
      wrong = CheckNhsNumber(identifier.value());
      break;
    case v1::IDENTIFIER_TYPE_UPN:
      wrong = CheckUpn(identifier.value());
      if (!wrong && IsTemporaryUpn(identifier.value())) {
        wrong = code::kUpnTemporary;
      }
      break;
    case v1::IDENTIFIER_TYPE_TEMPORARY_UPN:
      wrong = CheckUpn(identifier.value());
      if (!wrong && !IsTemporaryUpn(identifier.value())) {
        wrong = code::kUpnNotTemporary;
      }
      break;
    default:
      if (absl::StrContains(identifier.value(), ' ')) {
        wrong = code::kIdentifierSpaces;
      }
      break;
  }
  if (wrong) {
    Add(path, "value", *wrong);
  }
  if (identifier.verified() != v1::ANSWER_YES) {
    warnings_->Add(FieldPath(&path, "verified").Text(),
                   code::kIdentifierNotVerified);
  }
  if (identifier.holder() == v1::IDENTIFIER_HOLDER_UNSPECIFIED) {
    warnings_->Add(FieldPath(&path, "holder").Text(),
                   code::kIdentifierHolderNotStated);
  }
}

void Walk::CheckDemographics(const v1::Demographics& demographics,
                             const FieldPath& path) {
  const std::optional<PartialDate> death = ParseDate(demographics.death_date());
  if (!death) {
    return;
  }
  if (death->first > absl::ToCivilDay(received_, London())) {
    Add(path, "death_date", code::kDeathInFuture);
  }
  const std::optional<Days> born = BornBetween(demographics.birth());
  if (born && death->last < born->first) {
    Add(path, "death_date", code::kDeathBeforeBirth);
  }
}

// What can only be told of the whole: before its fields are walked.
void Walk::CheckRequestAsAWhole(const Message& request, const TypePlan& plan,
                                const FieldPath& path) {
  const Descriptor& type = *request.GetDescriptor();
  const Reflection& reflection = *request.GetReflection();
  // Whether the entry that it amends is a plan, nobody here can see.
  may_lie_ahead_ = plan.is_amendment;
  const auto note_stage = [this](const Message& message) {
    const FieldDescriptor* stage =
        message.GetDescriptor()->FindFieldByName("stage");
    if (stage != nullptr && stage->enum_type() == v1::Stage_descriptor()) {
      const int value = message.GetReflection()->GetEnumValue(message, stage);
      may_lie_ahead_ |=
          value == v1::STAGE_PLANNED || value == v1::STAGE_CANCELLED;
    }
  };
  note_stage(request);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated() ||
        field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (reflection.HasField(request, &field)) {
      note_stage(reflection.GetMessage(request, &field));
    }
  }
  CheckChildren(request, path);
}

void Walk::CheckChildren(const Message& request, const FieldPath& path) {
  const Descriptor& type = *request.GetDescriptor();
  const Reflection& reflection = *request.GetReflection();
  const FieldDescriptor* children = type.FindFieldByName("children");
  if (children == nullptr) {
    return;
  }
  const int size = std::min(reflection.FieldSize(request, children),
                            static_cast<int>(RuleOf(*children).max_items));
  const FieldDescriptor* account_field = type.FindFieldByName("account");
  const auto* account = account_field == nullptr
                            ? nullptr
                            : As<common::v1::Account>(reflection.GetMessage(
                                  request, account_field));
  std::set<std::string> seen;
  for (int i = 0; i < size; ++i) {
    const auto* child =
        As<v1::Person>(reflection.GetRepeatedMessage(request, children, i));
    const FieldPath here(&path, "children", i);
    v1::Person reference = *child;
    reference.clear_demographics();
    if (reference.ref_case() != v1::Person::REF_NOT_SET &&
        !seen.insert(reference.SerializeAsString()).second) {
      violations_->Add(here.Text(), code::kPersonRepeated);
    }
    if (account != nullptr &&
        HadReached(kAdultYears, child->demographics().birth(),
                   account->occurred())) {
      warnings_->Add(FieldPath(&here, "demographics.birth").Text(),
                     code::kNotAChild);
    }
  }
}

}  // namespace

void CheckRequest(const Message& request, absl::Time received,
                  Violations* violations, Warnings* warnings) {
  FindUnknown(request, violations);
  Walk(received, violations, warnings)
      .CheckMessage(request, PlanOf(request), FieldPath());
}

}  // namespace vigil::event
