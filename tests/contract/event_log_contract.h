// The suite that holds every log to libs/eventlog/event_log.h, clause by
// clause.
//
// A program instantiates it with the log it is about:
//
//   INSTANTIATE_TEST_SUITE_P(Rocksdb, EventLogContract,
//                            testing::Values(&MakeRocksdbUnderTest));
#ifndef VIGIL_TESTS_CONTRACT_EVENT_LOG_CONTRACT_H_
#define VIGIL_TESTS_CONTRACT_EVENT_LOG_CONTRACT_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/eventlog/event_log.h"
#include "libs/eventlog/topics.h"

namespace vigil::eventlog {

class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;

  // A log, empty at first. Opened again after the one before was closed, or its
  // process killed, it has what that one had.
  virtual absl::StatusOr<std::unique_ptr<EventLog>> Open() = 0;

  // What tests/contract/appender.cc needs to open the same log in a process of
  // its own.
  virtual std::vector<std::string> AppenderArguments() const = 0;

  // Deletes the records before an offset as only an administrator can; false if
  // such a log keeps everything.
  virtual bool DeleteBefore(const Position& position) = 0;
};

// Makes an empty log with these topics.
using MakeLogUnderTest = std::unique_ptr<LogUnderTest> (*)(const Topics&);

class EventLogContract : public testing::TestWithParam<MakeLogUnderTest> {
 protected:
  EventLogContract();
  void SetUp() override;

  // The log in use; Reopen closes it and opens it again.
  EventLog& log() { return *log_; }
  void Reopen();
  void Close() { log_.reset(); }

  // All records from offset 0 of all partitions, by partition; waits until each
  // has as many as its End says.
  std::vector<LoggedRecord> ReadAll();

  // Topic names of a test's own: one broker serves the whole program.
  const std::string topic_;
  const std::string other_topic_;
  const Topics topics_;
  std::unique_ptr<LogUnderTest> under_test_;

 private:
  std::unique_ptr<EventLog> log_;
};

}  // namespace vigil::eventlog

#endif  // VIGIL_TESTS_CONTRACT_EVENT_LOG_CONTRACT_H_
