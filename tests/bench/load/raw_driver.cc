// The floor: the same bytes over TCP, without a queue. A producer's windows go to one consumer through a relay, and
// the consumer's acknowledgement of each window comes back to the producer.
#include <atomic>
#include <stdexcept>

#include "tests/bench/load/raw_relay.h"
#include "tests/bench/load/stream_socket.h"
#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

class RawDriver : public Driver {
 public:
  RawDriver(const Place& place, char side) : socket_(place.address) { socket_.Write({&side, 1}); }

  void Put(const std::vector<std::string>& items) override {
    window_.clear();
    AppendFrame(items.size(), items.front().size());
    for (const std::string& item : items) window_.append(item);
    socket_.Write(window_);
    socket_.Read(1);
  }

  const std::vector<std::string_view>& Get(std::size_t, std::chrono::milliseconds wait) override {
    items_.clear();
    if (!socket_.Readable(static_cast<int>(wait.count()))) return items_;
    const WindowHeader header = ReadHeader();
    const std::string_view bytes = socket_.Read(header.items * header.item_bytes);
    for (std::size_t i = 0; i < header.items; ++i) {
      items_.push_back(bytes.substr(i * header.item_bytes, header.item_bytes));
    }
    return items_;
  }

  void Done() override { socket_.Write("."); }

 private:
  struct WindowHeader {
    std::uint32_t items = 0;
    std::uint32_t item_bytes = 0;
  };

  void AppendFrame(std::size_t items, std::size_t item_bytes) {
    const WindowHeader header{static_cast<std::uint32_t>(items), static_cast<std::uint32_t>(item_bytes)};
    window_.append(reinterpret_cast<const char*>(&header), sizeof header);
  }
  WindowHeader ReadHeader() {
    WindowHeader header;
    const std::string_view bytes = socket_.Read(sizeof header);
    bytes.copy(reinterpret_cast<char*>(&header), sizeof header);
    return header;
  }

  StreamSocket socket_;
  std::string window_;
  std::vector<std::string_view> items_;
};

class RawSystem : public System {
 public:
  explicit RawSystem(const Place& place) : place_(place) {}
  void Create() override {}  // the relay joins a producer to a consumer as they come
  void Remove() override {}
  std::unique_ptr<Driver> ConnectProducer() override { return std::make_unique<RawDriver>(place_, kProducerSide); }
  std::unique_ptr<Driver> ConnectConsumer() override { return std::make_unique<RawDriver>(place_, kConsumerSide); }
  std::unique_ptr<Driver> ConnectBoth() override {
    throw std::logic_error("a stream has two ends: it is no queue for one thread");
  }

 private:
  const Place place_;
};

}  // namespace

std::unique_ptr<System> MakeRaw(const Place& place) { return std::make_unique<RawSystem>(place); }

}  // namespace sluice::load
