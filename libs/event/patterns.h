// The patterns that texts of the published schema may have, each with the check
// that holds it here.
//
//   string date = 1 [
//     (violation) = "DATE_FORMAT",
//     (buf.validate.field).string.pattern = "^...$"
//   ];
//
// A pattern is for clients. A server that matched it would pay for a regular
// expression in each field of each request, and could still not tell the 30th
// of February; so each has a check of ours beside it, which refuses all that
// the pattern refuses, and more where the pattern cannot say it. The schema
// (schema.h) may use no pattern that is not in this table, spelt exactly so; a
// test compares pattern and check over texts made for it.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_EVENT_PATTERNS_H_
#define VIGIL_LIBS_EVENT_PATTERNS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vigil::event {

struct Pattern {
  absl::string_view code;   // the published code of what it refuses
  absl::string_view regex;  // RE2's syntax, as every library reads it
  bool (*matches)(absl::string_view text);
};

absl::Span<const Pattern> Patterns();

// Nothing if there is none of that code and spelling.
const Pattern* FindPattern(absl::string_view code, absl::string_view regex);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_PATTERNS_H_
