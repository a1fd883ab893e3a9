// A client's way to a service: the CLI and the tests.
//
//   absl::StatusOr<Channel> police = Channel::Open(
//       {.address = "127.0.0.1:7443", .ca_file = "ca.crt",
//        .certificate_file = "me.crt", .private_key_file = "me.key"});
//   Receipt receipt;
//   absl::Status status = police->Call(
//       "/vigil.police.v1.PoliceService/Submit", statement, &receipt,
//       {.timeout = absl::Seconds(10)});
//
// It repeats a call that ends UNAVAILABLE, as deploy/grpc_service_config.json
// says (every client may use that file): safe, because a repeat of a request is
// the same request. A status holds the google.rpc details (status.h).
//
// Threads: safe; a call waits on its own thread. Copies share one connection.
#ifndef VIGIL_LIBS_SERVICE_CHANNEL_H_
#define VIGIL_LIBS_SERVICE_CHANNEL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/limits.h"

namespace vigil::service {

struct Target {
  std::string address;  // "host:port"
  // Files in PEM. Without an authority there is no TLS: for a plaintext
  // listener. Certificate and key come together; every service wants them.
  std::string ca_file;
  std::string certificate_file;
  std::string private_key_file;
};

// A stream in both directions, as it goes on.
//
//   std::unique_ptr<Exchange> stream = channel.Begin(method, options);
//   stream->Send(statement);
//   switch (stream->Receive(&outcome, absl::Seconds(30))) { ... }
//
// Sending never waits: what the service does not take yet is kept. Whoever
// sends much bounds what has no answer.
//
// Threads: safe.
class Exchange {
 public:
  enum class Received {
    kMessage,
    kNothing,  // in that time
    kEnd,      // nothing will come: see status()
  };

  // Ends the stream (CANCELLED to the service) if it has not ended.
  virtual ~Exchange() = default;

  virtual void Send(const google::protobuf::Message& message) = 0;

  // After all that was sent: nothing more will be.
  virtual void SendNoMore() = 0;

  // The next message, if it comes within `wait`.
  virtual Received Receive(google::protobuf::Message* message,
                           absl::Duration wait) = 0;

  // How it ended, once Receive has said that it did.
  virtual absl::Status status() const = 0;
};

struct CallOptions {
  absl::Duration timeout = kDefaultDeadline;  // may be infinite
  std::string traceparent;                    // W3C trace context; empty: none
};

// The text of deploy/grpc_service_config.json.
absl::string_view ServiceConfigJson();

class Channel {
 public:
  // Does not connect yet: the first call does. INVALID_ARGUMENT if only some
  // files are named, or the key is not the certificate's; otherwise as
  // ReadFile.
  static absl::StatusOr<Channel> Open(const Target& target);

  // `method` is "/package.Service/Rpc".
  absl::Status Call(const std::string& method,
                    const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    const CallOptions& options = {}) const;

  // A server stream: each message in turn is in `response` when `next` is
  // called; false ends the stream early, which is CANCELLED.
  absl::Status Stream(const std::string& method,
                      const google::protobuf::Message& request,
                      google::protobuf::Message* response,
                      const std::function<bool()>& next,
                      const CallOptions& options = {}) const;

  // Both ways. `options.timeout` is of the whole stream.
  std::unique_ptr<Exchange> Begin(const std::string& method,
                                  const CallOptions& options) const;

  // NOT_SERVING and unknown names are false; a call that fails is its status.
  absl::StatusOr<bool> IsServing(
      absl::string_view service_name,
      absl::Duration timeout = kDefaultDeadline) const;

 private:
  struct Connection;  // gRPC's types
  explicit Channel(std::shared_ptr<const Connection> connection);
  std::shared_ptr<const Connection> connection_;
};

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_CHANNEL_H_
