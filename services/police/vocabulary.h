// The only file where policing is understood: what a request of PoliceService
// says, as facts of the published language. Pure functions, no state.
#ifndef VIGIL_SERVICES_POLICE_VOCABULARY_H_
#define VIGIL_SERVICES_POLICE_VOCABULARY_H_

#include "google/protobuf/message.h"
#include "libs/service/command_pipeline.h"
#include "libs/service/statement.h"

namespace vigil::police {

// The Statement of any request of an rpc of PoliceService. Another request is
// our own mistake and aborts.
service::Statement Translate(const google::protobuf::Message& request);

// This agency's service, as the pipeline takes it.
service::Writer Police();

}  // namespace vigil::police

#endif  // VIGIL_SERVICES_POLICE_VOCABULARY_H_
