#include "libs/service/server.h"

#include <arpa/inet.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/atomic_file.h"
#include "libs/base/check.h"
#include "libs/service/certificate.h"
#include "libs/service/grpc_call.h"
#include "libs/service/log.h"
#include "libs/service/metrics.h"

namespace vigil::service {
namespace {

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

// "127.0.0.1" of "127.0.0.1:0", "[::1]" of "[::1]:0".
absl::string_view Host(absl::string_view address) {
  return address.substr(0, address.rfind(':'));
}

// What a client on this machine calls, with a name that a certificate can have.
absl::string_view ReachableHost(absl::string_view address) {
  const absl::string_view host = Host(address);
  return host == "0.0.0.0" || host == "[::]" ? "localhost" : host;
}

// A literal, since what a name resolves to may change.
bool IsLoopback(absl::string_view address) {
  const std::string host(Host(address));
  if (host == "[::1]") return true;
  in_addr parsed;
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 &&
         ntohl(parsed.s_addr) >> 24 == IN_LOOPBACKNET;
}

// Linking the reflection library adds its plugin to every server; this takes
// it away again where reflection was not asked for.
class Reflection final : public grpc::ServerBuilderOption {
 public:
  explicit Reflection(bool wanted) : wanted_(wanted) {}

  void UpdateArguments(grpc::ChannelArguments*) override {}

  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    auto reflection =
        std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&](const auto& plugin) {
      return plugin->name() == reflection->name();
    });
    if (wanted_) plugins->push_back(std::move(reflection));
  }

 private:
  const bool wanted_;
};

absl::StatusOr<std::string> ReadNamed(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (bytes.ok() && bytes->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  }
  return bytes;
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TlsCredentials(
    const config::v1::Listener& listener) {
  absl::StatusOr<std::string> certificate =
      ReadNamed(listener.certificate_file());
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = ReadNamed(listener.private_key_file());
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> authority = ReadNamed(listener.client_ca_file());
  if (!authority.ok()) return authority.status();
  if (absl::Status pair = CheckKeyPair(*certificate, *key); !pair.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(listener.certificate_file(), ": ", pair.message()));
  }
  if (absl::Status parsed = ParseCertificate(*authority).status();
      !parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(listener.client_ca_file(), ": ", parsed.message()));
  }
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          listener.private_key_file(), listener.certificate_file(),
          listener.client_ca_file(),
          static_cast<unsigned>(absl::ToInt64Seconds(kCertificateRefresh))));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

// As it is now: the file may have been renewed since the start.
double NotAfterSeconds(const std::string& certificate_file) {
  absl::StatusOr<std::string> pem = ReadFile(certificate_file);
  if (!pem.ok()) return 0;
  absl::StatusOr<Certificate> certificate = ParseCertificate(*pem);
  if (!certificate.ok()) return 0;
  return static_cast<double>(absl::ToUnixSeconds(certificate->not_after));
}

void SetLimits(grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(static_cast<int>(kMaxReceiveBytes));
  // A compressed message would be inflated before anybody asks who sent it, a
  // thousandfold if made for it. Both are needed: the one refuses the call, the
  // other keeps gRPC from inflating its message meanwhile.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                              static_cast<int>(kMaxMetadataBytes));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                              kMaxConcurrentStreams);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                              Milliseconds(kKeepalive));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                              Milliseconds(kKeepaliveAnswer));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // A client that pings as we do is no attacker; half as often is allowed, so
  // that a late packet does not end its connection.
  builder->AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(kKeepalive / 2));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                              Milliseconds(kMaxConnectionAge));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                              Milliseconds(kMaxConnectionAgeGrace));
  // Otherwise a second process would take the same port, and half the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("vigil");
  quota.Resize(kGrpcBufferBytes);
  builder->SetResourceQuota(quota);
}

}  // namespace

void BeginProcess() {
  umask(S_IRWXG | S_IRWXO);
  // Debian's Abseil is built with assertions, so that every lock of ours and of
  // gRPC's walks a graph under a global lock: a tenth of what a publish costs.
  // Tests, which do not come by here, keep it.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const sigset_t signals = TerminationSignals();
  Check(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0,
        "signals can be blocked");
}

struct Server::State {
  std::string AddressesFile() const {
    return absl::StrCat(process.data_folder(), "/addresses");
  }

  std::string name;
  config::v1::Process process;
  Metrics* metrics;
  std::vector<grpc::Service*> services;
  std::map<std::string, std::function<bool()>> watched;
  std::string tls_address;
  std::string plaintext_address;
  std::string metrics_address;
  std::unique_ptr<grpc::Server> server;
  std::thread watcher;

  absl::Mutex mutex;
  bool ending ABSL_GUARDED_BY(mutex) = false;
  std::map<std::string, bool, std::less<>> serving ABSL_GUARDED_BY(mutex);
  // Of the server, while it serves.
  grpc::HealthCheckServiceInterface* health ABSL_GUARDED_BY(mutex) = nullptr;
};

Server::Server(std::string name, config::v1::Process process, Metrics* metrics)
    : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->process = std::move(process);
  state_->metrics = metrics;
}

Server::~Server() { Shutdown(); }

