// Requests -> commands: the server's way in.
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "proto/checker.h"
#include "proto/utf8.h"
#include "proto/wire.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kQueuesLease{0};

// Requests that name a queue and leases of it.
template <typename Result, typename Request>
Parsed ParseFences(const Request& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  Result command;
  command.queue = std::move(queue.name);
  command.fences = check.Fences(request.fences());
  return check.Route(std::move(queue.space), std::move(command));
}

// Requests that name a queue and nothing else.
template <typename Result, typename Request>
Parsed ParseQueue(const Request& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  return check.Route(std::move(queue.space), Result{std::move(queue.name)});
}

std::uint32_t AtLeastOne(std::uint32_t count) { return count == 0 ? 1 : count; }

Parsed ParsePut(v1::PutRequest&& request, Within within) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  Put put;
  put.queue = std::move(queue.name);
  put.timeout = check.Timeout(request.has_timeout_ms(), request.timeout_ms());
  put.create = check.Create(request.has_create(), request.create());
  check.Repeatable(BoundedText(request.producer()), request.sequence(), BoundedText(request.request_id()), within,
                   &put);
  put.items = check.Items(request.mutable_items());
  return check.Route(std::move(queue.space), std::move(put));
}

}  // namespace

Parsed Parse(v1::PutRequest&& request) { return ParsePut(std::move(request), Within::kNoSession); }

Parsed Parse(v1::GetRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  Get get;
  get.queue = std::move(queue.name);
  get.max_items = AtLeastOne(check.Count("max_items", request.max_items(), limits::kBatchItems));
  get.timeout = check.Timeout(request.has_timeout_ms(), request.timeout_ms());
  get.auto_ack = check.IsAuto(request.ack());
  get.lease = check.Lease("lease_ms", request.lease_ms(), kQueuesLease);
  get.until_finished = request.until_finished();
  get.create = check.Create(request.has_create(), request.create());
  get.prefetch = check.Prefetch(request.prefetch());
  return check.Route(std::move(queue.space), std::move(get));
}

Parsed Parse(v1::TaskDoneRequest&& request) { return ParseFences<TaskDone>(request); }

Parsed Parse(v1::FailRequest&& request) {
  Parsed parsed = ParseFences<Fail>(request);
  if (auto* routed = std::get_if<Routed>(&parsed)) {
    // Whatever an exception said must not keep its item from failing: text is mended and cut, never refused.
    std::get<Fail>(routed->command).error = ToUtf8(CutUtf8(request.error(), limits::kErrorTextBytes));
  }
  return parsed;
}

Parsed Parse(v1::ReleaseRequest&& request) { return ParseFences<Release>(request); }

Parsed Parse(v1::ExtendRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  Extend extend;
  extend.queue = std::move(queue.name);
  extend.fences = check.Fences(request.fences());
  extend.lease = check.Lease("lease_ms", request.lease_ms(), kQueuesLease);
  return check.Route(std::move(queue.space), std::move(extend));
}

Parsed Parse(v1::JoinRequest&& request) {
  Checker check;
  std::string space;
  Join join;
  join.queues = check.Queues(request.queues(), &space);
  join.timeout = check.Timeout(request.has_timeout_ms(), request.timeout_ms());
  join.only_put_before = request.only_put_before();
  return check.Route(std::move(space), std::move(join));
}

Parsed Parse(v1::ShutdownRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  return check.Route(std::move(queue.space), Shutdown{std::move(queue.name), request.immediate()});
}

Parsed Parse(v1::ReopenRequest&& request) { return ParseQueue<Reopen>(request); }

Parsed Parse(v1::StatsRequest&& request) { return ParseQueue<Stats>(request); }

Parsed Parse(v1::PeekRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  const std::uint32_t max_items = AtLeastOne(check.Count("max_items", request.max_items(), limits::kBatchItems));
  return check.Route(std::move(queue.space), Peek{std::move(queue.name), max_items});
}

