// NATS JetStream: a stream in memory that keeps an item until it is acknowledged, one pull consumer for everybody. A
// batch is published asynchronously and awaited, fetched with one request, and acknowledged one by one, of which the
// last waits for its answer: a connection's messages are handled in order.
#include <nats/nats.h>

#include <mutex>
#include <stdexcept>

#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

constexpr std::int64_t kMostUnacknowledged = 100'000;

void Check(natsStatus status, const char* what) {
  if (status != NATS_OK) throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
}

class NatsConnection {
 public:
  // `send_asap`: no millisecond in which the client gathers what to send.
  explicit NatsConnection(const std::string& address, bool send_asap = false) {
    Check(natsOptions_Create(&options_), "options");
    Check(natsOptions_SetURL(options_, ("nats://" + address).c_str()), "address");
    Check(natsOptions_SetSendAsap(options_, send_asap), "options");
    Check(natsConnection_Connect(&connection_, options_), "connect");
    Check(natsConnection_JetStream(&stream_, connection_, nullptr), "JetStream");
  }
  ~NatsConnection() {
    jsCtx_Destroy(stream_);
    natsConnection_Destroy(connection_);
    natsOptions_Destroy(options_);
  }
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  jsCtx* stream() const { return stream_; }

 private:
  natsOptions* options_ = nullptr;
  natsConnection* connection_ = nullptr;
  jsCtx* stream_ = nullptr;
};

class NatsDriver : public Driver {
 public:
  NatsDriver(std::shared_ptr<const NatsConnection> connection, std::string queue)
      : connection_(std::move(connection)), queue_(std::move(queue)) {}
  ~NatsDriver() override {
    natsMsgList_Destroy(&messages_);
    natsSubscription_Destroy(subscription_);
  }

  void Subscribe() {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = queue_.c_str();
    options.Consumer = queue_.c_str();
    options.ManualAck = true;
    Check(js_PullSubscribe(&subscription_, connection_->stream(), queue_.c_str(), queue_.c_str(), nullptr, &options,
                           nullptr),
          "subscribe");
  }

  void Put(const std::vector<std::string>& items) override {
    jsCtx* const stream = connection_->stream();
    if (items.size() == 1) {
      const std::string& item = items.front();
      Check(js_Publish(nullptr, stream, queue_.c_str(), item.data(), static_cast<int>(item.size()), nullptr, nullptr),
            "publish");
      return;
    }
    for (const std::string& item : items) {
      Check(js_PublishAsync(stream, queue_.c_str(), item.data(), static_cast<int>(item.size()), nullptr), "publish");
    }
    Check(js_PublishAsyncComplete(stream, nullptr), "publish");
    natsMsgList failed{};
    if (js_PublishAsyncGetPendingList(&failed, stream) == NATS_OK)
      throw std::runtime_error("publish: not acknowledged");
  }

  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    items_.clear();
    natsMsgList_Destroy(&messages_);
    const natsStatus status =
        natsSubscription_Fetch(&messages_, subscription_, static_cast<int>(most), wait.count(), nullptr);
    if (status == NATS_TIMEOUT) return items_;
    Check(status, "fetch");
    for (int i = 0; i < messages_.Count; ++i) {
      natsMsg* const message = messages_.Msgs[i];
      items_.emplace_back(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    }
    return items_;
  }

  void Done() override {
    const int last = messages_.Count - 1;
    for (int i = 0; i < last; ++i) Check(natsMsg_Ack(messages_.Msgs[i], nullptr), "ack");
    Check(natsMsg_AckSync(messages_.Msgs[last], nullptr, nullptr), "ack");
  }

 private:
  const std::shared_ptr<const NatsConnection> connection_;
  const std::string queue_;
  natsSubscription* subscription_ = nullptr;
  natsMsgList messages_{};
  std::vector<std::string_view> items_;
};

class NatsSystem : public System {
 public:
  explicit NatsSystem(const Place& place) : place_(place) {}

  void Create() override {
    const NatsConnection connection(place_.address);
    const char* subject = place_.queue.c_str();
    jsStreamConfig stream;
    jsStreamConfig_Init(&stream);
    stream.Name = subject;
    stream.Subjects = &subject;
    stream.SubjectsLen = 1;
    stream.Retention = js_WorkQueuePolicy;
    stream.Storage = js_MemoryStorage;
    Check(js_AddStream(nullptr, connection.stream(), &stream, nullptr, nullptr), "add the stream");
    jsConsumerConfig consumer;
    jsConsumerConfig_Init(&consumer);
    consumer.Durable = subject;
    consumer.AckPolicy = js_AckExplicit;
    consumer.MaxAckPending = kMostUnacknowledged;
    consumer.MaxWaiting = kMostUnacknowledged;
    Check(js_AddConsumer(nullptr, connection.stream(), subject, &consumer, nullptr, nullptr), "add the consumer");
  }
  void Remove() override {
    Check(js_DeleteStream(NatsConnection(place_.address).stream(), place_.queue.c_str(), nullptr, nullptr), "delete");
  }
  std::unique_ptr<Driver> ConnectProducer() override {
    return std::make_unique<NatsDriver>(Connection(), place_.queue);
  }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override {
    auto driver = std::make_unique<NatsDriver>(Connection(), place_.queue);
    driver->Subscribe();
    return driver;
  }

 private:
  std::shared_ptr<const NatsConnection> Connection() {
    const auto connect = [this] { return std::make_shared<NatsConnection>(place_.address, place_.batch == 1); };
    if (!place_.one_connection) return connect();
    const std::lock_guard lock(mutex_);
    if (!shared_) shared_ = connect();
    return shared_;
  }

  const Place place_;
  std::mutex mutex_;
  std::shared_ptr<const NatsConnection> shared_;
};

}  // namespace

std::unique_ptr<System> MakeNats(const Place& place) { return std::make_unique<NatsSystem>(place); }

}  // namespace sluice::load
