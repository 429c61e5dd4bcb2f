// A table by rising numbers: finds what is there, and costs what is there and not what was.
#include "server/queue/number_table.h"

#include <memory>

#include <gtest/gtest.h>

namespace sluice::queue {
namespace {

TEST(NumberTable, FindsAndTakesWhatWasAdded) {
  NumberTable<int> table;
  table.Add(1, 10);
  table.Add(2, 20);
  ASSERT_NE(table.Find(2), nullptr);
  EXPECT_EQ(*table.Find(2), 20);
  EXPECT_EQ(table.Take(1), 10);
  EXPECT_EQ(table.Find(1), nullptr);
  EXPECT_EQ(table.Take(1), 0) << "empty when it is not there";
  EXPECT_EQ(table.size(), 1u);
}

TEST(NumberTable, KnowsNothingOfZeroOrOfWhatWasNeverAdded) {
  NumberTable<int> table;
  EXPECT_EQ(table.Find(0), nullptr);
  EXPECT_EQ(table.Find(5), nullptr);
  table.Add(5, 50);
  EXPECT_EQ(table.Find(0), nullptr);
  EXPECT_EQ(table.Find(5 + (1u << 20)), nullptr) << "another number of the same slot";
  EXPECT_EQ(table.Take(5 + (1u << 20)), 0);
  EXPECT_EQ(table.size(), 1u);
}

TEST(NumberTable, KeepsAllOfManyWhateverTheGapsBetweenThem) {
  NumberTable<std::unique_ptr<std::uint64_t>> table;
  std::uint64_t number = 0;
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    number += step % 7 == 0 ? 1024 : 1 + step % 3;
    numbers.push_back(number);
    table.Add(number, std::make_unique<std::uint64_t>(number));
  }
  EXPECT_EQ(table.size(), numbers.size());
  std::size_t visited = 0;
  table.ForEach([&](std::uint64_t key, const std::unique_ptr<std::uint64_t>& value) {
    EXPECT_EQ(key, *value);
    ++visited;
  });
  EXPECT_EQ(visited, numbers.size());
  for (const std::uint64_t each : numbers) {
    ASSERT_NE(table.Find(each), nullptr) << each;
    ASSERT_EQ(*table.Take(each), each);
  }
  EXPECT_TRUE(table.empty());
}

// Slots hold values, too: so many are in memory.
struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
  static int alive;
};
int Counted::alive = 0;

TEST(NumberTable, AnOldEntryCostsNothingForTheYoungOnesThatComeAndGo) {
  NumberTable<Counted> table;
  table.Add(1, {});
  for (std::uint64_t number = 2; number < 100'000; ++number) {
    table.Add(number, {});
    table.Take(number);
  }
  EXPECT_NE(table.Find(1), nullptr);
  EXPECT_LT(Counted::alive, 100);
}

TEST(NumberTable, ABurstThatIsOverLeavesLittleBehind) {
  NumberTable<Counted> table;
  for (std::uint64_t number = 1; number < 100'000; ++number) table.Add(number, {});
  for (std::uint64_t number = 1; number < 100'000; ++number) table.Take(number);
  EXPECT_LT(Counted::alive, 2'000);
}

}  // namespace
}  // namespace sluice::queue
