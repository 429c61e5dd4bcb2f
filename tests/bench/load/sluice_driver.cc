// Sluice through its public SDK.
#include <optional>
#include <utility>

#include <sluice/client.h>

#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

using TextQueue = Queue<std::string>;

class SluiceDriver : public Driver {
 public:
  explicit SluiceDriver(TextQueue queue) : queue_(std::move(queue)) {}

  void Put(const std::vector<std::string>& items) override {
    if (items.size() == 1) {
      queue_.put(items.front());
    } else {
      queue_.put_many(items);
    }
  }

  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    items_.clear();
    tasks_.clear();
    try {
      tasks_ = queue_.get_many(most, {.timeout = wait});
    } catch (const Empty&) {
      return items_;
    }
    for (const TextQueue::task_type& task : tasks_) items_.push_back(task.payload());
    return items_;
  }

  void Done() override {
    if (tasks_.size() == 1) {
      tasks_.front().done();
    } else {
      queue_.done_many(tasks_);
    }
  }

 private:
  const TextQueue queue_;
  std::vector<TextQueue::task_type> tasks_;
  std::vector<std::string_view> items_;
};

class SluiceSystem : public System {
 public:
  explicit SluiceSystem(const Place& place) : place_(place), client_(place.address) {}

  void Create() override { client_.create(place_.queue, {.maxsize = 0}); }
  void Remove() override { client_.remove(place_.queue); }
  std::unique_ptr<Driver> ConnectProducer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override {
    const Client client = place_.one_connection ? client_ : Client(place_.address);
    return std::make_unique<SluiceDriver>(client.queue<std::string>(place_.queue));
  }

 private:
  const Place place_;
  const Client client_;
};

}  // namespace

std::unique_ptr<System> MakeSluice(const Place& place) { return std::make_unique<SluiceSystem>(place); }

}  // namespace sluice::load
