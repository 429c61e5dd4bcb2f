#include "client/cli/units.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace sluice::cli {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kDurationUnits{Unit{"ms", 1}, Unit{"s", 1e3}, Unit{"m", 60e3}, Unit{"h", 3600e3},
                                    Unit{"d", 86400e3}};
constexpr std::array kSizeUnits{Unit{"", 1},          Unit{"B", 1},    Unit{"KiB", 1024.0}, Unit{"MiB", 1048576},
                                Unit{"GiB", 1 << 30}, Unit{"kB", 1e3}, Unit{"MB", 1e6},     Unit{"GB", 1e9}};
constexpr double kLongestMs = 365.0 * 86400e3;  // the server's limit of a timeout
constexpr double kLargestBytes = 1e15;          // exact as a double, and beyond any server

// number x factor of the unit; nullopt for an unknown unit, a sign, a fraction of the smallest unit, or too much.
template <std::size_t kUnits>
std::optional<std::int64_t> Parse(std::string_view text, const std::array<Unit, kUnits>& units, double largest) {
  if (text.empty() || !std::isdigit(static_cast<unsigned char>(text.front()))) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const double value = number * unit.factor;
    if (value > largest || (value > 0 && value < 1)) return std::nullopt;
    return std::llround(value);
  }
  return std::nullopt;
}

template <typename... Args>
std::string Print(const char* format, Args... args) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  const auto value = Parse(text, kDurationUnits, kLongestMs);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

std::optional<std::int64_t> ParseSize(std::string_view text) { return Parse(text, kSizeUnits, kLargestBytes); }

std::string FormatDuration(std::chrono::milliseconds duration) {
  const long long ms = duration.count();
  if (ms < 1000) return Print("%lldms", ms);
  if (ms < 60'000) return Print(ms % 1000 == 0 ? "%.0fs" : "%.1fs", static_cast<double>(ms) / 1e3);
  const long long seconds = ms / 1000;
  if (seconds < 3600)
    return seconds % 60 == 0 ? Print("%lldm", seconds / 60) : Print("%lldm %llds", seconds / 60, seconds % 60);
  const long long minutes = seconds / 60;
  if (minutes < 48 * 60)
    return minutes % 60 == 0 ? Print("%lldh", minutes / 60) : Print("%lldh %lldm", minutes / 60, minutes % 60);
  return Print("%lldd %lldh", minutes / 1440, minutes % 1440 / 60);
}

std::string FormatBytes(std::uint64_t bytes) {
  if (bytes < 1024) return Print("%llu B", static_cast<unsigned long long>(bytes));
  constexpr std::array kNames{"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t name = 0;
  for (; value >= 1024 && name + 1 < kNames.size(); ++name) value /= 1024;
  return Print("%.1f %s", value, kNames[name]);
}

std::string FormatCount(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string FormatTime(TimePoint time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace sluice::cli
