// The NHS number: ten digits, the last of which checks the others.
//
//   if (auto code = CheckNhsNumber(text)) violations.Add(field, *code);
//
// The rule (modulus 11, NHS Data Dictionary): the first nine digits times 10, 9
// ... 2; 11 minus the rest of their sum by 11 is the check digit, 11 being
// written 0; where it would be 10 there is no such number. (A text in
// circulation compares the rest itself: it is wrong.)
//
// Right digits say nothing of whose number it is, nor that it was ever issued:
// ten equal digits pass, for every digit. Only a verified number identifies.
//
// Threads: safe. Failure: none; the code returned never holds the value.
#ifndef VIGIL_LIBS_BASE_NHS_NUMBER_H_
#define VIGIL_LIBS_BASE_NHS_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace vigil {

// Published violation codes: they never change.
inline constexpr absl::string_view kNhsNumberNotDigits =
    "NHS_NUMBER_NOT_DIGITS";  // spaces and hyphens too
inline constexpr absl::string_view kNhsNumberLength = "NHS_NUMBER_LENGTH";
inline constexpr absl::string_view kNhsNumberCheckDigit =
    "NHS_NUMBER_CHECK_DIGIT";

// The code of what is wrong, or nothing when the number is well formed.
std::optional<absl::string_view> CheckNhsNumber(absl::string_view text);

// How many synthetic numbers there are.
inline constexpr uint64_t kSyntheticNhsNumbers = 900'000;

// The n-th well-formed number of the 999 range, which is never issued to
// anyone; different for each n below kSyntheticNhsNumbers (at and above it:
// aborts). For tests, demonstrations and generated loads, which use no others.
std::string GenerateSyntheticNhsNumber(uint64_t n);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_NHS_NUMBER_H_
