// What is behind a Task<T>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <sluice/task.h>

#include "client/cpp/src/link.h"
#include "common/block_pool.h"
#include "common/item.h"

namespace sluice::detail {

// Where leases come from: one for all that a get returned.
struct Lease::Origin {
  std::shared_ptr<Link> link;
  std::string space;
  std::string queue;
  Epoch epoch = 0;
};

// Thread safety: none.
struct Lease::State {
  std::shared_ptr<const Origin> from;
  Delivery delivery;
  Decision decision = Decision::kNone;
  std::optional<std::stop_source> stop = {};  // made when somebody asks for the token
  std::uint64_t watch = 0;

  // They come and go by the batch.
  static void* operator new(std::size_t bytes) { return BlockPool::New(bytes); }
  static void operator delete(void* state, std::size_t bytes) noexcept { BlockPool::Delete(state, bytes); }

  bool Held() const noexcept { return decision == Decision::kNone && from->epoch == from->link->leases().epoch(); }
};

}  // namespace sluice::detail
