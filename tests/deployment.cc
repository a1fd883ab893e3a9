#include "tests/deployment.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "libs/base/atomic_file.h"
#include "libs/base/check.h"
#include "libs/service/config.h"
#include "services/writers.h"

namespace vigil {
namespace {

const std::string kDeploy = absl::StrCat(VIGIL_SOURCE_FOLDER, "/deploy/");

// For what was accepted to be relayed and read, on a slow machine.
constexpr absl::Duration kLongestWait = absl::Minutes(2);

config::v1::Process Example(const std::string& name) {
  auto loaded = service::LoadProcess(absl::StrCat(kDeploy, name, ".textproto"));
  Check(loaded.ok(), loaded.status().ToString());
  return *std::move(loaded);
}

config::v1::Register TheRegister() {
  const auto text = ReadFile(absl::StrCat(kDeploy, "register.textproto"));
  Check(text.ok(), text.status().ToString());
  config::v1::Register systems;
  Check(google::protobuf::TextFormat::ParseFromString(*text, &systems),
        "a register that cannot be read");
  return systems;
}

std::vector<std::string> Systems() {
  const auto loaded =
      service::LoadConfiguration(absl::StrCat(kDeploy, "node.textproto"));
  Check(loaded.ok(), loaded.status().ToString());
  return loaded->systems.SystemIds();
}

}  // namespace

service::Channel Deployment::Open(const std::string& id,
                                  const std::string& service) const {
  auto channel = service::Channel::Open(
      {.address = process(service).tls_address(),
       .ca_file = absl::StrCat(certificates_, "/ca.crt"),
       .certificate_file = absl::StrCat(certificates_, "/", id, ".crt"),
       .private_key_file = absl::StrCat(certificates_, "/", id, ".key")});
  Check(channel.ok(), channel.status().ToString());
  return *std::move(channel);
}

Process& Deployment::process(const std::string& service) const {
  auto found = processes_.find(service);
  if (found == processes_.end()) found = processes_.find("node");
  Check(found != processes_.end(), service);
  return *found->second;
}

std::string Deployment::data_folder(const std::string& service) const {
  return absl::StrCat(folder_.path(), "/",
                      processes_.contains(service) ? service : "node");
}

void Deployment::Add(const std::string& name, config::v1::Process process,
                     const Configure& configure) {
  process.set_data_folder(absl::StrCat(folder_.path(), "/", name));
  process.set_topics_file(absl::StrCat(kDeploy, "topics.test.textproto"));
  process.clear_metrics_address();
  auto& listener = *process.mutable_listener();
  listener.set_address("127.0.0.1:0");
  const std::string own = absl::StrCat(certificates_, "/", name);
  listener.set_certificate_file(own + ".crt");
  listener.set_private_key_file(own + ".key");
  listener.set_client_ca_file(absl::StrCat(certificates_, "/ca.crt"));
  if (process.log().has_embedded()) {
    process.mutable_log()->mutable_embedded()->set_folder(
        absl::StrCat(folder_.path(), "/log"));
  } else {
    const eventlog::KafkaConnection connection = broker_->As(name);
    auto& kafka = *process.mutable_log()->mutable_kafka();
    kafka.set_bootstrap_servers(connection.bootstrap);
    kafka.set_ca_file(connection.ca_file);
    kafka.set_certificate_file(connection.certificate_file);
    kafka.set_private_key_file(connection.key_file);
  }
  if (configure) configure(&process);

  std::string text;
  Check(google::protobuf::TextFormat::PrintToString(process, &text),
        "a configuration that cannot be written");
  const std::string file =
      absl::StrCat(folder_.path(), "/", name, ".textproto");
  const absl::Status written = WriteFileAtomically(file, text, 0600);
  Check(written.ok(), written.ToString());
  auto [added, is_new] = processes_.emplace(
      name,
      std::make_unique<Process>(
          absl::StrCat(VIGIL_BINARY_FOLDER, "/services/", name, "/", name),
          file));
  Check(is_new, name);
  added->second->Start();
}

Agency AgencyOf(const std::string& writer) {
  const config::v1::Register systems = TheRegister();
  const auto found = absl::c_find_if(systems.systems(), [&](const auto& each) {
    return absl::c_linear_search(each.roles(), config::v1::ROLE_PUBLISHER) &&
           absl::c_linear_search(each.services(), writer) &&
           each.acts().empty() && !each.organisations().empty();
  });
  Check(found != systems.systems().end(), writer);
  Agency agency{writer, found->id(), found->organisations(0)};
  if (agency.organisation.code() == "*") agency.organisation.set_code("999001");
  return agency;
}

absl::StatusOr<chronology::v1::GetChronologyResponse> AskAsCoordinator(
    const Deployment& vigil, chronology::v1::GetChronologyRequest request) {
  auto& asking = *request.mutable_asking();
  asking.mutable_on_behalf_of()->set_person_id("C-7");
  asking.mutable_on_behalf_of()->set_name("Synthetic Coordinator");
  asking.mutable_on_behalf_of()->set_function("hub coordinator");
  asking.set_purpose(event::v1::PURPOSE_SYSTEM_TEST);
  asking.mutable_organisation()->set_scheme("local");
  asking.mutable_organisation()->set_code("NORTHSHIRE-HUB");
  request.set_page_size(500);
  chronology::v1::GetChronologyResponse response;
  const absl::Status status =
      vigil.Open("hub-desk", "chronology")
          .Call("/vigil.chronology.v1.ChronologyService/GetChronology", request,
                &response, {.timeout = kLongestWait, .traceparent = ""});
  if (!status.ok()) return status;
  return response;
}

std::unique_ptr<Deployment> NodeDeployment(const Configure& configure) {
  std::unique_ptr<Deployment> node(new Deployment);
  node->certificates_ = absl::StrCat(node->folder_.path(), "/certificates");
  std::vector<std::string> command = {
      absl::StrCat(VIGIL_SOURCE_FOLDER, "/tools/certificates"),
      node->certificates_};
  for (const std::string& id : Systems()) {
    if (id == "operator") continue;  // made anyway
    command.insert(command.end(), {"--system", id});
  }
  RunCommand(command);
  node->Add("node", Example("node"), configure);
  return node;
}

std::unique_ptr<Deployment> KafkaDeployment(const Configure& configure) {
  std::unique_ptr<Deployment> all(new Deployment);
  all->broker_ = std::make_unique<KafkaBroker>();
  for (const std::string& id : Systems()) {
    if (id != "operator") all->broker_->MakeCertificate(id);
  }
  const eventlog::KafkaConnection connection = all->broker_->As("operator");
  all->certificates_ =
      std::filesystem::path(connection.ca_file).parent_path().string();
  RunCommand({absl::StrCat(VIGIL_BINARY_FOLDER, "/tools/vigil/vigil"), "topics",
              "apply", "--topics",
              absl::StrCat(kDeploy, "topics.test.textproto"), "--bootstrap",
              connection.bootstrap, "--ca", connection.ca_file, "--certificate",
              connection.certificate_file, "--key", connection.key_file});
  for (const service::Writer& writer : Writers()) {
    all->Add(writer.name, Example(writer.name), configure);
  }
  all->Add("chronology", Example("chronology"), configure);
  return all;
}

}  // namespace vigil
