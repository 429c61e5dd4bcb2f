#include "client/cli/failure.h"

#include <algorithm>
#include <array>
#include <exception>

#include <nlohmann/json.hpp>

#include "client/cli/output.h"

namespace sluice::cli {
namespace {

struct Row {
  Reason reason;
  ExitCode exit_code;
  std::string_view word;     // for people
  std::string_view meaning;  // for --help
  std::string_view advice;
};

constexpr std::array kRows{
    Row{Reason::kInvalidArgument, kUsage, "InvalidArgument", "", ""},
    Row{Reason::kEmpty, kEmpty, "Empty", "get: nothing came before the timeout",
        "put an item, or wait longer with --timeout"},
    Row{Reason::kFull, kFull, "Full", "put: no room before the timeout",
        "get items, wait longer with --timeout, or raise the bound with 'sluice update QUEUE --maxsize N'"},
    Row{Reason::kShutDown, kShutDown, "ShutDown", "the queue is shut down (get: and nothing is left)",
        "to use the queue again: 'sluice reopen QUEUE'"},
    Row{Reason::kUnavailable, kUnreachable, "Unreachable", "the server cannot be reached, or is stopping",
        "name another server with --address or $SLUICE_ADDRESS"},
    Row{Reason::kTimeout, kTimeout, "Timeout", "join: not finished before the timeout",
        "'sluice stats QUEUE' shows what is unfinished"},
    Row{Reason::kLeaseLost, kLeaseLost, "LeaseLost", "somebody else has, or has finished, the item",
        "drop the work; get the next item"},
    Row{Reason::kQueueNotFound, kQueueNotFound, "QueueNotFound", "no such queue",
        "'sluice create QUEUE' does, and so does --create with put and get"},
    Row{Reason::kQueueExists, kQueueExists, "QueueExists", "create: it exists with other settings", ""},
    Row{Reason::kQueueDeleted, kQueueDeleted, "QueueDeleted", "the queue was deleted while the command waited",
        "make it again with 'sluice create QUEUE'"},
    Row{Reason::kTooLarge, kTooLarge, "TooLarge", "an item or batch that can never fit", ""},
    Row{Reason::kLimitReached, kLimitReached, "LimitReached", "a limit of the server (queues, waiters, sessions)", ""},
    Row{Reason::kCancelled, kInterrupted, "Cancelled", "", ""},
    Row{Reason::kSessionLost, kOther, "SessionLost", "", "the server took back what this command held; run it again"},
    Row{Reason::kInternal, kOther, "Internal", "", "this is a bug in Sluice: the server's log says more"},
};

const Row& RowOf(Reason reason) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.reason == reason; });
  return row == kRows.end() ? kRows.back() : *row;
}

Failure Describe(const Error& error) {
  const Row& row = RowOf(error.reason());
  return {row.exit_code, std::string(ReasonName(error.reason())), std::string(row.word) + ": " + error.what(),
          std::string(row.advice), std::nullopt};
}

}  // namespace

PartlyAdded::PartlyAdded(const Error& cause, std::uint64_t added)
    : Error(cause.reason(), cause.what()), added_(added) {}

ExitCode ExitCodeOf(Reason reason) { return RowOf(reason).exit_code; }

std::string ExitCodeTable() {
  const auto line = [](int code, std::string_view word, std::string_view meaning) {
    std::string text = "  " + std::to_string(code);
    text.resize(6, ' ');
    text += word;
    text.resize(22, ' ');
    return text + std::string(meaning) + "\n";
  };
  std::string table =
      line(kOk, "", "done") + line(kOther, "", "any other error") + line(kUsage, "", "the command line makes no sense");
  for (const Row& row : kRows) {
    if (!row.meaning.empty()) table += line(row.exit_code, row.word, row.meaning);
  }
  return table + line(kBenchVoid, "", "bench: an item was lost or came twice") + line(kInterrupted, "", "SIGINT") +
         line(kTerminated, "", "SIGTERM (0 for 'get --exec' and 'worker': what ran was finished)");
}

Failure DescribeCurrentException() {
  try {
    throw;
  } catch (const PartlyAdded& error) {
    Failure failure = Describe(error);
    failure.added = error.added();
    failure.message += " (" + std::to_string(error.added()) + " added before)";
    return failure;
  } catch (const Error& error) {
    return Describe(error);
  } catch (const UsageError& error) {
    return {kUsage, "USAGE", error.what(), "", std::nullopt};
  } catch (const std::exception& error) {
    return {kOther, "FAILED", error.what(), "", std::nullopt};
  }
}

void Report(const Failure& failure, bool json) {
  std::string line = "sluice: " + failure.message;
  if (!failure.advice.empty()) line += "; " + failure.advice;
  std::replace(line.begin(), line.end(), '\n', ' ');
  SayOnStderr(line);
  if (!json) return;
  nlohmann::ordered_json error{{"reason", failure.reason}, {"message", failure.message}};
  if (!failure.advice.empty()) error["advice"] = failure.advice;
  if (failure.added) error["added"] = *failure.added;
  Output out;
  out.WriteLine(
      nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  out.Flush();
}

}  // namespace sluice::cli
