#include "libs/event/schema.h"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "libs/base/check.h"
#include "libs/event/concepts.h"
#include "vigil/event/v1/rules.pb.h"

namespace vigil::event {
namespace {

using buf::validate::FieldRules;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

// A mistake in a .proto file.
void Require(bool condition, absl::string_view name, absl::string_view rule) {
  if (!condition) Check(false, absl::StrCat(name, ": ", rule));
}

// That a message of rules holds none but these.
void RequireOnly(const Message& rules, absl::string_view name,
                 std::initializer_list<absl::string_view> held) {
  std::vector<const FieldDescriptor*> stated;
  rules.GetReflection()->ListFields(rules, &stated);
  for (const FieldDescriptor* rule : stated) {
    Require(std::find(held.begin(), held.end(), rule->name()) != held.end(),
            name, absl::StrCat("the rule ", rule->full_name(), " is not held"));
  }
  Require(rules.GetReflection()->GetUnknownFields(rules).empty(), name,
          "a rule that buf/validate/validate.proto does not know is not held");
}

// min_len, max_len and the like.
void Narrow(FieldSchema::Size& size, bool has_min, uint64_t min, bool has_max,
            uint64_t max) {
  if (has_min) size.min = min;
  if (has_max) size.max = max;
}

template <typename Rules>
void CompileNumber(const Rules& rules, FieldSchema& schema) {
  const std::string& name = schema.descriptor->full_name();
  RequireOnly(rules, name, {"gte", "lte"});
  if (rules.has_gte()) {
    Require(std::cmp_less_equal(rules.gte(), INT64_MAX), name,
            "gte is too large");
    schema.number.min = static_cast<int64_t>(rules.gte());
  }
  if (rules.has_lte()) {
    Require(std::cmp_greater_equal(rules.lte(), 0), name, "lte is negative");
    schema.number.max = static_cast<uint64_t>(rules.lte());
  }
}

void CompileText(const buf::validate::StringRules& rules, FieldSchema& schema) {
  const FieldDescriptor& field = *schema.descriptor;
  RequireOnly(rules, field.full_name(),
              {"min_len", "max_len", "pattern", "example"});
  Narrow(schema.length, rules.has_min_len(), rules.min_len(),
         rules.has_max_len(), rules.max_len());
  const std::string& code = field.options().GetExtension(v1::violation);
  if (rules.has_pattern()) {
    schema.pattern = FindPattern(code, rules.pattern());
    Require(
        schema.pattern != nullptr, field.full_name(),
        absl::StrCat("libs/event/patterns.cc has no pattern ", rules.pattern(),
                     " with the violation \"", code, "\""));
  }
}

// The rules of a field that is no list, or of each element of one.
void CompileValue(const FieldRules& rules, FieldSchema& schema) {
  const FieldDescriptor& field = *schema.descriptor;
  // That the rules are those of the field's type.
  const auto of = [&field](FieldDescriptor::Type type) {
    Require(field.type() == type, field.full_name(),
            "the rules are those of another type");
  };
  switch (rules.type_case()) {
    case FieldRules::TYPE_NOT_SET:
      return;
    case FieldRules::kString:
      of(FieldDescriptor::TYPE_STRING);
      return CompileText(rules.string(), schema);
    case FieldRules::kBytes: {
      of(FieldDescriptor::TYPE_BYTES);
      const auto& bytes = rules.bytes();
      RequireOnly(bytes, field.full_name(), {"len", "min_len", "max_len"});
      Narrow(schema.length, bytes.has_min_len(), bytes.min_len(),
             bytes.has_max_len(), bytes.max_len());
      Narrow(schema.length, bytes.has_len(), bytes.len(), bytes.has_len(),
             bytes.len());
      return;
    }
    case FieldRules::kEnum:
      // Any value that is not defined is refused (check.h).
      of(FieldDescriptor::TYPE_ENUM);
      return RequireOnly(rules.enum_(), field.full_name(), {"defined_only"});
    case FieldRules::kInt32:
      of(FieldDescriptor::TYPE_INT32);
      return CompileNumber(rules.int32(), schema);
    case FieldRules::kInt64:
      of(FieldDescriptor::TYPE_INT64);
      return CompileNumber(rules.int64(), schema);
    case FieldRules::kUint32:
      of(FieldDescriptor::TYPE_UINT32);
      return CompileNumber(rules.uint32(), schema);
    case FieldRules::kUint64:
      of(FieldDescriptor::TYPE_UINT64);
      return CompileNumber(rules.uint64(), schema);
    default:
      Require(false, field.full_name(), "rules of this type are not held");
  }
}

void CompileList(const buf::validate::RepeatedRules& rules,
                 FieldSchema& schema) {
  const FieldDescriptor& field = *schema.descriptor;
  Require(field.is_repeated(), field.full_name(), "it is no list");
  RequireOnly(rules, field.full_name(),
              {"min_items", "max_items", "unique", "items"});
  Narrow(schema.items, rules.has_min_items(), rules.min_items(),
         rules.has_max_items(), rules.max_items());
  schema.unique = rules.unique();
  if (schema.unique) {
    Require(field.type() == FieldDescriptor::TYPE_STRING, field.full_name(),
            "only texts are compared");
  }
  RequireOnly(
      rules.items(), field.full_name(),
      {"string", "bytes", "enum", "int32", "int64", "uint32", "uint64"});
  CompileValue(rules.items(), schema);
}

FieldSchema::Kind KindOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      return FieldSchema::Kind::kMessage;
    case FieldDescriptor::TYPE_STRING:
      return FieldSchema::Kind::kText;
    case FieldDescriptor::TYPE_BYTES:
      return FieldSchema::Kind::kBytes;
    case FieldDescriptor::TYPE_ENUM:
      return FieldSchema::Kind::kEnum;
    case FieldDescriptor::TYPE_INT32:
      return FieldSchema::Kind::kInt32;
    case FieldDescriptor::TYPE_INT64:
      return FieldSchema::Kind::kInt64;
    case FieldDescriptor::TYPE_UINT32:
      return FieldSchema::Kind::kUint32;
    case FieldDescriptor::TYPE_UINT64:
      return FieldSchema::Kind::kUint64;
    default:
      return FieldSchema::Kind::kOther;
  }
}

