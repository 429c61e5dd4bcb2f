#include "client/cli/item_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <sluice/error.h>

namespace sluice::cli {
namespace {

// What a server takes (kItemBytes in PROTOCOL.md): input without line ends is refused before it fills our memory.
constexpr std::size_t kLongestItemBytes = 4u << 20;
constexpr std::size_t kReadBytes = 64u << 10;

[[noreturn]] void ThrowErrno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// An input that is read in pieces. Owns: the descriptor, unless it is standard input.
class Input {
 public:
  explicit Input(const std::string& path) : name_(path == "-" ? "standard input" : path) {
    if (path == "-") return;
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) ThrowErrno("cannot open " + name_);
  }
  ~Input() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Appends what one read gives. False at the end.
  bool ReadInto(std::string* buffer) {
    std::array<char, kReadBytes> piece;
    ssize_t size = 0;
    do size = ::read(fd_, piece.data(), piece.size());
    while (size < 0 && errno == EINTR);
    if (size < 0) ThrowErrno("cannot read " + name_);
    buffer->append(piece.data(), static_cast<std::size_t>(size));
    bytes_read_ += static_cast<std::uint64_t>(size);
    return size > 0;
  }

  bool Readable() const {
    pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) != 0;
  }

  std::optional<double> Share() const {
    struct stat info {};
    if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) return std::nullopt;
    return static_cast<double>(bytes_read_) / static_cast<double>(info.st_size);
  }

  [[noreturn]] void ThrowTooLarge() const {
    throw TooLarge("an item of " + name_ + " is longer than " + std::to_string(kLongestItemBytes) +
                   " bytes, the most that an item may have: store it elsewhere and put its name");
  }

 private:
  std::string name_;
  int fd_ = STDIN_FILENO;
  std::uint64_t bytes_read_ = 0;
};

class Arguments final : public ItemSource {
 public:
  explicit Arguments(std::vector<std::string> items) : items_(std::move(items)) {}
  std::optional<std::string> Next() override {
    if (next_ == items_.size()) return std::nullopt;
    return std::move(items_[next_++]);
  }
  bool Ready() override { return true; }
  std::optional<std::uint64_t> Total() const override { return items_.size(); }

 private:
  std::vector<std::string> items_;
  std::size_t next_ = 0;
};

class Lines final : public ItemSource {
 public:
  explicit Lines(const std::string& path) : input_(path) {}

  std::optional<std::string> Next() override {
    std::size_t end = 0;
    while ((end = buffer_.find('\n', searched_)) == std::string::npos) {
      if (buffer_.size() - begin_ > kLongestItemBytes) input_.ThrowTooLarge();
      buffer_.erase(0, begin_);
      begin_ = 0;
      searched_ = buffer_.size();
      if (input_.ReadInto(&buffer_)) continue;
      if (buffer_.empty()) return std::nullopt;
      buffer_ += '\n';  // the last line had no end
    }
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = searched_ = end + 1;
    return line;
  }
  bool Ready() override { return buffer_.find('\n', searched_) != std::string::npos || input_.Readable(); }
  std::optional<double> Share() const override { return input_.Share(); }

 private:
  Input input_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // there is no line end between begin_ and here
};

class Whole final : public ItemSource {
 public:
  explicit Whole(const std::string& path) : input_(path) {}
  std::optional<std::string> Next() override {
    if (taken_) return std::nullopt;
    taken_ = true;
    std::string item;
    while (input_.ReadInto(&item)) {
      if (item.size() > kLongestItemBytes) input_.ThrowTooLarge();
    }
    return item;
  }
  bool Ready() override { return true; }
  std::optional<std::uint64_t> Total() const override { return 1; }

 private:
  Input input_;
  bool taken_ = false;
};

}  // namespace

std::unique_ptr<ItemSource> FromArguments(std::vector<std::string> items) {
  return std::make_unique<Arguments>(std::move(items));
}
std::unique_ptr<ItemSource> FromLines(const std::string& path) { return std::make_unique<Lines>(path); }
std::unique_ptr<ItemSource> FromWhole(const std::string& path) { return std::make_unique<Whole>(path); }

}  // namespace sluice::cli
