#include "tools/vigil/proto_json.h"

#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/check.h"
#include "nlohmann/json.hpp"

namespace vigil::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Cpp = FieldDescriptor;

// A name that the sender invented enters the message only in this form, for
// anything else could be a value in the wrong place.
std::string ShownName(absl::string_view name) {
  constexpr size_t kMaxShown = 64;
  if (name.size() > kMaxShown) return "(a long name)";
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') {
      return "(a name with other characters than letters and digits)";
    }
  }
  return std::string(name);
}

// Walks the text once, beside the descriptors. nlohmann's SAX interface fixes
// the names of the members.
class Walk : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Walk(const Descriptor* root) : root_(root) {}

  const std::vector<JsonFault>& faults() const { return faults_; }

  bool null() override {
    // ProtoJSON: null is "not set". In a list it is nothing that can be meant.
    if (!frames_.empty() && frames_.back().in_list) Fault("is null in a list");
    if (frames_.empty()) Fault("is no object");
    return Next();
  }
  bool boolean(bool) override {
    if (const auto* field = Scalar();
        field != nullptr && field->cpp_type() != Cpp::CPPTYPE_BOOL) {
      Fault(Expected(*field));
    }
    return Next();
  }
  bool number_integer(int64_t value) override {
    Number(value < 0, static_cast<double>(value));
    return Next();
  }
  bool number_unsigned(uint64_t value) override {
    Number(false, static_cast<double>(value));
    return Next();
  }
  bool number_float(double, const std::string&) override {
    if (const auto* field = Scalar()) Fault(Expected(*field));
    return Next();
  }
  bool string(std::string& value) override {
    if (const auto* field = Scalar()) Text(*field, value);
    return Next();
  }
  bool binary(nlohmann::json::binary_t&) override { return Next(); }

  bool start_object(size_t) override {
    Frame frame;
    if (frames_.empty()) {
      frame.type = root_;
    } else if (const FieldDescriptor* field = frames_.back().field) {
      Set();
      if (field->is_repeated() && !frames_.back().in_list) {
        Fault("takes a list");
      } else if (field->cpp_type() != Cpp::CPPTYPE_MESSAGE) {
        Fault(Expected(*field));
      } else {
        frame.type = field->message_type();
      }
    }
    frames_.push_back(std::move(frame));
    return true;
  }
  bool key(std::string& name) override {
    Frame& frame = frames_.back();
    frame.field = nullptr;
    frame.name = ShownName(name);
    if (frame.type == nullptr) return true;  // inside what is refused already
    for (int i = 0; i < frame.type->field_count(); ++i) {
      const FieldDescriptor* field = frame.type->field(i);
      if (name == field->json_name() || name == field->name()) {
        frame.field = field;
        frame.name = field->name();
      }
    }
    if (frame.field == nullptr) {
      Fault("there is no such field");
      return true;
    }
    if (!frame.seen.insert(frame.field->number()).second) {
      Fault("stands here twice");
    }
    return true;
  }
  bool end_object() override {
    frames_.pop_back();
    return Next();
  }
  bool start_array(size_t) override {
    if (frames_.empty()) {
      Fault("is no object");
      frames_.emplace_back();
      frames_.back().in_list = true;
      return true;
    }
    Set();
    const FieldDescriptor* field = frames_.back().field;
    const bool list =
        field != nullptr && field->is_repeated() && !frames_.back().in_list;
    if (field != nullptr && !list) Fault(Expected(*field));
    // A list is a frame of its own, so that its elements have numbers.
    Frame frame;
    frame.in_list = true;
    frame.field = list ? field : nullptr;
    frames_.push_back(std::move(frame));
    return true;
  }
  bool end_array() override {
    frames_.pop_back();
    return Next();
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    // Its own message quotes the text.
    faults_.push_back(
        {"", absl::StrCat("is not JSON, at character ", position)});
    return false;
  }

 private:
  struct Frame {
    const Descriptor* type = nullptr;        // of an object; nullptr: unknown
    const FieldDescriptor* field = nullptr;  // the value that comes next
    std::string name;
    bool in_list = false;
    size_t index = 0;
    std::set<int> seen;
    std::set<int> oneofs;
  };

  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.in_list) {
        absl::StrAppend(&path, "[", frame.index, "]");
      } else if (!frame.name.empty()) {
        absl::StrAppend(&path, path.empty() ? "" : ".", frame.name);
      }
    }
    return path;
  }

  void Fault(absl::string_view problem) {
    if (faults_.size() < kMaxJsonFaults) {
      faults_.push_back({Path(), std::string(problem)});
    }
  }

  // After a value: the next element of a list.
  bool Next() {
    if (!frames_.empty() && frames_.back().in_list) ++frames_.back().index;
    return true;
  }

  // A value that is not null has come for the field.
  void Set() {
    Frame& frame = frames_.back();
    if (frame.field == nullptr || frame.in_list) return;
    const auto* oneof = frame.field->real_containing_oneof();
    if (oneof != nullptr && !frame.oneofs.insert(oneof->index()).second) {
      Fault(absl::StrCat("only one of ", oneof->name(), " can be set"));
    }
  }

  // The field that takes this scalar; nullptr if there is none, which is said.
  const FieldDescriptor* Scalar() {
    if (frames_.empty()) {
      Fault("is no object");
      return nullptr;
    }
    Set();
    const FieldDescriptor* field = frames_.back().field;
    if (field == nullptr) return nullptr;
    if (field->is_repeated() && !frames_.back().in_list) {
      Fault("takes a list");
      return nullptr;
    }
    if (field->cpp_type() == Cpp::CPPTYPE_MESSAGE) {
      Fault(Expected(*field));
      return nullptr;
    }
    return field;
  }

  void Number(bool negative, double value) {
    const FieldDescriptor* field = Scalar();
    if (field == nullptr) return;
    double least = 0;
    double most = 0;
    switch (field->cpp_type()) {
      case Cpp::CPPTYPE_INT32:
        least = std::numeric_limits<int32_t>::min();
        most = std::numeric_limits<int32_t>::max();
        break;
      case Cpp::CPPTYPE_UINT32:
        most = std::numeric_limits<uint32_t>::max();
        break;
      case Cpp::CPPTYPE_INT64:
      case Cpp::CPPTYPE_UINT64:
        if (negative && field->cpp_type() == Cpp::CPPTYPE_UINT64) {
          Fault("is out of range");
        }
        return;
      case Cpp::CPPTYPE_ENUM:
        if (value < 0 || value > std::numeric_limits<int32_t>::max() ||
            field->enum_type()->FindValueByNumber(static_cast<int>(value)) ==
                nullptr) {
          Fault("is none of the known values");
        }
        return;
      default:
        Fault(Expected(*field));
        return;
    }
    if (value < least || value > most) Fault("is out of range");
  }

  void Text(const FieldDescriptor& field, const std::string& value) {
    switch (field.cpp_type()) {
      case Cpp::CPPTYPE_STRING: {
        std::string ignored;
        if (field.type() == Cpp::TYPE_BYTES &&
            !absl::Base64Unescape(value, &ignored) &&
            !absl::WebSafeBase64Unescape(value, &ignored)) {
          Fault("takes base64");
        }
        return;
      }
      case Cpp::CPPTYPE_ENUM:
        if (field.enum_type()->FindValueByName(value) == nullptr) {
          Fault("is none of the known values");
        }
        return;
      case Cpp::CPPTYPE_INT32:
      case Cpp::CPPTYPE_UINT32:
      case Cpp::CPPTYPE_INT64:
      case Cpp::CPPTYPE_UINT64: {
        int64_t number = 0;
        uint64_t natural = 0;
        if (absl::SimpleAtoi(value, &number)) {
          Number(number < 0, static_cast<double>(number));
        } else if (absl::SimpleAtoi(value, &natural)) {
          Number(false, static_cast<double>(natural));
        } else {
          Fault(Expected(field));
        }
        return;
      }
      default:
        Fault(Expected(field));
    }
  }

  static std::string Expected(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case Cpp::CPPTYPE_MESSAGE:
        return "takes an object";
      case Cpp::CPPTYPE_BOOL:
        return "takes true or false";
      case Cpp::CPPTYPE_ENUM:
        return "takes one of the known values";
      case Cpp::CPPTYPE_STRING:
        return "takes text";
      default:
        return "takes a whole number";
    }
  }

  const Descriptor* root_;
  std::vector<Frame> frames_;
  std::vector<JsonFault> faults_;
};

