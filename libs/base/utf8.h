// Text as it arrives: whether it is UTF-8, how long it is, and whether it hides
// control characters.
//
//   const std::optional<size_t> length = CountCharacters(text);
//   if (!length) ...                          // not UTF-8
//   if (*length > kMaxSummaryCharacters) ...
//   if (HasControlCharacters(request_id)) ...
//   if (HasControlCharacters(details, kTextControls)) ...
//
// Threads: safe.
#ifndef VIGIL_LIBS_BASE_UTF8_H_
#define VIGIL_LIBS_BASE_UTF8_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace vigil {

// Unicode characters (code points: a letter and a combining accent are two), or
// nothing if the bytes are not well-formed UTF-8 (Unicode 15, table 3-7: no
// overlong forms, no surrogates, nothing over U+10FFFF).
std::optional<size_t> CountCharacters(absl::string_view text);

// What prose of several lines may hold.
inline constexpr absl::string_view kTextControls = "\t\n\r";

// Whether well-formed UTF-8 holds a control character (U+0000-001F,
// U+007F-009F) that is not among `allowed`. They forge lines in logs and
// terminals.
bool HasControlCharacters(absl::string_view text,
                          absl::string_view allowed = "");

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_UTF8_H_
