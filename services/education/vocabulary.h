// The only file where education is understood: what a request of
// EducationService says, as facts of the published language. Pure functions, no
// state.
#ifndef VIGIL_SERVICES_EDUCATION_VOCABULARY_H_
#define VIGIL_SERVICES_EDUCATION_VOCABULARY_H_

#include "google/protobuf/message.h"
#include "libs/service/command_pipeline.h"
#include "libs/service/statement.h"

namespace vigil::education {

// The Statement of any request of an rpc of EducationService. Another request
// is our own mistake and aborts.
service::Statement Translate(const google::protobuf::Message& request);

// This agency's service, as the pipeline takes it.
service::Writer Education();

}  // namespace vigil::education

#endif  // VIGIL_SERVICES_EDUCATION_VOCABULARY_H_
