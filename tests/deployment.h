// All of Vigil as a user runs it: real processes, mTLS, files under deploy/
// with nothing changed but folders and addresses.
//
//   std::unique_ptr<Deployment> vigil = NodeDeployment();      // embedded log
//   std::unique_ptr<Deployment> vigil = KafkaDeployment();     // a process for
//   each Channel channel = vigil->Open("police-records", "police");
//
// The processes of a Deployment end with it. Threads: one at a time.
#ifndef VIGIL_TESTS_DEPLOYMENT_H_
#define VIGIL_TESTS_DEPLOYMENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/service/channel.h"
#include "tests/kafka_broker.h"
#include "tests/process.h"
#include "tests/temporary_folder.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/config/v1/config.pb.h"

namespace vigil {

// Changes a process's configuration before it is written.
using Configure = std::function<void(config::v1::Process*)>;

class Deployment {
 public:
  // A channel of the system `id` (deploy/register.textproto) to a service
  // ("police", "chronology" ...), where it listens now.
  service::Channel Open(const std::string& id,
                        const std::string& service) const;

  // The process that runs a service: "police", or "node" for all.
  Process& process(const std::string& service) const;

  // Where that process keeps its data.
  std::string data_folder(const std::string& service) const;

  // Its Kafka; nullptr over the embedded log.
  KafkaBroker* broker() const { return broker_.get(); }

 private:
  friend std::unique_ptr<Deployment> NodeDeployment(const Configure&);
  friend std::unique_ptr<Deployment> KafkaDeployment(const Configure&);
  Deployment() = default;
  void Add(const std::string& name, config::v1::Process process,
           const Configure& configure);

  TemporaryFolder folder_;
  std::unique_ptr<KafkaBroker> broker_;
  std::string certificates_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
};

// Asks as a coordinator of the hub, for a system test, with the largest page.
absl::StatusOr<chronology::v1::GetChronologyResponse> AskAsCoordinator(
    const Deployment& vigil, chronology::v1::GetChronologyRequest request);

// Who speaks through a writer, of deploy/register.textproto: the first system
// that may say all that its service takes.
struct Agency {
  std::string writer;
  std::string system;
  event::v1::Organisation organisation;  // one of those that it speaks for
};
Agency AgencyOf(const std::string& writer);

// One process with all services over the embedded log, started.
std::unique_ptr<Deployment> NodeDeployment(const Configure& configure = {});

// A broker, its topics as `vigil topics apply` makes them, and a process for
// each service, started.
std::unique_ptr<Deployment> KafkaDeployment(const Configure& configure = {});

}  // namespace vigil

#endif  // VIGIL_TESTS_DEPLOYMENT_H_
