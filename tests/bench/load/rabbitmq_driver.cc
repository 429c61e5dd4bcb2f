// RabbitMQ: transient messages with publisher confirms; consumers with a prefetch that acknowledge. A batch is
// published whole before its confirms are awaited, and acknowledged at once ("multiple"). An acknowledgement has no
// answer: who wants to know that it was taken asks for something that has one on the same channel, which is handled in
// order.
#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <algorithm>
#include <stdexcept>

#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

constexpr amqp_channel_t kChannel = 1;

amqp_bytes_t Bytes(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view View(const amqp_bytes_t& bytes) { return {static_cast<const char*>(bytes.bytes), bytes.len}; }

void Check(int status, const char* what) {
  if (status < 0) throw std::runtime_error(std::string(what) + ": " + amqp_error_string2(status));
}

class RabbitmqConnection {
 public:
  explicit RabbitmqConnection(const std::string& address) : state_(amqp_new_connection()) {
    const std::size_t colon = address.rfind(':');
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    Check(amqp_socket_open(socket, address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1))), "connect");
    const amqp_rpc_reply_t login = amqp_login(state_, "/", 0, 1 << 17, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    if (login.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error("RabbitMQ refused the login");
    amqp_channel_open(state_, kChannel);
    CheckReply("channel");
  }
  ~RabbitmqConnection() {
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);  // waits: acknowledgements that are on their way count
    amqp_destroy_connection(state_);
  }
  RabbitmqConnection(const RabbitmqConnection&) = delete;
  RabbitmqConnection& operator=(const RabbitmqConnection&) = delete;

  amqp_connection_state_t state() const { return state_; }
  void CheckReply(const char* what) const {
    if (amqp_get_rpc_reply(state_).reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error(what);
  }

 private:
  amqp_connection_state_t state_;
};

// The messages that were consumed last.
class Envelopes {
 public:
  ~Envelopes() { Clear(); }
  Envelopes() = default;
  Envelopes(const Envelopes&) = delete;
  Envelopes& operator=(const Envelopes&) = delete;

  void Clear() {
    for (amqp_envelope_t& envelope : envelopes_) amqp_destroy_envelope(&envelope);
    envelopes_.clear();
  }
  void Add(const amqp_envelope_t& envelope) { envelopes_.push_back(envelope); }
  std::size_t size() const { return envelopes_.size(); }
  const amqp_envelope_t& back() const { return envelopes_.back(); }

 private:
  std::vector<amqp_envelope_t> envelopes_;
};

class RabbitmqDriver : public Driver {
 public:
  RabbitmqDriver(const Place& place, bool await_done)
      : connection_(place.address), queue_(place.queue), await_done_(await_done) {}

  void Confirm() {
    amqp_confirm_select(connection_.state(), kChannel);
    connection_.CheckReply("confirm.select");
  }

  void Consume(std::size_t prefetch) {
    prefetch_ = static_cast<std::uint16_t>(std::min<std::size_t>(prefetch, 65535));
    SetPrefetch();
    amqp_basic_consume(connection_.state(), kChannel, Bytes(queue_), amqp_empty_bytes, false, false, false,
                       amqp_empty_table);
    connection_.CheckReply("basic.consume");
  }

  void Put(const std::vector<std::string>& items) override {
    for (const std::string& item : items) {
      Check(amqp_basic_publish(connection_.state(), kChannel, amqp_empty_bytes, Bytes(queue_), false, false, nullptr,
                               Bytes(item)),
            "publish");
    }
    open_.assign(items.size(), true);
    for (std::size_t left = items.size(); left > 0;) left -= AwaitConfirm();
    published_ += items.size();
  }

  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    items_.clear();
    envelopes_.Clear();
    timeval left{.tv_sec = wait.count() / 1000, .tv_usec = wait.count() % 1000 * 1000};
    while (envelopes_.size() < most && Take(left)) left = {};  // behind the first, only what is there already
    return items_;
  }

  void Done() override {
    Check(amqp_basic_ack(connection_.state(), kChannel, envelopes_.back().delivery_tag, envelopes_.size() > 1), "ack");
    if (await_done_) SetPrefetch();
  }

 private:
  void SetPrefetch() {
    amqp_basic_qos(connection_.state(), kChannel, 0, prefetch_, false);
    connection_.CheckReply("basic.qos");
  }

  // Returns how many messages of the batch are confirmed by it: they may come in any order, and one may tell of many.
  std::size_t AwaitConfirm() {
    amqp_maybe_release_buffers_on_channel(connection_.state(), kChannel);
    amqp_frame_t frame;
    Check(amqp_simple_wait_frame(connection_.state(), &frame), "confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("no confirm, but something else");
    }
    const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    const std::size_t last = ack->delivery_tag - published_ - 1;
    std::size_t confirmed = 0;
    for (std::size_t i = ack->multiple ? 0 : last; i <= last; ++i) {
      confirmed += open_.at(i);
      open_[i] = false;
    }
    return confirmed;
  }

  bool Take(timeval& wait) {
    if (envelopes_.size() == 0) amqp_maybe_release_buffers(connection_.state());
    amqp_envelope_t envelope;
    const amqp_rpc_reply_t reply = amqp_consume_message(connection_.state(), &envelope, &wait, 0);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
      envelopes_.Add(envelope);
      items_.push_back(View(envelope.message.body));
      return true;
    }
    if (reply.library_error != AMQP_STATUS_TIMEOUT) throw std::runtime_error("consume: the connection is broken");
    return false;
  }

  RabbitmqConnection connection_;
  const std::string queue_;
  const bool await_done_;
  std::uint16_t prefetch_ = 0;
  std::uint64_t published_ = 0;  // before this batch
  std::vector<bool> open_;       // messages of this batch that are not confirmed
  Envelopes envelopes_;
  std::vector<std::string_view> items_;
};

