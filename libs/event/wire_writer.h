// Writes protobuf's wire format into a text, for whoever has the bytes of the
// messages within already: what is serialised once is never parsed or copied
// into a message again.
//
//   std::string bytes;
//   WireWriter out(&bytes);
//   out.Text(1, event_id);
//   out.Bytes(5, section_bytes);     // also of a message, serialised
//
// Nothing is left out for being empty: call it for what is to stand there.
//
// Threads: one at a time. Failure: none.
#ifndef VIGIL_LIBS_EVENT_WIRE_WRITER_H_
#define VIGIL_LIBS_EVENT_WIRE_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace vigil::event {

class WireWriter {
 public:
  explicit WireWriter(std::string* to) : to_(*to) {}

  void Number(uint32_t field, uint64_t value) {
    Varint(uint64_t{field} << 3);
    Varint(value);
  }

  void Bytes(uint32_t field, absl::string_view bytes) {
    Varint(uint64_t{field} << 3 | 2);
    Varint(bytes.size());
    to_.append(bytes.data(), bytes.size());
  }

  // If it is not empty, as proto3 does.
  void Text(uint32_t field, absl::string_view text) {
    if (!text.empty()) Bytes(field, text);
  }

 private:
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      to_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    to_.push_back(static_cast<char>(value));
  }

  std::string& to_;
};

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_WIRE_WRITER_H_
