// Certificates for tests, made by tools/certificates once for a build folder:
//
//   <folder>/ca.crt, police.{crt,key}, force-records.{crt,key},
//            stranger.{crt,key}
//   <folder>/other/...   the same, by another authority
//
// Threads: one.
#ifndef VIGIL_LIBS_SERVICE_TEST_CERTIFICATES_H_
#define VIGIL_LIBS_SERVICE_TEST_CERTIFICATES_H_

#include <cstdlib>
#include <string>

#include "libs/base/check.h"

namespace vigil::service {

inline constexpr char kAuthority[] = "Vigil development authority";

// VIGIL_CERTIFICATES_TOOL and VIGIL_CERTIFICATES_FOLDER come from CMake.
inline const std::string& TestCertificates() {
  static const std::string* const folder = [] {
    for (const char* authority : {"", " --ca other"}) {
      const std::string command = std::string(VIGIL_CERTIFICATES_TOOL) + " " +
                                  VIGIL_CERTIFICATES_FOLDER +
                                  " --system force-records --system stranger" +
                                  authority + " >&2";
      Check(std::system(command.c_str()) == 0, "tools/certificates works");
    }
    return new std::string(VIGIL_CERTIFICATES_FOLDER);
  }();
  return *folder;
}

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_TEST_CERTIFICATES_H_
