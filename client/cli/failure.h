// How a command ends: its exit code, and the one line that says what happened and what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sluice/error.h>

namespace sluice::cli {

// Stable: scripts depend on them. The table of `sluice --help` is made from the one in failure.cc.
enum ExitCode : int {
  kOk = 0,
  kOther = 1,
  kUsage = 2,
  kEmpty = 3,
  kFull = 4,
  kShutDown = 5,
  kUnreachable = 6,
  kTimeout = 7,
  kLeaseLost = 8,
  kQueueNotFound = 9,
  kQueueExists = 10,
  kQueueDeleted = 11,
  kTooLarge = 12,
  kLimitReached = 13,
  kBenchVoid = 14,
  kInterrupted = 130,   // SIGINT; 128 + 2, as shells have it
  kTerminated = 143,    // SIGTERM
  kOutputClosed = 141,  // nobody reads our output any more; said by nothing else
};

// The command line makes no sense: exit 2.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// A refusal that came when part of a transfer was done: `added` items are in the queue.
class PartlyAdded : public Error {
 public:
  PartlyAdded(const Error& cause, std::uint64_t added);
  std::uint64_t added() const { return added_; }

 private:
  std::uint64_t added_;
};

ExitCode ExitCodeOf(Reason reason);
// The lines of the exit-code table for --help.
std::string ExitCodeTable();

struct Failure {
  int exit_code;
  std::string reason;   // as on the wire; "USAGE" and "FAILED" are the CLI's own
  std::string message;  // what happened
  std::string advice;   // what to do; may be empty
  std::optional<std::uint64_t> added;
};

// Of the exception that is being handled.
Failure DescribeCurrentException();

// The line on stderr; with `json` also {"error":{...}} on stdout.
void Report(const Failure& failure, bool json);

}  // namespace sluice::cli
