#include "tools/vigil/words.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "libs/event/reference.h"
#include "libs/event/when.h"

namespace vigil::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

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

std::string SpacedName(const FieldDescriptor& field) {
  return absl::StrReplaceAll(field.name(), {{"_", " "}});
}

template <typename M>
const M* As(const Message& message) {
  return google::protobuf::DynamicCastToGenerated<M>(&message);
}

// Messages that have words of their own.
bool WellKnownText(const Message& message, std::string* text) {
  if (const auto* said = As<event::v1::Concept>(message)) {
    *text = ConceptText(*said);
  } else if (const auto* term = As<event::v1::CodedTerm>(message)) {
    *text = TermText(*term);
  } else if (const auto* when = As<event::v1::When>(message)) {
    *text = event::WhenText(*when);
  } else if (const auto* organisation = As<event::v1::Organisation>(message)) {
    *text = OrganisationText(*organisation);
  } else if (const auto* position = As<event::v1::Position>(message)) {
    *text = PositionText(*position);
  } else if (const auto* time = As<google::protobuf::Timestamp>(message)) {
    *text = TimeText(*time);
  } else {
    return false;
  }
  return true;
}

// One value: of a singular field, or the element `index` of a list.
std::string ValueText(const Message& message, const FieldDescriptor& field,
                      int index) {
  const google::protobuf::Reflection& r = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        const std::string bytes =
            one ? r.GetString(message, &field)
                : r.GetRepeatedString(message, &field, index);
        return absl::BytesToHexString(bytes);
      }
      return one ? r.GetString(message, &field)
                 : r.GetRepeatedString(message, &field, index);
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& within =
          one ? r.GetMessage(message, &field)
              : r.GetRepeatedMessage(message, &field, index);
      std::string text;
      if (WellKnownText(within, &text)) return text;
      return absl::StrCat("(", MessageText(within), ")");
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field.enum_type(),
                      one ? r.GetEnumValue(message, &field)
                          : r.GetRepeatedEnumValue(message, &field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? r.GetBool(message, &field)
                  : r.GetRepeatedBool(message, &field, index))
                 ? "yes"
                 : "no";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? r.GetInt32(message, &field)
                              : r.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(one ? r.GetUInt32(message, &field)
                              : r.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(one ? r.GetInt64(message, &field)
                              : r.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(one ? r.GetUInt64(message, &field)
                              : r.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;  // the wire has none
  }
  return "";
}

// Empty if it is not set, or its list has nothing.
std::string ValuesText(const Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& r = *message.GetReflection();
  if (!field.is_repeated()) {
    return r.HasField(message, &field) ? ValueText(message, field, -1) : "";
  }
  std::vector<std::string> values;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    values.push_back(ValueText(message, field, i));
  }
  return absl::StrJoin(values, ", ");
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

std::string ConceptText(const event::v1::Concept& said) {
  std::string text = absl::StrReplaceAll(said.code(), {{"_", " "}});
  const std::string own = TermText(said.own());
  if (!own.empty()) absl::StrAppend(&text, text.empty() ? "" : "; ", own);
  return text;
}

std::string MessageText(const Message& message) {
  std::string text;
  if (WellKnownText(message, &text)) return text;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", SpacedName(*field), ": ",
                    ValuesText(message, *field));
  }
  return text;
}

std::optional<std::string> FieldText(const Message& message,
                                     absl::string_view path) {
  const std::pair<absl::string_view, absl::string_view> names =
      absl::StrSplit(path, absl::MaxSplits('.', 1));
  const FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(names.first));
  if (field == nullptr) return std::nullopt;
  if (names.second.empty()) return ValuesText(message, *field);
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return std::nullopt;
  }
  const google::protobuf::Reflection& r = *message.GetReflection();
  if (!field->is_repeated()) {
    return FieldText(r.GetMessage(message, field), names.second);
  }
  std::vector<std::string> texts;
  for (int i = 0; i < r.FieldSize(message, field); ++i) {
    std::optional<std::string> text =
        FieldText(r.GetRepeatedMessage(message, field, i), names.second);
    if (!text) return std::nullopt;
    if (!text->empty()) texts.push_back(*std::move(text));
  }
  return absl::StrJoin(texts, ", ");
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

// A reference that somebody will copy, with what punctuation follows it.
static bool IsCopied(absl::string_view word) {
  while (!word.empty() && (word.back() == ':' || word.back() == ',' ||
                           word.back() == ';' || word.back() == ')')) {
    word.remove_suffix(1);
  }
  absl::ConsumePrefix(&word, "(");
  return event::IsSubjectReference(word);
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
      const bool whole = IsCopied(word);
      for (const char32_t character : Characters(word)) {
        const auto c = static_cast<UChar32>(character);
        if (!whole && columns + ColumnsOf(c) > width && !line.empty()) {
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
