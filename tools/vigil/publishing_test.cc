#include "tools/vigil/publishing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/limits.h"
#include "libs/event/violation.h"
#include "libs/service/status.h"
#include "tests/temporary_folder.h"
#include "tools/vigil/exit_code.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {
namespace {

using common::v1::Outcome;
using common::v1::Statement;
using common::v1::StreamOutcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Line(absl::string_view request_id, absl::string_view more = "") {
  return absl::StrCat(R"({"submission":{"requestId":")", request_id,
                      R"("},"concernRaised":{})", more, "}\n");
}

Outcome ReceiptOf(const Statement& statement) {
  const std::string& id = statement.submission().request_id();
  Outcome outcome;
  common::v1::Receipt& receipt = *outcome.mutable_receipt();
  receipt.set_request_id(id);
  receipt.set_durability(common::v1::DURABILITY_LOGGED);
  receipt.add_events()->set_event_id(absl::StrCat("event-", id));
  return outcome;
}

Outcome ErrorOf(const absl::Status& status) {
  Outcome outcome;
  *outcome.mutable_error() = service::ToRpcStatus(status);
  return outcome;
}

// A service whose every answer the test gives, and a clock that waiting moves.
class PublishingTest : public testing::Test {
 protected:
  // What becomes of a statement on the stream of that number, from 1: its
  // outcome, or how the stream ends with it. Nothing: no answer ever.
  using Answer = std::function<std::optional<absl::StatusOr<Outcome>>(
      int stream, const Statement&)>;

  static std::optional<absl::StatusOr<Outcome>> Receipts(
      int, const Statement& statement) {
    return ReceiptOf(statement);
  }

  // Answers when somebody waits, so what is sent without waiting is known; the
  // last that was sent first, unless told otherwise.
  class FakeStream final : public StatementStream {
   public:
    FakeStream(PublishingTest* test, int number)
        : test_(*test), number_(number) {}

    void Send(const Statement& statement) override {
      test_.sent_.push_back(statement.submission().request_id());
      waiting_.emplace_back(next_++, statement);
      test_.most_unanswered_ =
          std::max(test_.most_unanswered_, waiting_.size());
    }

    Received Next(absl::Duration wait, StreamOutcome* outcome) override {
      if (!status_.ok()) return Received::kEnd;
      if (wait == absl::ZeroDuration() || waiting_.empty()) {
        return Received::kNothing;
      }
      if (test_.on_wait_) test_.on_wait_();
      auto [index, statement] = std::move(waiting_.back());
      waiting_.pop_back();
      test_.ids_ += statement.submission().request_id() + " ";
      const auto answer = test_.answer_(number_, statement);
      if (!answer) {
        waiting_.clear();
        test_.now_ += wait;
        return Received::kNothing;
      }
      if (!answer->ok()) {
        status_ = answer->status();
        return Received::kEnd;
      }
      outcome->set_index(index);
      *outcome->mutable_outcome() = **answer;
      return Received::kMessage;
    }

    absl::Status status() const override { return status_; }

    void Finish() override { test_.finished_ = true; }

   private:
    PublishingTest& test_;
    const int number_;
    uint64_t next_ = 0;
    std::deque<std::pair<uint64_t, Statement>> waiting_;
    absl::Status status_;
  };

  absl::Status Publish(const std::string& text, Answer answer = Receipts,
                       ItemFormat format = ItemFormat::kJsonLines) {
    const std::string file = folder_.path() + "/requests";
    std::ofstream(file) << text;
    return Publish(*LineInput::Open(file), std::move(answer), format);
  }

  absl::Status Publish(LineInput in, Answer answer, ItemFormat format) {
    PublishSinks sinks;
    sinks.errors = &errors_;
    sinks.refused = &refused_;
    sinks.receipts = &receipts_;
    answer_ = std::move(answer);
    streams_ = 0;
    Publishing publishing(
        [this] { return std::make_unique<FakeStream>(this, ++streams_); },
        {.now = [this] { return now_; },
         .wait =
             [this](absl::Duration d) {
               now_ += d;
               waits_.push_back(d);
             }},
        sinks,
        {.format = format,
         .answer_within = absl::Seconds(10),
         .retry_for = absl::Seconds(10)});
    const absl::Status status = publishing.Run(in);
    counts_ = publishing.counts();
    return status;
  }

