// The folder of an index: one process at a time, and which database serves.
// Private to libs/projection.
//
// Threads: one at a time.
#ifndef VIGIL_LIBS_PROJECTION_FOLDER_H_
#define VIGIL_LIBS_PROJECTION_FOLDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rocksdb {
class FileLock;
}

namespace vigil::projection {

class Folder {
 public:
  // Makes and locks it. UNAVAILABLE if another holds it, or the disk fails.
  static absl::StatusOr<std::unique_ptr<Folder>> Open(const std::string& path);
  ~Folder();

  // DATA_LOSS if CURRENT is not what this library wrote.
  absl::Status ReadCurrent();

  // Which generation serves, as the disk has it; nothing in a new folder, or
  // where ReadCurrent failed.
  std::optional<int64_t> current() const { return current_; }
  absl::Status SetCurrent(int64_t generation);

  // Where a generation's database lies.
  std::string PathOf(int64_t generation) const;

  // Removes the databases above that generation, other than the current one.
  absl::Status RemoveLeftovers(int64_t above = 0);

  // Above every generation that is there.
  int64_t NextGeneration() const;

 private:
  Folder(std::string path, rocksdb::FileLock* lock);

  const std::string path_;
  rocksdb::FileLock* const lock_;
  std::optional<int64_t> current_;
};

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_FOLDER_H_
