// Many sessions at once that send whole messages to one bounded queue: nobody is forgotten, passed or served twice.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

constexpr int kProducers = 3;
constexpr int kConsumers = 3;
constexpr int kOfEach = 4000;   // of each producer
constexpr int kInFlight = 40;  // operations of a client: more than the queue holds, so that both sides wait
constexpr int kMessage = 16;
constexpr std::int64_t kMaxsize = 10;
const std::string kSpace = "default";

// A client that keeps operations in flight, and does not rest while it may send or take.
class Client {
 public:
  explicit Client(Broker& broker) {
    Answer refusal;
    session_ = broker.OpenSession("stress", 0ms, &refusal);
    session_->Attach(sink_, 0);
  }
  ~Client() { session_->End(); }

  void Add(Command command) { message_.push_back({++operation_, RoutedCommand{kSpace, std::move(command)}}); }
  void Send() {
    if (!message_.empty()) session_->SubmitAll(std::move(message_));
  }
  std::vector<SessionAnswer> Take() {
    auto answers = session_->TakeAnswers(sink_.get(), kMessage, 1u << 20);
    seen_ += answers.size();
    EXPECT_TRUE(session_->Confirm(seen_));
    if (answers.empty()) std::this_thread::yield();
    return answers;
  }

 private:
  struct Sink final : SessionSink {
    void Wake() override {}
    void Gone(Reason, const std::string&) override {}
  };

  std::shared_ptr<Session> session_;
  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  std::vector<SubmittedOperation> message_;
  std::uint64_t operation_ = 0;
  std::uint64_t seen_ = 0;
};

// What a consumer got.
struct Got {
  std::uint64_t operation;
  std::uint64_t fence;
  std::uint64_t item;
  std::string text;
};

class SessionStress : public ::testing::Test {
 protected:
  SessionStress() {
    broker.Submit({}, kSpace, CreateQueue{"q", {.maxsize = kMaxsize, .count_leased = true}}, [](Answer&&) {});
  }

  // Puts its items; the answers tell the ids that they got, by operation.
  void Produce(int producer, std::map<std::uint64_t, std::uint64_t>* ids) {
    Client client(broker);
    int sent = 0;
    while (static_cast<int>(ids->size()) < kOfEach && !late()) {
      while (sent < kOfEach && sent - static_cast<int>(ids->size()) < kInFlight) {
        client.Add(PutOne(std::to_string(producer) + ":" + std::to_string(sent++)));
      }
      client.Send();
      for (const SessionAnswer& each : client.Take()) {
        const auto* put = std::get_if<PutResult>(&each.answer->result);
        ASSERT_NE(put, nullptr) << each.answer->message;
        EXPECT_TRUE(ids->emplace(each.operation, put->first.value).second) << "answered twice";
      }
    }
  }

  // Gets and finishes until the queue is shut down and nothing is left.
  void Consume(std::vector<Got>* got) {
    Client client(broker);
    int open = 0;
    bool more = true;
    while ((more || open > 0) && !late()) {
      for (; more && open < kInFlight; ++open) client.Add(GetOne());
      client.Send();
      for (const SessionAnswer& each : client.Take()) {
        if (each.answer->reason == Reason::kShutDown) {
          more = false;
          --open;
        } else if (const auto* result = std::get_if<GetResult>(&each.answer->result)) {
          const Delivery& one = result->deliveries.front();
          got->push_back({each.operation, one.fence.value, one.id.value, std::string(one.content->payload.view())});
          client.Add(TaskDone{"q", {one.fence}});
          --open;
        } else {
          EXPECT_TRUE(each.answer->ok()) << each.answer->message;
        }
      }
    }
    client.Send();
  }

  // Looks at the bound until `stop`.
  void Watch(const std::atomic<bool>& stop) {
    while (!stop.load()) {
      const QueueStats stats = StatsNow();
      EXPECT_LE(stats.unfinished, static_cast<std::uint64_t>(kMaxsize));
      std::this_thread::yield();
    }
  }

  QueueStats StatsNow() {
    QueueStats stats;
    broker.Submit({}, kSpace, Stats{"q"}, [&](Answer&& answer) { stats = std::get<StatsResult>(answer.result).stats; });
    return stats;
  }
  bool late() const { return std::chrono::steady_clock::now() > deadline; }

  const std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + 40s;
  Broker broker{{}, SteadyClock::Get(), Storage{}, [] {}};
};

TEST_F(SessionStress, WaitersAreServedInTurnTheBoundIsExactAndEachItemIsGotOnce) {
  std::vector<std::map<std::uint64_t, std::uint64_t>> put(kProducers);
  std::vector<std::vector<Got>> got(kConsumers);
  std::atomic<bool> stop{false};
  std::thread watcher([&] { Watch(stop); });
  std::vector<std::jthread> producers;
  for (int each = 0; each < kProducers; ++each) {
    producers.emplace_back([&, each] { Produce(each, &put[static_cast<std::size_t>(each)]); });
  }
  while (StatsNow().waiting_putters == 0 && !late()) std::this_thread::yield();
  std::vector<std::jthread> consumers;
  for (auto& each : got) consumers.emplace_back([&] { Consume(&each); });
  producers.clear();
  while (StatsNow().waiting_getters == 0 && !late()) std::this_thread::yield();
  broker.Submit({}, kSpace, Shutdown{"q", false}, [](Answer&&) {});
  consumers.clear();
  stop = true;
  watcher.join();
  EXPECT_FALSE(late());

  // Each put in turn: the ids of a producer's items rise with its operations.
  for (const auto& ids : put) {
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(kOfEach));
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end(), [](auto& a, auto& b) { return a.second < b.second; }));
  }
  // Each get in turn: the fences of a consumer rise with its operations.
  std::vector<Got> all;
  for (auto& each : got) {
    std::sort(each.begin(), each.end(), [](auto& a, auto& b) { return a.operation < b.operation; });
    EXPECT_TRUE(std::is_sorted(each.begin(), each.end(), [](auto& a, auto& b) { return a.fence < b.fence; }));
    all.insert(all.end(), each.begin(), each.end());
  }
  // The queue is first in, first out, over all of them; each item was got once.
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.fence < b.fence; });
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.item < b.item; }));
  std::map<std::string, int> times;
  for (const Got& each : all) ++times[each.text];
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kProducers) * kOfEach);
  EXPECT_EQ(all.size(), times.size());
  EXPECT_EQ(StatsNow().done, all.size());
  EXPECT_EQ(broker.Status().waiters, 0u);
  EXPECT_EQ(broker.Status().memory_used, 0u);
}

}  // namespace
}  // namespace sluice::broker
