#include "tests/kafka_broker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

const std::string kTools = absl::StrCat(VIGIL_SOURCE_FOLDER, "/tools/");

// Runs a tool and gives what it printed; ends the program if it fails.
std::string Run(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) == 0, "no pipe");
  const pid_t child = fork();
  Check(child >= 0, "no process");
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<size_t>(size));
  }
  close(ends[0]);
  int state = 0;
  Check(waitpid(child, &state, 0) == child, "lost a process");
  Check(WIFEXITED(state) && WEXITSTATUS(state) == 0,
        "a tool failed; what it printed says why");
  return said;
}

std::string NewFolder() {
  std::string folder = absl::StrCat(testing::TempDir(), "/vigil-kafka-XXXXXX");
  Check(mkdtemp(folder.data()) != nullptr, "no temporary folder");
  return folder;
}

}  // namespace

KafkaBroker& KafkaBroker::Shared() {
  static KafkaBroker broker;
  return broker;
}

KafkaBroker::KafkaBroker() : folder_(NewFolder()) {
  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) == 0, "no pipe");
  guard_pid_ = fork();
  Check(guard_pid_ >= 0, "no process");
  if (guard_pid_ == 0) {
    // Reads until the last writer, which is this program, is gone. In a session
    // of its own, so that Ctrl-C does not end it first.
    setsid();
    dup2(ends[0], STDIN_FILENO);
    execl("/bin/sh", "sh", "-c",
          "cat > /dev/null; \"$0\" stop --kill --data \"$1\" 2> /dev/null; "
          "rm -rf \"$1\"",
          (kTools + "kafka").c_str(), folder_.c_str(), nullptr);
    _exit(127);
  }
  close(ends[0]);
  guard_pipe_ = ends[1];
  Start();
}

KafkaBroker::~KafkaBroker() {
  close(guard_pipe_);
  waitpid(guard_pid_, nullptr, 0);
}

eventlog::KafkaConnection KafkaBroker::As(const std::string& name) const {
  const std::string certificates = absl::StrCat(folder_, "/certificates/");
  return {bootstrap_,
          certificates + "ca.crt",
          absl::StrCat(certificates, name, ".crt"),
          absl::StrCat(certificates, name, ".key"),
          {}};
}

void KafkaBroker::MakeCertificate(const std::string& name) {
  Run({kTools + "certificates", folder_ + "/certificates", "--system", name});
}

void KafkaBroker::Admin(std::vector<std::string> arguments) {
  std::vector<std::string> all = {kTools + "kafka", "admin", "--data", folder_};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Run(std::move(all));
}

void KafkaBroker::Kill() {
  Run({kTools + "kafka", "stop", "--kill", "--data", folder_});
}

void KafkaBroker::Start() {
  const std::string said = Run({kTools + "kafka", "start", "--data", folder_});
  for (const absl::string_view line : absl::StrSplit(said, '\n')) {
    const std::pair<std::string, std::string> setting =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (setting.first == "VIGIL_KAFKA_BROKERS") bootstrap_ = setting.second;
  }
  Check(!bootstrap_.empty(), "tools/kafka named no broker");
}

}  // namespace vigil
