// The bare limit of a call: gRPC's callback API and nothing else. It reads no
// request, and answers each with as many bytes as a receipt has.
#ifndef VIGIL_TOOLS_BENCHMARK_BARE_GRPC_H_
#define VIGIL_TOOLS_BENCHMARK_BARE_GRPC_H_

#include <string>

#include "absl/status/status.h"

namespace vigil::benchmark {

inline constexpr char kEchoMethod[] = "/vigil.bench.Bare/Echo";

// Serves on a free loopback port until SIGTERM. Its address goes into
// <folder>/addresses once it serves, as "plaintext=127.0.0.1:41231".
absl::Status ServeEcho(const std::string& folder);

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_BARE_GRPC_H_
