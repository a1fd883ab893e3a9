// Publishing a file or stream of an agency's statements.
//
//   Publishing publishing(open, clock, sinks, options);
//   absl::Status status = publishing.Run(*LineInput::Open("-"));
//   publishing.counts();   // sent, logged, accepted, refused ...
//
// An item is one statement: one line of ProtoJSON, or in text format what
// stands between two lines of "---". Items go out in the order of the file, as
// many at a time as a batch may hold; of a stream, what has come is answered
// before more is waited for. What cannot be read, and what the service refuses,
// is told by line and by every field at fault, and the rest goes on. Refusals
// and receipts are written in the order of the file, too.
//
// When the connection breaks, or an item ends UNAVAILABLE or DEADLINE_EXCEEDED,
// or is refused with a delay (RESOURCE_EXHAUSTED with RetryInfo), whatever has
// no outcome is sent again as it was, with the request ids it has, for as long
// as `options.retry_for`: a repeat of a statement is the same statement. What
// is in doubt even then ends the run: to publish the same file again is safe,
// and finds out.
//
// Errors name lines and fields, never a value.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_PUBLISHING_H_
#define VIGIL_TOOLS_VIGIL_PUBLISHING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/vigil/line_input.h"
#include "tools/vigil/statement_stream.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {

enum class ItemFormat { kJsonLines, kTextProto };

// The line between two items of text format.
inline constexpr absl::string_view kTextProtoSeparator = "---";

// Before what has no outcome is sent again, unless the service names another
// delay; it doubles up to the second.
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
  // After each item, with the bytes read so far.
  std::function<void(const PublishCounts&, uint64_t bytes)> progress;
};

struct PublishOptions {
  ItemFormat format = ItemFormat::kJsonLines;
  absl::Duration answer_within = absl::Seconds(30);  // else it is in doubt
  absl::Duration retry_for = absl::Seconds(30);
};

class Publishing {
 public:
  // Called again after each that broke.
  using OpenFn = std::function<std::unique_ptr<StatementStream>()>;
  // Sleeps, and the clock: arguments, so that a test takes no time.
  struct Clock {
    std::function<absl::Time()> now;
    std::function<void(absl::Duration)> wait;
  };

  Publishing(OpenFn open, Clock clock, PublishSinks sinks,
             const PublishOptions& options);
  ~Publishing();

  // OK when each item has an outcome, refused ones too. UNAVAILABLE when some
  // are in doubt, or the input broke off; anything else when the service
  // refused to be spoken to at all. Then the rest was not read.
  absl::Status Run(LineInput& in);

  const PublishCounts& counts() const { return counts_; }

 private:
  struct Item {
    std::string text;
    common::v1::Statement statement;
    size_t bytes = 0;         // in a call
    std::string refused_why;  // before it was sent
    std::optional<common::v1::Outcome> outcome;
    bool has_end() const { return outcome.has_value() || !refused_why.empty(); }
  };

  absl::Status ReadAll(LineInput& in);
  // False at the end of the stream. Has all answered before it waits.
  absl::StatusOr<bool> ReadItem(LineInput& in, std::string* text,
                                int64_t* line);
  absl::Status Take(std::string text, int64_t line);
  // What is wrong with it; empty: nothing.
  std::string Read(absl::string_view text, int64_t line,
                   common::v1::Statement* statement) const;

  void Send(int64_t line);
  // Takes one outcome, or the end of the stream; false if neither came in that
  // time. Not OK if there is no use in sending again.
  absl::StatusOr<bool> Receive(absl::Duration wait);
  absl::Status Answered(common::v1::StreamOutcome numbered);
  absl::Status Broken(const absl::Status& status);
  // Until each item that was sent has its outcome.
  absl::Status Settle();

  // Tells of the items at the front that have their outcomes.
  void Report();
  // After an error: of all that have, and how many have not.
  void ReportLast(const absl::Status& error);
  void Tell(int64_t line, const Item& item);
  void Received(int64_t line, const common::v1::Receipt& receipt);
  void Refuse(int64_t line, absl::string_view text, absl::string_view why);
  void Flush();

  const OpenFn open_;
  const Clock clock_;
  const PublishSinks sinks_;
  const PublishOptions options_;
  PublishCounts counts_;
  std::unique_ptr<StatementStream> stream_;
  uint64_t next_number_ = 0;  // on the stream
  // By line, all that nobody was told of yet; within the limits of one batch.
  std::map<int64_t, Item> items_;
  size_t items_bytes_ = 0;
  // Lines of those that have no outcome: on the stream, by their numbers there;
  // and to be sent again.
  absl::flat_hash_map<uint64_t, int64_t> waiting_;
  std::set<int64_t> again_;
  absl::Status trouble_;  // why again
  std::optional<absl::Duration> asked_delay_;
  int64_t lines_read_ = 0;
  uint64_t bytes_read_ = 0;
  // Hashes of the event ids received: to tell a repeat within this run.
  absl::flat_hash_set<size_t> seen_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_PUBLISHING_H_
