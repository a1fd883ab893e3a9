// Where the services are, and as whom to speak to them: the options that all
// commands share.
//
//   Connection connection;
//   connection.AddOptions(command, {"chronology"});
//   absl::StatusOr<service::Channel> channel = connection.To("chronology");
//
// Each option also has an environment variable, so that a shell needs to be
// told once: VIGIL_ADDRESS, VIGIL_ADDRESSES, VIGIL_CA, VIGIL_CERTIFICATE,
// VIGIL_KEY, VIGIL_TIMEOUT, and VIGIL_POLICE_ADDRESS and so on.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_CONNECTION_H_
#define VIGIL_TOOLS_VIGIL_CONNECTION_H_

#include <map>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/service/channel.h"

namespace vigil::cli {

// "police" is at {tls, plaintext}; either may be empty.
struct ServingAddress {
  std::string tls;
  std::string plaintext;
};

// Of lines "serving name=police tls=127.0.0.1:1 plaintext=127.0.0.1:2", which
// each process writes into <data_folder>/addresses. Other lines are skipped.
std::map<std::string, ServingAddress> ParseServingLines(absl::string_view text);

// "police", "health" ...: the services that somebody can publish through.
std::vector<std::string> WriterNames();

class Connection {
 public:
  // An option for the address of each of `services` besides the common ones.
  void AddOptions(CLI::App* app, const std::vector<std::string>& services);

  // What the command line says goes before what the environment says. In each,
  // in this order: the service's own address; the --addresses file or folder,
  // where a process named `node` is every service; --address. INVALID_ARGUMENT
  // if none names it, or a file cannot be read.
  absl::StatusOr<service::Channel> To(const std::string& service) const;

  // The services whose address is named one by one; empty if there is only
  // --address, behind which any may be.
  absl::StatusOr<std::vector<std::string>> Named() const;

  absl::Duration timeout() const { return absl::Seconds(timeout_seconds_); }

 private:
  struct Places {
    std::string address;
    std::string addresses;  // a file or folder
    std::map<std::string, std::string> own;
  };

  // Empty if `places` does not tell.
  absl::StatusOr<std::string> AddressIn(const Places& places,
                                        const std::string& service) const;

  Places told_;         // on the command line
  Places environment_;  // CLI11 would mix the two
  std::string ca_;
  std::string certificate_;
  std::string key_;
  double timeout_seconds_ = absl::ToDoubleSeconds(kDefaultDeadline);
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_CONNECTION_H_
