#include "libs/eventlog/rocksdb_event_log.h"
#include "tests/contract/event_log_contract.h"
#include "tests/temporary_folder.h"

namespace vigil::eventlog {
namespace {

class RocksdbUnderTest final : public LogUnderTest {
 public:
  explicit RocksdbUnderTest(const Topics& topics) : topics_(topics) {}

  absl::StatusOr<std::unique_ptr<EventLog>> Open() override {
    return RocksdbEventLog::Open(folder_.path(), topics_);
  }
  std::vector<std::string> AppenderArguments() const override {
    return {"rocksdb", folder_.path()};
  }
  bool DeleteBefore(const Position&) override { return false; }

 private:
  const TemporaryFolder folder_;
  const Topics topics_;
};

std::unique_ptr<LogUnderTest> Make(const Topics& topics) {
  return std::make_unique<RocksdbUnderTest>(topics);
}

INSTANTIATE_TEST_SUITE_P(Rocksdb, EventLogContract, testing::Values(&Make),
                         [](const auto&) { return std::string("log"); });

}  // namespace
}  // namespace vigil::eventlog
