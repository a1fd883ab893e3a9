// The chronology over gRPC, on the embedded log: what is appended, and what
// those who ask are told.
#include "services/chronology/chronology_service.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "libs/event/open.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/projection/rebuild.h"
#include "libs/service/channel.h"
#include "libs/service/log.h"
#include "libs/service/server.h"
#include "libs/service/status.h"
#include "services/chronology/projection.h"
#include "services/chronology/test_facts.h"
#include "services/chronology/view.h"
#include "tests/temporary_folder.h"

namespace vigil::chronology {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kAnnaNumber[] = "9990000018";

// One who asks: a service of its own over the same index, whose plaintext
// listener speaks as one system.
class Desk {
 public:
  Desk(ServiceParts parts, config::v1::System system, const std::string& folder)
      : organisation_(system.organisations(0)),
        callers_(*service::Register::Make(
                     [&] {
                       config::v1::Register systems;
                       *systems.add_systems() = system;
                       return systems;
                     }(),
                     {"police", "health", "mash"}),
                 {.plaintext_system = system.id()}),
        service_([&] {
          parts.callers = &callers_;
          parts.metrics = &metrics_;
          return std::move(parts);
        }()),
        server_(
            "chronology",
            [&] {
              config::v1::Process process;
              process.set_data_folder(folder);
              process.mutable_listener()->mutable_plaintext()->set_address(
                  "127.0.0.1:0");
              process.mutable_listener()->mutable_plaintext()->set_as_system(
                  system.id());
              return process;
            }(),
            &metrics_) {
    server_.Add(ChronologyService::name(), service_.grpc_service());
    const absl::Status started = server_.Start();
    EXPECT_TRUE(started.ok()) << started;
    service::Target target;
    target.address = server_.plaintext_address();
    channel_ =
        std::make_unique<service::Channel>(*service::Channel::Open(target));
  }
  ~Desk() { server_.Shutdown(); }

  void SetAsking(v1::Asking* asking) const {
    asking->mutable_on_behalf_of()->set_person_id("u1");
    asking->mutable_on_behalf_of()->set_name("Test Person");
    asking->mutable_on_behalf_of()->set_function("coordinator");
    asking->set_purpose(ev1::PURPOSE_SYSTEM_TEST);
    *asking->mutable_organisation() = organisation_;
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& rpc, Request request,
                                absl::Duration timeout = absl::Seconds(60)) {
    if constexpr (requires { request.mutable_asking(); }) {
      if (!request.has_asking()) SetAsking(request.mutable_asking());
    }
    Response response;
    service::CallOptions options;
    options.timeout = timeout;
    const absl::Status status =
        channel_->Call(Method(rpc), request, &response, options);
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<v1::GetChronologyResponse> Chronology(
      v1::GetChronologyRequest request) {
    return Call<v1::GetChronologyResponse>("GetChronology", request);
  }

  absl::StatusOr<std::vector<v1::ReplayResponse>> Replay(
      v1::ReplayRequest request, absl::Duration timeout = kDefaultDeadline) {
    SetAsking(request.mutable_asking());
    std::vector<v1::ReplayResponse> batches;
    v1::ReplayResponse response;
    const absl::Status status =
        channel_->Stream(Method("Replay"), request, &response,
                         [&] {
                           batches.push_back(response);
                           return true;
                         },
                         {.timeout = timeout, .traceparent = ""});
    if (!status.ok()) return status;
    return batches;
  }

  absl::Status Rebuild(v1::RebuildResponse* last,
                       const v1::RebuildRequest& request = {}) {
    return channel_->Stream(Method("Rebuild"), request, last,
                            [] { return true; });
  }

 private:
  static std::string Method(const std::string& rpc) {
    return absl::StrCat("/", ChronologyService::name(), "/", rpc);
  }

  const ev1::Organisation organisation_;
  service::Callers callers_;
  service::Metrics metrics_;
  ChronologyService service_;
  service::Server server_;
  std::unique_ptr<service::Channel> channel_;
};

config::v1::System System(const std::string& id, config::v1::Role role,
                          const std::string& organisation,
                          const std::string& service = "") {
  config::v1::System system;
  system.set_id(id);
  system.set_san_uri("vigil://system/" + id);
  system.set_issuer("Test authority");
  system.add_roles(role);
  if (!service.empty()) system.add_services(service);
  *system.add_organisations() = ToProtoOrganisation(organisation);
  return system;
}

class ChronologyServiceTest : public testing::Test {
 protected:
  ChronologyServiceTest() {
    for (const char* topic :
         {"vigil.police.events.v1", "vigil.health.events.v1",
          "vigil.mash.events.v1", "vigil.chronology.access.v1"}) {
      topics_[topic] = {.partitions = 2};
    }
    log_ = *eventlog::RocksdbEventLog::Open(folder_.path() + "/log", topics_,
                                            {.clock = [this] { return now_; }});
    outbox_ = *eventlog::Outbox::Open(folder_.path() + "/outbox");
    views_ = std::make_unique<eventlog::StoreAndForward>(
        log_.get(), outbox_.get(),
        eventlog::StoreAndForwardOptions{.forward = false});
    index_ =
        *projection::Index::Open(folder_.path() + "/index", ChronologyFold());
    for (const auto& [topic, declared] : topics_) {
      for (auto& partition : eventlog::PartitionsOf(topics_, topic)) {
        partitions_.push_back(partition);
      }
    }
    runner_ = std::make_unique<projection::Runner>(log_.get(), index_.get(),
                                                   partitions_);
    source_ = {.index = index_.get(), .runner = runner_.get()};
  }

  Desk& Open(const std::string& name, const config::v1::System& system) {
    ServiceParts parts;
    parts.source = [this] { return &source_; };
    parts.log = log_.get();
    parts.partitions = partitions_;
    parts.views = views_.get();
    parts.software_version = "test";
    desks_[name] =
        std::make_unique<Desk>(std::move(parts), system, folder_.path());
    return *desks_[name];
  }
  Desk& Hub() {
    if (!desks_.contains("hub")) {
      Open("hub", System("hub", config::v1::ROLE_COORDINATOR, "la:E99000001"));
    }
    return *desks_["hub"];
  }
  Desk& Auditor() {
    if (!desks_.contains("auditor")) {
      Open("auditor", System("auditor", config::v1::ROLE_AUDITOR, "local:A1"));
    }
    return *desks_["auditor"];
  }
  Desk& Police() {
    if (!desks_.contains("police")) {
      Open("police",
           System("police", config::v1::ROLE_PUBLISHER, "police:99", "police"));
    }
    return *desks_["police"];
  }
  Desk& Operator() {
    if (!desks_.contains("operator")) {
      Open("operator",
           System("operator", config::v1::ROLE_OPERATOR, "local:O1"));
    }
    return *desks_["operator"];
  }

  // Appends, and returns the event's id once the index has it.
  std::string Tell(const Teller& teller, const Statement& statement,
                   std::string request_id = "",
                   const std::string& content = "content") {
    return TellEach(teller, statement, std::move(request_id), content)[0];
  }

  // The ids of all its events.
  std::vector<std::string> TellEach(const Teller& teller,
                                    const Statement& statement,
                                    std::string request_id = "",
                                    const std::string& content = "content") {
    if (request_id.empty()) request_id = absl::StrCat("r", ++requests_);
    std::vector<std::string> ids;
    for (auto& record :
         Sealed(teller, {statement}, request_id, content, now_)) {
      ids.emplace_back(event::Scan(record.record.value)->id);
      Append(std::move(record));
    }
    return ids;
  }

  // Many facts, as many requests.
  void TellAll(const Teller& teller, const std::vector<Statement>& statements) {
    std::vector<eventlog::TopicRecord> records;
    for (const Statement& statement : statements) {
      records.push_back(
          std::move(Sealed(teller, {statement}, absl::StrCat("r", ++requests_),
                           "content", now_)[0]));
    }
    projection::Positions there;
    absl::Notification done;
    log_->AppendBatch(std::move(records), absl::Now() + absl::Seconds(60),
                      [&](std::vector<absl::StatusOr<eventlog::Appended>> all) {
                        for (const auto& one : all) {
                          EXPECT_TRUE(one.ok()) << one.status();
                          projection::Cover(there, one->position);
                        }
                        done.Notify();
                      });
    done.WaitForNotification();
    EXPECT_TRUE(runner_->WaitFor(there, absl::Now() + absl::Seconds(60)).ok());
  }

  eventlog::Position Append(eventlog::TopicRecord record) {
    const auto appended =
        log_->Append(std::move(record), absl::Now() + absl::Seconds(60));
    EXPECT_TRUE(appended.ok()) << appended.status();
    projection::Positions there;
    projection::Cover(there, appended->position);
    EXPECT_TRUE(runner_->WaitFor(there, absl::Now() + absl::Seconds(60)).ok());
    return appended->position;
  }

  // Two agencies know Anna Jones, under the same number.
  void TellOfAnna() {
    Tell(kPolice,
         Registered(police_anna_, "Jones", "Anna", "2021-03-02", kAnnaNumber));
    Tell(kHealth,
         Registered(health_anna_, "Jones", "Anna", "2021-03-02", kAnnaNumber));
    seen_ = Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen alone"));
    missed_ =
        Tell(kHealth, Told(health_anna_, "2026-03-30", "Was not brought"));
  }

  v1::GetChronologyRequest Of(const std::string& subject) {
    v1::GetChronologyRequest request;
    request.set_subject(subject);
    return request;
  }

  int64_t Views() {
    int64_t views = 0;
    for (const auto& partition : log_->Partitions(std::string(kAccessTopic))) {
      views += *log_->End(partition, absl::Now() + absl::Seconds(60));
    }
    return views;
  }

  // Of all that were appended.
  std::vector<std::string> ViewIds() {
    std::map<eventlog::Partition, int64_t> from;
    for (const auto& partition : log_->Partitions(std::string(kAccessTopic))) {
      from[partition] = 0;
    }
    const auto cursor = *log_->Open(from);
    std::vector<std::string> ids;
    for (int64_t left = Views(); left > 0;) {
      const auto records = cursor->Next(100, absl::Now() + absl::Seconds(60));
      if (!records.ok() || records->empty()) break;
      for (const auto& record : *records) {
        ids.emplace_back(event::Scan(record.record.value)->id);
      }
      left -= static_cast<int64_t>(records->size());
    }
    return ids;
  }

  // Returns once the index has that view.
  v1::AtLeast With(const std::string& event_id) {
    v1::AtLeast at_least;
    at_least.add_event_ids(event_id);
    return at_least;
  }

  const std::string police_anna_ = Subject("police:99", "17");
  const std::string health_anna_ = Subject("ods:X99A1", "0017");
  std::string seen_;
  std::string missed_;

  TemporaryFolder folder_;
  absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
  eventlog::Topics topics_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<eventlog::Outbox> outbox_;
  std::unique_ptr<eventlog::StoreAndForward> views_;
  std::unique_ptr<projection::Index> index_;
  std::vector<eventlog::Partition> partitions_;
  std::unique_ptr<projection::Runner> runner_;
  Source source_;
  int requests_ = 0;
  std::map<std::string, std::unique_ptr<Desk>> desks_;
};

std::vector<std::string> Headlines(const v1::GetChronologyResponse& response) {
  std::vector<std::string> headlines;
  for (const v1::Row& row : response.rows()) {
    headlines.push_back(row.headline());
  }
  return headlines;
}

TEST_F(ChronologyServiceTest, ACoordinatorSeesWhatEveryAgencySaid) {
  TellOfAnna();
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(Headlines(*answer), ElementsAre("Was not brought", "Seen alone",
                                              "Registered", "Registered"));
  EXPECT_EQ(answer->total_rows(), 4u);
  ASSERT_THAT(answer->subjects(), SizeIs(2));
  EXPECT_EQ(answer->subjects(0).subject(), police_anna_);
  EXPECT_EQ(answer->subjects(0).kind(), ev1::LINK_KIND_ASKED);
  EXPECT_EQ(answer->subjects(1).subject(), health_anna_);
  EXPECT_EQ(answer->subjects(1).kind(), ev1::LINK_KIND_RULE);
  EXPECT_EQ(answer->demographics().birth().date(), "2021-03-02");

  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.event_id(), missed_);
  EXPECT_EQ(row.writer(), "health");
  EXPECT_EQ(row.organisation().code(), "X99A1");
  EXPECT_EQ(row.label(), "Concern raised");
  EXPECT_EQ(row.age_then(), "5 years");
  EXPECT_EQ(row.significance(), ev1::SIGNIFICANCE_NOT_YET_JUDGED);
  EXPECT_EQ(row.state(), v1::ROW_STATE_CURRENT);
  EXPECT_EQ(row.visibility(), ev1::VISIBILITY_FULL);
  EXPECT_EQ(row.incomplete(), ev1::ANSWER_NO);
  EXPECT_GT(row.days_late(), 0);

