// A writer for tests of this library, which knows no list of them.
#ifndef VIGIL_LIBS_SERVICE_TEST_WRITER_H_
#define VIGIL_LIBS_SERVICE_TEST_WRITER_H_

#include "libs/base/check.h"
#include "libs/service/writer.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"

namespace vigil::service {

// A definition that holds a service alone is linked for its table's address,
// which must be read for that.
inline Writer WriterIn(const char* file, const void* table) {
  const void* const volatile linked = table;
  Check(linked != nullptr, "a definition has a table");
  return WriterOf(*google::protobuf::DescriptorPool::generated_pool()
                       ->FindFileByName(file)
                       ->service(0));
}

inline Writer PoliceWriter() {
  return WriterIn("vigil/police/v1/police.proto",
                  &descriptor_table_vigil_2fpolice_2fv1_2fpolice_2eproto);
}

inline Writer HubWriter() {
  return WriterIn("vigil/mash/v1/mash.proto",
                  &descriptor_table_vigil_2fmash_2fv1_2fmash_2eproto);
}

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_TEST_WRITER_H_
