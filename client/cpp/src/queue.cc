#include <sluice/queue.h>

#include <utility>

#include <sluice/error.h>

#include "client/cpp/src/gather.h"
#include "client/cpp/src/lease.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/queue_commands.h"
#include "client/cpp/src/validate.h"

namespace sluice::detail {

QueueHandle::QueueHandle(std::shared_ptr<Link> link, std::string name, std::optional<QueueSettings> create)
    : link_(std::move(link)), name_(std::move(name)), create_(std::move(create)) {
  QueueName parts = CheckQueueName(name_);
  space_ = std::move(parts.space);
  queue_ = std::move(parts.name);
  if (create_) CheckSettings(*create_);
}

PutReceipt QueueHandle::put(const PutItems& items, const PutOptions& options) const {
  const auto result = CallFor<PutResult>(*link_, space_, PutOf(queue_, items, options, create_), options.stop);
  return {IdsOf(result), result.durability, result.duplicate};
}

std::vector<Lease> QueueHandle::get(const GetOptions& options) const {
  Called called = Call(*link_, space_, GetOf(queue_, options, create_), options.stop);
  std::vector<Lease> leases;
  AddLeases(link_, space_, queue_, std::move(called.answer), called.epoch, &leases);
  return leases;
}

std::vector<Lease> QueueHandle::get_many(std::size_t max_items, const GetManyOptions& options) const {
  Get first = GetManyOf(queue_, max_items, options, create_);
  return Gather(space_, first, options).Run(link_, std::move(first), [&](Get get) {
    return Call(*link_, space_, std::move(get), options.stop);
  });
}

ConsumerHandle QueueHandle::consumer(const ConsumerOptions& options) const {
  return {link_, space_, queue_, create_, options};
}

std::vector<Lease> QueueHandle::pop(const GetOptions& options) const {
  Get get = GetOf(queue_, options, create_);
  get.auto_ack = true;
  Called called = Call(*link_, space_, std::move(get), options.stop);
  std::vector<Lease> leases;
  AddLeases(link_, space_, queue_, std::move(called.answer), called.epoch, &leases);
  for (const Lease& lease : leases) lease.state()->decision = Decision::kDone;
  return leases;
}

QueueCounts QueueHandle::join(const JoinOptions& options) const {
  return std::move(CallFor<JoinResult>(*link_, space_, JoinOf(queue_, options), options.stop).queues.at(0));
}

std::uint64_t QueueHandle::shutdown(bool immediate) const {
  return CallFor<ShutdownResult>(*link_, space_, Shutdown{queue_, immediate}).discarded;
}

void QueueHandle::reopen() const { Call(*link_, space_, Reopen{queue_}); }

std::uint64_t QueueHandle::purge() const { return CallFor<PurgeResult>(*link_, space_, PurgeQueue{queue_}).discarded; }

QueueDescription QueueHandle::describe() const {
  return CallFor<DescribeResult>(*link_, space_, DescribeQueue{queue_}).queue;
}

QueueStats QueueHandle::stats() const { return CallFor<StatsResult>(*link_, space_, Stats{queue_}).stats; }

std::vector<PeekedPayload> QueueHandle::peek(std::size_t max_items) const {
  Peek peek{queue_, CheckMaxItems(max_items)};
  std::vector<PeekedPayload> payloads;
  for (PeekedItem& item : CallFor<PeekResult>(*link_, space_, std::move(peek)).items) {
    payloads.push_back({item.id.value, item.attempts, item.put_time, std::move(item.last_error),
                        std::string(item.content->payload.view()), item.content->content_type, item.content->headers,
                        item.content->priority});
  }
  return payloads;
}

QueueSettings QueueHandle::update(const QueueUpdate& update) const {
  CheckUpdate(update);
  return CallFor<UpdateResult>(*link_, space_, UpdateQueue{queue_, update}).settings;
}

}  // namespace sluice::detail
