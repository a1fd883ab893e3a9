#include "libs/event/digest.h"

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/big_endian.h"
#include "libs/base/check.h"

namespace vigil::event {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Protobuf encoding, "Message structure".
enum WireType : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kLengthDelimited = 2,
  kFixed32 = 5,
};

void AppendVarint(std::string& to, uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<char>(value));
}

template <typename Number>
void AppendLittleEndian(std::string& to, Number value) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    to.push_back(static_cast<char>(value >> 8 * i & 0xff));
  }
}

void AppendTag(std::string& to, const FieldDescriptor& field, WireType type) {
  AppendVarint(to, static_cast<uint64_t>(field.number()) << 3 | type);
}

void AppendBytes(std::string& to, absl::string_view bytes) {
  AppendVarint(to, bytes.size());
  to.append(bytes.data(), bytes.size());
}

uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

// Sign extension is what makes a negative int32 take ten bytes, as the wire
// format wants it.
uint64_t Extended(int64_t value) { return static_cast<uint64_t>(value); }

WireType WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SINT64:
    case FieldDescriptor::TYPE_BOOL:
    case FieldDescriptor::TYPE_ENUM:
      return kVarint;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return kFixed64;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return kLengthDelimited;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_GROUP:
      break;
  }
  Check(false, "a float, double or group has no canonical encoding");
  return kVarint;
}

// The value of a field, or of its element `index` if that is not negative.
class Value {
 public:
  Value(const Message& message, const FieldDescriptor& field, int index = -1)
      : message_(message),
        field_(field),
        reflection_(*message.GetReflection()),
        index_(index) {}

  // A number, bool or enum, without its tag.
  void AppendNumber(std::string& to) const {
    switch (field_.type()) {
      case FieldDescriptor::TYPE_INT32:
        return AppendVarint(to, Extended(Int32()));
      case FieldDescriptor::TYPE_INT64:
        return AppendVarint(to, Extended(Int64()));
      case FieldDescriptor::TYPE_UINT32:
        return AppendVarint(to, Uint32());
      case FieldDescriptor::TYPE_UINT64:
        return AppendVarint(to, Uint64());
      case FieldDescriptor::TYPE_SINT32:
        // Of a value of 32 bits both widths give the same zigzag.
        return AppendVarint(to, ZigZag(Int32()));
      case FieldDescriptor::TYPE_SINT64:
        return AppendVarint(to, ZigZag(Int64()));
      case FieldDescriptor::TYPE_BOOL:
        return AppendVarint(to, Bool() ? 1 : 0);
      case FieldDescriptor::TYPE_ENUM:
        return AppendVarint(to, Extended(Enum()));
      case FieldDescriptor::TYPE_FIXED32:
        return AppendLittleEndian(to, Uint32());
      case FieldDescriptor::TYPE_SFIXED32:
        return AppendLittleEndian(to, static_cast<uint32_t>(Int32()));
      case FieldDescriptor::TYPE_FIXED64:
        return AppendLittleEndian(to, Uint64());
      case FieldDescriptor::TYPE_SFIXED64:
        return AppendLittleEndian(to, static_cast<uint64_t>(Int64()));
      default:
        Check(false, "not a number");
    }
  }

  // `scratch` is needed only of a message that is not generated.
  const std::string& Text(std::string* scratch) const {
    return index_ < 0
               ? reflection_.GetStringReference(message_, &field_, scratch)
               : reflection_.GetRepeatedStringReference(message_, &field_,
                                                        index_, scratch);
  }

  const Message& Nested() const {
    return index_ < 0
               ? reflection_.GetMessage(message_, &field_)
               : reflection_.GetRepeatedMessage(message_, &field_, index_);
  }

 private:
  int32_t Int32() const {
    return index_ < 0 ? reflection_.GetInt32(message_, &field_)
                      : reflection_.GetRepeatedInt32(message_, &field_, index_);
  }
  int64_t Int64() const {
    return index_ < 0 ? reflection_.GetInt64(message_, &field_)
                      : reflection_.GetRepeatedInt64(message_, &field_, index_);
  }
  uint32_t Uint32() const {
    return index_ < 0
               ? reflection_.GetUInt32(message_, &field_)
               : reflection_.GetRepeatedUInt32(message_, &field_, index_);
  }
  uint64_t Uint64() const {
    return index_ < 0
               ? reflection_.GetUInt64(message_, &field_)
               : reflection_.GetRepeatedUInt64(message_, &field_, index_);
  }
  bool Bool() const {
    return index_ < 0 ? reflection_.GetBool(message_, &field_)
                      : reflection_.GetRepeatedBool(message_, &field_, index_);
  }
  int Enum() const {
    return index_ < 0
               ? reflection_.GetEnumValue(message_, &field_)
               : reflection_.GetRepeatedEnumValue(message_, &field_, index_);
  }

  const Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
  const int index_;
};

void AppendMessage(std::string& to, const Message& message);

