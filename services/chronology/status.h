// What operators ask of an index as a whole. Names no child.
#ifndef VIGIL_SERVICES_CHRONOLOGY_STATUS_H_
#define VIGIL_SERVICES_CHRONOLOGY_STATUS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "libs/projection/snapshot.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::chronology {

// References looked at for one answer: each costs some look-ups, and a key that
// changed in silence makes millions.
inline constexpr size_t kMaxReferencesLookedAt = 1'000;
// Of these, told.
inline constexpr size_t kMaxReferencesTold = 100;

// Key ids that subjects were named with and that no writer has announced, in
// order.
absl::StatusOr<std::vector<std::string>> UnregisteredKeyIds(
    const projection::Snapshot& snapshot);

// References that were made with such a key, and that nobody has settled: no
// link or renaming names them, and something stands under them that was neither
// moved nor withdrawn, or nothing does. A mistyped reference is one, and so
// would all of a changed key be.
struct Unregistered {
  std::vector<v1::UnregisteredReference> first;
  size_t count = 0;  // at most kMaxReferencesLookedAt
};
absl::StatusOr<Unregistered> UnregisteredReferences(
    std::shared_ptr<const projection::Snapshot> snapshot);

// What is wrong with the naming keys that writers announced: a second one that
// no NamingKeyReplaced names splits every child. In words; empty: nothing.
absl::StatusOr<std::string> NamingKeyAlarm(
    const projection::Snapshot& snapshot);

// Request ids under which different content came. Reads a row for every event
// of the index: minutes for a country, so it is counted now and then. CANCELLED
// once `go_on`, which is asked now and then, says no.
absl::StatusOr<uint64_t> CountConflicts(const projection::Snapshot& snapshot,
                                        absl::FunctionRef<bool()> go_on);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_STATUS_H_
