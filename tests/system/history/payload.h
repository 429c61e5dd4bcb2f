// Payloads that say which item they are, and show it when a byte of them is another item's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::history {

std::string PayloadOf(std::uint64_t item, std::size_t filling_bytes);
// Nothing when it is not, byte for byte, the payload of an item.
std::optional<std::uint64_t> ItemOf(std::string_view payload);

}  // namespace sluice::history
