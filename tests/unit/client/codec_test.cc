#include <sluice/codec.h>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include <sluice/client.h>

#include "sluice/v1/queue.pb.h"
#include "tests/unit/common/background.h"

namespace {

struct Point {
  int x = 0;
  int y = 0;
};

}  // namespace

template <>
struct sluice::Codec<Point> {
  static constexpr std::string_view content_type = "application/x-point";
  static std::string encode(const Point& point) { return std::to_string(point.x) + " " + std::to_string(point.y); }
  static Point decode(std::string_view bytes) {
    Point point;
    if (std::sscanf(std::string(bytes).c_str(), "%d %d", &point.x, &point.y) != 2) throw std::runtime_error("no point");
    return point;
  }
};

namespace sluice {
namespace {

TEST(Codec, TextTravelsAsItIs) {
  const std::string text("a\0b\xff", 4);
  EXPECT_EQ(Codec<std::string>::decode(Codec<std::string>::encode(text)), text);
}

TEST(Codec, BytesTravelAsTheyAre) {
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{255}, std::byte{7}};
  EXPECT_EQ(Codec<std::vector<std::byte>>::decode(Codec<std::vector<std::byte>>::encode(bytes)), bytes);
}

TEST(Codec, ProtobufMessagesAreKnownByTheirShape) {
  v1::QueueCounts counts;
  counts.set_queue("q");
  counts.set_done(3);
  const auto back = Codec<v1::QueueCounts>::decode(Codec<v1::QueueCounts>::encode(counts));
  EXPECT_EQ(back.SerializeAsString(), counts.SerializeAsString());
  EXPECT_EQ(testing::ReasonOf([] { Codec<v1::QueueCounts>::decode("\xff\xff"); }), Reason::kInvalidArgument);
}

TEST(Codec, ATypeOfTheUserTravelsWithItsContentType) {
  const auto points = Client::embedded().queue<Point>("points", QueueSettings{});
  points.put({3, 4});
  auto task = points.get();
  EXPECT_EQ(task.value().x, 3);
  EXPECT_EQ(task.value().y, 4);
  EXPECT_EQ(task.content_type(), "application/x-point");
  task.done();
}

TEST(Codec, WhatItThrowsPassesThroughAndTheItemStaysLeased) {
  const auto client = Client::embedded();
  client.queue<std::string>("points", QueueSettings{}).put("nonsense");
  auto task = client.queue<Point>("points").get();
  EXPECT_THROW(task.value(), std::runtime_error);
  EXPECT_EQ(client.queue<Point>("points").stats().leased, 1u);
  task.fail("no point");
}

}  // namespace
}  // namespace sluice
