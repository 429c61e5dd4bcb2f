#include "client/cpp/src/queue_commands.h"

#include <numeric>
#include <utility>

#include "client/cpp/src/lease.h"
#include "client/cpp/src/validate.h"

namespace sluice::detail {

Put PutOf(const std::string& queue, std::vector<Message>&& messages, const PutOptions& options,
          const std::optional<QueueSettings>& create) {
  CheckTimeout(options.timeout);
  Put put{queue, {}, options.timeout, create};
  put.items.reserve(messages.size());
  for (Message& message : messages) {
    auto content = std::make_shared<Content>();
    content->payload = Bytes(std::move(message.payload));
    content->content_type = std::move(message.content_type);
    content->headers = options.headers;
    content->priority = options.priority;
    CheckContent(*content);
    put.items.push_back(std::move(content));
  }
  CheckBatch(put.items);
  return put;
}

Get GetOf(const std::string& queue, const GetOptions& options, const std::optional<QueueSettings>& create) {
  CheckTimeout(options.timeout);
  Get get;
  get.queue = queue;
  get.timeout = options.timeout;
  get.until_finished = options.until_finished;
  get.create = create;
  return get;
}

Get GetManyOf(const std::string& queue, std::size_t max_items, const GetManyOptions& options,
              const std::optional<QueueSettings>& create) {
  Get get = GetOf(queue, {.timeout = options.timeout, .until_finished = options.until_finished}, create);
  get.max_items = CheckMaxItems(max_items);
  CheckGather(max_items, options);
  return get;
}

Join JoinOf(const std::string& queue, const JoinOptions& options) {
  CheckTimeout(options.timeout);
  return {{queue}, options.timeout, options.only_put_before};
}

std::vector<std::uint64_t> IdsOf(const PutResult& result) {
  std::vector<std::uint64_t> ids(result.count);
  std::iota(ids.begin(), ids.end(), result.first.value);
  return ids;
}

void AddLeases(const std::shared_ptr<Link>& link, const std::string& space, const std::string& queue, Answer&& answer,
               Epoch epoch, std::vector<Lease>* leases) {
  auto& deliveries = std::get<GetResult>(answer.result).deliveries;
  leases->reserve(leases->size() + deliveries.size());
  for (Delivery& delivery : deliveries) {
    leases->emplace_back(std::make_unique<Lease::State>(Lease::State{link, space, queue, std::move(delivery), epoch}));
  }
}

}  // namespace sluice::detail