  // Writes `first`; the rest, and the end, only when that was sent.
  absl::Status PublishStream(const std::string& first, const std::string& rest,
                             ItemFormat format) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const auto write_all = [&](const std::string& text) {
      EXPECT_EQ(write(ends[1], text.data(), text.size()),
                static_cast<ssize_t>(text.size()));
    };
    write_all(first);
    on_wait_ = [&, begun = false]() mutable {
      if (std::exchange(begun, true)) return;
      write_all(rest);
      close(ends[1]);
    };
    return Publish(LineInput(ends[0], "a pipe"), Receipts, format);
  }

  TemporaryFolder folder_;
  absl::Time now_ = absl::UnixEpoch();
  std::vector<absl::Duration> waits_;
  Answer answer_;
  std::function<void()> on_wait_;
  int streams_ = 0;
  bool finished_ = false;
  std::vector<std::string> sent_;
  std::string ids_;  // in the order of the answers
  size_t most_unanswered_ = 0;
  std::ostringstream errors_;
  std::ostringstream refused_;
  std::ostringstream receipts_;
  PublishCounts counts_;
};

TEST_F(PublishingTest, BoundsWhatIsUnansweredByCount) {
  std::string text;
  for (int i = 0; i < 1'001; ++i) text += Line(absl::StrCat("r", i));
  EXPECT_TRUE(Publish(text).ok());
  EXPECT_EQ(most_unanswered_, kMaxBatchRequests);
  EXPECT_EQ(counts_.sent, 1'001);
  EXPECT_EQ(counts_.logged, 1'001);
  EXPECT_EQ(streams_, 1);
  EXPECT_TRUE(finished_);
}

TEST_F(PublishingTest, BoundsWhatIsUnansweredByBytes) {
  const std::string much(1'500'000, 'x');
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += Line(absl::StrCat("r", i),
                 absl::StrCat(R"(,"account":{"details":")", much, "\"}"));
  }
  EXPECT_TRUE(Publish(text).ok());
  EXPECT_EQ(most_unanswered_, 2u);
  EXPECT_EQ(counts_.logged, 5);
}

TEST_F(PublishingTest, SendsWhatAStreamHasBroughtBeforeItWaits) {
  EXPECT_TRUE(PublishStream(Line("r1") + Line("r2") + R"({"concernRaised":)",
                            R"({},"submission":{"requestId":"r3"}})"
                            "\n",
                            ItemFormat::kJsonLines)
                  .ok());
  EXPECT_EQ(ids_, "r2 r1 r3 ");
  EXPECT_THAT(errors_.str(), IsEmpty());
}

TEST_F(PublishingTest, SendsWhatAStreamOfTextFormatHasBroughtBeforeItWaits) {
  EXPECT_TRUE(
      PublishStream("submission { request_id: \"r1\" } concern_raised {}\n"
                    "---\n"
                    "submission {\n",
                    "  request_id: \"r2\"\n} concern_raised {}\n",
                    ItemFormat::kTextProto)
          .ok());
  EXPECT_EQ(ids_, "r1 r2 ");
  EXPECT_THAT(errors_.str(), IsEmpty());
}

TEST_F(PublishingTest, SaysThatTheInputBrokeOff) {
  // A folder opens and does not read.
  const int unreadable = open(folder_.path().c_str(), O_RDONLY);
  const absl::Status status = Publish(LineInput(unreadable, "requests"),
                                      Receipts, ItemFormat::kJsonLines);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  for (const char* wrong : {"", "/missing"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        LineInput::Open(folder_.path() + wrong).status()));
  }
}

