#include "client/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "client/cli/units.h"

namespace sluice::cli {
namespace {

constexpr auto kBeforeFirst = std::chrono::milliseconds(300);  // what is done sooner needs no bar
constexpr auto kBetween = std::chrono::milliseconds(100);
constexpr std::size_t kBarWidth = 24;

bool CanDraw() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

std::size_t TerminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void WriteToTerminal(const std::string& text) {
  // A bar that cannot be drawn is no reason to stop.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::string Bar(double share) {
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  std::string bar = "[" + std::string(filled, '=');
  if (filled < kBarWidth) bar += ">" + std::string(kBarWidth - filled - 1, ' ');
  return bar + "] " + std::to_string(static_cast<int>(share * 100)) + "%";
}

}  // namespace

Progress::Progress(std::string label, std::optional<std::uint64_t> total, bool enabled)
    : label_(std::move(label)),
      total_(total),
      enabled_(enabled && CanDraw()),
      start_(std::chrono::steady_clock::now()),
      next_draw_(start_ + kBeforeFirst) {}

Progress::~Progress() {
  const MutexLock lock(mutex_);
  if (drawn_) WriteToTerminal("\r\x1b[K");
}

void Progress::Add(std::uint64_t items, std::optional<double> share) {
  if (!enabled_) return;
  const MutexLock lock(mutex_);
  items_ += items;
  if (share) share_ = *share;
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_draw_) Draw(now);
}

void Progress::Draw(SteadyTime now) {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::optional<double> share = share_;
  if (total_ && *total_ > 0) share = static_cast<double>(items_) / static_cast<double>(*total_);
  std::string line = "  ";
  if (share) line += Bar(std::clamp(*share, 0.0, 1.0)) + "  ";
  line += FormatCount(items_) + (total_ ? "/" + FormatCount(*total_) : "") + " items  " +
          FormatCount(static_cast<std::uint64_t>(static_cast<double>(items_) / seconds)) + "/s";
  if (share && *share > 0 && *share < 1) {
    const double left_ms = seconds * 1000 * (1 - *share) / *share;
    line += "  ETA " + FormatDuration(std::chrono::milliseconds(static_cast<std::int64_t>(std::min(left_ms, 1e12))));
  }
  // Where it is narrow the name gives way first.
  const std::size_t width = TerminalWidth() - 1;
  line = label_.substr(0, width - std::min(width, line.size())) + line;
  WriteToTerminal("\r" + line.substr(0, width) + "\x1b[K");
  drawn_ = true;
  next_draw_ = now + kBetween;
}

}  // namespace sluice::cli
