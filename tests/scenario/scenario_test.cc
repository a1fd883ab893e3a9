// Each case of tests/scenario, through real processes: VIGIL_OVER says over
// which log.
#include "tests/scenario/scenario.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/deployment.h"

namespace vigil::scenario {
namespace {

std::vector<std::string> Files() {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(VIGIL_SOURCE_FOLDER) + "/tests/scenario")) {
    if (entry.path().extension() == ".txt" &&
        entry.path().filename() != "CMakeLists.txt") {
      files.insert(entry.path());
    }
  }
  return {files.begin(), files.end()};
}

// Starts Vigil once for all cases, and says at the end what still waits.
class Vigil : public testing::Environment {
 public:
  static Vigil* instance;
  void SetUp() override { deployment = VIGIL_OVER(); }
  void TearDown() override {
    std::printf("waiting: %zu checks:\n", waiting.size());
    for (const std::string& each : waiting) std::printf("  %s\n", each.c_str());
    deployment.reset();
  }
  std::unique_ptr<Deployment> deployment;
  std::vector<std::string> waiting;
};
Vigil* Vigil::instance = static_cast<Vigil*>(
    testing::AddGlobalTestEnvironment(new Vigil));  // GoogleTest owns it

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, ReadsAsItIsWritten) {
  const Played played = Play(
      GetParam(), [](const std::string& system, const std::string& service) {
        return Vigil::instance->deployment->Open(system, service);
      });
  std::printf("%s: %d facts\n", played.title.c_str(), played.facts);
  EXPECT_GT(played.facts, 0);
  for (const std::string& fault : played.faults) ADD_FAILURE() << fault;
  Vigil::instance->waiting.insert(Vigil::instance->waiting.end(),
                                  played.waiting.begin(), played.waiting.end());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Scenario, testing::ValuesIn(Files()), [](const auto& test) {
      return std::filesystem::path(test.param).stem().string();
    });

TEST(Scenarios, AreThoseOfTheGuidance) { EXPECT_EQ(Files().size(), 4u); }

}  // namespace
}  // namespace vigil::scenario
