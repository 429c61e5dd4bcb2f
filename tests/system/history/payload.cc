#include "tests/system/history/payload.h"

#include <charconv>

namespace sluice::history {

std::string PayloadOf(std::uint64_t item, std::size_t filling_bytes) {
  std::string payload = std::to_string(item) + " ";
  const std::size_t head = payload.size();
  payload.resize(head + filling_bytes);
  for (std::size_t i = 0; i < filling_bytes; ++i) payload[head + i] = static_cast<char>('a' + (item * 31 + i * 7) % 26);
  return payload;
}

std::optional<std::uint64_t> ItemOf(std::string_view payload) {
  std::uint64_t item = 0;
  const char* const end = payload.data() + payload.size();
  const auto [rest, error] = std::from_chars(payload.data(), end, item);
  if (error != std::errc() || rest == end) return std::nullopt;
  const auto filling_bytes = static_cast<std::size_t>(end - rest) - 1;
  if (PayloadOf(item, filling_bytes) != payload) return std::nullopt;
  return item;
}

}  // namespace sluice::history
