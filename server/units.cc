#include "server/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace sluice::server {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// From large to small.
constexpr std::array kSizes = {Unit{"GiB", 1u << 30}, Unit{"MiB", 1u << 20}, Unit{"KiB", 1u << 10}, Unit{"", 1}};
constexpr std::array kDurations = {Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};

constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();

std::optional<std::uint64_t> Parse(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (suffix == unit.suffix) {
      return number <= kMax / unit.factor ? std::optional(number * unit.factor) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string Format(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && value >= unit.factor) {
      return std::to_string(value / unit.factor) + std::string(unit.suffix);
    }
  }
  return "0" + std::string(units.back().suffix);
}

}  // namespace

std::optional<std::uint64_t> ParseSize(std::string_view text) { return Parse(text, kSizes); }

std::string FormatSize(std::uint64_t bytes) { return Format(bytes, kSizes); }

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto milliseconds = Parse(text, kDurations);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*milliseconds));
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return Format(static_cast<std::uint64_t>(duration.count()), kDurations);
}

}  // namespace sluice::server
