#include "libs/service/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"
#include "libs/service/grpc_call.h"

namespace vigil::service {
namespace {

using ::testing::StartsWith;

google::rpc::BadRequest BadRequest(const absl::Status& status) {
  google::rpc::BadRequest bad;
  const google::rpc::Status rpc = ToRpcStatus(status);
  for (const auto& detail : rpc.details()) {
    if (detail.Is<google::rpc::BadRequest>()) detail.UnpackTo(&bad);
  }
  return bad;
}

event::Violations Violations(size_t count, const std::string& field) {
  event::Violations violations;
  for (size_t i = 0; i < count; ++i) {
    violations.Add(absl::StrCat(field, "[", i, "]"), event::code::kRequired);
  }
  return violations;
}

TEST(InvalidRequest, NamesEachFieldAndBeginsWithTheCode) {
  event::Violations violations;
  violations.Add("account.headline", event::code::kRequired);
  violations.Add("children[0].demographics.77", event::code::kUnknownField);
  absl::Status status = InvalidRequest(violations);

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "2 fields are refused");
  EXPECT_EQ(Reason(status), "INVALID_REQUEST");
  google::rpc::BadRequest bad = BadRequest(status);
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "account.headline");
  EXPECT_EQ(bad.field_violations(0).reason(), "REQUIRED");
  EXPECT_THAT(bad.field_violations(0).description(), StartsWith("REQUIRED: "));
  EXPECT_EQ(bad.field_violations(1).field(), "children[0].demographics.77");
  EXPECT_THAT(bad.field_violations(1).description(),
              StartsWith("UNKNOWN_FIELD: "));
}

TEST(InvalidRequest, ListsFiftyAndCountsTheRest) {
  absl::Status status = InvalidRequest(Violations(60, "f"));
  EXPECT_EQ(BadRequest(status).field_violations_size(), 50);
  EXPECT_EQ(ReasonDetail(status, "violations"), "60");
  EXPECT_EQ(ReasonDetail(status, "not_listed"), "10");
  EXPECT_EQ(status.message(), "60 fields are refused; 10 of them not listed");
}

TEST(InvalidRequest, FitsInTheTrailersHoweverLongThePathsAre) {
  // From one that barely matters to one that alone does not fit.
  for (size_t length : {10u, 60u, 100u, 200u, 1'000u, 10'000u}) {
    absl::Status status =
        InvalidRequest(Violations(50, std::string(length, 'x')));
    grpc::Status sent = ToGrpc(status);
    EXPECT_LE(absl::Base64Escape(sent.error_details()).size() +
                  sent.error_message().size(),
              kMaxStatusBytes)
        << length;
    const int listed = BadRequest(status).field_violations_size();
    EXPECT_EQ(ReasonDetail(status, "not_listed"), absl::StrCat(50 - listed));
    EXPECT_EQ(listed > 0, length < 10'000) << length;
  }
}

TEST(Status, EachSituationHasItsCodeReasonAndDetails) {
  EXPECT_EQ(BatchTooLarge().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Reason(BatchTooLarge()), "BATCH_TOO_LARGE");

  EXPECT_EQ(Unauthenticated().code(), absl::StatusCode::kUnauthenticated);

  absl::Status denied = PermissionDenied("vocabulary", "1");
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Reason(denied), "NOT_AUTHORISED");
  EXPECT_EQ(ReasonDetail(denied, "rule"), "vocabulary");
  EXPECT_EQ(ReasonDetail(denied, "version"), "1");

  EXPECT_EQ(NotFoundOrNotVisible().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(ToRpcStatus(NotFoundOrNotVisible()).details().empty());

  absl::Status many = TooMuchInFlight(absl::Milliseconds(1'250));
  EXPECT_EQ(many.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(many), "TOO_MUCH_IN_FLIGHT");
  EXPECT_EQ(RetryAfter(many), absl::Milliseconds(1'250));

  EXPECT_EQ(AppendInDoubt().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(AppendInDoubt()), "APPEND_IN_DOUBT");
  EXPECT_EQ(RetryAfter(AppendInDoubt()), kRetryAfter);
  EXPECT_EQ(LogUnreachable().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(LogUnreachable()), "LOG_UNREACHABLE");
  EXPECT_EQ(RetryAfter(LogUnreachable()), kRetryAfter);

  EXPECT_EQ(ProjectionBehind().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Reason(ProjectionBehind()), "PROJECTION_BEHIND");

  absl::Status reused = RequestIdReused("aa", "bb");
  EXPECT_EQ(reused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(reused), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonDetail(reused, "first_digest"), "aa");
  EXPECT_EQ(ReasonDetail(reused, "this_digest"), "bb");

  absl::Status lost = DataLoss({{"vigil.police.events.v1", 3}, 42});
  EXPECT_EQ(lost.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Reason(lost), "DATA_LOSS");
  EXPECT_EQ(ReasonDetail(lost, "position"), "vigil.police.events.v1/3/42");
}

TEST(Status, EveryReasonIsPublished) {
  for (const absl::Status& status :
       {InvalidRequest(Violations(1, "f")), BatchTooLarge(),
        PermissionDenied("", ""), TooMuchInFlight(), AppendInDoubt(),
        LogUnreachable(), ProjectionBehind(), RequestIdReused("", ""),
        DataLoss({})}) {
    EXPECT_NE(event::FindCode(Reason(status)), nullptr) << status;
  }
}

TEST(Status, CrossesTheWireWholeAndBack) {
  for (const absl::Status& status :
       {InvalidRequest(Violations(3, "f")), TooMuchInFlight(),
        NotFoundOrNotVisible(), absl::OkStatus()}) {
    EXPECT_EQ(FromRpcStatus(ToRpcStatus(status)), status);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(Status, HasItsDetailsInOneOrder) {
  // absl visits payloads in an order of its own, which varies.
  for (int i = 0; i < 64; ++i) {
    google::rpc::Status again = ToRpcStatus(InvalidRequest(Violations(1, "f")));
    ASSERT_EQ(again.details_size(), 2);
    EXPECT_TRUE(again.details(0).Is<google::rpc::BadRequest>());
    EXPECT_TRUE(again.details(1).Is<google::rpc::ErrorInfo>());
  }
}

TEST(Status, KeepsWhatIsNotGoogleRpcInside) {
  absl::Status status = absl::InternalError("broken");
  status.SetPayload("type.example/secret", absl::Cord("a path"));
  EXPECT_TRUE(ToRpcStatus(status).details().empty());
  EXPECT_EQ(ToGrpc(status).error_details(), "");
}

TEST(Status, DropsDetailsThatAreNone) {
  absl::Status status = FromGrpc(grpc::Status(
      grpc::StatusCode::UNAVAILABLE, "from a proxy", "\xff no status"));
  EXPECT_EQ(status, absl::UnavailableError("from a proxy"));
}

}  // namespace
}  // namespace vigil::service
