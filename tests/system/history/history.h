// What the clients of a server saw, in the order they saw it, for tests/support/history_checker.py, which says what the
// lines mean.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::history {

// A file with a line for each event. A line is the file's when Write returns, so the order of the lines is that of the
// events: what is begun is written before the call, how it ended after it.
//
// Thread safety: all methods may be called from any thread.
class History {
 public:
  // Appends: another process may add lines of its own. Throws std::system_error.
  explicit History(const std::string& path);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  std::uint64_t NextOperation() { return ++operations_; }
  std::uint64_t NextItem() { return ++items_; }

  // Words are texts, numbers, or vectors of them. Throws std::system_error.
  template <typename... Words>
  void Write(const Words&... words) {
    std::ostringstream line;
    line << std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
                .count();
    (Add(line, words), ...);
    line << '\n';
    Append(line.str());
  }

 private:
  template <typename Word>
  static void Add(std::ostringstream& line, const Word& word) {
    line << ' ' << word;
  }
  template <typename Word>
  static void Add(std::ostringstream& line, const std::vector<Word>& words) {
    for (const Word& word : words) Add(line, word);
  }
  void Append(const std::string& line);

  int file_ = -1;
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> items_{0};
};

}  // namespace sluice::history