void AppendField(std::string& to, const FieldDescriptor& field,
                 const Value& value) {
  const WireType type = WireTypeOf(field);
  AppendTag(to, field, type);
  if (type != kLengthDelimited) {
    value.AppendNumber(to);
  } else if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
    std::string nested;
    AppendMessage(nested, value.Nested());
    AppendBytes(to, nested);
  } else {
    std::string scratch;
    AppendBytes(to, value.Text(&scratch));
  }
}

void AppendMessage(std::string& to, const Message& message) {
  Check(message.GetDescriptor()->full_name() != "google.protobuf.Any",
        "an Any has no canonical encoding");
  const Reflection& reflection = *message.GetReflection();
  // Exactly the fields of rules 1 and 2, in the order of their numbers.
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    Check(!field->is_map(), "a map has no canonical encoding");
    if (!field->is_repeated()) {
      AppendField(to, *field, Value(message, *field));
      continue;
    }
    const int size = reflection.FieldSize(message, field);
    if (field->is_packable()) {
      WireTypeOf(*field);  // refuses what has no canonical encoding
      std::string packed;
      for (int i = 0; i < size; ++i) {
        Value(message, *field, i).AppendNumber(packed);
      }
      AppendTag(to, *field, kLengthDelimited);
      AppendBytes(to, packed);
      continue;
    }
    for (int i = 0; i < size; ++i) {
      AppendField(to, *field, Value(message, *field, i));
    }
  }
}

Sha256Digest DigestOf(const std::string& full_name, absl::string_view bytes) {
  thread_local Sha256Hasher hasher;
  hasher.Update(full_name);
  hasher.Update(absl::string_view("\0", 1));
  hasher.Update(bytes);
  return hasher.Finish();
}

void UpdatePart(uint32_t field, absl::string_view digest,
                Sha256Hasher* hasher) {
  std::string number;
  AppendBigEndian32(number, field);
  hasher->Update(number);
  hasher->Update(digest);
}

}  // namespace

std::vector<StatementPart> PartsOf(const common::v1::Statement& statement) {
  std::vector<StatementPart> parts;
  parts.reserve(4 + static_cast<size_t>(statement.about_size()) +
                static_cast<size_t>(statement.involved_size()));
  const auto add = [&](uint32_t field, uint32_t index, const Message& message) {
    StatementPart& part = parts.emplace_back();
    part.field = field;
    part.index = index;
    message.SerializeToString(&part.bytes);
    part.digest = DigestOf(message.GetDescriptor()->full_name(), part.bytes);
  };
  using common::v1::Statement;
  if (statement.has_submission()) {
    add(Statement::kSubmissionFieldNumber, 0, statement.submission());
  }
  for (int i = 0; i < statement.about_size(); ++i) {
    add(Statement::kAboutFieldNumber, static_cast<uint32_t>(i),
        statement.about(i));
  }
  if (statement.has_account()) {
    add(Statement::kAccountFieldNumber, 0, statement.account());
  }
  for (int i = 0; i < statement.involved_size(); ++i) {
    add(Statement::kInvolvedFieldNumber, static_cast<uint32_t>(i),
        statement.involved(i));
  }
  if (statement.has_amends()) {
    add(Statement::kAmendsFieldNumber, 0, statement.amends());
  }
  if (statement.has_informant()) {
    add(Statement::kInformantFieldNumber, 0, statement.informant());
  }
  if (statement.has_place()) {
    add(Statement::kPlaceFieldNumber, 0, statement.place());
  }
  if (statement.act_case() != Statement::ACT_NOT_SET) {
    const FieldDescriptor* act =
        Statement::descriptor()->FindFieldByNumber(statement.act_case());
    add(static_cast<uint32_t>(act->number()), 0,
        statement.GetReflection()->GetMessage(statement, act));
  }
  return parts;
}

Sha256Digest RequestDigest(absl::Span<const StatementPart> parts) {
  Sha256Hasher hasher;
  for (const StatementPart& part : parts) {
    UpdatePart(part.field, AsBytes(part.digest), &hasher);
  }
  return hasher.Finish();
}

Sha256Digest RequestDigest(const common::v1::Statement& statement) {
  return RequestDigest(PartsOf(statement));
}

Sha256Digest RequestDigest(
    const google::protobuf::RepeatedPtrField<v1::PartDigest>& parts,
    v1::Kind::KindCase act) {
  Sha256Hasher hasher;
  for (const v1::PartDigest& part : parts) {
    UpdatePart(part.has_field() ? part.field() : static_cast<uint32_t>(act),
               part.sha256(), &hasher);
  }
  return hasher.Finish();
}

Sha256Digest MessageDigest(const Message& message) {
  return DigestOf(message.GetDescriptor()->full_name(),
                  CanonicalBytes(message));
}

std::string CanonicalBytes(const Message& message) {
  std::string encoding;
  AppendMessage(encoding, message);
  return encoding;
}

}  // namespace vigil::event
