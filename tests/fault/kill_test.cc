// Nothing acknowledged is lost, and nothing is there twice: each process and
// the broker are killed while agencies send many thousand facts, and started
// again; then what was acknowledged is joined with what the chronology shows.
//
// A sender does what the contract tells it: it repeats a statement with the
// same request_id until it holds a receipt, whatever happens in between. It has
// always more to send until the last kill is over, and before the next each
// sender has got something acknowledged: every kill falls into the load. Of two
// senders of each agency one sends batches, and one a stream that it begins
// again with whatever has no outcome.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "services/writers.h"
#include "tests/deployment.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil {
namespace {

using ::vigil::common::v1::Outcome;
using ::vigil::common::v1::Receipt;
using ::vigil::common::v1::Statement;
using ::vigil::common::v1::StreamOutcome;
using ::vigil::common::v1::SubmitBatchRequest;
using ::vigil::common::v1::SubmitBatchResponse;

// Few at a time: many calls, so that a kill finds some on their way.
constexpr int kStatementsAtATime = 5;
// At least so many facts in all, however quickly everything starts again.
constexpr int kFewestFacts = 12'000;
// What each sender gets acknowledged between two kills.
constexpr int kRoundsBetween = 20;
// What is ACCEPTED has still to be relayed, and the broker to start beside it:
// a sender that is told so goes on, but not as fast as an outbox takes it.
constexpr absl::Duration kPauseWhenAccepted = absl::Milliseconds(100);
// Children of one sender at a time, and then the next ones: as many facts of
// one child as fit in one page, and in one question's `at_least`.
constexpr int kChildrenAtATime = 3;
constexpr int kFactsPerChild = 400;
// For an outcome, on a machine that also starts a broker.
constexpr absl::Duration kLongestWait = absl::Minutes(2);

std::string MethodOf(const Agency& agency, const char* rpc) {
  return absl::StrCat("/", FindWriter(agency.writer)->service->full_name(), "/",
                      rpc);
}

std::string ChildOf(const std::string& sender, int fact) {
  return absl::StrCat(sender, "-child-",
                      fact / (kChildrenAtATime * kFactsPerChild), "-",
                      fact % kChildrenAtATime);
}

// What every agency may say.
Statement Concern(const Agency& agency, const std::string& sender, int fact) {
  const std::string id = absl::StrCat(sender, "-", fact);
  Statement said;
  auto& submission = *said.mutable_submission();
  submission.set_request_id(id);
  *submission.mutable_organisation() = agency.organisation;
  submission.mutable_author()->set_role("duty officer");
  submission.mutable_record_ref()->set_system("records");
  submission.mutable_record_ref()->set_id(id);
  auto& local_id =
      *said.add_about()->mutable_person()->mutable_ref()->mutable_local_id();
  local_id.set_system("records");
  local_id.set_id(ChildOf(sender, fact));
  said.mutable_account()->mutable_occurred()->set_date("2025-02-03");
  said.mutable_account()->set_headline(absl::StrCat("Concern ", id));
  said.mutable_concern_raised()->set_basis("None");
  return said;
}

// One system's way to its writer.
class Sender {
 public:
  using Open = std::function<service::Channel()>;

  virtual ~Sender() = default;

  // The outcome of each; one that is not set is in doubt.
  virtual std::vector<Outcome> Send(const std::vector<Statement>& few) = 0;
};

class BatchSender : public Sender {
 public:
  BatchSender(const Agency& agency, Open open)
      : method_(MethodOf(agency, "SubmitBatch")),
        open_(std::move(open)),
        channel_(open_()) {}

  std::vector<Outcome> Send(const std::vector<Statement>& few) override {
    SubmitBatchRequest request;
    *request.mutable_statements() = {few.begin(), few.end()};
    SubmitBatchResponse response;
    if (!channel_.Call(method_, request, &response).ok()) {
      // Killed, and perhaps listening elsewhere now.
      channel_ = open_();
      return {};
    }
    return {response.outcomes().begin(), response.outcomes().end()};
  }

 private:
  const std::string method_;
  const Open open_;
  service::Channel channel_;
};

class StreamSender : public Sender {
 public:
  StreamSender(const Agency& agency, Open open)
      : method_(MethodOf(agency, "SubmitStream")), open_(std::move(open)) {}

