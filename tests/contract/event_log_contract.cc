#include "tests/contract/event_log_contract.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "libs/eventlog/partitioner.h"

namespace vigil::eventlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int32_t kPartitions = 3;

// Generous: it is reached only by a log that is broken.
absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

std::string TestName() {
  const testing::TestInfo* info =
      testing::UnitTest::GetInstance()->current_test_info();
  return absl::StrReplaceAll(info->name(), {{"/", "-"}});
}

std::vector<absl::StatusOr<Appended>> AppendAll(EventLog& log,
                                                std::vector<TopicRecord> batch,
                                                absl::Time deadline) {
  std::vector<absl::StatusOr<Appended>> got;
  absl::Notification done;
  log.AppendBatch(std::move(batch), deadline,
                  [&](std::vector<absl::StatusOr<Appended>> outcomes) {
                    got = std::move(outcomes);
                    done.Notify();
                  });
  done.WaitForNotification();
  return got;
}

// A key that belongs to this partition.
std::string KeyOf(int32_t partition) {
  for (int i = 0;; ++i) {
    std::string key = absl::StrCat("key-", i);
    if (PartitionOf(key, kPartitions) == partition) return key;
  }
}

std::string RandomBytes(size_t size) {
  std::mt19937_64 random(size);  // the same each time: a test is no lottery
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace

EventLogContract::EventLogContract()
    : topic_(absl::StrCat("vigil.test.", TestName(), ".v1")),
      other_topic_(absl::StrCat("vigil.test.", TestName(), ".other.v1")),
      topics_({{topic_,
                {.partitions = kPartitions,
                 .replication_factor = 1,
                 .min_insync_replicas = 1}},
               {other_topic_,
                {.partitions = 1,
                 .replication_factor = 1,
                 .min_insync_replicas = 1}}}) {}

void EventLogContract::SetUp() {
  under_test_ = GetParam()(topics_);
  ASSERT_NE(under_test_, nullptr);
  Reopen();
}

void EventLogContract::Reopen() {
  Close();
  auto opened = under_test_->Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  log_ = *std::move(opened);
}

std::vector<LoggedRecord> EventLogContract::ReadAll() {
  std::vector<LoggedRecord> all;
  for (const Partition& partition : log().Partitions(topic_)) {
    const auto end = log().End(partition, Soon());
    EXPECT_TRUE(end.ok()) << end.status();
    auto cursor = log().Open({{partition, 0}});
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    if (!end.ok() || !cursor.ok()) return all;
    for (int64_t next = 0; next < *end;) {
      const auto some = (*cursor)->Next(1000, Soon());
      if (!some.ok() || some->empty()) {
        ADD_FAILURE() << "nothing at " << next << ": " << some.status();
        return all;
      }
      next = some->back().position.offset + 1;
      all.insert(all.end(), some->begin(), some->end());
    }
  }
  return all;
}

TEST_P(EventLogContract, ReadsBackWhatWasAppended) {
  const std::vector<Record> records = {
      {"plain", "value", {}},
      {"empty value", "", {}},
      {std::string("\0key\xff", 5), RandomBytes(300), {}},
      {"headers",
       "value",
       {{"ce_type", "a"},
        {"ce_type", "twice"},
        {"empty", ""},
        {"binary", std::string("\0\xff", 2)}}},
  };
  std::map<Position, std::pair<Appended, Record>> appended;
  for (const Record& record : records) {
    const auto done = log().Append({topic_, record}, Soon());
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(done->position.partition.topic, topic_);
    EXPECT_EQ(done->position.partition.partition,
              PartitionOf(record.key, kPartitions));
    appended[done->position] = {*done, record};
  }
  ASSERT_THAT(appended, SizeIs(records.size()));
  const std::vector<LoggedRecord> read = ReadAll();
  ASSERT_THAT(read, SizeIs(records.size()));
  for (const LoggedRecord& each : read) {
    const auto& [done, record] = appended.at(each.position);
    EXPECT_EQ(each.record, record);
    EXPECT_EQ(each.logged, done.logged) << record.key;
  }
}

TEST_P(EventLogContract, OneKeyIsOneOrder) {
  std::vector<TopicRecord> batch;
  for (int i = 0; i < 300; ++i) {
    batch.push_back(
        {topic_, {absl::StrCat("key-", i % 7), absl::StrCat(i), {}}});
  }
  for (const auto& outcome : AppendAll(log(), batch, Soon())) {
    ASSERT_TRUE(outcome.ok()) << outcome.status();
  }
  std::map<std::string, std::vector<int>> by_key;
  for (const LoggedRecord& each : ReadAll()) {
    EXPECT_EQ(each.position.partition.partition,
              PartitionOf(each.record.key, kPartitions));
    by_key[each.record.key].push_back(std::stoi(each.record.value));
  }
  ASSERT_THAT(by_key, SizeIs(7));
  size_t total = 0;
  for (const auto& [key, values] : by_key) {
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end())) << key;
    total += values.size();
  }
  EXPECT_EQ(total, batch.size());
}

