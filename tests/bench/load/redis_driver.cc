// Redis, the reliable-queue pattern: an item moves from the queue to a list of its consumer, and leaves that when it
// is finished. A batch is one LPUSH with many items, one script that moves many small ones (pipelined LMOVEs when they
// are large: measured, that is faster), and one DEL of the consumer's list.
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

constexpr const char* kMoveMany =
    "local items = redis.call('RPOP', KEYS[1], ARGV[1]) "
    "if not items then return {} end "
    "redis.call('LPUSH', KEYS[2], unpack(items)) "
    "return items";

constexpr std::size_t kScriptMostBytes = 512;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};

std::string_view View(const redisReply& reply) { return {reply.str, reply.len}; }

class RedisConnection {
 public:
  explicit RedisConnection(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    context_.reset(redisConnect(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1))));
    if (!context_ || context_->err != 0) throw std::runtime_error("cannot connect to Redis at " + address);
  }

  Reply Call(const std::vector<std::string_view>& words) {
    Send(words);
    return Receive();
  }
  void Send(const std::vector<std::string_view>& words) {
    words_.clear();
    lengths_.clear();
    for (const std::string_view word : words) {
      words_.push_back(word.data());
      lengths_.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), words_.data(), lengths_.data());
  }
  Reply Receive() {
    void* received = nullptr;
    redisGetReply(context_.get(), &received);
    Reply reply(static_cast<redisReply*>(received));
    if (!reply) throw std::runtime_error(context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(std::string(View(*reply)));
    return reply;
  }

 private:
  std::unique_ptr<redisContext, FreeContext> context_;
  std::vector<const char*> words_;
  std::vector<std::size_t> lengths_;
};

class RedisDriver : public Driver {
 public:
  RedisDriver(const Place& place, std::string taken)
      : connection_(place.address), queue_(place.queue), taken_(std::move(taken)) {
    if (place.item_bytes <= kScriptMostBytes) script_ = View(*connection_.Call({"SCRIPT", "LOAD", kMoveMany}));
  }

  void Put(const std::vector<std::string>& items) override {
    words_ = {"LPUSH", queue_};
    words_.insert(words_.end(), items.begin(), items.end());
    connection_.Call(words_);
  }

  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    items_.clear();
    replies_.clear();
    if (most > 1) {
      script_.empty() ? MovePipelined(most) : MoveByScript(most);
      if (!items_.empty()) return items_;
    }
    const std::string seconds = std::to_string(static_cast<double>(wait.count()) / 1000);
    Keep(connection_.Call({"BLMOVE", queue_, taken_, "RIGHT", "LEFT", seconds}));
    return items_;
  }

  void Done() override {
    if (items_.size() == 1) {
      connection_.Call({"LREM", taken_, "1", items_.front()});
    } else {
      connection_.Call({"DEL", taken_});
    }
  }

 private:
  void MoveByScript(std::size_t most) {
    const std::string count = std::to_string(most);
    replies_.push_back(connection_.Call({"EVALSHA", script_, "2", queue_, taken_, count}));
    const redisReply& moved = *replies_.back();
    for (std::size_t i = 0; i < moved.elements; ++i) items_.push_back(View(*moved.element[i]));
  }

  void MovePipelined(std::size_t most) {
    for (std::size_t i = 0; i < most; ++i) connection_.Send({"LMOVE", queue_, taken_, "RIGHT", "LEFT"});
    for (std::size_t i = 0; i < most; ++i) Keep(connection_.Receive());
  }

  void Keep(Reply reply) {
    if (reply->type != REDIS_REPLY_STRING) return;  // there was none
    items_.push_back(View(*reply));
    replies_.push_back(std::move(reply));
  }

  RedisConnection connection_;
  const std::string queue_;
  const std::string taken_;     // what this consumer has in its hands
  std::string script_;          // its digest; empty: pipelined
  std::vector<Reply> replies_;  // own the items
  std::vector<std::string_view> words_;
  std::vector<std::string_view> items_;
};

class RedisSystem : public System {
 public:
  explicit RedisSystem(const Place& place) : place_(place) {}
  void Create() override { Remove(); }
  void Remove() override { RedisConnection(place_.address).Call({"FLUSHALL"}); }
  std::unique_ptr<Driver> ConnectProducer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override {
    const std::string consumer = std::to_string(::getpid()) + ":" + std::to_string(consumers_++);
    return std::make_unique<RedisDriver>(place_, place_.queue + ":taken:" + consumer);
  }

 private:
  const Place place_;
  std::atomic<unsigned> consumers_{0};
};

}  // namespace

std::unique_ptr<System> MakeRedis(const Place& place) { return std::make_unique<RedisSystem>(place); }

}  // namespace sluice::load
