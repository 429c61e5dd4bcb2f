// Memory for objects of one kind that come and go: some of what was given back is kept for the next.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace sluice::queue {

// What New gives may also be deleted by `delete`. Thread safety: none.
template <typename T, std::size_t kKept>
class Pool {
 public:
  Pool() = default;
  ~Pool() {
    while (free_ != nullptr) ::operator delete(TakeFree());
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::size_t kept() const { return kept_; }

  template <typename... Arguments>
  T* New(Arguments&&... arguments) {
    return new (free_ != nullptr ? TakeFree() : ::operator new(sizeof(T))) T(std::forward<Arguments>(arguments)...);
  }
  void Delete(T* object) {
    object->~T();
    if (kept_ == kKept) return ::operator delete(object);
    free_ = new (object) Free{free_};
    ++kept_;
  }

 private:
  struct Free {
    Free* next;
  };

  void* TakeFree() {
    --kept_;
    return std::exchange(free_, free_->next);
  }

  Free* free_ = nullptr;
  std::size_t kept_ = 0;
};

}  // namespace sluice::queue
