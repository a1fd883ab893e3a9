#include "libs/service/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace vigil::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, CountsCallsByRpcAndCode) {
  Metrics metrics;
  Metrics::Rpc* rpc = metrics.ForRpc("a.B/C");
  EXPECT_EQ(rpc, metrics.ForRpc("a.B/C"));
  rpc->Finished(absl::StatusCode::kOk, absl::Milliseconds(3));
  rpc->Finished(absl::StatusCode::kOk, absl::Milliseconds(3));
  rpc->Finished(absl::StatusCode::kUnavailable, absl::Seconds(2));
  const std::string text = metrics.Text();
  EXPECT_THAT(text,
              HasSubstr("vigil_requests_total{code=\"OK\",rpc=\"a.B/C\"} 2"));
  EXPECT_THAT(
      text,
      HasSubstr("vigil_requests_total{code=\"UNAVAILABLE\",rpc=\"a.B/C\"} 1"));
  EXPECT_THAT(
      text, HasSubstr("vigil_request_duration_seconds_count{rpc=\"a.B/C\"} 3"));
  EXPECT_THAT(text, HasSubstr("vigil_request_duration_seconds_bucket{rpc=\"a.B/"
                              "C\",le=\"0.005\"} 2"));
  EXPECT_THAT(text, Not(HasSubstr("INTERNAL")));
}

TEST(Metrics, ReadsAGaugeAtEachScrape) {
  Metrics metrics;
  double depth = 1;
  metrics.AddGauge("vigil_outbox_records", "Records.", [&] { return depth; });
  EXPECT_THAT(metrics.Text(), HasSubstr("vigil_outbox_records 1"));
  depth = 2;
  EXPECT_THAT(metrics.Text(), HasSubstr("vigil_outbox_records 2"));
  metrics.StopExposing();
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("vigil_outbox_records")));
}

TEST(Metrics, KeepsOneCounterPerNameAndLabels) {
  Metrics metrics;
  Metrics::Counter* a = metrics.AddCounter("n_total", "N.", {{"kind", "a"}});
  EXPECT_EQ(a, metrics.AddCounter("n_total", "N.", {{"kind", "a"}}));
  Metrics::Counter* b = metrics.AddCounter("n_total", "N.", {{"kind", "b"}});
  a->Increment();
  b->Increment(2);
  EXPECT_THAT(metrics.Text(), HasSubstr("n_total{kind=\"a\"} 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("n_total{kind=\"b\"} 2"));
}

TEST(Metrics, SaysWhichPortItTookAndRefusesATakenOne) {
  Metrics metrics;
  auto address = metrics.Expose("127.0.0.1:0");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_THAT(*address, Not(testing::EndsWith(":0")));
  Metrics second;
  EXPECT_EQ(second.Expose(*address).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace vigil::service
