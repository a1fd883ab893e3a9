#include "libs/base/nhs_number.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

constexpr size_t kBodyDigits = 9;

// Of nine digits; nothing where there is no such number.
std::optional<char> CheckDigit(absl::string_view body) {
  int sum = 0;
  for (int i = 0; i < static_cast<int>(kBodyDigits); ++i) {
    sum += (body[i] - '0') * (10 - i);
  }
  const int check = (11 - sum % 11) % 11;
  if (check == 10) return std::nullopt;
  return static_cast<char>('0' + check);
}

}  // namespace

std::optional<absl::string_view> CheckNhsNumber(absl::string_view text) {
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) {
    return kNhsNumberNotDigits;
  }
  if (text.size() != kBodyDigits + 1) return kNhsNumberLength;
  if (CheckDigit(text.substr(0, kBodyDigits)) != text[kBodyDigits]) {
    return kNhsNumberCheckDigit;
  }
  return std::nullopt;
}

std::string GenerateSyntheticNhsNumber(uint64_t n) {
  Check(n < kSyntheticNhsNumbers, "there are no more synthetic NHS numbers");
  // Of the ten bodies that share their first eight digits at most one has no
  // check digit (the last digit's weight is 2, and 2 x 0..9 are ten different
  // rests by 11), so nine of them can always be counted on.
  uint64_t nth = n % 9;
  for (int last = 0; last <= 9; ++last) {
    const std::string body = absl::StrFormat("999%05d%d", n / 9, last);
    const std::optional<char> check = CheckDigit(body);
    if (check.has_value() && nth-- == 0) return body + *check;
  }
  Check(false, "nine of ten bodies have a check digit");
  return "";
}

}  // namespace vigil
