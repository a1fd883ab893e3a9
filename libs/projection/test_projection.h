// What the tests of this folder share: a log on disk, a fold of two tables, and
// records for them.
#ifndef VIGIL_LIBS_PROJECTION_TEST_PROJECTION_H_
#define VIGIL_LIBS_PROJECTION_TEST_PROJECTION_H_

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/base/big_endian.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/projection/fold.h"
#include "libs/projection/snapshot.h"
#include "tests/temporary_folder.h"

namespace vigil::projection {

inline constexpr char kTopic[] = "vigil.test.events.v1";
inline const eventlog::Topics kTopics = {{kTopic, {.partitions = 3}}};
inline const std::vector<eventlog::Partition> kPartitions =
    eventlog::PartitionsOf(kTopics, kTopic);

inline absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

inline std::string operator/(const TemporaryFolder& folder,
                             const std::string& name) {
  return folder.path() + "/" + name;
}

inline std::string PositionBytes(const eventlog::Position& position) {
  std::string bytes = position.partition.topic;
  AppendBigEndian32(bytes, static_cast<uint32_t>(position.partition.partition));
  AppendBigEndian64(bytes, static_cast<uint64_t>(position.offset));
  return bytes;
}

// Two tables of a record: by its key, of which four bytes are the prefix, and
// by the first word of its value. A value that begins with '!' cannot be
// opened; it fails after its first row.
inline constexpr size_t kByKey = 0;
inline constexpr size_t kByWord = 1;

inline std::string KeyPrefix(std::string key) {
  key.resize(4, '.');
  return key;
}

inline Fold TestFold(uint32_t version = 1) {
  return {version,
          {{"by_key", 4}, {"by_word"}},
          [](const eventlog::LoggedRecord& record, Rows& rows) {
            const std::string at = PositionBytes(record.position);
            const std::string& value = record.record.value;
            rows.Put(kByKey, KeyPrefix(record.record.key) + at, value);
            if (!value.empty() && value[0] == '!') {
              return absl::InvalidArgumentError("begins with !");
            }
            rows.Put(kByWord, value.substr(0, value.find(' ')) + " " + at,
                     record.record.key);
            return absl::OkStatus();
          }};
}

inline std::unique_ptr<eventlog::RocksdbEventLog> OpenLog(
    const std::string& folder) {
  auto log = eventlog::RocksdbEventLog::Open(folder, kTopics);
  EXPECT_TRUE(log.ok()) << log.status();
  return *std::move(log);
}

inline eventlog::Position Append(eventlog::EventLog& log,
                                 const std::string& key,
                                 const std::string& value) {
  const auto appended =
      log.Append({kTopic, {key, value, {{"h", value.substr(0, 1)}}}}, Soon());
  EXPECT_TRUE(appended.ok()) << appended.status();
  return appended->position;
}

// All records of the log, in the order of one cursor.
inline std::vector<eventlog::LoggedRecord> ReadAll(eventlog::EventLog& log) {
  std::map<eventlog::Partition, int64_t> from;
  size_t total = 0;
  for (const auto& partition : kPartitions) {
    from[partition] = 0;
    total += static_cast<size_t>(*log.End(partition, Soon()));
  }
  auto cursor = log.Open(from);
  EXPECT_TRUE(cursor.ok()) << cursor.status();
  std::vector<eventlog::LoggedRecord> records;
  while (records.size() < total) {
    auto some = (*cursor)->Next(1000, Soon());
    EXPECT_TRUE(some.ok()) << some.status();
    if (!some.ok()) break;
    std::move(some->begin(), some->end(), std::back_inserter(records));
  }
  return records;
}

inline Positions Ends(eventlog::EventLog& log) {
  Positions ends;
  for (const auto& partition : kPartitions) {
    ends[partition] = *log.End(partition, Soon());
  }
  return ends;
}

inline std::vector<std::string> ValuesOf(const Snapshot& snapshot, size_t table,
                                         const std::string& prefix) {
  std::vector<std::string> values;
  const absl::Status read = snapshot.Scan(
      table, prefix, [&](absl::string_view, absl::string_view value) {
        values.emplace_back(value);
        return true;
      });
  EXPECT_TRUE(read.ok()) << read;
  return values;
}

}  // namespace vigil::projection

#endif  // VIGIL_LIBS_PROJECTION_TEST_PROJECTION_H_