  const v1::Completeness& complete = answer->completeness();
  EXPECT_EQ(complete.log_reachable(), ev1::ANSWER_YES);
  EXPECT_EQ(complete.quarantined(), 0u);
  std::map<std::string, ev1::Answer> connected;
  for (const v1::SourceState& source : complete.sources()) {
    connected[source.writer()] = source.connected();
  }
  EXPECT_EQ(connected["police"], ev1::ANSWER_YES);
  EXPECT_EQ(connected["mash"], ev1::ANSWER_NO);
  EXPECT_THAT(complete.words(), HasSubstr("Not connected: mash"));
}

TEST_F(ChronologyServiceTest, AViewIsInTheLogBeforeTheAnswerAndShowsItAgain) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  request.set_page_size(3);
  const auto answer = Hub().Chronology(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(Views(), 1);

  // What comes later changes nothing of what was shown.
  Tell(kPolice, Told(police_anna_, "2026-03-29", "Seen again"));
  v1::GetChronologyRequest again;
  again.set_view_id(answer->view_id());
  *again.mutable_at_least() = With(answer->view_id());
  const auto shown = Hub().Chronology(again);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(Headlines(*shown), Headlines(*answer));
  EXPECT_EQ(shown->view().digest_agrees(), ev1::ANSWER_YES);
  const ev1::RecordViewed& viewed = shown->view().viewed();
  EXPECT_EQ(viewed.system(), "hub");
  EXPECT_EQ(viewed.asker().person_id(), "u1");
  EXPECT_EQ(viewed.purpose(), ev1::PURPOSE_SYSTEM_TEST);
  EXPECT_THAT(viewed.roles(), ElementsAre("coordinator"));
  EXPECT_THAT(viewed.entries(), SizeIs(3));
  EXPECT_THAT(viewed.subjects(), SizeIs(2));

  EXPECT_TRUE(Auditor().Chronology(again).ok());
  again.clear_at_least();
  EXPECT_TRUE(absl::IsNotFound(Police().Chronology(again).status()));
}

// In words, with these names for events.
std::vector<std::string> Judgements(
    const ev1::RecordViewed& viewed,
    const std::map<std::string, std::string>& names) {
  std::map<std::string, std::string> by_bytes;
  for (const auto& [name, id] : names) {
    by_bytes[ShownAs(id, {}).event_id()] = name;
  }
  std::vector<std::string> told;
  for (const ev1::Judgement& judgement : viewed.judgements()) {
    std::string& text = told.emplace_back(
        absl::StrCat(judgement.rule(), " ", judgement.result()));
    for (const std::string& id : judgement.evidence()) {
      EXPECT_THAT(id, SizeIs(16));
      absl::StrAppend(&text, " ", by_bytes[id]);
    }
  }
  return told;
}

TEST_F(ChronologyServiceTest, AViewSaysWhichJudgementsWereShown) {
  TellOfAnna();
  const std::string corrected =
      Tell(kPolice, Correcting(Told(police_anna_, "2025-03-28", "With mother"),
                               seen_, police_anna_, {"account.headline"}));
  // What another agency says of it is shown, and is not what made it so.
  Tell(kHealth, Correcting(Told(health_anna_, "2025-03-28", "Elsewhere"), seen_,
                           police_anna_, {"account.headline"}));
  Statement judged = Said("2026-04-01", "Significant");
  SetEntry(seen_, police_anna_,
           judged.mutable_significance_judged()->mutable_target());
  judged.mutable_significance_judged()->set_significance(
      ev1::SIGNIFICANCE_SIGNIFICANT);
  const std::string judgement = Tell(kHub, judged);
  Statement withdrawn = Said("2026-04-02", "Another child");
  SetEntry(missed_, health_anna_,
           withdrawn.mutable_entry_withdrawn()->mutable_target());
  const std::string withdrawal = Tell(kHealth, withdrawn);
  const std::map<std::string, std::string> names = {{"seen", seen_},
                                                    {"missed", missed_},
                                                    {"corrected", corrected},
                                                    {"judgement", judgement},
                                                    {"withdrawal", withdrawal}};
  const auto viewed = [&](const std::string& view_id) {
    v1::GetChronologyRequest again;
    again.set_view_id(view_id);
    *again.mutable_at_least() = With(view_id);
    const auto shown = Hub().Chronology(again);
    EXPECT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown->view().digest_agrees(), ev1::ANSWER_YES);
    return Judgements(shown->view().viewed(), names);
  };

  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(viewed(answer->view_id()),
              UnorderedElementsAre(
                  "significance SIGNIFICANCE_SIGNIFICANT seen judgement",
                  "state ROW_STATE_CORRECTED seen corrected",
                  "state ROW_STATE_WITHDRAWN missed withdrawal",
                  "identity LINK_KIND_RULE"));
  // Only what was shown.
  v1::GetChronologyRequest some = Of(police_anna_);
  some.add_writers("police");
  const auto of_police = Hub().Chronology(some);
  ASSERT_TRUE(of_police.ok()) << of_police.status();
  EXPECT_THAT(viewed(of_police->view_id()), SizeIs(3));

  v1::GetEntryRequest request;
  request.set_event_id(missed_);
  const auto entry = Hub().Call<v1::GetEntryResponse>("GetEntry", request);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_THAT(
      viewed(entry->view_id()),
      UnorderedElementsAre("state ROW_STATE_WITHDRAWN missed withdrawal",
                           "identity LINK_KIND_RULE"));

  v1::FindRequest find;
  find.set_name("jones anna");
  find.set_birth_date("2021-03-02");
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  std::vector<std::string> expected = {"identity LINK_KIND_RULE"};
  for (const v1::MatchReason& reason : found->candidates(0).reasons()) {
    expected.push_back("match " + reason.code());
  }
  EXPECT_GT(expected.size(), 1u);
  EXPECT_THAT(viewed(found->view_id()),
              testing::UnorderedElementsAreArray(expected));
}

TEST_F(ChronologyServiceTest, AViewTellsNoMoreOfANoticeThanItsRow) {
  seen_ = Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen alone"));
  const auto reserve = [&](const Statement& statement,
                           const std::string& request_id) {
    auto record = Reserved(std::move(
        Sealed(kPolice, {statement}, request_id, "content", now_)[0]));
    std::string id(event::Scan(record.record.value)->id);
    Append(std::move(record));
    return id;
  };
  const std::string secret =
      reserve(Told(police_anna_, "2026-03-29", "Secret"), "secret");
  reserve(Correcting(Told(police_anna_, "2026-03-29", "Secret too"), secret,
                     police_anna_, {"account.headline"}),
          "corrected");
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->rows(), SizeIs(2));
  EXPECT_EQ(answer->rows(0).visibility(), ev1::VISIBILITY_NOTICE);
  v1::GetChronologyRequest again;
  again.set_view_id(answer->view_id());
  *again.mutable_at_least() = With(answer->view_id());
  const auto shown = Hub().Chronology(again);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_THAT(Judgements(shown->view().viewed(), {{"secret", secret}}),
              ElementsAre("state ROW_STATE_CORRECTED secret"));
}

TEST_F(ChronologyServiceTest, AChildOfManyEventsHidesNobody) {
  // Each says the number again, as many systems do with every message.
  TellAll(kPolice,
          std::vector<Statement>(300, Registered(police_anna_, "Jones", "Anna",
                                                 "2021-03-02", kAnnaNumber)));
  Tell(kHealth,
       Registered(health_anna_, "Jones", "Anna", "2021-03-02", kAnnaNumber));
  for (const std::string& asked : {police_anna_, health_anna_}) {
    const auto answer = Hub().Chronology(Of(asked));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(answer->subjects(), SizeIs(2)) << asked;
    EXPECT_EQ(answer->total_rows(), 301u);
    EXPECT_EQ(answer->too_many_linked(), ev1::ANSWER_NO);
  }
  v1::FindRequest find;
  find.mutable_identifier()->set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  find.mutable_identifier()->set_value(kAnnaNumber);
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_THAT(found->candidates(0).subjects(), SizeIs(2));
  EXPECT_EQ(found->more(), ev1::ANSWER_NO);
}

TEST_F(ChronologyServiceTest, AnAgencySeesOnlyWhatItPublishedItself) {
  TellOfAnna();
  const auto own = Police().Chronology(Of(police_anna_));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_THAT(Headlines(*own), ElementsAre("Seen alone", "Registered"));
  EXPECT_THAT(own->subjects(), SizeIs(1));
  EXPECT_THAT(own->possible_matches(), IsEmpty());

  // What others say leaves no trace, but in what tells when and what this view
  // was.
  Tell(kHub, Linked(police_anna_, health_anna_));
  Tell(kHealth, Told(health_anna_, "2026-04-02", "Missed again"));
  auto later = Police().Chronology(Of(police_anna_));
  ASSERT_TRUE(later.ok()) << later.status();
  later->set_view_id(own->view_id());
  EXPECT_EQ(later->SerializeAsString(), own->SerializeAsString());

  const absl::Status others = Police().Chronology(Of(health_anna_)).status();
  const absl::Status nobodys =
      Police().Chronology(Of(Subject("police:99", "404"))).status();
  EXPECT_TRUE(absl::IsNotFound(others)) << others;
  EXPECT_EQ(others.message(), nobodys.message());
  EXPECT_EQ(Views(), 4);  // what was not found was viewed too
}

TEST_F(ChronologyServiceTest, AnAgencysOwnViewTellsItNothingOfOthers) {
  TellOfAnna();
  const auto own = Police().Chronology(Of(police_anna_));
  ASSERT_TRUE(own.ok()) << own.status();
  v1::GetChronologyRequest again;
  again.set_view_id(own->view_id());
  *again.mutable_at_least() = With(own->view_id());
  const auto shown = Police().Chronology(again);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->view().digest_agrees(), ev1::ANSWER_YES);
  EXPECT_FALSE(shown->view().viewed().has_positions());
  EXPECT_FALSE(shown->view().viewed().has_lag_records());
  EXPECT_THAT(shown->SerializeAsString(), Not(HasSubstr("vigil.health")));
}

TEST_F(ChronologyServiceTest, WhoHasAnotherRoleDoesNotSeeAViewAgain) {
  TellOfAnna();
  Desk& auditor = Open("la-auditor",
                       System("aud", config::v1::ROLE_AUDITOR, "la:E99000001"));
  const auto audited = auditor.Chronology(Of(police_anna_));
  ASSERT_TRUE(audited.ok()) << audited.status();
  v1::GetChronologyRequest again;
  again.set_view_id(audited->view_id());
  *again.mutable_at_least() = With(audited->view_id());
  EXPECT_TRUE(absl::IsNotFound(Hub().Chronology(again).status()));
  EXPECT_TRUE(auditor.Chronology(again).ok());
}

TEST_F(ChronologyServiceTest, WhatIsForOthersIsSaidToBeHeldAndNotShown) {
  const auto tell = [&](const Statement& statement,
                        const std::string& request_id,
                        const std::string& content = "content") {
    Append(Reserved(
        std::move(Sealed(kPolice, {statement}, request_id, content, now_)[0])));
  };
  Tell(kPolice, Registered(police_anna_, "Jones", "Anna", "2021-03-02", ""));
  const Statement secret =
      Registered(police_anna_, "Secretname", "Anna", "2021-03-02", kAnnaNumber);
  tell(secret, "reserved");
  seen_ = Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen alone"), "seen");
  Statement corrected =
      Correcting(Told(police_anna_, "2026-03-28", "Secret headline"), seen_,
                 police_anna_, {"account.headline"});
  corrected.mutable_amends()->set_reason("Secret reason");
  tell(corrected, "corrected");
  tell(Told(police_anna_, "2026-03-28", "Secret conflict"), "seen", "other");

  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->DebugString(), Not(HasSubstr("Secret")));
  EXPECT_THAT(answer->DebugString(), Not(HasSubstr(kAnnaNumber)));
  ASSERT_THAT(answer->rows(), SizeIs(3));
  EXPECT_EQ(answer->rows(0).event_id(), seen_);
  EXPECT_THAT(answer->rows(0).amendments(), SizeIs(1));
  EXPECT_THAT(answer->rows(0).conflicts(), SizeIs(1));
  EXPECT_EQ(answer->completeness().withheld(), 1u);
  v1::FindRequest find;
  find.mutable_identifier()->set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  find.mutable_identifier()->set_value(kAnnaNumber);
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_THAT(found->DebugString(), Not(HasSubstr("Secretname")));
  EXPECT_THAT(found->DebugString(), Not(HasSubstr(kAnnaNumber)));
  // Who wrote it has it.
  EXPECT_THAT(Police().Chronology(Of(police_anna_))->DebugString(),
              HasSubstr("Secret headline"));

  v1::ReplayRequest replay;
  replay.set_subject(police_anna_);
  const auto batches = Hub().Replay(replay);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(batches->front().events(), SizeIs(5));
  EXPECT_THAT(batches->front().DebugString(), Not(HasSubstr("Secret")));
}

