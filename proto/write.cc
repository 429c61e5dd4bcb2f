// Answers -> responses: the server's way out.
#include <string>
#include <variant>
#include <vector>

#include "proto/nouns.h"
#include "proto/utf8.h"
#include "proto/wire.h"

namespace sluice::wire {
namespace {

template <typename Response>
void FillLost(const std::vector<Fence>& lost, Response* response) {
  response->mutable_lost()->Reserve(static_cast<int>(lost.size()));
  for (const Fence fence : lost) response->add_lost(fence.value);
}

template <typename Result, typename Response>
void FillDurability(const Result& result, Response* response) {
  response->set_durability(static_cast<v1::Durability>(result.durability));
}

void FillStats(const QueueStats& stats, v1::QueueStats* message) {
  message->set_ready(stats.ready);
  message->set_leased(stats.leased);
  message->set_unfinished(stats.unfinished);
  message->set_ready_bytes(stats.ready_bytes);
  message->set_leased_bytes(stats.leased_bytes);
  message->set_put(stats.put);
  message->set_delivered(stats.delivered);
  message->set_redelivered(stats.redelivered);
  message->set_done(stats.done);
  message->set_dead(stats.dead);
  message->set_expired(stats.expired);
  message->set_discarded(stats.discarded);
  message->set_waiting_getters(stats.waiting_getters);
  message->set_waiting_putters(stats.waiting_putters);
  message->set_waiting_joiners(stats.waiting_joiners);
  message->set_oldest_ready_age_ms(stats.oldest_ready_age.count());
  message->set_empty(stats.empty);
  message->set_full(stats.full);
  message->set_shut_down(stats.shut_down);
  message->set_paused(stats.paused);
}

void FillDescription(const QueueDescription& description, v1::QueueDescription* message) {
  message->set_queue(description.queue);
  FillSettings(description.settings, message->mutable_settings());
  FillStats(description.stats, message->mutable_stats());
  message->set_created_unix_ms(ToUnixMs(description.created));
}

void Fill(const PutResult& result, v1::PutResponse* response) {
  response->set_first_id(result.first.value);
  response->set_count(result.count);
  FillDurability(result, response);
  response->set_duplicate(result.duplicate);
}

void Fill(const GetResult& result, v1::GetResponse* response) {
  response->mutable_deliveries()->Reserve(static_cast<int>(result.deliveries.size()));
  for (const Delivery& delivery : result.deliveries) {
    v1::Delivery* message = response->add_deliveries();
    message->set_id(delivery.id.value);
    message->set_fence(delivery.fence.value);
    message->set_attempt(delivery.attempt);
    message->set_put_time_unix_ms(ToUnixMs(delivery.put_time));
    FillItem(*delivery.content, message->mutable_item());
  }
  response->set_lease_ms(result.lease.count());
}

void Fill(const TaskDoneResult& result, v1::TaskDoneResponse* response) {
  FillLost(result.lost, response);
  FillDurability(result, response);
}

void Fill(const FailResult& result, v1::FailResponse* response) {
  FillLost(result.lost, response);
  response->set_retried(result.retried);
  response->set_dead(result.dead);
  FillDurability(result, response);
}

void Fill(const ReleaseResult& result, v1::ReleaseResponse* response) {
  FillLost(result.lost, response);
  FillDurability(result, response);
}

void Fill(const ExtendResult& result, v1::ExtendResponse* response) {
  FillLost(result.lost, response);
  response->set_lease_ms(result.lease.count());
  FillDurability(result, response);
}

void Fill(const JoinResult& result, v1::JoinResponse* response) {
  for (const QueueCounts& counts : result.queues) {
    v1::QueueCounts* message = response->add_queues();
    message->set_queue(counts.queue);
    message->set_done(counts.done);
    message->set_dead(counts.dead);
    message->set_expired(counts.expired);
    message->set_discarded(counts.discarded);
  }
}

void Fill(const ShutdownResult& result, v1::ShutdownResponse* response) {
  response->set_discarded(result.discarded);
  FillDurability(result, response);
}

void Fill(const ReopenResult& result, v1::ReopenResponse* response) { FillDurability(result, response); }

void Fill(const StatsResult& result, v1::StatsResponse* response) {
  FillStats(result.stats, response->mutable_stats());
}

void Fill(const PeekResult& result, v1::PeekResponse* response) {
  for (const PeekedItem& item : result.items) {
    v1::PeekedItem* message = response->add_items();
    message->set_id(item.id.value);
    message->set_attempts(item.attempts);
    message->set_put_time_unix_ms(ToUnixMs(item.put_time));
    message->set_last_error(ToUtf8(item.last_error));
    FillItem(*item.content, message->mutable_item());
  }
}

void Fill(const CreateResult& result, v1::CreateQueueResponse* response) {
  response->set_created(result.created);
  FillDurability(result, response);
}

void Fill(const UpdateResult& result, v1::UpdateQueueResponse* response) {
  FillSettings(result.settings, response->mutable_settings());
  FillDurability(result, response);
}

void Fill(const DeleteResult& result, v1::DeleteQueueResponse* response) {
  response->set_discarded(result.discarded);
  FillDurability(result, response);
}

void Fill(const ListResult& result, v1::ListQueuesResponse* response) {
  for (const QueueDescription& queue : result.queues) FillDescription(queue, response->add_queues());
  response->set_more(result.more);
}

void Fill(const DescribeResult& result, v1::DescribeQueueResponse* response) {
  FillDescription(result.queue, response->mutable_queue());
}

void Fill(const PurgeResult& result, v1::PurgeQueueResponse* response) {
  response->set_discarded(result.discarded);
  FillDurability(result, response);
}

void FillError(Reason reason, const std::string& message, v1::Answer* response) {
  response->mutable_error()->set_reason(static_cast<v1::Reason>(reason));
  response->mutable_error()->set_message(ToUtf8(message));
}

// The member of the oneof that belongs to the result's kind.
struct ResultWriter {
  v1::Answer* answer;

