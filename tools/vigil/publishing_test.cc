#include "tools/vigil/publishing.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <functional>
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
#include "vigil/police/v1/police.pb.h"

namespace vigil::cli {
namespace {

using police::v1::SubmitBatchRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Line(absl::string_view request_id, absl::string_view more = "") {
  return absl::StrCat(R"({"raiseConcern":{"submission":{"requestId":")",
                      request_id, "\"}", more, "}}\n");
}

// A service whose every answer the test gives, and a clock that waiting moves.
class PublishingTest : public testing::Test {
 protected:
  using Answer = std::function<absl::Status(const SubmitBatchRequest&,
                                            common::v1::SubmitBatchResponse*)>;

  static absl::Status Receipts(const SubmitBatchRequest& batch,
                               common::v1::SubmitBatchResponse* response) {
    for (const auto& item : batch.items()) {
      const std::string& id = item.raise_concern().submission().request_id();
      auto* receipt = response->add_outcomes()->mutable_receipt();
      receipt->set_request_id(id);
      receipt->set_durability(common::v1::DURABILITY_LOGGED);
      receipt->add_events()->set_event_id(absl::StrCat("event-", id));
    }
    return absl::OkStatus();
  }

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
    Publishing publishing(
        *FindAgency("police"),
        [&](const google::protobuf::Message& message,
            common::v1::SubmitBatchResponse* response) {
          const auto& batch = dynamic_cast<const SubmitBatchRequest&>(message);
          sizes_.push_back(batch.items_size());
          std::string ids;
          for (const auto& item : batch.items()) {
            absl::StrAppend(
                &ids, item.raise_concern().submission().request_id(), " ");
          }
          ids_.push_back(ids);
          return answer(batch, response);
        },
        {.now = [this] { return now_; },
         .wait =
             [this](absl::Duration d) {
               now_ += d;
               waits_.push_back(d);
             }},
        sinks, {.format = format, .retry_for = absl::Seconds(10)});
    const absl::Status status = publishing.Run(in);
    counts_ = publishing.counts();
    return status;
  }

  // Writes `first`; the rest, and the end, only when the first batch was sent.
  absl::Status PublishStream(const std::string& first, const std::string& rest,
                             ItemFormat format) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const auto write_all = [&](const std::string& text) {
      EXPECT_EQ(write(ends[1], text.data(), text.size()),
                static_cast<ssize_t>(text.size()));
    };
    write_all(first);
    bool begun = false;
    return Publish(
        LineInput(ends[0], "a pipe"),
        [&](const SubmitBatchRequest& batch,
            common::v1::SubmitBatchResponse* response) {
          if (!std::exchange(begun, true)) {
            write_all(rest);
            close(ends[1]);
          }
          return Receipts(batch, response);
        },
        format);
  }

  TemporaryFolder folder_;
  absl::Time now_ = absl::UnixEpoch();
  std::vector<absl::Duration> waits_;
  std::vector<int> sizes_;
  std::vector<std::string> ids_;
  std::ostringstream errors_;
  std::ostringstream refused_;
  std::ostringstream receipts_;
  PublishCounts counts_;
};

TEST_F(PublishingTest, CutsBatchesByCount) {
  std::string text;
  for (int i = 0; i < 501; ++i) text += Line(absl::StrCat("r", i));
  EXPECT_TRUE(Publish(text).ok());
  EXPECT_THAT(sizes_, ElementsAre(500, 1));
  EXPECT_EQ(counts_.sent, 501);
  EXPECT_EQ(counts_.logged, 501);
}

TEST_F(PublishingTest, CutsBatchesByBytes) {
  const std::string much(1'500'000, 'x');
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += Line(absl::StrCat("r", i),
                 absl::StrCat(R"(,"account":{"details":")", much, "\"}"));
  }
  EXPECT_TRUE(Publish(text, [](const SubmitBatchRequest& batch,
                               common::v1::SubmitBatchResponse* response) {
                EXPECT_LE(batch.ByteSizeLong(), kMaxBatchBytes);
                return Receipts(batch, response);
              }).ok());
  EXPECT_THAT(sizes_, ElementsAre(2, 2, 1));
}

TEST_F(PublishingTest, SendsWhatAStreamHasBroughtBeforeItWaits) {
  EXPECT_TRUE(PublishStream(Line("r1") + Line("r2") + R"({"raiseConcern":)",
                            R"({"submission":{"requestId":"r3"}}})"
                            "\n",
                            ItemFormat::kJsonLines)
                  .ok());
  EXPECT_THAT(ids_, ElementsAre("r1 r2 ", "r3 "));
  EXPECT_THAT(errors_.str(), IsEmpty());
}

TEST_F(PublishingTest, SendsWhatAStreamOfTextFormatHasBroughtBeforeItWaits) {
  EXPECT_TRUE(
      PublishStream("raise_concern { submission { request_id: \"r1\" } }\n"
                    "---\n"
                    "raise_concern {\n",
                    "  submission { request_id: \"r2\" }\n}\n",
                    ItemFormat::kTextProto)
          .ok());
  EXPECT_THAT(ids_, ElementsAre("r1 ", "r2 "));
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
  EXPECT_TRUE(Publish(Line("r1") + "\n{bad\n" + Line("r2", R"(,"colour":1)") +
                      Line("r3"))
                  .ok());
  EXPECT_EQ(counts_.refused, 2);
  EXPECT_EQ(counts_.logged, 2);
  EXPECT_EQ(errors_.str(),
            "line 3: is not JSON, at character 2\n"
            "line 4: raise_concern.colour: there is no such field\n");
  EXPECT_EQ(refused_.str(), "{bad\n" + Line("r2", R"(,"colour":1)"));
}

