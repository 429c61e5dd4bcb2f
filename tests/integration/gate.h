// Stands between a client and the server, and can hold back or cut what passes: networks do both.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace sluice::test {

// Thread safety: Freeze and Cut may be called from any thread.
class Gate {
 public:
  // Listens on a loopback port of its own; each connection is forwarded to `target` ("127.0.0.1:PORT").
  explicit Gate(const std::string& target);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  std::string address() const;
  // From now on nothing that the server sends reaches a client, and nobody is told.
  void Freeze() { frozen_ = true; }
  // Breaks all connections, on both sides; new ones are refused.
  void Cut();

 private:
  struct Direction;

  void Accept();
  void Pump(const std::shared_ptr<Direction>& direction);

  asio::io_context io_{1};
  asio::ip::tcp::endpoint target_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<asio::ip::tcp::socket>> sockets_;  // by the thread of io_
  std::atomic<bool> frozen_{false};
  std::thread thread_;
};

}  // namespace sluice::test
