// What is behind a Task<T>.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <sluice/task.h>

#include "client/cpp/src/link.h"
#include "common/item.h"

namespace sluice::detail {

// Thread safety: none.
struct Lease::State {
  std::shared_ptr<Link> link;
  std::string space;
  std::string queue;
  Delivery delivery;
  Epoch epoch = 0;
  Decision decision = Decision::kNone;
  std::optional<std::stop_source> stop = {};  // made when somebody asks for the token
  std::uint64_t watch = 0;

  bool Held() const noexcept { return decision == Decision::kNone && epoch == link->leases().epoch(); }
};

}  // namespace sluice::detail
