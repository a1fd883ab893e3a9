#include "libs/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace vigil {

void CheckFailed(absl::string_view message, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %.*s\n", file, line,
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace vigil
