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

// Another number than Fill's, or than this one.
template <typename Number>
Number Other(Number number) {
  return number == 7 ? 8 : 7;
}

class Varying {
 public:
  Varying(const std::function<bool(const Message&)>& skip,
          const std::function<void(const std::string&)>& varied)
      : skip_(skip), varied_(varied) {}

  void Vary(Message* message, const std::string& path) {
    if (skip_(*message)) return;
    const Reflection& reflection = *message->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(*message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string name = path + field->name();
      if (const auto* choice = field->real_containing_oneof()) {
        for (int i = 0; i < choice->field_count(); ++i) {
          if (choice->field(i) == field) continue;
          Try(message, path + choice->field(i)->name(),
              [&] { Choose(message, choice->field(i)); });
        }
      }
      if (field->is_repeated()) {
        const int last = reflection.FieldSize(*message, field) - 1;
        if (field->message_type() != nullptr) {
          Vary(reflection.MutableRepeatedMessage(message, field, last),
               name + ".");
        }
      } else if (field->message_type() != nullptr) {
        Vary(reflection.MutableMessage(message, field), name + ".");
      } else if (field->enum_type() != nullptr) {
        const int now = reflection.GetEnumValue(*message, field);
        for (int i = 0; i < field->enum_type()->value_count(); ++i) {
          const auto* value = field->enum_type()->value(i);
          if (value->number() == now) continue;
          Try(message, name + " = " + value->name(),
              [&] { reflection.SetEnum(message, field, value); });
        }
      } else {
        Try(message, name, [&] { SetOther(message, field); });
      }
    }
  }

 private:
  // Changes the message, says so and puts it back.
  template <typename Change>
  void Try(Message* message, const std::string& what, const Change& change) {
    const std::unique_ptr<Message> before(message->New());
    before->CopyFrom(*message);
    change();
    varied_(what);
    message->CopyFrom(*before);
  }

  static void Choose(Message* message, const FieldDescriptor* member) {
    if (member->message_type() != nullptr) {
      message->GetReflection()->MutableMessage(message, member);
    } else if (member->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      message->GetReflection()->SetString(message, member, "chosen");
    } else {
      SetOther(message, member);
    }
  }

  static void SetOther(Message* message, const FieldDescriptor* field) {
    const Reflection& reflection = *message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(
            message, field, Other(reflection.GetUInt32(*message, field)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(
            message, field, Other(reflection.GetUInt64(*message, field)));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(message, field,
                                   Other(reflection.GetInt32(*message, field)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, field,
                                   Other(reflection.GetInt64(*message, field)));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, field, "another");
      default:
        return;
    }
  }

  const std::function<bool(const Message&)>& skip_;
  const std::function<void(const std::string&)>& varied_;
};

}  // namespace

void VaryEach(Message* message, const std::function<bool(const Message&)>& skip,
              const std::function<void(const std::string&)>& varied) {
  Varying(skip, varied).Vary(message, "");
}

std::vector<std::string> FillWithWords(Message* message, int depth) {
  std::vector<std::string> words;
  Fill(message, depth, &words);
  return words;
}

}  // namespace vigil
