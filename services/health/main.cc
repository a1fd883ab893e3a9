#include "libs/service/writer_process.h"
#include "services/health/vocabulary.h"

int main(int argc, char** argv) {
  return vigil::service::RunWriter(vigil::health::Health(), argc, argv);
}
