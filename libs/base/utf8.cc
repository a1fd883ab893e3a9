#include "libs/base/utf8.h"

#include <cstdint>

namespace vigil {
namespace {

// The bytes of the character that begins here, or 0 if none does (Unicode 15,
// table 3-7: only the second byte's range depends on the first).
size_t CharacterBytes(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t size;
  uint8_t low = 0x80, high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;   // overlong below
    if (first == 0xed) high = 0x9f;  // surrogates above
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;   // overlong below
    if (first == 0xf4) high = 0x8f;  // over U+10FFFF above
  } else {
    return 0;
  }
  if (text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return size;
}

}  // namespace

std::optional<size_t> CountCharacters(absl::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) return std::nullopt;
    text.remove_prefix(bytes);
    ++count;
  }
  return count;
}

bool HasControlCharacters(absl::string_view text, absl::string_view allowed) {
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) {
      if (allowed.find(text[i]) == absl::string_view::npos) return true;
    } else if (byte == 0xc2 && i + 1 < text.size() &&
               static_cast<uint8_t>(text[i + 1]) < 0xa0) {
      return true;  // U+0080 to U+009F
    }
  }
  return false;
}

}  // namespace vigil
