// All writers: the one list that the node, the commands, the tests, the topics
// and the certificates are made from (VIGIL_WRITERS in
// services/CMakeLists.txt).
//
// Threads: safe. Failure: none.
#ifndef VIGIL_SERVICES_WRITERS_H_
#define VIGIL_SERVICES_WRITERS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "libs/service/writer.h"

namespace vigil {

// In the list's order.
const std::vector<service::Writer>& Writers();

// Nullptr if none has that name.
const service::Writer* FindWriter(absl::string_view name);

}  // namespace vigil

#endif  // VIGIL_SERVICES_WRITERS_H_
