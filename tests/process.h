// One of our programs as a process of its own: started, awaited, stopped,
// killed, started again.
//
//   Process police("build/dev/services/police/police", folder +
//   "/p.textproto"); police.Start();                       // returns once it
//   serves Channel::Open({.address = police.tls_address(), ...});
//   police.Kill();                        // SIGKILL
//   police.Start();                       // port 0 is another port now
//   EXPECT_EQ(police.Stop(), 0);          // SIGTERM
//
// What it says on stderr goes to the test's own, each line with its name. It is
// killed when the object goes, and by the kernel when the thread that started
// it does, however that ends: no process outlives its test.
//
// Threads: one at a time, and the one that calls Start must outlive the
// process. Nothing here polls: Start waits for the line "serving name=..." on a
// pipe, for as long as the test may run.
#ifndef VIGIL_TESTS_PROCESS_H_
#define VIGIL_TESTS_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

namespace vigil {

// Runs a command to its end; what it prints on stdout, or the test program ends
// if it fails.
std::string RunCommand(const std::vector<std::string>& command);

class Process {
 public:
  // `binary --config config_file`.
  Process(std::string binary, std::string config_file);
  ~Process();  // as Kill

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Ends the test program if the process ends before it serves.
  void Start();

  // Sends SIGTERM and waits; the exit code, or -signal.
  int Stop();

  // Sends SIGKILL and waits. Nothing if it does not run.
  void Kill();

  bool running() const { return pid_ > 0; }
  // "127.0.0.1:41231"; of the last start.
  const std::string& tls_address() const { return tls_address_; }
  const std::string& plaintext_address() const { return plaintext_address_; }

 private:
  int Wait();

  const std::string binary_;
  const std::string config_file_;
  const std::string name_;  // the binary's
  pid_t pid_ = -1;
  // Reads the pipe to its end, lest the process stand still on a full one.
  std::thread reader_;
  std::string tls_address_;
  std::string plaintext_address_;
};

}  // namespace vigil

#endif  // VIGIL_TESTS_PROCESS_H_
