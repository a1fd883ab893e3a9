#include "libs/event/schema.h"

#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "libs/event/codes.h"
#include "libs/event/schema_test.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const FieldSchema& Of(const MessageSchema& schema, const char* field) {
  const auto index =
      static_cast<size_t>(schema.descriptor->FindFieldByName(field)->index());
  return schema.fields[index];
}

TEST(Schema, WithoutRulesAllowsAll) {
  const MessageSchema& schema = SchemaOf(*schematest::Unruled::descriptor());
  const FieldSchema& text = Of(schema, "text");
  EXPECT_FALSE(text.required);
  EXPECT_EQ(text.items.min, 0u);
  EXPECT_EQ(text.items.max, SIZE_MAX);
  EXPECT_EQ(text.length.max, SIZE_MAX);
  EXPECT_EQ(text.pattern, nullptr);
  EXPECT_EQ(Of(schema, "number").number.min, INT64_MIN);
  EXPECT_EQ(Of(schema, "number").number.max, UINT64_MAX);
}

TEST(Schema, HoldsTheRulesOfTexts) {
  const MessageSchema& schema = SchemaOf(*schematest::Held::descriptor());
  const FieldSchema& line = Of(schema, "line");
  EXPECT_TRUE(line.required);
  EXPECT_FALSE(line.may_be_empty);
  EXPECT_EQ(line.length.min, 2u);
  EXPECT_EQ(line.length.max, 10u);
  const FieldSchema& date = Of(schema, "date");
  EXPECT_TRUE(date.may_be_empty);
  ASSERT_NE(date.pattern, nullptr);
  EXPECT_EQ(date.pattern->code, code::kDateFormat);
  const FieldSchema& lines = Of(schema, "lines");
  EXPECT_EQ(lines.items.min, 2u);
  EXPECT_EQ(lines.items.max, 6u);
  EXPECT_TRUE(lines.unique);
  EXPECT_EQ(lines.length.min, 1u);
  EXPECT_EQ(lines.length.max, 200u);
}

TEST(Schema, HoldsTheRulesOfNumbersAndBytes) {
  const MessageSchema& schema = SchemaOf(*schematest::Held::descriptor());
  EXPECT_EQ(Of(schema, "years").number.min, INT64_MIN);
  EXPECT_EQ(Of(schema, "years").number.max, 150u);
  EXPECT_EQ(Of(schema, "offset").number.min, -1);
  EXPECT_EQ(Of(schema, "offset").number.max, 9u);
  EXPECT_EQ(Of(schema, "count").number.min, 1);
  EXPECT_EQ(Of(schema, "count").number.max, UINT64_MAX - 1);
  EXPECT_EQ(Of(schema, "ids").length.min, 16u);
  EXPECT_EQ(Of(schema, "ids").length.max, 16u);
  EXPECT_EQ(Of(schema, "id").length.min, 2u);
  EXPECT_EQ(Of(schema, "id").length.max, 4u);
}

TEST(Schema, HoldsOurOwnRules) {
  const MessageSchema& schema = SchemaOf(*schematest::Held::descriptor());
  EXPECT_TRUE(Of(schema, "occurred").past);
  EXPECT_EQ(Of(schema, "occurred").message, &SchemaOf(*v1::When::descriptor()));
}

TEST(Schema, VisitsAChoiceOnceInThePlaceOfItsFirstMember) {
  const MessageSchema& schema = SchemaOf(*schematest::Choices::descriptor());
  ASSERT_EQ(schema.steps.size(), 4u);
  EXPECT_EQ(schema.steps[0].field, &Of(schema, "before"));
  EXPECT_EQ(schema.steps[1].choice, &schema.choices[0]);
  EXPECT_EQ(schema.steps[2].field, &Of(schema, "after"));
  EXPECT_EQ(schema.steps[3].choice, &schema.choices[1]);
  EXPECT_TRUE(schema.choices[0].required);
  EXPECT_FALSE(schema.choices[1].required);
  EXPECT_EQ(Of(schema, "within").message, &schema);
}

TEST(Schema, IsCompiledOnce) {
  EXPECT_EQ(&SchemaOf(*v1::When::descriptor()),
            &SchemaOf(*v1::When::descriptor()));
}

template <typename Type>
void ExpectRefused(const char* why) {
  EXPECT_DEATH(SchemaOf(*Type::descriptor()), why);
}

