#include "libs/event/check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "libs/base/utf8.h"
#include "libs/event/codes.h"
#include "libs/event/concepts.h"
#include "libs/event/schema.h"
#include "libs/event/server_rules.h"
#include "libs/event/when.h"
#include "vigil/common/v1/statement.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {
namespace {

using common::v1::Statement;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using Kind = FieldSchema::Kind;

// Up to here a text is a name or a line, and holds no control character; longer
// ones are prose and may hold line breaks and tabs.
constexpr size_t kMaxLineCharacters = 200;

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

// Whether what a statement tells may lie ahead: it is planned or cancelled, or
// amends an entry that may be, which nobody here can see.
bool MayLieAhead(const Statement& statement) {
  if (statement.has_amends()) return true;
  static const OneofDescriptor& acts =
      *Statement::descriptor()->FindOneofByName("act");
  const Reflection& reflection = *Statement::GetReflection();
  const FieldDescriptor* act =
      reflection.GetOneofFieldDescriptor(statement, &acts);
  if (act == nullptr) return false;
  const FieldDescriptor* stage = act->message_type()->FindFieldByName("stage");
  if (stage == nullptr || stage->enum_type() != v1::Stage_descriptor()) {
    return false;
  }
  const Message& said = reflection.GetMessage(statement, act);
  const int value = said.GetReflection()->GetEnumValue(said, stage);
  return value == v1::STAGE_PLANNED || value == v1::STAGE_CANCELLED;
}

// "One of these must be stated: referral_made, ..."
std::string OneOf(const OneofDescriptor& choice) {
  constexpr int kNamed = 10;
  std::string text = "One of these must be stated:";
  for (int i = 0; i < std::min(choice.field_count(), kNamed); ++i) {
    absl::StrAppend(&text, i == 0 ? " " : ", ", choice.field(i)->name());
  }
  absl::StrAppend(&text, choice.field_count() > kNamed ? ", ..." : ".");
  return text;
}

std::string FromTo(const FieldSchema::Range& range) {
  if (range.max == UINT64_MAX) {
    return absl::StrCat("At least ", range.min, ".");
  }
  return range.min == INT64_MIN
             ? absl::StrCat("At most ", range.max, ".")
             : absl::StrCat("From ", range.min, " to ", range.max, ".");
}

// A field that is no list, or one element of a list.
class Value {
 public:
  Value(const Message& message, const Reflection& reflection,
        const FieldSchema& field, int index = FieldPath::kSingular)
      : message_(message),
        reflection_(reflection),
        field_(*field.descriptor),
        index_(index) {}

  const Message& Nested() const {
    return IsElement()
               ? reflection_.GetRepeatedMessage(message_, &field_, index_)
               : reflection_.GetMessage(message_, &field_);
  }

  // `scratch` is needed only of a message that is not generated.
  const std::string& Text(std::string* scratch) const {
    return IsElement()
               ? reflection_.GetRepeatedStringReference(message_, &field_,
                                                        index_, scratch)
               : reflection_.GetStringReference(message_, &field_, scratch);
  }

  int Enum() const {
    return IsElement()
               ? reflection_.GetRepeatedEnumValue(message_, &field_, index_)
               : reflection_.GetEnumValue(message_, &field_);
  }

  int64_t Signed(Kind kind) const {
    if (kind == Kind::kInt32) {
      return IsElement()
                 ? reflection_.GetRepeatedInt32(message_, &field_, index_)
                 : reflection_.GetInt32(message_, &field_);
    }
    return IsElement() ? reflection_.GetRepeatedInt64(message_, &field_, index_)
                       : reflection_.GetInt64(message_, &field_);
  }

  uint64_t Unsigned(Kind kind) const {
    if (kind == Kind::kUint32) {
      return IsElement()
                 ? reflection_.GetRepeatedUInt32(message_, &field_, index_)
                 : reflection_.GetUInt32(message_, &field_);
    }
    return IsElement()
               ? reflection_.GetRepeatedUInt64(message_, &field_, index_)
               : reflection_.GetUInt64(message_, &field_);
  }

 private:
  bool IsElement() const { return index_ != FieldPath::kSingular; }

