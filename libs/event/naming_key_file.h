// The file that holds a writer's naming keys: the one it names with, and those
// that it named with before a leak.
//
// Text, mode 0600:
//
//   vigil naming key 1
//   id 5f0c2a91
//   key <64 hexadecimal digits>
//   check <43 characters>
//   previous id 07d1b8ee      of each former key, the latest first
//   previous key ...
//   previous check ...
//
// The check value is derived from id and key: a file that was damaged, or mixed
// from two, does not open. A changed key would split every child for ever, so
// whoever cannot read the keys must not start; and a former key is kept for
// ever, since only it can say which old reference a child had.
#ifndef VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_
#define VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/event/reference.h"

namespace vigil::event {

struct NamingKeys {
  NamingKey current;
  std::vector<NamingKey> previous = {};  // the latest first

  // Whether a subject was named with one of them.
  bool Named(absl::string_view subject_reference) const;
};

// Reads the keys. NOT_FOUND if there is no such file; DATA_LOSS if it is
// damaged; PERMISSION_DENIED if others than its owner may touch it.
absl::StatusOr<NamingKeys> ReadNamingKeys(const std::string& path);

// Reads the keys, or makes one if there is no such file: durable on return.
absl::StatusOr<NamingKeys> ReadOrMakeNamingKeys(const std::string& path);

// After a leak: makes a new key, before which stand those that the file holds.
// Durable on return; after a failure the file is the old one or the new one.
absl::StatusOr<NamingKeys> ReplaceNamingKey(const std::string& path);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_NAMING_KEY_FILE_H_
