// Which leases of the session a client has been given and has not settled as far as it knows: what it tells a server
// that was restarted.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/item.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::detail {

// Those of one queue. They come in about the order of their numbers and go in about the same, so that both cost next to
// nothing; any other order works, too.
//
// Thread safety: none.
class HeldFences {
 public:
  // No effect when it is there.
  void Add(Fence fence);
  // No effect when it is not there.
  void Remove(Fence fence);
  bool empty() const { return size() == 0; }
  std::size_t size() const { return entries_.size() - gone_; }
  // In order.
  template <typename Function>
  void ForEach(Function function) const {
    for (const Entry& entry : entries_) {
      if (entry.held) function(entry.fence);
    }
  }

 private:
  struct Entry {
    Fence fence;
    bool held;
  };
  std::deque<Entry>::iterator Find(Fence fence);

  std::deque<Entry> entries_;  // by fence; the first one is held
  std::size_t gone_ = 0;       // of them
};

// Thread safety: none.
class HeldLeases {
 public:
  void Add(std::string_view space, std::string_view queue, const std::vector<Delivery>& deliveries);
  void Remove(std::string_view space, std::string_view queue, const std::vector<Fence>& fences);
  void Clear();
  v1::Holding Name() const;

 private:
  using Key = std::pair<std::string_view, std::string_view>;  // namespace, queue
  struct Less {
    using is_transparent = void;
    bool operator()(const Key& a, const Key& b) const { return a < b; }
  };
  using Queues = std::map<std::pair<std::string, std::string>, HeldFences, Less>;

  Queues::iterator Find(const Key& key);

  Queues queues_;
  Queues::iterator last_ = queues_.end();  // the one that was found last
};

}  // namespace sluice::detail