TEST_F(ChronologyServiceTest, PagesStayInTheirStateOfKnowledge) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  request.set_page_size(2);
  request.set_order(v1::ORDER_OLDEST_FIRST);
  const auto first = Hub().Chronology(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(Headlines(*first), ElementsAre("Registered", "Registered"));

  Tell(kPolice, Told(police_anna_, "2026-03-29", "Between"));
  request.set_page_token(first->next_page_token());
  const auto second = Hub().Chronology(request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Headlines(*second), ElementsAre("Seen alone", "Was not brought"));
  EXPECT_EQ(second->next_page_token(), "");

  v1::GetChronologyRequest other = request;
  other.set_order(v1::ORDER_NEWEST_FIRST);
  EXPECT_THAT(Hub().Chronology(other).status().ToString(),
              HasSubstr("PAGE_TOKEN_MISMATCH"));

  Tell(kHub, Separated(police_anna_, health_anna_));
  EXPECT_THAT(Hub().Chronology(request).status().ToString(),
              HasSubstr("PAGE_TOKEN_STALE"));
  const auto apart = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_THAT(apart->subjects(), SizeIs(1));
  EXPECT_THAT(apart->cuts(), SizeIs(1));
}

TEST_F(ChronologyServiceTest, OnlyItsOwnKindOfRevocationCancelsALink) {
  TellOfAnna();
  const std::string separation =
      Tell(kHub, Separated(police_anna_, health_anna_));
  Statement revoked = Said("2026-04-02", "Revoked");
  revoked.mutable_link_revoked()->set_event_id(separation);
  revoked.mutable_link_revoked()->add_subjects(police_anna_);
  revoked.mutable_link_revoked()->add_subjects(health_anna_);
  Tell(kHub, revoked);
  EXPECT_THAT(Hub().Chronology(Of(police_anna_))->subjects(), SizeIs(1));
  revoked.mutable_separation_revoked()->set_event_id(separation);
  revoked.mutable_separation_revoked()->add_subjects(police_anna_);
  revoked.mutable_separation_revoked()->add_subjects(health_anna_);
  Tell(kHub, revoked);
  EXPECT_THAT(Hub().Chronology(Of(police_anna_))->subjects(), SizeIs(2));
}

TEST_F(ChronologyServiceTest, AsOfIsWhatHadBeenLogged) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  SetTime(now_, request.mutable_as_of()->mutable_logged());
  now_ += absl::Hours(1);
  Tell(kPolice, Told(police_anna_, "2026-01-01", "Told late"));
  const auto then = Hub().Chronology(request);
  ASSERT_TRUE(then.ok()) << then.status();
  EXPECT_THAT(then->rows(), SizeIs(4));
  const auto now = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_THAT(now->rows(), SizeIs(5));
}

TEST_F(ChronologyServiceTest, WhatWasSaidLaterStandsBesideTheEntry) {
  TellOfAnna();
  Statement corrected =
      Correcting(Told(police_anna_, "2025-03-28", "Seen with mother"), seen_,
                 police_anna_, {"account.headline", "account.occurred"});
  corrected.mutable_amends()->set_reason("misread");
  Tell(kPolice, corrected);
  Statement judged = Said("2026-04-01", "Significant");
  SetEntry(seen_, police_anna_,
           judged.mutable_significance_judged()->mutable_target());
  judged.mutable_significance_judged()->set_significance(
      ev1::SIGNIFICANCE_SIGNIFICANT);
  Tell(kHub, judged);
  Statement orphan = corrected;
  orphan.mutable_account()->set_headline("Corrects what is not here");
  orphan.mutable_amends()->mutable_target()->set_event_id(
      "00000000-0000-4000-8000-000000000000");
  Tell(kPolice, orphan);

  v1::GetChronologyRequest request = Of(police_anna_);
  request.add_significances(ev1::SIGNIFICANCE_SIGNIFICANT);
  const auto answer = Hub().Chronology(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(Headlines(*answer), ElementsAre("Seen alone"));
  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.state(), v1::ROW_STATE_CORRECTED);
  EXPECT_EQ(row.significance_by(), "la:E99000001, duty officer");
  ASSERT_THAT(row.amendments(), SizeIs(1));
  EXPECT_EQ(row.amendments(0).headline(), "Seen with mother");
  EXPECT_EQ(row.amendments(0).reason(), "misread");

  request.clear_significances();
  request.add_writers("police");
  request.mutable_occurred()->mutable_since()->set_date("2025-01");
  request.mutable_occurred()->mutable_until()->set_date("2025-06");
  const auto all = Hub().Chronology(request);
  ASSERT_TRUE(all.ok()) << all.status();
  // The correction also says that it was in 2025; what it says is about nothing
  // here stands alone.
  EXPECT_THAT(Headlines(*all),
              UnorderedElementsAre("Seen alone", "Corrects what is not here"));
}

// The entry said nothing of who they are; its correction, which names its
// record, does.
TEST_F(ChronologyServiceTest, ACorrectionMaySayWhoItIsOf) {
  Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen"));
  Statement again = Told(police_anna_, "2026-03-28", "Seen");
  Know("Jones", "Anna", "2021-03-02", kAnnaNumber,
       again.mutable_about(0)->mutable_person()->mutable_demographics());
  ev1::Amends& amends = *again.mutable_amends();
  amends.mutable_target()->mutable_record_ref()->set_system("records");
  amends.mutable_target()->mutable_record_ref()->set_id("Seen");
  amends.set_how(ev1::AMENDMENT_CORRECTION);
  amends.add_fields("about.person.demographics");
  again.mutable_submission()->mutable_record_ref()->set_version("2");
  Tell(kPolice, again);
  v1::FindRequest find;
  find.set_name("Anna Jones");
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_EQ(Hub().Chronology(Of(police_anna_))->demographics().names(0).given(),
            "Anna");
}

TEST_F(ChronologyServiceTest, ANumberThatWasWrongNoLongerLinks) {
  TellOfAnna();
  const auto registered = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(registered.ok()) << registered.status();
  ASSERT_THAT(registered->subjects(), SizeIs(2));
  std::string wrong;
  for (const v1::Row& row : registered->rows()) {
    if (row.headline() == "Registered" && row.writer() == "health") {
      wrong = row.event_id();
    }
  }
  Tell(kHealth, Correcting(Registered(health_anna_, "Jones", "Anna",
                                      "2021-03-02", "9990000050"),
                           wrong, health_anna_,
                           {"about.person.demographics.identifiers"}));
  const auto answer = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->subjects(), SizeIs(1));
  // One name and one birth: still shown, with the reasons, and not joined.
  ASSERT_THAT(answer->possible_matches(), SizeIs(1));
  EXPECT_EQ(answer->possible_matches(0).subject(), police_anna_);
  ASSERT_THAT(answer->demographics().identifiers(), SizeIs(1));
  EXPECT_EQ(answer->demographics().identifiers(0).value(), "9990000050");
}

// As a writer says it after its naming key was replaced.
TEST_F(ChronologyServiceTest, OldAndNewReferenceAreOneChild) {
  TellOfAnna();
  const std::string renamed =
      event::NamingKey("0badcafe", std::string(32, 'n'))
          .Subject(event::SubjectKind::kPerson, "police:99", "records", "anna");
  Tell(kPolice, Told(renamed, "2026-04-02", "Seen again"));
  Statement joined = Said("2026-04-02", "Named with a new key");
  joined.mutable_subject_renamed()->set_from_subject(police_anna_);
  joined.mutable_subject_renamed()->set_to_subject(renamed);
  Tell(kPolice, joined);
  for (const std::string& subject : {police_anna_, renamed, health_anna_}) {
    const auto answer = Hub().Chronology(Of(subject));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(answer->subjects(), SizeIs(3));
    EXPECT_THAT(answer->rows(), SizeIs(5));
  }
}

TEST_F(ChronologyServiceTest, AnEntryFiledUnderTheWrongRecordMoves) {
  TellOfAnna();
  const std::string bela = Subject("police:99", "18");
  Tell(kPolice, Registered(bela, "Jones", "Bela", "2019-05-06", ""));
  Statement moved = Said("2026-04-01", "Was her brother");
  SetEntry(seen_, police_anna_,
           moved.mutable_entry_reassigned()->mutable_target());
  moved.mutable_entry_reassigned()->set_to_subject(bela);
  Tell(kHub, moved);
  // Its author goes on to name it as its own record.
  Statement corrected =
      Correcting(Told(police_anna_, "2026-03-28", "Seen with mother"), "", "",
                 {"account.headline"});
  ev1::RecordRef& record =
      *corrected.mutable_amends()->mutable_target()->mutable_record_ref();
  corrected.mutable_amends()->mutable_target()->clear_subject();
  record.set_system("records");
  record.set_id("Seen alone");
  Tell(kPolice, corrected);
  record.set_id("Registered");
  Tell(kPolice, corrected);  // of what stays
  const auto of_anna = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(of_anna.ok()) << of_anna.status();
  EXPECT_THAT(Headlines(*of_anna), Not(testing::Contains("Seen alone")));
  const auto of_bela = Hub().Chronology(Of(bela));
  ASSERT_TRUE(of_bela.ok()) << of_bela.status();
  ASSERT_THAT(Headlines(*of_bela), ElementsAre("Seen alone", "Registered"));
  EXPECT_EQ(of_bela->rows(0).subject(), bela);
  EXPECT_EQ(of_bela->rows(0).state(), v1::ROW_STATE_CORRECTED);
  ASSERT_THAT(of_bela->rows(0).amendments(), SizeIs(2));
  v1::ReplayRequest replay;
  replay.set_subject(bela);
  const auto batches = Hub().Replay(replay);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(batches->front().events(), SizeIs(4));
}

TEST_F(ChronologyServiceTest, OneIncidentSaysWhoElseReportedIt) {
  TellOfAnna();
  Statement grouped = Said("2026-04-01", "One incident");
  ev1::EntriesGrouped& entries = *grouped.mutable_entries_grouped();
  SetEntry(seen_, police_anna_, entries.add_entries());
  SetEntry(missed_, health_anna_, entries.add_entries());
  Tell(kHub, grouped);
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->rows(1).event_id(), seen_);
  EXPECT_THAT(answer->rows(1).incident_group(), ElementsAre(missed_));
  EXPECT_THAT(answer->rows(1).also_reported_by(), ElementsAre("ods:X99A1"));
  // What the hub decided is not the agency's own.
  EXPECT_THAT(Police().Chronology(Of(police_anna_))->rows(0).incident_group(),
              IsEmpty());
}

TEST_F(ChronologyServiceTest, RepeatsAreCountedAndOtherContentIsShown) {
  Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen alone"), "once");
  Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen alone"), "once");
  Tell(kPolice, Told(police_anna_, "2026-03-28", "Not seen"), "once", "other");
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(Headlines(*answer), ElementsAre("Seen alone"));
  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.duplicates(), 1u);
  EXPECT_EQ(row.state(), v1::ROW_STATE_CONFLICT);
  ASSERT_THAT(row.conflicts(), SizeIs(1));
  EXPECT_EQ(row.conflicts(0).headline(), "Not seen");
  EXPECT_EQ(answer->completeness().conflicts(), 1u);
}

TEST_F(ChronologyServiceTest, OtherContentOfACorrectionIsShownBesideIt) {
  TellOfAnna();
  Statement corrected =
      Correcting(Told(police_anna_, "2026-03-28", "Seen with mother"), seen_,
                 police_anna_, {"account.headline"});
  Tell(kPolice, corrected, "twice");
  corrected.mutable_account()->set_headline("Seen with father");
  Tell(kPolice, corrected, "twice", "other");

  v1::GetChronologyRequest request = Of(police_anna_);
  request.add_writers("police");
  const auto answer = Hub().Chronology(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(Headlines(*answer), ElementsAre("Seen alone", "Registered"));
  ASSERT_THAT(answer->rows(0).amendments(), SizeIs(1));
  const v1::Amendment& amendment = answer->rows(0).amendments(0);
  EXPECT_EQ(amendment.headline(), "Seen with mother");
  ASSERT_THAT(amendment.conflicts(), SizeIs(1));
  EXPECT_EQ(amendment.conflicts(0).headline(), "Seen with father");
  EXPECT_EQ(answer->completeness().conflicts(), 1u);

  v1::ReplayRequest replay;
  replay.set_subject(police_anna_);
  const auto batches = Hub().Replay(replay);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(batches->front().events(), SizeIs(6));
}

TEST_F(ChronologyServiceTest, OtherContentOfALinkIsShownAndLinksNobody) {
  const std::string other = Subject("ods:X99A1", "0018");
  // One id: a link has the lowest reference that it names as subject.
  const std::string lowest = std::min({police_anna_, health_anna_, other});
  std::vector<std::string> rest;
  for (const std::string& one : {police_anna_, health_anna_, other}) {
    Tell(kPolice, Told(one, "2026-03-28", "Known"));
    if (one != lowest) rest.push_back(one);
  }
  for (const std::string& linked : rest) {
    Tell(kHub, Linked(lowest, linked), "twice", linked);
  }
  for (const std::string& asked : {lowest, rest[0], rest[1]}) {
    const auto answer = Hub().Chronology(Of(asked));
    ASSERT_TRUE(answer.ok()) << answer.status();
    // The first counts, from wherever it is asked.
    EXPECT_THAT(answer->subjects(), SizeIs(asked == rest[1] ? 1 : 2));
    EXPECT_THAT(answer->link_conflicts(), SizeIs(2));
    EXPECT_EQ(answer->completeness().conflicts(), 1u);
  }
  v1::ReplayRequest replay;
  replay.set_subject(lowest);
  const auto batches = Hub().Replay(replay);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(batches->front().events(), SizeIs(4));
}

TEST_F(ChronologyServiceTest, PartOfARequestIsSaidToBeIncomplete) {
  auto records = Sealed(kPolice,
                        {Told(police_anna_, "2026-03-28", "Seen alone"),
                         Told(police_anna_, "2026-03-28", "Bruised")},
                        "two");
  Append(records[1]);
  auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->rows(0).incomplete(), ev1::ANSWER_YES);
  Append(records[0]);
  answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->rows(0).incomplete(), ev1::ANSWER_NO);
}

