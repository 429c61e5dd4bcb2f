#include <sluice/queue.h>

#include <utility>

#include "client/cpp/src/lease.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/validate.h"
#include "common/limits.h"

namespace sluice::detail {
namespace {

std::vector<ContentPtr> Contents(std::vector<Message>&& messages, const PutOptions& options) {
  std::vector<ContentPtr> items;
  items.reserve(messages.size());
  for (Message& message : messages) {
    auto content = std::make_shared<Content>();
    content->payload = Bytes(std::move(message.payload));
    content->content_type = std::move(message.content_type);
    content->headers = options.headers;
    content->priority = options.priority;
    CheckContent(*content);
    items.push_back(std::move(content));
  }
  CheckBatch(items);
  return items;
}

Get GetOf(const std::string& queue, std::size_t max_items, const GetOptions& options,
          const std::optional<QueueSettings>& create) {
  CheckTimeout(options.timeout);
  Get get;
  get.queue = queue;
  get.max_items = CheckMaxItems(max_items);
  get.timeout = options.timeout;
  get.until_finished = options.until_finished;
  get.create = create;
  return get;
}

}  // namespace

QueueHandle::QueueHandle(std::shared_ptr<Link> link, std::string name, std::optional<QueueSettings> create)
    : link_(std::move(link)), name_(std::move(name)), create_(std::move(create)) {
  QueueName parts = CheckQueueName(name_);
  space_ = std::move(parts.space);
  queue_ = std::move(parts.name);
  if (create_) CheckSettings(*create_);
}

std::vector<std::uint64_t> QueueHandle::put(std::vector<Message> messages, const PutOptions& options) const {
  CheckTimeout(options.timeout);
  Put put{queue_, Contents(std::move(messages), options), options.timeout, create_};
  const auto result = CallFor<PutResult>(*link_, space_, std::move(put), options.stop);
  std::vector<std::uint64_t> ids(result.count);
  for (std::uint32_t i = 0; i < result.count; ++i) ids[i] = result.first.value + i;
  return ids;
}

std::vector<Lease> QueueHandle::get(std::size_t max_items, const GetOptions& options) const {
  Called called = Call(*link_, space_, GetOf(queue_, max_items, options, create_), options.stop);
  std::vector<Lease> leases;
  for (Delivery& delivery : std::get<GetResult>(called.answer.result).deliveries) {
    leases.emplace_back(
        std::make_unique<Lease::State>(Lease::State{link_, space_, queue_, std::move(delivery), called.epoch}));
  }
  return leases;
}

std::vector<std::string> QueueHandle::pop(std::size_t max_items, const GetOptions& options) const {
  Get get = GetOf(queue_, max_items, options, create_);
  get.auto_ack = true;
  std::vector<std::string> payloads;
  for (const Delivery& delivery : CallFor<GetResult>(*link_, space_, std::move(get), options.stop).deliveries) {
    payloads.emplace_back(delivery.content->payload.view());
  }
  return payloads;
}

QueueCounts QueueHandle::join(const JoinOptions& options) const {
  CheckTimeout(options.timeout);
  Join join{{queue_}, options.timeout, options.only_put_before};
  return std::move(CallFor<JoinResult>(*link_, space_, std::move(join), options.stop).queues.at(0));
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
