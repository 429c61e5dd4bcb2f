// The bytes of fields: varints (little endian, 7 bits a byte), zigzag for what may be negative, length and bytes for
// texts, count and elements for lists.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice::queue {

// Numbers that mostly follow each other: written as runs (distance to the one expected, length of the run).
using NumberList = std::vector<std::uint64_t>;

void WriteVarint(std::uint64_t value, std::string* bytes);
// False: `bytes` ends within it, or it is longer than a number can be.
bool ReadVarint(std::string_view* bytes, std::uint64_t* value);
// Its length, then its bytes.
void WriteText(std::string_view text, std::string* bytes);
// False: `bytes` ends within it.
bool ReadText(std::string_view* bytes, std::string* text);

inline std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Appends fields.
class FieldWriter {
 public:
  explicit FieldWriter(std::string* bytes) : bytes_(bytes) {}
  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (Write(fields), ...);
  }

 private:
  template <typename T>
  void Write(const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {  // bool, too
      WriteVarint(static_cast<std::uint64_t>(value), bytes_);
    } else if constexpr (std::is_signed_v<T>) {
      WriteVarint(ZigZag(value), bytes_);
    } else {
      T::Fields(*this, value);
    }
  }
  void Write(const std::chrono::milliseconds& value) { WriteVarint(ZigZag(value.count()), bytes_); }
  void Write(const std::string& text) { WriteText(text, bytes_); }
  void Write(const NumberList& numbers);
  template <typename T>
  void Write(const std::vector<T>& list) {
    WriteVarint(list.size(), bytes_);
    for (const T& each : list) Write(each);
  }

  std::string* bytes_;
};

// Takes fields off the front. Fields that are not there any more are left as they are; what is cut or senseless makes
// ok() false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }

  template <typename... Fields>
  void operator()(Fields&... fields) {
    (ReadIfThere(fields), ...);
  }

 private:
  template <typename T>
  void ReadIfThere(T& field) {
    if (ok_ && !bytes_.empty()) Read(field);
  }
  std::uint64_t Varint();
  template <typename T>
  void Read(T& value) {
    if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
      value = static_cast<T>(Varint());
    } else if constexpr (std::is_signed_v<T>) {
      value = static_cast<T>(UnZigZag(Varint()));
    } else {
      T::Fields(*this, value);
    }
  }
  void Read(std::chrono::milliseconds& value) { value = std::chrono::milliseconds(UnZigZag(Varint())); }
  void Read(std::string& text) { ok_ = ReadText(&bytes_, &text) && ok_; }
  void Read(NumberList& numbers);
  template <typename T>
  void Read(std::vector<T>& list) {
    const std::uint64_t count = Varint();
    if (count > bytes_.size()) ok_ = false;  // each takes at least a byte
    if (!ok_) return;
    list.resize(count);
    for (T& each : list) Read(each);
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace sluice::queue