void AppendText(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppend(out, "\\u00", absl::Hex(c, absl::kZeroPad2));
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

// One value: of a singular field, or the element `index` of a repeated one.
void AppendValue(const Message& message, const FieldDescriptor& field,
                 int index, std::string* out) {
  const Reflection& r = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case Cpp::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text =
          one ? r.GetStringReference(message, &field, &scratch)
              : r.GetRepeatedStringReference(message, &field, index, &scratch);
      if (field.type() == Cpp::TYPE_BYTES) {
        AppendText(absl::Base64Escape(text), out);
      } else {
        AppendText(text, out);
      }
      return;
    }
    case Cpp::CPPTYPE_MESSAGE:
      AppendJson(one ? r.GetMessage(message, &field)
                     : r.GetRepeatedMessage(message, &field, index),
                 out);
      return;
    case Cpp::CPPTYPE_ENUM: {
      const int number = one ? r.GetEnumValue(message, &field)
                             : r.GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      if (value == nullptr) {
        absl::StrAppend(out, number);
      } else {
        AppendText(value->name(), out);
      }
      return;
    }
    case Cpp::CPPTYPE_BOOL:
      out->append((one ? r.GetBool(message, &field)
                       : r.GetRepeatedBool(message, &field, index))
                      ? "true"
                      : "false");
      return;
    case Cpp::CPPTYPE_INT32:
      absl::StrAppend(out, one ? r.GetInt32(message, &field)
                               : r.GetRepeatedInt32(message, &field, index));
      return;
    case Cpp::CPPTYPE_UINT32:
      absl::StrAppend(out, one ? r.GetUInt32(message, &field)
                               : r.GetRepeatedUInt32(message, &field, index));
      return;
    case Cpp::CPPTYPE_INT64:  // text: JavaScript has no such numbers
      absl::StrAppend(out, "\"",
                      one ? r.GetInt64(message, &field)
                          : r.GetRepeatedInt64(message, &field, index),
                      "\"");
      return;
    case Cpp::CPPTYPE_UINT64:
      absl::StrAppend(out, "\"",
                      one ? r.GetUInt64(message, &field)
                          : r.GetRepeatedUInt64(message, &field, index),
                      "\"");
      return;
    default:
      CheckFailed("a statement holds no such field", __FILE__, __LINE__);
  }
}

}  // namespace

