#include "libs/event/field_rules.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace vigil::event {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// The .proto files with their comments, which the generated code has not.
class ProtoFiles {
 public:
  ProtoFiles() {
    std::ifstream file(VIGIL_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromIstream(&file)) << VIGIL_DESCRIPTORS;
    for (const auto& proto : set.file()) {
      const FileDescriptor* built = pool_.BuildFile(proto);
      EXPECT_NE(built, nullptr) << proto.name();
      if (built != nullptr) {
        files_.push_back(built);
      }
    }
  }

  // Every field that a request of any service can hold, at any depth.
  std::vector<const FieldDescriptor*> RequestFields() const {
    std::vector<const FieldDescriptor*> fields;
    std::set<const Descriptor*> seen;
    const std::function<void(const Descriptor*)> walk =
        [&](const Descriptor* type) {
          if (!seen.insert(type).second) {
            return;
          }
          for (int i = 0; i < type->field_count(); ++i) {
            fields.push_back(type->field(i));
            if (type->field(i)->message_type() != nullptr) {
              walk(type->field(i)->message_type());
            }
          }
        };
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->service_count(); ++i) {
        for (int j = 0; j < file->service(i)->method_count(); ++j) {
          walk(file->service(i)->method(j)->input_type());
        }
      }
    }
    return fields;
  }

 private:
  google::protobuf::DescriptorPool pool_;
  std::vector<const FileDescriptor*> files_;
};

std::string CommentOf(const FieldDescriptor& field) {
  google::protobuf::SourceLocation location;
  if (!field.GetSourceLocation(&location)) {
    return "";
  }
  std::string comment = absl::AsciiStrToLower(absl::StrReplaceAll(
      absl::StrCat(location.leading_comments, location.trailing_comments),
      {{",", ""}}));
  absl::RemoveExtraAsciiWhitespace(&comment);
  return comment;
}

bool IsDigit(char c) { return absl::ascii_isdigit(c); }

// The number that follows the phrase, or `otherwise`.
size_t NumberAfter(const std::string& comment, absl::string_view phrase,
                   size_t otherwise) {
  const size_t at = comment.find(std::string(phrase));
  if (at == std::string::npos) {
    return otherwise;
  }
  const auto begin = comment.begin() + at + phrase.size();
  const auto end = std::find_if_not(begin, comment.end(), IsDigit);
  size_t number = otherwise;
  EXPECT_TRUE(absl::SimpleAtoi(std::string(begin, end), &number)) << comment;
  return number;
}

// "2 to 50", or `otherwise`.
struct Range {
  size_t least;
  size_t most;
};
Range RangeIn(const std::string& comment, Range otherwise) {
  constexpr absl::string_view kTo = " to ";
  size_t at = comment.find(std::string(kTo));
  while (at != std::string::npos) {
    const auto after = comment.begin() + at + kTo.size();
    const auto before =
        std::find_if_not(std::make_reverse_iterator(comment.begin() + at),
                         comment.rend(), IsDigit);
    Range range;
    if (absl::SimpleAtoi(std::string(before.base(), comment.begin() + at),
                         &range.least) &&
        absl::SimpleAtoi(
            std::string(after, std::find_if_not(after, comment.end(), IsDigit)),
            &range.most)) {
      return range;
    }
    at = comment.find(std::string(kTo), at + 1);
  }
  return otherwise;
}

TEST(FieldRules, NameFieldsThatRequestsHave) {
  ProtoFiles protos;
  std::set<std::string> names;
  for (const FieldDescriptor* field : protos.RequestFields()) {
    names.insert(field->full_name());
    names.insert(absl::StrCat(".", field->name()));
  }
  std::set<absl::string_view> seen;
  for (const FieldRule& rule : FieldRules()) {
    EXPECT_TRUE(names.contains(std::string(rule.field))) << rule.field;
    EXPECT_TRUE(seen.insert(rule.field).second) << rule.field << " twice";
  }
}

TEST(FieldRules, AreWhatTheCommentsTellClients) {
  ProtoFiles protos;
  for (const FieldDescriptor* field : protos.RequestFields()) {
    if (!absl::StartsWith(field->full_name(), "vigil.")) {
      continue;
    }
    const FieldRule& rule = RuleOf(*field);
    const bool of_every_request = absl::StartsWith(rule.field, ".");
    const std::string comment = CommentOf(*field);
    const bool required = rule.need == Need::kRequired;
    if (!of_every_request) {
      EXPECT_EQ(absl::StrContains(comment, "required"), required)
          << field->full_name() << ": " << comment;
    }
    const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
    if (field->is_repeated() && !of_every_request) {
      const Range range = RangeIn(comment, {0, kMaxListItems});
      EXPECT_EQ(range.least, rule.min_items)
          << field->full_name() << ": " << comment;
      EXPECT_EQ(
          NumberAfter(absl::StrReplaceAll(comment, {{"each at most", ""}}),
                      "at most ", range.most),
          rule.max_items)
          << field->full_name() << ": " << comment;
      if (is_text && rule.form == Form::kText) {
        EXPECT_EQ(NumberAfter(comment, "each at most ", kMaxTextCharacters),
                  rule.max_characters)
            << field->full_name() << ": " << comment;
      }
    } else if (is_text && rule.form == Form::kText) {
      EXPECT_EQ(NumberAfter(comment, "at most ", kMaxTextCharacters),
                rule.max_characters)
          << field->full_name() << ": " << comment;
    }
  }
}

TEST(FieldRules, GiveReferencesTheirForm) {
  ProtoFiles protos;
  const std::map<std::string, Form> forms = {
      {"event_id", Form::kEventId},     {"event_ids", Form::kEventId},
      {"view_id", Form::kEventId},      {"subjects", Form::kSubject},
      {"from_subject", Form::kSubject}, {"to_subject", Form::kSubject},
      {"group_a", Form::kSubject},      {"group_b", Form::kSubject},
      {"sha256", Form::kSha256},        {"death_date", Form::kDate}};
  for (const FieldDescriptor* field : protos.RequestFields()) {
    const auto form = forms.find(field->name());
    if (form != forms.end()) {
      EXPECT_EQ(RuleOf(*field).form, form->second) << field->full_name();
    }
    if (field->name() == "subject") {
      EXPECT_TRUE(RuleOf(*field).form == Form::kSubject ||
                  RuleOf(*field).form == Form::kPersonSubject)
          << field->full_name();
    }
  }
}

}  // namespace
}  // namespace vigil::event