TEST_F(PublishingTest, TellsEveryFieldThatTheServiceRefuses) {
  EXPECT_TRUE(
      Publish(Line("r1") + Line("r2"), [](const SubmitBatchRequest&,
                                          common::v1::SubmitBatchResponse*
                                              response) {
        event::Violations violations;
        violations.Add("account.headline", "REQUIRED");
        violations.Add("children", "LIST_TOO_SHORT");
        *response->add_outcomes()->mutable_error() =
            service::ToRpcStatus(service::InvalidRequest(violations));
        response->add_outcomes()->mutable_receipt();
        return absl::OkStatus();
      }).ok());
  EXPECT_THAT(errors_.str(), HasSubstr("line 1: INVALID_ARGUMENT"));
  EXPECT_THAT(errors_.str(), HasSubstr("account.headline: REQUIRED"));
  EXPECT_THAT(errors_.str(), HasSubstr("children: LIST_TOO_SHORT"));
  EXPECT_EQ(refused_.str(), Line("r1"));
  EXPECT_EQ(counts_.sent, 2);
  EXPECT_EQ(counts_.accepted, 1);
}

TEST_F(PublishingTest, RepeatsWhatIsInDoubtUnchanged) {
  int calls = 0;
  EXPECT_TRUE(
      Publish(Line("r1") + Line("r2"), [&](const SubmitBatchRequest& batch,
                                           common::v1::SubmitBatchResponse*
                                               response) {
        if (++calls == 1) return service::LogUnreachable();
        (void)Receipts(batch, response);
        if (calls == 2) {  // one of two
          *response->mutable_outcomes(0)->mutable_error() =
              service::ToRpcStatus(service::AppendInDoubt(absl::Seconds(3)));
        }
        return absl::OkStatus();
      }).ok());
  EXPECT_THAT(ids_, ElementsAre("r1 r2 ", "r1 r2 ", "r1 "));
  EXPECT_EQ(waits_.back(), absl::Seconds(3));
  EXPECT_EQ(counts_.logged, 2);
  EXPECT_EQ(counts_.sent, 2);
}

TEST_F(PublishingTest, GivesUpInTimeAndSaysWhatIsInDoubt) {
  const absl::Status status =
      Publish(Line("r1") + Line("r2"),
              [](const SubmitBatchRequest&, common::v1::SubmitBatchResponse*) {
                return absl::UnavailableError("gone");
              });
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_LE(now_ - absl::UnixEpoch(), absl::Seconds(10));
  EXPECT_EQ(counts_.in_doubt, 2);
  EXPECT_EQ(counts_.sent, 0);
  EXPECT_THAT(errors_.str(), HasSubstr("line 1 to 2: 2 in doubt"));
}

TEST_F(PublishingTest, RepeatsWhatWasTooMuchAndNotWhatIsTooLarge) {
  int calls = 0;
  EXPECT_TRUE(
      Publish(Line("r1"), [&](const SubmitBatchRequest& batch,
                              common::v1::SubmitBatchResponse* response) {
        return ++calls == 1 ? service::TooMuchInFlight()
                            : Receipts(batch, response);
      }).ok());
  EXPECT_THAT(waits_, ElementsAre(service::kRetryAfter));

  waits_.clear();
  const absl::Status status =
      Publish(Line("r1"),
              [](const SubmitBatchRequest&, common::v1::SubmitBatchResponse*) {
                return absl::ResourceExhaustedError("larger than max");
              });
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(waits_, IsEmpty());
  EXPECT_EQ(ExitCodeOf(status), kUsage);
}

TEST_F(PublishingTest, StopsWhereItMayNotSpeak) {
  const absl::Status status =
      Publish(Line("r1"),
              [](const SubmitBatchRequest&, common::v1::SubmitBatchResponse*) {
                return service::Unauthenticated();
              });
  EXPECT_TRUE(absl::IsUnauthenticated(status));
  EXPECT_THAT(waits_, IsEmpty());
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
  EXPECT_TRUE(
      Publish("raise_concern {\n  submission { request_id: \"r1\" }\n}\n"
              "---\n"
              "---\n"
              "raise_concern { submission { request_id: \"r2\"\n"
              "  colour: 1 } }\n"
              "---\n"
              "raise_concern { submission { request_id: \"r3\" } }\n",
              Receipts, ItemFormat::kTextProto)
          .ok());
  EXPECT_THAT(ids_, ElementsAre("r1 r3 "));
  EXPECT_THAT(errors_.str(), HasSubstr("line 6: line 7, column"));
  EXPECT_THAT(errors_.str(), HasSubstr("there is no such field: colour"));
  EXPECT_THAT(refused_.str(), HasSubstr("request_id: \"r2\""));
  EXPECT_THAT(errors_.str(), Not(HasSubstr("r2")));
}

}  // namespace
}  // namespace vigil::cli
