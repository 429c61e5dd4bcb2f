#include "client/cpp/examples/pipeline/image.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <stdexcept>

#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>
#include <stb/stb_image_write.h>

namespace pipeline {
namespace {

constexpr double kMaxPixels = 200e6;  // 800 MB in memory: more is an attack or a mistake
constexpr int kJpegQuality = 92;

bool EndsWith(std::string_view name, std::string_view ending) {
  return name.size() > ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), name.rbegin(), [](char expected, char found) {
           return expected == std::tolower(static_cast<unsigned char>(found));
         });
}

void Append(void* file, void* data, int size) {
  static_cast<std::string*>(file)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

}  // namespace

bool IsPng(std::string_view name) { return EndsWith(name, ".png"); }
bool IsJpeg(std::string_view name) { return EndsWith(name, ".jpg") || EndsWith(name, ".jpeg"); }

Image Decode(std::string_view bytes) {
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  Image image;
  if (!stbi_info_from_memory(data, size, &image.width, &image.height, &image.channels)) {
    throw std::runtime_error("neither PNG nor JPEG");
  }
  if (static_cast<double>(image.width) * image.height > kMaxPixels) throw std::runtime_error("too many pixels");
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data, size, &image.width, &image.height, &image.channels, 0), &stbi_image_free);
  if (!pixels) throw std::runtime_error(std::string("damaged: ") + stbi_failure_reason());
  const std::size_t count = static_cast<std::size_t>(image.width) * image.height * image.channels;
  image.pixels.assign(pixels.get(), pixels.get() + count);
  return image;
}

std::string Encode(const Image& image, std::string_view name) {
  std::string file;
  const bool written = IsPng(name) ? stbi_write_png_to_func(&Append, &file, image.width, image.height, image.channels,
                                                            image.pixels.data(), image.width * image.channels)
                                   : stbi_write_jpg_to_func(&Append, &file, image.width, image.height, image.channels,
                                                            image.pixels.data(), kJpegQuality);
  if (!written) throw std::runtime_error("cannot be encoded");
  return file;
}

Size ThumbnailSize(Size original) {
  const double scale = std::min(1.0, static_cast<double>(kThumbnailSide) / std::max(original.width, original.height));
  const auto scaled = [scale](int side) { return std::max(1, static_cast<int>(std::lround(side * scale))); };
  return {scaled(original.width), scaled(original.height)};
}

Image Shrink(const Image& image, Size size) {
  Image small{size.width, size.height, image.channels, {}};
  small.pixels.resize(static_cast<std::size_t>(size.width) * size.height * image.channels);
  const bool has_alpha = image.channels == 2 || image.channels == 4;
  if (!stbir_resize_uint8_generic(image.pixels.data(), image.width, image.height, 0, small.pixels.data(), small.width,
                                  small.height, 0, image.channels,
                                  has_alpha ? image.channels - 1 : STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP,
                                  STBIR_FILTER_DEFAULT, STBIR_COLORSPACE_LINEAR, nullptr)) {
    throw std::runtime_error("cannot be resized");
  }
  return small;
}

std::string MakeThumbnail(std::string_view name, std::string_view bytes) {
  const Image image = Decode(bytes);
  return Encode(Shrink(image, ThumbnailSize({image.width, image.height})), name);
}

}  // namespace pipeline
