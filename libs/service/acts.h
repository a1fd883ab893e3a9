// The acts that every agency performs in the same words, translated once.
#ifndef VIGIL_LIBS_SERVICE_ACTS_H_
#define VIGIL_LIBS_SERVICE_ACTS_H_

#include "google/protobuf/message.h"
#include "libs/service/statement.h"

namespace vigil::service {

// The Statement of any request of vigil.common.v1. Every vocabulary ends with
// this call; a request of another package is our own mistake and aborts.
Statement TranslateAct(const google::protobuf::Message& request);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_ACTS_H_
