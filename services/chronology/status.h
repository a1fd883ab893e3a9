// What operators ask of an index as a whole. Names no child.
#ifndef VIGIL_SERVICES_CHRONOLOGY_STATUS_H_
#define VIGIL_SERVICES_CHRONOLOGY_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "libs/projection/snapshot.h"

namespace vigil::chronology {

// Key ids that subjects were named with and that no writer has announced, in
// order: a key that changed in silence splits every child (contract 5).
absl::StatusOr<std::vector<std::string>> UnregisteredKeyIds(
    const projection::Snapshot& snapshot);

// Request ids under which different content came. Reads a row for every event
// of the index: minutes for a country, so it is counted now and then. CANCELLED
// once `go_on`, which is asked now and then, says no.
absl::StatusOr<uint64_t> CountConflicts(const projection::Snapshot& snapshot,
                                        absl::FunctionRef<bool()> go_on);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_STATUS_H_
