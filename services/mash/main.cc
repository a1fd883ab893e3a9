#include "libs/service/writer_process.h"
#include "services/mash/vocabulary.h"

int main(int argc, char** argv) {
  return vigil::service::RunWriter(vigil::mash::Mash(), argc, argv);
}
