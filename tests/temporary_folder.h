// A folder of a test's own, removed at its end; tests that run side by side
// never meet in one.
#ifndef VIGIL_TESTS_TEMPORARY_FOLDER_H_
#define VIGIL_TESTS_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace vigil {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(testing::TempDir() + "/vigil-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace vigil

#endif  // VIGIL_TESTS_TEMPORARY_FOLDER_H_
