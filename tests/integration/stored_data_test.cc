// Data that earlier versions wrote, tests/data/: this version finds in it what they put there.
//
// SLUICE_WRITE_DATA=DIR writes such a directory with this version instead: once for each new format, never over old
// data.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <sstream>
#include <string>

#include "server/broker/broker.h"
#include "server/journal/rocksdb_journal.h"
#include "server/verify.h"

namespace sluice::broker {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kPatience = 30s;
constexpr TimePoint kWritten{std::chrono::seconds(1'767'225'600)};  // when all of it happened: 2026-01-01
constexpr int kChurned = 16;                                        // items of a round
constexpr int kRounds = 24;

journal::RocksDbOptions SmallOptions() {
  journal::RocksDbOptions options;
  options.memtable_bytes = 64 << 10;
  options.reserve_bytes = 0;
  options.min_free_bytes = 0;
  options.min_free_reserve_bytes = 0;
  return options;
}

class Sink final : public SessionSink {
 public:
  void Wake() override {
    if (!woken_.exchange(true)) answered_.set_value();
  }
  void Gone(Reason, const std::string&) override {}
  // Blocks: until it was woken. Once.
  bool Await() { return answered_.get_future().wait_for(kPatience) == std::future_status::ready; }

 private:
  std::atomic<bool> woken_{false};
  std::promise<void> answered_;
};

// A broker on a data directory, at the time when the data was written.
class StoredBroker {
 public:
  explicit StoredBroker(const fs::path& directory) {
    journal::Health failure;
    journal_ = journal::RocksDbJournal::Open(directory.string(), SmallOptions(), &failure);
    EXPECT_NE(journal_, nullptr) << failure.text;
    Storage storage;
    storage.journal = journal_.get();
    BrokerOptions options;
    options.log_bytes = 8 << 10;
    broker_ = std::make_unique<Broker>(options, clock_, storage, [] {});
    const auto count = [this](const RecoveredSpace& space) { found[space.space] = space; };
    std::string error;
    EXPECT_EQ(broker_->Recover(count, &error), journal::Result::kOk) << error;
  }

  Answer Run(Command command, const std::string& space = "default") {
    auto answered = std::make_shared<std::promise<Answer>>();
    auto answer = answered->get_future();
    broker_->Submit({}, space, std::move(command), [answered](Answer&& one) { answered->set_value(std::move(one)); });
    if (answer.wait_for(kPatience) == std::future_status::ready) return answer.get();
    ADD_FAILURE() << "no answer";
    return Answer::Refused(Reason::kTimeout, "");
  }
  template <typename Result>
  Result Must(Command command, const std::string& space = "default") {
    Answer answer = Run(std::move(command), space);
    EXPECT_TRUE(answer.ok()) << answer.message;
    return answer.ok() ? std::get<Result>(std::move(answer.result)) : Result{};
  }

  void Create(const std::string& queue, Order order, Durability durability, std::int64_t max_attempts = 0) {
    QueueSettings settings;
    settings.order = order;
    settings.durability = durability;
    settings.max_attempts = static_cast<decltype(settings.max_attempts)>(max_attempts);
    Must<CreateResult>(CreateQueue{queue, settings});
  }
  PutResult PutTexts(const std::string& queue, const std::vector<std::string>& texts, std::string producer = "",
                     std::uint64_t sequence = 0) {
    Put put{.queue = queue,
            .items = {},
            .timeout = 0ms,
            .create = std::nullopt,
            .producer = std::move(producer),
            .sequence = sequence};
    for (const std::string& text : texts) {
      auto content = std::make_shared<Content>();
      content->payload = Bytes(std::string(text));
      content->content_type = "text/plain";
      content->headers = {{"length", std::to_string(text.size())}};
      content->priority = -static_cast<std::int64_t>(text.size());
      put.items.push_back(std::move(content));
    }
    return Must<PutResult>(std::move(put));
  }
  std::vector<Delivery> Take(const std::string& queue, std::uint32_t count) {
    Get get;
    get.queue = queue;
    get.max_items = count;
    get.timeout = 0ms;
    get.lease = 1h;
    return Must<GetResult>(get).deliveries;
  }
  std::vector<std::string> Texts(const std::string& queue) {
    std::vector<std::string> texts;
    for (const Delivery& delivery : Take(queue, 100)) {
      texts.emplace_back(delivery.content->payload.view());
      EXPECT_EQ(delivery.content->content_type, "text/plain");
      EXPECT_EQ(delivery.content->headers, (Headers{{"length", std::to_string(texts.back().size())}}));
    }
    return texts;
  }
  QueueStats StatsOf(const std::string& queue) { return Must<StatsResult>(Stats{queue}).stats; }
  QueueDescription Describe(const std::string& queue) { return Must<DescribeResult>(DescribeQueue{queue}).queue; }
  Broker& operator*() { return *broker_; }

  std::map<std::string, RecoveredSpace> found;

 private:
  ManualClock clock_{kWritten};
  std::unique_ptr<journal::RocksDbJournal> journal_;
  std::unique_ptr<Broker> broker_;
};

// ---- what is written ---------------------------------------------------------------------------

void WriteLeases(StoredBroker& broker) {
  broker.Create("leased", Order::kFifo, Durability::kFsync);
  broker.PutTexts("leased", {"with a session", "with a deadline", "ready"});
  Answer refusal;
  const auto session = (*broker).OpenSession("worker", 30s, &refusal);
  const auto sink = std::make_shared<Sink>();
  ASSERT_TRUE(session->Attach(sink, 0).ok);
  Get get;
  get.queue = "leased";
  ASSERT_TRUE(session->Submit(1, "default", get));
  ASSERT_TRUE(sink->Await());
  ASSERT_EQ(session->TakeAnswers(sink.get(), 10, 1000).size(), 1u);
  broker.Take("leased", 1);
  broker.Create("notes", Order::kFifo, Durability::kFsync);
  broker.PutTexts("notes", {std::to_string(session->id().value), session->token()});
}

void WriteEnds(StoredBroker& broker) {
  broker.Create("failing", Order::kFifo, Durability::kFsync, 2);
  broker.PutTexts("failing", {"dead", "failed once"});
  for (const bool both : {true, false}) {
    const auto taken = broker.Take("failing", both ? 2 : 1);
    Fail fail{"failing", {}, "it does not work"};
    for (const Delivery& delivery : taken) fail.fences.push_back(delivery.fence);
    broker.Must<FailResult>(fail);
  }
  broker.Create("ended", Order::kFifo, Durability::kFsync);
  broker.PutTexts("ended", {"last"});
  broker.Must<ShutdownResult>(Shutdown{"ended", false});
  broker.Create("gone", Order::kFifo, Durability::kFsync);
  broker.PutTexts("gone", {"never seen again"});
  broker.Must<DeleteResult>(DeleteQueue{"gone"});
}

// The log is trimmed under way: what was put before stands in it as carried forward.
void WriteChurn(StoredBroker& broker) {
  broker.Create("churn", Order::kFifo, Durability::kAsync);
  for (int round = 0; round < kRounds; ++round) {
    broker.PutTexts("churn", std::vector<std::string>(kChurned, std::string(100, 'x')));
    TaskDone done{"churn", {}};
    for (const Delivery& delivery : broker.Take("churn", kChurned)) done.fences.push_back(delivery.fence);
    broker.Must<TaskDoneResult>(done);
  }
}

void Write(const fs::path& directory) {
  {
    StoredBroker broker(directory);
    broker.Create("fifo", Order::kFifo, Durability::kFsync);
    broker.PutTexts("fifo", {"a", "b", "c"}, "producer", 7);
    broker.Create("lifo", Order::kLifo, Durability::kAsync);
    broker.PutTexts("lifo", {"a", "b", "c"});
    broker.Create("priority", Order::kPriority, Durability::kFsync);
    broker.PutTexts("priority", {"a", "ccc", "bb"});
    broker.Create("memory", Order::kFifo, Durability::kMemory);
    broker.PutTexts("memory", {"forgotten"});
    WriteLeases(broker);
    WriteEnds(broker);
    QueueSettings durable;
    durable.durability = Durability::kFsync;
    broker.Must<CreateResult>(CreateQueue{"alone", durable}, "other");
    WriteChurn(broker);
    (*broker).Drain();
  }
  // What RocksDB writes for people, and what would tell of this machine.
  for (const auto& file : fs::directory_iterator(directory)) {
    const std::string name = file.path().filename();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "IDENTITY") fs::remove(file);
  }
}

// ---- what is found -----------------------------------------------------------------------------

class StoredData : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice-stored-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    scratch_ = pattern;
    fs::copy(fs::path(SLUICE_TEST_DATA) / GetParam(), directory(), fs::copy_options::recursive);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
  }
  fs::path directory() const { return scratch_ / "data"; }

