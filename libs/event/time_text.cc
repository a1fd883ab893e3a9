#include "libs/event/time_text.h"

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/calendar.h"

namespace vigil::event {
namespace {

// "2026-03-28T10:00:00"
constexpr size_t kLocalTimeSize = 19;

// The longest name of the database has 32 characters.
constexpr size_t kMaxZoneName = 64;

constexpr char kZoneDatabase[] = "/usr/share/zoneinfo/";

// The number that `text` is, all of it digits; or nothing.
std::optional<int> Digits(absl::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) {
      return std::nullopt;
    }
  }
  if (!absl::SimpleAtoi(text, &value)) {
    return std::nullopt;
  }
  return value;
}

// "hh:mm", up to 23:59.
std::optional<int> Minutes(absl::string_view text) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  const std::optional<int> hours = Digits(text.substr(0, 2));
  const std::optional<int> minutes = Digits(text.substr(3));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return *hours * 60 + *minutes;
}

}  // namespace

std::optional<absl::CivilSecond> ParseLocalTime(absl::string_view text) {
  if (text.size() != kLocalTimeSize || text[10] != 'T' || text[16] != ':') {
    return std::nullopt;
  }
  const std::optional<absl::CivilDay> day = ParseCivilDay(text.substr(0, 10));
  const std::optional<int> minutes = Minutes(text.substr(11, 5));
  const std::optional<int> seconds = Digits(text.substr(17));
  if (!day || !minutes || !seconds || *seconds > 59) {
    return std::nullopt;
  }
  return absl::CivilSecond(*day) + 60 * *minutes + *seconds;
}

std::optional<absl::Time> ParseInstant(absl::string_view text) {
  const std::optional<absl::CivilSecond> civil =
      ParseLocalTime(text.substr(0, kLocalTimeSize));
  if (!civil) {
    return std::nullopt;
  }
  text.remove_prefix(kLocalTimeSize);
  absl::Duration fraction;
  if (absl::ConsumePrefix(&text, ".")) {
    size_t digits = 0;
    while (digits < text.size() && absl::ascii_isdigit(text[digits])) {
      ++digits;
    }
    if (digits == 0 || digits > 9) {
      return std::nullopt;
    }
    std::string nanoseconds(text.substr(0, digits));
    nanoseconds.resize(9, '0');
    fraction = absl::Nanoseconds(*Digits(nanoseconds));
    text.remove_prefix(digits);
  }
  int offset_minutes = 0;
  if (text != "Z") {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) {
      return std::nullopt;
    }
    const std::optional<int> minutes = Minutes(text.substr(1));
    if (!minutes) {
      return std::nullopt;
    }
    offset_minutes = text[0] == '-' ? -*minutes : *minutes;
  }
  return absl::FromCivil(*civil, absl::UTCTimeZone()) + fraction -
         absl::Minutes(offset_minutes);
}

std::optional<PartialDate> ParseDate(absl::string_view text) {
  switch (text.size()) {
    case 10: {
      const std::optional<absl::CivilDay> day = ParseCivilDay(text);
      if (!day) {
        return std::nullopt;
      }
      return PartialDate{PartialDate::Precision::kDay, *day, *day};
    }
    case 7: {
      const std::optional<absl::CivilDay> first =
          ParseCivilDay(absl::StrCat(text, "-01"));
      if (!first) {
        return std::nullopt;
      }
      return PartialDate{PartialDate::Precision::kMonth, *first,
                         absl::CivilDay(absl::CivilMonth(*first) + 1) - 1};
    }
    case 4: {
      const std::optional<absl::CivilDay> first =
          ParseCivilDay(absl::StrCat(text, "-01-01"));
      if (!first) {
        return std::nullopt;
      }
      return PartialDate{PartialDate::Precision::kYear, *first,
                         absl::CivilDay(absl::CivilYear(*first) + 1) - 1};
    }
    default:
      return std::nullopt;
  }
}

std::optional<absl::TimeZone> FindZone(absl::string_view name) {
  if (name == "Europe/London") {
    return London();
  }
  if (name == "UTC") {
    return absl::UTCTimeZone();
  }
  // A name that is none is not handed on: the library would keep it for ever,
  // and a caller could fill the memory with invented ones.
  if (name.size() > kMaxZoneName || !absl::StrContains(name, '/') ||
      !absl::ascii_isupper(name[0])) {
    return std::nullopt;
  }
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("/_+-", c)) {
      return std::nullopt;
    }
  }
  std::error_code error;
  if (!std::filesystem::is_regular_file(absl::StrCat(kZoneDatabase, name),
                                        error)) {
    return std::nullopt;
  }
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) {
    return std::nullopt;
  }
  return zone;
}

}  // namespace vigil::event