  std::vector<Outcome> Send(const std::vector<Statement>& few) override {
    if (stream_ == nullptr) {
      stream_ = open_().Begin(
          method_, {.timeout = absl::InfiniteDuration(), .traceparent = ""});
      sent_ = 0;
    }
    const uint64_t first = sent_;
    for (const Statement& statement : few) {
      stream_->Send(statement);
      ++sent_;
    }
    std::vector<Outcome> outcomes(few.size());
    for (size_t known = 0; known < few.size(); ++known) {
      StreamOutcome one;
      const auto received = stream_->Receive(&one, kLongestWait);
      if (received != service::Exchange::Received::kMessage) {
        EXPECT_EQ(received, service::Exchange::Received::kEnd);
        stream_ = nullptr;
        break;
      }
      EXPECT_TRUE(one.has_index() && one.index() >= first &&
                  one.index() < sent_);
      outcomes[one.index() - first] = one.outcome();
    }
    return outcomes;
  }

 private:
  const std::string method_;
  const Open open_;
  std::unique_ptr<service::Exchange> stream_;
  uint64_t sent_ = 0;  // on this stream
};

// What agencies send, from the constructor on until End.
class Load {
 public:
  explicit Load(Deployment* vigil) : vigil_(vigil) {
    for (const service::Writer& writer : Writers()) {
      const Agency& agency = agencies_.emplace_back(AgencyOf(writer.name));
      const auto open = [this, &agency] {
        const absl::MutexLock lock(&addresses_);
        return vigil_->Open(agency.system, agency.writer);
      };
      Add(agency, "batch", std::make_unique<BatchSender>(agency, open));
      Add(agency, "stream", std::make_unique<StreamSender>(agency, open));
    }
  }
  ~Load() { End(); }

  // Returns when each sender has got further statements acknowledged.
  void AwaitProgress() {
    const absl::MutexLock lock(&counts_);
    const std::deque<int> before = rounds_;
    const auto further = [&] {
      return std::equal(
          before.begin(), before.end(), rounds_.begin(),
          [](int was, int is) { return is >= was + kRoundsBetween; });
    };
    counts_.Await(absl::Condition(&further));
  }

