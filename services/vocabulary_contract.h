// What every agency's vocabulary must keep: every rpc is translated, and
// nothing that a request can say is lost in translation.
#ifndef VIGIL_SERVICES_VOCABULARY_CONTRACT_H_
#define VIGIL_SERVICES_VOCABULARY_CONTRACT_H_

#include "libs/service/command_pipeline.h"

namespace vigil {

// Fails the test for each rpc that breaks one of these.
void ExpectKeepsVocabularyContract(const service::Writer& writer);

}  // namespace vigil

#endif  // VIGIL_SERVICES_VOCABULARY_CONTRACT_H_
