#include "client/cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace sluice::cli {
namespace {

constexpr std::size_t kBufferBytes = 64u << 10;

bool WantsColours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

// False: errno says why.
bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Output::Output() : terminal_(::isatty(STDOUT_FILENO) == 1), colours_(terminal_ && WantsColours()) {}

std::string Output::Bold(std::string_view text) const {
  return colours_ ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

void Output::Write(std::string_view text) {
  const MutexLock lock(mutex_);
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) FlushLocked();
}

void Output::WriteLine(std::string_view line) {
  const MutexLock lock(mutex_);
  buffer_ += line;
  buffer_ += '\n';
  if (buffer_.size() >= kBufferBytes) FlushLocked();
}

void Output::Flush() {
  const MutexLock lock(mutex_);
  FlushLocked();
}

void Output::FlushLocked() {
  const std::string text = std::move(buffer_);
  buffer_.clear();
  if (WriteAll(STDOUT_FILENO, text)) return;
  if (errno == EPIPE) throw OutputClosed();
  throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

void SayOnStderr(std::string_view line) {
  // Nobody to tell when that fails too.
  [[maybe_unused]] const bool written = WriteAll(STDERR_FILENO, std::string(line) + "\n");
}

}  // namespace sluice::cli
