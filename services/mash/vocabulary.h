// The only file where the hub is understood: what a request of MashService
// says, as facts of the published language. Pure functions, no state.
#ifndef VIGIL_SERVICES_MASH_VOCABULARY_H_
#define VIGIL_SERVICES_MASH_VOCABULARY_H_

#include "google/protobuf/message.h"
#include "libs/service/command_pipeline.h"
#include "libs/service/statement.h"

namespace vigil::mash {

// The Statement of any request of an rpc of MashService. Another request is
// our own mistake and aborts.
service::Statement Translate(const google::protobuf::Message& request);

// This agency's service, as the pipeline takes it.
service::Writer Mash();

}  // namespace vigil::mash

#endif  // VIGIL_SERVICES_MASH_VOCABULARY_H_
