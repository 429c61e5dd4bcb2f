#include <sstream>

#include "point.h"

std::string sluice::Codec<Point>::encode(const Point& point) {
  return std::to_string(point.x) + " " + std::to_string(point.y);
}

Point sluice::Codec<Point>::decode(std::string_view bytes) {
  Point point;
  if (!(std::istringstream(std::string(bytes)) >> point.x >> point.y)) throw sluice::InvalidArgument("not a point");
  return point;
}