TEST_F(PublishingTest, TellsBadLinesAndGoesOn) {
  const std::string two_acts = Line("r4", R"(,"homeVisited":{})");
  EXPECT_TRUE(Publish(Line("r1") + "\n{bad\n" + Line("r2", R"(,"colour":1)") +
                      Line("r3") + two_acts)
                  .ok());
  EXPECT_EQ(counts_.refused, 3);
  EXPECT_EQ(counts_.logged, 2);
  EXPECT_EQ(errors_.str(),
            "line 3: is not JSON, at character 2\n"
            "line 4: colour: there is no such field\n"
            "line 6: home_visited: only one of act can be set\n");
  EXPECT_EQ(refused_.str(), "{bad\n" + Line("r2", R"(,"colour":1)") + two_acts);
}

TEST_F(PublishingTest, TellsEveryFieldThatTheServiceRefuses) {
  EXPECT_TRUE(Publish(Line("r1") + Line("r2"),
                      [](int, const Statement& statement)
                          -> std::optional<absl::StatusOr<Outcome>> {
                        if (statement.submission().request_id() == "r2") {
                          Outcome accepted;
                          accepted.mutable_receipt();
                          return accepted;
                        }
                        event::Violations violations;
                        violations.Add("account.headline", "REQUIRED");
                        violations.Add("about", "LIST_TOO_LONG");
                        return ErrorOf(service::InvalidRequest(violations));
                      })
                  .ok());
  EXPECT_THAT(errors_.str(), HasSubstr("line 1: INVALID_ARGUMENT"));
  EXPECT_THAT(errors_.str(), HasSubstr("account.headline: REQUIRED"));
  EXPECT_THAT(errors_.str(), HasSubstr("about: LIST_TOO_LONG"));
  EXPECT_EQ(refused_.str(), Line("r1"));
  EXPECT_EQ(counts_.sent, 2);
  EXPECT_EQ(counts_.accepted, 1);
}

TEST_F(PublishingTest, TellsInTheOrderOfTheFile) {
  EXPECT_TRUE(Publish(Line("r1") + "{bad\n" + Line("r2") + Line("r3"),
                      [](int, const Statement& statement)
                          -> std::optional<absl::StatusOr<Outcome>> {
                        if (statement.submission().request_id() == "r2") {
                          return ReceiptOf(statement);
                        }
                        return ErrorOf(absl::FailedPreconditionError("no"));
                      })
                  .ok());
  EXPECT_EQ(ids_, "r3 r2 r1 ");  // that is how they were answered
  EXPECT_EQ(refused_.str(), Line("r1") + "{bad\n" + Line("r3"));
}

TEST_F(PublishingTest, RepeatsWhatIsInDoubtUnchanged) {
  int answered = 0;
  EXPECT_TRUE(Publish(Line("r1") + Line("r2"),
                      [&](int, const Statement& statement)
                          -> std::optional<absl::StatusOr<Outcome>> {
                        if (++answered > 2) return ReceiptOf(statement);
                        return answered == 1 ? ErrorOf(service::AppendInDoubt(
                                                   absl::Seconds(3)))
                                             : ReceiptOf(statement);
                      })
                  .ok());
  EXPECT_THAT(sent_, ElementsAre("r1", "r2", "r2"));
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(3)));
  EXPECT_EQ(streams_, 1);
  EXPECT_EQ(counts_.logged, 2);
  EXPECT_EQ(counts_.sent, 2);
}

TEST_F(PublishingTest, ABrokenStreamIsRepeatedWithWhatHasNoOutcome) {
  EXPECT_TRUE(Publish(Line("r1") + Line("r2") + Line("r3"),
                      [](int stream, const Statement& statement)
                          -> std::optional<absl::StatusOr<Outcome>> {
                        if (stream == 1 &&
                            statement.submission().request_id() != "r3") {
                          return absl::UnavailableError("gone");
                        }
                        return ReceiptOf(statement);
                      })
                  .ok());
  EXPECT_EQ(streams_, 2);
  EXPECT_THAT(sent_, ElementsAre("r1", "r2", "r3", "r1", "r2"));
  EXPECT_THAT(waits_, ElementsAre(kFirstRetryDelay));
  EXPECT_EQ(counts_.logged, 3);
  EXPECT_EQ(counts_.repeated, 0);
}

