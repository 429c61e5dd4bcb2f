#include "client/cpp/examples/pipeline/verify.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "client/cpp/examples/pipeline/files.h"
#include "client/cpp/examples/pipeline/image.h"
#include "client/cpp/examples/pipeline/parallel.h"

namespace pipeline {
namespace {

constexpr int kCells = 8;                 // a picture is compared as a grid of kCells x kCells averages
constexpr double kMaxMeanDifference = 6;  // of 255; JPEG and resizing make up to 3, another picture 9 and more

// Average of each cell, red, green, blue (or grey thrice), on black where transparent.
using Grid = std::array<double, kCells * kCells * 3>;

// How much of pixel `pixel` lies in [begin, end).
double Share(int pixel, double begin, double end) {
  return std::max(0.0, std::min(end, pixel + 1.0) - std::max(begin, static_cast<double>(pixel)));
}

void AddPixel(const Image& image, int x, int y, double weight, double* sums) {
  const unsigned char* pixel =
      &image.pixels[(static_cast<std::size_t>(y) * image.width + static_cast<std::size_t>(x)) * image.channels];
  const bool grey = image.channels < 3;
  const bool has_alpha = image.channels % 2 == 0;
  const double opacity = has_alpha ? pixel[image.channels - 1] / 255.0 : 1.0;
  for (int channel = 0; channel < 3; ++channel) sums[channel] += weight * opacity * pixel[grey ? 0 : channel];
}

Grid Averages(const Image& image) {
  Grid grid{};
  const double cell_width = static_cast<double>(image.width) / kCells;
  const double cell_height = static_cast<double>(image.height) / kCells;
  for (int cell = 0; cell < kCells * kCells; ++cell) {
    const double left = cell % kCells * cell_width;
    const double top = cell / kCells * cell_height;
    double* sums = &grid[static_cast<std::size_t>(cell) * 3];
    const int last_x = std::min(image.width, static_cast<int>(std::ceil(left + cell_width)));
    const int last_y = std::min(image.height, static_cast<int>(std::ceil(top + cell_height)));
    for (int y = static_cast<int>(top); y < last_y; ++y) {
      const double row = Share(y, top, top + cell_height);
      for (int x = static_cast<int>(left); x < last_x; ++x) {
        AddPixel(image, x, y, row * Share(x, left, left + cell_width), sums);
      }
    }
    for (int channel = 0; channel < 3; ++channel) sums[channel] /= cell_width * cell_height;
  }
  return grid;
}

double MeanDifference(const Grid& left, const Grid& right) {
  double sum = 0;
  for (std::size_t index = 0; index < left.size(); ++index) sum += std::abs(left[index] - right[index]);
  return sum / static_cast<double>(left.size());
}

std::optional<Image> TryRead(const std::filesystem::path& path, std::string* why) {
  try {
    return Decode(ReadFile(path));
  } catch (const std::exception& error) {
    *why = error.what();
    return std::nullopt;
  }
}

// What is wrong with the thumbnail; empty: nothing.
std::string Compare(const Image& original, const Image& thumbnail) {
  const Size expected = ThumbnailSize({original.width, original.height});
  if (Size{thumbnail.width, thumbnail.height} != expected) {
    return "is " + std::to_string(thumbnail.width) + "x" + std::to_string(thumbnail.height) + ", not " +
           std::to_string(expected.width) + "x" + std::to_string(expected.height);
  }
  if (MeanDifference(Averages(original), Averages(thumbnail)) > kMaxMeanDifference) return "shows another picture";
  return "";
}

}  // namespace

Verdict Verify(const std::filesystem::path& originals, const std::vector<std::string>& names,
               const std::filesystem::path& thumbnails, const std::set<std::string>& there_before,
               const std::function<void(std::size_t)>& progress) {
  Verdict verdict;
  std::mutex mutex;
  std::atomic<std::size_t> checked = 0;
  const std::set<std::string> there = ListFiles(thumbnails);
  ForEachIndex(names.size(), [&](std::size_t index) {
    const std::string& name = names[index];
    if (++checked % 100 == 0) progress(checked);
    const bool has_thumbnail = there.contains(name) && !there_before.contains(name);
    std::string why;
    std::string wrong;
    const std::optional<Image> original = TryRead(originals / name, &why);
    if (original && !there.contains(name)) {
      wrong = "has no thumbnail";
    } else if (original) {
      const std::optional<Image> thumbnail = TryRead(thumbnails / name, &wrong);
      if (thumbnail) wrong = Compare(*original, *thumbnail);
    } else if (has_thumbnail) {
      wrong = "has a thumbnail, but cannot be read";
    }
    const std::lock_guard lock(mutex);
    if (!wrong.empty()) {
      verdict.problems.push_back(name + ": " + wrong);
    } else if (!original) {
      verdict.unreadable.push_back(name + ": " + why);
    } else {
      ++verdict.right;
    }
  });
  const std::set<std::string> expected(names.begin(), names.end());
  for (const std::string& name : there) {
    if (!expected.contains(name) && !there_before.contains(name)) verdict.problems.push_back(name + ": unexpected");
  }
  std::sort(verdict.problems.begin(), verdict.problems.end());
  std::sort(verdict.unreadable.begin(), verdict.unreadable.end());
  return verdict;
}

}  // namespace pipeline
