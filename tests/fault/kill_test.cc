// Nothing acknowledged is lost, and nothing is there twice: each process and
// the broker are killed while agencies send many thousand facts, and started
// again; then what was acknowledged is joined with what the chronology shows.
//
// A sender does what the contract tells it: it repeats a request with the same
// request_id until it holds a receipt, whatever happens in between. It has
// always more to send until the last kill is over, and before the next each
// sender has got something acknowledged: every kill falls into the load.
#include <algorithm>
#include <deque>
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
#include "tests/deployment.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/education/v1/education.pb.h"
#include "vigil/health/v1/health.pb.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"
#include "vigil/social_care/v1/social_care.pb.h"

namespace vigil {
namespace {

using ::vigil::common::v1::Outcome;
using ::vigil::common::v1::Receipt;
using ::vigil::common::v1::SubmitBatchResponse;

// Two for each agency.
constexpr int kSendersPerAgency = 2;
// Small batches: many calls, so that a kill finds some on their way.
constexpr int kItemsPerBatch = 5;
// At least so many facts in all, however quickly everything starts again.
constexpr int kFewestFacts = 12'000;
// What each sender gets acknowledged between two kills.
constexpr int kBatchesBetween = 20;
// What is ACCEPTED has still to be relayed, and the broker to start beside it:
// a sender that is told so goes on, but not as fast as an outbox takes it.
constexpr absl::Duration kPauseWhenAccepted = absl::Milliseconds(100);
// Children of one sender at a time, and then the next ones: as many facts of
// one child as fit in one page, and in one question's `at_least`.
constexpr int kChildrenAtATime = 3;
constexpr int kFactsPerChild = 400;

struct Agency {
  const char* system;
  const char* service;
  const char* method;
  const char* scheme;
  const char* code;
  std::unique_ptr<google::protobuf::Message> (*batch)(const Agency& agency,
                                                      const std::string& sender,
                                                      int number);
};

void FillContact(const Agency& agency, const std::string& id,
                 const std::string& child,
                 common::v1::RecordContactRequest* request) {
  auto& submission = *request->mutable_submission();
  submission.set_request_id(id);
  submission.mutable_organisation()->set_scheme(agency.scheme);
  submission.mutable_organisation()->set_code(agency.code);
  submission.mutable_author()->set_role("duty officer");
  submission.mutable_record_ref()->set_system("records");
  submission.mutable_record_ref()->set_id(id);
  auto& local_id = *request->add_children()->mutable_local_id();
  local_id.set_system("records");
  local_id.set_id(child);
  auto& account = *request->mutable_account();
  account.mutable_occurred()->set_date("2025-02-03");
  account.set_headline(absl::StrCat("Contact ", id));
  request->mutable_contact()->set_decisions("None");
}

std::string ChildOf(const std::string& sender, int item) {
  return absl::StrCat(sender, "-child-",
                      item / (kChildrenAtATime * kFactsPerChild), "-",
                      item % kChildrenAtATime);
}

// One of a sender's batches: those of all agencies have the same items under
// the same names.
template <typename Batch>
std::unique_ptr<google::protobuf::Message> BatchOf(const Agency& agency,
                                                   const std::string& sender,
                                                   int number) {
  auto batch = std::make_unique<Batch>();
  for (int i = 0; i < kItemsPerBatch; ++i) {
    const int item = number * kItemsPerBatch + i;
    FillContact(agency, absl::StrCat(sender, "-", item), ChildOf(sender, item),
                batch->add_items()->mutable_record_contact());
  }
  return batch;
}

constexpr Agency kAgencies[] = {
    {"police-records", "police", "/vigil.police.v1.PoliceService/SubmitBatch",
     "police", "99", &BatchOf<police::v1::SubmitBatchRequest>},
    {"hospital-epr", "health", "/vigil.health.v1.HealthService/SubmitBatch",
     "ods", "X99A1", &BatchOf<health::v1::SubmitBatchRequest>},
    {"school-mis", "education",
     "/vigil.education.v1.EducationService/SubmitBatch", "urn", "999001",
     &BatchOf<education::v1::SubmitBatchRequest>},
    {"social-care-case", "social_care",
     "/vigil.social_care.v1.SocialCareService/SubmitBatch", "la", "E99000001",
     &BatchOf<social_care::v1::SubmitBatchRequest>},
    {"hub-desk", "mash", "/vigil.mash.v1.MashService/SubmitBatch", "local",
     "NORTHSHIRE-HUB", &BatchOf<mash::v1::SubmitBatchRequest>},
};

// What agencies send, from the constructor on until End.
class Load {
 public:
  explicit Load(Deployment* vigil) : vigil_(vigil) {
    for (const Agency& agency : kAgencies) {
      for (int desk = 0; desk < kSendersPerAgency; ++desk) {
        int& batches = batches_.emplace_back(0);
        senders_.emplace_back([this, &agency, desk, &batches] {
          Send(agency, absl::StrCat(agency.service, "-", desk), &batches);
        });
      }
    }
  }
  ~Load() { End(); }

