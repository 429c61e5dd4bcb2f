// The puts of a namespace that are remembered, so that one that comes again is answered and not carried out again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <sluice/clock.h>

#include "common/ids.h"
#include "server/queue/intrusive_list.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

struct RememberedPut {
  PutName name;
  ItemId first;
  std::uint32_t count = 0;
  TimePoint time;          // when it was put; then, when it was durable: who put it hears of it
  std::uint64_t home = 0;  // position of the batch that tells of it; 0: it is not in the journal
};

// The newest `max_puts` ones, for limits::kPutWindowTime from when they are durable; and all that are not.
// Thread safety: none.
class DedupWindow {
 public:
  explicit DedupWindow(std::size_t max_puts) : max_puts_(max_puts) {}

  // Null: it is not known. Borrows: until the next call.
  const RememberedPut* Find(const PutName& name) const;
  // No effect when the put has no name. Requires: it is not known; it is at home in the newest batch, or nowhere.
  void Remember(RememberedPut&& put, TimePoint now);
  // All batches up to `position` are durable.
  void SetDurable(std::uint64_t position, TimePoint now);
  void ForgetOld(TimePoint now);
  std::size_t size() const { return by_name_.size(); }

  // ---- recovery: each put as the log tells of it, then EndReplay ----
  void Replay(RememberedPut&& put);
  // Who put may have been waiting for the answer until now.
  void EndReplay(TimePoint now);

  // ---- homes ----
  // The one that has had its home in the journal for the longest. Null: none.
  const RememberedPut* Oldest() const { return by_home_.empty() ? nullptr : &by_home_.front()->put; }
  // Requires: there is one.
  void MoveOldest(std::uint64_t home);
  // Of that one; 0: none.
  std::uint64_t OldestHome() const { return by_home_.empty() ? 0 : by_home_.front()->put.home; }
  // What they take of the log when they are carried forward, about.
  std::size_t log_bytes() const { return log_bytes_; }

 private:
  struct Entry {
    RememberedPut put;
    bool durable = false;
    Links<Entry> by_age;
    Links<Entry> by_home;
  };
  struct Hash {
    std::size_t operator()(const PutName* name) const {
      return std::hash<std::string>()(name->producer) ^ ((name->sequence + (name->queue << 48)) * 0x9e3779b97f4a7c15u);
    }
  };
  struct Same {
    bool operator()(const PutName* a, const PutName* b) const { return *a == *b; }
  };

  Entry* Add(RememberedPut&& put);
  void Forget(Entry* entry);
  // Puts replayed entries in order of age, and forgets the oldest.
  void SortReplayed();

  const std::size_t max_puts_;
  std::unordered_map<const PutName*, std::unique_ptr<Entry>, Hash, Same> by_name_;
  IntrusiveList<Entry, &Entry::by_age> durable_;   // or nowhere; oldest first
  IntrusiveList<Entry, &Entry::by_age> not_yet_;   // oldest home first, with few exceptions
  IntrusiveList<Entry, &Entry::by_home> by_home_;  // oldest home first
  std::size_t log_bytes_ = 0;
};

}  // namespace sluice::queue
