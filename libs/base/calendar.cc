#include "libs/base/calendar.h"

#include "absl/strings/ascii.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

absl::TimeZone LoadLondon() {
  absl::TimeZone london;
  Check(absl::LoadTimeZone("Europe/London", &london),
        "this machine has no time zone Europe/London: install tzdata");
  return london;
}

}  // namespace

absl::TimeZone London() {
  static const absl::TimeZone london = LoadLondon();
  return london;
}

bool IsLeapYear(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int DaysInMonth(int year, int month) {
  Check(month >= 1 && month <= 12, "a month is 1 to 12");
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

bool IsCivilDay(int year, int month, int day) {
  return year >= 1000 && year <= 9999 && month >= 1 && month <= 12 &&
         day >= 1 && day <= DaysInMonth(year, month);
}

std::optional<absl::CivilDay> ParseCivilDay(absl::string_view text) {
  constexpr absl::string_view kShape = "dddd-dd-dd";
  if (text.size() != kShape.size()) return std::nullopt;
  int numbers[] = {0, 0, 0};
  int* number = numbers;
  for (size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == '-') {
      if (text[i] != '-') return std::nullopt;
      ++number;
    } else {
      if (!absl::ascii_isdigit(text[i])) return std::nullopt;
      *number = *number * 10 + (text[i] - '0');
    }
  }
  const auto [year, month, day] = numbers;
  if (!IsCivilDay(year, month, day)) return std::nullopt;
  return absl::CivilDay(year, month, day);
}

}  // namespace vigil
