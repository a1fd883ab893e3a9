#include "libs/event/two_acts.h"

#include "libs/event/codes.h"
#include "libs/event/wire_fields.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using common::v1::Statement;
using common::v1::SubmitBatchRequest;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsAct(int number) {
  const FieldDescriptor* field =
      Statement::descriptor()->FindFieldByNumber(number);
  return field != nullptr && field->real_containing_oneof() != nullptr;
}

void FindInStatement(absl::string_view bytes, const FieldPath& path,
                     Violations* violations) {
  int acts = 0;
  WireFields fields(bytes);
  while (fields.Next()) {
    if (IsAct(fields.number()) && ++acts == 2) {
      violations->Add(FieldPath(&path, "act").Text(), code::kTwoActs);
    }
  }
}

}  // namespace

void FindTwoActs(absl::string_view bytes, const Descriptor& type,
                 Violations* violations) {
  const FieldPath path;
  if (&type == Statement::descriptor()) {
    FindInStatement(bytes, path, violations);
    return;
  }
  if (&type != SubmitBatchRequest::descriptor()) return;
  WireFields fields(bytes);
  int index = 0;
  while (fields.Next()) {
    if (fields.number() == SubmitBatchRequest::kStatementsFieldNumber) {
      FindInStatement(fields.view(), FieldPath(&path, "statements", index++),
                      violations);
    }
  }
}

}  // namespace vigil::event
