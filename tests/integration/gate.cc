#include "tests/integration/gate.h"

#include <array>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

namespace sluice::test {

using asio::ip::tcp;

// Small, so that a frozen gate soon stops the server's writes: the kernel must not swallow whole answers.
constexpr int kReceiveBytes = 16 << 10;

struct Gate::Direction {
  std::shared_ptr<tcp::socket> from;
  std::shared_ptr<tcp::socket> to;
  bool to_client;
  std::array<char, 16 << 10> buffer;
};

Gate::Gate(const std::string& target) : acceptor_(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
  const std::size_t colon = target.rfind(':');
  target_ = {asio::ip::make_address(target.substr(0, colon)),
             static_cast<unsigned short>(std::stoi(target.substr(colon + 1)))};
  Accept();
  thread_ = std::thread([this] { io_.run(); });
}

Gate::~Gate() {
  Cut();
  io_.stop();
  thread_.join();
}

std::string Gate::address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

void Gate::Cut() {
  asio::post(io_, [this] {
    std::error_code ignored;
    acceptor_.cancel(ignored);
    for (const auto& each : sockets_) {
      if (const auto socket = each.lock()) socket->close(ignored);
    }
  });
}

void Gate::Accept() {
  acceptor_.async_accept([this](const std::error_code& error, tcp::socket accepted) {
    if (error) return;
    auto client = std::make_shared<tcp::socket>(std::move(accepted));
    auto server = std::make_shared<tcp::socket>(io_);
    server->open(target_.protocol());
    server->set_option(tcp::socket::receive_buffer_size(kReceiveBytes));
    std::error_code refused;
    server->connect(target_, refused);
    if (!refused) {
      sockets_.insert(sockets_.end(), {client, server});
      Pump(std::make_shared<Direction>(Direction{client, server, false, {}}));
      Pump(std::make_shared<Direction>(Direction{server, client, true, {}}));
    }
    Accept();
  });
}

void Gate::Pump(const std::shared_ptr<Direction>& direction) {
  direction->from->async_read_some(asio::buffer(direction->buffer),
                                   [this, direction](const std::error_code& error, std::size_t size) {
                                     std::error_code ignored;
                                     if (error) {
                                       direction->to->close(ignored);
                                       return;
                                     }
                                     if (direction->to_client && frozen_)
                                       return;  // reads no more: the server's writes get stuck
                                     asio::async_write(*direction->to, asio::buffer(direction->buffer, size),
                                                       [this, direction](const std::error_code& broken, std::size_t) {
                                                         if (!broken) Pump(direction);
                                                       });
                                   });
}

}  // namespace sluice::test
