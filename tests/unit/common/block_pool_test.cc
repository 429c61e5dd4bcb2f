#include "common/block_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace sluice {
namespace {

// Every byte of each is written, so that a block that is in two hands, or too small, does not go unnoticed.
std::vector<char*> Take(std::size_t count, std::size_t bytes) {
  std::vector<char*> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(static_cast<char*>(BlockPool::New(bytes)));
    std::memset(blocks.back(), static_cast<int>(i % 251), bytes);
  }
  return blocks;
}

void GiveBack(const std::vector<char*>& blocks, std::size_t bytes) {
  for (char* block : blocks) BlockPool::Delete(block, bytes);
}

bool Untouched(const std::vector<char*>& blocks, std::size_t bytes) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto mark = static_cast<char>(i % 251);
    for (std::size_t at = 0; at < bytes; ++at) {
      if (blocks[i][at] != mark) return false;
    }
  }
  return true;
}

TEST(BlockPool, BlocksInUseAreDistinctAndLargeEnough) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{240},
                                  BlockPool::kMaxBlockBytes, BlockPool::kMaxBlockBytes + 1}) {
    for (int round = 0; round < 3; ++round) {
      const std::vector<char*> blocks = Take(1'000, bytes);
      EXPECT_EQ(std::set<char*>(blocks.begin(), blocks.end()).size(), blocks.size());
      EXPECT_TRUE(Untouched(blocks, bytes)) << bytes << " bytes";
      GiveBack(blocks, bytes);
    }
  }
}

TEST(BlockPool, OneOfEachSizeDoesNotReachIntoAnother) {
  std::vector<char*> blocks;
  for (std::size_t bytes = 1; bytes <= BlockPool::kMaxBlockBytes; ++bytes) blocks.push_back(Take(1, bytes).front());
  for (std::size_t bytes = 1; bytes <= BlockPool::kMaxBlockBytes; ++bytes) {
    EXPECT_TRUE(Untouched({blocks[bytes - 1]}, bytes)) << bytes << " bytes";
    BlockPool::Delete(blocks[bytes - 1], bytes);
  }
}

TEST(BlockPool, WhatOneThreadMadeAnotherMayEndWhileBothGoOn) {
  constexpr std::size_t kBytes = 200;
  for (int round = 0; round < 50; ++round) {
    const std::vector<char*> blocks = Take(2'000, kBytes);
    std::thread other([&] { GiveBack(blocks, kBytes); });
    const std::vector<char*> more = Take(2'000, kBytes);
    other.join();
    ASSERT_TRUE(Untouched(more, kBytes));
    GiveBack(more, kBytes);
  }
}

TEST(BlockPool, MoreThanTheStoreKeepsIsGivenBackToo) {
  constexpr std::size_t kBytes = 1'024;
  const std::vector<char*> blocks = Take(4 * BlockPool::kStoreBytes / kBytes, kBytes);
  EXPECT_TRUE(Untouched(blocks, kBytes));
  GiveBack(blocks, kBytes);
  const std::vector<char*> again = Take(100, kBytes);
  EXPECT_TRUE(Untouched(again, kBytes));
  GiveBack(again, kBytes);
}

// Its destructor runs when the thread has given back what it kept.
struct Late {
  char* block = nullptr;
  ~Late() { BlockPool::Delete(block, 64); }
};

TEST(BlockPool, AThreadThatEndsMayStillGiveBack) {
  std::thread([] {
    static thread_local Late late;
    late.block = Take(1, 64).front();
    GiveBack(Take(10, 64), 64);
  }).join();
  const std::vector<char*> blocks = Take(100, 64);
  EXPECT_TRUE(Untouched(blocks, 64));
  GiveBack(blocks, 64);
}

}  // namespace
}  // namespace sluice
