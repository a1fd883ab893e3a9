#include "libs/event/unreadable.h"

#include "absl/container/flat_hash_map.h"
#include "libs/base/utf8.h"
#include "libs/event/codes.h"
#include "libs/event/wire_fields.h"

namespace vigil::event {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// As deep as a protobuf parser goes.
constexpr int kMaxDepth = 100;

void Find(const Descriptor& type, absl::string_view bytes,
          const FieldPath& parent, int depth, Violations* violations) {
  if (depth > kMaxDepth) {
    violations->Add(parent.Text(), code::kBytesInvalid);
    return;
  }
  absl::flat_hash_map<int, int> seen;  // elements of each repeated field
  WireFields fields(bytes);
  while (fields.Next()) {
    const FieldDescriptor* field = type.FindFieldByNumber(fields.number());
    if (field == nullptr) continue;
    const FieldPath path(
        &parent, field->name(),
        field->is_repeated() ? seen[fields.number()]++ : FieldPath::kSingular);
    if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
      Find(*field->message_type(), fields.view(), path, depth + 1, violations);
    } else if (field->type() == FieldDescriptor::TYPE_STRING &&
               !CountCharacters(fields.view()).has_value()) {
      violations->Add(path.Text(), code::kTextNotUtf8);
    }
  }
  if (fields.fault()) violations->Add(parent.Text(), code::kBytesInvalid);
}

}  // namespace

void FindUnreadable(const Descriptor& type, absl::string_view bytes,
                    Violations* violations) {
  Find(type, bytes, FieldPath(), 0, violations);
}

}  // namespace vigil::event
