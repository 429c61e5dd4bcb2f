#include "common/block_pool.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

#include "common/fetch.h"

namespace sluice {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SLUICE_KEEPS_NO_BLOCK
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SLUICE_KEEPS_NO_BLOCK)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

constexpr std::size_t kStep = 32;  // between the sizes
constexpr std::size_t kSizes = BlockPool::kMaxBlockBytes / kStep;
constexpr std::size_t kHandfulBytes = 16u << 10;

constexpr std::size_t IndexOf(std::size_t bytes) { return bytes == 0 ? 0 : (bytes - 1) / kStep; }
constexpr std::size_t BytesOf(std::size_t index) { return (index + 1) * kStep; }
constexpr std::size_t HandfulOf(std::size_t index) { return kHandfulBytes / BytesOf(index); }

// A block that nobody uses.
struct Block {
  Block* next;          // of its handful
  Block* ahead;         // a few behind it in its handful, or null
  Block* next_handful;  // in the store, of the first of a handful
};

// The one that is given a few blocks after `block`.
Block* Ahead(const Block* block) {
  for (int i = 0; i < 2 && block != nullptr; ++i) block = block->next;
  return block == nullptr ? nullptr : block->next;
}

void Free(Block* handful) {
  while (handful != nullptr) ::operator delete(std::exchange(handful, handful->next));
}

// Handfuls of one size, for all threads. Who finds it busy goes without: so nobody ever waits here, not even for a
// thread that a fork has left behind.
class Store {
 public:
  // Null: there is none.
  Block* Take(std::size_t index) {
    if (busy_.test_and_set(std::memory_order_acquire)) return nullptr;
    Block* const taken = handfuls_;
    if (taken != nullptr) handfuls_ = taken->next_handful;
    busy_.clear(std::memory_order_release);
    if (taken != nullptr) bytes_.fetch_sub(HandfulOf(index) * BytesOf(index), std::memory_order_relaxed);
    return taken;
  }

  // False: not taken.
  bool Give(std::size_t index, Block* handful) {
    const std::size_t bytes = HandfulOf(index) * BytesOf(index);
    if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > BlockPool::kStoreBytes ||
        busy_.test_and_set(std::memory_order_acquire)) {
      bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    handful->next_handful = handfuls_;
    handfuls_ = handful;
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  static inline std::atomic<std::size_t> bytes_{0};  // in all stores

  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  Block* handfuls_ = nullptr;
};

constinit std::array<Store, kSizes> stores;

// What a thread keeps of one size: less than a handful at hand, and a whole one or none.
struct Shelf {
  Block* blocks;
  Block* handful;
  std::size_t count;  // of blocks
};

enum class Stage : std::uint8_t { kNew, kKeeping, kOver };

// No constructors, no destructors: there from the first to the last breath of a thread.
constinit thread_local std::array<Shelf, kSizes> shelves{};
constinit thread_local Stage stage = Stage::kNew;

// Frees what the thread kept when it ends.
struct Leaving {
  ~Leaving() {
    stage = Stage::kOver;
    for (Shelf& shelf : shelves) {
      Free(std::exchange(shelf.blocks, nullptr));
      Free(std::exchange(shelf.handful, nullptr));
    }
  }
};

bool MayKeep() {
  if (stage == Stage::kNew) {
    static thread_local const Leaving leaving;
    static_cast<void>(&leaving);
    stage = Stage::kKeeping;
  }
  return stage == Stage::kKeeping;
}

// False: there is none to be had.
bool Fill(Shelf& shelf, std::size_t index) {
  if (!MayKeep()) return false;
  shelf.blocks = shelf.handful != nullptr ? std::exchange(shelf.handful, nullptr) : stores[index].Take(index);
  if (shelf.blocks == nullptr) return false;
  shelf.count = HandfulOf(index);
  return true;
}

void MakeRoom(Shelf& shelf, std::size_t index) {
  Block* const full = std::exchange(shelf.blocks, nullptr);
  shelf.count = 0;
  if (shelf.handful == nullptr) {
    shelf.handful = full;
  } else if (!stores[index].Give(index, full)) {
    Free(full);
  }
}

}  // namespace

void* BlockPool::New(std::size_t bytes) {
  if (!kKeeps || bytes > kMaxBlockBytes) return ::operator new(bytes);
  const std::size_t index = IndexOf(bytes);
  Shelf& shelf = shelves[index];
  if (shelf.blocks == nullptr && !Fill(shelf, index)) return ::operator new(BytesOf(index));
  --shelf.count;
  Block* const block = std::exchange(shelf.blocks, shelf.blocks->next);
  // Mostly far away, in another processor's cache at that. All of it will be written.
  FetchToWrite(block->ahead, BytesOf(index));
  return block;
}

void BlockPool::Delete(void* block, std::size_t bytes) noexcept {
  if (!kKeeps || bytes > kMaxBlockBytes || (stage != Stage::kKeeping && !MayKeep())) return ::operator delete(block);
  const std::size_t index = IndexOf(bytes);
  Shelf& shelf = shelves[index];
  if (shelf.count == HandfulOf(index)) MakeRoom(shelf, index);
  shelf.blocks = new (block) Block{shelf.blocks, Ahead(shelf.blocks), nullptr};
  ++shelf.count;
}

}  // namespace sluice
