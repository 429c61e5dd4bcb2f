// In which order a BlockingQueue gives out its items: Fifo, Lifo, Priority<Compare>.
//
// A policy is any type with a nested `template <typename T> class Items` that has
//   std::size_t Size() const;
//   void Add(std::span<T> batch);   // moves the batch in, its first item first; all or nothing
//   T& Next();                      // the one to give out next; it is moved from. Requires: Size() > 0
//   void RemoveNext();              // does not throw. Requires: Size() > 0
// The queue calls them under its lock. They need not be thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace sluice {

// First in, first out.
struct Fifo {
  template <typename T>
  class Items {
   public:
    std::size_t Size() const { return items_.size(); }
    void Add(std::span<T> batch) {
      if (batch.size() == 1) return items_.push_back(std::move(batch.front()));
      items_.insert(items_.end(), std::move_iterator(batch.begin()), std::move_iterator(batch.end()));
    }
    T& Next() { return items_.front(); }
    void RemoveNext() { items_.pop_front(); }

   private:
    std::deque<T> items_;
  };
};

// Last in, first out.
struct Lifo {
  template <typename T>
  class Items {
   public:
    std::size_t Size() const { return items_.size(); }
    void Add(std::span<T> batch) {
      items_.insert(items_.end(), std::move_iterator(batch.begin()), std::move_iterator(batch.end()));
    }
    T& Next() { return items_.back(); }
    void RemoveNext() { items_.pop_back(); }

   private:
    std::vector<T> items_;
  };
};

// The least item first, by Compare; equal ones in the order of their arrival. Add and RemoveNext are O(log n).
// Requires: Compare is default-constructible, a strict weak order, and does not throw.
template <typename Compare = std::less<>>
struct Priority {
  template <typename T>
  class Items {
   public:
    std::size_t Size() const { return heap_.size(); }
    void Add(std::span<T> batch) {
      const std::size_t size = heap_.size() + batch.size();
      if (size > heap_.capacity()) heap_.reserve(std::max(size, 2 * heap_.capacity()));  // all that can fail, first
      for (T& item : batch) {
        heap_.push_back({std::move(item), arrivals_++});
        std::push_heap(heap_.begin(), heap_.end(), After());
      }
    }
    T& Next() { return heap_.front().item; }
    void RemoveNext() {
      std::pop_heap(heap_.begin(), heap_.end(), After());  // compares the others with each other, never the first
      heap_.pop_back();
    }

   private:
    struct Entry {
      T item;
      std::uint64_t arrival;
    };
    struct After {
      bool operator()(const Entry& a, const Entry& b) const {
        const Compare before{};
        if (before(b.item, a.item)) return true;
        return a.arrival > b.arrival && !before(a.item, b.item);
      }
    };

    std::vector<Entry> heap_;
    std::uint64_t arrivals_ = 0;
  };
};

}  // namespace sluice
