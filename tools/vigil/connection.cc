#include "tools/vigil/connection.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/atomic_file.h"
#include "services/writers.h"

namespace vigil::cli {
namespace {

constexpr absl::string_view kNode = "node";  // every service in one process

std::string Dashed(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// A file of ours that cannot be read is not a child's record that was not
// found, nor a register that does not permit it: exit codes tell them apart.
absl::Status WrongCommandLine(const absl::Status& file) {
  return absl::InvalidArgumentError(file.message());
}

}  // namespace

std::map<std::string, ServingAddress> ParseServingLines(
    absl::string_view text) {
  std::map<std::string, ServingAddress> found;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    std::string name;
    ServingAddress address;
    bool serving = false;
    for (absl::string_view word :
         absl::StrSplit(line, ' ', absl::SkipWhitespace())) {
      if (word == "serving") {
        serving = true;
      } else if (absl::ConsumePrefix(&word, "name=")) {
        name = std::string(word);
      } else if (absl::ConsumePrefix(&word, "tls=")) {
        address.tls = std::string(word);
      } else if (absl::ConsumePrefix(&word, "plaintext=")) {
        address.plaintext = std::string(word);
      }
    }
    if (serving && !name.empty()) found[name] = std::move(address);
  }
  return found;
}

std::vector<std::string> WriterNames() {
  std::vector<std::string> names;
  for (const service::Writer& writer : Writers()) names.push_back(writer.name);
  return names;
}

namespace {

absl::StatusOr<std::map<std::string, ServingAddress>> ReadAddresses(
    const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    // A data folder, or one that holds several, or what holds those.
    constexpr int kDepth = 2;
    for (auto entry = fs::recursive_directory_iterator(
             path, fs::directory_options::skip_permission_denied, error);
         entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry.depth() == kDepth) entry.disable_recursion_pending();
      if (entry->path().filename() == "addresses") {
        files.push_back(entry->path());
      }
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  std::map<std::string, ServingAddress> all;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return WrongCommandLine(text.status());
    all.merge(ParseServingLines(*text));
  }
  return all;
}

}  // namespace

void Connection::AddOptions(CLI::App* app,
                            const std::vector<std::string>& services) {
  const char* group = "Connection";
  const auto add = [&](const std::string& option, std::string* told,
                       const std::string& variable, std::string* environment,
                       const std::string& help) {
    if (const char* value = std::getenv(variable.c_str())) *environment = value;
    app->add_option(option, *told, help)
        ->type_name(absl::StrCat("TEXT (Env:", variable, ")"))
        ->group(group);
  };
  add("--address", &told_.address, "VIGIL_ADDRESS", &environment_.address,
      "host:port of the service (of a node: of all services)");
  add("--addresses", &told_.addresses, "VIGIL_ADDRESSES",
      &environment_.addresses,
      "File `addresses` that a process wrote into its data folder, or a folder "
      "that holds such folders");
  for (const std::string& service : services) {
    add("--" + Dashed(service), &told_.own[service],
        absl::StrCat("VIGIL_", absl::AsciiStrToUpper(service), "_ADDRESS"),
        &environment_.own[service], "host:port of the " + service + " service");
  }
  app->add_option("--ca", ca_,
                  "PEM file of the authority that signed the services' "
                  "certificates; without it: plaintext")
      ->envname("VIGIL_CA")
      ->group(group);
  app->add_option("--certificate", certificate_, "PEM file: this system's own")
      ->envname("VIGIL_CERTIFICATE")
      ->group(group);
  app->add_option("--key", key_, "PEM file: the certificate's private key")
      ->envname("VIGIL_KEY")
      ->group(group);
  app->add_option("--timeout", timeout_seconds_,
                  "Seconds to wait for an answer")
      ->envname("VIGIL_TIMEOUT")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
}

absl::StatusOr<std::string> Connection::AddressIn(
    const Places& places, const std::string& service) const {
  if (const auto own = places.own.find(service);
      own != places.own.end() && !own->second.empty()) {
    return own->second;
  }
  if (!places.addresses.empty()) {
    auto all = ReadAddresses(places.addresses);
    if (!all.ok()) return all.status();
    auto found = all->find(service);
    if (found == all->end()) found = all->find(std::string(kNode));
    if (found != all->end()) {
      const std::string& address =
          ca_.empty() ? found->second.plaintext : found->second.tls;
      if (!address.empty()) return address;
    }
  }
  return places.address;
}

absl::StatusOr<service::Channel> Connection::To(
    const std::string& service) const {
  service::Target target{.address = "",
                         .ca_file = ca_,
                         .certificate_file = certificate_,
                         .private_key_file = key_};
  for (const Places* places : {&told_, &environment_}) {
    absl::StatusOr<std::string> address = AddressIn(*places, service);
    if (!address.ok()) return address.status();
    target.address = *std::move(address);
    if (!target.address.empty()) break;
  }
  if (target.address.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "where is the ", service, " service? Say --", Dashed(service),
        ", --address or --addresses (see --help)"));
  }
  absl::StatusOr<service::Channel> channel = service::Channel::Open(target);
  if (!channel.ok()) return WrongCommandLine(channel.status());
  return channel;
}

absl::StatusOr<std::vector<std::string>> Connection::Named() const {
  std::vector<std::string> named;
  for (const Places* places : {&told_, &environment_}) {
    for (const auto& [service, address] : places->own) {
      if (!address.empty()) named.push_back(service);
    }
    if (!places->addresses.empty()) {
      auto all = ReadAddresses(places->addresses);
      if (!all.ok()) return all.status();
      for (const auto& [service, address] : *all) {
        if (service == kNode) return std::vector<std::string>();
        named.push_back(service);
      }
    }
    if (!places->address.empty()) break;  // it answers for all others
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  return named;
}

}  // namespace vigil::cli
