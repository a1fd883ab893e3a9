#include "services/chronology/status.h"

#include <optional>
#include <set>

#include "absl/strings/string_view.h"
#include "services/chronology/projection.h"

namespace vigil::chronology {
namespace {

// Some milliseconds of reading.
constexpr uint64_t kRowsBetweenLooks = 4096;

}  // namespace

absl::StatusOr<std::vector<std::string>> UnregisteredKeyIds(
    const projection::Snapshot& snapshot) {
  std::set<std::string> announced;
  absl::Status read = snapshot.Scan(
      kNamingKeys, "", [&](absl::string_view key, absl::string_view) {
        announced.emplace(key.substr(0, key.find('\0')));
        return true;
      });
  if (!read.ok()) return read;
  std::vector<std::string> unregistered;
  read = snapshot.Scan(kKeyIdsSeen, "",
                       [&](absl::string_view key, absl::string_view) {
                         if (!announced.contains(std::string(key))) {
                           unregistered.emplace_back(key);
                         }
                         return true;
                       });
  if (!read.ok()) return read;
  return unregistered;
}

absl::StatusOr<uint64_t> CountConflicts(const projection::Snapshot& snapshot,
                                        absl::FunctionRef<bool()> go_on) {
  uint64_t conflicts = 0;
  uint64_t rows = 0;
  bool stopped = false;
  std::string group;
  std::string digest;
  bool counted = false;
  const absl::Status read = snapshot.Scan(
      kRequests, "", [&](absl::string_view key, absl::string_view value) {
        stopped = ++rows % kRowsBetweenLooks == 0 && !go_on();
        if (stopped) return false;
        const std::optional<Row> row = ReadRow(kRequests, key, value);
        if (!row) return true;
        absl::string_view payload = row->payload;
        const absl::string_view said = TakePart(payload).value_or("");
        if (key.substr(0, kGroupBytes) != group) {
          group = std::string(key.substr(0, kGroupBytes));
          digest = std::string(said);
          counted = false;
        } else if (said != digest && !counted) {
          ++conflicts;
          counted = true;
        }
        return true;
      });
  if (stopped) return absl::CancelledError("counting was given up");
  if (!read.ok()) return read;
  return conflicts;
}

}  // namespace vigil::chronology
