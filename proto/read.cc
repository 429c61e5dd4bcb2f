// Responses -> answers: the client's way in. The server may be newer: what is unknown must not crash a client.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "proto/nouns.h"
#include "proto/wire.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;

Answer Unknown(const std::string& what) {
  return Answer::Refused(Reason::kInternal, "the server sent " + what + " that this client does not know: update it");
}

std::vector<Fence> Fences(const google::protobuf::RepeatedField<std::uint64_t>& fences) {
  std::vector<Fence> result;
  result.reserve(fences.size());
  for (const std::uint64_t fence : fences) result.push_back({fence});
  return result;
}

bool Known(const v1::QueueSettings& settings) {
  return v1::Order_IsValid(settings.order()) && v1::Durability_IsValid(settings.durability());
}

Answer UnknownSettings() { return Unknown("an order or durability"); }

QueueStats ToStats(const v1::QueueStats& stats) {
  return {.ready = stats.ready(),
          .leased = stats.leased(),
          .unfinished = stats.unfinished(),
          .ready_bytes = stats.ready_bytes(),
          .leased_bytes = stats.leased_bytes(),
          .put = stats.put(),
          .delivered = stats.delivered(),
          .redelivered = stats.redelivered(),
          .done = stats.done(),
          .dead = stats.dead(),
          .expired = stats.expired(),
          .discarded = stats.discarded(),
          .waiting_getters = stats.waiting_getters(),
          .waiting_putters = stats.waiting_putters(),
          .waiting_joiners = stats.waiting_joiners(),
          .oldest_ready_age = milliseconds(stats.oldest_ready_age_ms()),
          .empty = stats.empty(),
          .full = stats.full(),
          .shut_down = stats.shut_down(),
          .paused = stats.paused()};
}

QueueDescription ToDescription(v1::QueueDescription&& description) {
  return {.queue = std::move(*description.mutable_queue()),
          .settings = ToSettings(description.settings()),
          .stats = ToStats(description.stats()),
          .created = FromUnixMs(description.created_unix_ms())};
}

Answer ReadPut(const v1::PutResponse& response) {
  return Answer::Ok(PutResult{
      {response.first_id()}, response.count(), ReachedDurability(response.durability()), response.duplicate()});
}

Answer ReadGet(v1::GetResponse&& response) {
  GetResult result;
  result.deliveries.reserve(response.deliveries_size());
  for (v1::Delivery& delivery : *response.mutable_deliveries()) {
    result.deliveries.push_back({{delivery.id()},
                                 {delivery.fence()},
                                 delivery.attempt(),
                                 FromUnixMs(delivery.put_time_unix_ms()),
                                 ToContent(std::move(*delivery.mutable_item()))});
  }
  result.lease = milliseconds(response.lease_ms());
  return Answer::Ok(std::move(result));
}

Answer ReadJoin(v1::JoinResponse&& response) {
  JoinResult result;
  for (v1::QueueCounts& counts : *response.mutable_queues()) {
    result.queues.push_back(
        {std::move(*counts.mutable_queue()), counts.done(), counts.dead(), counts.expired(), counts.discarded()});
  }
  return Answer::Ok(std::move(result));
}

Answer ReadPeek(v1::PeekResponse&& response) {
  PeekResult result;
  for (v1::PeekedItem& item : *response.mutable_items()) {
    result.items.push_back({{item.id()},
                            item.attempts(),
                            FromUnixMs(item.put_time_unix_ms()),
                            std::move(*item.mutable_last_error()),
                            ToContent(std::move(*item.mutable_item()))});
  }
  return Answer::Ok(std::move(result));
}

Answer ReadList(v1::ListQueuesResponse&& response) {
  ListResult result;
  for (v1::QueueDescription& queue : *response.mutable_queues()) {
    if (!Known(queue.settings())) return UnknownSettings();
    result.queues.push_back(ToDescription(std::move(queue)));
  }
  result.more = response.more();
  return Answer::Ok(std::move(result));
}

Answer ReadDescribe(v1::DescribeQueueResponse&& response) {
  if (!Known(response.queue().settings())) return UnknownSettings();
  return Answer::Ok(DescribeResult{ToDescription(std::move(*response.mutable_queue()))});
}

Answer ReadUpdate(const v1::UpdateQueueResponse& response) {
  if (!Known(response.settings())) return UnknownSettings();
  return Answer::Ok(UpdateResult{ToSettings(response.settings()), ReachedDurability(response.durability())});
}

Answer ReadFail(const v1::FailResponse& response) {
  return Answer::Ok(FailResult{Fences(response.lost()), response.retried(), response.dead(),
                               ReachedDurability(response.durability())});
}

Answer ReadExtend(const v1::ExtendResponse& response) {
  return Answer::Ok(ExtendResult{Fences(response.lost()), milliseconds(response.lease_ms()),
                                 ReachedDurability(response.durability())});
}

// Results that are one number or list and the level reached.
template <typename Result, typename Value, typename Response>
Answer ReadReached(Value&& value, const Response& response) {
  return Answer::Ok(Result{std::forward<Value>(value), ReachedDurability(response.durability())});
}

Answer ReadError(v1::Error&& error) {
  if (!v1::Reason_IsValid(error.reason()) || error.reason() == v1::OK) {
    return Unknown("reason " + std::to_string(error.reason()) + " (" + error.message() + ")");
  }
  return Answer::Refused(static_cast<Reason>(error.reason()), std::move(*error.mutable_message()));
}

}  // namespace

Answer Read(v1::Answer&& answer) {
  if (answer.has_error()) return ReadError(std::move(*answer.mutable_error()));
  switch (answer.result_case()) {
    case v1::Answer::kPut: return ReadPut(answer.put());
    case v1::Answer::kGet: return ReadGet(std::move(*answer.mutable_get()));
    case v1::Answer::kTaskDone:
      return ReadReached<TaskDoneResult>(Fences(answer.task_done().lost()), answer.task_done());
    case v1::Answer::kFail: return ReadFail(answer.fail());
    case v1::Answer::kRelease: return ReadReached<ReleaseResult>(Fences(answer.release().lost()), answer.release());
    case v1::Answer::kExtend: return ReadExtend(answer.extend());
    case v1::Answer::kJoin: return ReadJoin(std::move(*answer.mutable_join()));
    case v1::Answer::kShutdown: return ReadReached<ShutdownResult>(answer.shutdown().discarded(), answer.shutdown());
    case v1::Answer::kReopen: return Answer::Ok(ReopenResult{ReachedDurability(answer.reopen().durability())});
    case v1::Answer::kStats: return Answer::Ok(StatsResult{ToStats(answer.stats().stats())});
    case v1::Answer::kPeek: return ReadPeek(std::move(*answer.mutable_peek()));
    case v1::Answer::kCreateQueue:
      return ReadReached<CreateResult>(answer.create_queue().created(), answer.create_queue());
    case v1::Answer::kUpdateQueue: return ReadUpdate(answer.update_queue());
    case v1::Answer::kDeleteQueue:
      return ReadReached<DeleteResult>(answer.delete_queue().discarded(), answer.delete_queue());
    case v1::Answer::kListQueues: return ReadList(std::move(*answer.mutable_list_queues()));
    case v1::Answer::kDescribeQueue: return ReadDescribe(std::move(*answer.mutable_describe_queue()));
    case v1::Answer::kPurgeQueue:
      return ReadReached<PurgeResult>(answer.purge_queue().discarded(), answer.purge_queue());
    case v1::Answer::RESULT_NOT_SET: break;
  }
  return Unknown("a result");
}

}  // namespace sluice::wire