std::vector<JsonFault> ReadJson(absl::string_view text, Message* message) {
  Walk walk(message->GetDescriptor());
  nlohmann::json::sax_parse(text.begin(), text.end(), &walk);
  if (!walk.faults().empty()) return walk.faults();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  message->Clear();
  const auto status = google::protobuf::util::JsonStringToMessage(
      {text.data(), text.size()}, message, options);
  if (!status.ok()) {
    // Whatever the walk above did not foresee. Its text may quote the value.
    return {{"", absl::StrCat("is not a ", message->GetDescriptor()->name(),
                              " in ProtoJSON")}};
  }
  return {};
}

void AppendJson(const Message& message, std::string* out) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& r = *message.GetReflection();
  bool first = true;
  out->push_back('{');
  // In the order of the declaration, which these protos keep by number.
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const int count = field.is_repeated() ? r.FieldSize(message, &field) : 0;
    if (field.is_repeated() ? count == 0 : !r.HasField(message, &field)) {
      continue;
    }
    absl::StrAppend(out, first ? "" : ",", "\"", field.json_name(), "\":");
    first = false;
    if (!field.is_repeated()) {
      AppendValue(message, field, -1, out);
      continue;
    }
    out->push_back('[');
    for (int n = 0; n < count; ++n) {
      if (n > 0) out->push_back(',');
      AppendValue(message, field, n, out);
    }
    out->push_back(']');
  }
  out->push_back('}');
}

}  // namespace vigil::cli
