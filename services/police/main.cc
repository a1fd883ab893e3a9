#include "libs/service/writer_process.h"
#include "services/police/vocabulary.h"

int main(int argc, char** argv) {
  return vigil::service::RunWriter(vigil::police::Police(), argc, argv);
}
