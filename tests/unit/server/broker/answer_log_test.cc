// What a session keeps of its answers, so that after a reconnect exactly the missing ones are sent again.
#include "server/broker/answer_log.h"

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

class AnswerLogTest : public ::testing::Test {
 protected:
  void Add(Answer answer = {}) {
    NumberedAnswer numbered{.operation = ++last, .answer = std::make_shared<const Answer>(std::move(answer))};
    Weigh(numbered);
    log.Add(std::move(numbered));
  }
  void Add(std::size_t items, std::size_t bytes_each) {
    GetResult got;
    for (std::size_t item = 0; item < items; ++item) {
      got.deliveries.push_back({{}, {}, 1, {}, Text(std::string(bytes_each, 'x'))});
    }
    Add(Answer::Ok(std::move(got)));
  }
  std::vector<std::uint64_t> Take(std::size_t items = 1000, std::size_t bytes = 1000) {
    std::vector<std::uint64_t> numbers;
    for (const SessionAnswer& answer : log.Take(items, bytes)) numbers.push_back(answer.operation);
    return numbers;
  }
  using Numbers = std::vector<std::uint64_t>;

  AnswerLog log;
  std::uint64_t last = 0;
  std::vector<NumberedAnswer> forgotten;
};

TEST_F(AnswerLogTest, GivesEachAnswerOnceInOrder) {
  Add();
  Add();
  EXPECT_EQ(Take(), (Numbers{1, 2}));
  EXPECT_EQ(Take(), Numbers{});
  Add();
  EXPECT_TRUE(log.HasNext());
  EXPECT_EQ(Take(), Numbers{3});
  EXPECT_FALSE(log.HasNext());
}

TEST_F(AnswerLogTest, StopsBeforeItemsOrBytesAreExceeded) {
  for (int answer = 0; answer < 3; ++answer) Add(4, 100);
  EXPECT_EQ(Take(8, 1000), (Numbers{1, 2}));
  EXPECT_EQ(log.Rewind(0, &forgotten), true);
  EXPECT_EQ(Take(100, 900), (Numbers{1, 2}));
}

TEST_F(AnswerLogTest, GivesAnAnswerThatAloneIsTooLarge) {
  Add(10, 1000);
  Add(10, 1000);
  EXPECT_EQ(Take(1, 1), Numbers{1});
  EXPECT_EQ(Take(0, 0), Numbers{2});
}

TEST_F(AnswerLogTest, KeepsWhatIsNotConfirmedAndSendsItAgainAfterARewind) {
  for (int answer = 0; answer < 4; ++answer) Add();
  Take();
  ASSERT_TRUE(log.Confirm(1, &forgotten));
  EXPECT_EQ(log.retained(), 3u);
  ASSERT_TRUE(log.Rewind(2, &forgotten));
  EXPECT_EQ(forgotten.size(), 2u);
  EXPECT_EQ(Take(), (Numbers{3, 4}));
}

TEST_F(AnswerLogTest, RefusesToConfirmWhatGoesBackOrWasNeverSent) {
  for (int answer = 0; answer < 3; ++answer) Add();
  Take(2);
  EXPECT_FALSE(log.Confirm(3, &forgotten));
  EXPECT_TRUE(log.Confirm(2, &forgotten));
  EXPECT_TRUE(log.Confirm(2, &forgotten)) << "the same number again says nothing new";
  EXPECT_FALSE(log.Confirm(1, &forgotten));
  EXPECT_FALSE(log.Rewind(1, &forgotten)) << "it is forgotten";
  EXPECT_EQ(forgotten.size(), 2u);
}

TEST_F(AnswerLogTest, AConfirmationThatIsAheadOfTheNewStreamIsNotSentAgain) {
  for (int answer = 0; answer < 3; ++answer) Add();
  Take();
  ASSERT_TRUE(log.Rewind(0, &forgotten));
  ASSERT_TRUE(log.Confirm(2, &forgotten));
  EXPECT_EQ(Take(), Numbers{3});
}

TEST_F(AnswerLogTest, TellsWhatWasNeverSentOnAnyStream) {
  for (int answer = 0; answer < 3; ++answer) Add();
  Take(2);
  ASSERT_TRUE(log.Rewind(0, &forgotten));
  ASSERT_EQ(log.Unsent().size(), 1u);
  EXPECT_EQ(log.Unsent().front().operation, 3u);
}

}  // namespace
}  // namespace sluice::broker