 private:
  fs::path scratch_;
};

using Strings = std::vector<std::string>;

TEST_P(StoredData, IsSound) {
  std::ostringstream said;
  EXPECT_TRUE(server::Verify(directory(), said)) << said.str();
}

TEST_P(StoredData, HasEveryItemInItsOrder) {
  StoredBroker broker(directory());
  EXPECT_EQ(broker.found.size(), 2u);
  EXPECT_EQ(broker.found["default"].queues, 9u);
  EXPECT_EQ(broker.found["default"].items, 16u);
  EXPECT_EQ(broker.found["other"].queues, 1u);
  EXPECT_EQ(broker.Texts("fifo"), (Strings{"a", "b", "c"}));
  EXPECT_EQ(broker.Texts("lifo"), (Strings{"c", "b", "a"}));
  EXPECT_EQ(broker.Texts("priority"), (Strings{"ccc", "bb", "a"}));
  EXPECT_EQ(broker.StatsOf("memory").unfinished, 0u);
  EXPECT_EQ(broker.StatsOf("churn").done, static_cast<std::uint64_t>(kRounds * kChurned));
  EXPECT_EQ(broker.Describe("fifo").settings.durability, Durability::kFsync);
  EXPECT_EQ(broker.Describe("lifo").settings.durability, Durability::kAsync);
  EXPECT_EQ(broker.Describe("memory").settings.durability, Durability::kMemory);
  EXPECT_EQ(broker.Describe("fifo").created, kWritten);
  EXPECT_EQ(broker.Run(Stats{"gone"}).reason, Reason::kQueueNotFound);
}

