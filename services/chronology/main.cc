#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "libs/service/callers.h"
#include "libs/service/config.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"
#include "libs/service/server.h"
#include "libs/service/writer_process.h"
#include "services/chronology/chronology.h"

int main(int argc, char** argv) {
  namespace service = vigil::service;

  CLI::App app(
      "Vigil's chronology service: the combined record of a child, from the "
      "log, for those who may ask.");
  std::string path;
  app.add_option("--config", path,
                 "configuration of this process (vigil.config.v1.Process in "
                 "protobuf text format; see deploy/)")
      ->required();
  CLI11_PARSE(app, argc, argv);

  service::BeginProcess();
  service::SetUpLog();
  const auto fail = [](const absl::Status& status) {
    std::cerr << "cannot start: " << status.message() << "\n";
    return 1;
  };
  const auto configuration = service::LoadConfiguration(path);
  if (!configuration.ok()) return fail(configuration.status());
  const vigil::config::v1::Process& process = configuration->process;
  auto log = service::OpenLog(process.log(), configuration->topics);
  if (!log.ok()) return fail(log.status());
  service::Callers callers(configuration->systems,
                           service::OptionsOfCallers(process));
  service::Metrics metrics;
  // Outlives the server, which ends first: no call is in flight when it goes.
  auto chronology = vigil::chronology::Chronology::Open(
      process.data_folder(), log->get(),
      service::DeclaredTopics(configuration->topics),
      service::StoreOptions(process), &callers, &metrics);
  if (!chronology.ok()) return fail(chronology.status());
  service::Server server("chronology", process, &metrics);
  (*chronology)->AddTo(&server);
  if (const absl::Status started = server.Start(); !started.ok()) {
    return fail(started);
  }
  (*chronology)->Watch(&server);
  const int code = server.RunUntilSignal([&] { (*chronology)->SayOutbox(); });
  chronology->reset();  // its watcher looks at the server
  return code;
}
