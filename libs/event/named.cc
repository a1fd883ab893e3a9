#include "libs/event/named.h"

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "libs/event/codes.h"
#include "vigil/event/v1/rules.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The fields of a type that are, or hold, what names somebody.
struct Ways {
  struct Way {
    const FieldDescriptor* field;
    const Ways* within;  // of a message
    v1::Manner manner;
    bool addressee = false;
  };
  bool names = false;  // the type itself does, or a field of it
  std::vector<Way> ways;
};

class Types {
 public:
  const Ways& Of(const Descriptor& type) {
    const absl::MutexLock lock(&mutex_);
    return Make(type);
  }

 private:
  const Ways& Make(const Descriptor& type)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::unique_ptr<Ways>& made = ways_[&type];
    if (made != nullptr) return *made;  // no type of ours holds itself
    made = std::make_unique<Ways>();
    Ways& ways = *made;
    if (&type == v1::SubjectRef::descriptor() ||
        &type == v1::EntryRef::descriptor()) {
      ways.names = true;
      return ways;
    }
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.message_type() != nullptr) {
        const Ways& within = Make(*field.message_type());
        const bool addressee = field.options().GetExtension(v1::addressee);
        if (within.names || addressee) {
          ways.ways.push_back({&field, &within,
                               field.options().GetExtension(v1::manner),
                               addressee});
        }
      } else if (field.options().GetExtension(v1::violation) ==
                 code::kSubjectFormat) {
        ways.ways.push_back({&field, nullptr, v1::MANNER_UNSPECIFIED});
      }
    }
    ways.names = !ways.ways.empty();
    return ways;
  }

  absl::Mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<Ways>> ways_
      ABSL_GUARDED_BY(mutex_);
};

// What the field that holds the message says of it.
struct Held {
  bool household = false;
  bool addressee = false;
  v1::Manner manner = v1::MANNER_UNSPECIFIED;
};

void Visit(const Message& message, const Ways& ways, Held held,
           const NamedVisitor& visitor, const FieldPath& path) {
  if (message.GetDescriptor() == v1::SubjectRef::descriptor()) {
    visitor.subject(static_cast<const v1::SubjectRef&>(message), held.household,
                    path);
    return;
  }
  if (message.GetDescriptor() == v1::EntryRef::descriptor()) {
    visitor.entry(static_cast<const v1::EntryRef&>(message), held.manner, path);
    return;
  }
  if (held.addressee) {
    const v1::Organisation& organisation =
        message.GetDescriptor() == v1::Function::descriptor()
            ? static_cast<const v1::Function&>(message).organisation()
            : static_cast<const v1::Organisation&>(message);
    visitor.addressee(organisation, path);
    return;
  }
  const Reflection& reflection = *message.GetReflection();
  const bool of_household =
      message.GetDescriptor() == v1::Household::descriptor();
  for (const Ways::Way& way : ways.ways) {
    const FieldDescriptor& field = *way.field;
    const bool household = of_household || field.name() == "household";
    if (field.is_repeated()) {
      const int size = reflection.FieldSize(message, &field);
      for (int i = 0; i < size; ++i) {
        const FieldPath at(&path, field.name(), i);
        if (way.within == nullptr) {
          std::string scratch;
          visitor.reference(reflection.GetRepeatedStringReference(
                                message, &field, i, &scratch),
                            at);
        } else {
          Visit(reflection.GetRepeatedMessage(message, &field, i), *way.within,
                Held{household, way.addressee, way.manner}, visitor, at);
        }
      }
      continue;
    }
    const FieldPath at(&path, field.name());
    if (way.within == nullptr) {
      std::string scratch;
      const std::string& text =
          reflection.GetStringReference(message, &field, &scratch);
      if (!text.empty()) visitor.reference(text, at);
    } else if (reflection.HasField(message, &field)) {
      Visit(reflection.GetMessage(message, &field), *way.within,
            Held{household, way.addressee, way.manner}, visitor, at);
    }
  }
}

}  // namespace

void VisitNamed(const Message& message, const NamedVisitor& visitor,
                const FieldPath& path) {
  static Types& types = *new Types;  // never destroyed
  Visit(message, types.Of(*message.GetDescriptor()), Held(), visitor, path);
}

}  // namespace vigil::event