  // Returns when each sender has got further batches acknowledged.
  void AwaitProgress() {
    const absl::MutexLock lock(&counts_);
    const std::deque<int> before = batches_;
    const auto further = [&] {
      return std::equal(
          before.begin(), before.end(), batches_.begin(),
          [](int was, int is) { return is >= was + kBatchesBetween; });
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
    for (std::thread& sender : senders_) sender.join();
    senders_.clear();
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
  // The items of all batches that were acknowledged.
  int Facts() const {
    return std::accumulate(batches_.begin(), batches_.end(), 0) *
           kItemsPerBatch;
  }
  int accepted() const { return accepted_; }

 private:
  service::Channel Open(const Agency& agency) {
    const absl::MutexLock lock(&addresses_);
    return vigil_->Open(agency.system, agency.service);
  }

  void Send(const Agency& agency, const std::string& sender, int* batches) {
    service::Channel channel = Open(agency);
    for (int batch = 0;; ++batch) {
      const auto request = agency.batch(agency, sender, batch);
      while (true) {
        SubmitBatchResponse response;
        const absl::Status status =
            channel.Call(agency.method, *request, &response);
        if (!status.ok()) {
          // Killed, and perhaps listening elsewhere now.
          channel = Open(agency);
        } else if (Keep(response)) {
          if (response.outcomes(0).receipt().durability() ==
              common::v1::DURABILITY_ACCEPTED) {
            absl::SleepFor(kPauseWhenAccepted);
          }
          break;
        }
      }
      const absl::MutexLock lock(&counts_);
      ++*batches;
      if (ending_) return;
    }
  }

  // Remembers the receipts; true if every item has one.
  bool Keep(const SubmitBatchResponse& response) {
    const absl::MutexLock lock(&counts_);
    bool all = response.outcomes_size() == kItemsPerBatch;
    for (const Outcome& outcome : response.outcomes()) {
      if (!outcome.has_receipt()) {
        // UNAVAILABLE: in doubt. Anything else would never end.
        EXPECT_EQ(outcome.error().code(), 14) << outcome.ShortDebugString();
        all = false;
        continue;
      }
      const Receipt& receipt = outcome.receipt();
      if (receipt.durability() == common::v1::DURABILITY_ACCEPTED) ++accepted_;
      for (const auto& event : receipt.events()) {
        acknowledged_[event.subject()].insert(event.event_id());
      }
    }
    return all;
  }

  Deployment* const vigil_;
  absl::Mutex addresses_;  // held while a process starts
  absl::Mutex counts_;
  bool ending_ = false;
  std::deque<int> batches_;  // of each sender
  int accepted_ = 0;
  std::map<std::string, std::set<std::string>> acknowledged_;
  std::vector<std::thread> senders_;
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
  for (const char* service :
       {"police", "chronology", "health", "education", "social_care", "mash"}) {
    load.AwaitProgress();
    load.Restart(service);
  }
  load.AwaitProgress();
  vigil->broker()->Kill();
  vigil->broker()->Start();
  load.AwaitProgress();
  vigil->broker()->Kill();
  // With the broker away, what the outbox holds is all there is.
  load.AwaitProgress();
  load.Restart("social_care");
  load.Restart("police");
  load.AwaitProgress();
  vigil->broker()->Start();
  load.AwaitProgress();
  load.Restart("chronology");
  load.AwaitProgress();
  load.End();
  EXPECT_GT(load.accepted(), 0);
  ExpectAllThereOnce(*vigil, load);
  EXPECT_EQ(vigil->process("police").Stop(), 0);
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