TEST_F(ChronologyServiceTest, WhatCannotBeOpenedHasItsPlaceInTheRecord) {
  TellOfAnna();
  auto record =
      Sealed(kPolice, {Told(police_anna_, "2026-03-28", "Lost")}, "x")[0];
  // Cut off behind what says whose it is.
  record.record.value.resize(record.record.value.size() / 2);
  const std::string value = record.record.value;
  const eventlog::Position position = Append(std::move(record));
  const auto answer = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->completeness().quarantined(), 1u);
  EXPECT_THAT(answer->completeness().words(), HasSubstr("cannot be opened"));
  ASSERT_THAT(answer->rows(), SizeIs(5));
  const v1::Row& row = answer->rows(0);  // nobody knows when
  EXPECT_EQ(row.state(), v1::ROW_STATE_UNREADABLE);
  EXPECT_EQ(row.position().offset(), position.offset);
  EXPECT_EQ(row.writer(), "police");
  EXPECT_EQ(row.organisation().code(), "99");
  // Its history has it too, and says so.
  v1::ReplayRequest replay;
  replay.set_subject(health_anna_);
  for (const bool auditor : {false, true}) {
    const auto batches = (auditor ? Auditor() : Hub()).Replay(replay);
    ASSERT_TRUE(batches.ok()) << batches.status();
    ASSERT_THAT(batches->front().events(), SizeIs(5));
    const v1::LoggedEvent& last = batches->front().events(4);
    EXPECT_EQ(last.position().offset(), position.offset);
    EXPECT_EQ(last.value(), auditor ? value : "");
    EXPECT_EQ(batches->front().completeness().quarantined(), 1u);
    EXPECT_THAT(batches->front().completeness().words(),
                HasSubstr("of this child cannot be opened"));
  }
  v1::GetEntryRequest entry;
  entry.set_event_id(seen_);
  const auto full = Hub().Call<v1::GetEntryResponse>("GetEntry", entry);
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_THAT(full->completeness().words(),
              HasSubstr("of this child cannot be opened"));
  v1::GetChronologyRequest again;
  again.set_view_id(answer->view_id());
  *again.mutable_at_least() = With(answer->view_id());
  const auto shown = Hub().Chronology(again);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->completeness().quarantined(), 1u);

  // It is the police's own.
  EXPECT_THAT(Police().Chronology(Of(police_anna_))->rows(), SizeIs(3));
}

TEST_F(ChronologyServiceTest, FindSaysWhyItFound) {
  TellOfAnna();
  v1::FindRequest request;
  request.set_name("jones anna");
  request.set_birth_date("2021-02-03");  // day and month swapped
  auto found = Hub().Call<v1::FindResponse>("Find", request);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_THAT(found->candidates(0).subjects(), SizeIs(2));
  EXPECT_THAT(found->candidates(0).known_to(),
              ElementsAre("ods:X99A1", "police:99"));
  std::vector<std::string> codes;
  for (const v1::MatchReason& reason : found->candidates(0).reasons()) {
    codes.push_back(reason.code());
  }
  EXPECT_THAT(codes, testing::Contains("DAY_AND_MONTH_SWAPPED"));

  request.Clear();
  request.mutable_identifier()->set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  request.mutable_identifier()->set_value(kAnnaNumber);
  found = Police().Call<v1::FindResponse>("Find", request);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_THAT(found->candidates(0).known_to(), ElementsAre("police:99"));

  request.Clear();
  request.set_name("Nobody");
  found = Hub().Call<v1::FindResponse>("Find", request);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->candidates(), IsEmpty());
  EXPECT_NE(found->completeness().words(), "");
  EXPECT_EQ(Views(), 3);

  v1::GetChronologyRequest direct;
  direct.mutable_identifier()->set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  direct.mutable_identifier()->set_value(kAnnaNumber);
  const auto answer = Hub().Chronology(direct);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->rows(), SizeIs(4));
}

TEST_F(ChronologyServiceTest, AnEntryIsGivenInFull) {
  TellOfAnna();
  v1::GetEntryRequest request;
  request.set_event_id(seen_);
  const auto entry = Hub().Call<v1::GetEntryResponse>("GetEntry", request);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->header().account().summary(), "Summary of Seen alone");
  EXPECT_TRUE(entry->kind().has_concern_raised());
  EXPECT_EQ(entry->clear().occurred().date(), "2026-03-28");
  ASSERT_THAT(entry->persons(), SizeIs(1));
  EXPECT_TRUE(entry->persons(0).has_about());
  EXPECT_EQ(entry->source(), "//vigil/police/police:99");
  EXPECT_EQ(entry->row().event_id(), seen_);

  v1::GetChronologyRequest again;
  again.set_view_id(entry->view_id());
  *again.mutable_at_least() = With(entry->view_id());
  const auto shown = Hub().Chronology(again);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->view().digest_agrees(), ev1::ANSWER_YES);

  request.set_event_id(missed_);
  EXPECT_TRUE(absl::IsNotFound(
      Police().Call<v1::GetEntryResponse>("GetEntry", request).status()));
}

TEST_F(ChronologyServiceTest, WhatIsNotFoundIsNotFoundAgain) {
  TellOfAnna();
  // Another child with the same number of her own.
  const std::string other = Subject("ods:X99A1", "99");
  Tell(kHealth, Registered(other, "Jones", "Anna", "2020-01-01", kAnnaNumber));
  v1::GetChronologyRequest ambiguous;
  ambiguous.mutable_identifier()->set_type(ev1::IDENTIFIER_TYPE_NHS_NUMBER);
  ambiguous.mutable_identifier()->set_value(kAnnaNumber);
  EXPECT_TRUE(absl::IsInvalidArgument(Hub().Chronology(ambiguous).status()));
  EXPECT_TRUE(absl::IsNotFound(
      Hub().Chronology(Of(Subject("police:99", "404"))).status()));
  v1::GetEntryRequest entry;
  entry.set_event_id("00000000-0000-4000-8000-000000000000");
  EXPECT_TRUE(absl::IsNotFound(
      Hub().Call<v1::GetEntryResponse>("GetEntry", entry).status()));
  v1::ReplayRequest replay;
  replay.set_subject(Subject("police:99", "404"));
  EXPECT_TRUE(Hub().Replay(replay).ok());
  v1::FindRequest find;
  find.set_name("Anna");
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();

  const std::vector<std::string> views = ViewIds();
  ASSERT_THAT(views, SizeIs(5));
  std::map<std::string, ev1::Answer> agrees;
  for (const std::string& view : views) {
    v1::GetChronologyRequest again;
    again.set_view_id(view);
    *again.mutable_at_least() = With(view);
    const auto shown = Hub().Chronology(again);
    ASSERT_TRUE(shown.ok()) << shown.status();
    const std::string& rpc = shown->view().viewed().rpc();
    const bool is_replay = absl::EndsWith(rpc, ".Replay");
    EXPECT_EQ(shown->view().digest_agrees(),
              is_replay ? ev1::ANSWER_NOT_APPLICABLE : ev1::ANSWER_YES)
        << rpc;
    EXPECT_THAT(shown->rows(), IsEmpty());
    if (absl::EndsWith(rpc, ".Find")) {
      EXPECT_THAT(shown->candidates(), SizeIs(found->candidates_size()));
    }
    v1::GetChronologyRequest second;
    second.set_view_id(shown->view_id());
    *second.mutable_at_least() = With(shown->view_id());
    const auto looked = Hub().Chronology(second);
    ASSERT_TRUE(looked.ok()) << looked.status();
    EXPECT_EQ(looked->view().digest_agrees(), ev1::ANSWER_NOT_APPLICABLE);
  }
}

// A sensitive service's contact.
Statement SensitiveContact(const std::string& subject) {
  Statement told = Told(subject, "2026-03-28", "Sexual health: first visit");
  told.mutable_service_contact();
  told.mutable_account()->set_summary("Came alone");
  told.mutable_submission()->mutable_author()->set_role("clinic nurse");
  told.mutable_account()->mutable_term()->set_display("First visit");
  return told;
}

Statement CorrectionOf(const std::string& event_id, const std::string& target,
                       const std::string& subject) {
  Statement told = Correcting(SensitiveContact(subject), event_id, target,
                              {"account.headline"});
  told.mutable_account()->set_headline("It was the second visit");
  told.mutable_amends()->set_reason("miscounted at the clinic");
  return told;
}

TEST_F(ChronologyServiceTest, WhatADiscreetKindSaysIsShownToThoseWhoMaySeeIt) {
  const std::string id = Tell(kHealth, SensitiveContact(health_anna_));
  Tell(kHealth, CorrectionOf(id, health_anna_, health_anna_));
  const auto answer = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->rows(), SizeIs(1));
  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.label(), "Contact with a service");
  EXPECT_EQ(row.headline(), "Sexual health: first visit");
  EXPECT_EQ(row.term().display(), "First visit");
  EXPECT_EQ(row.author().role(), "clinic nurse");
  EXPECT_EQ(row.summary(), "Came alone");
  ASSERT_THAT(row.amendments(), SizeIs(1));
  EXPECT_EQ(row.amendments(0).headline(), "It was the second visit");

  v1::GetEntryRequest request;
  request.set_event_id(id);
  const auto entry = Hub().Call<v1::GetEntryResponse>("GetEntry", request);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->header().account().headline(), "Sexual health: first visit");
}

TEST_F(ChronologyServiceTest, OthersAreToldOnlyThatADiscreetKindHappened) {
  // To those who may not see what is restricted: of a later writer's audience.
  const auto tell = [&](const Statement& statement,
                        const std::string& request_id,
                        const std::string& content = "content") {
    auto record =
        WithSections(Sealed(kHealth, {statement}, request_id, content, now_)[0],
                     [](const auto&, ev1::Section& section) {
                       if (section.part() != ev1::PART_CLEAR) {
                         section.set_audience("of a later version");
                       }
                     });
    std::string id(event::Scan(record.record.value)->id);
    Append(std::move(record));
    return id;
  };
  Statement contact = SensitiveContact(health_anna_);
  const std::string id = tell(contact, "r");
  // Other content under the same id is no way round.
  contact.mutable_account()->set_headline("Sexual health: second visit");
  tell(contact, "r", "other content");
  // Nor is what corrects it, what corrects that, or what is filed elsewhere.
  Statement correction = CorrectionOf(id, health_anna_, health_anna_);
  correction.mutable_account()->mutable_occurred()->set_date("2025-12-24");
  correction.mutable_amends()->add_fields("account.occurred");
  const std::string corrected = Tell(kHealth, correction);
  const std::string corrected_again =
      Tell(kHealth, CorrectionOf(corrected, health_anna_, health_anna_));
  const std::string elsewhere =
      Tell(kHealth, CorrectionOf(id, health_anna_, police_anna_));

  const auto answer = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->rows(), SizeIs(1));
  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.visibility(), ev1::VISIBILITY_REDACTED);
  EXPECT_EQ(row.type(), "vigil.event.v1.DiscreetEntry");
  EXPECT_EQ(row.label(), "Held by the organisation: ask it");
  EXPECT_EQ(row.headline(), "Information is held. Ask the source.");
  EXPECT_EQ(row.occurred().date(), "2026-03-28");
  EXPECT_EQ(row.organisation().code(), "X99A1");
  EXPECT_THAT(row.conflicts(), SizeIs(1));
  EXPECT_THAT(row.amendments(), SizeIs(3));
  v1::GetEntryRequest request;
  request.set_event_id(id);
  const auto entry = Hub().Call<v1::GetEntryResponse>("GetEntry", request);
  ASSERT_TRUE(entry.ok()) << entry.status();
  v1::ReplayRequest history;
  history.set_subject(health_anna_);
  const auto replayed = Hub().Replay(history);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  ASSERT_THAT(*replayed, SizeIs(1));
  std::vector<std::string> answers = {row.DebugString(), entry->DebugString(),
                                      (*replayed)[0].DebugString()};
  for (const std::string& about : {corrected, corrected_again, elsewhere}) {
    request.set_event_id(about);
    const auto amendment =
        Hub().Call<v1::GetEntryResponse>("GetEntry", request);
    ASSERT_TRUE(amendment.ok()) << amendment.status();
    EXPECT_EQ(amendment->row().visibility(), ev1::VISIBILITY_NOTICE);
    EXPECT_FALSE(amendment->has_kind());
    EXPECT_THAT(amendment->amendments(), IsEmpty());
    answers.push_back(amendment->DebugString());
  }
  for (const std::string& shown : answers) {
    EXPECT_THAT(shown, Not(HasSubstr("visit")));
    EXPECT_THAT(shown, Not(HasSubstr("clinic")));
    EXPECT_THAT(shown, Not(HasSubstr("alone")));
    EXPECT_THAT(shown, Not(HasSubstr("2025-12-24")));
  }
  // Nor is it found by what the correction says.
  v1::GetChronologyRequest then = Of(health_anna_);
  then.mutable_occurred()->mutable_since()->set_date("2025-12-24");
  then.mutable_occurred()->mutable_until()->set_date("2025-12-24");
  const auto found = Hub().Chronology(then);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->rows(), IsEmpty());
}