FieldSchema CompileField(const FieldDescriptor& field) {
  FieldSchema schema;
  schema.descriptor = &field;
  schema.kind = KindOf(field);
  schema.repeated = field.is_repeated();
  schema.presence = field.has_presence();
  schema.member = field.real_containing_oneof() != nullptr;
  const auto& options = field.options();
  Require(!options.HasExtension(buf::validate::predefined), field.full_name(),
          "predefined rules are not held");
  const FieldRules& rules = options.GetExtension(buf::validate::field);
  RequireOnly(rules, field.full_name(),
              {"required", "ignore", "string", "bytes", "enum", "int32",
               "int64", "uint32", "uint64", "repeated"});
  schema.required = rules.required();
  Require(!schema.required || !schema.member, field.full_name(),
          "not every member of a choice can be required");
  Require(!schema.required || schema.kind != FieldSchema::Kind::kOther,
          field.full_name(), "a field of this type cannot be required");
  Require(rules.ignore() != buf::validate::IGNORE_ALWAYS, field.full_name(),
          "IGNORE_ALWAYS is not held");
  schema.may_be_empty = rules.ignore() == buf::validate::IGNORE_IF_ZERO_VALUE;
  if (rules.has_repeated()) {
    CompileList(rules.repeated(), schema);
  } else {
    Require(
        !field.is_repeated() || rules.type_case() == FieldRules::TYPE_NOT_SET,
        field.full_name(), "rules of elements stand in repeated.items");
    CompileValue(rules, schema);
  }
  Require(options.HasExtension(v1::violation) == (schema.pattern != nullptr),
          field.full_name(), "a violation belongs to a pattern");

  const absl::string_view type =
      field.message_type() == nullptr
          ? absl::string_view()
          : absl::string_view(field.message_type()->full_name());
  schema.codes = options.GetExtension(v1::codes);
  Require(schema.codes.empty() || type == "vigil.event.v1.Concept",
          field.full_name(), "only a Concept has codes");
  Require(schema.codes.empty() || IsConcept(schema.codes), field.full_name(),
          absl::StrCat("there is no concept ", schema.codes));
  schema.past = options.GetExtension(v1::past);
  Require(!schema.past || type == "vigil.event.v1.When", field.full_name(),
          "only a When can be past");
  return schema;
}

// Threads: safe.
class Schemas {
 public:
  const MessageSchema& Of(const Descriptor& type) {
    {
      const absl::ReaderMutexLock lock(&mutex_);
      const auto found = schemas_.find(&type);
      if (found != schemas_.end()) return *found->second;
    }
    const absl::MutexLock lock(&mutex_);
    return Make(type);
  }

 private:
  const MessageSchema& Make(const Descriptor& type)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::unique_ptr<MessageSchema>& made = schemas_[&type];
    if (made != nullptr) return *made;  // perhaps a type within itself
    made = std::make_unique<MessageSchema>();
    MessageSchema& schema = *made;  // stays where it is while the map grows
    schema.descriptor = &type;
    Require(!type.options().HasExtension(buf::validate::message),
            type.full_name(), "rules of a whole message are not held");
    schema.fields.reserve(static_cast<size_t>(type.field_count()));
    for (int i = 0; i < type.field_count(); ++i) {
      FieldSchema& field =
          schema.fields.emplace_back(CompileField(*type.field(i)));
      if (type.field(i)->message_type() != nullptr) {
        field.message = &Make(*type.field(i)->message_type());
      }
    }
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      const OneofDescriptor* choice = type.oneof_decl(i);
      const auto& rules = choice->options().GetExtension(buf::validate::oneof);
      RequireOnly(rules, choice->full_name(), {"required"});
      schema.choices.push_back({choice, rules.required()});
    }
    for (const FieldSchema& field : schema.fields) {
      const OneofDescriptor* choice = field.descriptor->real_containing_oneof();
      if (choice == nullptr) {
        schema.steps.push_back({.field = &field});
      } else if (choice->field(0) == field.descriptor) {
        schema.steps.push_back(
            {.choice = &schema.choices[static_cast<size_t>(choice->index())]});
      }
    }
    return schema;
  }

  absl::Mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessageSchema>>
      schemas_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

const MessageSchema& SchemaOf(const Descriptor& type) {
  static Schemas& schemas = *new Schemas;  // never destroyed
  return schemas.Of(type);
}

}  // namespace vigil::event
