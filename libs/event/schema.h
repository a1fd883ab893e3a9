// The rules that stand in the .proto files (proto/vigil/event/v1/rules.proto
// says which there may be), compiled to what a check can walk by.
//
//   const MessageSchema& schema = SchemaOf(*Statement::descriptor());
//   for (const FieldSchema& field : schema.fields) ...
//
// A type is compiled with all types within it when it is first asked for, and
// kept for ever: to ask descriptors for options anew would cost more than all
// else in the check of a request.
//
// Threads: safe. Failure: a rule that cannot be held here (CEL, a pattern
// without a check, a bound of a kind that nobody needed yet) aborts and names
// the field, for a rule that is published and not held would be a lie. So a
// server asks for the types of its rpcs when it starts, and a test for every
// type that is published.
#ifndef VIGIL_LIBS_EVENT_SCHEMA_H_
#define VIGIL_LIBS_EVENT_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "libs/event/patterns.h"

namespace vigil::event {

struct MessageSchema;

// A field; of a list, `length`, `pattern`, `number`, `codes` and `past` are of
// each element.
struct FieldSchema {
  // What a value is, as far as rules differ; the descriptor itself asks whether
  // it has been built each time that it is asked.
  enum class Kind {
    kMessage,
    kText,
    kBytes,
    kEnum,
    kInt32,
    kInt64,
    kUint32,
    kUint64,
    kOther,  // has no rules
  };
  struct Size {
    size_t min = 0;
    size_t max = SIZE_MAX;
  };
  // Bounds of a signed or an unsigned number.
  struct Range {
    int64_t min = INT64_MIN;
    uint64_t max = UINT64_MAX;
  };

  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  Kind kind = Kind::kOther;
  bool repeated = false;
  bool presence = false;  // whether unset differs from empty or zero
  bool member = false;    // of a choice
  const MessageSchema* message = nullptr;  // of a message; else nullptr
  bool required = false;
  // What is empty or zero is not held against the rules: IGNORE_IF_ZERO_VALUE.
  bool may_be_empty = false;
  bool unique = false;
  Size items;
  Size length;  // characters of a text; bytes of bytes
  const Pattern* pattern = nullptr;
  Range number;
  std::string codes;  // of a Concept: its table; empty if none is named
  bool past = false;  // of a When
};

// A oneof of the .proto file; none is made of an `optional`.
struct ChoiceSchema {
  const google::protobuf::OneofDescriptor* descriptor = nullptr;
  bool required = false;
};

struct MessageSchema {
  const google::protobuf::Descriptor* descriptor = nullptr;
  // In the order of the .proto file: fields[field.index()].
  std::vector<FieldSchema> fields;

  // What a walk visits, in the same order: a field, or in the place of its
  // first member a choice, whose members but one are unset.
  struct Step {
    const FieldSchema* field = nullptr;
    const ChoiceSchema* choice = nullptr;
  };
  std::vector<Step> steps;
  std::vector<ChoiceSchema> choices;
};

const MessageSchema& SchemaOf(const google::protobuf::Descriptor& type);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_SCHEMA_H_
