// The log is kept short: what is alive in its oldest batches is carried over into new ones, so that the old can go.
//
// Everything that is alive has a home, the position of the record that tells all of it. Records between its home and
// now only change it, and say nothing that its next home will not say. So all batches before the oldest home can go.
//
// What is in memory is carried at once. Contents that are on the disk alone are read first; when all that were asked
// for have come, the log is looked at again with the batch that takes them.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

#include "common/limits.h"
#include "common/seeded_bug.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

constexpr std::size_t kPartBytes = 1u << 20;    // sizes of the log are kept for parts of about this size
constexpr std::size_t kTidyEvery = 256u << 10;  // of the log died: looking costs a little for each queue and session
constexpr std::size_t kMostParts = 8;           // are tidied at once
// What is small is carried as soon as so many times what it takes goes with it, but not for less than such a part of
// what the log may be: what is gone before the journal's memory is full is never written to its tables.
constexpr std::size_t kSmallFactor = 4;
constexpr std::size_t kSmallPart = 16;
// Of what the log may be, such a part stays although nothing in it is alive: a server that starts learns from it what
// has just been settled, when it is settled again.
constexpr std::size_t kKeptPart = 8;
constexpr std::size_t kReadBytes = 1u << 10;  // what a batch that is read for an item costs at least

// Of the log, about, for one that is alive.
constexpr std::size_t kQueueBytes = 80;
constexpr std::size_t kSessionBytes = 96;

}  // namespace

LogBatch Namespace::State::TakeBatch(TimePoint now, Effects& effects) {
  // The one before is durable, or this one would not be taken.
  window_.SetDurable(log_.position() - 1, now);
  std::uint64_t trim = 0;
  const auto dead = [this] {
    return static_cast<std::int64_t>(log_bytes_ + log_.bytes()) - static_cast<std::int64_t>(live_bytes_ + SmallBytes());
  };
  const auto often = static_cast<std::int64_t>(std::min(kTidyEvery, log_limit_ / 4));
  // What was alive may be moved into less space, too.
  looked_at_dead_ = std::min(looked_at_dead_, dead());
  if (dead() - looked_at_dead_ >= often || carrying_.goes_on) {
    carrying_.goes_on = false;
    window_.ForgetOld(now);
    const Oldest oldest = FindOldest();
    trim = LeaveOutDead(oldest);
    if (CarrySmallEarly(oldest.item)) trim = std::max(trim, LeaveOutDead(FindOldest()));
    if (Tidy(oldest.item, effects)) trim = std::max(trim, LeaveOutDead(FindOldest()));
    looked_at_dead_ = dead();
  }
  const std::size_t bytes = log_.bytes();
  LogBatch batch = log_.Take();
  CountBatch(batch.position, bytes);
  batch.trim = trim;
  batch.was_full = bytes >= limits_.batch_bytes;
  return batch;
}

std::size_t Namespace::State::SmallBytes() const {
  return queues_.size() * kQueueBytes + sessions_.size() * kSessionBytes + window_.log_bytes();
}

void Namespace::State::CountBatch(std::uint64_t position, std::size_t bytes) {
  if (log_parts_.empty() || log_parts_.back().bytes >= std::min(kPartBytes, log_limit_ / 8)) log_parts_.push_back({});
  log_parts_.back().last = position;
  log_parts_.back().bytes += bytes;
  log_bytes_ += bytes;
}

Namespace::State::Oldest Namespace::State::FindOldest() const {
  Oldest oldest{log_.position(), std::min(log_.position(), numbers_home_)};
  const auto consider = [](std::uint64_t home, std::uint64_t& of) {
    if (home != 0) of = std::min(of, home);
  };
  if (!homes_.empty() && !SLUICE_SEEDED_BUG(kTrimTooEarly)) consider(homes_.begin()->first, oldest.item);
  for (const auto& [name, queue] : queues_) {
    consider(queue->home, oldest.small);
    if (const ColdItem* item = queue->cold.OldestHome()) consider(item->home.position, oldest.item);
  }
  for (const auto& [id, session] : sessions_) consider(session.home, oldest.small);
  consider(window_.OldestHome(), oldest.small);
  return oldest;
}

