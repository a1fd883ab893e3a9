// The gRPC service through which an operator sees and mends the writers of one
// process (vigil/common/v1/operations.proto).
//
//   OperationsService operations(&callers);
//   operations.Watch("police", &store, key_id);
//   server.Add(operations.name(), operations.grpc_service());
//
// Threads: Watch before the server starts; what is watched outlives the server.
#ifndef VIGIL_LIBS_SERVICE_OPERATIONS_SERVICE_H_
#define VIGIL_LIBS_SERVICE_OPERATIONS_SERVICE_H_

#include <memory>
#include <string>

#include "libs/eventlog/store_and_forward.h"

namespace grpc {
class Service;
}

namespace vigil::service {

class Callers;

class OperationsService {
 public:
  explicit OperationsService(Callers* callers);
  ~OperationsService();

  OperationsService(const OperationsService&) = delete;
  OperationsService& operator=(const OperationsService&) = delete;

  void Watch(const std::string& writer, eventlog::StoreAndForward* store,
             const std::string& naming_key_id);

  // "vigil.common.v1.OperationsService".
  const std::string& name() const;

  // Owned by this; for Server::Add.
  grpc::Service* grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_OPERATIONS_SERVICE_H_
