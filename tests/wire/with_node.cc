// Runs a command beside a node that takes what is said in all examples, with
// the naming key and the system's name that the receipts in golden/ were made
// with:
//
//   with_node tests/wire/run python DESCRIPTORS FOLDER
//
// The node's address, without TLS, is the command's last argument. The exit
// code is the command's; the node ends with it, and nothing of it is left.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/atomic_file.h"
#include "libs/base/check.h"
#include "libs/event/reference.h"
#include "services/writers.h"
#include "tests/deployment.h"
#include "tests/temporary_folder.h"

namespace vigil {
namespace {

// As in golden_test.cc.
constexpr char kSystem[] = "wire";

void WriteFile(const std::string& path, const std::string& text) {
  const absl::Status written = WriteFileAtomically(path, text, 0600);
  Check(written.ok(), written.ToString());
}

std::string TheNamingKey() {
  const event::NamingKey key("00c0ffee", std::string(32, 'k'));
  return absl::StrCat("vigil naming key 1\nid ", key.id(), "\nkey ",
                      absl::BytesToHexString(key.secret()), "\ncheck ",
                      key.CheckValue(), "\n");
}

// One system that may say everything for everybody.
std::string TheRegister() {
  std::string text =
      absl::StrCat("systems { id: '", kSystem,
                   "' san_uri: 'vigil://system/wire' issuer: 'nobody'"
                   " roles: ROLE_PUBLISHER roles: ROLE_COORDINATOR");
  for (const service::Writer& writer : Writers()) {
    absl::StrAppend(&text, " services: '", writer.name, "'");
  }
  for (const char* scheme :
       {"ods", "urn", "la", "police", "charity", "company", "local"}) {
    absl::StrAppend(&text, " organisations { scheme: '", scheme,
                    "' code: '*' }");
  }
  return text + " }\n";
}

int Run(int argc, char** argv) {
  const TemporaryFolder folder;
  const std::string systems = folder.path() + "/register.textproto";
  WriteFile(systems, TheRegister());
  const auto node = NodeDeployment([&](config::v1::Process* process) {
    process->set_register_file(systems);
    auto& plaintext = *process->mutable_listener()->mutable_plaintext();
    plaintext.set_address("127.0.0.1:0");
    plaintext.set_as_system(kSystem);
    for (const service::Writer& writer : Writers()) {
      const std::string of_writer =
          absl::StrCat(process->data_folder(), "/", writer.name);
      std::filesystem::create_directories(of_writer);
      WriteFile(of_writer + "/naming.key", TheNamingKey());
    }
  });
  std::string address = node->process("node").plaintext_address();
  std::vector<char*> command(argv + 1, argv + argc);
  command.push_back(address.data());
  command.push_back(nullptr);
  const pid_t pid = fork();
  Check(pid >= 0, "no process");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(command[0], command.data());
    _exit(127);
  }
  int state = 0;
  Check(waitpid(pid, &state, 0) == pid, "lost a process");
  return WIFEXITED(state) ? WEXITSTATUS(state) : 1;
}

}  // namespace
}  // namespace vigil

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return vigil::Run(argc, argv);
}
