// Memory that is used again: objects begin and end as with new and delete.
#include "server/queue/pool.h"

#include <memory>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::queue {
namespace {

struct Thing {
  explicit Thing(std::shared_ptr<int> what) : held(std::move(what)) {}
  std::shared_ptr<int> held;
  int left = 7;
};

TEST(Pool, MakesAndEndsObjects) {
  const auto held = std::make_shared<int>(1);
  Pool<Thing, 2> pool;
  Thing* thing = pool.New(held);
  EXPECT_EQ(held.use_count(), 2);
  thing->left = 8;
  pool.Delete(thing);
  EXPECT_EQ(held.use_count(), 1) << "it has ended, though its memory is kept";
  Thing* next = pool.New(held);
  EXPECT_EQ(next->left, 7) << "nothing is left of what was there";
  delete next;  // as a queue does that is destroyed
}

TEST(Pool, UsesKeptMemoryAgainAndKeepsABoundedAmount) {
  Pool<Thing, 2> pool;
  std::vector<Thing*> things;
  for (int each = 0; each < 5; ++each) things.push_back(pool.New(nullptr));
  for (Thing* thing : things) pool.Delete(thing);
  EXPECT_EQ(pool.kept(), 2u);
  const std::set<Thing*> kept = {things[0], things[1]};
  for (int each = 0; each < 2; ++each) {
    Thing* again = pool.New(nullptr);
    EXPECT_TRUE(kept.contains(again));
    delete again;
  }
  EXPECT_EQ(pool.kept(), 0u);
}

}  // namespace
}  // namespace sluice::queue
