#include "server/queue/dedup_window.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/limits.h"

namespace sluice::queue {
namespace {

constexpr std::size_t kRecordBytes = 20;  // of a RememberedPutRecord, but for its producer

std::size_t LogBytesOf(const RememberedPut& put) { return kRecordBytes + put.name.producer.size(); }

}  // namespace

const RememberedPut* DedupWindow::Find(const PutName& name) const {
  if (name.producer.empty()) return nullptr;
  const auto found = by_name_.find(&name);
  return found == by_name_.end() ? nullptr : &found->second->put;
}

void DedupWindow::Remember(RememberedPut&& put, TimePoint now) {
  if (put.name.producer.empty()) return;
  ForgetOld(now);
  Entry* const entry = Add(std::move(put));
  entry->durable = entry->put.home == 0;
  (entry->durable ? durable_ : not_yet_).PushBack(entry);
}

DedupWindow::Entry* DedupWindow::Add(RememberedPut&& put) {
  auto added = std::make_unique<Entry>();
  added->put = std::move(put);
  Entry* const entry = added.get();
  by_name_[&entry->put.name] = std::move(added);
  if (entry->put.home != 0) {
    by_home_.PushBack(entry);
    log_bytes_ += LogBytesOf(entry->put);
  }
  return entry;
}

void DedupWindow::SetDurable(std::uint64_t position, TimePoint now) {
  while (!not_yet_.empty() && not_yet_.front()->put.home <= position) {
    Entry* const entry = not_yet_.front();
    not_yet_.Erase(entry);
    entry->put.time = now;
    entry->durable = true;
    durable_.PushBack(entry);
  }
}

void DedupWindow::ForgetOld(TimePoint now) {
  while (!durable_.empty() && (size() >= max_puts_ || durable_.front()->put.time + limits::kPutWindowTime < now)) {
    Forget(durable_.front());
  }
}

void DedupWindow::Forget(Entry* entry) {
  if (entry->put.home != 0) log_bytes_ -= LogBytesOf(entry->put);
  by_home_.Erase(entry);
  (entry->durable ? durable_ : not_yet_).Erase(entry);
  by_name_.erase(&entry->put.name);
}

void DedupWindow::Replay(RememberedPut&& put) {
  if (put.name.producer.empty()) return;
  if (const auto known = by_name_.find(&put.name); known != by_name_.end()) Forget(known->second.get());
  Entry* const entry = Add(std::move(put));
  entry->durable = true;
  durable_.PushBack(entry);
  if (size() >= 2 * max_puts_) SortReplayed();
}

// Those that were carried forward are told of late. Items are numbered as they are put.
void DedupWindow::SortReplayed() {
  std::vector<Entry*> entries;
  entries.reserve(size());
  while (Entry* const entry = durable_.front()) {
    durable_.Erase(entry);
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->put.first < b->put.first; });
  for (Entry* const entry : entries) durable_.PushBack(entry);
  while (size() > max_puts_) Forget(durable_.front());
}

void DedupWindow::EndReplay(TimePoint now) {
  SortReplayed();
  for (Entry* entry = durable_.front(); entry != nullptr; entry = durable_.Next(entry)) entry->put.time = now;
}

void DedupWindow::MoveOldest(std::uint64_t home) {
  Entry* const entry = by_home_.front();
  by_home_.Erase(entry);
  entry->put.home = home;
  by_home_.PushBack(entry);
}

}  // namespace sluice::queue
