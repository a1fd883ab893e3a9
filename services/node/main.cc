// All of Vigil in one process: every writer and the chronology over one log,
// the embedded one unless configured otherwise. RocksDB admits one writing
// process; that is why this exists, and it serves a single area on one machine.

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "libs/service/callers.h"
#include "libs/service/config.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"
#include "libs/service/operations_service.h"
#include "libs/service/server.h"
#include "libs/service/writer_process.h"
#include "services/chronology/chronology.h"
#include "services/writers.h"

namespace vigil {
namespace {

// `replace_key_of`: a writer; empty to serve.
int Run(const std::string& path, const std::string& replace_key_of) {
  service::BeginProcess();
  service::SetUpLog();
  const auto fail = [](const absl::Status& status) {
    std::cerr << "cannot start: " << status.message() << "\n";
    return 1;
  };
  const auto configuration = service::LoadConfiguration(path);
  if (!configuration.ok()) return fail(configuration.status());
  const config::v1::Process& process = configuration->process;
  const std::string& folder = process.data_folder();
  if (!replace_key_of.empty()) {
    if (FindWriter(replace_key_of) != nullptr) {
      const absl::Status replaced = service::WriterProcess::ReplaceNamingKey(
          folder + "/" + replace_key_of);
      return replaced.ok() ? 0 : fail(replaced);
    }
    return fail(absl::NotFoundError("there is no writer " + replace_key_of));
  }
  auto log = service::OpenLog(process.log(), configuration->topics);
  if (!log.ok()) return fail(log.status());

  service::Callers callers(configuration->systems,
                           service::OptionsOfCallers(process));
  service::Metrics metrics;

  std::vector<std::unique_ptr<service::WriterProcess>> writers;
  for (const service::Writer& writer : Writers()) {
    auto opened =
        service::WriterProcess::Open(writer, folder + "/" + writer.name,
                                     process, log->get(), &callers, &metrics);
    if (!opened.ok()) return fail(opened.status());
    writers.push_back(*std::move(opened));
  }
  auto chronology = chronology::Chronology::Open(
      folder + "/chronology", log->get(),
      service::DeclaredTopics(configuration->topics),
      service::StoreOptions(process), &callers, &metrics);
  if (!chronology.ok()) return fail(chronology.status());

  service::OperationsService operations(&callers);
  service::Server server("node", process, &metrics);
  for (const auto& writer : writers) writer->AddTo(&server, &operations);
  server.Add(operations.name(), operations.grpc_service());
  (*chronology)->AddTo(&server);
  if (const absl::Status started = server.Start(); !started.ok()) {
    return fail(started);
  }
  (*chronology)->Watch(&server);
  const int code = server.RunUntilSignal([&] {
    for (const auto& writer : writers) writer->SayOutbox();
    (*chronology)->SayOutbox();
  });
  chronology->reset();  // its watcher looks at the server
  return code;
}

}  // namespace
}  // namespace vigil

int main(int argc, char** argv) {
  CLI::App app(
      "Vigil on one machine: every agency's service and the chronology in one "
      "process.");
  std::string path;
  app.add_option("--config", path,
                 "configuration of this process (vigil.config.v1.Process in "
                 "protobuf text format; see deploy/node.textproto)")
      ->required();
  std::string replace_key_of;
  app.add_option("--replace-naming-key", replace_key_of,
                 "make a new naming key for this writer after a leak, keep the "
                 "old one beside it, and end (see deploy/README.md)");
  CLI11_PARSE(app, argc, argv);
  return vigil::Run(path, replace_key_of);
}
