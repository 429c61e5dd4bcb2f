// A doubly linked list through members of its elements: linking allocates nothing, unlinking needs no search.
#pragma once

#include <cassert>
#include <cstddef>

namespace sluice::queue {

template <typename T>
struct Links {
  T* prev = nullptr;
  T* next = nullptr;
  bool linked = false;
};

// Borrows: its elements, until each is erased. Thread safety: none.
template <typename T, Links<T> T::*kLinks>
class IntrusiveList {
 public:
  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return front_ == nullptr; }
  std::size_t size() const { return size_; }
  T* front() const { return front_; }
  static T* Next(const T* element) { return (element->*kLinks).next; }

  void PushBack(T* element) {
    Links<T>& links = element->*kLinks;
    assert(!links.linked);
    links = {back_, nullptr, true};
    (back_ != nullptr ? (back_->*kLinks).next : front_) = element;
    back_ = element;
    ++size_;
  }

  // No effect when the element is in no list.
  void Erase(T* element) {
    Links<T>& links = element->*kLinks;
    if (!links.linked) return;
    (links.prev != nullptr ? (links.prev->*kLinks).next : front_) = links.next;
    (links.next != nullptr ? (links.next->*kLinks).prev : back_) = links.prev;
    links = {};
    --size_;
  }

 private:
  T* front_ = nullptr;
  T* back_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sluice::queue