TEST_F(ChronologyServiceTest, APictureOfAPersonIsOfWhatTheAskerMaySee) {
  Tell(kPolice,
       Registered(police_anna_, "Jones", "Anna", "2021-03-02", kAnnaNumber));
  Statement moved =
      Registered(health_anna_, "Jones", "Anna", "2021-03-02", kAnnaNumber);
  ev1::Address& refuge = *moved.mutable_about(0)
                              ->mutable_person()
                              ->mutable_demographics()
                              ->add_addresses();
  refuge.add_lines("The refuge");
  refuge.set_shielded(ev1::ANSWER_YES);
  const auto records = Sealed(kHealth, {moved}, "r", "content", now_);
  Append(Reserved(records[0], ev1::PART_PERSON));

  // It still links, and does not show.
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->subjects(), SizeIs(2));
  EXPECT_THAT(answer->demographics().names(), SizeIs(1));
  EXPECT_THAT(answer->demographics().addresses(), IsEmpty());
  v1::FindRequest find;
  find.set_name("Jones");
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_THAT(found->candidates(0).demographics().addresses(), IsEmpty());

  // A restricted address is shown to those who see what is restricted.
  Tell(kHealth, moved);
  const auto all = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_THAT(all->demographics().addresses(), SizeIs(1));
}

// "field CODE" of each violation.
std::vector<std::string> Wrong(const absl::Status& status) {
  std::vector<std::string> wrong;
  const google::rpc::Status told = service::ToRpcStatus(status);
  for (const auto& detail : told.details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      const std::string& text = violation.description();
      wrong.push_back(
          absl::StrCat(violation.field(), " ", text.substr(0, text.find(':'))));
    }
  }
  return wrong;
}

TEST_F(ChronologyServiceTest, AFilterByNothingThereIsIsRefused) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  request.add_writers("police");
  request.add_writers("polise");
  request.add_types("vigil.event.v1.ConcernRaised");
  request.add_types("vigil.event.v1.Nonsense");
  const absl::Status refused = Hub().Chronology(request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(Wrong(refused), ElementsAre("writers[1] UNKNOWN_ENUM_VALUE",
                                          "types[1] UNKNOWN_ENUM_VALUE"));
  EXPECT_THAT(service::ToRpcStatus(refused).DebugString(),
              testing::HasSubstr("One of health, mash, police."));
  request.mutable_writers()->RemoveLast();
  request.mutable_types()->RemoveLast();
  const auto answered = Hub().Chronology(request);
  EXPECT_TRUE(answered.ok()) << answered.status();
}

TEST_F(ChronologyServiceTest, HistoryIsReplayedInViews) {
  TellOfAnna();
  v1::ReplayRequest request;
  request.set_subject(health_anna_);
  auto batches = Hub().Replay(request);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_THAT(*batches, SizeIs(1));
  EXPECT_THAT(batches->front().events(), SizeIs(4));
  EXPECT_EQ(Views(), 1);
  *request.mutable_begin() = batches->front().positions();
  batches = Hub().Replay(request);
  ASSERT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(batches->front().events(), IsEmpty());
  EXPECT_EQ(batches->front().positions().SerializeAsString(),
            request.begin().SerializeAsString());

  request.Clear();
  request.set_topic("vigil.police.events.v1");
  batches = Auditor().Replay(request);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_THAT(*batches, SizeIs(1));
  EXPECT_THAT(batches->front().events(), SizeIs(2));
  EXPECT_TRUE(absl::IsPermissionDenied(Hub().Replay(request).status()));
  request.set_topic("vigil.nobody.events.v1");
  EXPECT_TRUE(absl::IsNotFound(Auditor().Replay(request).status()));
}

TEST_F(ChronologyServiceTest, AReplayBeginsWhereItsTopicIs) {
  TellOfAnna();
  v1::ReplayRequest request;
  request.set_topic("vigil.police.events.v1");
  auto* other = request.mutable_begin()->add_topics();
  other->set_topic("vigil.health.events.v1");
  other->add_next_offsets(1);
  auto* many = request.mutable_begin()->add_topics();
  many->set_topic(request.topic());
  for (int i = 0; i < 3; ++i) many->add_next_offsets(0);
  absl::Status refused = Auditor().Replay(request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(Wrong(refused),
              ElementsAre("from.topics[0].topic UNKNOWN_ENUM_VALUE",
                          "from.topics[1].next_offsets LIST_TOO_LONG"));

  // Of a child, all topics of the index are read.
  request.set_subject(health_anna_);
  refused = Hub().Replay(request).status();
  EXPECT_THAT(Wrong(refused),
              ElementsAre("from.topics[1].next_offsets LIST_TOO_LONG"));
  other->set_topic("vigil.nobody.events.v1");
  refused = Hub().Replay(request).status();
  EXPECT_THAT(Wrong(refused),
              ElementsAre("from.topics[0].topic UNKNOWN_ENUM_VALUE",
                          "from.topics[1].next_offsets LIST_TOO_LONG"));
}

TEST_F(ChronologyServiceTest, AReplayFromBeyondTheEndIsOutOfRange) {
  TellOfAnna();
  v1::ReplayRequest request;
  request.set_topic("vigil.police.events.v1");
  auto* from = request.mutable_begin()->add_topics();
  from->set_topic(request.topic());
  from->add_next_offsets(1'000);
  EXPECT_TRUE(absl::IsOutOfRange(Auditor().Replay(request).status()));
  from->add_next_offsets(1'000);  // all partitions
  EXPECT_TRUE(absl::IsOutOfRange(Auditor().Replay(request).status()));
  for (int i = 0; i < 2; ++i) {
    from->set_next_offsets(
        i, *log_->End({request.topic(), i}, absl::Now() + absl::Seconds(60)));
  }
  const auto none = Auditor().Replay(request);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT(*none, IsEmpty());
}

TEST_F(ChronologyServiceTest, ARefusalIsToldToOperatorsWithoutTheChild) {
  TellOfAnna();
  Hub();
  Police();
  testing::internal::CaptureStderr();
  service::SetUpLog();
  v1::ReplayRequest topic;
  topic.set_topic("vigil.police.events.v1");
  EXPECT_TRUE(absl::IsPermissionDenied(Hub().Replay(topic).status()));
  v1::GetChronologyRequest request = Of(police_anna_);
  Police().SetAsking(request.mutable_asking());
  *request.mutable_asking()->mutable_organisation() =
      ToProtoOrganisation("ods:X99A1");
  EXPECT_TRUE(absl::IsPermissionDenied(Police().Chronology(request).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(
      Police()
          .Call<v1::GetStatusResponse>("GetStatus", v1::GetStatusRequest())
          .status()));
  v1::RebuildResponse last;
  EXPECT_TRUE(absl::IsPermissionDenied(Police().Rebuild(&last)));
  const std::string log = testing::internal::GetCapturedStderr();
  for (const char* line :
       {" warning refused system=hub rpc=Replay rule=replay.topic\n",
        " warning refused system=police rpc=GetChronology "
        "rule=ask.organisation\n",
        " warning refused system=police rpc=GetStatus rule=status\n",
        " warning refused system=police rpc=Rebuild rule=rebuild\n"}) {
    EXPECT_THAT(log, testing::HasSubstr(line));
  }
  EXPECT_THAT(log, testing::Not(testing::HasSubstr(police_anna_)));
  EXPECT_THAT(log, testing::Not(testing::HasSubstr("Test Person")));
}

// Until when each append may take.
class WatchedLog final : public eventlog::EventLog {
 public:
  explicit WatchedLog(EventLog* log) : log_(*log) {}

  void AppendBatch(std::vector<eventlog::TopicRecord> batch,
                   absl::Time deadline, eventlog::AppendDone done) override {
    {
      const absl::MutexLock lock(&mutex_);
      given_.push_back(deadline - absl::Now());
    }
    log_.AppendBatch(std::move(batch), deadline, std::move(done));
  }
  absl::StatusOr<std::unique_ptr<eventlog::Cursor>> Open(
      std::map<eventlog::Partition, int64_t> from) override {
    return log_.Open(std::move(from));
  }
  std::map<eventlog::Partition, absl::StatusOr<int64_t>> Ends(
      const std::vector<eventlog::Partition>& partitions,
      absl::Time deadline) override {
    return log_.Ends(partitions, deadline);
  }
  std::vector<eventlog::Partition> Partitions(
      const std::string& topic) const override {
    return log_.Partitions(topic);
  }

  std::vector<absl::Duration> given() const {
    const absl::MutexLock lock(&mutex_);
    return given_;
  }

 private:
  EventLog& log_;
  mutable absl::Mutex mutex_;
  std::vector<absl::Duration> given_;
};

// However long a history takes, its last batch has as long as its first.
TEST_F(ChronologyServiceTest, EachBatchOfAReplayHasItsOwnDeadline) {
  TellOfAnna();
  WatchedLog watched(log_.get());
  views_ = std::make_unique<eventlog::StoreAndForward>(
      &watched, outbox_.get(),
      eventlog::StoreAndForwardOptions{.forward = false});
  v1::ReplayRequest request;
  request.set_subject(health_anna_);
  const auto batches = Hub().Replay(request, kDefaultDeadline / 2);
  EXPECT_TRUE(batches.ok()) << batches.status();
  EXPECT_THAT(watched.given(),
              ElementsAre(testing::Gt(kDefaultDeadline * 3 / 4)));
  desks_.clear();
  views_.reset();
}

TEST_F(ChronologyServiceTest, AnAnswerWaitsToBeAsFreshAsItIsAsked) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  *request.mutable_at_least() = With("00000000-0000-4000-8000-000000000000");
  const absl::Status behind =
      Hub()
          .Call<v1::GetChronologyResponse>("GetChronology", request,
                                           absl::Seconds(1))
          .status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(behind)) << behind;
  *request.mutable_at_least() = With(seen_);
  EXPECT_TRUE(Hub().Chronology(request).ok());
}

TEST_F(ChronologyServiceTest,
       AReplicaThatIsBehindContinuesNoPageAndShowsNoView) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  request.set_page_size(2);
  const auto first = Hub().Chronology(request);
  ASSERT_TRUE(first.ok()) << first.status();
  // Another reader, which has all topics but one.
  std::vector<eventlog::Partition> some;
  for (const eventlog::Partition& partition : partitions_) {
    if (partition.topic != "vigil.health.events.v1") some.push_back(partition);
  }
  const auto index =
      *projection::Index::Open(folder_.path() + "/replica", ChronologyFold());
  projection::Runner runner(log_.get(), index.get(), some);
  const absl::Time soon = absl::Now() + absl::Seconds(60);
  projection::Positions there = index_->snapshot()->positions();
  for (const auto& partition : log_->Partitions(std::string(kAccessTopic))) {
    there[partition] = *log_->End(partition, soon);
  }
  std::erase_if(there, [](const auto& each) {
    return each.first.topic == "vigil.health.events.v1";
  });
  ASSERT_TRUE(runner.WaitFor(there, soon).ok());
  const Source whole = std::exchange(source_, {index.get(), &runner});

  request.set_page_token(first->next_page_token());
  const absl::Status behind =
      Hub()
          .Call<v1::GetChronologyResponse>("GetChronology", request,
                                           absl::Seconds(1))
          .status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(behind)) << behind;
  v1::GetChronologyRequest again;
  again.set_view_id(first->view_id());
  const absl::Status view = Hub().Chronology(again).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(view)) << view;
  EXPECT_THAT(view.ToString(), HasSubstr("PROJECTION_BEHIND"));
  source_ = whole;
}

