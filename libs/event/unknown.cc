#include "libs/event/unknown.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "libs/event/codes.h"

namespace vigil::event {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void Walk(const Message& message, const FieldPath& path,
          Violations* violations) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int size = repeated ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const FieldPath here(&path, field->name(),
                           repeated ? i : FieldPath::kSingular);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Walk(repeated ? reflection.GetRepeatedMessage(message, field, i)
                      : reflection.GetMessage(message, field),
             here, violations);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        const int number =
            repeated ? reflection.GetRepeatedEnumValue(message, field, i)
                     : reflection.GetEnumValue(message, field);
        if (field->enum_type()->FindValueByNumber(number) == nullptr) {
          violations->Add(here.Text(), code::kUnknownEnumValue);
        }
      } else {
        break;  // nothing unknown in numbers and texts
      }
    }
  }
  const auto& unknown = reflection.GetUnknownFields(message);
  int last_number = 0;
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    if (number != last_number) {  // an unknown list is one fault
      violations->Add(FieldPath(&path, absl::StrCat(number)).Text(),
                      code::kUnknownField);
    }
    last_number = number;
  }
}

}  // namespace

void FindUnknown(const Message& message, Violations* violations) {
  Walk(message, FieldPath(), violations);
}

}  // namespace vigil::event
