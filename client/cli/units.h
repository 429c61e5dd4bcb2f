// Numbers with units, as people type and read them: durations (500ms, 2s), sizes (64KiB), counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/clock.h>

namespace sluice::cli {

inline constexpr std::string_view kDurationHint =
    "give a number and a unit: 500ms, 2s, 1m, 1h, 1d, at most 365d; or 0 for no time at all";
inline constexpr std::string_view kSizeHint =
    "give a number of bytes, or one with a unit: 100B, 64KiB, 1MiB, 1GiB, 1kB, 1MB";

// Nullopt when the text is no such thing, or out of range. Nothing is rounded up: less than 1 ms is refused.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::optional<std::int64_t> ParseSize(std::string_view text);

std::string FormatDuration(std::chrono::milliseconds duration);  // "350ms", "2.5s", "3m 20s", "2h 5m"
std::string FormatBytes(std::uint64_t bytes);                    // "17 B", "1.5 MiB"
std::string FormatCount(std::uint64_t count);                    // "1,234,567"
std::string FormatTime(TimePoint time);                          // "2024-05-01T12:00:00Z"

}  // namespace sluice::cli
