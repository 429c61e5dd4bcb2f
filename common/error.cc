#include <sluice/error.h>

#include <cstdlib>

namespace sluice {

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kOk: return "OK";
    case Reason::kEmpty: return "EMPTY";
    case Reason::kFull: return "FULL";
    case Reason::kShutDown: return "SHUT_DOWN";
    case Reason::kTimeout: return "TIMEOUT";
    case Reason::kLeaseLost: return "LEASE_LOST";
    case Reason::kQueueNotFound: return "QUEUE_NOT_FOUND";
    case Reason::kQueueExists: return "QUEUE_EXISTS";
    case Reason::kQueueDeleted: return "QUEUE_DELETED";
    case Reason::kTooLarge: return "TOO_LARGE";
    case Reason::kInvalidArgument: return "INVALID_ARGUMENT";
    case Reason::kLimitReached: return "LIMIT_REACHED";
    case Reason::kCancelled: return "CANCELLED";
    case Reason::kSessionLost: return "SESSION_LOST";
    case Reason::kUnavailable: return "UNAVAILABLE";
    case Reason::kInternal: return "INTERNAL";
  }
  return "INTERNAL";
}

void ThrowError(Reason reason, const std::string& message) {
  switch (reason) {
    case Reason::kOk: break;
    case Reason::kEmpty: throw Empty(message);
    case Reason::kFull: throw Full(message);
    case Reason::kShutDown: throw ShutDown(message);
    case Reason::kTimeout: throw Timeout(message);
    case Reason::kLeaseLost: throw LeaseLost(message);
    case Reason::kQueueNotFound: throw QueueNotFound(message);
    case Reason::kQueueExists: throw QueueExists(message);
    case Reason::kQueueDeleted: throw QueueDeleted(message);
    case Reason::kTooLarge: throw TooLarge(message);
    case Reason::kInvalidArgument: throw InvalidArgument(message);
    case Reason::kLimitReached: throw LimitReached(message);
    case Reason::kCancelled: throw Cancelled(message);
    case Reason::kSessionLost: throw SessionLost(message);
    case Reason::kUnavailable: throw Unavailable(message);
    case Reason::kInternal: throw InternalError(message);
  }
  std::abort();  // kOk is not an error: a bug of the caller
}

}  // namespace sluice