TEST_F(PublishingTest, AStreamThatDoesNotAnswerIsRepeated) {
  const absl::Status status =
      Publish(Line("r1"), [](int, const Statement&) { return std::nullopt; });
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(counts_.in_doubt, 1);
  EXPECT_EQ(ExitCodeOf(status), kUnavailable);
}

TEST_F(PublishingTest, GivesUpInTimeAndSaysWhatIsInDoubt) {
  const absl::Status status = Publish(
      Line("r1") + "{bad\n" + Line("r2") + Line("r3"),
      [](int,
         const Statement& statement) -> std::optional<absl::StatusOr<Outcome>> {
        if (statement.submission().request_id() == "r3") {
          return ReceiptOf(statement);
        }
        return absl::UnavailableError("gone");
      });
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_LE(now_ - absl::UnixEpoch(), absl::Seconds(10));
  EXPECT_EQ(counts_.in_doubt, 2);
  EXPECT_EQ(counts_.sent, 1);
  EXPECT_THAT(errors_.str(), HasSubstr("line 1 to 3: 2 in doubt"));
  // What is known is told, though lines before it are in doubt.
  EXPECT_THAT(receipts_.str(), HasSubstr("event-r3"));
  EXPECT_EQ(refused_.str(), "{bad\n");
}

TEST_F(PublishingTest, RepeatsWhatWasTooMuchAndNotWhatIsTooLarge) {
  EXPECT_TRUE(Publish(Line("r1"),
                      [](int stream, const Statement& statement)
                          -> std::optional<absl::StatusOr<Outcome>> {
                        if (stream == 1) return service::TooMuchInFlight();
                        return ReceiptOf(statement);
                      })
                  .ok());
  EXPECT_THAT(waits_, ElementsAre(service::kRetryAfter));

  waits_.clear();
  const absl::Status status = Publish(Line("r1"), [](int, const Statement&) {
    return absl::ResourceExhaustedError("larger than max");
  });
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(waits_, IsEmpty());
  EXPECT_EQ(ExitCodeOf(status), kUsage);
}

TEST_F(PublishingTest, StopsWhereItMayNotSpeak) {
  const absl::Status status = Publish(Line("r1"), [](int, const Statement&) {
    return service::Unauthenticated();
  });
  EXPECT_TRUE(absl::IsUnauthenticated(status));
  EXPECT_THAT(waits_, IsEmpty());
  EXPECT_EQ(counts_.in_doubt, 0);
}

TEST_F(PublishingTest, CountsRepeatsAndWritesReceipts) {
  EXPECT_TRUE(Publish(Line("r1") + Line("r1")).ok());
  EXPECT_EQ(counts_.repeated, 1);
  EXPECT_EQ(
      receipts_.str().substr(0, receipts_.str().find('\n')),
      R"({"line":1,"requestId":"r1","receipt":{"requestId":"r1","durability":)"
      R"("DURABILITY_LOGGED","events":[{"eventId":"event-r1"}]}})");
}

TEST_F(PublishingTest, ReadsTextFormat) {
  EXPECT_TRUE(Publish("submission { request_id: \"r1\" }\n"
                      "concern_raised {}\n"
                      "---\n"
                      "---\n"
                      "submission { request_id: \"r2\"\n"
                      "  colour: 1 }\n"
                      "---\n"
                      "submission { request_id: \"r3\" } concern_raised {}\n"
                      "---\n"
                      "concern_raised {}\n"
                      "home_visited {}\n",
                      Receipts, ItemFormat::kTextProto)
                  .ok());
  EXPECT_EQ(ids_, "r3 r1 ");
  EXPECT_THAT(errors_.str(), HasSubstr("line 5: line 6, column"));
  EXPECT_THAT(errors_.str(), HasSubstr("there is no such field: colour"));
  EXPECT_THAT(errors_.str(), HasSubstr("line 10: line 11, column"));
  EXPECT_THAT(refused_.str(), HasSubstr("request_id: \"r2\""));
  EXPECT_THAT(errors_.str(), Not(HasSubstr("r2")));
}

}  // namespace
}  // namespace vigil::cli
