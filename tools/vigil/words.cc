#include "tools/vigil/words.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "libs/event/reference.h"

namespace vigil::cli {
namespace {

using google::protobuf::EnumDescriptor;

constexpr UChar32 kReplacement = 0xFFFD;

// IdentifierType is IDENTIFIER_TYPE_.
std::string Prefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) {
      prefix.push_back('_');
    }
    prefix.push_back(absl::ascii_toupper(static_cast<unsigned char>(c)));
  }
  return prefix + "_";
}

std::string ValueText(const EnumDescriptor& type, int index) {
  absl::string_view name = type.value(index)->name();
  absl::ConsumePrefix(&name, Prefix(type));
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

bool TurnsDirection(UChar32 c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x200E || c == 0x200F;
}

size_t ColumnsOf(UChar32 c) {
  switch (u_charType(c)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_FORMAT_CHAR:
      return 0;
    default:
      break;
  }
  const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

// What is not UTF-8 becomes U+FFFD.
std::u32string Characters(absl::string_view text) {
  const icu::UnicodeString utf16 = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  std::u32string characters;
  for (int32_t at = 0; at < utf16.length(); at = utf16.moveIndex32(at, 1)) {
    characters.push_back(static_cast<char32_t>(utf16.char32At(at)));
  }
  return characters;
}

void Append(UChar32 c, std::string* out) {
  icu::UnicodeString(c).toUTF8String(*out);
}

}  // namespace

std::string EnumText(const EnumDescriptor& type, int value) {
  const auto* found = type.FindValueByNumber(value);
  if (found == nullptr) return absl::StrCat("not known here (", value, ")");
  return value == 0 ? "not stated" : ValueText(type, found->index());
}

int EnumFromText(const EnumDescriptor& type, absl::string_view text) {
  const std::string wanted = absl::StrReplaceAll(absl::AsciiStrToLower(text),
                                                 {{"_", " "}, {"-", " "}});
  for (int i = 1; i < type.value_count(); ++i) {
    if (ValueText(type, i) == wanted) return type.value(i)->number();
  }
  return -1;
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::vector<std::string> choices;
  for (int i = 1; i < type.value_count(); ++i) {
    choices.push_back(absl::StrReplaceAll(ValueText(type, i), {{" ", "-"}}));
  }
  return absl::StrJoin(choices, ", ");
}

std::string OrganisationText(const event::v1::Organisation& organisation) {
  if (organisation.scheme().empty()) return "";
  return event::OrganisationText(organisation);
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%-d %b %Y, %H:%M:%S",
                          absl::FromUnixSeconds(time.seconds()), London());
}

std::string TermText(const event::v1::CodedTerm& term) {
  if (term.code().empty() && term.display().empty()) return "";
  return absl::StrCat(term.display(), " (", term.system(), " ", term.code(),
                      ")");
}

std::string PositionText(const event::v1::Position& position) {
  return absl::StrCat(position.topic(), "/", position.partition(), "/",
                      position.offset());
}

std::string Shown(absl::string_view text) {
  std::string shown;
  for (const char32_t character : Characters(text)) {
    auto c = static_cast<UChar32>(character);
    if (c == '\t') c = ' ';
    if (c == '\r') continue;
    if (c != '\n' && (u_iscntrl(c) || TurnsDirection(c))) c = kReplacement;
    Append(c, &shown);
  }
  return shown;
}

size_t Columns(absl::string_view text) {
  size_t columns = 0;
  for (const char32_t c : Characters(text)) {
    columns += ColumnsOf(static_cast<UChar32>(c));
  }
  return columns;
}

std::vector<std::string> Wrap(absl::string_view text, size_t width) {
  width = std::max<size_t>(width, 1);
  std::vector<std::string> lines;
  for (const absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    std::string line;
    size_t columns = 0;
    for (const absl::string_view word :
         absl::StrSplit(paragraph, ' ', absl::SkipEmpty())) {
      const size_t length = Columns(word);
      if (!line.empty() && columns + 1 + length > width) {
        lines.push_back(std::exchange(line, ""));
        columns = 0;
      }
      if (!line.empty()) {
        line.push_back(' ');
        ++columns;
      }
      for (const char32_t character : Characters(word)) {
        const auto c = static_cast<UChar32>(character);
        if (columns + ColumnsOf(c) > width && !line.empty()) {
          lines.push_back(std::exchange(line, ""));
          columns = 0;
        }
        Append(c, &line);
        columns += ColumnsOf(c);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace vigil::cli
