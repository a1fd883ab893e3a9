// Plays scenarios to a Vigil that is running: what tools/demo tells it. Says
// what held, and which checks of the file still wait.
//
//   play_scenario --certificates DIR --service node=127.0.0.1:7440 case_b.txt
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/check.h"
#include "tests/scenario/scenario.h"

int main(int argc, char** argv) {
  CLI::App app("Plays scenarios (tests/scenario) to a Vigil that is running.");
  std::string certificates;
  std::vector<std::string> services;
  std::vector<std::string> files;
  app.add_option("--certificates", certificates,
                 "folder of tools/certificates, with each system of "
                 "deploy/register.textproto")
      ->required();
  app.add_option("--service", services,
                 "NAME=HOST:PORT, such as police=127.0.0.1:7441; node=... is "
                 "every service")
      ->required();
  app.add_option("files", files, "what to play")->required();
  CLI11_PARSE(app, argc, argv);

  std::map<std::string, std::string> addresses;
  for (const std::string& service : services) {
    addresses.insert(absl::StrSplit(service, absl::MaxSplits('=', 1)));
  }
  const auto open = [&](const std::string& system, const std::string& service) {
    const auto found = addresses.find(service);
    const std::string address =
        found != addresses.end() ? found->second : addresses["node"];
    auto channel = vigil::service::Channel::Open(
        {.address = address,
         .ca_file = certificates + "/ca.crt",
         .certificate_file = absl::StrCat(certificates, "/", system, ".crt"),
         .private_key_file = absl::StrCat(certificates, "/", system, ".key")});
    vigil::Check(channel.ok(), "a certificate is missing: tools/certificates");
    return *std::move(channel);
  };
  bool held = true;
  for (const std::string& file : files) {
    const vigil::scenario::Played played = vigil::scenario::Play(file, open);
    std::cout << played.title << ": " << played.facts << " facts told, "
              << (played.faults.empty() ? "all as expected" : "NOT as expected")
              << "\n";
    for (const std::string& fault : played.faults) {
      std::cout << "  " << fault << "\n";
      held = false;
    }
    for (const std::string& check : played.waiting) {
      std::cout << "  not checked yet: " << check << "\n";
    }
  }
  return held ? 0 : 1;
}
