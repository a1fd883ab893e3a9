// ProtoJSON, as `vigil publish` reads it and `vigil generate` writes it.
//
//   std::vector<JsonFault> faults = ReadJson(line, &statement);
//   for (const JsonFault& fault : faults) Say(fault.field, fault.problem);
//
// protobuf's own reader stops at the first fault, names a field by its path in
// one case and not in another, and quotes the value. A person who corrects a
// file of thousands of lines needs every fault of a line; and a value may be a
// child's name, which belongs into no error. So the text is checked against the
// descriptor first, and read by protobuf's reader when nothing is wrong.
//
// Refused besides what protobuf refuses: a name that stands twice in one
// object, and two members of one oneof, so two acts in one statement; the
// second would win, and the first be lost without a word.
//
// Threads: safe.
#ifndef VIGIL_TOOLS_VIGIL_PROTO_JSON_H_
#define VIGIL_TOOLS_VIGIL_PROTO_JSON_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace vigil::cli {

struct JsonFault {
  std::string field;    // "about[0].person.ref.local_id.id"; or empty
  std::string problem;  // "there is no such field"
  friend bool operator==(const JsonFault&, const JsonFault&) = default;
};

// What one line of a refusal shows; a hostile line has no more than its length.
inline constexpr size_t kMaxJsonFaults = 50;

// All faults, or none and `message` holds what the text says.
std::vector<JsonFault> ReadJson(absl::string_view text,
                                google::protobuf::Message* message);

// ProtoJSON on one line, fields in the order of their numbers. Only what
// statements are made of: no map, float, nor well-known type (others abort).
// Several times as fast as protobuf's writer, and the same bytes always, which
// that one does not promise.
void AppendJson(const google::protobuf::Message& message, std::string* out);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_PROTO_JSON_H_