TEST_F(ChronologyServiceTest, AnAgencyNamesPositionsOfItsOwnTopicsAlone) {
  TellOfAnna();
  v1::GetChronologyRequest request = Of(police_anna_);
  ev1::Position& position = *request.mutable_at_least()->add_positions();
  for (const auto& [partition, next] : index_->snapshot()->positions()) {
    if (partition.topic != "vigil.police.events.v1") continue;
    position = ToProto(eventlog::Position{partition, next - 1});
  }
  EXPECT_TRUE(Police().Chronology(request).ok());
  std::vector<absl::Status> refused;
  for (const char* topic : {"vigil.health.events.v1", "vigil.none.events.v1",
                            "vigil.chronology.access.v1"}) {
    position.set_topic(topic);
    refused.push_back(Police().Chronology(request).status());
    v1::GetChronologyRequest as_of = Of(police_anna_);
    auto& positions = *as_of.mutable_as_of()->mutable_positions()->add_topics();
    positions.set_topic(topic);
    positions.add_next_offsets(1);
    refused.push_back(Police().Chronology(as_of).status());
  }
  for (const absl::Status& status : refused) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status, refused.front());
  }
}

TEST_F(ChronologyServiceTest, AnIndexThatStandsStillSaysSo) {
  TellOfAnna();
  // Another log in the place of the one that was read.
  auto anew =
      *eventlog::RocksdbEventLog::Open(folder_.path() + "/anew", topics_, {});
  runner_ = std::make_unique<projection::Runner>(anew.get(), index_.get(),
                                                 partitions_);
  source_ = {.index = index_.get(), .runner = runner_.get()};
  while (runner_->status().alarm.empty()) {
    runner_
        ->WaitFor({{partitions_[0], INT64_MAX}},
                  absl::Now() + absl::Milliseconds(10))
        .IgnoreError();
  }
  for (Desk* desk : {&Hub(), &Police()}) {
    const auto answer = desk->Chronology(Of(police_anna_));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(answer->completeness().has_stale_since());
    EXPECT_THAT(answer->completeness().words(), HasSubstr("stands still"));
    v1::GetChronologyRequest request = Of(police_anna_);
    *request.mutable_at_least() = With("00000000-0000-4000-8000-000000000000");
    const absl::Status behind = desk->Chronology(request).status();
    EXPECT_TRUE(absl::IsDeadlineExceeded(behind)) << behind;
    EXPECT_THAT(behind.ToString(), Not(HasSubstr("truncated")));
  }
  runner_.reset();
}

TEST_F(ChronologyServiceTest, WhatIsWrongWithAQuestionIsSaidAtOnce) {
  v1::GetChronologyRequest request = Of("not a subject");
  request.mutable_asking()->set_purpose(ev1::PURPOSE_REVIEW);
  request.set_page_size(0);
  const absl::Status wrong = Hub().Chronology(request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(wrong)) << wrong;
  EXPECT_THAT(wrong.ToString(), HasSubstr("on_behalf_of"));
  EXPECT_THAT(wrong.ToString(), HasSubstr("page_size"));
  EXPECT_THAT(wrong.ToString(), HasSubstr("SUBJECT_FORMAT"));
  for (const int64_t offset : {int64_t{-1}, INT64_MAX}) {
    v1::GetChronologyRequest nowhere = Of(police_anna_);
    nowhere.mutable_at_least()->add_positions()->set_offset(offset);
    EXPECT_THAT(Hub().Chronology(nowhere).status().ToString(),
                HasSubstr("_least.positions[0].offset"));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      Hub().Call<v1::FindResponse>("Find", v1::FindRequest()).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(
      Operator().Chronology(Of(police_anna_)).status()));
  EXPECT_EQ(Views(), 0);
}

TEST_F(ChronologyServiceTest, AReferenceThatNobodyRegisteredIsListed) {
  TellOfAnna();
  const auto ask = [&] {
    return Operator().Call<v1::GetStatusResponse>("GetStatus",
                                                  v1::GetStatusRequest());
  };
  auto status = ask();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->lag_records(), 0u);
  EXPECT_EQ(status->alarm(), "");
  EXPECT_EQ(status->unregistered_references(), 2u);
  std::vector<std::string> listed;
  for (const v1::UnregisteredReference& one : status->unregistered()) {
    listed.push_back(one.subject());
    EXPECT_EQ(one.key_id(), "5eed5eed");
    EXPECT_EQ(one.entries(), 2u);
  }
  EXPECT_THAT(listed, UnorderedElementsAre(police_anna_, health_anna_));
  EXPECT_THAT(Hub().Chronology(Of(police_anna_))->rows(0).warnings(),
              testing::Contains(HasSubstr("nobody registered")));
  EXPECT_TRUE(absl::IsPermissionDenied(
      Police()
          .Call<v1::GetStatusResponse>("GetStatus", v1::GetStatusRequest())
          .status()));

  // Once somebody has decided about it, it is no state any more.
  Tell(kHub, Linked(police_anna_, health_anna_));
  EXPECT_EQ(ask()->unregistered_references(), 0u);

  int64_t offset = 0;
  const auto announce = [&](const ev1::Kind& kind) {
    event::Draft announced = event::OwnDraft(kind);
    announced.key = "police";
    event::Request request;
    request.source = "//vigil/police";
    request.system = "vigil";
    request.received = now_;
    event::Sealed sealed = event::SealWithId(
        announced, request,
        absl::StrCat("00000000-0000-4000-8000-00000000000", ++offset));
    Append({"vigil.police.events.v1", {sealed.key, sealed.value, {}}});
  };
  ev1::Kind registered;
  registered.mutable_naming_key_registered()->set_key_id("5eed5eed");
  announce(registered);
  const std::string third = Subject("police:99", "18");
  Tell(kPolice, Told(third, "2026-03-28", "Seen"));
  EXPECT_EQ(ask()->unregistered_references(), 0u);
  EXPECT_THAT(Hub().Chronology(Of(third))->rows(0).warnings(), IsEmpty());

  // One that takes another's place is in order; one beside it is not.
  ev1::Kind replaced;
  replaced.mutable_naming_key_replaced()->set_old_key_id("5eed5eed");
  replaced.mutable_naming_key_replaced()->set_new_key_id("0badcafe");
  announce(replaced);
  EXPECT_EQ(ask()->alarm(), "");
  registered.mutable_naming_key_registered()->set_key_id("0ddba11e");
  announce(registered);
  EXPECT_THAT(ask()->alarm(), HasSubstr("police announced several"));
  EXPECT_THAT(ask()->alarm(), HasSubstr("0ddba11e"));
}

TEST_F(ChronologyServiceTest, ATermThatNoMappingKnowsIsListed) {
  const auto meeting = [&](const std::string& code) {
    Statement told = Told(police_anna_, "2026-03-28", code);
    ev1::MeetingStepped& held = *told.mutable_meeting_stepped();
    held.set_stage(ev1::STAGE_COMPLETED);
    ev1::CodedTerm& own = *held.mutable_type()->mutable_own();
    own.set_system("athena");
    own.set_code(code);
    own.set_display("A " + code);
    return told;
  };
  Tell(kPolice, meeting("ICPC"));
  now_ += absl::Hours(1);
  Tell(kPolice, meeting("ICPC"));
  Tell(kPolice, meeting("RCPC"));
  const auto list = [&](v1::ListTermsRequest request) {
    return Operator().Call<v1::ListTermsResponse>("ListTerms", request);
  };
  auto terms = list({});
  ASSERT_TRUE(terms.ok()) << terms.status();
  ASSERT_THAT(terms->terms(), SizeIs(2));
  const v1::Term& first = terms->terms(0);
  EXPECT_EQ(first.table(), "meeting");
  EXPECT_EQ(first.term().code(), "ICPC");
  EXPECT_EQ(first.term().display(), "A ICPC");
  EXPECT_EQ(first.organisation(), "police:99");
  EXPECT_EQ(ToTime(first.first_logged()), now_ - absl::Hours(1));
  v1::ListTermsRequest page;
  page.set_page_size(1);
  terms = list(page);
  ASSERT_THAT(terms->terms(), SizeIs(1));
  page.set_page_token(terms->next_page_token());
  terms = list(page);
  ASSERT_THAT(terms->terms(), SizeIs(1));
  EXPECT_EQ(terms->terms(0).term().code(), "RCPC");
  EXPECT_EQ(terms->next_page_token(), "");
  page.set_page_token("nonsense");
  EXPECT_TRUE(absl::IsInvalidArgument(list(page).status()));

  // What the hub says of it, as that was put right.
  Statement mapped = Said("2026-04-01", "Mapped");
  *mapped.add_about()->mutable_organisation() =
      ToProtoOrganisation(kHub.organisation);
  ev1::Mapping& mapping = *mapped.mutable_terms_mapped()->add_mappings();
  mapping.set_system("athena");
  mapping.set_code("RCPC");
  mapping.set_table("meeting");
  mapping.set_meaning("review_conference");
  const std::string id = Tell(kHub, mapped);
  terms = list({});
  ASSERT_THAT(terms->terms(), SizeIs(1));
  EXPECT_EQ(terms->terms(0).term().code(), "ICPC");
  mapping.set_code("ICPC");
  mapping.set_meaning("initial_conference");
  Tell(kHub,
       Correcting(mapped, id, kHub.organisation, {"terms_mapped.mappings"}));
  v1::ListTermsRequest all;
  all.set_mapped_too(ev1::ANSWER_YES);
  terms = list(all);
  ASSERT_THAT(terms->terms(), SizeIs(2));
  EXPECT_EQ(terms->terms(0).meaning(), "initial_conference");
  EXPECT_EQ(terms->terms(1).meaning(), "");
  SetTime(now_ - absl::Minutes(1), all.mutable_as_of()->mutable_logged());
  terms = list(all);
  ASSERT_THAT(terms->terms(), SizeIs(1));
  EXPECT_EQ(terms->terms(0).meaning(), "");

  // One that has words alone is mapped by what it says.
  Statement in_words = meeting("");
  in_words.mutable_meeting_stepped()
      ->mutable_type()
      ->mutable_own()
      ->set_display("Tea with the family");
  Tell(kPolice, in_words);
  terms = list({});
  ASSERT_THAT(terms->terms(), SizeIs(2));
  EXPECT_EQ(terms->terms(0).term().display(), "Tea with the family");
  EXPECT_EQ(terms->terms(0).meaning(), "");
  mapping.clear_system();
  mapping.clear_code();
  mapping.set_display("Tea with the family");
  mapping.set_meaning("family_network_meeting");
  Tell(kHub, mapped);
  EXPECT_THAT(list({})->terms(), SizeIs(1));
  all.clear_as_of();
  terms = list(all);
  ASSERT_THAT(terms->terms(), SizeIs(3));
  EXPECT_EQ(terms->terms(0).meaning(), "family_network_meeting");
  EXPECT_TRUE(absl::IsPermissionDenied(
      Police()
          .Call<v1::ListTermsResponse>("ListTerms", v1::ListTermsRequest())
          .status()));
}

// --- What the wire brings: families, answers, keys ---

TEST_F(ChronologyServiceTest, EachChildOfAnIncidentHasItsOwnWords) {
  const std::string bela = Subject("police:99", "18");
  Statement incident = Incident(police_anna_, bela);
  ev1::ObservationMade& bruise = *incident.mutable_about(0)->add_observations();
  bruise.mutable_indicator()->mutable_own()->set_display("Bruised arm");
  bruise.set_words("Fading");
  TellEach(kPolice, incident);
  const auto of_anna = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(of_anna.ok()) << of_anna.status();
  EXPECT_THAT(Headlines(*of_anna),
              UnorderedElementsAre("Domestic incident", "Bruised arm"));
  for (const v1::Row& row : of_anna->rows()) {
    EXPECT_EQ(row.incomplete(), ev1::ANSWER_NO);
    if (row.headline() != "Bruised arm") {
      EXPECT_EQ(row.seen().own_words(), "Daddy was shouting");
    } else {
      EXPECT_FALSE(row.has_seen());  // it is said once
      EXPECT_EQ(row.summary(), "Fading");
      EXPECT_EQ(row.label(), "Observation made");
      EXPECT_EQ(row.author().role(), "duty officer");
    }
  }
  const auto of_bela = Hub().Chronology(Of(bela));
  ASSERT_TRUE(of_bela.ok()) << of_bela.status();
  ASSERT_THAT(of_bela->rows(), SizeIs(1));
  const v1::Row& row = of_bela->rows(0);
  EXPECT_EQ(row.seen().own_words(), "I was asleep");
  EXPECT_EQ(row.role().code(), "witness");
  EXPECT_EQ(row.present(), ev1::ANSWER_YES);
  EXPECT_EQ(row.whereabouts(), "Upstairs");
  EXPECT_THAT(of_bela->DebugString(), Not(HasSubstr("shouting")));
  ASSERT_THAT(row.involved(), SizeIs(1));
  EXPECT_EQ(row.involved(0).name(), "Mary Jones");
  EXPECT_EQ(row.involved(0).subject(), Subject("police:99", "m1"));
  ASSERT_THAT(row.involved(0).ties(), SizeIs(1));
  EXPECT_EQ(row.involved(0).ties(0).relation().code(), "mother");
}