Parsed Parse(v1::CreateQueueRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  const QueueSettings settings = check.Settings("settings", request.settings());
  return check.Route(std::move(queue.space), CreateQueue{std::move(queue.name), settings});
}

Parsed Parse(v1::UpdateQueueRequest&& request) {
  Checker check;
  QueueName queue = check.Queue("queue", request.queue());
  QueueUpdate update;
  if (request.has_maxsize()) update.maxsize = check.ZeroOrMore("maxsize", request.maxsize());
  if (request.has_max_bytes()) update.max_bytes = check.ZeroOrMore("max_bytes", request.max_bytes());
  if (request.has_count_leased()) update.count_leased = request.count_leased();
  if (request.has_lease_ms()) update.lease = check.Lease("lease_ms", request.lease_ms(), limits::kDefaultLease);
  if (request.has_max_attempts()) {
    check.ZeroOrMore("max_attempts", request.max_attempts());
    update.max_attempts = request.max_attempts();
  }
  if (request.has_paused()) update.paused = request.paused();
  return check.Route(std::move(queue.space), UpdateQueue{std::move(queue.name), update});
}

Parsed Parse(v1::DeleteQueueRequest&& request) { return ParseQueue<DeleteQueue>(request); }

Parsed Parse(v1::ListQueuesRequest&& request) {
  Checker check;
  std::string space = check.NameOrEmpty("namespace", request.namespace_());
  if (space.empty()) space = kDefaultNamespace;
  ListQueues list;
  list.prefix = check.NameOrEmpty("prefix", request.prefix());
  list.after = check.NameOrEmpty("after", request.after());
  list.max_queues = check.Count("max_queues", request.max_queues(), limits::kListQueues);
  return check.Route(std::move(space), std::move(list));
}

Parsed Parse(v1::DescribeQueueRequest&& request) { return ParseQueue<DescribeQueue>(request); }

Parsed Parse(v1::PurgeQueueRequest&& request) { return ParseQueue<PurgeQueue>(request); }

Parsed Parse(v1::Operation&& operation) {
  switch (operation.call_case()) {
    case v1::Operation::kPut: return ParsePut(std::move(*operation.mutable_put()), Within::kSession);
    case v1::Operation::kGet: return Parse(std::move(*operation.mutable_get()));
    case v1::Operation::kTaskDone: return Parse(std::move(*operation.mutable_task_done()));
    case v1::Operation::kFail: return Parse(std::move(*operation.mutable_fail()));
    case v1::Operation::kRelease: return Parse(std::move(*operation.mutable_release()));
    case v1::Operation::kExtend: return Parse(std::move(*operation.mutable_extend()));
    case v1::Operation::kJoin: return Parse(std::move(*operation.mutable_join()));
    case v1::Operation::kShutdown: return Parse(std::move(*operation.mutable_shutdown()));
    case v1::Operation::kReopen: return Parse(std::move(*operation.mutable_reopen()));
    case v1::Operation::kStats: return Parse(std::move(*operation.mutable_stats()));
    case v1::Operation::kPeek: return Parse(std::move(*operation.mutable_peek()));
    case v1::Operation::kCreateQueue: return Parse(std::move(*operation.mutable_create_queue()));
    case v1::Operation::kUpdateQueue: return Parse(std::move(*operation.mutable_update_queue()));
    case v1::Operation::kDeleteQueue: return Parse(std::move(*operation.mutable_delete_queue()));
    case v1::Operation::kListQueues: return Parse(std::move(*operation.mutable_list_queues()));
    case v1::Operation::kDescribeQueue: return Parse(std::move(*operation.mutable_describe_queue()));
    case v1::Operation::kPurgeQueue: return Parse(std::move(*operation.mutable_purge_queue()));
    case v1::Operation::kCancel:
    case v1::Operation::CALL_NOT_SET: break;
  }
  return Invalid{Reason::kInvalidArgument,
                 "operation " + std::to_string(operation.id()) + " has no call that this server knows: set one"};
}

}  // namespace sluice::wire
