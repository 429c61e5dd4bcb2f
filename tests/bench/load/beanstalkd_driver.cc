// beanstalkd, by its text protocol: put, reserve-with-timeout, delete. A batch is so many commands in one write.
#include <algorithm>
#include <stdexcept>

#include "tests/bench/load/stream_socket.h"
#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

constexpr std::string_view kReservation = "120";  // seconds, as Sluice's lease far longer than a run

// The number of the word `index` of a reply.
std::string_view Word(std::string_view line, int index) {
  for (; index > 0; --index) line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
  return line.substr(0, line.find(' '));
}

[[noreturn]] void Refused(std::string_view reply) { throw std::runtime_error("it said " + std::string(reply)); }

class BeanstalkdDriver : public Driver {
 public:
  BeanstalkdDriver(const Place& place) : socket_(place.address) {
    socket_.Write("use " + place.queue + "\r\nwatch " + place.queue + "\r\nignore default\r\n");
    for (int i = 0; i < 3; ++i) socket_.ReadLine();
  }

  void Put(const std::vector<std::string>& items) override {
    commands_.clear();
    for (const std::string& item : items) {
      commands_.append("put 0 0 ").append(kReservation).append(" ").append(std::to_string(item.size()));
      commands_.append("\r\n").append(item).append("\r\n");
    }
    socket_.Write(commands_);
    for (std::size_t i = 0; i < items.size(); ++i) Expect("INSERTED");
  }

  // The first reserve waits; those behind it take what is there.
  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    const auto seconds = std::max(std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(wait));
    commands_ = "reserve-with-timeout " + std::to_string(seconds.count()) + "\r\n";
    for (std::size_t i = 1; i < most; ++i) commands_.append("reserve-with-timeout 0\r\n");
    socket_.Write(commands_);
    ids_.clear();
    bodies_.resize(most);
    items_.clear();
    for (std::size_t i = 0; i < most; ++i) ReadReservation();
    return items_;
  }

  void Done() override {
    commands_.clear();
    for (const std::string& id : ids_) commands_.append("delete ").append(id).append("\r\n");
    socket_.Write(commands_);
    for (std::size_t i = 0; i < ids_.size(); ++i) Expect("DELETED");
  }

 private:
  void Expect(std::string_view word) {
    const std::string_view line = socket_.ReadLine();
    if (!line.starts_with(word)) Refused(line);
  }

  void ReadReservation() {
    const std::string_view line = socket_.ReadLine();
    if (line == "TIMED_OUT") return;
    if (!line.starts_with("RESERVED ")) Refused(line);
    const std::size_t bytes = std::stoul(std::string(Word(line, 2)));
    std::string& body = bodies_[ids_.size()];
    ids_.emplace_back(Word(line, 1));
    body = socket_.Read(bytes + 2);
    items_.push_back(std::string_view(body).substr(0, bytes));
  }

  StreamSocket socket_;
  std::string commands_;
  std::vector<std::string> ids_;
  std::vector<std::string> bodies_;
  std::vector<std::string_view> items_;
};

class BeanstalkdSystem : public System {
 public:
  explicit BeanstalkdSystem(const Place& place) : place_(place) {}
  void Create() override {}  // a tube begins with its first job and ends with its last
  void Remove() override {}
  std::unique_ptr<Driver> ConnectProducer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override { return std::make_unique<BeanstalkdDriver>(place_); }

 private:
  const Place place_;
};

}  // namespace

std::unique_ptr<System> MakeBeanstalkd(const Place& place) { return std::make_unique<BeanstalkdSystem>(place); }

}  // namespace sluice::load
