// The port to the log: put records in order, durably, and read them back.
//
//   auto log = RocksdbEventLog::Open(folder, topics);          // or Kafka
//   absl::StatusOr<Appended> done = (*log)->Append(
//       {"vigil.police.events.v1", {subject, bytes, {}}}, absl::Now() +
//       absl::Seconds(1));
//   auto cursor = (*log)->Open({{{"vigil.police.events.v1", 0}, 0}});
//   absl::StatusOr<std::vector<LoggedRecord>> some = (*cursor)->Next(500,
//   deadline);
//
// A log knows nothing of what its bytes mean. Two adapters keep this contract,
// and one suite (tests/contract) holds both to it: RocksdbEventLog, for one
// machine, and KafkaEventLog.
//
// Threads: every method of EventLog may be called from any number of threads at
// once. A Cursor belongs to one thread at a time.
#ifndef VIGIL_LIBS_EVENTLOG_EVENT_LOG_H_
#define VIGIL_LIBS_EVENTLOG_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace vigil::eventlog {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

// What is appended. The value is the truth; the headers repeat parts of it for
// tools that route without decoding. The key chooses the partition (murmur2, as
// Kafka's own clients in every language), so one key is one total order.
struct Record {
  std::string key;
  std::string value;
  std::vector<Header> headers;
  friend bool operator==(const Record&, const Record&) = default;
};

struct TopicRecord {
  std::string topic;
  Record record;
};

struct Partition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const Partition&, const Partition&) = default;
};

// The place of one record, for ever. Offsets of a partition strictly increase
// from 0; they may jump, so a reader resumes at the last record's offset + 1
// and never counts.
struct Position {
  Partition partition;
  int64_t offset = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

// What the log says of a record that it has: where, and since when. `logged` is
// given by the log alone (Kafka's LogAppendTime; the embedded log's commit
// time, which never runs backwards within a partition), in whole milliseconds.
struct Appended {
  Position position;
  absl::Time logged;
};

struct LoggedRecord {
  Position position;
  absl::Time logged;
  Record record;
};

// The largest value that a log takes, in bytes: below the broker's default
// message.max.bytes (1,048,588) with room for key, headers and framing. Callers
// check it before they promise anything; an append over it is INVALID_ARGUMENT.
inline constexpr size_t kMaxValueBytes = 1'000'000;

// The largest sum of key, header names and header values: what the broker's
// limit leaves beside the value, with 16 KB kept for framing.
inline constexpr size_t kMaxKeyAndHeaderBytes = 32'000;

// Receives one outcome for each record of a batch, in the batch's order. It may
// run on any thread, so it must neither block nor throw; it runs exactly once.
using AppendDone = std::function<void(std::vector<absl::StatusOr<Appended>>)>;

// Reads records of its partitions, each partition's in order of offset. Between
// partitions there is no order.
class Cursor {
 public:
  virtual ~Cursor() = default;

  // At most `limit` records. Waits until there is at least one or the deadline
  // passes; an empty answer is no error, it means "nothing yet".
  //   DATA_LOSS    an offset that was asked for is beyond the end or before the
  //                start: the log is not the one that was read before. Never
  //                answered by an empty batch or by a jump.
  //   UNAVAILABLE  the log cannot be reached now, which an empty answer never
  //                hides. It may come before the deadline; the same call a
  //                little later goes on where this one stopped, and so does the
  //                first one, when connecting takes longer than it waits.
  //                Partitions that can be reached are read though others
  //                cannot: of which ones, EventLog::Ends tells.
  //   PERMISSION_DENIED  the broker's ACLs.
  virtual absl::StatusOr<std::vector<LoggedRecord>> Next(
      size_t limit, absl::Time deadline) = 0;
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends each record, independently of the others, and calls `done` once
  // when the fate of all is known or the deadline has passed. OK means durable.
  // After
  //   UNAVAILABLE or DEADLINE_EXCEEDED  the record is IN DOUBT: it may be in
  //   the
  //                log, or come into it later. Append the same bytes again;
  //                readers keep the first.
  //   INVALID_ARGUMENT (over kMaxValueBytes or kMaxKeyAndHeaderBytes, empty
  //                key), NOT_FOUND (topic not in the declaration),
  //                PERMISSION_DENIED (the broker's ACLs): it is not in the log,
  //                and the same bytes never will be.
  //   RESOURCE_EXHAUSTED  too much in flight; it is not in the log, try later.
  // Records with one key that one caller gives in one batch keep their order.
  virtual void AppendBatch(std::vector<TopicRecord> batch, absl::Time deadline,
                           AppendDone done) = 0;

  // One record, and waits for it.
  absl::StatusOr<Appended> Append(TopicRecord record, absl::Time deadline);

  // A cursor that begins at the given offset of each given partition. An offset
  // equal to End is the tail. NOT_FOUND for a topic or partition that is not in
  // the declaration.
  virtual absl::StatusOr<std::unique_ptr<Cursor>> Open(
      std::map<Partition, int64_t> from) = 0;

  // The offset that the next record of each partition will have at least, or
  // why that cannot be told: one answer for each, all asked at once.
  //   UNAVAILABLE  the log cannot be asked by the deadline; or this partition
  //                is away, as one without a leader, or of a topic that was
  //                declared and is not made yet
  //   NOT_FOUND, PERMISSION_DENIED  as above
  virtual std::map<Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<Partition>& partitions, absl::Time deadline) = 0;

  // Of one.
  absl::StatusOr<int64_t> End(const Partition& partition, absl::Time deadline);

  // The topics of this deployment and how many partitions each has: what the
  // declaration says, so it answers when the log cannot be reached.
  virtual std::vector<Partition> Partitions(const std::string& topic) const = 0;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_LIBS_EVENTLOG_EVENT_LOG_H_
