// The only file where social care is understood: what a request of
// SocialCareService says, as facts of the published language. Pure functions,
// no state.
#ifndef VIGIL_SERVICES_SOCIAL_CARE_VOCABULARY_H_
#define VIGIL_SERVICES_SOCIAL_CARE_VOCABULARY_H_

#include "google/protobuf/message.h"
#include "libs/service/command_pipeline.h"
#include "libs/service/statement.h"

namespace vigil::social_care {

// The Statement of any request of an rpc of SocialCareService. Another request
// is our own mistake and aborts.
service::Statement Translate(const google::protobuf::Message& request);

// This agency's service, as the pipeline takes it.
service::Writer SocialCare();

}  // namespace vigil::social_care

#endif  // VIGIL_SERVICES_SOCIAL_CARE_VOCABULARY_H_