void Server::Add(absl::string_view service_name, grpc::Service* service) {
  Check(state_->server == nullptr, "services are added before Start");
  state_->services.push_back(service);
  absl::MutexLock lock(&state_->mutex);
  state_->serving.try_emplace(std::string(service_name), true);
}

void Server::Watch(absl::string_view name, std::function<bool()> serving) {
  Check(state_->server == nullptr, "what is watched is named before Start");
  state_->watched[std::string(name)] = std::move(serving);
}

void Server::WatchUntilEnd() {
  bool ending = false;
  while (!ending) {
    for (const auto& [name, serving] : state_->watched) {
      SetServing(name, serving());
    }
    absl::MutexLock lock(&state_->mutex);
    ending = state_->mutex.AwaitWithTimeout(absl::Condition(&state_->ending),
                                            kAskHealthEvery);
  }
}

absl::Status Server::Start() {
  State& state = *state_;
  const config::v1::Listener& listener = state.process.listener();
  if (listener.address().empty() && !listener.has_plaintext()) {
    return absl::InvalidArgumentError("there is no listener");
  }
  std::error_code error;
  std::filesystem::create_directories(state.process.data_folder(), error);
  // What a killed process left would lead scripts astray.
  std::filesystem::remove(state.AddressesFile(), error);

  BeginGrpc();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetLimits(&builder);
  builder.SetOption(std::make_unique<Reflection>(state.process.reflection()));
  int tls_port = 0;
  int plaintext_port = 0;
  if (!listener.address().empty()) {
    auto credentials = TlsCredentials(listener);
    if (!credentials.ok()) return credentials.status();
    builder.AddListeningPort(listener.address(), *credentials, &tls_port);
    state.metrics->AddGauge(
        "vigil_certificate_not_after_timestamp_seconds",
        "When this process's certificate ends, in seconds since 1970.",
        [file = listener.certificate_file()] { return NotAfterSeconds(file); });
  }
  if (listener.has_plaintext()) {
    const std::string& address = listener.plaintext().address();
    if (!IsLoopback(address)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "plaintext is for a loopback address only, as 127.0.0.1:0, not ",
          address));
    }
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(),
                             &plaintext_port);
  }
  for (grpc::Service* service : state.services) {
    builder.RegisterService(service);
  }
  state.server = builder.BuildAndStart();
  if (state.server == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ",
                                               listener.address(), " ",
                                               listener.plaintext().address()));
  }
  std::vector<LogField> fields = {{"name", state.name}};
  if (tls_port != 0) {
    state.tls_address =
        absl::StrCat(ReachableHost(listener.address()), ":", tls_port);
    fields.emplace_back("tls", state.tls_address);
  }
  if (plaintext_port != 0) {
    state.plaintext_address =
        absl::StrCat(Host(listener.plaintext().address()), ":", plaintext_port);
    fields.emplace_back("plaintext", state.plaintext_address);
  }
  if (!state.process.metrics_address().empty()) {
    absl::StatusOr<std::string> metrics =
        state.metrics->Expose(state.process.metrics_address());
    if (!metrics.ok()) return metrics.status();
    state.metrics_address = *std::move(metrics);
    fields.emplace_back("metrics", state.metrics_address);
  }
  {
    absl::MutexLock lock(&state.mutex);
    state.health = state.server->GetHealthCheckService();
    for (const auto& [name, serving] : state.serving) {
      state.health->SetServingStatus(name, serving);
    }
  }
  if (!state.watched.empty()) {
    state.watcher = std::thread([this] { WatchUntilEnd(); });
  }
  const std::string line = LogLine("serving", fields);
  if (absl::Status written =
          WriteFileAtomically(state.AddressesFile(), line + "\n", kOwnerOnly);
      !written.ok()) {
    return written;
  }
  LogInfo("serving", fields);
  return absl::OkStatus();
}

const std::string& Server::tls_address() const { return state_->tls_address; }

const std::string& Server::plaintext_address() const {
  return state_->plaintext_address;
}

const std::string& Server::metrics_address() const {
  return state_->metrics_address;
}

void Server::SetServing(absl::string_view name, bool serving) {
  absl::MutexLock lock(&state_->mutex);
  bool& known =
      state_->serving.try_emplace(std::string(name), !serving).first->second;
  if (known == serving) return;
  known = serving;
  if (state_->health != nullptr) {
    state_->health->SetServingStatus(std::string(name), serving);
  }
}

void Server::Shutdown() {
  if (state_->server == nullptr) return;
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->health != nullptr) state_->health->Shutdown();
    state_->health = nullptr;
    state_->ending = true;
  }
  if (state_->watcher.joinable()) state_->watcher.join();
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           absl::ToChronoMilliseconds(kShutdownGrace));
  state_->server.reset();
  state_->metrics->StopExposing();
  std::error_code ignored;
  std::filesystem::remove(state_->AddressesFile(), ignored);
}

int Server::RunUntilSignal(const std::function<void()>& drain) {
  const sigset_t signals = TerminationSignals();
  int signal = 0;
  Check(sigwait(&signals, &signal) == 0, "sigwait waits");
  LogInfo("stopping", {{"name", state_->name}, {"signal", signal}});
  Shutdown();
  if (drain) drain();
  LogInfo("stopped", {{"name", state_->name}});
  return 0;
}

}  // namespace vigil::service