TEST_F(ChronologyServiceTest, ARelationIsFoundFromBothSides) {
  const std::string mother = Subject("police:99", "m1");
  TellEach(kPolice, Incident(police_anna_, Subject("police:99", "18")));
  Statement stated = Told(police_anna_, "2026-04-01", "Lives with her father");
  ev1::RelationshipStated& relation = *stated.mutable_relationship_stated();
  relation.mutable_other()->mutable_local_id()->set_system("records");
  relation.mutable_other()->mutable_local_id()->set_id("f1");
  relation.mutable_relation()->set_code("father");
  const std::string id = Tell(kPolice, stated);
  const std::string father = Subject("police:99", "f1");
  const auto ties_of = [&](const std::string& subject) {
    std::vector<std::string> ties;
    const auto answer = Hub().Chronology(Of(subject));
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return ties;
    for (const v1::KnownTie& tie : answer->ties()) {
      ties.push_back(absl::StrCat(
          tie.subject() == mother   ? "mary"
          : tie.subject() == father ? "he"
                                    : "?",
          " is ", tie.relation().code(), " of ",
          tie.to() == police_anna_ ? "anna" : "another",
          tie.state() == v1::ROW_STATE_CURRENT ? "" : ", changed"));
    }
    return ties;
  };
  EXPECT_THAT(
      ties_of(police_anna_),
      UnorderedElementsAre("mary is mother of anna", "he is father of anna"));
  EXPECT_THAT(ties_of(mother),
              UnorderedElementsAre("mary is mother of anna",
                                   "mary is mother of another"));
  EXPECT_THAT(ties_of(father), ElementsAre("he is father of anna"));
  v1::FindRequest find;
  find.set_name("Mary Jones");
  const auto found = Hub().Call<v1::FindResponse>("Find", find);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->candidates(), SizeIs(1));
  EXPECT_EQ(found->candidates(0).subject(), mother);
  const auto of_anna = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(of_anna.ok()) << of_anna.status();
  for (const v1::Row& row : of_anna->rows()) {
    if (row.event_id() != id) continue;
    ASSERT_THAT(row.involved(), SizeIs(1));
    EXPECT_EQ(row.involved(0).subject(), father);
    EXPECT_EQ(row.involved(0).ties(0).relation().code(), "father");
  }
  // A child's entries are no rows of hers.
  EXPECT_THAT(Hub().Chronology(Of(mother))->rows(), IsEmpty());
  Statement withdrawn = Said("2026-04-02", "Not her father");
  SetEntry(id, police_anna_,
           withdrawn.mutable_entry_withdrawn()->mutable_target());
  Tell(kPolice, withdrawn);
  EXPECT_THAT(ties_of(father), ElementsAre("he is father of anna, changed"));
}

TEST_F(ChronologyServiceTest, AHouseholdIsFoundFromWhoLivesThere) {
  Statement told = Said("2026-04-01", "Household");
  ev1::Household& household = *told.add_about()->mutable_household();
  household.mutable_ref()->mutable_local_id()->set_system("records");
  household.mutable_ref()->mutable_local_id()->set_id("h1");
  ev1::Address& address = *household.add_addresses();
  address.add_lines("12 High Street");
  address.set_postcode("ZZ1 1ZZ");
  ev1::Member& member = *told.mutable_household_described()->add_members();
  member.mutable_person()->set_subject(police_anna_);
  member.mutable_relation()->set_code("child");
  Tell(kPolice, Told(police_anna_, "2026-03-28", "Seen"));
  Tell(kPolice, told);
  const std::string home = Key().Subject(event::SubjectKind::kHousehold,
                                         "police:99", "records", "h1");
  const auto of_anna = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(of_anna.ok()) << of_anna.status();
  EXPECT_THAT(Headlines(*of_anna), ElementsAre("Seen"));
  ASSERT_THAT(of_anna->ties(), SizeIs(1));
  EXPECT_EQ(of_anna->ties(0).to(), home);
  const auto of_home = Hub().Chronology(Of(home));
  ASSERT_TRUE(of_home.ok()) << of_home.status();
  EXPECT_THAT(Headlines(*of_home), ElementsAre("Household"));
  ASSERT_THAT(of_home->rows(0).involved(), SizeIs(1));
  EXPECT_EQ(of_home->rows(0).involved(0).subject(), police_anna_);
  Facts facts(index_->snapshot(), {});
  EXPECT_THAT(facts.SubjectsAt(AddressGroups(address)[0], 10).subjects,
              ElementsAre(home));
}

TEST_F(ChronologyServiceTest, WhoIsKnownByNumberInOneRecordIsNoCandidate) {
  const auto told_of = [&](const std::string& headline) {
    Statement told = Told(police_anna_, "2026-03-28", headline);
    ev1::Person& mother = *told.add_involved()->mutable_person();
    mother.mutable_ref()->set_number(1);
    Know("Quill", "Mary", "1990-01-01", "9990000050",
         mother.mutable_demographics());
    return told;
  };
  Tell(kPolice, told_of("first"));
  Tell(kPolice, told_of("second"));
  v1::FindRequest find;
  find.set_name("Quill");
  EXPECT_THAT(Hub().Call<v1::FindResponse>("Find", find)->candidates(),
              IsEmpty());
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_THAT(answer->rows(0).involved(), SizeIs(1));
  const std::string number = answer->rows(0).involved(0).subject();
  EXPECT_TRUE(event::IsNumbered(number));
  EXPECT_NE(number, answer->rows(1).involved(0).subject());
  // What is said of a child by number is provisional, until somebody decides.
  Statement toddler = Said("2026-03-28", "A toddler in the flat");
  toddler.add_about()->mutable_person()->mutable_ref()->set_number(2);
  toddler.mutable_concern_raised();
  const std::string subject = DraftsOf(kPolice, toddler)[0].subject;
  Tell(kPolice, toddler);
  EXPECT_EQ(Hub().Chronology(Of(subject))->rows(0).state(),
            v1::ROW_STATE_PROVISIONAL);
  Tell(kHub, Linked(subject, police_anna_));
  const auto linked = Hub().Chronology(Of(police_anna_));
  EXPECT_THAT(linked->rows(), SizeIs(3));
  EXPECT_EQ(linked->rows(0).state(), v1::ROW_STATE_CURRENT);
}

TEST_F(ChronologyServiceTest, WhatIsFiledUnderTheWrongSubjectIsUnmatched) {
  TellOfAnna();
  const std::string bela = Subject("police:99", "18");
  const std::string of_bela = Tell(kPolice, Told(bela, "2026-03-28", "Seen"));
  // The id is Bela's and the subject Anna's.
  Tell(kPolice, Correcting(Told(police_anna_, "2026-03-28", "Not her"), of_bela,
                           police_anna_, {"account.headline"}));
  EXPECT_EQ(Hub().Chronology(Of(bela))->rows(0).state(), v1::ROW_STATE_CURRENT);
  EXPECT_THAT(Hub().Chronology(Of(bela))->rows(0).amendments(), IsEmpty());
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  std::map<std::string, ev1::Answer> unmatched;
  for (const v1::Row& row : answer->rows()) {
    unmatched[row.headline()] = row.unmatched();
  }
  EXPECT_EQ(unmatched["Not her"], ev1::ANSWER_YES);
  EXPECT_EQ(unmatched["Seen alone"], ev1::ANSWER_NO);
}

// The authority knows the child under a reference of its own.
TEST_F(ChronologyServiceTest,
       ADecisionUnderAnotherReferenceAnswersTheReferral) {
  const std::string bela = Subject("police:99", "18");
  const std::string hub_anna = Subject("la:E99000001", "7");
  Tell(kHub, Linked(police_anna_, hub_anna));
  Statement referred = Told(police_anna_, "2026-03-28", "Referred");
  referred.add_about()->mutable_person()->mutable_ref()->set_subject(bela);
  *referred.mutable_referral_made()->mutable_addressee() =
      ToProtoOrganisation(kHub.organisation);
  const std::vector<std::string> referral = TellEach(kPolice, referred);
  Statement decided = Told(hub_anna, "2026-03-29", "By its record");
  ev1::ReferralDecided& decision = *decided.mutable_referral_decided();
  decision.mutable_outcome()->set_code("no_further_action");
  *decision.mutable_referral()->mutable_record_ref() =
      referred.submission().record_ref();
  *decision.mutable_referral()->mutable_organisation() =
      ToProtoOrganisation(kPolice.organisation);
  Tell(kHub, decided);
  decided.mutable_account()->set_headline("By the id of the other child's");
  SetEntry(referral[1], bela, decision.mutable_referral());
  decision.mutable_referral()->clear_organisation();
  Tell(kHub, decided);
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->rows(), SizeIs(3));
  for (const v1::Row& row : answer->rows()) {
    EXPECT_EQ(row.unmatched(), ev1::ANSWER_NO) << row.headline();
  }
}

TEST_F(ChronologyServiceTest, ADecisionsOutcomeCanBeCorrected) {
  Statement referred = Told(police_anna_, "2026-03-28", "Referred");
  *referred.mutable_referral_made()->mutable_addressee() =
      ToProtoOrganisation(kHub.organisation);
  const std::string referral = Tell(kPolice, referred);
  Statement decided = Told(police_anna_, "2026-03-29", "Decided");
  SetEntry(referral, police_anna_,
           decided.mutable_referral_decided()->mutable_referral());
  decided.mutable_referral_decided()->mutable_outcome()->set_code(
      "no_further_action");
  const std::string decision = Tell(kHub, decided);
  decided.mutable_referral_decided()->mutable_outcome()->set_code("assessment");
  decided.mutable_account()->set_headline("Not what counts");
  Tell(kHub, Correcting(decided, decision, police_anna_,
                        {"referral_decided.outcome"}));
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(Headlines(*answer), ElementsAre("Decided", "Referred"));
  const v1::Row& row = answer->rows(0);
  EXPECT_EQ(row.state(), v1::ROW_STATE_CORRECTED);
  EXPECT_EQ(row.unmatched(), ev1::ANSWER_NO);
  ASSERT_THAT(row.amendments(), SizeIs(1));
  const v1::Amendment& amendment = row.amendments(0);
  EXPECT_EQ(amendment.manner(), ev1::MANNER_CORRECTS);
  EXPECT_THAT(amendment.fields(), ElementsAre("referral_decided.outcome"));
  EXPECT_EQ(amendment.kind().referral_decided().outcome().code(), "assessment");
  EXPECT_EQ(amendment.headline(), "");
  EXPECT_FALSE(amendment.has_account());
}

