// What clients were told in a whole run, and whether it can all be true: the promises of PROTOCOL.md, Durability, from
// the outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sluice/types.h>

#include "common/answer.h"
#include "common/ids.h"
#include "common/item.h"

namespace sluice::sim {

struct SimQueue {
  std::string space;
  std::string name;
  QueueSettings settings;

  std::string full_name() const { return space + "/" + name; }
};

// Items are known by their texts, of which each is put once. A `life` is the server's in which something was said.
// Thread safety: none.
class Ledger {
 public:
  // ---- the server ----
  // A life ends. `loses`: below which level its promises end with it.
  void LifeEnds(std::uint64_t life, Durability loses);
  // Nothing disturbs this run, so that order is seen from the outside.
  void set_calm() { calm_ = true; }

  // ---- producers ----
  void PutBegins(const SimQueue& queue, const std::vector<std::string>& texts);
  void PutEnds(const SimQueue& queue, const std::vector<std::string>& texts, const Answer& answer, std::uint64_t life);

  // ---- consumers ----
  void Got(const SimQueue& queue, const GetResult& result, bool auto_ack, std::uint64_t life);
  void DoneBegins(const SimQueue& queue, const std::string& text);
  void DoneEnds(const SimQueue& queue, const std::string& text, Fence fence, std::uint64_t life);

  // ---- joiners ----
  // What was finished for sure, and what had to be, when it began.
  struct JoinBegun {
    std::map<std::string, std::uint64_t> done;             // by queue
    std::vector<std::pair<std::string, std::string>> put;  // queue, text
  };
  JoinBegun JoinBegins(const std::vector<SimQueue>& queues) const;
  void JoinEnds(const std::vector<SimQueue>& queues, const JoinBegun& begun, const JoinResult& result);

  // ---- the end ----
  // Everything is drained.
  void Ends(const SimQueue& queue, const QueueStats& stats);
  void Expect(bool holds, const std::string& problem) {
    if (!holds && problem_.empty()) problem_ = problem;
  }
  // The first promise that was broken; empty: none.
  const std::string& problem() const { return problem_; }
  std::size_t items() const { return items_.size(); }
  std::size_t deliveries() const { return deliveries_; }

  static std::string TextOf(const Delivery& delivery);

 private:
  struct Item {
    std::optional<std::uint64_t> acked;  // these are lives
    std::optional<std::uint64_t> refused;
    ItemId id;
    std::uint64_t id_life = 0;
    Fence last_fence;  // the highest that it was delivered with
    std::uint64_t last_life = 0;
    bool got = false;
    bool done_asked = false;
    Fence done_fence;
    std::optional<std::uint64_t> done;  // acknowledged
  };
  struct Fences {
    Fence first, last;
  };

  bool Holds(const SimQueue& queue, std::uint64_t life) const;
  Item& At(const SimQueue& queue, const std::string& text) { return items_[{queue.full_name(), text}]; }
  void CheckId(const SimQueue& queue, const std::string& text, Item& item, ItemId id, std::uint64_t life);
  void CheckFence(const SimQueue& queue, const std::string& text, Fence fence, std::uint64_t life);
  void CheckDone(const SimQueue& queue, const std::string& text, const Item& item);

  std::map<std::pair<std::string, std::string>, Item> items_;           // by queue and text
  std::map<std::string, std::map<std::uint64_t, std::string>> fences_;  // by namespace and number: of what item
  std::map<std::string, std::map<std::uint64_t, Fences>> lives_;        // by namespace and life
  std::map<std::string, std::map<Fence, ItemId>> order_;                // by queue
  std::uint64_t last_power_loss_ = 0;                                   // lives
  std::uint64_t last_end_ = 0;
  std::size_t deliveries_ = 0;
  bool calm_ = false;
  std::string problem_;
};

}  // namespace sluice::sim
