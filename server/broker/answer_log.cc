#include "server/broker/answer_log.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "server/broker/space.h"

namespace sluice::broker {
namespace {

std::size_t BytesOf(const Content& content) {
  std::size_t bytes = content.payload.size() + content.content_type.size();
  for (const auto& [name, value] : content.headers) bytes += name.size() + value.size();
  return bytes;
}

template <typename Items>
std::size_t BytesOf(const Items& items) {
  std::size_t bytes = 0;
  for (const auto& item : items) bytes += BytesOf(*item.content);
  return bytes;
}

// What an answer counts when answers are put together to a message: its items and about their bytes.
std::pair<std::size_t, std::size_t> WeightOf(const Answer& answer) {
  if (const auto* get = std::get_if<GetResult>(&answer.result)) {
    return {get->deliveries.size(), BytesOf(get->deliveries)};
  }
  if (const auto* peek = std::get_if<PeekResult>(&answer.result)) return {peek->items.size(), BytesOf(peek->items)};
  if (const auto* list = std::get_if<ListResult>(&answer.result)) {
    return {list->queues.size(), list->queues.size() * sizeof(QueueDescription)};
  }
  return {1, answer.message.size()};
}

}  // namespace

void Weigh(NumberedAnswer& answer) {
  const auto [items, bytes] = WeightOf(*answer.answer);
  answer.items = std::max<std::size_t>(items, 1);
  answer.bytes = bytes;
}

void AnswerLog::Add(NumberedAnswer&& answer) {
  if (answer.auto_ack()) ++auto_acks_;
  retained_.push_back(std::move(answer));
}

std::vector<SessionAnswer> AnswerLog::Take(std::size_t max_items, std::size_t max_bytes) {
  std::vector<SessionAnswer> taken;
  std::size_t items = 0;
  std::size_t bytes = 0;
  std::size_t at = next_ - confirmed_;
  taken.reserve(std::min(retained_.size() - at, std::max<std::size_t>(max_items, 1)));
  for (; at < retained_.size(); ++at) {
    const NumberedAnswer& kept = retained_[at];
    items += kept.items;
    bytes += kept.bytes;
    if (!taken.empty() && (items > max_items || bytes > max_bytes)) break;
    taken.push_back({kept.operation, kept.space != nullptr ? std::string_view(kept.space->name()) : std::string_view(),
                     kept.answer});
  }
  next_ += taken.size();
  sent_ = std::max(sent_, next_);
  return taken;
}

bool AnswerLog::Confirm(std::uint64_t count, std::vector<NumberedAnswer>* forgotten) {
  if (count < confirmed_ || count > sent_) return false;
  forgotten->reserve(count - confirmed_);
  while (confirmed_ < count) {
    if (retained_.front().auto_ack()) --auto_acks_;
    forgotten->push_back(std::move(retained_.front()));
    retained_.pop_front();
    ++confirmed_;
  }
  next_ = std::max(next_, count);
  return true;
}

bool AnswerLog::Rewind(std::uint64_t count, std::vector<NumberedAnswer>* forgotten) {
  if (!Confirm(count, forgotten)) return false;
  next_ = count;
  return true;
}

std::vector<NumberedAnswer> AnswerLog::Unsent() const {
  std::vector<NumberedAnswer> unsent;
  for (std::size_t at = sent_ - confirmed_; at < retained_.size(); ++at) unsent.push_back(retained_[at]);
  return unsent;
}

}  // namespace sluice::broker
