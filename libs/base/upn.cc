#include "libs/base/upn.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

constexpr absl::string_view kLetters = "ABCDEFGHJKLMNPQRTUVWXYZ";
constexpr size_t kUpnCharacters = 13;

bool IsLetter(char c) { return kLetters.find(c) != absl::string_view::npos; }

// Of the twelve characters after it.
char CheckLetter(absl::string_view rest) {
  size_t sum = 0;
  for (size_t i = 0; i < rest.size(); ++i) {
    const size_t value = absl::ascii_isdigit(rest[i])
                             ? static_cast<size_t>(rest[i] - '0')
                             : kLetters.find(rest[i]);
    sum += value * (i + 2);
  }
  return kLetters[sum % kLetters.size()];
}

}  // namespace

std::optional<absl::string_view> CheckUpn(absl::string_view text) {
  if (text.size() != kUpnCharacters) return kUpnLength;
  const absl::string_view digits = text.substr(1, kUpnCharacters - 2);
  const char last = text.back();
  if (!IsLetter(text.front()) ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !(absl::ascii_isdigit(last) || IsLetter(last))) {
    return kUpnFormat;
  }
  if (CheckLetter(text.substr(1)) != text.front()) return kUpnCheckLetter;
  return std::nullopt;
}

bool IsTemporaryUpn(absl::string_view text) {
  return !CheckUpn(text).has_value() && IsLetter(text.back());
}

std::string GenerateUpn(int authority, int school, int year, int serial) {
  Check(authority >= 0 && authority <= 999 && school >= 0 && school <= 9999 &&
            year >= 0 && year <= 99 && serial >= 0 && serial <= 999,
        "the parts of a UPN are within their digits");
  const std::string rest =
      absl::StrFormat("%03d%04d%02d%03d", authority, school, year, serial);
  return CheckLetter(rest) + rest;
}

}  // namespace vigil
