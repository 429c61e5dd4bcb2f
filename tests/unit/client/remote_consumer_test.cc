// What a consumer says to the server, and what it makes of the answers.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "common/answer.h"
#include "proto/wire.h"
#include "tests/unit/client/remote_client_fixture.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using Fences = std::vector<std::uint64_t>;

// Items first .. last, each with its number as fence and payload.
Answer Items(std::uint64_t first, std::uint64_t last) {
  GetResult result;
  for (std::uint64_t number = first; number <= last; ++number) {
    auto content = std::make_shared<Content>();
    content->payload = Bytes(std::to_string(number));
    result.deliveries.push_back({ItemId{number}, Fence{number}, 1, {}, std::move(content)});
  }
  return Answer::Ok(std::move(result));
}

Fences FencesOf(const v1::ReleaseRequest& release) { return {release.fences().begin(), release.fences().end()}; }

class RemoteConsumerTest : public testing::RemoteClientTest {
 protected:
  void SetUp() override {
    RemoteClientTest::SetUp();
    consumer_.emplace(client_->queue<std::string>("q").consumer({.prefetch = 4}));
  }

  // The next operation, which must be a get.
  v1::Operation NextGet(v1::Prefetch prefetch, std::uint32_t max_items) {
    v1::Operation operation = stream_->NextOperation();
    EXPECT_EQ(operation.get().queue(), "default/q") << operation.ShortDebugString();
    EXPECT_EQ(operation.get().prefetch(), prefetch) << operation.ShortDebugString();
    EXPECT_EQ(operation.get().max_items(), max_items) << operation.ShortDebugString();
    return operation;
  }
  // The first get, which brings items 1 .. last.
  Task<std::string> First(std::uint64_t last) {
    std::optional<Task<std::string>> task;
    Background get([&] { task = consumer_->get(); });
    stream_->Answer(NextGet(v1::WANTED, 5).id(), Items(1, last));
    EXPECT_EQ(get.Ended(), Reason::kOk);
    EXPECT_EQ(task->value(), "1");
    return *std::move(task);
  }
  void Recall(const std::string& queue, std::uint64_t last_fence) {
    v1::SessionResponse response;
    v1::Recall* recall = response.add_recalls();
    recall->set_queue(queue);
    recall->set_last_fence(last_fence);
    stream_->Write(response);
  }

  std::optional<Consumer<std::string>> consumer_;
};

TEST_F(RemoteConsumerTest, WhatIsHereCostsNoMessageUntilHalfOfItIsGone) {
  auto first = First(5);
  const auto second = consumer_->get();
  Background first_done([&] { first.done(); });
  const v1::Operation done = stream_->NextOperation();
  EXPECT_TRUE(done.has_task_done()) << done.ShortDebugString();
  stream_->Answer(done.id(), Answer::Ok(TaskDoneResult{}));
  EXPECT_EQ(first_done.Ended(), Reason::kOk);
  const auto third = consumer_->get();
  EXPECT_EQ(third.value(), "3");
  const v1::Operation ahead = NextGet(v1::AHEAD, 2);
  EXPECT_FALSE(ahead.get().has_timeout_ms());
  stream_->Answer(ahead.id(), Items(6, 7));
  for (const char* value : {"4", "5", "6", "7"}) EXPECT_EQ(consumer_->get().value(), value);
}

TEST_F(RemoteConsumerTest, WithoutAnotherMessageItGoesOutByItself) {
  const auto first = First(1);
  NextGet(v1::AHEAD, 4);
}

TEST_F(RemoteConsumerTest, WhoWaitsGetsInEarnestInsteadOfInAdvance) {
  const auto first = First(1);
  const v1::Operation ahead = NextGet(v1::AHEAD, 4);
  EXPECT_TRUE(ahead.answer_may_wait()) << "when there is nothing";
  std::optional<std::string> value;
  Background get([&] { value = consumer_->get().value(); });
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), ahead.id());
  const v1::Operation wanted = NextGet(v1::WANTED, 5);
  stream_->Answer(wanted.id(), Items(2, 2));
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(value, "2");
}

