// The fields of one protobuf message, in the order of its bytes, without
// parsing it: for whoever needs a few of them, or what no parser takes.
//
//   WireFields fields(bytes);
//   while (fields.Next()) {
//     if (fields.number() == 3) type = fields.view();
//   }
//   if (fields.fault()) ...  // the bytes are no message from here on
//
// Views point into the bytes. Threads: one at a time.
#ifndef VIGIL_LIBS_EVENT_WIRE_FIELDS_H_
#define VIGIL_LIBS_EVENT_WIRE_FIELDS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace vigil::event {

class WireFields {
 public:
  explicit WireFields(absl::string_view bytes)
      : bytes_(bytes),
        in_(reinterpret_cast<const uint8_t*>(bytes.data()),
            static_cast<int>(bytes.size())) {}

  // Moves to the next field; false at the end or at a fault.
  bool Next() {
    using Lite = google::protobuf::internal::WireFormatLite;
    if (fault_) return false;
    const uint32_t tag = in_.ReadTag();
    if (tag == 0) {
      fault_ = !in_.ConsumedEntireMessage();
      return false;
    }
    number_ = Lite::GetTagFieldNumber(tag);
    view_ = {};
    has_view_ = false;
    varint_ = 0;
    switch (Lite::GetTagWireType(tag)) {
      case Lite::WIRETYPE_VARINT:
        fault_ = !in_.ReadVarint64(&varint_);
        break;
      case Lite::WIRETYPE_LENGTH_DELIMITED: {
        uint32_t size = 0;
        fault_ = !in_.ReadVarint32(&size) || size > bytes_.size();
        if (fault_) break;
        const auto at = static_cast<size_t>(in_.CurrentPosition());
        fault_ = !in_.Skip(static_cast<int>(size));
        if (!fault_) view_ = bytes_.substr(at, size);
        has_view_ = !fault_;
        break;
      }
      default:
        fault_ = !Lite::SkipField(&in_, tag);
    }
    return !fault_;
  }

  int number() const { return number_; }
  // Of a text, bytes or message; of any other field empty.
  absl::string_view view() const { return view_; }
  bool has_view() const { return has_view_; }
  uint64_t varint() const { return varint_; }
  bool fault() const { return fault_; }

 private:
  absl::string_view bytes_;
  google::protobuf::io::CodedInputStream in_;
  int number_ = 0;
  absl::string_view view_;
  bool has_view_ = false;
  uint64_t varint_ = 0;
  bool fault_ = false;
};

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_WIRE_FIELDS_H_
