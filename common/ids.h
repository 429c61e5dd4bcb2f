// Numbers that name things, as distinct types: an item's id never passes for a fence.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace sluice {

template <typename Tag>
struct Id {
  std::uint64_t value = 0;  // 0 = none

  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

using ItemId = Id<struct ItemIdTag>;            // rises within a namespace, never reused
using Fence = Id<struct FenceTag>;              // names a lease; rises with each delivery in a namespace
using SessionId = Id<struct SessionIdTag>;      // of the broker; none = a plain unary call
using OperationId = Id<struct OperationIdTag>;  // of the broker: one call that may wait

}  // namespace sluice

template <typename Tag>
struct std::hash<sluice::Id<Tag>> {
  std::size_t operator()(sluice::Id<Tag> id) const noexcept { return std::hash<std::uint64_t>()(id.value); }
};