std::uint64_t Namespace::State::MayGo(std::uint64_t oldest_item) const {
  auto part = std::find_if(log_parts_.begin(), log_parts_.end(),
                           [=](const LogPart& each) { return each.last >= oldest_item; });
  std::size_t kept = 0;
  while (part != log_parts_.begin() && kept < log_limit_ / kKeptPart) kept += (--part)->bytes;
  return part == log_parts_.begin() ? 0 : std::prev(part)->last;
}

std::uint64_t Namespace::State::LeaveOutDead(const Oldest& oldest) {
  const std::uint64_t may_go = MayGo(oldest.item);
  std::uint64_t trim = 0;
  while (!log_parts_.empty() && log_parts_.front().last <= may_go && log_parts_.front().last < oldest.small) {
    log_bytes_ -= log_parts_.front().bytes;
    trim = log_parts_.front().last;
    log_parts_.pop_front();
  }
  return trim;
}

bool Namespace::State::CarrySmallEarly(std::uint64_t oldest_item) {
  const std::uint64_t until = MayGo(oldest_item);
  std::size_t gone = 0;
  for (auto part = log_parts_.begin(); part != log_parts_.end() && part->last <= until; ++part) gone += part->bytes;
  if (gone < std::max(log_limit_ / kSmallPart, kSmallFactor * SmallBytes())) return false;
  CarrySmall(until);
  return true;
}

bool Namespace::State::Tidy(std::uint64_t oldest_item, Effects& effects) {
  const std::size_t allowed = std::max(log_limit_, limits::kLogFactor * live_bytes_) + SmallBytes();
  if (log_parts_.empty() || log_bytes_ <= allowed || !carrying_.positions.empty()) return false;
  const std::size_t excess = log_bytes_ - allowed;
  // As many parts as have to go. When nothing in them is dead, as much is carried as they take. What stays in front of
  // them follows as they go.
  std::uint64_t until = MayGo(oldest_item);
  std::size_t reach = 0;
  std::size_t parts = 0;
  for (const LogPart& part : log_parts_) {
    if (part.last < oldest_item) continue;
    if (reach >= excess || parts++ == kMostParts) break;
    until = part.last;
    reach += part.bytes;
  }
  CarrySmall(until);
  // The more there is to free the more is carried with each batch: it cannot be outrun.
  const std::size_t most = std::max(limits_.batch_bytes / 2, log_.bytes());
  CarryItems(until, std::clamp(excess, limits::kCopyForwardBytes, std::max(limits::kCopyForwardBytes, most)), effects);
  return true;
}

void Namespace::State::CarrySmall(std::uint64_t until) {
  if (numbers_home_ <= until) LogNumbers(Durability::kMemory);
  for (const auto& [name, queue] : queues_) {
    if (queue->home <= until) LogQueue(*queue);
  }
  for (auto& [id, session] : sessions_) {
    if (session.home != 0 && session.home <= until) LogSession(session);
  }
  while (window_.OldestHome() != 0 && window_.OldestHome() <= until) {
    const RememberedPut& put = *window_.Oldest();
    log_.Add(RememberedPutRecord{put.name.queue, put.name.producer, put.name.sequence, put.first.value, put.count,
                                 Microseconds(put.time)},
             Durability::kMemory);
    window_.MoveOldest(log_.position());
  }
}

