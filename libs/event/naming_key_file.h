// The file that holds a writer's naming key.
//
// Text, mode 0600, made once and never changed:
//
//   vigil naming key 1
//   id 5f0c2a91
//   key <64 hexadecimal digits>
//   check <43 characters>
//
// The check value is derived from id and key: a file that was damaged, or mixed
// from two, does not open. A changed key would split every child for ever, so
// whoever cannot read the key must not start.
#ifndef VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_
#define VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "libs/event/reference.h"

namespace vigil::event {

// Reads the key. NOT_FOUND if there is no such file; DATA_LOSS if it is
// damaged; PERMISSION_DENIED if others than its owner may touch it.
absl::StatusOr<NamingKey> ReadNamingKey(const std::string& path);

// Reads the key, or makes one if there is no such file: durable on return.
absl::StatusOr<NamingKey> ReadOrMakeNamingKey(const std::string& path);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_
