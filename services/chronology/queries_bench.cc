// What one question costs in process: a child with tens of entries, and one
// with thousands, among many others.
//
//   queries_bench        (in the release preset)
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmark/benchmark.h"
#include "libs/base/check.h"
#include "libs/projection/index.h"
#include "services/chronology/projection.h"
#include "services/chronology/queries.h"
#include "services/chronology/test_facts.h"

namespace vigil::chronology {
namespace {

// Children beside the two that are asked about.
constexpr int kOthers = 5'000;

class Filled {
 public:
  Filled() {
    std::string folder = "/tmp/vigil_queries_bench_XXXXXX";
    Check(mkdtemp(folder.data()) != nullptr, "no temporary folder");
    folder_ = folder;
    auto opened = projection::Index::Open(folder_ + "/index", ChronologyFold());
    Check(opened.ok(), "the index does not open");
    index_ = *std::move(opened);
    AddChild("tens", 25);
    AddChild("thousands", 1'500);
    for (int i = 0; i < kOthers; ++i) AddChild(absl::StrCat("other", i), 2);
    Flush();
  }
  ~Filled() {
    index_.reset();
    std::filesystem::remove_all(folder_);
  }

  Question Ask() const {
    Question question;
    question.asking.asker.roles = {safeguarding::Role::kCoordinator};
    question.asking.asker.organisation = {"la", "E99000001"};
    question.asking.purpose = ev1::PURPOSE_SYSTEM_TEST;
    question.snapshot = index_->snapshot();
    return question;
  }

 private:
  // Known to two agencies under one number, with as many entries of each.
  void AddChild(const std::string& id, int entries) {
    const std::string number = absl::StrFormat("999%07d", ++children_);
    for (const Teller& teller : {kPolice, kHealth}) {
      const std::string subject = Subject(teller.organisation, id);
      Add(teller,
          Registered(subject, absl::StrCat("Family", children_ % 500),
                     absl::StrCat("Given", children_ % 190),
                     absl::StrFormat("20%02d-%02d-%02d", 8 + children_ % 16,
                                     1 + children_ % 12, 1 + children_ % 27),
                     number));
      for (int i = 0; i < entries; ++i) {
        Add(teller, Told(subject,
                         absl::StrFormat("20%02d-%02d-%02d", 10 + i % 15,
                                         1 + i % 12, 1 + i % 28),
                         absl::StrCat("Seen for the time of ", i)));
      }
    }
  }

  void Add(const Teller& teller, const Statement& statement) {
    auto sealed = Sealed(teller, {statement}, absl::StrCat(++requests_));
    const std::string topic = sealed[0].topic;
    records_.push_back({.position = {{topic, 0}, ends_[topic]++},
                        .logged = absl::FromUnixSeconds(1'790'000'000),
                        .record = std::move(sealed[0].record)});
    if (records_.size() == 1'000) Flush();
  }

  void Flush() {
    Check(index_->Apply(records_).ok(), "the index does not apply");
    records_.clear();
  }

  std::string folder_;
  std::unique_ptr<projection::Index> index_;
  std::vector<eventlog::LoggedRecord> records_;
  std::map<std::string, int64_t> ends_;
  int children_ = 0;
  int requests_ = 0;
};

const Filled& Index() {
  static const auto* const filled = new Filled;
  return *filled;
}

void GetChronology(benchmark::State& state, const std::string& child) {
  const Question question = Index().Ask();
  v1::GetChronologyRequest request;
  request.set_subject(Subject(kPolice.organisation, child));
  for (auto _ : state) {
    v1::GetChronologyResponse response;
    View view;
    const absl::Status answered = Answer(question, request, &response, &view);
    Check(answered.ok() && response.rows_size() == 50, "a wrong answer");
  }
}
BENCHMARK_CAPTURE(GetChronology, of_52_entries, "tens")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(GetChronology, of_3002_entries, "thousands")
    ->Unit(benchmark::kMicrosecond);

void Find(benchmark::State& state) {
  const Question question = Index().Ask();
  v1::FindRequest request;
  request.set_name("family7 given7");
  request.set_birth_date("2015-08-08");  // of the seventh
  for (auto _ : state) {
    v1::FindResponse response;
    View view;
    Check(Answer(question, request, &response, &view).ok(), "not found");
  }
}
BENCHMARK(Find)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vigil::chronology

BENCHMARK_MAIN();