TEST_F(RemoteConsumerTest, WhatComesInAdvanceGoesToWhoWaitsAndItsOwnGetEnds) {
  const auto first = First(1);
  const v1::Operation ahead = NextGet(v1::AHEAD, 4);
  std::optional<Task<std::string>> task;
  Background get([&] { task = consumer_->get(); });
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), ahead.id());
  const v1::Operation wanted = NextGet(v1::WANTED, 5);
  stream_->Answer(ahead.id(), Items(2, 3));  // it was faster
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(task->value(), "2");
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), wanted.id());
  NextGet(v1::AHEAD, 3);
  stream_->Answer(wanted.id(), Items(4, 5));
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), Fences{4}) << "the server takes it for begun";
  EXPECT_EQ(consumer_->get().value(), "3");
  EXPECT_EQ(consumer_->get().value(), "5") << "what came all the same is kept";
}

TEST_F(RemoteConsumerTest, ARecallEndsTheGetInAdvanceAndReleasesAllThatIsNotBegunInOneMessage) {
  const auto first = First(4);
  auto second = consumer_->get();
  const v1::Operation ahead = NextGet(v1::AHEAD, 2);
  Recall("default/other", 4);
  Recall("default/q", 4);
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), ahead.id());
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), (Fences{3, 4}));
  Background get([&] { consumer_->get(); });
  NextGet(v1::WANTED, 5);
  client_->close();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
}

TEST_F(RemoteConsumerTest, ARecallThatIsFasterThanWhatItRecallsHoldsForThatAndForNothingLater) {
  const auto first = First(1);
  const v1::Operation ahead = NextGet(v1::AHEAD, 4);
  Recall("default/q", 3);
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), ahead.id());
  stream_->Answer(ahead.id(), Items(2, 5));
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), (Fences{2, 3}));
  EXPECT_EQ(consumer_->get().value(), "4");
}

TEST_F(RemoteConsumerTest, ItsEndReleasesWhatIsNotBegunAndWhatComesAfter) {
  auto first = First(4);
  auto second = consumer_->get();
  const v1::Operation ahead = NextGet(v1::AHEAD, 2);
  consumer_.reset();
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), ahead.id());
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), (Fences{4, 3}));
  stream_->Answer(ahead.id(), Items(5, 6));
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), (Fences{6, 5}));
}

TEST_F(RemoteConsumerTest, WhatIsTooMuchGoesBack) {
  const auto first = First(7);
  EXPECT_EQ(FencesOf(stream_->NextOperation().release()), (Fences{7, 6}));
}

TEST_F(RemoteConsumerTest, ALostSessionTakesWhatIsHereWithIt) {
  {
    const auto first = First(5);
    stream_->End(Reason::kSessionLost, "gone");
    stream_ = server_.NextStream();
    stream_->Hello();
    stream_->Welcome(8);
    testing::Eventually([&] { return first.stop_token().stop_requested(); });
  }
  std::optional<std::string> value;
  Background get([&] { value = consumer_->get().value(); });
  stream_->Answer(NextGet(v1::WANTED, 5).id(), Items(11, 11));
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(value, "11");
}

TEST_F(RemoteConsumerTest, AWaitSurvivesACutStream) {
  std::optional<std::string> value;
  Background get([&] { value = consumer_->get().value(); });
  const v1::Operation wanted = NextGet(v1::WANTED, 5);
  stream_->Cut();
  stream_ = server_.NextStream();
  stream_->Hello();
  stream_->Welcome(7, true, wanted.id());
  stream_->Answer(wanted.id(), Items(1, 2));
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(value, "1");
}

TEST_F(RemoteConsumerTest, TheClientMayGoBeforeItsConsumer) {
  const auto first = First(2);
  NextGet(v1::AHEAD, 3);
  client_->close();
  EXPECT_EQ(testing::ReasonOf([&] { consumer_->get(); }), Reason::kCancelled) << "what it held is lost";
  stream_->WaitUntilGone();
}

}  // namespace
}  // namespace sluice
