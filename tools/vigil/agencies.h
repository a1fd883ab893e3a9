// The five services that an agency can publish through.
//
//   const Agency* police = FindAgency("police");
//   police->method;        // "/vigil.police.v1.PoliceService/SubmitBatch"
//   police->item->New();   // a vigil.police.v1.Item
//
// Threads: safe.
#ifndef VIGIL_TOOLS_VIGIL_AGENCIES_H_
#define VIGIL_TOOLS_VIGIL_AGENCIES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace vigil::cli {

struct Agency {
  std::string name;     // "social_care", as on the command line and in topics
  std::string service;  // "vigil.social_care.v1.SocialCareService"
  std::string method;   // of SubmitBatch, as gRPC names it
  const google::protobuf::Message* item;   // its default instance
  const google::protobuf::Message* batch;  // of SubmitBatchRequest
};

const std::vector<Agency>& Agencies();

// nullptr if there is none.
const Agency* FindAgency(absl::string_view name);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_AGENCIES_H_
