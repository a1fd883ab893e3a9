#include "libs/base/utf8.h"

#include <cstdint>
#include <cstring>

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

// How many bytes at the beginning are printable ASCII, in steps of eight: most
// texts are nothing else, and are done with at once.
size_t PlainPrefix(absl::string_view text) {
  constexpr uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  size_t plain = 0;
  for (; plain + 8 <= text.size(); plain += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + plain, 8);
    // No byte from 0x80; none below 0x20, which borrows its high bit; none of
    // 0x7f, which carries into it.
    if (((bytes | (bytes - 0x20 * kOnes) | (bytes + kOnes)) & kHighBits) != 0) {
      break;
    }
  }
  return plain;
}

}  // namespace

std::optional<size_t> CountCharacters(absl::string_view text) {
  size_t count = PlainPrefix(text);
  text.remove_prefix(count);
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) return std::nullopt;
    text.remove_prefix(bytes);
    ++count;
  }
  return count;
}

bool HasControlCharacters(absl::string_view text, absl::string_view allowed) {
  for (size_t i = PlainPrefix(text); i < text.size(); ++i) {
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
