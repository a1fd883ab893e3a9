#include "tools/vigil/connection.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/atomic_file.h"

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

void Connection::AddOptions(CLI::App* app,
                            const std::vector<std::string>& services) {
  const char* group = "Connection";
  app->add_option("--address", address_,
                  "host:port of the service (of a node: of all services)")
      ->envname("VIGIL_ADDRESS")
      ->group(group);
  app->add_option("--addresses", addresses_,
                  "File `addresses` that a process wrote into its data folder, "
                  "or a folder that holds such folders")
      ->envname("VIGIL_ADDRESSES")
      ->group(group);
  for (const std::string& service : services) {
    app->add_option("--" + Dashed(service), own_[service],
                    "host:port of the " + service + " service")
        ->envname(
            absl::StrCat("VIGIL_", absl::AsciiStrToUpper(service), "_ADDRESS"))
        ->group(group);
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

absl::StatusOr<std::map<std::string, ServingAddress>>
Connection::ReadAddresses() const {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  if (fs::is_directory(addresses_, error)) {
    // A data folder, or one that holds several, or what holds those.
    constexpr int kDepth = 2;
    for (auto entry = fs::recursive_directory_iterator(
             addresses_, fs::directory_options::skip_permission_denied, error);
         entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry.depth() == kDepth) entry.disable_recursion_pending();
      if (entry->path().filename() == "addresses") {
        files.push_back(entry->path());
      }
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(addresses_);
  }
  std::map<std::string, ServingAddress> all;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return WrongCommandLine(text.status());
    all.merge(ParseServingLines(*text));
  }
  return all;
}

absl::StatusOr<service::Channel> Connection::To(
    const std::string& service) const {
  service::Target target{.address = "",
                         .ca_file = ca_,
                         .certificate_file = certificate_,
                         .private_key_file = key_};
  if (const auto own = own_.find(service);
      own != own_.end() && !own->second.empty()) {
    target.address = own->second;
  } else if (!addresses_.empty()) {
    auto all = ReadAddresses();
    if (!all.ok()) return all.status();
    auto found = all->find(service);
    if (found == all->end()) found = all->find(std::string(kNode));
    if (found != all->end()) {
      target.address =
          ca_.empty() ? found->second.plaintext : found->second.tls;
    }
  }
  if (target.address.empty()) target.address = address_;
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
  for (const auto& [service, address] : own_) {
    if (!address.empty()) named.push_back(service);
  }
  if (!addresses_.empty()) {
    auto all = ReadAddresses();
    if (!all.ok()) return all.status();
    for (const auto& [service, address] : *all) {
      if (service == kNode) return std::vector<std::string>();
      named.push_back(service);
    }
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  return named;
}

}  // namespace vigil::cli
