// A type of the user, known to Sluice by its codec.
#pragma once

#include <string>
#include <string_view>

#include <sluice/codec.h>

struct Point {
  int x = 0;
  int y = 0;
};

template <>
struct sluice::Codec<Point> {
  static constexpr std::string_view content_type = "application/x-point";
  static std::string encode(const Point& point);
  static Point decode(std::string_view bytes);
};