TEST_P(EventLogContract, OffsetsBeginAtZeroIncreaseAndEndIsTheNext) {
  const std::string key = KeyOf(1);
  const Partition partition = {topic_, 1};
  EXPECT_EQ(*log().End(partition, Soon()), 0);
  int64_t last = -1;
  for (int i = 0; i < 5; ++i) {
    const auto done = log().Append({topic_, {key, "v", {}}}, Soon());
    ASSERT_TRUE(done.ok()) << done.status();
    if (i == 0) {
      EXPECT_EQ(done->position.offset, 0);
    }
    EXPECT_GT(done->position.offset, last);
    last = done->position.offset;
  }
  EXPECT_EQ(*log().End(partition, Soon()), last + 1);
  EXPECT_EQ(*log().End({topic_, 0}, Soon()), 0);
}

TEST_P(EventLogContract, AReaderResumesAfterTheLastRecordItHas) {
  const std::string key = KeyOf(2);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(
        log().Append({topic_, {key, absl::StrCat(i), {}}}, Soon()).ok());
  }
  std::vector<std::string> values;
  int64_t next = 0;
  while (values.size() < 10) {
    auto cursor = log().Open({{{topic_, 2}, next}});
    ASSERT_TRUE(cursor.ok()) << cursor.status();
    const auto some = (*cursor)->Next(3, Soon());
    ASSERT_TRUE(some.ok()) << some.status();
    ASSERT_FALSE(some->empty());
    ASSERT_LE(some->size(), 3);
    for (const LoggedRecord& each : *some) values.push_back(each.record.value);
    next = some->back().position.offset + 1;
  }
  EXPECT_THAT(values,
              ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_P(EventLogContract, OneCursorGoesOnWhereItStopped) {
  const std::string key = KeyOf(0);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(
        log().Append({topic_, {key, absl::StrCat(i), {}}}, Soon()).ok());
  }
  auto cursor = log().Open({{{topic_, 0}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  std::string values;
  while (values.size() < 10) {
    const auto some = (*cursor)->Next(4, Soon());
    ASSERT_TRUE(some.ok()) << some.status();
    ASSERT_FALSE(some->empty());
    ASSERT_LE(some->size(), 4);
    for (const LoggedRecord& each : *some) values += each.record.value;
  }
  EXPECT_EQ(values, "0123456789");
}

TEST_P(EventLogContract, OneCursorReadsManyPartitionsAndTopics) {
  std::map<Partition, int64_t> from = {{{other_topic_, 0}, 0}};
  std::map<Partition, int> expected;
  for (int32_t i = 0; i < kPartitions; ++i) {
    from[{topic_, i}] = 0;
    for (int j = 0; j < 20; ++j) {
      ASSERT_TRUE(
          log().Append({topic_, {KeyOf(i), absl::StrCat(j), {}}}, Soon()).ok());
      ++expected[{topic_, i}];
    }
  }
  ASSERT_TRUE(log().Append({other_topic_, {"key", "v", {}}}, Soon()).ok());
  ++expected[{other_topic_, 0}];

  auto cursor = log().Open(from);
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  std::map<Partition, int> seen;
  std::map<Partition, int64_t> last;
  for (int total = 0; total < kPartitions * 20 + 1;) {
    const auto some = (*cursor)->Next(7, Soon());
    ASSERT_TRUE(some.ok()) << some.status();
    ASSERT_FALSE(some->empty());
    for (const LoggedRecord& each : *some) {
      const auto [place, first] =
          last.try_emplace(each.position.partition, each.position.offset);
      EXPECT_TRUE(first || each.position.offset > place->second);
      place->second = each.position.offset;
      ++seen[each.position.partition];
      ++total;
    }
  }
  EXPECT_EQ(seen, expected);
}

TEST_P(EventLogContract, AtTheTailAnEmptyAnswerAtTheDeadlineIsNoError) {
  ASSERT_TRUE(log().Append({topic_, {KeyOf(0), "passed", {}}}, Soon()).ok());
  const int64_t tail = *log().End({topic_, 0}, Soon());
  ASSERT_TRUE(log().Append({topic_, {KeyOf(0), "before", {}}}, Soon()).ok());
  auto cursor = log().Open({{{topic_, 0}, tail}, {{topic_, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  const auto before = (*cursor)->Next(10, Soon());
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_THAT(*before, SizeIs(1));
  EXPECT_EQ((*before)[0].record.value, "before");

  // Time enough for the log to be asked whether it is there at all.
  const absl::Time deadline = absl::Now() + absl::Milliseconds(500);
  const auto nothing = (*cursor)->Next(10, deadline);
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_THAT(*nothing, IsEmpty());
  EXPECT_GE(absl::Now(), deadline);

  // And the same cursor sees what comes after.
  ASSERT_TRUE(log().Append({topic_, {KeyOf(0), "after", {}}}, Soon()).ok());
  const auto some = (*cursor)->Next(10, Soon());
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_THAT(*some, SizeIs(1));
  EXPECT_EQ((*some)[0].record.value, "after");
}

TEST_P(EventLogContract, AReaderThatWaitsIsWokenByAnAppend) {
  auto cursor = log().Open({{{topic_, 0}, 0}, {{topic_, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  absl::StatusOr<std::vector<LoggedRecord>> got;
  std::thread reader(
      [&] { got = (*cursor)->Next(10, absl::InfiniteFuture()); });
  EXPECT_TRUE(log().Append({topic_, {KeyOf(1), "v", {}}}, Soon()).ok());
  reader.join();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_THAT(*got, SizeIs(1));
}

TEST_P(EventLogContract, LoggedTimeIsTheLogsOwnAndNeverRunsBackwards) {
  const absl::Time before =
      absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  for (int i = 0; i < 50; ++i) {
    const auto done = log().Append(
        {topic_, {absl::StrCat("key-", i % 5), absl::StrCat(i), {}}}, Soon());
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_GE(done->logged, before);
    EXPECT_LE(done->logged, absl::Now());
    EXPECT_EQ(done->logged,
              absl::FromUnixMillis(absl::ToUnixMillis(done->logged)));
  }
  std::map<Partition, absl::Time> last;
  for (const LoggedRecord& each : ReadAll()) {
    const auto [place, first] =
        last.try_emplace(each.position.partition, each.logged);
    EXPECT_GE(each.logged, place->second);
    place->second = each.logged;
  }
}

TEST_P(EventLogContract, ManyAppendersAtOnceLoseAndDoubleNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  absl::BlockingCounter pending(kThreads * kEach);
  std::atomic<int> failed = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        log().AppendBatch(
            {{topic_, {absl::StrCat("key-", thread), absl::StrCat(i), {}}}},
            Soon(), [&](std::vector<absl::StatusOr<Appended>> outcomes) {
              if (outcomes.size() != 1 || !outcomes[0].ok()) ++failed;
              pending.DecrementCount();
            });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  pending.Wait();
  EXPECT_EQ(failed, 0);

  std::map<std::string, int> next;  // per key, in order of offset
  for (const LoggedRecord& each : ReadAll()) {
    EXPECT_EQ(each.record.value, absl::StrCat(next[each.record.key]))
        << each.record.key;
    ++next[each.record.key];
  }
  ASSERT_THAT(next, SizeIs(kThreads));
  for (const auto& [key, count] : next) EXPECT_EQ(count, kEach) << key;
}

TEST_P(EventLogContract, TheSameBytesMayBeAppendedAgain) {
  // What a caller does after an append that was in doubt.
  const TopicRecord record = {topic_, {KeyOf(0), "fact", {{"ce_id", "1"}}}};
  const auto first = log().Append(record, Soon());
  const auto again = log().Append(record, Soon());
  ASSERT_TRUE(first.ok() && again.ok()) << first.status() << again.status();
  EXPECT_LT(first->position.offset, again->position.offset);
  EXPECT_LE(first->logged, again->logged);
  const std::vector<LoggedRecord> read = ReadAll();
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_EQ(read[0].record, record.record);
  EXPECT_EQ(read[1].record, record.record);
}

TEST_P(EventLogContract, AfterTheDeadlineAnAppendIsInDoubtAndCanBeRetried) {
  const TopicRecord record = {topic_, {KeyOf(0), "fact", {}}};
  const auto late = log().Append(record, absl::InfinitePast());
  EXPECT_TRUE(late.status().code() == absl::StatusCode::kDeadlineExceeded ||
              late.status().code() == absl::StatusCode::kUnavailable)
      << late.status();
  const auto again = log().Append(record, Soon());
  ASSERT_TRUE(again.ok()) << again.status();
  // In doubt: the first may be there too, and then it stands before.
  const std::vector<LoggedRecord> read = ReadAll();
  ASSERT_GE(read.size(), 1);
  ASSERT_LE(read.size(), 2);
  for (const LoggedRecord& each : read) {
    EXPECT_EQ(each.record, record.record);
  }
  EXPECT_EQ(read.back().position, again->position);
}

TEST_P(EventLogContract, TheLargestRecordFitsAndOneByteMoreIsRefused) {
  // Random, so that no compression makes it smaller.
  Record largest = {KeyOf(0), RandomBytes(kMaxValueBytes), {}};
  largest.headers.push_back(
      {"filler", RandomBytes(kMaxKeyAndHeaderBytes - largest.key.size() - 6)});
  const auto fits = log().Append({topic_, largest}, Soon());
  ASSERT_TRUE(fits.ok()) << fits.status();

  Record over = largest;
  over.value.push_back('x');
  EXPECT_EQ(log().Append({topic_, over}, Soon()).status().code(),
            absl::StatusCode::kInvalidArgument);
  over = largest;
  over.headers[0].value.push_back('x');
  EXPECT_EQ(log().Append({topic_, over}, Soon()).status().code(),
            absl::StatusCode::kInvalidArgument);

  const std::vector<LoggedRecord> read = ReadAll();
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_TRUE(read[0].record == largest);  // no dump of a megabyte
}

TEST_P(EventLogContract, ARecordWithoutAKeyIsRefused) {
  EXPECT_EQ(log().Append({topic_, {"", "v", {}}}, Soon()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(EventLogContract, AnUnknownTopicOrPartitionIsRefusedAtOnce) {
  const std::string unknown = "vigil.unknown.events.v1";
  const absl::Time never = absl::InfiniteFuture();
  EXPECT_EQ(log().Append({unknown, {"key", "v", {}}}, never).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(log().Open({{{unknown, 0}, 0}}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(log().End({unknown, 0}, never).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(log().Partitions(unknown), IsEmpty());
  for (const int32_t partition : {-1, kPartitions}) {
    EXPECT_EQ(log().Open({{{topic_, partition}, 0}}).status().code(),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(log().End({topic_, partition}, never).status().code(),
              absl::StatusCode::kNotFound);
  }
  EXPECT_THAT(log().Partitions(topic_),
              ElementsAre(Partition{topic_, 0}, Partition{topic_, 1},
                          Partition{topic_, 2}));
}

TEST_P(EventLogContract, ABatchHasOneOutcomeForEachInOrder) {
  const std::string key = KeyOf(0);
  const auto outcomes =
      AppendAll(log(),
                {{topic_, {key, "first", {}}},
                 {topic_, {key, std::string(kMaxValueBytes + 1, 'x'), {}}},
                 {"vigil.unknown.events.v1", {key, "lost", {}}},
                 {topic_, {"", "no key", {}}},
                 {topic_, {key, "last", {}}}},
                Soon());
  ASSERT_THAT(outcomes, SizeIs(5));
  ASSERT_TRUE(outcomes[0].ok()) << outcomes[0].status();
  EXPECT_EQ(outcomes[1].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(outcomes[2].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(outcomes[3].status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(outcomes[4].ok()) << outcomes[4].status();
  EXPECT_LT(outcomes[0]->position.offset, outcomes[4]->position.offset);
  EXPECT_THAT(ReadAll(), SizeIs(2));
  EXPECT_THAT(AppendAll(log(), {}, Soon()), IsEmpty());
}

TEST_P(EventLogContract, AnOffsetBeyondTheEndIsDataLoss) {
  ASSERT_TRUE(log().Append({topic_, {KeyOf(0), "v", {}}}, Soon()).ok());
  auto cursor = log().Open({{{topic_, 0}, 2}, {{topic_, 1}, 0}});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  EXPECT_EQ((*cursor)->Next(10, Soon()).status().code(),
            absl::StatusCode::kDataLoss);
  // It does not become an empty answer, nor a jump, by asking again.
  EXPECT_EQ((*cursor)->Next(10, Soon()).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_P(EventLogContract, AnOffsetBeforeTheStartIsDataLoss) {
  const std::string key = KeyOf(0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        log().Append({topic_, {key, absl::StrCat(i), {}}}, Soon()).ok());
  }
  auto negative = log().Open({{{topic_, 0}, -1}});
  ASSERT_TRUE(negative.ok()) << negative.status();
  EXPECT_EQ((*negative)->Next(10, Soon()).status().code(),
            absl::StatusCode::kDataLoss);
  if (!under_test_->DeleteBefore({{topic_, 0}, 2})) return;
  auto deleted = log().Open({{{topic_, 0}, 1}});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ((*deleted)->Next(10, Soon()).status().code(),
            absl::StatusCode::kDataLoss);
  auto kept = log().Open({{{topic_, 0}, 2}});
  ASSERT_TRUE(kept.ok()) << kept.status();
  const auto some = (*kept)->Next(10, Soon());
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_THAT(*some, SizeIs(1));
  EXPECT_EQ((*some)[0].record.value, "2");
}

TEST_P(EventLogContract, OpenedAgainItHasWhatItHad) {
  const std::string key = KeyOf(0);
  const auto first = log().Append({topic_, {key, "first", {}}}, Soon());
  ASSERT_TRUE(first.ok()) << first.status();
  Reopen();
  const auto second = log().Append({topic_, {key, "second", {}}}, Soon());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_GT(second->position.offset, first->position.offset);
  const std::vector<LoggedRecord> read = ReadAll();
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_EQ(read[0].position, first->position);
  EXPECT_EQ(read[0].logged, first->logged);
  EXPECT_EQ(read[1].record.value, "second");
}

TEST_P(EventLogContract, AfterKillEveryAcknowledgedRecordIsPresentOnce) {
  Close();
  std::vector<std::string> arguments = {APPENDER_PATH, topic_,
                                        absl::StrCat(kPartitions)};
  for (std::string& each : under_test_->AppenderArguments()) {
    arguments.push_back(std::move(each));
  }
  std::vector<char*> argv;
  for (std::string& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);

  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  // The child writes one line for each record that was acknowledged. Kill it in
  // the middle of its work, and believe whatever it said until then.
  constexpr std::ptrdiff_t kKillAfter = 500;
  std::string said;
  char buffer[4096];
  bool killed = false;
  for (ssize_t size; (size = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<size_t>(size));
    if (!killed && std::count(said.begin(), said.end(), '\n') >= kKillAfter) {
      killed = kill(child, SIGKILL) == 0;
    }
  }
  close(pipe_ends[0]);
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_TRUE(killed && WIFSIGNALED(state)) << "the appender ended by itself";
  said.resize(said.rfind('\n') + 1);  // a line that was cut was not said

  Reopen();
  std::map<std::string, int> present;
  for (const LoggedRecord& each : ReadAll()) ++present[each.record.value];
  std::set<std::string> acknowledged =
      absl::StrSplit(said, '\n', absl::SkipEmpty());
  EXPECT_GE(acknowledged.size(), kKillAfter);
  for (const std::string& value : acknowledged) {
    EXPECT_EQ(present[value], 1) << "acknowledged: " << value;
  }
  // And it takes more.
  EXPECT_TRUE(log().Append({topic_, {"key", "after", {}}}, Soon()).ok());
}

}  // namespace vigil::eventlog
