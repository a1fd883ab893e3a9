// The only file where health care is understood: what a request of
// HealthService says, as facts of the published language. Pure functions, no
// state.
#ifndef VIGIL_SERVICES_HEALTH_VOCABULARY_H_
#define VIGIL_SERVICES_HEALTH_VOCABULARY_H_

#include "google/protobuf/message.h"
#include "libs/service/command_pipeline.h"
#include "libs/service/statement.h"

namespace vigil::health {

// The Statement of any request of an rpc of HealthService. Another request is
// our own mistake and aborts.
service::Statement Translate(const google::protobuf::Message& request);

// This agency's service, as the pipeline takes it.
service::Writer Health();

}  // namespace vigil::health

#endif  // VIGIL_SERVICES_HEALTH_VOCABULARY_H_
