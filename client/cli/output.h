// Standard output: buffered, told when nobody reads it any more, with colours only where they belong.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <sluice/mutex.h>

namespace sluice::cli {

// The reader of our output is gone (`sluice list | head -1`): no error, nothing to say, just the end.
class OutputClosed : public std::exception {
 public:
  const char* what() const noexcept override { return "standard output is closed"; }
};

// Thread safety: all methods may be called from any thread; one Write is never torn by another.
class Output {
 public:
  Output();

  bool terminal() const { return terminal_; }
  // `text` as it is, or in bold on a terminal whose user did not set NO_COLOR.
  std::string Bold(std::string_view text) const;

  // Throws OutputClosed; std::system_error when it cannot be written for another reason (a full disk).
  void Write(std::string_view text) SLUICE_EXCLUDES(mutex_);
  void WriteLine(std::string_view line) SLUICE_EXCLUDES(mutex_);
  void Flush() SLUICE_EXCLUDES(mutex_);

 private:
  void FlushLocked() SLUICE_REQUIRES(mutex_);

  const bool terminal_;
  const bool colours_;
  Mutex mutex_;
  std::string buffer_ SLUICE_GUARDED_BY(mutex_);
};

// One line to standard error, whole, whatever other threads say meanwhile.
void SayOnStderr(std::string_view line);

}  // namespace sluice::cli
