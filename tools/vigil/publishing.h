// Publishing a file or stream of an agency's requests, item by item.
//
//   Publishing publishing(*FindAgency("police"), send, sinks, options);
//   absl::Status status = publishing.Run(*LineInput::Open("-"));
//   publishing.counts();   // sent, logged, accepted, refused ...
//
// An item is one request: one line of ProtoJSON, or in text format what stands
// between two lines of "---". Items go out in batches within the contract's
// limits, in the order of the file; of a stream, what has come goes out before
// more is waited for. What cannot be read, and what the service refuses, is
// told by line and by every field at fault, and the rest goes on.
//
// What ends UNAVAILABLE or DEADLINE_EXCEEDED, and what is refused with a delay
// (RESOURCE_EXHAUSTED with RetryInfo), is sent again as it was, with the
// request ids it has, for as long as `options.retry_for`: a repeat of a request
// is the same request. What is in doubt even then ends the run: to publish the
// same file again is safe, and finds out.
//
// Errors name lines and fields, never a value.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_PUBLISHING_H_
#define VIGIL_TOOLS_VIGIL_PUBLISHING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "tools/vigil/agencies.h"
#include "tools/vigil/line_input.h"
#include "vigil/common/v1/submission.pb.h"

namespace vigil::cli {

enum class ItemFormat { kJsonLines, kTextProto };

// The line between two items of text format.
inline constexpr absl::string_view kTextProtoSeparator = "---";

// Between two tries of one batch, unless the service names another delay; it
// doubles up to the second.
inline constexpr absl::Duration kFirstRetryDelay = absl::Milliseconds(200);
inline constexpr absl::Duration kMaxRetryDelay = absl::Seconds(5);

struct PublishCounts {
  int64_t sent = 0;      // items that a service answered for
  int64_t logged = 0;    // receipts: in the log
  int64_t accepted = 0;  // receipts: on the service's disk, to be relayed
  int64_t repeated = 0;  // of those, facts that this run had sent before
  int64_t refused = 0;   // not read, or refused by the service
  int64_t in_doubt = 0;  // may be stored or not
};

// "sent 10, logged 9, accepted 1, repeated 0, refused 2, in doubt 0".
std::string CountsText(const PublishCounts& counts);

struct PublishSinks {
  std::ostream* errors = nullptr;    // for people
  std::ostream* refused = nullptr;   // refused items as they were; or nullptr
  std::ostream* receipts = nullptr;  // {"line":..,"requestId":..,"receipt":..}
  // After each batch, with the bytes read so far.
  std::function<void(const PublishCounts&, uint64_t bytes)> progress;
};

struct PublishOptions {
  ItemFormat format = ItemFormat::kJsonLines;
  absl::Duration retry_for = absl::Seconds(30);
};

class Publishing {
 public:
  // One SubmitBatch.
  using Send =
      std::function<absl::Status(const google::protobuf::Message& batch,
                                 common::v1::SubmitBatchResponse*)>;
  // Sleeps, and the clock: arguments, so that a test takes no time.
  struct Clock {
    std::function<absl::Time()> now;
    std::function<void(absl::Duration)> wait;
  };

  Publishing(const Agency& agency, Send send, Clock clock, PublishSinks sinks,
             const PublishOptions& options);
  ~Publishing();

  // OK when each item has an outcome, refused ones too. UNAVAILABLE when some
  // are in doubt, or the input broke off; anything else when the service
  // refused to be spoken to at all. Then the rest was not read.
  absl::Status Run(LineInput& in);

  const PublishCounts& counts() const { return counts_; }

 private:
  struct Item {
    int64_t line;
    std::string text;
    std::unique_ptr<google::protobuf::Message> message;
  };

  // False at the end of the stream. Sends what is pending before it waits.
  absl::StatusOr<bool> ReadItem(LineInput& in, std::string* text,
                                int64_t* line);
  absl::Status Take(std::string text, int64_t line);
  absl::Status SendPending();
  absl::Status SendAll(std::vector<Item> items);
  void Received(const Item& item, const common::v1::Receipt& receipt);
  void Refuse(int64_t line, absl::string_view text, absl::string_view why);
  std::unique_ptr<google::protobuf::Message> Read(absl::string_view text,
                                                  int64_t line,
                                                  std::string* why) const;

  const Agency& agency_;
  const Send send_;
  const Clock clock_;
  const PublishSinks sinks_;
  const PublishOptions options_;
  PublishCounts counts_;
  std::vector<Item> pending_;  // within the limits of one batch
  size_t pending_bytes_ = 0;
  int64_t lines_read_ = 0;
  uint64_t bytes_read_ = 0;
  // Hashes of the event ids received: to tell a repeat within this run.
  absl::flat_hash_set<size_t> seen_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_PUBLISHING_H_
