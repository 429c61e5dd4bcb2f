// How a value becomes an item's payload and comes back: specialise Codec<T>, or name a codec of your own.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/error.h>

namespace sluice {

// A codec has: static std::string encode(const T&), or one that returns a view of the value itself; static
// T decode(std::string_view); and the content type that travels with each item, so a short one:
// static constexpr std::string_view content_type. decode throws what it likes: the task's
// value() passes it on, and the item stays leased.
template <typename T>
struct Codec;

template <>
struct Codec<std::string> {
  static constexpr std::string_view content_type = "text/plain";
  static std::string_view encode(const std::string& value) { return value; }
  static std::string decode(std::string_view bytes) { return std::string(bytes); }
};

template <>
struct Codec<std::vector<std::byte>> {
  static constexpr std::string_view content_type = "application/octet-stream";
  static std::string_view encode(const std::vector<std::byte>& value) {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }
  static std::vector<std::byte> decode(std::string_view bytes) {
    const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
    return {data, data + bytes.size()};
  }
};

// Any protobuf message, known by its shape, so that this header includes no protobuf.
template <typename T>
concept ProtobufMessage = std::default_initializable<T> && requires(T message, const T& constant, std::string text) {
  { constant.SerializeToString(&text) } -> std::same_as<bool>;
  { message.ParseFromString(text) } -> std::same_as<bool>;
};

template <ProtobufMessage T>
struct Codec<T> {
  static constexpr std::string_view content_type = "application/x-protobuf";
  static std::string encode(const T& value) {
    std::string bytes;
    if (!value.SerializeToString(&bytes)) throw InvalidArgument("the protobuf message lacks required fields");
    return bytes;
  }
  static T decode(std::string_view bytes) {
    T value;
    if (!value.ParseFromString(std::string(bytes))) throw InvalidArgument("the payload is not this protobuf message");
    return value;
  }
};

}  // namespace sluice
