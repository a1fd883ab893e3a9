// The unique pupil number: a check letter and twelve characters.
//
//   H 341 0000 26 007     check letter, local authority, school, year, serial
//   J 341 0000 26 00A     a temporary one: its last character is a letter
//
//   if (auto code = CheckUpn(text)) violations.Add(field, *code);
//
// The rule (DfE, Unique pupil numbers; GDSC UniquePupilNumber 2.0): the letters
// are A-Z without I, O and S, and count 0 to 22; the twelve characters times 2,
// 3
// ... 13; the rest of their sum by 23 is the check letter. (A worked example in
// circulation gives Q207000016049, by a slip of one: P207000016049 is right.)
//
// Threads: safe. Failure: none; the code returned never holds the value.
#ifndef VIGIL_LIBS_BASE_UPN_H_
#define VIGIL_LIBS_BASE_UPN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace vigil {

// Published violation codes: they never change.
inline constexpr absl::string_view kUpnLength = "UPN_LENGTH";
inline constexpr absl::string_view kUpnFormat = "UPN_FORMAT";
inline constexpr absl::string_view kUpnCheckLetter = "UPN_CHECK_LETTER";

// The code of what is wrong, or nothing when the number is well formed,
// permanent or temporary.
std::optional<absl::string_view> CheckUpn(absl::string_view text);

// Whether a well-formed number is a temporary one (any other: false). It ends
// when the pupil's permanent number is known, and links nothing by itself.
bool IsTemporaryUpn(absl::string_view text);

// A permanent number, for tests and generated loads. School 0 is no school.
// Aborts unless authority is 0-999, school 0-9999, year 0-99, serial 0-999.
std::string GenerateUpn(int authority, int school, int year, int serial);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_UPN_H_
