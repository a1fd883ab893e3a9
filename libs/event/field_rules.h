// What each field of a request may hold: one table, which says of a field only
// what differs from the rule for all.
//
//   const FieldRule& rule = RuleOf(*descriptor->FindFieldByName("headline"));
//
// The rule for all: not required; a text has at most kMaxTextCharacters, a list
// at most kMaxListItems. A choice (a oneof) must be made wherever its message
// is present. The comments of the .proto files state the same limits to
// clients; a test reads those comments and compares them with this table.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_EVENT_FIELD_RULES_H_
#define VIGIL_LIBS_EVENT_FIELD_RULES_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"

namespace vigil::event {

// A paragraph or two: what a person writes into one box of a form.
inline constexpr size_t kMaxTextCharacters = 2'000;
// More than anybody lists by hand; each element is checked and stored.
inline constexpr size_t kMaxListItems = 100;
// Up to here a text is a name or a line, and holds no control character; longer
// ones are prose and may hold line breaks and tabs.
inline constexpr size_t kMaxLineCharacters = 200;

// What a text must look like, beyond its length.
enum class Form {
  kText,
  kDate,           // a day, month or year
  kDecimal,        // "12.4"
  kEventId,        // a lower-case UUID
  kFieldPath,      // "header.occurred"
  kOfMessage,      // what the check of its message demands: a time, a code
  kPersonSubject,  // s1.p. ...
  kSha256,
  kSubject,  // s1. ...
  kUprn,
};

enum class Need { kOptional, kRequired };
enum class Past { kAnyTime, kNotInFuture };

struct FieldRule {
  // Its full name; or, from the point on, the end of one: ".children" is that
  // field of any message.
  absl::string_view field;
  Need need = Need::kOptional;
  size_t max_characters = kMaxTextCharacters;
  size_t min_items = 0;
  size_t max_items = kMaxListItems;
  // Of an `optional` number.
  int64_t min = 0;
  int64_t max = INT64_MAX;
  Form form = Form::kText;
  // Of a When: whether it may lie in the future.
  Past past = Past::kAnyTime;
};

// The table, without the rule for all.
absl::Span<const FieldRule> FieldRules();

// The rule of a field; the one for all if the table does not name it.
const FieldRule& RuleOf(const google::protobuf::FieldDescriptor& field);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_FIELD_RULES_H_