TEST_F(ChronologyServiceTest, AnImportedPastIsNotLate) {
  Statement told = Told(police_anna_, "2016-03-28", "Long ago");
  told.mutable_submission()->set_history(ev1::ANSWER_YES);
  Tell(kPolice, told);
  const auto answer = Hub().Chronology(Of(police_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->rows(0).has_days_late());
  EXPECT_EQ(answer->rows(0).history(), ev1::ANSWER_YES);
}

TEST_F(ChronologyServiceTest, WhatIsSaidOfAnOrganisationStandsUnderIt) {
  Statement told = Said("2026-03-28", "A school");
  *told.add_about()->mutable_organisation() = ToProtoOrganisation("urn:100001");
  told.mutable_organisation_described()->set_name("Made-up school");
  Tell(kHub, told);
  const auto answer = Hub().Chronology(Of("urn:100001"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(Headlines(*answer), ElementsAre("A school"));
}

// --- One record about several ---

// The same of one of them alone, which names its record.
Statement OfOne(Statement said, int about) {
  const ev1::About one = said.about(about);
  said.clear_about();
  *said.add_about() = one;
  for (ev1::Involved& involved : *said.mutable_involved()) {
    for (ev1::Tie& tie : *involved.mutable_ties()) {
      tie.clear_about();
      tie.add_about(0);
    }
  }
  return said;
}
Statement CorrectingRecord(Statement again, const std::string& record,
                           const std::vector<std::string>& fields) {
  ev1::Amends& amends = *again.mutable_amends();
  amends.mutable_target()->mutable_record_ref()->set_system("records");
  amends.mutable_target()->mutable_record_ref()->set_id(record);
  amends.set_how(ev1::AMENDMENT_CORRECTION);
  *amends.mutable_fields() = {fields.begin(), fields.end()};
  return again;
}
// Of that record what is about this subject.
Statement WithdrawingRecord(const std::string& record,
                            const std::string& subject) {
  Statement withdrawn = Said("2026-04-02", "Was not there");
  withdrawn.add_about()->mutable_person()->mutable_ref()->set_subject(subject);
  ev1::RecordRef& ref = *withdrawn.mutable_entry_withdrawn()
                             ->mutable_target()
                             ->mutable_record_ref();
  ref.set_system("records");
  ref.set_id(record);
  return withdrawn;
}

TEST_F(ChronologyServiceTest, WhatIsSaidOfOneChildIsNotShownOfAnother) {
  const std::string bela = Subject("police:99", "18");
  const std::string cara = Subject("police:99", "19");
  const Statement incident = Incident(police_anna_, bela);
  const std::vector<std::string> ids = TellEach(kPolice, incident);
  Tell(kPolice, Registered(cara, "Smith", "Cara", "2019-05-06", ""));
  Statement of_bela = OfOne(incident, 1);
  of_bela.mutable_about(0)->mutable_seen()->set_own_words("Words of Bela");
  Know("Bellows", "Bela", "2019-05-06", "",
       of_bela.mutable_about(0)->mutable_person()->mutable_demographics());
  of_bela.mutable_account()->set_headline("Headline of Bela");
  const std::vector<std::string> fields = {
      "about.seen", "about.person.demographics.names", "account.headline"};
  Tell(kPolice, CorrectingRecord(of_bela, "Domestic incident", fields));
  // And by the id of the other child's entry of the statement; and so what
  // corrects that in turn.
  Statement both = incident;
  both.mutable_about(1)->mutable_seen()->set_own_words("Words of Bela again");
  const std::vector<std::string> again =
      TellEach(kPolice, Correcting(both, ids[0], police_anna_, {"about.seen"}));
  Tell(kPolice, Correcting(of_bela, again[0], police_anna_, fields));

  const auto expect_none_of_bela = [&](const std::string& subject,
                                       size_t amendments) {
    const auto answer = Hub().Chronology(Of(subject));
    ASSERT_TRUE(answer.ok()) << answer.status();
    bool shown = false;
    for (const v1::Row& row : answer->rows()) {
      if (row.event_id() != ids[0]) continue;
      shown = true;
      EXPECT_THAT(row.amendments(), SizeIs(amendments));
    }
    EXPECT_TRUE(shown);
    v1::GetEntryRequest request;
    request.set_event_id(ids[0]);
    const auto entry = Hub().Call<v1::GetEntryResponse>("GetEntry", request);
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_THAT(entry->amendments(), SizeIs(amendments));
    v1::ReplayRequest replay;
    replay.set_subject(subject);
    const auto batches = Hub().Replay(replay);
    ASSERT_TRUE(batches.ok()) << batches.status();
    // The correction of both is about her too, and has nothing of his.
    for (const std::string& all : {answer->DebugString(), entry->DebugString(),
                                   batches->front().DebugString()}) {
      for (const char* of_him :
           {"Words of Bela", "Bellows", "Headline of Bela"}) {
        EXPECT_THAT(all, Not(HasSubstr(of_him)));
      }
    }
  };
  expect_none_of_bela(police_anna_, 1);
  const auto his = Hub().Chronology(Of(bela));
  ASSERT_TRUE(his.ok()) << his.status();
  ASSERT_THAT(his->rows(), SizeIs(1));
  EXPECT_EQ(his->rows(0).state(), v1::ROW_STATE_CORRECTED);
  EXPECT_THAT(his->rows(0).amendments(), SizeIs(3));

  Statement moved = Said("2026-04-01", "Was another child");
  SetEntry(ids[0], police_anna_,
           moved.mutable_entry_reassigned()->mutable_target());
  moved.mutable_entry_reassigned()->set_to_subject(cara);
  Tell(kHub, moved);
  expect_none_of_bela(cara, 2);
}

TEST_F(ChronologyServiceTest, WhatIsWithdrawnOfOneChildStandsOfTheOther) {
  const std::string bela = Subject("police:99", "18");
  const std::string mother = Subject("police:99", "m1");
  TellEach(kPolice, Incident(police_anna_, bela));
  const auto known = [&] {
    v1::FindRequest find;
    find.set_name("Mary Jones");
    const auto found = Hub().Call<v1::FindResponse>("Find", find);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() && found->candidates_size() == 1 &&
           Hub().Chronology(Of(mother))->demographics().names_size() == 1;
  };
  // To whom she is said to be the mother, and whether that stands.
  const auto ties = [&] {
    std::map<std::string, v1::RowState> states;
    const auto answer = Hub().Chronology(Of(mother));
    EXPECT_TRUE(answer.ok()) << answer.status();
    for (const v1::KnownTie& tie : answer->ties()) {
      states[tie.to()] = tie.state();
    }
    return states;
  };
  ASSERT_TRUE(known());
  Tell(kPolice, WithdrawingRecord("Domestic incident", bela));
  EXPECT_TRUE(known());
  EXPECT_THAT(ties(), UnorderedElementsAre(
                          testing::Pair(police_anna_, v1::ROW_STATE_CURRENT),
                          testing::Pair(bela, v1::ROW_STATE_WITHDRAWN)));
  EXPECT_EQ(Hub().Chronology(Of(police_anna_))->rows(0).state(),
            v1::ROW_STATE_CURRENT);
  EXPECT_EQ(Hub().Chronology(Of(bela))->rows(0).state(),
            v1::ROW_STATE_WITHDRAWN);
  // The hub, which has another name for the record.
  Statement by_hub = WithdrawingRecord("Domestic incident", police_anna_);
  *by_hub.mutable_entry_withdrawn()->mutable_target()->mutable_organisation() =
      ToProtoOrganisation("police:99");
  Tell(kHub, by_hub);
  EXPECT_FALSE(known());
  EXPECT_THAT(ties(), UnorderedElementsAre(
                          testing::Pair(police_anna_, v1::ROW_STATE_WITHDRAWN),
                          testing::Pair(bela, v1::ROW_STATE_WITHDRAWN)));
}

TEST_F(ChronologyServiceTest, ATieThatItsRecordCorrectsIsNotCurrent) {
  const std::string mother = Subject("police:99", "m1");
  const Statement incident =
      OfOne(Incident(police_anna_, Subject("police:99", "18")), 0);
  Tell(kPolice, incident);
  Statement again = incident;
  again.mutable_involved(0)->mutable_ties(0)->mutable_relation()->set_code(
      "stepmother");
  Tell(kPolice,
       CorrectingRecord(again, "Domestic incident", {"involved.ties"}));
  const auto answer = Hub().Chronology(Of(mother));
  ASSERT_TRUE(answer.ok()) << answer.status();
  std::map<std::string, v1::RowState> states;
  for (const v1::KnownTie& tie : answer->ties()) {
    states[tie.relation().code()] = tie.state();
  }
  EXPECT_THAT(states, UnorderedElementsAre(
                          testing::Pair("mother", v1::ROW_STATE_CORRECTED),
                          testing::Pair("stepmother", v1::ROW_STATE_CURRENT)));
}

TEST_F(ChronologyServiceTest, ATieInADiscreetActIsShownToWhoMaySeeIt) {
  Statement contact = SensitiveContact(health_anna_);
  ev1::Involved& man = *contact.add_involved();
  man.mutable_person()->mutable_ref()->mutable_local_id()->set_system(
      "records");
  man.mutable_person()->mutable_ref()->mutable_local_id()->set_id("man");
  ev1::Tie& tie = *man.add_ties();
  tie.add_about(0);
  tie.mutable_relation()->set_code("partner_of_parent");
  const auto records = Sealed(kHealth, {contact}, "shown", "content", now_);
  ASSERT_THAT(event::Scan(records[0].record.value)
                  ->Open<ev1::ClearPart>(ev1::PART_CLEAR)
                  ->others(),
              IsEmpty());
  Append(records[0]);
  const auto answer = Hub().Chronology(Of(health_anna_));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->ties(), SizeIs(1));
  EXPECT_EQ(answer->ties(0).relation().code(), "partner_of_parent");
  ASSERT_THAT(answer->rows(0).involved(), SizeIs(1));
  EXPECT_THAT(answer->rows(0).involved(0).ties(), SizeIs(1));
  // To nobody else.
  const std::string other = Subject("ods:X99A1", "0018");
  contact.mutable_about(0)->mutable_person()->mutable_ref()->set_subject(other);
  Append(
      WithSections(Sealed(kHealth, {contact}, "withheld", "content", now_)[0],
                   [](const auto&, ev1::Section& section) {
                     if (section.part() != ev1::PART_CLEAR) {
                       section.set_audience("of a later version");
                     }
                   }));
  const auto withheld = Hub().Chronology(Of(other));
  ASSERT_TRUE(withheld.ok()) << withheld.status();
  EXPECT_THAT(withheld->ties(), IsEmpty());
  EXPECT_THAT(withheld->DebugString(), Not(HasSubstr("partner")));
}

// After its naming key was replaced a writer names by the new one both the
// child and the record.
TEST_F(ChronologyServiceTest, ACorrectionUnderTheNewReferenceIsApplied) {
  const event::NamingKeys keys = {
      .current = event::NamingKey("0badcafe", std::string(32, 'n'))};
  const auto tell_anew = [&](Statement statement) {
    *statement.mutable_submission()->mutable_organisation() =
        ToProtoOrganisation(kPolice.organisation);
    event::Violations violations;
    service::Drafting drafting = service::DraftsOf(
        statement, event::PartsOf(statement),
        {.keys = keys, .any_subject = true, .system = "records"}, &violations);
    ASSERT_TRUE(violations.empty());
    for (auto& record :
         SealedDrafts(kPolice, std::move(drafting.drafts),
                      absl::StrCat("r", ++requests_), "content", now_)) {
      Append(std::move(record));
    }
  };
  const auto named = [](const std::string& local_id, Statement statement) {
    ev1::SubjectRef& ref =
        *statement.mutable_about(0)->mutable_person()->mutable_ref();
    ref.mutable_local_id()->set_system("records");
    ref.mutable_local_id()->set_id(local_id);
    return statement;
  };
  const auto found = [&](const std::string& name) {
    v1::FindRequest find;
    find.set_name(name);
    const auto answer = Hub().Call<v1::FindResponse>("Find", find);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->candidates_size() : -1;
  };
  for (const bool by_record : {true, false}) {
    SCOPED_TRACE(by_record ? "by record" : "by event id");
    const std::string local_id = by_record ? "k1" : "k2";
    const std::string before = by_record ? "Wrongone" : "Wrongtwo";
    const std::string after = by_record ? "Rightone" : "Righttwo";
    const std::string subject = Subject("police:99", local_id);
    const std::string renamed = keys.current.Subject(
        event::SubjectKind::kPerson, "police:99", "records", local_id);
    Statement told = Registered(subject, before, "Kim", "2019-05-05", "");
    told.mutable_submission()->mutable_record_ref()->set_id(local_id);
    const std::string id = Tell(kPolice, told);
    Statement joined = Said("2026-04-02", "Named with a new key");
    joined.mutable_subject_renamed()->set_from_subject(subject);
    joined.mutable_subject_renamed()->set_to_subject(renamed);
    Tell(kPolice, joined);
    Statement again =
        named(local_id, Registered(subject, after, "Kim", "2018-01-01", ""));
    const std::vector<std::string> fields = {"about.person.demographics.names"};
    tell_anew(by_record ? CorrectingRecord(again, local_id, fields)
                        : Correcting(again, id, subject, fields));
    for (const std::string& asked : {subject, renamed}) {
      const auto answer = Hub().Chronology(Of(asked));
      ASSERT_TRUE(answer.ok()) << answer.status();
      ASSERT_THAT(answer->rows(), SizeIs(1));
      EXPECT_EQ(answer->rows(0).state(), v1::ROW_STATE_CORRECTED);
      ASSERT_THAT(answer->demographics().names(), SizeIs(1));
      EXPECT_EQ(answer->demographics().names(0).family(), after);
      // What the correction does not name is as it was.
      EXPECT_EQ(answer->demographics().birth().date(), "2019-05-05");
    }
    EXPECT_EQ(found(after), 1);
    EXPECT_EQ(found(before), 0);
  }
  // Who else is known by a record that is withdrawn by its new name.
  TellEach(kPolice,
           OfOne(Incident(police_anna_, Subject("police:99", "18")), 0));
  EXPECT_EQ(found("Mary Jones"), 1);
  Statement joined = Said("2026-04-02", "Named with a new key");
  joined.mutable_subject_renamed()->set_from_subject(police_anna_);
  joined.mutable_subject_renamed()->set_to_subject(keys.current.Subject(
      event::SubjectKind::kPerson, "police:99", "records", "17"));
  Tell(kPolice, joined);
  tell_anew(named("17", WithdrawingRecord("Domestic incident", "")));
  EXPECT_EQ(found("Mary Jones"), 0);
  const auto mother = Hub().Chronology(Of(Subject("police:99", "m1")));
  ASSERT_TRUE(mother.ok()) << mother.status();
  ASSERT_THAT(mother->ties(), SizeIs(1));
  EXPECT_EQ(mother->ties(0).state(), v1::ROW_STATE_WITHDRAWN);
}

TEST_F(ChronologyServiceTest, AnOperatorRebuildsWhileItServes) {
  TellOfAnna();
  v1::RebuildResponse last;
  const absl::Status rebuilt = Operator().Rebuild(&last);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt;
  EXPECT_EQ(last.finished(), ev1::ANSWER_YES);
  EXPECT_THAT(Hub().Chronology(Of(police_anna_))->rows(), SizeIs(4));
  EXPECT_TRUE(absl::IsPermissionDenied(Hub().Rebuild(&last)));
  v1::RebuildRequest newer;
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(999, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(Operator().Rebuild(&last, newer)));
}

}  // namespace
}  // namespace vigil::chronology
