// Writes protobuf messages in two passes over one description of them: the first measures, the second writes exactly
// that many bytes. A description is a template over its sink; both sinks below have the same methods. What they write
// is what the generated classes write: fields in the order of the calls, numbers that are 0 and empty texts left out.
// Internal to proto/session_codec.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "proto/utf8.h"
#include "proto/wire_reader.h"

namespace sluice::wire {

inline std::size_t VarintSize(std::uint64_t value) {
  return (static_cast<unsigned>(std::bit_width(value | 1)) + 6) / 7;
}

// What the first pass finds out and the second one needs, in the order in which it is met.
struct Measures {
  std::vector<std::uint32_t> sizes;  // of nested messages
  std::string generated;             // what generated classes have written

  void Clear() {
    sizes.clear();
    generated.clear();
  }
};

class Sizer {
 public:
  explicit Sizer(Measures* measures) : measures_(*measures) {}
  std::size_t size() const { return size_; }

  // A number, also when it is 0.
  void PresentVarint(std::uint32_t field, std::uint64_t value) {
    size_ += VarintSize(Tag(field, kVarint)) + VarintSize(value);
  }
  void Varint(std::uint32_t field, std::uint64_t value) {
    if (value != 0) PresentVarint(field, value);
  }
  // A field, also when it is empty.
  void PresentBytes(std::uint32_t field, std::string_view bytes) {
    size_ += VarintSize(Tag(field, kSized)) + VarintSize(bytes.size()) + bytes.size();
  }
  void Bytes(std::uint32_t field, std::string_view bytes) {
    if (!bytes.empty()) PresentBytes(field, bytes);
  }
  // With '?' for every byte that is not UTF-8: as many bytes.
  void PresentText(std::uint32_t field, std::string_view text) { PresentBytes(field, text); }
  void Text(std::uint32_t field, std::string_view text) { Bytes(field, text); }
  void QueueName(std::uint32_t field, std::string_view space, std::string_view name) {
    const std::size_t bytes = space.size() + 1 + name.size();
    size_ += VarintSize(Tag(field, kSized)) + VarintSize(bytes) + bytes;
  }
  void Fences(std::uint32_t field, const std::vector<Fence>& fences) {
    if (fences.empty()) return;
    std::size_t bytes = 0;
    for (const Fence fence : fences) bytes += VarintSize(fence.value);
    measures_.sizes.push_back(static_cast<std::uint32_t>(bytes));
    size_ += VarintSize(Tag(field, kSized)) + VarintSize(bytes) + bytes;
  }
  // A message within the message, also when it is empty: `fields` writes it.
  template <typename Fields>
  void Message(std::uint32_t field, Fields&& fields) {
    const std::size_t slot = measures_.sizes.size();
    measures_.sizes.push_back(0);
    const std::size_t before = size_;
    fields();
    const std::size_t bytes = size_ - before;
    measures_.sizes[slot] = static_cast<std::uint32_t>(bytes);
    size_ += VarintSize(Tag(field, kSized)) + VarintSize(bytes);
  }
  // The fields of a generated message, which `fill` fills.
  template <typename Generated, typename Fill>
  void Fields(Fill&& fill) {
    Generated message;
    fill(&message);
    const std::size_t before = measures_.generated.size();
    message.AppendToString(&measures_.generated);
    const std::size_t bytes = measures_.generated.size() - before;
    measures_.sizes.push_back(static_cast<std::uint32_t>(bytes));
    size_ += bytes;
  }

 private:
  Measures& measures_;
  std::size_t size_ = 0;
};

class Writer {
 public:
  // Requires: `to` has room for as many bytes as a Sizer measured with the same description.
  Writer(const Measures& measures, char* to)
      : next_size_(measures.sizes.data()), generated_(measures.generated.data()), to_(to) {}
  char* end() const { return to_; }

  void PresentVarint(std::uint32_t field, std::uint64_t value) {
    Put(Tag(field, kVarint));
    Put(value);
  }
  void Varint(std::uint32_t field, std::uint64_t value) {
    if (value != 0) PresentVarint(field, value);
  }
  void PresentBytes(std::uint32_t field, std::string_view bytes) {
    Put(Tag(field, kSized));
    Put(bytes.size());
    Append(bytes);
  }
  void Bytes(std::uint32_t field, std::string_view bytes) {
    if (!bytes.empty()) PresentBytes(field, bytes);
  }
  void PresentText(std::uint32_t field, std::string_view text) {
    Put(Tag(field, kSized));
    Put(text.size());
    AppendText(text);
  }
  void Text(std::uint32_t field, std::string_view text) {
    if (!text.empty()) PresentText(field, text);
  }
  void QueueName(std::uint32_t field, std::string_view space, std::string_view name) {
    Put(Tag(field, kSized));
    Put(space.size() + 1 + name.size());
    AppendText(space);
    *to_++ = '/';
    AppendText(name);
  }
  void Fences(std::uint32_t field, const std::vector<Fence>& fences) {
    if (fences.empty()) return;
    Put(Tag(field, kSized));
    Put(*next_size_++);
    for (const Fence fence : fences) Put(fence.value);
  }
  template <typename Fields>
  void Message(std::uint32_t field, Fields&& fields) {
    Put(Tag(field, kSized));
    Put(*next_size_++);
    fields();
  }
  template <typename Generated, typename Fill>
  void Fields(Fill&& /*fill*/) {
    const std::size_t bytes = *next_size_++;
    Append({generated_, bytes});
    generated_ += bytes;
  }

 private:
  void Put(std::uint64_t value) {
    while (value >= 0x80) {
      *to_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *to_++ = static_cast<char>(value);
  }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;  // its data may be null
    std::memcpy(to_, bytes.data(), bytes.size());
    to_ += bytes.size();
  }
  void AppendText(std::string_view text) { IsUtf8(text) ? Append(text) : Append(ToUtf8(text)); }

  const std::uint32_t* next_size_;
  const char* generated_;
  char* to_;
};

}  // namespace sluice::wire
