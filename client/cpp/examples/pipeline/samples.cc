#include "client/cpp/examples/pipeline/samples.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

#include "client/cpp/examples/pipeline/files.h"
#include "client/cpp/examples/pipeline/image.h"
#include "client/cpp/examples/pipeline/parallel.h"

namespace pipeline {
namespace {

constexpr int kMinSide = 80;
constexpr int kMaxSide = 256;
constexpr int kDigits = 16;  // the number of a picture is drawn in black and white: its binary digits

// A colour for each corner, blended between them; below, the number. So thumbnails that are mixed up are told apart.
Image DrawSample(std::size_t number) {
  std::mt19937 random(static_cast<std::mt19937::result_type>(number));  // its sequence is fixed by the standard
  const auto side = [&random] { return kMinSide + static_cast<int>(random() % (kMaxSide - kMinSide + 1)); };
  Image image{side(), side(), 3, {}};
  std::array<std::array<int, 3>, 4> corners{};
  for (auto& corner : corners) {
    for (int& value : corner) value = static_cast<int>(random() % 256);
  }
  image.pixels.reserve(static_cast<std::size_t>(image.width) * image.height * 3);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool digit = (number >> (x * kDigits / image.width)) & 1;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const int top = corners[0][channel] * (image.width - x) + corners[1][channel] * x;
        const int bottom = corners[2][channel] * (image.width - x) + corners[3][channel] * x;
        const int blend = (top * (image.height - y) + bottom * y) / (image.width * image.height);
        image.pixels.push_back(static_cast<unsigned char>(y < image.height * 2 / 3 ? blend : digit ? 255 : 0));
      }
    }
  }
  return image;
}

std::string SampleName(std::size_t number) {
  char name[64];
  std::snprintf(name, sizeof name, "picture-%05zu.%s", number, number % 2 == 0 ? "png" : "jpg");
  return name;
}

}  // namespace

void MakeSamples(const std::filesystem::path& folder, std::size_t count,
                 const std::function<void(std::size_t)>& progress) {
  std::atomic<std::size_t> made = 0;
  ForEachIndex(count, [&](std::size_t index) {
    const std::string name = SampleName(index + 1);
    WriteFile(folder / name, Encode(DrawSample(index + 1), name));
    const std::size_t so_far = ++made;
    if (so_far % 100 == 0 || so_far == count) progress(so_far);
  });
}

}  // namespace pipeline