  // Returns when enough has been acknowledged and each sender holds all its
  // receipts.
  void End() {
    {
      const absl::MutexLock lock(&counts_);
      const auto enough = [&] { return Facts() >= kFewestFacts; };
      counts_.Await(absl::Condition(&enough));
      ending_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Kills and starts a process while no sender asks where it listens.
  void Restart(const std::string& service) {
    Process& process = vigil_->process(service);
    process.Kill();
    const absl::MutexLock lock(&addresses_);
    process.Start();
  }

  // After End. By subject: what was acknowledged of it.
  const std::map<std::string, std::set<std::string>>& acknowledged() const {
    return acknowledged_;
  }
  // The statements of all rounds that were acknowledged.
  int Facts() const {
    return std::accumulate(rounds_.begin(), rounds_.end(), 0) *
           kStatementsAtATime;
  }
  int accepted() const { return accepted_; }

 private:
  void Add(const Agency& agency, const char* how,
           std::unique_ptr<Sender> sender) {
    int& rounds = rounds_.emplace_back(0);
    threads_.emplace_back([this, &agency, &rounds,
                           name = absl::StrCat(agency.writer, "-", how),
                           sender = std::move(sender)] {
      for (int round = 0; Round(agency, name, round, sender.get(), &rounds);) {
        ++round;
      }
    });
  }

  // Sends until each of a round has its receipt; false after the last one.
  bool Round(const Agency& agency, const std::string& name, int round,
             Sender* sender, int* rounds) {
    std::vector<Statement> left;
    for (int i = 0; i < kStatementsAtATime; ++i) {
      left.push_back(Concern(agency, name, round * kStatementsAtATime + i));
    }
    while (!left.empty()) {
      const std::vector<Outcome> outcomes = sender->Send(left);
      bool accepted = false;
      std::vector<Statement> in_doubt;
      for (size_t i = 0; i < left.size(); ++i) {
        if (i < outcomes.size() && Keep(outcomes[i])) {
          accepted |= outcomes[i].receipt().durability() ==
                      common::v1::DURABILITY_ACCEPTED;
        } else {
          in_doubt.push_back(std::move(left[i]));
        }
      }
      left = std::move(in_doubt);
      if (accepted) absl::SleepFor(kPauseWhenAccepted);
    }
    const absl::MutexLock lock(&counts_);
    ++*rounds;
    return !ending_;
  }

  // Remembers a receipt; false if there is none.
  bool Keep(const Outcome& outcome) {
    if (outcome.outcome_case() == Outcome::OUTCOME_NOT_SET) return false;
    if (!outcome.has_receipt()) {
      // UNAVAILABLE: in doubt. Anything else would never end.
      EXPECT_EQ(outcome.error().code(), 14) << outcome.ShortDebugString();
      return false;
    }
    const absl::MutexLock lock(&counts_);
    const Receipt& receipt = outcome.receipt();
    if (receipt.durability() == common::v1::DURABILITY_ACCEPTED) ++accepted_;
    for (const auto& event : receipt.events()) {
      acknowledged_[event.subject()].insert(event.event_id());
    }
    return true;
  }

  Deployment* const vigil_;
  std::deque<Agency> agencies_;
  absl::Mutex addresses_;  // held while a process starts
  absl::Mutex counts_;
  bool ending_ = false;
  std::deque<int> rounds_;  // of each sender
  int accepted_ = 0;
  std::map<std::string, std::set<std::string>> acknowledged_;
  std::vector<std::thread> threads_;
};

// Every acknowledged event is in its child's chronology, once, and nothing
// else.
void ExpectAllThereOnce(const Deployment& vigil, const Load& load) {
  int events = 0;
  for (const auto& [subject, expected] : load.acknowledged()) {
    chronology::v1::GetChronologyRequest request;
    request.set_subject(subject);
    ASSERT_LE(expected.size(), 500u);  // one page, and one question's at_least
    *request.mutable_at_least()->mutable_event_ids() = {expected.begin(),
                                                        expected.end()};
    const auto response = AskAsCoordinator(vigil, std::move(request));
    ASSERT_TRUE(response.ok()) << response.status();
    std::multiset<std::string> shown;
    for (const auto& row : response->rows()) shown.insert(row.event_id());
    EXPECT_THAT(shown, testing::ElementsAreArray(expected));
    EXPECT_EQ(response->completeness().quarantined(), 0u);
    EXPECT_EQ(response->completeness().conflicts(), 0u);
    events += static_cast<int>(expected.size());
  }
  EXPECT_EQ(events, load.Facts());
  std::printf("%d facts, %d of their receipts said ACCEPTED\n", load.Facts(),
              load.accepted());
}

#ifdef VIGIL_OVER_KAFKA

TEST(Kill, EachProcessAndTheBrokerOverKafka) {
  const std::unique_ptr<Deployment> vigil = KafkaDeployment();
  Load load(vigil.get());
  for (const service::Writer& writer : Writers()) {
    load.AwaitProgress();
    load.Restart(writer.name);
  }
  load.AwaitProgress();
  load.Restart("chronology");
  load.AwaitProgress();
  vigil->broker()->Kill();
  vigil->broker()->Start();
  load.AwaitProgress();
  vigil->broker()->Kill();
  // With the broker away, what the outbox holds is all there is.
  load.AwaitProgress();
  load.Restart(Writers().back().name);
  load.Restart(Writers().front().name);
  load.AwaitProgress();
  vigil->broker()->Start();
  load.AwaitProgress();
  load.Restart("chronology");
  load.AwaitProgress();
  load.End();
  EXPECT_GT(load.accepted(), 0);
  ExpectAllThereOnce(*vigil, load);
  EXPECT_EQ(vigil->process(Writers().front().name).Stop(), 0);
  EXPECT_EQ(vigil->process("chronology").Stop(), 0);
}

#else

TEST(Kill, TheNodeOverItsOwnLog) {
  constexpr int kKills = 6;
  const std::unique_ptr<Deployment> vigil = NodeDeployment();
  Load load(vigil.get());
  for (int kill = 0; kill < kKills; ++kill) {
    load.AwaitProgress();
    load.Restart("node");
  }
  load.AwaitProgress();
  load.End();
  ExpectAllThereOnce(*vigil, load);
  EXPECT_EQ(vigil->process("node").Stop(), 0);
}

#endif

}  // namespace
}  // namespace vigil
