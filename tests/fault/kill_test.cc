// Nothing acknowledged is lost, and nothing is there twice: each process and
// the broker are killed while agencies send many thousand facts, and started
// again; then what was acknowledged is joined with what the chronology shows.
//
// A sender does what the contract tells it: it repeats a request with the same
// request_id until it holds a receipt, whatever happens in between.
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
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

// Of each sender; two for each agency make twelve thousand facts.
constexpr int kBatches = 40;
constexpr int kItemsPerBatch = 30;
// Facts of one child: within one question's `at_least`.
constexpr int kChildrenPerSender = 9;

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

// One of a sender's batches: those of all agencies have the same items under
// the same names.
template <typename Batch>
std::unique_ptr<google::protobuf::Message> BatchOf(const Agency& agency,
                                                   const std::string& sender,
                                                   int number) {
  auto batch = std::make_unique<Batch>();
  for (int i = 0; i < kItemsPerBatch; ++i) {
    const int item = number * kItemsPerBatch + i;
    FillContact(agency, absl::StrCat(sender, "-", item),
                absl::StrCat(sender, "-child-", item % kChildrenPerSender),
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

class Load {
 public:
  explicit Load(Deployment* vigil) : vigil_(vigil) {}

  // Sends everything, and calls `disturb(n)` each time a further part of it
  // has been acknowledged, for n from 1 to `times`.
  void Run(int times, const std::function<void(int)>& disturb) {
    const int all = static_cast<int>(std::size(kAgencies)) * 2 * kBatches;
    std::vector<std::thread> senders;
    for (const Agency& agency : kAgencies) {
      for (const char* desk : {"a", "b"}) {
        senders.emplace_back([this, &agency, desk] {
          Send(agency, absl::StrCat(agency.service, "-", desk));
        });
      }
    }
    for (int n = 1; n <= times; ++n) {
      const int enough = all * n / (times + 1);
      const auto have_enough = [&] { return batches_ >= enough; };
      {
        const absl::MutexLock lock(&counts_);
        counts_.Await(absl::Condition(&have_enough));
      }
      disturb(n);
    }
    for (std::thread& sender : senders) sender.join();
  }

  // Kills and starts a process while no sender asks where it listens.
  void Restart(const std::string& service) {
    Process& process = vigil_->process(service);
    process.Kill();
    const absl::MutexLock lock(&addresses_);
    process.Start();
  }

  // By subject: what was acknowledged of it.
  const std::map<std::string, std::set<std::string>>& acknowledged() const {
    return acknowledged_;
  }
  int accepted() const { return accepted_; }

 private:
  service::Channel Open(const Agency& agency) {
    const absl::MutexLock lock(&addresses_);
    return vigil_->Open(agency.system, agency.service);
  }

  void Send(const Agency& agency, const std::string& sender) {
    service::Channel channel = Open(agency);
    for (int batch = 0; batch < kBatches; ++batch) {
      const auto request = agency.batch(agency, sender, batch);
      while (true) {
        SubmitBatchResponse response;
        const absl::Status status =
            channel.Call(agency.method, *request, &response);
        if (!status.ok()) {
          // Killed, and perhaps listening elsewhere now.
          channel = Open(agency);
        } else if (Keep(response)) {
          break;
        }
      }
      const absl::MutexLock lock(&counts_);
      ++batches_;
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
  int batches_ = 0;
  int accepted_ = 0;
  std::map<std::string, std::set<std::string>> acknowledged_;
};

// Every acknowledged event is in its child's chronology, once, and nothing
// else.
void ExpectAllThereOnce(const Deployment& vigil, const Load& load) {
  ASSERT_EQ(load.acknowledged().size(),
            std::size(kAgencies) * 2 * kChildrenPerSender);
  size_t events = 0;
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
    events += expected.size();
  }
  EXPECT_EQ(events, std::size(kAgencies) * 2 * kBatches * kItemsPerBatch);
}

#ifdef VIGIL_OVER_KAFKA

TEST(Kill, EachProcessAndTheBrokerOverKafka) {
  const std::unique_ptr<Deployment> vigil = KafkaDeployment();
  Load load(vigil.get());
  load.Run(6, [&](int n) {
    switch (n) {
      case 1:
        return load.Restart("police");
      case 2:
        return load.Restart("chronology");
      case 3:
        load.Restart("health");
        return load.Restart("education");
      case 4:
        vigil->broker()->Kill();
        return vigil->broker()->Start();
      case 5:
        // With the broker away, what the outbox holds is all there is.
        vigil->broker()->Kill();
        load.Restart("social_care");
        load.Restart("police");
        return vigil->broker()->Start();
      case 6:
        load.Restart("mash");
        return load.Restart("chronology");
    }
  });
  ExpectAllThereOnce(*vigil, load);
  std::printf("%d of them were ACCEPTED\n", load.accepted());
  EXPECT_EQ(vigil->process("police").Stop(), 0);
  EXPECT_EQ(vigil->process("chronology").Stop(), 0);
}

#else

TEST(Kill, TheNodeOverItsOwnLog) {
  const std::unique_ptr<Deployment> vigil = NodeDeployment();
  Load load(vigil.get());
  load.Run(4, [&](int) { load.Restart("node"); });
  ExpectAllThereOnce(*vigil, load);
  EXPECT_EQ(vigil->process("node").Stop(), 0);
}

#endif

}  // namespace
}  // namespace vigil
