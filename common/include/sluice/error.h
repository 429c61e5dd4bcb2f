// What can go wrong, as one list of reasons and one family of exceptions.
//
// Public calls (BlockingQueue, Client, Queue<T>, Task<T>) throw; code inside the server passes a Reason as data.
// The reasons are those of the wire (`sluice-reason`); names and numbers are stable.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

enum class Reason : std::uint8_t {
  kOk = 0,
  kEmpty = 1,
  kFull = 2,
  kShutDown = 3,
  kTimeout = 4,
  kLeaseLost = 5,
  kQueueNotFound = 6,
  kQueueExists = 7,
  kQueueDeleted = 8,
  kTooLarge = 9,
  kInvalidArgument = 10,
  kLimitReached = 11,
  kCancelled = 12,
  kSessionLost = 13,
  kUnavailable = 14,
  kInternal = 15,
};

// "EMPTY", "SHUT_DOWN", ... as on the wire.
std::string_view ReasonName(Reason reason);

// Base of everything that Sluice throws on purpose. what() is for people, reason() for programs.
class Error : public std::runtime_error {
 public:
  Error(Reason reason, const std::string& message) : std::runtime_error(message), reason_(reason) {}
  Reason reason() const noexcept { return reason_; }

 private:
  Reason reason_;
};

// One class per reason, so that each can be caught by name: `catch (const sluice::Empty&)`.
template <Reason kReason>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(const std::string& message = std::string(ReasonName(kReason))) : Error(kReason, message) {}
};

using Empty = ErrorOf<Reason::kEmpty>;
using Full = ErrorOf<Reason::kFull>;
using ShutDown = ErrorOf<Reason::kShutDown>;
using Timeout = ErrorOf<Reason::kTimeout>;
using LeaseLost = ErrorOf<Reason::kLeaseLost>;
using QueueNotFound = ErrorOf<Reason::kQueueNotFound>;
using QueueExists = ErrorOf<Reason::kQueueExists>;
using QueueDeleted = ErrorOf<Reason::kQueueDeleted>;
using TooLarge = ErrorOf<Reason::kTooLarge>;
using InvalidArgument = ErrorOf<Reason::kInvalidArgument>;
using LimitReached = ErrorOf<Reason::kLimitReached>;
using Cancelled = ErrorOf<Reason::kCancelled>;
using SessionLost = ErrorOf<Reason::kSessionLost>;
using Unavailable = ErrorOf<Reason::kUnavailable>;
using InternalError = ErrorOf<Reason::kInternal>;

// Throws the exception class of `reason`. Requires: reason is not kOk.
[[noreturn]] void ThrowError(Reason reason, const std::string& message);

}  // namespace sluice
