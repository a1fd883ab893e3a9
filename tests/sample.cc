#include "tests/sample.h"

#include <memory>

namespace vigil {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

void Fill(Message* message, int depth, std::vector<std::string>* words) {
  const Reflection& reflection = *message->GetReflection();
  const Descriptor& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->real_containing_oneof() != nullptr &&
        field->real_containing_oneof()->field(0) != field) {
      continue;
    }
    const bool list = field->is_repeated();
    for (int n = 0; n < (list ? 2 : 1); ++n) {
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING: {
          // A space ends each, so that no word is the beginning of another.
          words->push_back("w" + std::to_string(words->size()) + " ");
          list ? reflection.AddString(message, field, words->back())
               : reflection.SetString(message, field, words->back());
          break;
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
          const auto* last =
              field->enum_type()->value(field->enum_type()->value_count() - 1);
          list ? reflection.AddEnum(message, field, last)
               : reflection.SetEnum(message, field, last);
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          if (depth > 0) {
            Fill(list ? reflection.AddMessage(message, field)
                      : reflection.MutableMessage(message, field),
                 depth - 1, words);
          }
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          list ? reflection.AddUInt32(message, field, 7)
               : reflection.SetUInt32(message, field, 7);
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          list ? reflection.AddUInt64(message, field, 7)
               : reflection.SetUInt64(message, field, 7);
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          list ? reflection.AddInt32(message, field, 7)
               : reflection.SetInt32(message, field, 7);
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          list ? reflection.AddInt64(message, field, 7)
               : reflection.SetInt64(message, field, 7);
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
        case FieldDescriptor::CPPTYPE_DOUBLE:
        case FieldDescriptor::CPPTYPE_FLOAT:
          break;  // no fact holds one
      }
    }
  }
}

}  // namespace

std::vector<std::string> FillWithWords(Message* message, int depth) {
  std::vector<std::string> words;
  Fill(message, depth, &words);
  return words;
}

}  // namespace vigil
