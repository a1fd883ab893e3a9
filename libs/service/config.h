// An operator's files, in protobuf text format, read and checked whole.
//
//   absl::StatusOr<Configuration> configuration =
//       LoadConfiguration("/etc/vigil/police.textproto");
//   // INVALID_ARGUMENT:
//   // /etc/vigil/police.textproto:7: listener.private_key_file: is required
//   // /etc/vigil/register.textproto:12: systems[1].issuer: is required
//
// Every fault of every file is told at once, by file, line and field. A field
// that this program does not know is refused, for it is a misspelling or a wish
// that would not be granted. A relative path is relative to the file that names
// it.
//
// Threads: safe.
#ifndef VIGIL_LIBS_SERVICE_CONFIG_H_
#define VIGIL_LIBS_SERVICE_CONFIG_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "libs/eventlog/topics.h"
#include "libs/service/caller.h"
#include "vigil/config/v1/config.pb.h"

namespace vigil::service {

// Requests that one writer has on their way to the log, of all systems, unless
// configured: at 1 KB each, ten megabytes; a second's worth at the highest rate
// expected.
inline constexpr uint32_t kRequestsInFlight = 10'000;

struct Configuration {
  // Paths are absolute, and limits that were left out hold their defaults.
  config::v1::Process process;
  config::v1::Topics topics;
  Register systems;
};

// The process's file and the two that it names. INVALID_ARGUMENT with all
// faults, one a line; a file that cannot be read is one.
absl::StatusOr<Configuration> LoadConfiguration(const std::string& path);

// Each file alone, for tools.
absl::StatusOr<config::v1::Process> LoadProcess(const std::string& path);
absl::StatusOr<config::v1::Topics> LoadTopics(const std::string& path);
absl::StatusOr<Register> LoadRegister(const std::string& path,
                                      const std::set<std::string>& services);

// What the log adapters take.
eventlog::Topics DeclaredTopics(const config::v1::Topics& topics);

// The writers that the declaration knows: "police" for
// "vigil.police.events.v1".
std::set<std::string> DeclaredVocabularies(const config::v1::Topics& topics);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_CONFIG_H_
