#include "proto/nouns.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "common/limits.h"
#include "proto/utf8.h"

namespace sluice::wire {

using std::chrono::milliseconds;

static_assert(static_cast<int>(Order::kFifo) == v1::FIFO && static_cast<int>(Order::kLifo) == v1::LIFO &&
              static_cast<int>(Order::kPriority) == v1::PRIORITY);
static_assert(static_cast<int>(Durability::kMemory) == v1::MEMORY &&
              static_cast<int>(Durability::kAsync) == v1::ASYNC && static_cast<int>(Durability::kFsync) == v1::FSYNC);

ContentPtr ToContent(v1::Item&& item) {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::move(*item.mutable_payload()));
  content->content_type = std::move(*item.mutable_content_type());
  content->headers.reserve(item.headers().size());
  for (auto& [name, value] : *item.mutable_headers()) content->headers.emplace_back(name, std::move(value));
  std::sort(content->headers.begin(), content->headers.end());
  content->priority = item.priority();
  return content;
}

void FillItem(const Content& content, v1::Item* item) {
  const std::string_view payload = content.payload.view();
  item->set_payload(payload.data(), payload.size());
  if (!content.content_type.empty()) item->set_content_type(ToUtf8(content.content_type));
  for (const auto& [name, value] : content.headers) (*item->mutable_headers())[ToUtf8(name)] = value;
  item->set_priority(content.priority);
}

QueueSettings ToSettings(const v1::QueueSettings& settings) {
  return {.order = static_cast<Order>(settings.order()),
          .maxsize = settings.maxsize(),
          .max_bytes = settings.max_bytes(),
          .count_leased = settings.count_leased(),
          .durability = static_cast<Durability>(settings.durability()),
          .lease = settings.lease_ms() == 0 ? limits::kDefaultLease : milliseconds(settings.lease_ms()),
          .max_attempts = settings.max_attempts(),
          .paused = settings.paused()};
}

void FillSettings(const QueueSettings& settings, v1::QueueSettings* message) {
  message->set_order(static_cast<v1::Order>(settings.order));
  message->set_maxsize(settings.maxsize);
  message->set_max_bytes(settings.max_bytes);
  message->set_count_leased(settings.count_leased);
  message->set_durability(static_cast<v1::Durability>(settings.durability));
  message->set_lease_ms(settings.lease.count());
  message->set_max_attempts(settings.max_attempts);
  message->set_paused(settings.paused);
}

Durability ReachedDurability(v1::Durability durability) {
  return v1::Durability_IsValid(durability) ? static_cast<Durability>(durability) : Durability::kMemory;
}

TimePoint FromUnixMs(std::int64_t ms) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 1'000;
  return TimePoint(milliseconds(std::clamp(ms, -kMax, kMax)));
}

std::int64_t ToUnixMs(TimePoint time) { return std::chrono::floor<milliseconds>(time).time_since_epoch().count(); }

}  // namespace sluice::wire