  void operator()(std::monostate) const { FillError(Reason::kInternal, "the operation has no result", answer); }
  void operator()(const PutResult& result) const { Fill(result, answer->mutable_put()); }
  void operator()(const GetResult& result) const { Fill(result, answer->mutable_get()); }
  void operator()(const TaskDoneResult& result) const { Fill(result, answer->mutable_task_done()); }
  void operator()(const FailResult& result) const { Fill(result, answer->mutable_fail()); }
  void operator()(const ReleaseResult& result) const { Fill(result, answer->mutable_release()); }
  void operator()(const ExtendResult& result) const { Fill(result, answer->mutable_extend()); }
  void operator()(const JoinResult& result) const { Fill(result, answer->mutable_join()); }
  void operator()(const ShutdownResult& result) const { Fill(result, answer->mutable_shutdown()); }
  void operator()(const ReopenResult& result) const { Fill(result, answer->mutable_reopen()); }
  void operator()(const StatsResult& result) const { Fill(result, answer->mutable_stats()); }
  void operator()(const PeekResult& result) const { Fill(result, answer->mutable_peek()); }
  void operator()(const CreateResult& result) const { Fill(result, answer->mutable_create_queue()); }
  void operator()(const UpdateResult& result) const { Fill(result, answer->mutable_update_queue()); }
  void operator()(const DeleteResult& result) const { Fill(result, answer->mutable_delete_queue()); }
  void operator()(const ListResult& result) const { Fill(result, answer->mutable_list_queues()); }
  void operator()(const DescribeResult& result) const { Fill(result, answer->mutable_describe_queue()); }
  void operator()(const PurgeResult& result) const { Fill(result, answer->mutable_purge_queue()); }
};

}  // namespace

void Write(const Answer& answer, v1::PutResponse* response) { Fill(std::get<PutResult>(answer.result), response); }
void Write(const Answer& answer, v1::GetResponse* response) { Fill(std::get<GetResult>(answer.result), response); }
void Write(const Answer& answer, v1::TaskDoneResponse* response) {
  Fill(std::get<TaskDoneResult>(answer.result), response);
}
void Write(const Answer& answer, v1::FailResponse* response) { Fill(std::get<FailResult>(answer.result), response); }
void Write(const Answer& answer, v1::ReleaseResponse* response) {
  Fill(std::get<ReleaseResult>(answer.result), response);
}
void Write(const Answer& answer, v1::ExtendResponse* response) {
  Fill(std::get<ExtendResult>(answer.result), response);
}
void Write(const Answer& answer, v1::JoinResponse* response) { Fill(std::get<JoinResult>(answer.result), response); }
void Write(const Answer& answer, v1::ShutdownResponse* response) {
  Fill(std::get<ShutdownResult>(answer.result), response);
}
void Write(const Answer& answer, v1::ReopenResponse* response) {
  Fill(std::get<ReopenResult>(answer.result), response);
}
void Write(const Answer& answer, v1::StatsResponse* response) { Fill(std::get<StatsResult>(answer.result), response); }
void Write(const Answer& answer, v1::PeekResponse* response) { Fill(std::get<PeekResult>(answer.result), response); }
void Write(const Answer& answer, v1::CreateQueueResponse* response) {
  Fill(std::get<CreateResult>(answer.result), response);
}
void Write(const Answer& answer, v1::UpdateQueueResponse* response) {
  Fill(std::get<UpdateResult>(answer.result), response);
}
void Write(const Answer& answer, v1::DeleteQueueResponse* response) {
  Fill(std::get<DeleteResult>(answer.result), response);
}
void Write(const Answer& answer, v1::ListQueuesResponse* response) {
  Fill(std::get<ListResult>(answer.result), response);
}
void Write(const Answer& answer, v1::DescribeQueueResponse* response) {
  Fill(std::get<DescribeResult>(answer.result), response);
}
void Write(const Answer& answer, v1::PurgeQueueResponse* response) {
  Fill(std::get<PurgeResult>(answer.result), response);
}

void Write(const Answer& answer, v1::Answer* response) {
  if (answer.ok()) {
    std::visit(ResultWriter{response}, answer.result);
  } else {
    FillError(answer.reason, answer.message, response);
  }
}

}  // namespace sluice::wire
