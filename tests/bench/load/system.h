// A queueing system as the load sees it. Each has a file of its own, which uses the best idiom the system offers.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::load {

struct Place {
  std::string address;  // HOST:PORT
  std::string queue;
  std::size_t batch = 1;  // the most items of one Put or Get
  std::size_t item_bytes = 100;
  std::string durability = "memory";  // of the queue, where it can be chosen for each: memory, async, fsync
  bool one_connection = true;         // for all threads of this process, where the system's client can share one
};

// One thread's way in and out. Everything throws std::exception when the system fails or refuses.
//
// Thread safety: one thread at a time; distinct objects are independent.
class Driver {
 public:
  virtual ~Driver() = default;
  // Blocks: until the system has taken all items.
  virtual void Put(const std::vector<std::string>& items) = 0;
  // Blocks: until there is an item, at most about `wait`. Returns 1..most items that are not settled yet, none at the
  // timeout. Borrows: the items live until the next call.
  virtual const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) = 0;
  // Settles everything that the last Get returned. Blocks: until the system has said so, where it says anything.
  virtual void Done() = 0;
};

// Thread safety: Connect may be called from any thread.
class System {
 public:
  virtual ~System() = default;
  virtual void Create() = 0;  // the empty queue
  virtual void Remove() = 0;
  virtual std::unique_ptr<Driver> ConnectProducer() = 0;
  virtual std::unique_ptr<Driver> ConnectConsumer() = 0;
  // Puts and gets on one connection where that is possible.
  virtual std::unique_ptr<Driver> ConnectBoth() = 0;
};

// The systems that this program was built with.
std::vector<std::string> SystemNames();
// Throws std::invalid_argument for any other name.
std::unique_ptr<System> MakeSystem(const std::string& name, const Place& place);

std::unique_ptr<System> MakeSluice(const Place& place);
std::unique_ptr<System> MakeSluicePrefetch(const Place& place);
std::unique_ptr<System> MakeSluiceUnary(const Place& place);
std::unique_ptr<System> MakeBeanstalkd(const Place& place);
std::unique_ptr<System> MakeRaw(const Place& place);
std::unique_ptr<System> MakeRedis(const Place& place);     // with SLUICE_LOAD_REDIS
std::unique_ptr<System> MakeRabbitmq(const Place& place);  // with SLUICE_LOAD_RABBITMQ
std::unique_ptr<System> MakeRabbitmqNowait(const Place& place);
std::unique_ptr<System> MakeNats(const Place& place);  // with SLUICE_LOAD_NATS

}  // namespace sluice::load
