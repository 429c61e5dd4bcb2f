// The fields of protobuf messages, read one by one off a stream of chunks. Internal to proto/session_codec.
//
// It takes and refuses exactly what the generated parsers of protobuf 3.21 do: tags of up to 5 bytes, sizes of up to
// 2 GiB in as many, varints of up to 10, groups that are closed, a depth of at most 100.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include <google/protobuf/io/zero_copy_stream.h>

namespace sluice::wire {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kSized = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

constexpr std::uint32_t Tag(std::uint32_t field, WireType type) { return field << 3 | type; }

// Every method but the first returns false when the input is no message; from then on all of them do.
//
// Thread safety: none.
class WireReader {
 public:
  // Borrows: `in`, which is at the beginning of a message and ends with it.
  explicit WireReader(google::protobuf::io::ZeroCopyInputStream* in) : in_(in) {}

  bool ok() const { return ok_; }

  // The tag of the next field. False also at the end of the message.
  bool Next(std::uint32_t* tag) {
    if (p_ == end_ && !Refill()) return false;
    const auto first = static_cast<std::uint8_t>(*p_);
    if (first >= 0x80) return LongTag(tag);
    ++p_;
    return CheckTag(*tag = first);
  }
  // The value of a field of that type.
  bool Varint(std::uint64_t* value) {
    if (here() >= kMaxVarint) return NearVarint(value);
    if (p_ == end_ || static_cast<std::uint8_t>(*p_) >= 0x80) return LongVarint(value);
    *value = static_cast<std::uint8_t>(*p_++);
    return true;
  }
  // The number of bytes of a sized field, which come next.
  bool Size(std::size_t* size) {
    if (p_ == end_ || static_cast<std::uint8_t>(*p_) >= 0x80) return LongSize(size);
    *size = static_cast<std::uint8_t>(*p_++);
    return true;
  }
  // Bytes of the message as they are.
  bool Copy(char* to, std::size_t size) {
    if (size > here()) return LongCopy(to, size);
    if (size > 0) std::memcpy(to, p_, size);
    p_ += size;
    return true;
  }
  bool Append(std::string* to, std::size_t size);
  bool Discard(std::size_t size);
  // A sized field. Borrows: from the input or from `scratch`, until the next call.
  bool View(std::string_view* view, std::string* scratch);
  // A sized field that must be UTF-8; of one that is not the whole message is refused.
  bool Text(std::string* text);
  // The value of the field with this tag, which nobody wants.
  bool Skip(std::uint32_t tag);

  // More bytes of the message at hand.
  bool More() { return p_ != end_ || Refill(); }
  // Bytes of it that are still to come, if its size is true.
  std::uint64_t rest() const { return limit_ - position(); }
  // Those of them that are there.
  std::size_t here() const { return static_cast<std::size_t>(end_ - p_); }
  // A message within the message: `fields` reads all of it, with Next until it is false, and returns ok(). Packed
  // numbers likewise, with More instead of Next.
  template <typename Fields>
  bool Message(Fields&& fields) {
    std::uint64_t outer = 0;
    if (!Enter(&outer) || !fields()) return false;
    Leave(outer);
    return true;
  }

 private:
  static constexpr unsigned kMaxVarint = 10;
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  bool Fail() { return ok_ = false; }
  // Field 0 does not exist; a group ends only where one was begun.
  bool CheckTag(std::uint32_t tag) { return (tag >> 3 != 0 && (tag & 7) != kGroupEnd) || Fail(); }
  bool Refill();
  bool Byte(std::uint8_t* byte);
  bool AnyTag(std::uint32_t* tag);
  bool LongTag(std::uint32_t* tag) { return AnyTag(tag) && CheckTag(*tag); }
  bool LongVarint(std::uint64_t* value);
  // Requires: all bytes that it may have are here.
  bool NearVarint(std::uint64_t* value) {
    std::uint64_t result = 0;
    for (unsigned i = 0; i < kMaxVarint; ++i) {
      const auto byte = static_cast<std::uint8_t>(p_[i]);
      result |= static_cast<std::uint64_t>(byte & 0x7Fu) << (7 * i);
      if (byte < 0x80) {
        p_ += i + 1;
        *value = result;
        return true;
      }
    }
    return Fail();
  }
  bool LongSize(std::size_t* size);
  bool LongCopy(char* to, std::size_t size);
  bool SkipGroup(std::uint32_t tag);
  bool Enter(std::uint64_t* outer) {
    std::size_t size = 0;
    if (!Size(&size) || --depth_ < 0 || size > limit_ - position()) return Fail();
    *outer = limit_;
    SetLimit(position() + size);
    return true;
  }
  void Leave(std::uint64_t outer) {
    ++depth_;
    SetLimit(outer);
  }
  void SetLimit(std::uint64_t limit) {
    limit_ = limit;
    end_ = chunk_end_at_ <= limit ? chunk_end_ : chunk_end_ - (chunk_end_at_ - limit);
  }
  // Bytes read so far.
  std::uint64_t position() const { return chunk_end_at_ - static_cast<std::uint64_t>(chunk_end_ - p_); }

  google::protobuf::io::ZeroCopyInputStream* const in_;
  // The next byte, the end of those that are there and belong to the message at hand, the end of those that are there.
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  const char* chunk_end_ = nullptr;
  std::uint64_t chunk_end_at_ = 0;  // its place in the whole input
  std::uint64_t limit_ = kNoLimit;  // the end of the message at hand, likewise
  int depth_ = 100;
  bool ok_ = true;
};

}  // namespace sluice::wire
