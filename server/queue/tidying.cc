// The log is kept short: what is alive in its oldest batches is carried over into new ones, so that the old can go.
//
// Everything that is alive has a home, the position of the record that tells all of it. Records between its home and
// now only change it, and say nothing that its next home will not say. So all batches before the oldest home can go.
#include <algorithm>
#include <chrono>
#include <string>

#include "common/limits.h"
#include "common/seeded_bug.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

constexpr std::size_t kPartBytes = 1u << 20;    // sizes of the log are kept for parts of about this size
constexpr std::size_t kTidyEvery = 256u << 10;  // written: looking costs a little for each queue and session

}  // namespace

LogBatch Namespace::State::TakeBatch(TimePoint now, Effects& effects) {
  untidied_bytes_ += log_.bytes();
  std::uint64_t trim = 0;
  if (untidied_bytes_ >= std::min(kTidyEvery, log_limit_ / 4)) {
    untidied_bytes_ = 0;
    Tidy(now, effects);
    const std::uint64_t oldest = OldestHome();
    while (!log_parts_.empty() && log_parts_.front().last < oldest) {
      log_bytes_ -= log_parts_.front().bytes;
      trim = log_parts_.front().last;
      log_parts_.pop_front();
    }
  }
  const std::size_t bytes = log_.bytes();
  LogBatch batch = log_.Take();
  CountBatch(batch.position, bytes);
  batch.trim = trim;
  batch.was_full = bytes >= limits_.batch_bytes;
  return batch;
}

void Namespace::State::CountBatch(std::uint64_t position, std::size_t bytes) {
  if (log_parts_.empty() || log_parts_.back().bytes >= std::min(kPartBytes, log_limit_ / 8)) log_parts_.push_back({});
  log_parts_.back().last = position;
  log_parts_.back().bytes += bytes;
  log_bytes_ += bytes;
}

std::uint64_t Namespace::State::OldestHome() const {
  std::uint64_t oldest = std::min(log_.position(), numbers_home_);
  const auto consider = [&oldest](std::uint64_t home) {
    if (home != 0) oldest = std::min(oldest, home);
  };
  if (!homes_.empty() && !SLUICE_SEEDED_BUG(kTrimTooEarly)) consider(homes_.begin()->first);
  for (const auto& [name, queue] : queues_) {
    consider(queue->home);
    if (!queue->cold.empty()) consider(queue->cold.front().home.position);
  }
  for (const auto& [id, session] : sessions_) consider(session.home);
  consider(window_.OldestHome());
  return oldest;
}

void Namespace::State::Tidy(TimePoint now, Effects& effects) {
  if (log_parts_.empty() || log_bytes_ <= std::max(log_limit_, limits::kLogFactor * live_bytes_)) return;
  move_to_ = log_parts_.front().last;
  const std::size_t until = log_.bytes() + limits::kCopyForwardBytes;
  if (numbers_home_ <= move_to_) LogNumbers(Durability::kMemory);
  for (const auto& [name, queue] : queues_) {
    if (queue->home <= move_to_) LogQueue(*queue);
    while (!queue->cold.empty() && queue->cold.front().home.position <= move_to_) Thaw(*queue);
  }
  for (auto& [id, session] : sessions_) {
    if (session.home != 0 && session.home <= move_to_) LogSession(session);
  }
  window_.ForgetOld(now);
  for (std::size_t left = window_.size(); left > 0; --left) {
    const RememberedPut& put = *window_.Oldest();
    if (put.home > move_to_) break;
    if (put.home != 0) {
      log_.Add(RememberedPutRecord{put.name.queue, put.name.producer, put.name.sequence, put.first.value, put.count,
                                   Microseconds(put.time)},
               Durability::kMemory);
    }
    window_.MoveOldest(put.home != 0 ? log_.position() : 0);
  }
  while (!homes_.empty() && homes_.begin()->first <= move_to_ && log_.bytes() < until) {
    const std::uint64_t position = homes_.begin()->first;
    StoredItem& item = *homes_.begin()->second.front();
    if (!item.content) {
      if (loading_.insert(position).second) effects.loads.push_back(position);
      return;  // it goes on when it is there
    }
    std::string content;
    WriteContent(*item.content, &content);
    MoveItem(item, content);
  }
}

void Namespace::State::MoveItem(StoredItem& item, std::string_view content) {
  ItemRecord record;
  record.queue = item.queue->number;
  record.id = item.id.value;
  record.put_time_us = Microseconds(item.put_time);
  record.attempts = item.attempts;
  record.deliveries = item.deliveries;
  record.offset = log_.contents_bytes();
  record.content = {item.priority, item.payload_bytes, content.size()};
  record.last_error = item.last_error;
  record.fence = item.fence.value;
  record.session = item.owner != nullptr ? item.owner->id.value : 0;
  record.deadline_us = item.deadline ? Microseconds(*item.deadline) : 0;
  record.auto_ack = item.auto_ack;
  log_.AddRawContent(content);
  log_.Add(record, item.queue->settings.durability);
  LeaveHome(item);
  SetHome(item,
          {log_.position(), static_cast<std::uint32_t>(record.offset), static_cast<std::uint32_t>(content.size())});
}

}  // namespace sluice::queue