TEST_P(StoredData, KnowsFailuresDeathsAndShutdowns) {
  StoredBroker broker(directory());
  EXPECT_EQ(broker.StatsOf("failing").dead, 1u);
  const auto peeked = broker.Must<PeekResult>(Peek{"failing", 10}).items;
  ASSERT_EQ(peeked.size(), 1u);
  EXPECT_EQ(peeked[0].last_error, "it does not work");
  const auto again = broker.Take("failing", 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempt, 2u);
  EXPECT_TRUE(broker.StatsOf("ended").shut_down);
  EXPECT_EQ(broker.Texts("ended"), Strings{"last"});
}

TEST_P(StoredData, KnowsAPutThatComesAgain) {
  StoredBroker broker(directory());
  EXPECT_TRUE(broker.PutTexts("fifo", {"a", "b", "c"}, "producer", 7).duplicate);
  EXPECT_FALSE(broker.PutTexts("fifo", {"d"}, "producer", 8).duplicate);
  EXPECT_EQ(broker.Texts("fifo"), (Strings{"a", "b", "c", "d"}));
}

TEST_P(StoredData, KnowsLeasesAndTheirSession) {
  StoredBroker broker(directory());
  EXPECT_EQ(broker.found["default"].sessions, 1u);
  EXPECT_EQ(broker.StatsOf("leased").leased, 2u);
  EXPECT_EQ(broker.Texts("leased"), Strings{"ready"});
  const Strings notes = broker.Texts("notes");
  ASSERT_EQ(notes.size(), 2u);
  const auto session = (*broker).FindSession(SessionId{std::stoull(notes[0])}, notes[1]);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->client_name(), "worker");
  EXPECT_TRUE(session->Attach(std::make_shared<Sink>(), 0).restarted);
  session->Holding({});
  EXPECT_EQ(broker.Texts("leased"), Strings{"with a session"});
}

TEST_P(StoredData, WasTrimmed) {
  journal::Health failure;
  const auto journal = journal::RocksDbJournal::Open(directory(), SmallOptions(), &failure);
  ASSERT_NE(journal, nullptr) << failure.text;
  std::vector<journal::Extent> extents;
  std::string error;
  ASSERT_EQ(journal->List(&extents, &error), journal::Result::kOk) << error;
  EXPECT_GT(extents.at(0).first, 1u);
}

INSTANTIATE_TEST_SUITE_P(Versions, StoredData, testing::Values("v1"),
                         [](const auto& version) { return version.param; });

TEST(StoredDataOfThisVersion, IsWrittenWhenAskedFor) {
  const char* const directory = std::getenv("SLUICE_WRITE_DATA");
  if (directory == nullptr) GTEST_SKIP() << "SLUICE_WRITE_DATA=DIR writes it";
  ASSERT_FALSE(fs::exists(directory)) << "old data is never written over";
  Write(directory);
}

}  // namespace
}  // namespace sluice::broker