void Namespace::State::CarryItems(std::uint64_t until, std::size_t most, Effects& effects) {
  std::size_t carried = 0;
  const auto read = [&](std::uint64_t position) {
    Read(position, ReadFor::kCarrying, effects);
    if (carrying_.positions.insert(position).second) carried += kReadBytes;
  };
  for (auto at = homes_.begin(); at != homes_.end() && at->first <= until && carried < most;) {
    const std::uint64_t position = at->first;
    StoredItem* item = at->second.front();
    ++at;
    while (item != nullptr) {
      StoredItem* const next = HomeList::Next(item);
      carried += item->home.bytes;
      if (item->content) {
        std::string content;
        WriteContent(*item->content, &content);
        CarryItem(*item, content);
      } else {
        read(position);
      }
      item = next;
    }
  }
  for (const auto& named : queues_) {
    const Queue& queue = *named.second;
    std::uint64_t last = 0;
    queue.cold.VisitByHome(until, [&](const ColdItem& item) {
      // What is read once is carried whole, unless there would be no room for puts beside it.
      if (carried >= most && (item.home.position != last || carried >= limits_.batch_bytes / 2)) return false;
      last = item.home.position;
      carrying_.cold[queue.number].push_back({item.id, item.home, {}});
      carried += item.home.bytes;
      read(last);
      return true;
    });
  }
  // In memory there may be more of it, or in the next parts.
  if (carrying_.positions.empty()) carrying_.goes_on = true;
}

bool Namespace::State::CarryRead(std::uint64_t position, std::string_view contents) {
  if (const auto found = homes_.find(position); found != homes_.end()) {
    for (StoredItem* item = found->second.front(); item != nullptr;) {
      StoredItem* const next = HomeList::Next(item);
      if (!IsWithin(item->home, contents)) return false;
      CarryItem(*item, contents.substr(item->home.offset, item->home.bytes));
      item = next;
    }
  }
  struct ByPosition {
    bool operator()(const ColdContent& item, std::uint64_t at) const { return item.home.position < at; }
    bool operator()(std::uint64_t at, const ColdContent& item) const { return at < item.home.position; }
  };
  for (auto& [number, items] : carrying_.cold) {
    const auto [first, last] = std::equal_range(items.begin(), items.end(), position, ByPosition{});
    for (auto item = first; item != last; ++item) {
      if (IsWithin(item->home, contents)) item->bytes = contents.substr(item->home.offset, item->home.bytes);
    }
  }
  return !carrying_.positions.empty() || CarryCold();
}

bool Namespace::State::CarryCold() {
  carrying_.goes_on = true;
  for (const auto& [name, queue] : queues_) {
    const auto found = carrying_.cold.find(queue->number);
    if (found == carrying_.cold.end()) continue;
    for (const ColdContent& item : found->second) {
      const ColdItem* const cold = queue->cold.OldestHome();
      if (cold == nullptr) break;
      if (cold->id != item.id) continue;                        // it is cold no more
      if (item.bytes.size() != cold->home.bytes) return false;  // it is not where it should be
      ItemRecord record;
      record.queue = queue->number;
      record.id = cold->id.value;
      record.put_time_us = Microseconds(cold->put_time);
      record.content.payload_bytes = cold->payload_bytes;
      live_bytes_ -= LogBytes(*cold);
      queue->cold.MoveOldest(LogItem(std::move(record), item.bytes, *queue), kItemRecordBytes);
      live_bytes_ += item.bytes.size() + kItemRecordBytes;
    }
  }
  carrying_.cold.clear();
  return true;
}

void Namespace::State::CarryItem(StoredItem& item, std::string_view content) {
  ItemRecord record;
  record.queue = item.queue->number;
  record.id = item.id.value;
  record.put_time_us = Microseconds(item.put_time);
  record.attempts = item.attempts;
  record.deliveries = item.deliveries;
  record.content.priority = item.priority;
  record.content.payload_bytes = item.payload_bytes;
  record.last_error = item.last_error;
  record.fence = item.fence.value;
  record.session = item.owner != nullptr ? item.owner->id.value : 0;
  record.deadline_us = item.deadline ? Microseconds(*item.deadline) : 0;
  record.auto_ack = item.auto_ack;
  LeaveHome(item);
  item.record_bytes = kItemRecordBytes + static_cast<std::uint32_t>(item.last_error.size());
  SetHome(item, LogItem(std::move(record), content, *item.queue));
}

Home Namespace::State::LogItem(ItemRecord&& record, std::string_view content, const Queue& queue) {
  const auto offset = log_.contents_bytes();
  record.offset = offset;
  record.content.entry_bytes = content.size();
  log_.AddRawContent(content);
  log_.Add(record, queue.settings.durability);
  return {log_.position(), static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(content.size())};
}

}  // namespace sluice::queue
