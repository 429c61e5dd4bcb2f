// Memory for small objects that come and go by the hundred, such as contents of items and leases.
#pragma once

#include <cstddef>

namespace sluice {

// As ::operator new and ::operator delete, for a fraction of their price: a block that is given back is kept for the
// next of about its size. Each thread keeps some, at most two handfuls of a size; more goes to a common store, for what
// one thread makes another one ends. The store keeps at most kStoreBytes, the rest is freed. A block belongs to one
// object alone: one that stays for long keeps nothing but itself.
//
// In the child of a fork it goes on working. Under a sanitizer nothing is kept, so that it sees all there is to see.
// Thread safety: all methods may be called from any thread.
class BlockPool {
 public:
  // Larger ones are never kept.
  static constexpr std::size_t kMaxBlockBytes = 2'048;
  static constexpr std::size_t kStoreBytes = std::size_t{4} << 20;

  // Throws std::bad_alloc.
  static void* New(std::size_t bytes);
  // Requires: `block` came from New(bytes).
  static void Delete(void* block, std::size_t bytes) noexcept;
};

}  // namespace sluice
