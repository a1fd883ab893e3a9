// What makes one writer different from another: a value.
//
//   Writer police = WriterOf(*police_file->service(0));
//   police.name;                         // "police"
//   police.Takes(Statement::kConcernRaised);
//
// Everything is in its service's definition (proto/vigil/<writer>/v1): the
// writer's name is its package's, and the acts that it takes are an option of
// the service, where a client finds them too.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_SERVICE_WRITER_H_
#define VIGIL_LIBS_SERVICE_WRITER_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::service {

// The writer through which the hub speaks: it alone files facts under subjects
// that others named, and decides about records of others.
inline constexpr absl::string_view kHub = "mash";

// "vigil.police.events.v1": the topic of a writer's events.
std::string EventsTopic(absl::string_view writer);

// "concern_raised": how an act is called in requests, grants, metrics and logs.
// Empty of ACT_NOT_SET.
absl::string_view ActName(common::v1::Statement::ActCase act);

struct Writer {
  std::string name;
  const google::protobuf::ServiceDescriptor* service = nullptr;
  absl::flat_hash_set<int> acts = {};  // cases of Statement.act

  bool Takes(common::v1::Statement::ActCase act) const {
    return acts.contains(static_cast<int>(act));
  }
  bool IsHub() const { return name == kHub; }
};

// `service` is a writer's: its package is vigil.<name>.v1, and each act in its
// option vigil.common.v1.acts is one; else the process ends.
Writer WriterOf(const google::protobuf::ServiceDescriptor& service);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_WRITER_H_
