// Pixels: from PNG and JPEG, smaller, and back. A thin layer over stb.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  std::vector<unsigned char> pixels;
};

struct Size {
  int width = 0;
  int height = 0;
  bool operator==(const Size&) const = default;
};

inline constexpr int kThumbnailSide = 96;  // a thumbnail fits into a square of so many pixels

// Throws std::runtime_error when `bytes` is not a PNG or JPEG that can be read, or absurdly large.
Image Decode(std::string_view bytes);
// As the ending of `name` says: .png, .jpg or .jpeg, in either case.
std::string Encode(const Image& image, std::string_view name);

// The shape is kept; nothing is made larger.
Size ThumbnailSize(Size original);
Image Shrink(const Image& image, Size size);

// The file that the write stage stores for the picture `name` with these bytes.
std::string MakeThumbnail(std::string_view name, std::string_view bytes);

bool IsPng(std::string_view name);
bool IsJpeg(std::string_view name);

}  // namespace pipeline
