// What a producer puts and a consumer gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/clock.h>

#include "common/block_pool.h"
#include "common/bytes.h"
#include "common/ids.h"

namespace sluice {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The bytes of one content: kept by an owner of their own, or part of the content's memory (see MakeContent). So they
// move with their content and are never copied out of it: a view lasts as long as the content does.
class Payload {
 public:
  Payload() = default;
  Payload(Bytes bytes) : bytes_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor): bytes are a payload
  // Borrows: `view`, which lies in the memory of the content that this becomes a part of.
  static Payload Within(std::string_view view) { return Bytes(nullptr, view); }

  Payload(Payload&&) noexcept = default;
  Payload& operator=(Payload&&) noexcept = default;

  // Borrows: from the content.
  std::string_view view() const { return bytes_.view(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  Bytes bytes_;
};

// Never changes after the put: every delivery and every retained answer shares it.
struct Content {
  Payload payload;
  std::string content_type;
  Headers headers;
  std::int64_t priority = 0;
};
using ContentPtr = std::shared_ptr<const Content>;

namespace detail {

// Memory behind an object.
struct Room {
  std::size_t bytes = 0;
  char* begin = nullptr;
};

// Gives one object, with room behind it. Borrows: `room`, until the object is made.
template <typename T>
class RoomBehind {
 public:
  using value_type = T;
  explicit RoomBehind(Room* room) : room_(room), bytes_(room->bytes) {}
  template <typename U>
  RoomBehind(const RoomBehind<U>& other)  // NOLINT(google-explicit-constructor): rebinding
      : room_(other.room()), bytes_(other.bytes()) {}

  T* allocate(std::size_t count) {
    char* const memory = static_cast<char*>(BlockPool::New(count * sizeof(T) + bytes_));
    room_->begin = memory + count * sizeof(T);
    return reinterpret_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) { BlockPool::Delete(memory, count * sizeof(T) + bytes_); }
  Room* room() const { return room_; }
  std::size_t bytes() const { return bytes_; }
  friend bool operator==(const RoomBehind&, const RoomBehind&) { return true; }

 private:
  Room* room_;
  std::size_t bytes_;
};

}  // namespace detail

// A content and its payload in one piece of memory. `*payload` is where its bytes are to be written, before the
// content is shared.
inline std::shared_ptr<Content> MakeContent(std::size_t payload_bytes, char** payload) {
  detail::Room room{payload_bytes, nullptr};
  auto content = std::allocate_shared<Content>(detail::RoomBehind<Content>(&room));
  content->payload = Payload::Within({room.begin, payload_bytes});
  *payload = room.begin;
  return content;
}

// An item and its lease.
struct Delivery {
  ItemId id;
  Fence fence;
  std::uint32_t attempt = 0;  // 1 for the first delivery
  TimePoint put_time;
  ContentPtr content;
};

// A look at a ready item.
struct PeekedItem {
  ItemId id;
  std::uint32_t attempts = 0;
  TimePoint put_time;
  std::string last_error;
  ContentPtr content;
};

}  // namespace sluice
