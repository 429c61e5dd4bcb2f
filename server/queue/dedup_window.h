// The puts of a namespace that are remembered, so that one that comes again is answered and not carried out again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>

#include <sluice/clock.h>

#include "common/ids.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

struct RememberedPut {
  PutName name;
  ItemId first;
  std::uint32_t count = 0;
  TimePoint time;
  std::uint64_t home = 0;  // position of the batch that tells of it; 0: it is not in the journal
};

// The newest limits::kPutWindow ones, for limits::kPutWindowTime. Thread safety: none.
class DedupWindow {
 public:
  // Null: it is not known. Borrows: until the next call.
  const RememberedPut* Find(const PutName& name) const;
  // No effect when the put has no name.
  void Remember(RememberedPut&& put, TimePoint now);
  void ForgetOld(TimePoint now);
  // The one that was remembered, or moved to another home, the longest ago. Null: none.
  const RememberedPut* Oldest() const { return puts_.empty() ? nullptr : &puts_.front(); }
  // Requires: there is one.
  void MoveOldest(std::uint64_t home);
  std::size_t size() const { return puts_.size(); }
  // Of the oldest that is in the journal; 0: none.
  std::uint64_t OldestHome() const;

 private:
  struct Hash {
    std::size_t operator()(const PutName* name) const {
      return std::hash<std::string>()(name->producer) ^ ((name->sequence + (name->queue << 48)) * 0x9e3779b97f4a7c15u);
    }
  };
  struct Same {
    bool operator()(const PutName* a, const PutName* b) const { return *a == *b; }
  };

  std::list<RememberedPut> puts_;
  std::unordered_map<const PutName*, std::list<RememberedPut>::iterator, Hash, Same> by_name_;  // into puts_
};

}  // namespace sluice::queue
