// The gRPC service of the chronology: lets a call in, waits until the index is
// as fresh as it asks, answers from one snapshot (queries.h), appends what was
// viewed, and only then replies.
//
// No thread of gRPC waits for anything: a call that waits is memory alone.
//
// Threads: safe.
#ifndef VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_SERVICE_H_
#define VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/projection/index.h"
#include "libs/projection/runner.h"
#include "libs/service/callers.h"
#include "libs/service/metrics.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace grpc {
class Service;
}

namespace vigil::chronology {

inline constexpr absl::string_view kAccessTopic = "vigil.chronology.access.v1";

// What answers come from, once there is an index.
struct Source {
  projection::Index* index = nullptr;
  projection::Runner* runner = nullptr;
};

// All that it is given outlives it.
struct ServiceParts {
  // Nothing while the index is being made: calls are UNAVAILABLE till then.
  std::function<const Source*()> source;
  eventlog::EventLog* log = nullptr;
  std::vector<eventlog::Partition> partitions;  // that the index reads
  eventlog::StoreAndForward* views = nullptr;
  service::Callers* callers = nullptr;
  service::Metrics* metrics = nullptr;
  std::string software_version;
  // How many entries conflict in the whole index, as last counted.
  std::function<uint64_t()> conflicts = [] { return 0; };
  // Why there is no index, if it is not being made; empty: it is, or there is.
  std::function<std::string()> alarm = [] { return ""; };
  std::function<absl::Time()> clock = [] { return absl::Now(); };
};

class ChronologyService {
 public:
  explicit ChronologyService(ServiceParts parts);
  // After the server's end: no call is in flight.
  ~ChronologyService();
  ChronologyService(const ChronologyService&) = delete;
  ChronologyService& operator=(const ChronologyService&) = delete;

  static absl::string_view name();  // "vigil.chronology.v1.ChronologyService"
  grpc::Service* grpc_service();

 private:
  class Rpcs;
  std::unique_ptr<Rpcs> rpcs_;
};

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_CHRONOLOGY_SERVICE_H_
