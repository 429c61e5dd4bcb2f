// Sluice through its public SDK.
#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include <sluice/client.h>

#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

using TextQueue = Queue<std::string>;

void PutTo(const TextQueue& queue, const std::vector<std::string>& items) {
  if (items.size() == 1) {
    queue.put(items.front());
  } else {
    queue.put_many(items);
  }
}

// What one thread got last.
class Got {
 public:
  // `from`: a queue, or a consumer of one.
  template <typename From>
  const std::vector<std::string_view>& Get(const From& from, std::size_t most, std::chrono::milliseconds wait) {
    items_.clear();
    tasks_.clear();
    try {
      tasks_ = from.get_many(most, {.timeout = wait});
    } catch (const Empty&) {
      return items_;
    }
    for (const TextQueue::task_type& task : tasks_) items_.push_back(task.payload());
    return items_;
  }
  std::vector<TextQueue::task_type>& tasks() { return tasks_; }

 private:
  std::vector<TextQueue::task_type> tasks_;
  std::vector<std::string_view> items_;
};

class SluiceDriver : public Driver {
 public:
  SluiceDriver(TextQueue queue, std::size_t /*batch*/) : queue_(std::move(queue)) {}

  void Put(const std::vector<std::string>& items) override { PutTo(queue_, items); }
  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    return got_.Get(queue_, most, wait);
  }
  void Done() override {
    if (got_.tasks().size() == 1) {
      got_.tasks().front().done();
    } else {
      queue_.done_many(got_.tasks());
    }
  }

 private:
  const TextQueue queue_;
  Got got_;
};

// Items are got in advance, and task_done rides with the next message.
class SluicePrefetchDriver : public Driver {
 public:
  SluicePrefetchDriver(TextQueue queue, std::size_t batch)
      : queue_(std::move(queue)),
        consumer_(queue_.consumer({.prefetch = std::max(ConsumerOptions().prefetch, batch)})) {}

  void Put(const std::vector<std::string>& items) override { PutTo(queue_, items); }
  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    return got_.Get(consumer_, most, wait);
  }
  void Done() override { queue_.done_many_nowait(got_.tasks()); }

 private:
  const TextQueue queue_;
  const Consumer<std::string> consumer_;
  Got got_;
};

Durability Named(const std::string& durability) {
  static const std::map<std::string, Durability> kNames{
      {"memory", Durability::kMemory}, {"async", Durability::kAsync}, {"fsync", Durability::kFsync}};
  return kNames.at(durability);
}

template <typename DriverOf>
class SluiceSystem : public System {
 public:
  explicit SluiceSystem(const Place& place) : place_(place), client_(place.address) {}

  void Create() override { client_.create(place_.queue, {.maxsize = 0, .durability = Named(place_.durability)}); }
  void Remove() override { client_.remove(place_.queue); }
  std::unique_ptr<Driver> ConnectProducer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override {
    const Client client = place_.one_connection ? client_ : Client(place_.address);
    return std::make_unique<DriverOf>(client.queue<std::string>(place_.queue), place_.batch);
  }

 private:
  const Place place_;
  const Client client_;
};

}  // namespace

std::unique_ptr<System> MakeSluice(const Place& place) { return std::make_unique<SluiceSystem<SluiceDriver>>(place); }

std::unique_ptr<System> MakeSluicePrefetch(const Place& place) {
  return std::make_unique<SluiceSystem<SluicePrefetchDriver>>(place);
}

}  // namespace sluice::load