// A connection for each direction: confirms and deliveries do not come in between each other.
class RabbitmqPair : public Driver {
 public:
  RabbitmqPair(std::unique_ptr<Driver> producer, std::unique_ptr<Driver> consumer)
      : producer_(std::move(producer)), consumer_(std::move(consumer)) {}
  void Put(const std::vector<std::string>& items) override { producer_->Put(items); }
  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    return consumer_->Get(most, wait);
  }
  void Done() override { consumer_->Done(); }

 private:
  const std::unique_ptr<Driver> producer_;
  const std::unique_ptr<Driver> consumer_;
};

class RabbitmqSystem : public System {
 public:
  RabbitmqSystem(const Place& place, bool await_done) : place_(place), await_done_(await_done) {}

  void Create() override {
    const RabbitmqConnection connection(place_.address);
    amqp_queue_declare(connection.state(), kChannel, Bytes(place_.queue), false, false, false, false, amqp_empty_table);
    connection.CheckReply("queue.declare");
  }
  void Remove() override {
    const RabbitmqConnection connection(place_.address);
    amqp_queue_delete(connection.state(), kChannel, Bytes(place_.queue), false, false);
    connection.CheckReply("queue.delete");
  }
  std::unique_ptr<Driver> ConnectProducer() override {
    auto driver = std::make_unique<RabbitmqDriver>(place_, await_done_);
    driver->Confirm();
    return driver;
  }
  std::unique_ptr<Driver> ConnectConsumer() override {
    auto driver = std::make_unique<RabbitmqDriver>(place_, await_done_);
    driver->Consume(place_.batch == 1 ? 1 : 2 * place_.batch);  // the next batch comes while this one is worked on
    return driver;
  }
  std::unique_ptr<Driver> ConnectBoth() override {
    return std::make_unique<RabbitmqPair>(ConnectProducer(), ConnectConsumer());
  }

 private:
  const Place place_;
  const bool await_done_;
};

}  // namespace

std::unique_ptr<System> MakeRabbitmq(const Place& place) { return std::make_unique<RabbitmqSystem>(place, true); }
std::unique_ptr<System> MakeRabbitmqNowait(const Place& place) {
  return std::make_unique<RabbitmqSystem>(place, false);
}

}  // namespace sluice::load
