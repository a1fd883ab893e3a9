#include "libs/eventlog/in_flight.h"

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace vigil::eventlog {
namespace {

using Outcomes = std::vector<absl::StatusOr<Appended>>;

Appended At(int64_t offset) { return {{{"topic", 0}, offset}, {}}; }

TEST(InFlight, AnswersOnceWhenTheLastIsResolved) {
  InFlight in_flight;
  int answers = 0;
  Outcomes got;
  AppendDone done = [&](Outcomes outcomes) {
    ++answers;
    got = std::move(outcomes);
  };
  const auto batch = in_flight.Begin(2, 10, absl::InfiniteFuture(), done);
  ASSERT_NE(batch, nullptr);
  in_flight.Resolve(batch, 1, At(7));
  EXPECT_EQ(answers, 0);
  in_flight.Resolve(batch, 0, absl::NotFoundError("no such topic"));
  ASSERT_EQ(answers, 1);
  EXPECT_EQ(got[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(got[1]->position.offset, 7);
}

TEST(InFlight, AtTheDeadlineWhatIsNotKnownIsInDoubtAndStillCounts) {
  InFlight in_flight(/*max_records=*/2, /*max_bytes=*/100);
  absl::Notification answered;
  Outcomes got;
  AppendDone done = [&](Outcomes outcomes) {
    got = std::move(outcomes);
    answered.Notify();
  };
  // A first batch with a later deadline: the earlier one must not wait for it.
  AppendDone ignored = [](Outcomes) {};
  const auto later = in_flight.Begin(1, 1, absl::InfiniteFuture(), ignored);
  const auto batch =
      in_flight.Begin(1, 1, absl::Now() + absl::Milliseconds(5), done);
  answered.WaitForNotification();
  EXPECT_EQ(got[0].status().code(), absl::StatusCode::kDeadlineExceeded);

  AppendDone third = [](Outcomes) {};
  EXPECT_EQ(in_flight.Begin(1, 1, absl::InfiniteFuture(), third), nullptr);
  EXPECT_TRUE(third) << "a refused batch keeps its done";
  in_flight.Resolve(batch, 0, At(1));  // late: answers nobody, makes room
  const auto room = in_flight.Begin(1, 1, absl::InfiniteFuture(), third);
  ASSERT_NE(room, nullptr);
  in_flight.Resolve(room, 0, At(2));
  in_flight.Resolve(later, 0, At(3));
}

TEST(InFlight, BytesAreBoundedToo) {
  InFlight in_flight(/*max_records=*/10, /*max_bytes=*/100);
  AppendDone done = [](Outcomes) {};
  EXPECT_EQ(in_flight.Begin(1, 101, absl::InfiniteFuture(), done), nullptr);
}

}  // namespace
}  // namespace vigil::eventlog