TEST(SchemaDeathTest, WhatIsNotHeldIsRefused) {
  ExpectRefused<schematest::Email>("Email.text: .*email is not held");
  ExpectRefused<schematest::Prefix>("prefix is not held");
  ExpectRefused<schematest::Expression>("cel_expression is not held");
  ExpectRefused<schematest::ExpressionOfMessage>("of a whole message");
  ExpectRefused<schematest::IgnoreAlways>("IGNORE_ALWAYS is not held");
  ExpectRefused<schematest::GreaterThan>("gt is not held");
  ExpectRefused<schematest::NegativeMost>("lte is negative");
  ExpectRefused<schematest::OtherNumber>("sint32 is not held");
  ExpectRefused<schematest::OtherType>("of another type");
  ExpectRefused<schematest::RuleOfAList>("stand in repeated.items");
  ExpectRefused<schematest::UniqueEnums>("only texts are compared");
  ExpectRefused<schematest::RequiredMember>("member of a choice");
  ExpectRefused<schematest::UnknownPattern>("no pattern");
  ExpectRefused<schematest::PatternWithoutCode>("no pattern");
  ExpectRefused<schematest::CodeWithoutPattern>("belongs to a pattern");
  ExpectRefused<schematest::PastText>("only a When");
  ExpectRefused<schematest::CodesOfText>("only a Concept");
  ExpectRefused<schematest::NoSuchConcept>("no concept weather");
}

// All that is published, as protoc reads it.
class Published {
 public:
  Published() {
    std::ifstream file(VIGIL_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromIstream(&file)) << VIGIL_DESCRIPTORS;
    for (const auto& proto : set.file()) {
      files_.push_back(pool_.BuildFile(proto));
      EXPECT_NE(files_.back(), nullptr) << proto.name();
    }
  }

  const std::vector<const FileDescriptor*>& files() const { return files_; }

  // What rpcs take, at any depth.
  std::set<const Descriptor*> Requests() const {
    std::set<const Descriptor*> types;
    const std::function<void(const Descriptor*)> add =
        [&](const Descriptor* type) {
          if (!types.insert(type).second) return;
          for (int i = 0; i < type->field_count(); ++i) {
            if (type->field(i)->message_type() != nullptr) {
              add(type->field(i)->message_type());
            }
          }
        };
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->service_count(); ++i) {
        for (int j = 0; j < file->service(i)->method_count(); ++j) {
          add(file->service(i)->method(j)->input_type());
        }
      }
    }
    return types;
  }

 private:
  google::protobuf::DescriptorPool pool_;
  std::vector<const FileDescriptor*> files_;
};

// Never destroyed, as schemas are kept for ever.
const Published& ThePublished() {
  static const auto& published = *new Published;
  return published;
}

TEST(PublishedSchema, EveryRuleIsHeld) {
  for (const FileDescriptor* file : ThePublished().files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      if (absl::StartsWith(file->package(), "vigil.")) {
        SchemaOf(*file->message_type(i));
      }
    }
  }
}

TEST(PublishedSchema, EverythingInARequestHasALimit) {
  const std::set<const Descriptor*> requests = ThePublished().Requests();
  EXPECT_FALSE(requests.empty());
  for (const Descriptor* type : requests) {
    if (!absl::StartsWith(type->full_name(), "vigil.")) continue;
    for (const FieldSchema& field : SchemaOf(*type).fields) {
      const std::string& name = field.descriptor->full_name();
      if (field.repeated) {
        EXPECT_NE(field.items.max, SIZE_MAX) << name;
      }
      if (field.kind == FieldSchema::Kind::kText ||
          field.kind == FieldSchema::Kind::kBytes) {
        EXPECT_NE(field.length.max, SIZE_MAX) << name;
      }
    }
  }
}

// Else any code would be taken.
TEST(PublishedSchema, EveryConceptOfARequestNamesItsTable) {
  for (const Descriptor* type : ThePublished().Requests()) {
    for (const FieldSchema& field : SchemaOf(*type).fields) {
      if (field.message != nullptr &&
          field.message->descriptor->full_name() == "vigil.event.v1.Concept") {
        EXPECT_FALSE(field.codes.empty()) << field.descriptor->full_name();
      }
    }
  }
}

// What is refused here is refused by a client's library too.
TEST(PublishedSchema, EveryEnumIsDefinedOnly) {
  for (const Descriptor* type : ThePublished().Requests()) {
    if (!absl::StartsWith(type->full_name(), "vigil.")) continue;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      if (field.type() != FieldDescriptor::TYPE_ENUM) continue;
      const auto& rules = field.options().GetExtension(buf::validate::field);
      EXPECT_TRUE((field.is_repeated() ? rules.repeated().items() : rules)
                      .enum_()
                      .defined_only())
          << field.full_name();
    }
  }
}

TEST(PublishedSchema, EveryChoiceOfARequestIsRequired) {
  for (const Descriptor* type : ThePublished().Requests()) {
    if (!absl::StartsWith(type->full_name(), "vigil.")) continue;
    for (const ChoiceSchema& choice : SchemaOf(*type).choices) {
      EXPECT_TRUE(choice.required) << choice.descriptor->full_name();
    }
  }
}

}  // namespace
}  // namespace vigil::event
