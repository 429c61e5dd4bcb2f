// The cold end of a queue beside a plain list.
#include "server/queue/cold_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace sluice::queue {
namespace {

ColdItem Item(std::uint64_t id, std::uint64_t position) {
  return {ItemId{id}, TimePoint{}, {position, 0, 3}, static_cast<std::uint32_t>(id % 10), kPutRecordBytes};
}

const ColdItem* OldestOf(const std::vector<ColdItem>& items) {
  const auto oldest = std::min_element(items.begin(), items.end(), [](const ColdItem& a, const ColdItem& b) {
    return a.home.position < b.home.position;
  });
  return oldest == items.end() ? nullptr : &*oldest;
}

TEST(ColdLineTest, KnowsTheOldestHomeHoweverItemsAreAddedTakenAndMoved) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 dice(seed);
    ColdLine line;
    std::vector<ColdItem> items;
    std::uint64_t position = 1;
    for (std::uint64_t id = 1; id < 500; ++id) {
      position += dice() % 3;
      switch (dice() % 5) {
        case 0:
          if (items.empty()) break;
          ASSERT_EQ(line.PopFront().id, items.front().id);
          items.erase(items.begin());
          break;
        case 1:
        case 2:
          if (items.empty()) break;
          const_cast<ColdItem*>(OldestOf(items))->home.position = position;
          line.MoveOldest({position, 0, 3}, kItemRecordBytes);
          break;
        default: items.push_back(Item(id, position)); line.PushBack(items.back());
      }
      ASSERT_EQ(line.size(), items.size());
      ASSERT_EQ(line.OldestHome() == nullptr, items.empty());
      if (!items.empty()) {
        ASSERT_EQ(line.OldestHome()->home.position, OldestOf(items)->home.position);
      }
      std::size_t bytes = 0;
      for (const ColdItem& item : items) bytes += item.payload_bytes;
      ASSERT_EQ(line.payload_bytes(), bytes);
    }
    std::vector<std::uint64_t> visited;
    line.VisitByHome(position - 2, [&](const ColdItem& item) {
      visited.push_back(item.home.position);
      return true;
    });
    EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
    EXPECT_EQ(visited.size(), std::count_if(items.begin(), items.end(),
                                            [&](const ColdItem& item) { return item.home.position <= position - 2; }));
  }
}

}  // namespace
}  // namespace sluice::queue
