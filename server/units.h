// Sizes and durations as people write them: "512MiB", "5s".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::server {

// A whole number, alone (bytes) or followed by KiB, MiB or GiB. Nullopt: not such a text, or too large.
std::optional<std::uint64_t> ParseSize(std::string_view text);
std::string FormatSize(std::uint64_t bytes);

// A whole number followed by ms, s or m. Nullopt: not such a text, or too large.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace sluice::server
