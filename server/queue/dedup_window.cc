#include "server/queue/dedup_window.h"

#include <utility>

#include "common/limits.h"

namespace sluice::queue {

const RememberedPut* DedupWindow::Find(const PutName& name) const {
  if (name.producer.empty()) return nullptr;
  const auto found = by_name_.find(&name);
  return found == by_name_.end() ? nullptr : &*found->second;
}

void DedupWindow::Remember(RememberedPut&& put, TimePoint now) {
  if (put.name.producer.empty()) return;
  ForgetOld(now);
  if (const auto known = by_name_.find(&put.name); known != by_name_.end()) {
    const auto old = known->second;
    by_name_.erase(known);
    puts_.erase(old);
  }
  puts_.push_back(std::move(put));
  by_name_.emplace(&puts_.back().name, std::prev(puts_.end()));
}

void DedupWindow::ForgetOld(TimePoint now) {
  while (!puts_.empty() && (puts_.size() >= limits::kPutWindow || puts_.front().time + limits::kPutWindowTime < now)) {
    by_name_.erase(&puts_.front().name);
    puts_.pop_front();
  }
}

void DedupWindow::MoveOldest(std::uint64_t home) {
  puts_.front().home = home;
  puts_.splice(puts_.end(), puts_, puts_.begin());
}

std::uint64_t DedupWindow::OldestHome() const {
  for (const RememberedPut& put : puts_) {
    if (put.home != 0) return put.home;
  }
  return 0;
}

}  // namespace sluice::queue
