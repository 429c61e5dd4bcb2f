#include "tests/bench/load/stream_socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace sluice::load {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

[[noreturn]] void Gone() { throw std::runtime_error("the server closed the connection"); }

}  // namespace

StreamSocket::StreamSocket(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect to " + address);
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

StreamSocket::~StreamSocket() { ::close(socket_); }

void StreamSocket::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) Gone();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string_view StreamSocket::ReadLine() {
  for (std::size_t searched = 0;;) {
    const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
    const std::size_t found = unread.find("\r\n", searched);
    if (found != std::string_view::npos) {
      begin_ += found + 2;
      return unread.substr(0, found);
    }
    searched = unread.empty() ? 0 : unread.size() - 1;
    Fill();
  }
}

std::string_view StreamSocket::Read(std::size_t bytes) {
  while (end_ - begin_ < bytes) Fill();
  const std::string_view read(buffer_.data() + begin_, bytes);
  begin_ += bytes;
  return read;
}

bool StreamSocket::Readable(int timeout_ms) const {
  pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
  return end_ > begin_ || ::poll(&poll, 1, timeout_ms) > 0;
}

void StreamSocket::Fill() {
  if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  // A connection that only ever sees small replies stays small: there may be ten thousand of them.
  if (end_ == buffer_.size()) buffer_.resize(std::max(std::min(2 * end_, end_ + kBufferBytes), std::size_t{4096}));
  const ssize_t read = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
  if (read <= 0) Gone();
  end_ += static_cast<std::size_t>(read);
}

}  // namespace sluice::load
