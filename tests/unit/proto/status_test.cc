// Reasons and gRPC status codes.
#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include <string>

#include "proto/wire.h"

namespace sluice::wire {
namespace {

TEST(Status, EveryReasonHasItsCode) {
  EXPECT_EQ(ToStatusCode(Reason::kOk), grpc::OK);
  EXPECT_EQ(ToStatusCode(Reason::kEmpty), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(ToStatusCode(Reason::kFull), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ToStatusCode(Reason::kShutDown), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(ToStatusCode(Reason::kTimeout), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(ToStatusCode(Reason::kLeaseLost), grpc::ABORTED);
  EXPECT_EQ(ToStatusCode(Reason::kQueueNotFound), grpc::NOT_FOUND);
  EXPECT_EQ(ToStatusCode(Reason::kQueueExists), grpc::ALREADY_EXISTS);
  EXPECT_EQ(ToStatusCode(Reason::kQueueDeleted), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(ToStatusCode(Reason::kTooLarge), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(ToStatusCode(Reason::kInvalidArgument), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(ToStatusCode(Reason::kLimitReached), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ToStatusCode(Reason::kCancelled), grpc::CANCELLED);
  EXPECT_EQ(ToStatusCode(Reason::kSessionLost), grpc::ABORTED);
  EXPECT_EQ(ToStatusCode(Reason::kUnavailable), grpc::UNAVAILABLE);
  EXPECT_EQ(ToStatusCode(Reason::kInternal), grpc::INTERNAL);
}

TEST(Status, TheReasonComesBackFromItsName) {
  for (int i = 0; i < v1::Reason_ARRAYSIZE; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(ToReason(ToStatusCode(reason), ReasonName(reason)), reason) << ReasonName(reason);
  }
}

TEST(Status, NamesAndNumbersAreThoseOfTheProtocol) {
  for (int i = 0; i < v1::Reason_ARRAYSIZE; ++i) {
    EXPECT_EQ(ReasonName(static_cast<Reason>(i)), v1::Reason_Name(i));
  }
}

TEST(Status, ATransportFailureIsNeverAnAnswerOfAQueue) {
  EXPECT_EQ(ToReason(grpc::UNAVAILABLE, ""), Reason::kUnavailable);
  EXPECT_EQ(ToReason(grpc::DEADLINE_EXCEEDED, ""), Reason::kUnavailable);
  EXPECT_EQ(ToReason(grpc::CANCELLED, ""), Reason::kCancelled);
  EXPECT_EQ(ToReason(grpc::INVALID_ARGUMENT, ""), Reason::kInvalidArgument);
  EXPECT_EQ(ToReason(grpc::RESOURCE_EXHAUSTED, ""), Reason::kTooLarge) << "gRPC refuses a message over its limit so";
  EXPECT_EQ(ToReason(grpc::FAILED_PRECONDITION, ""), Reason::kInternal);
  EXPECT_EQ(ToReason(grpc::UNIMPLEMENTED, ""), Reason::kInternal);
}

TEST(Status, AReasonOfANewerServerFallsBackToItsCode) {
  EXPECT_EQ(ToReason(grpc::UNAVAILABLE, "MOVED"), Reason::kUnavailable);
  EXPECT_EQ(ToReason(grpc::ABORTED, "MOVED"), Reason::kInternal);
  EXPECT_EQ(ToReason(grpc::ABORTED, "OK"), Reason::kInternal);
}

}  // namespace
}  // namespace sluice::wire
