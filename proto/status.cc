// Reasons to and from gRPC status codes.
#include <string_view>

#include "proto/wire.h"

namespace sluice::wire {
namespace {

// The numbers are fixed by gRPC; its headers are not needed for them.
enum StatusCode {
  kOk = 0,
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kInternal = 13,
  kUnavailable = 14,
};

constexpr int kReasons = static_cast<int>(Reason::kInternal) + 1;

}  // namespace

int ToStatusCode(Reason reason) {
  switch (reason) {
    case Reason::kOk: return kOk;
    case Reason::kEmpty:
    case Reason::kShutDown:
    case Reason::kTimeout:
    case Reason::kQueueDeleted: return kFailedPrecondition;
    case Reason::kFull:
    case Reason::kLimitReached: return kResourceExhausted;
    case Reason::kLeaseLost:
    case Reason::kSessionLost: return kAborted;
    case Reason::kQueueNotFound: return kNotFound;
    case Reason::kQueueExists: return kAlreadyExists;
    case Reason::kTooLarge:
    case Reason::kInvalidArgument: return kInvalidArgument;
    case Reason::kCancelled: return kCancelled;
    case Reason::kUnavailable: return kUnavailable;
    case Reason::kInternal: return kInternal;
  }
  return kInternal;
}

Reason ToReason(int status_code, std::string_view reason_name) {
  if (status_code == kOk) return Reason::kOk;
  for (int i = 1; i < kReasons; ++i) {
    if (ReasonName(static_cast<Reason>(i)) == reason_name) return static_cast<Reason>(i);
  }
  switch (status_code) {
    case kCancelled: return Reason::kCancelled;
    case kInvalidArgument: return Reason::kInvalidArgument;
    case kDeadlineExceeded:
    case kUnavailable: return Reason::kUnavailable;
    case kResourceExhausted: return Reason::kTooLarge;  // gRPC itself refuses a message over its limit so
    default: return Reason::kInternal;
  }
}

}  // namespace sluice::wire
