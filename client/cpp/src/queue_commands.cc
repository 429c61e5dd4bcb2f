#include "client/cpp/src/queue_commands.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "client/cpp/src/lease.h"
#include "client/cpp/src/validate.h"

namespace sluice::detail {

PutItems::PutItems(std::size_t count, std::string_view content_type, const PutOptions& options)
    : contents_(std::make_shared<Contents>()) {
  CheckPutCount(count);
  contents_->common.content_type = options.content_type.empty() ? std::string(content_type) : options.content_type;
  contents_->common.headers = options.headers;
  contents_->common.priority = options.priority;
  CheckContent(contents_->common);
  contents_->items.reserve(count);
}

namespace {

std::shared_ptr<Content> ContentOf(std::string_view payload) {
  CheckPayload(payload.size());
  char* bytes = nullptr;
  std::shared_ptr<Content> content = MakeContent(payload.size(), &bytes);
  std::copy(payload.begin(), payload.end(), bytes);
  return content;
}

}  // namespace

void PutItems::Add(std::string_view payload) {
  std::shared_ptr<Content> content = ContentOf(payload);
  content->content_type = contents_->common.content_type;
  if (!contents_->common.headers.empty()) content->headers = contents_->common.headers;
  content->priority = contents_->common.priority;
  contents_->items.push_back(std::move(content));
}

void PutItems::Add(std::string_view payload, std::string_view content_type, std::int64_t priority, Headers headers) {
  std::shared_ptr<Content> content = ContentOf(payload);
  content->content_type = content_type;
  content->headers = std::move(headers);
  content->priority = priority;
  CheckContent(*content);
  contents_->items.push_back(std::move(content));
}

Put PutOf(const std::string& queue, const PutItems& items, const PutOptions& options,
          const std::optional<QueueSettings>& create) {
  CheckTimeout(options.timeout);
  CheckRequestId(options.request_id);
  CheckBatch(items.contents().items);
  return {queue, std::move(items.contents().items), options.timeout, create, options.request_id};
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
  const auto origin = std::make_shared<const Lease::Origin>(Lease::Origin{link, space, queue, epoch});
  leases->reserve(leases->size() + deliveries.size());
  for (Delivery& delivery : deliveries) {
    leases->emplace_back(std::make_unique<Lease::State>(Lease::State{origin, std::move(delivery)}));
  }
}

}  // namespace sluice::detail
