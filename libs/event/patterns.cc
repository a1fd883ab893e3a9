#include "libs/event/patterns.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/organisation.h"
#include "libs/base/uuid.h"
#include "libs/event/codes.h"
#include "libs/event/reference.h"
#include "libs/event/time_text.h"

namespace vigil::event {
namespace {

using absl::string_view;

bool IsDigits(string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsDate(string_view text) { return ParseDate(text).has_value(); }

bool IsFullDate(string_view text) {
  const std::optional<PartialDate> date = ParseDate(text);
  return date && date->precision == PartialDate::Precision::kDay;
}

bool IsInstant(string_view text) { return ParseInstant(text).has_value(); }

bool IsLocalTime(string_view text) { return ParseLocalTime(text).has_value(); }

bool IsEventId(string_view text) { return Uuid::Parse(text).has_value(); }

bool IsSha256(string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

// "12.4", "-3", "0.50"
bool IsDecimal(string_view text) {
  absl::ConsumePrefix(&text, "-");
  const size_t point = text.find('.');
  return IsDigits(text.substr(0, point)) &&
         (point == string_view::npos || IsDigits(text.substr(point + 1)));
}

bool IsUprn(string_view text) { return IsDigits(text) && text.size() <= 12; }

bool IsWord(string_view text) {
  return !text.empty() && absl::ascii_islower(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

// "account.occurred", "meeting_held"
bool IsFieldPath(string_view text) {
  for (size_t dot = text.find('.'); dot != string_view::npos;
       dot = text.find('.')) {
    if (!IsWord(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return IsWord(text);
}

bool IsOrganisationScheme(string_view text) {
  return CheckOrganisation(text, "A") != kOrganisationScheme;
}

bool IsOrganisationCode(string_view text) {
  return !CheckOrganisation("local", text).has_value();
}

// "09:00"
bool IsClock(string_view text) {
  return text.size() == 5 &&
         IsLocalTime(absl::StrCat("2000-01-01T", text, ":00"));
}

bool IsEntrySubject(string_view text) {
  if (IsSubjectReference(text)) return true;
  const size_t colon = text.find(':');
  return colon != string_view::npos &&
         !CheckOrganisation(text.substr(0, colon), text.substr(colon + 1))
              .has_value();
}

constexpr Pattern kPatterns[] = {
    // Times (time_text.h).
    {code::kDateFormat, "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$", IsDate},
    {code::kDateFormat, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", IsFullDate},
    {code::kInstantFormat,
     "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
     "(Z|[+-][0-9]{2}:[0-9]{2})$",
     IsInstant},
    {code::kLocalTimeFormat,
     "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?$",
     IsLocalTime},
    {code::kClockFormat, "^([01][0-9]|2[0-3]):[0-5][0-9]$", IsClock},
    // References (reference.h).
    {code::kEventIdFormat,
     "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
     IsEventId},
    {code::kSubjectFormat,
     "^s1[.][phn][.][0-9a-f]{8}[.][A-Za-z0-9_-]{43}[.][A-Za-z0-9_-]{4}$",
     IsSubjectReference},
    {code::kEntrySubjectFormat,
     "^(s1[.][phn][.][0-9a-f]{8}[.][A-Za-z0-9_-]{43}[.][A-Za-z0-9_-]{4}|"
     "[a-z]+:[A-Z0-9-]{1,32})$",
     IsEntrySubject},
    {code::kFieldPathFormat, "^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$",
     IsFieldPath},
    {kOrganisationScheme, "^(ods|urn|la|police|charity|company|local)$",
     IsOrganisationScheme},
    {kOrganisationCode, "^[A-Z0-9-]+$", IsOrganisationCode},
    // Words.
    {code::kConceptCodeFormat, "^[a-z][a-z0-9_]*$", IsWord},
    {code::kSha256Format, "^[0-9a-f]{64}$", IsSha256},
    {code::kDecimalFormat, "^-?[0-9]+([.][0-9]+)?$", IsDecimal},
    {code::kUprnFormat, "^[0-9]{1,12}$", IsUprn},
};

}  // namespace

absl::Span<const Pattern> Patterns() { return kPatterns; }

const Pattern* FindPattern(string_view code, string_view regex) {
  for (const Pattern& pattern : kPatterns) {
    if (pattern.code == code && pattern.regex == regex) return &pattern;
  }
  return nullptr;
}

}  // namespace vigil::event
