#include "tests/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/check.h"

namespace vigil {
namespace {

struct Child {
  pid_t pid;
  int output;  // the end of the pipe to read
};

// Starts a command with `descriptor` (1 or 2) on a pipe.
Child Spawn(std::vector<std::string> command, int descriptor) {
  std::vector<char*> argv;
  for (std::string& each : command) argv.push_back(each.data());
  argv.push_back(nullptr);
  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) == 0, "no pipe");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  Check(pid >= 0, "no process");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have gone before that.
    if (getppid() != parent) _exit(127);
    dup2(ends[1], descriptor);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

int WaitFor(pid_t pid) {
  int state = 0;
  Check(waitpid(pid, &state, 0) == pid, "lost a process");
  return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

struct Addresses {
  bool serving = false;
  std::string tls;
  std::string plaintext;
};

constexpr absl::string_view kServing = "serving name=";

// Of "... serving name=police tls=127.0.0.1:41231 plaintext=...".
Addresses Parse(absl::string_view line) {
  Addresses addresses;
  addresses.serving = true;
  for (absl::string_view part : absl::StrSplit(line, ' ')) {
    if (absl::ConsumePrefix(&part, "tls=")) addresses.tls = std::string(part);
    if (absl::ConsumePrefix(&part, "plaintext="))
      addresses.plaintext = std::string(part);
  }
  return addresses;
}

// Passes on each line of the process, and promises the addresses once.
void Read(int input, const std::string& name, std::promise<Addresses> promise) {
  std::FILE* lines = fdopen(input, "r");
  char* line = nullptr;
  size_t capacity = 0;
  bool promised = false;
  for (ssize_t size; (size = getline(&line, &capacity, lines)) > 0;) {
    absl::string_view text(line, static_cast<size_t>(size));
    absl::ConsumeSuffix(&text, "\n");
    std::fputs(absl::StrCat(name, "| ", text, "\n").c_str(), stderr);
    if (!promised && absl::StrContains(text, kServing)) {
      promised = true;
      promise.set_value(Parse(text));
    }
  }
  std::free(line);
  std::fclose(lines);
  if (!promised) promise.set_value({});
}

}  // namespace

std::string RunCommand(const std::vector<std::string>& command) {
  const Child child = Spawn(command, STDOUT_FILENO);
  std::string said;
  char buffer[4096];
  for (ssize_t size; (size = read(child.output, buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<size_t>(size));
  }
  close(child.output);
  const int code = WaitFor(child.pid);
  if (code != 0) {
    std::fputs(
        absl::StrCat(command[0], " ended with ", code, "\n", said).c_str(),
        stderr);
  }
  Check(code == 0, "a command failed; what it printed says why");
  return said;
}

Process::Process(std::string binary, std::string config_file)
    : binary_(std::move(binary)),
      config_file_(std::move(config_file)),
      name_(std::filesystem::path(binary_).filename()) {}

Process::~Process() { Kill(); }

void Process::Start() {
  Check(!running(), "it runs already");
  const Child child = Spawn({binary_, "--config", config_file_}, STDERR_FILENO);
  pid_ = child.pid;
  std::promise<Addresses> promise;
  std::future<Addresses> addresses = promise.get_future();
  reader_ = std::thread(
      [input = child.output, name = name_, p = std::move(promise)]() mutable {
        Read(input, name, std::move(p));
      });
  Addresses found = addresses.get();
  Check(found.serving, "a process ended before it served; it said why");
  tls_address_ = std::move(found.tls);
  plaintext_address_ = std::move(found.plaintext);
}

int Process::Stop() {
  Check(running(), "it does not run");
  kill(pid_, SIGTERM);
  return Wait();
}

void Process::Kill() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  Wait();
}

int Process::Wait() {
  const int code = WaitFor(pid_);
  pid_ = -1;
  reader_.join();
  return code;
}

}  // namespace vigil
