// One picture on its way through the stages, and how it becomes an item.
#pragma once

#include <string>
#include <string_view>

#include <sluice/codec.h>

namespace pipeline {

struct Picture {
  std::string name;   // relative to the folder of pictures; its thumbnail has the same name
  std::string bytes;  // of the file; empty: too large for a queue item, the next stage reads the file itself
};

}  // namespace pipeline

// The name, a zero byte (no file name has one), the file.
template <>
struct sluice::Codec<pipeline::Picture> {
  static constexpr std::string_view content_type = "application/x-picture";
  static std::string encode(const pipeline::Picture& picture) {
    std::string bytes;
    bytes.reserve(picture.name.size() + 1 + picture.bytes.size());
    return bytes.append(picture.name).append(1, '\0').append(picture.bytes);
  }
  static pipeline::Picture decode(std::string_view bytes) {
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos) throw InvalidArgument("the payload is not a picture with its name");
    return {std::string(bytes.substr(0, end)), std::string(bytes.substr(end + 1))};
  }
};
