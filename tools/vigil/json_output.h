// A message as one line of ProtoJSON on the standard output, for --json.
#ifndef VIGIL_TOOLS_VIGIL_JSON_OUTPUT_H_
#define VIGIL_TOOLS_VIGIL_JSON_OUTPUT_H_

#include <iostream>
#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "tools/vigil/exit_code.h"

namespace vigil::cli {

inline ExitCode PrintJson(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) {
    return Fail(absl::InternalError("an answer is not to be had as JSON"));
  }
  std::cout << json << "\n";
  return kOk;
}

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_JSON_OUTPUT_H_
