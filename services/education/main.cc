#include "libs/service/writer_process.h"
#include "services/education/vocabulary.h"

int main(int argc, char** argv) {
  return vigil::service::RunWriter(vigil::education::Education(), argc, argv);
}
