// Every call on a queue as data. The session stream, the unary calls, the embedded client, the tests and the
// simulator all speak these; the wire is converted to and from them in one place (proto/wire.h).
// The namespace is not in the command: the broker routes by it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sluice/clock.h>
#include <sluice/types.h>

#include "common/ids.h"
#include "common/item.h"

namespace sluice {

struct Put {
  std::string queue;
  std::vector<ContentPtr> items;
  WaitTime timeout;
  std::optional<QueueSettings> create;  // create the queue with these settings if it does not exist
  // What makes it the same put when it comes again: (producer, sequence), or a request id, which is a producer with
  // sequence 0. Empty and 0: every one is another put.
  std::string producer{};
  std::uint64_t sequence = 0;
};

// Whether somebody waits for the items of a get now. Its deliveries may be recalled if it is one of those that look
// ahead: they may be unstarted, and somebody else may wait for them in earnest. Only within a session.
enum class Prefetch : std::uint8_t {
  kNone,    // every item is begun at once
  kAhead,   // nobody waits yet: served only while no other get waits
  kWanted,  // somebody waits for the first, the others are in advance
};

struct Get {
  std::string queue;
  std::uint32_t max_items = 1;
  WaitTime timeout;
  bool auto_ack = false;
  std::chrono::milliseconds lease{0};  // without a session; 0 = the queue's
  bool until_finished = false;         // on a queue that is shut down, wait on while leased items may come back
  std::optional<QueueSettings> create;
  Prefetch prefetch = Prefetch::kNone;
};

struct TaskDone {
  std::string queue;
  std::vector<Fence> fences;
};

struct Fail {
  std::string queue;
  std::vector<Fence> fences;
  std::string error;
};

struct Release {
  std::string queue;
  std::vector<Fence> fences;
};

struct Extend {
  std::string queue;
  std::vector<Fence> fences;
  std::chrono::milliseconds lease{0};  // from now; 0 = the queue's
};

struct Join {
  std::vector<std::string> queues;
  WaitTime timeout;
  bool only_put_before = false;  // ignore items that are put after this call
};

struct Shutdown {
  std::string queue;
  bool immediate = false;
};

struct Reopen {
  std::string queue;
};

struct Stats {
  std::string queue;
};

struct Peek {
  std::string queue;
  std::uint32_t max_items = 1;
};

struct CreateQueue {
  std::string queue;
  QueueSettings settings;
};

struct UpdateQueue {
  std::string queue;
  QueueUpdate update;
};

struct DeleteQueue {
  std::string queue;
};

struct ListQueues {
  std::string prefix;
  std::string after;  // the last name of the page before
  std::uint32_t max_queues = 0;
};

struct DescribeQueue {
  std::string queue;
};

struct PurgeQueue {
  std::string queue;
};

using Command = std::variant<Put, Get, TaskDone, Fail, Release, Extend, Join, Shutdown, Reopen, Stats, Peek,
                             CreateQueue, UpdateQueue, DeleteQueue, ListQueues, DescribeQueue, PurgeQueue>;

}  // namespace sluice
