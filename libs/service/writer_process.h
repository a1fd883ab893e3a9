// One writer, whole: its naming key, its outbox, its pipeline and its gRPC
// service; alone in a process of its own, or beside others in a node.
#ifndef VIGIL_LIBS_SERVICE_WRITER_PROCESS_H_
#define VIGIL_LIBS_SERVICE_WRITER_PROCESS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/service/callers.h"
#include "libs/service/metrics.h"
#include "libs/service/operations_service.h"
#include "libs/service/pipeline.h"
#include "libs/service/server.h"
#include "libs/service/writer_service.h"
#include "vigil/config/v1/config.pb.h"

namespace vigil::service {

// The log that the configuration names. `topics` is the declaration.
absl::StatusOr<std::unique_ptr<eventlog::EventLog>> OpenLog(
    const config::v1::Log& log, const config::v1::Topics& topics);

// How much each system may have in flight, and who speaks in plaintext.
CallersOptions OptionsOfCallers(const config::v1::Process& process);

// How records are made durable under this configuration.
eventlog::StoreAndForwardOptions StoreOptions(
    const config::v1::Process& process);

class WriterProcess {
 public:
  // Opens what `folder` holds, making it at first start: `naming.key`,
  // `outbox`. The outbox is bound to the key: from then on no other is taken,
  // nor a new one made. All that is given outlives it. Errors as
  // ReadOrMakeNamingKeys and Outbox::Open, and
  //   FAILED_PRECONDITION  the key is gone or is not the outbox's: it must come
  //                        back from its backup; or this writer's topic is not
  //                        declared
  static absl::StatusOr<std::unique_ptr<WriterProcess>> Open(
      Writer writer, const std::string& folder,
      const config::v1::Process& process, eventlog::EventLog* log,
      Callers* callers, Metrics* metrics);

  // After a leak, and while no process serves from `folder`: a new naming key,
  // with the old one kept beside it (deploy/README.md). Errors as Open.
  static absl::Status ReplaceNamingKey(const std::string& folder);

  // Adds the gRPC service, which is SERVING while the log or the outbox takes
  // records, and lets the operator see this writer; before Server::Start. The
  // server is shut down before this goes.
  void AddTo(Server* server, OperationsService* operations);

  // Logs what is left to do at the end: the outbox's depth. Nothing is lost;
  // the next start relays it.
  void SayOutbox() const;

 private:
  WriterProcess(Writer writer, std::unique_ptr<eventlog::Outbox> outbox,
                event::NamingKeys keys, const config::v1::Process& process,
                eventlog::EventLog* log, Callers* callers, Metrics* metrics);

  const std::string name_;
  const std::string naming_key_id_;
  const std::unique_ptr<eventlog::Outbox> outbox_;
  eventlog::StoreAndForward store_;
  Pipeline pipeline_;
  WriterService service_;
};

// main() of a writer's process: `police --config FILE`. Serves until SIGTERM;
// with --replace-naming-key it does that and ends. Exit codes: 0 ended in
// order, 1 could not start, 2 usage.
int RunWriter(Writer writer, int argc, char** argv);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_WRITER_PROCESS_H_
