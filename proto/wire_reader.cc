#include "proto/wire_reader.h"

#include <algorithm>
#include <cstring>

#include "proto/utf8.h"

namespace sluice::wire {
namespace {

constexpr std::size_t kMaxSize = std::numeric_limits<std::int32_t>::max() - 16;  // as protobuf has it

}  // namespace

bool WireReader::Refill() {
  if (!ok_ || end_ != chunk_end_ || chunk_end_at_ == limit_) return false;
  const void* data = nullptr;
  int size = 0;
  while (size == 0) {
    if (in_->Next(&data, &size)) continue;
    if (limit_ != kNoLimit) ok_ = false;  // cut off
    return false;
  }
  p_ = static_cast<const char*>(data);
  chunk_end_ = p_ + size;
  chunk_end_at_ += static_cast<std::uint64_t>(size);
  SetLimit(limit_);
  return true;
}

bool WireReader::Byte(std::uint8_t* byte) {
  if (p_ == end_ && !Refill()) return Fail();
  *byte = static_cast<std::uint8_t>(*p_++);
  return true;
}

bool WireReader::AnyTag(std::uint32_t* tag) {
  *tag = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    std::uint8_t byte = 0;
    if (!Byte(&byte)) return false;
    *tag |= static_cast<std::uint32_t>(byte & 0x7Fu) << shift;
    if (byte < 0x80) return true;
  }
  return Fail();
}

bool WireReader::LongVarint(std::uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    std::uint8_t byte = 0;
    if (!Byte(&byte)) return false;
    *value |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
    if (byte < 0x80) return true;
  }
  return Fail();
}

bool WireReader::LongSize(std::size_t* size) {
  *size = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    std::uint8_t byte = 0;
    if (!Byte(&byte)) return false;
    *size |= static_cast<std::size_t>(byte & 0x7Fu) << shift;
    if (byte < 0x80) return *size <= kMaxSize || Fail();
  }
  return Fail();
}

bool WireReader::LongCopy(char* to, std::size_t size) {
  while (size > 0) {
    if (p_ == end_ && !Refill()) return Fail();
    const std::size_t part = std::min(size, static_cast<std::size_t>(end_ - p_));
    std::memcpy(to, p_, part);
    p_ += part;
    to += part;
    size -= part;
  }
  return true;
}

// Grows as bytes come: a size that is not true costs no memory.
bool WireReader::Append(std::string* to, std::size_t size) {
  while (size > 0) {
    if (p_ == end_ && !Refill()) return Fail();
    const std::size_t part = std::min(size, static_cast<std::size_t>(end_ - p_));
    to->append(p_, part);
    p_ += part;
    size -= part;
  }
  return true;
}

bool WireReader::View(std::string_view* view, std::string* scratch) {
  std::size_t size = 0;
  if (!Size(&size)) return false;
  if (size <= here()) {
    *view = {p_, size};
    p_ += size;
    return true;
  }
  scratch->clear();
  if (!Append(scratch, size)) return false;
  *view = *scratch;
  return true;
}

bool WireReader::Text(std::string* text) {
  std::size_t size = 0;
  if (!Size(&size)) return false;
  if (size > here()) {
    text->clear();
    return Append(text, size) && (IsUtf8(*text) || Fail());
  }
  // Looked at where it is: the copy would be waited for until all that was written before it is in memory.
  const std::string_view view(p_, size);
  if (!IsUtf8(view)) return Fail();
  text->assign(view);
  p_ += size;
  return true;
}

bool WireReader::Discard(std::size_t size) {
  while (size > 0) {
    if (p_ == end_ && !Refill()) return Fail();
    const std::size_t part = std::min(size, static_cast<std::size_t>(end_ - p_));
    p_ += part;
    size -= part;
  }
  return true;
}

bool WireReader::Skip(std::uint32_t tag) {
  std::uint64_t value = 0;
  std::size_t size = 0;
  switch (tag & 7) {
    case kVarint: return Varint(&value);
    case kFixed64: return Discard(8);
    case kSized: return Size(&size) && Discard(size);
    case kGroup: return SkipGroup(tag);
    case kFixed32: return Discard(4);
    default: return Fail();
  }
}

bool WireReader::SkipGroup(std::uint32_t tag) {
  if (--depth_ < 0) return Fail();
  std::uint32_t inner = 0;
  while (AnyTag(&inner)) {
    if (inner == (tag ^ kGroup ^ kGroupEnd)) {
      ++depth_;
      return true;
    }
    if (!CheckTag(inner) || !Skip(inner)) return false;
  }
  return false;
}

}  // namespace sluice::wire
