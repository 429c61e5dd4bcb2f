// An item as its queue holds it: ready, or leased (then `fence` is set); or cold: a line in a long queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/clock.h>

#include "common/block_pool.h"
#include "common/fetch.h"
#include "common/ids.h"
#include "common/item.h"
#include "common/limits.h"
#include "server/queue/intrusive_list.h"

namespace sluice::queue {

class Queue;
struct SessionState;

// Of an item's record in the log, about: its share of a put's; or one of its own, but for the text of its error.
inline constexpr std::uint32_t kPutRecordBytes = 32;
inline constexpr std::uint32_t kItemRecordBytes = 64;

// Where a content stands in the journal.
struct Home {
  std::uint64_t position = 0;  // of the batch; 0: nowhere, the item lives in memory
  std::uint32_t offset = 0;    // in the batch's contents
  std::uint32_t bytes = 0;
};

inline bool IsWithin(const Home& home, std::string_view contents) {
  return home.offset <= contents.size() && home.bytes <= contents.size() - home.offset;
}

// A ready item that was never delivered and is far from the front of its queue: all that is known of it without reading
// its content.
struct ColdItem {
  ItemId id;
  TimePoint put_time;
  Home home;
  std::uint32_t payload_bytes = 0;
  std::uint32_t record_bytes = kPutRecordBytes;
};

struct StoredItem {
  ItemId id;
  ContentPtr content;  // null: it is to be read from its home first
  TimePoint put_time;
  Queue* queue = nullptr;
  Home home;
  std::uint64_t returned = 0;  // position of the batch that says so; 0: never in this life of the server
  std::int64_t priority = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t attempts = 0;    // deliveries that counted
  std::uint32_t deliveries = 0;  // all deliveries
  std::uint32_t record_bytes = kPutRecordBytes;
  std::string last_error;

  // The lease.
  Fence fence;
  SessionState* owner = nullptr;      // null: a unary call
  std::optional<TimePoint> deadline;  // of a lease that no session keeps alive
  bool auto_ack = false;
  bool in_advance = false;  // its session may not have begun it
  bool named = false;       // by the command that runs: a second time it is somebody else's

  Links<StoredItem> by_age;      // all items of the queue, oldest first
  Links<StoredItem> by_session;  // all leases of the session
  Links<StoredItem> by_home;     // all items of the namespace that have a home, oldest first

  // They come and go by the batch.
  static void* operator new(std::size_t bytes) { return BlockPool::New(bytes); }
  static void operator delete(void* item, std::size_t bytes) noexcept { BlockPool::Delete(item, bytes); }

  bool leased() const { return static_cast<bool>(fence); }
  std::size_t bytes() const { return payload_bytes; }
};

// Soon it is shared or let go.
inline void FetchContent(const StoredItem& item) {
  const auto* const content = reinterpret_cast<const char*>(item.content.get());
  if (content == nullptr) return;  // on the disk
  FetchToWrite(content - 1, 1);    // the count of its owners
  FetchToRead(content, sizeof(Content));
}

// What an item that is alive takes of the log.
template <typename Item>
std::size_t LogBytes(const Item& item) {
  return std::size_t{item.home.bytes} + item.record_bytes;
}

// All bytes that a producer gave: what a reply carries.
inline std::size_t ContentBytes(const Content& content) {
  std::size_t bytes = content.payload.size() + content.content_type.size();
  for (const auto& [name, value] : content.headers) bytes += name.size() + value.size();
  return bytes;
}

// What an item is charged to the server's memory: when it is put, and later.
inline std::size_t Charge(const Content& content) { return ContentBytes(content) + limits::kItemOverheadBytes; }
inline std::size_t Charge(const StoredItem& item) {
  return (item.content ? ContentBytes(*item.content) : 0) + limits::kItemOverheadBytes + item.last_error.size();
}

}  // namespace sluice::queue
