// A table whose keys are numbers that were given out in rising order and are mostly taken out again soon.
//
// A young entry stands in the slot that its number names: no hash, no allocation. When a later one needs that slot, the
// table grows if it is well filled; else the older entry moves to a map beside it. So one entry that stays for hours
// costs what one entry costs, not a slot for every number that was given out since.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::queue {

// Thread safety: none.
template <typename Value>
class NumberTable {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return young_ + old_.size(); }

  // Requires: `number` is not 0 and above every number added before.
  void Add(std::uint64_t number, Value&& value) {
    assert(number != 0);
    if (slots_.empty()) slots_.resize(kLeastSlots);
    while (SlotOf(number).number != 0) MakeRoom(SlotOf(number));
    Slot& slot = SlotOf(number);
    slot.number = number;
    slot.value = std::move(value);
    ++young_;
  }

  // Null when it is not there. Borrows: until the next Add or Take.
  Value* Find(std::uint64_t number) { return const_cast<Value*>(std::as_const(*this).Find(number)); }
  const Value* Find(std::uint64_t number) const {
    if (number == 0) return nullptr;
    if (!slots_.empty() && SlotOf(number).number == number) return &SlotOf(number).value;
    if (old_.empty()) return nullptr;
    const auto found = old_.find(number);
    return found == old_.end() ? nullptr : &found->second;
  }

  // Takes it out. An empty Value when it is not there.
  Value Take(std::uint64_t number) {
    if (number == 0) return {};
    if (!slots_.empty() && SlotOf(number).number == number) {
      SlotOf(number).number = 0;
      Value taken = std::exchange(SlotOf(number).value, {});
      if (--young_ == 0 && slots_.size() > kKeptSlots) std::vector<Slot>().swap(slots_);
      return taken;
    }
    auto node = old_.extract(number);
    return node.empty() ? Value{} : std::move(node.mapped());
  }

  // Calls `visit(number, value)` for each, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.number != 0) visit(slot.number, slot.value);
    }
    for (const auto& [number, value] : old_) visit(number, value);
  }

 private:
  struct Slot {
    std::uint64_t number = 0;  // 0 = free
    Value value{};
  };
  static constexpr std::size_t kLeastSlots = 16;
  static constexpr std::size_t kKeptSlots = 1024;  // a burst must not keep its memory for ever

  Slot& SlotOf(std::uint64_t number) { return slots_[number & (slots_.size() - 1)]; }
  const Slot& SlotOf(std::uint64_t number) const { return slots_[number & (slots_.size() - 1)]; }

  void MakeRoom(Slot& taken) {
    if (young_ >= slots_.size() / 2) return Grow();
    old_.emplace(taken.number, std::move(taken.value));
    taken = {};
    --young_;
  }

  void Grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    for (Slot& slot : before) {  // what had a slot of its own among fewer has one among more
      if (slot.number != 0) SlotOf(slot.number) = std::move(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two, or none yet
  std::size_t young_ = 0;    // in slots
  std::unordered_map<std::uint64_t, Value> old_;
};

}  // namespace sluice::queue
