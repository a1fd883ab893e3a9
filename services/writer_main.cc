// main() of every writer's process: which one it is, the build says.

#include "libs/base/check.h"
#include "libs/service/writer_process.h"
#include "services/writers.h"

int main(int argc, char** argv) {
  const vigil::service::Writer* writer = vigil::FindWriter(VIGIL_WRITER);
  vigil::Check(writer != nullptr, "the build names a writer of the list");
  return vigil::service::RunWriter(*writer, argc, argv);
}
