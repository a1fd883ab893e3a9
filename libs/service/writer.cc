#include "libs/service/writer.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/check.h"

namespace vigil::service {
namespace {

using common::v1::Statement;

const google::protobuf::OneofDescriptor& Acts() {
  return *Statement::descriptor()->FindOneofByName("act");
}

}  // namespace

std::string EventsTopic(absl::string_view writer) {
  return absl::StrCat("vigil.", writer, ".events.v1");
}

absl::string_view ActName(Statement::ActCase act) {
  const auto* field =
      Statement::descriptor()->FindFieldByNumber(static_cast<int>(act));
  return field == nullptr || field->real_containing_oneof() == nullptr
             ? absl::string_view()
             : field->name();
}

Writer WriterOf(const google::protobuf::ServiceDescriptor& service) {
  const std::vector<std::string> package =
      absl::StrSplit(service.file()->package(), '.');
  Check(package.size() == 3 && package[0] == "vigil",
        "a writer's package is vigil.<name>.v1");
  Writer writer = {.name = package[1], .service = &service};
  for (const std::string& name :
       service.options().GetExtension(common::v1::acts).take()) {
    const auto* field = Statement::descriptor()->FindFieldByName(name);
    Check(field != nullptr && field->real_containing_oneof() == &Acts(),
          "a service takes acts of a statement");
    writer.acts.insert(field->number());
  }
  return writer;
}

}  // namespace vigil::service
