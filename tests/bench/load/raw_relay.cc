#include "tests/bench/load/raw_relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace sluice::load {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

// A window is far smaller than what a socket takes, and only one is on its way: waiting here is the exception.
void WriteAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return;  // its end is seen by epoll
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

class Relay {
 public:
  Relay() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    socklen_t bytes = sizeof address;
    if (::bind(listener_, name, bytes) != 0 || ::listen(listener_, SOMAXCONN) != 0 ||
        ::getsockname(listener_, name, &bytes) != 0) {
      throw std::runtime_error("the relay cannot listen");
    }
    Watch(listener_);
    std::cout << ntohs(address.sin_port) << std::endl;
  }

  [[noreturn]] void Run() {
    for (;;) {
      epoll_event events[64];
      const int count = ::epoll_wait(epoll_, events, 64, -1);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == listener_) {
          Accept();
        } else {
          Carry(events[i].data.fd);
        }
      }
    }
  }

 private:
  void Watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  // A connection is read from when it has its other end.
  void Accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    char side = 0;
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::recv(socket, &side, 1, 0) != 1) {
      ::close(socket);
      return;
    }
    std::deque<int>& others = side == kProducerSide ? consumers_ : producers_;
    if (others.empty()) {
      (side == kProducerSide ? producers_ : consumers_).push_back(socket);
      return;
    }
    const int other = others.front();
    others.pop_front();
    peers_[socket] = other;
    peers_[other] = socket;
    Watch(socket);
    Watch(other);
  }

  void Carry(int socket) {
    const auto peer = peers_.find(socket);
    if (peer == peers_.end()) return;
    const ssize_t read = ::recv(socket, buffer_.data(), buffer_.size(), 0);
    if (read > 0) {
      WriteAll(peer->second, {buffer_.data(), static_cast<std::size_t>(read)});
      return;
    }
    ::close(socket);
    // The other end leaves by itself; what it says until then is for a number that may be used again.
    if (const auto back = peers_.find(peer->second); back != peers_.end()) back->second = -1;
    peers_.erase(peer);
  }

  const int listener_;
  const int epoll_;
  std::deque<int> producers_;  // without a consumer yet
  std::deque<int> consumers_;
  std::map<int, int> peers_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
};

}  // namespace

void RunRelay() { Relay().Run(); }

}  // namespace sluice::load