  const Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor& field_;
  const int index_;
};

// How a code is spelt is the rule of its own field, which then finds the fault.
bool IsSpeltAsACode(absl::string_view code) {
  return !code.empty() && absl::ascii_islower(code[0]) &&
         std::all_of(code.begin(), code.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

// One walk through one request.
class Walk {
 public:
  Walk(absl::Time received, Violations* violations, Warnings* warnings)
      : received_(received), violations_(violations), warnings_(warnings) {}

  void CheckMessage(const Message& message, const MessageSchema& schema,
                    const FieldPath& path);

 private:
  // Of the schema.
  void CheckField(const Message& message, const Reflection& reflection,
                  const FieldSchema& field, const FieldPath& parent);
  void CheckChoice(const Message& message, const Reflection& reflection,
                   const MessageSchema& schema, const ChoiceSchema& choice,
                   const FieldPath& path);
  void CheckList(const Message& message, const Reflection& reflection,
                 const FieldSchema& field, const FieldPath& parent);
  void CheckValue(const Value& value, const FieldSchema& field,
                  const FieldPath& path);
  void CheckText(absl::string_view text, const FieldSchema& field,
                 const FieldPath& path);
  void CheckBytes(absl::string_view bytes, const FieldSchema& field,
                  const FieldPath& path);

  // What the schema cannot say, and no type can tell without its field.
  void CheckNested(const Message& message, const FieldSchema& field,
                   const FieldPath& path);
  void FindUnknown(const Message& message, const Reflection& reflection,
                   const FieldPath& path);

  void Add(const FieldPath& path, absl::string_view code,
           absl::string_view description = "") {
    violations_->Add(path.Text(), code, description);
  }

  const absl::Time received_;
  Violations* const violations_;
  Warnings* const warnings_;
  // The statement that is being walked, if it is one.
  const Statement* statement_ = nullptr;
  bool may_lie_ahead_ = false;
};

void Walk::CheckMessage(const Message& message, const MessageSchema& schema,
                        const FieldPath& path) {
  static const Descriptor* const statement = Statement::descriptor();
  if (schema.descriptor == statement) {
    statement_ = static_cast<const Statement*>(&message);
    may_lie_ahead_ = MayLieAhead(*statement_);
  }
  // Asked for once, since it finds out each time whether it has been made.
  const Reflection& reflection = *message.GetReflection();
  for (const MessageSchema::Step& step : schema.steps) {
    if (step.field != nullptr) {
      CheckField(message, reflection, *step.field, path);
    } else {
      CheckChoice(message, reflection, schema, *step.choice, path);
    }
  }
  FindUnknown(message, reflection, path);
  HoldServerRules(message, *schema.descriptor,
                  {.received = received_,
                   .statement = statement_,
                   .path = path,
                   .violations = violations_,
                   .warnings = warnings_});
}

void Walk::CheckField(const Message& message, const Reflection& reflection,
                      const FieldSchema& field, const FieldPath& parent) {
  if (field.repeated) {
    CheckList(message, reflection, field, parent);
    return;
  }
  const FieldPath path(&parent, field.descriptor->name());
  if (field.presence && !reflection.HasField(message, field.descriptor)) {
    if (field.required) Add(path, code::kRequired);
    return;
  }
  CheckValue(Value(message, reflection, field), field, path);
}

void Walk::CheckChoice(const Message& message, const Reflection& reflection,
                       const MessageSchema& schema, const ChoiceSchema& choice,
                       const FieldPath& path) {
  const FieldDescriptor* made =
      reflection.GetOneofFieldDescriptor(message, choice.descriptor);
  if (made != nullptr) {
    const FieldSchema& field =
        schema.fields[static_cast<size_t>(made->index())];
    CheckValue(Value(message, reflection, field), field,
               FieldPath(&path, made->name()));
  } else if (choice.required) {
    Add(FieldPath(&path, choice.descriptor->name()), code::kRequired,
        OneOf(*choice.descriptor));
  }
}

void Walk::CheckList(const Message& message, const Reflection& reflection,
                     const FieldSchema& field, const FieldPath& parent) {
  const auto size =
      static_cast<size_t>(reflection.FieldSize(message, field.descriptor));
  const absl::string_view name = field.descriptor->name();
  if (size == 0) {
    if (field.required || (field.items.min > 0 && !field.may_be_empty)) {
      Add(FieldPath(&parent, name), code::kRequired);
    }
    return;
  }
  if (size < field.items.min) {
    Add(FieldPath(&parent, name), code::kListTooShort,
        absl::StrCat("At least ", field.items.min, "."));
  }
  if (size > field.items.max) {
    Add(FieldPath(&parent, name), code::kListTooLong,
        absl::StrCat("At most ", field.items.max, "."));
  }
  // Names of things are listed once; lines of an address may repeat.
  const bool once = field.unique || field.pattern != nullptr;
  std::vector<absl::string_view> seen;
  // What is over the limit is not looked at: it is refused anyway, and a
  // hostile request must not cost more than its limits.
  for (size_t i = 0; i < std::min(size, field.items.max); ++i) {
    const int index = static_cast<int>(i);
    const Value value(message, reflection, field, index);
    const FieldPath path(&parent, name, index);
    CheckValue(value, field, path);
    if (once) {
      std::string scratch;
      const absl::string_view text = value.Text(&scratch);
      if (std::find(seen.begin(), seen.end(), text) != seen.end()) {
        Add(path, code::kListRepeats);
      }
      seen.push_back(text);
    }
  }
}

void Walk::CheckValue(const Value& value, const FieldSchema& field,
                      const FieldPath& path) {
  switch (field.kind) {
    case Kind::kMessage: {
      const Message& nested = value.Nested();
      CheckNested(nested, field, path);
      CheckMessage(nested, *field.message, path);
      return;
    }
    case Kind::kText: {
      std::string scratch;
      CheckText(value.Text(&scratch), field, path);
      return;
    }
    case Kind::kBytes: {
      std::string scratch;
      CheckBytes(value.Text(&scratch), field, path);
      return;
    }
    case Kind::kEnum: {
      const int number = value.Enum();
      if (number == 0) {
        if (field.required && !field.repeated) Add(path, code::kRequired);
      } else if (field.descriptor->enum_type()->FindValueByNumber(number) ==
                 nullptr) {
        Add(path, code::kUnknownEnumValue);
      }
      return;
    }
    case Kind::kInt32:
    case Kind::kInt64: {
      const int64_t number = value.Signed(field.kind);
      if (number == 0 && field.may_be_empty) return;
      if (number < field.number.min ||
          (number > 0 && static_cast<uint64_t>(number) > field.number.max)) {
        Add(path, code::kNumberOutOfRange, FromTo(field.number));
      }
      return;
    }
    case Kind::kUint32:
    case Kind::kUint64: {
      const uint64_t number = value.Unsigned(field.kind);
      if (number == 0 && field.may_be_empty) return;
      if (number > field.number.max ||
          (field.number.min > 0 &&
           number < static_cast<uint64_t>(field.number.min))) {
        Add(path, code::kNumberOutOfRange, FromTo(field.number));
      }
      return;
    }
    case Kind::kOther:
      return;
  }
}

void Walk::CheckText(absl::string_view text, const FieldSchema& field,
                     const FieldPath& path) {
  if (text.empty() && !field.required && !field.member && !field.repeated &&
      (field.may_be_empty ||
       (field.length.min == 0 && field.pattern == nullptr))) {
    return;
  }
  if (IsBlank(text)) {
    if (field.required || field.member || field.repeated ||
        field.length.min > 0) {
      Add(path, code::kRequired);
      return;
    }
  }
  const std::optional<size_t> characters = CountCharacters(text);
  if (!characters) {
    Add(path, code::kTextNotUtf8);
  } else if (*characters > field.length.max) {
    Add(path, code::kTextTooLong,
        absl::StrCat("At most ", field.length.max, " characters."));
  } else if (*characters < field.length.min) {
    Add(path, code::kTextTooShort,
        absl::StrCat("At least ", field.length.min, " characters."));
  } else if (HasControlCharacters(text, field.length.max > kMaxLineCharacters
                                            ? kTextControls
                                            : "")) {
    Add(path, code::kTextControlCharacter);
  } else if (field.pattern != nullptr && !field.pattern->matches(text)) {
    Add(path, field.pattern->code);
  }
}

void Walk::CheckBytes(absl::string_view bytes, const FieldSchema& field,
                      const FieldPath& path) {
  const bool required = field.required && !field.repeated;
  if (bytes.empty() && field.may_be_empty && !required) return;
  if (bytes.empty() && required) {
    Add(path, code::kRequired);
  } else if (bytes.size() < field.length.min) {
    Add(path, code::kBytesLength,
        absl::StrCat("At least ", field.length.min, " bytes."));
  } else if (bytes.size() > field.length.max) {
    Add(path, code::kBytesLength,
        absl::StrCat("At most ", field.length.max, " bytes."));
  }
}

void Walk::CheckNested(const Message& message, const FieldSchema& field,
                       const FieldPath& path) {
  if (field.past && !may_lie_ahead_ &&
      IsInFuture(static_cast<const v1::When&>(message), received_)) {
    Add(path, code::kTimeInFuture);
  }
  if (!field.codes.empty()) {
    const auto& word = static_cast<const v1::Concept&>(message);
    if (IsSpeltAsACode(word.code()) &&
        !IsConceptCode(field.codes, word.code())) {
      Add(FieldPath(&path, "code"), code::kConceptCodeUnknown);
    }
  }
}

void Walk::FindUnknown(const Message& message, const Reflection& reflection,
                       const FieldPath& path) {
  const auto& unknown = reflection.GetUnknownFields(message);
  int last_number = 0;
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    if (number != last_number) {  // an unknown list is one fault
      Add(FieldPath(&path, absl::StrCat(number)), code::kUnknownField);
    }
    last_number = number;
  }
}

}  // namespace

void CheckRequest(const Message& request, absl::Time received,
                  Violations* violations, Warnings* warnings) {
  Walk(received, violations, warnings)
      .CheckMessage(request, SchemaOf(*request.GetDescriptor()), FieldPath());
}

}  // namespace vigil::event
