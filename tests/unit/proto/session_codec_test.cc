// The codec of the session stream beside the generated classes: the same bytes out, the same meaning in.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "proto/session_codec.h"
#include "tests/unit/proto/both_readers.h"
#include "tests/unit/proto/random_messages.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;

constexpr int kCutMessages = 25;  // each of them at every byte: with a sanitizer, half a second each

template <typename Writer, typename Out>
std::string Written(Writer& writer, const Out& message) {
  std::string bytes(writer.Measure(message) + 1, '#');
  writer.Write(bytes.data());
  EXPECT_EQ(bytes.back(), '#') << "more was written than measured";
  bytes.pop_back();
  return bytes;
}

v1::SessionRequest Request(const std::string& text) {
  v1::SessionRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

// ---- writing -----------------------------------------------------------------------------------

TEST(SessionCodec, RequestsAreWrittenByteForByteAsTheGeneratedClassesWriteThem) {
  Dice dice;
  RequestWriter writer;
  for (int i = 0; i < 3'000; ++i) {
    const RandomRequest request(dice);
    ASSERT_EQ(Written(writer, request.out), BytesOf(request.generated)) << request.generated.ShortDebugString();
  }
}

TEST(SessionCodec, ResponsesAreWrittenByteForByteAsTheGeneratedClassesWriteThem) {
  Dice dice;
  ResponseWriter writer;
  for (int i = 0; i < 3'000; ++i) {
    const RandomResponse response(dice);
    ASSERT_EQ(Written(writer, response.out), BytesOf(response.generated)) << response.generated.ShortDebugString();
  }
}

TEST(SessionCodec, HelloGoodbyeHoldingAndCancel) {
  v1::SessionRequest expected = Request(
      "hello { client_name: 'c' lease_ms: 500 session: 7 token: '\\001' producer: 'p' } "
      "operations { id: 3 cancel { operation: 2 } } answers_seen: 9 goodbye: true "
      "holding { leases { queue: 'n/a' fences: 1 fences: 300 } leases { queue: 'n/b' } }");
  const OperationOut cancel{3, nullptr, nullptr, std::nullopt, 2};
  RequestWriter writer;
  EXPECT_EQ(Written(writer, RequestOut{&expected.hello(), {&cancel, 1}, 9, true, &expected.holding()}),
            BytesOf(expected));
  EXPECT_EQ(Written(writer, RequestOut()), "");
}

TEST(SessionCodec, ATimeoutOfItsOwnReplacesTheCommands) {
  const std::string space = "n";
  const Command commands[] = {Put{"q", {}, kForever, {}},
                              Get{"q", 1, milliseconds(9), false, milliseconds(0), false, {}},
                              Join{{"q"}, kForever, false}, Stats{"q"}};
  std::vector<OperationOut> operations;
  for (const Command& command : commands) operations.push_back({1, &space, &command, milliseconds(5), 0});
  RequestWriter writer;
  EXPECT_EQ(Written(writer, RequestOut{nullptr, operations, 0, false}),
            BytesOf(Request("operations { id: 1 put { queue: 'n/q' timeout_ms: 5 } } "
                            "operations { id: 1 get { queue: 'n/q' max_items: 1 timeout_ms: 5 } } "
                            "operations { id: 1 join { queues: 'n/q' timeout_ms: 5 } } "
                            "operations { id: 1 stats { queue: 'n/q' } }")));
}

TEST(SessionCodec, TextThatIsNotUtf8IsMended) {
  auto content = std::make_shared<Content>();
  content->content_type = "a\xc0z";
  content->headers = {{"\xff", "\xff"}};
  const std::string space = "n\xff";
  const Command put = Put{"\xe9", {content}, kForever, {}, "\xfe", 1};
  const OperationOut operation{1, &space, &put, std::nullopt, 0};
  RequestWriter writer;
  v1::SessionRequest request;
  ASSERT_TRUE(request.ParseFromString(Written(writer, RequestOut{nullptr, {&operation, 1}, 0, false})));
  EXPECT_EQ(request.operations(0).put().queue(), "n?/?");
  EXPECT_EQ(request.operations(0).put().producer(), "?");
  EXPECT_EQ(request.operations(0).put().items(0).content_type(), "a?z");
  EXPECT_EQ(request.operations(0).put().items(0).headers().at("?"), "\xff");

  const Answer refused = Answer::Refused(Reason::kInternal, "\xff");
  const AnswerOut answer{1, &refused};
  ResponseWriter responses;
  v1::SessionResponse response;
  ASSERT_TRUE(response.ParseFromString(Written(responses, ResponseOut{nullptr, {&answer, 1}})));
  EXPECT_EQ(response.answers(0).error().message(), "?");
}

// ---- reading -----------------------------------------------------------------------------------

TEST(SessionCodec, RequestsMeanWhatTheGeneratedClassesSay) {
  Dice dice;
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = BytesOf(RandomRequest(dice).generated);
    ASSERT_EQ(RequestByHand(bytes), RequestByGenerated(bytes));
  }
}

TEST(SessionCodec, ResponsesMeanWhatTheGeneratedClassesSay) {
  Dice dice;
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = BytesOf(RandomResponse(dice).generated);
    ASSERT_EQ(ResponseByHand(bytes), ResponseByGenerated(bytes));
  }
}

TEST(SessionCodec, ItDoesNotMatterWhereTheTransportCuts) {
  Dice dice;
  for (int i = 0; i < kCutMessages; ++i) {
    const std::string request = BytesOf(RandomRequest(dice).generated);
    const std::string response = BytesOf(RandomResponse(dice).generated);
    const std::string meaning = RequestByGenerated(request), answers = ResponseByGenerated(response);
    for (int at = 0; at <= static_cast<int>(request.size()); ++at) ASSERT_EQ(RequestByHand(request, {at}), meaning);
    for (int at = 0; at <= static_cast<int>(response.size()); ++at) ASSERT_EQ(ResponseByHand(response, {at}), answers);
    for (int chunk = 1; chunk < 5; ++chunk) {
      ASSERT_EQ(RequestByHand(request, {0, chunk}), meaning);
      ASSERT_EQ(ResponseByHand(response, {0, chunk}), answers);
    }
  }
}

TEST(SessionCodec, WhatIsCutShortIsRefusedWhereTheGeneratedClassesRefuse) {
  Dice dice;
  int refused = 0;
  for (int i = 0; i < kCutMessages; ++i) {
    const std::string request = BytesOf(RandomRequest(dice).generated);
    const std::string response = BytesOf(RandomResponse(dice).generated);
    for (std::size_t size = 0; size < request.size(); ++size) {
      const std::string part = request.substr(0, size), meaning = RequestByGenerated(part);
      ASSERT_EQ(RequestByHand(part), meaning);
      ASSERT_EQ(RequestByHand(part, {0, 3}), meaning);
      refused += meaning == kUnreadable;
    }
    for (std::size_t size = 0; size < response.size(); ++size) {
      const std::string part = response.substr(0, size);
      ASSERT_EQ(ResponseByHand(part), ResponseByGenerated(part));
    }
  }
  EXPECT_GT(refused, 1'000);
}

// A field that holds bytes, of any content.
std::string Sized(int field, const std::string& bytes) {
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteTag(static_cast<std::uint32_t>(field) << 3 | 2);
    out.WriteVarint32(static_cast<std::uint32_t>(bytes.size()));
    out.WriteString(bytes);
  }
  return text;
}

std::string Groups(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += '\x7b';
  for (int i = 0; i < depth; ++i) text += '\x7c';
  return text;
}

TEST(SessionCodec, OddButLegalBytesMeanTheSame) {
  google::protobuf::LogSilencer silencer;
  const std::string put_a =
      Sized(2, BytesOf(Request("operations { put { queue: 'a' items { payload: 'x' } } }").operations(0).put()));
  const std::string put_b = Sized(2, Sized(1, "b") + Sized(2, Sized(1, "y")) + Sized(2, "") + "\x18\x05");
  const std::string get = Sized(3, Sized(1, "g") + std::string("\x10\x07", 2));
  const std::string fail = Sized(5, Sized(1, "f") + std::string("\x10\x07", 2));
  const std::string operations[] = {
      put_a + put_b,  // merged
      put_a + get,    // the last member of a oneof counts
      put_a + get + put_b,
      put_a + fail + put_b,
      fail + Sized(5, Sized(2, std::string("\x01\x02", 2))),
      fail + get + fail,
      Sized(13, std::string("\x08\x07", 2)),
      Sized(13, "") + Sized(13, std::string("\x08\x07", 2)),
      Sized(4, Sized(1, "q") + "\x10\x01" + Sized(2, "\x02\x03") + "\x10\x04"),  // packed and not
      Sized(4, Sized(1, "q") + Sized(2, "\x82")),                                // a number beyond its field
      put_a + "\x08\x01" + std::string("\x08\x02", 2),
      "\x88\x80\x00" + put_a,  // an overlong tag
      std::string("\x88\x80\x80\x80\x00\x05", 6) + put_a,
      std::string("\x88\x80\x80\x80\x80\x00\x05", 7) + put_a,
      std::string("\x08\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11),
      std::string("\x08\x85\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12),
      std::string("\x12\x80\x80\x80\x80\x00", 6),  // overlong sizes
      std::string("\x12\x80\x80\x80\x80\x80\x00", 7),
      std::string("\x12\xff\xff\xff\xff\x07", 6),
      std::string("\x10\x05", 2) + put_a,  // a known field of another type is unknown
      "\x0d" + std::string("abcd", 4) + "\x09" + std::string("abcdefgh", 8),
      std::string("\x00\x01", 2),  // field 0
      std::string("\x02\x00", 2),
      "\x0c",  // a group ends that never began
      "\x0e",
      "\x0f",  // wire types that do not exist
      Groups(1),
      Groups(98),
      Groups(99),
      Groups(100),
      Groups(101),
      "\x7b",
      std::string("\x7b\x74", 2),
      std::string("\x7b\x00\x7c", 3),
      Sized(2, Groups(97)),
      Sized(2, Groups(98)),
      Sized(2, Groups(99)),
      Sized(2, Sized(1, "q") + Sized(2, Sized(3, Sized(1, "k") + Sized(1, "h") + Sized(2, "v") + Sized(9, "?")))),
      Sized(2, Sized(1, "q") +
                   Sized(2, Sized(3, Sized(1, "k") + Sized(2, "1")) + Sized(3, Sized(1, "k") + Sized(2, "2")))),
      Sized(2, Sized(1, "q") + Sized(2, Sized(3, ""))),
      Sized(2, Sized(1, "\xff")),
      Sized(2, Sized(5, "\xff")),
      Sized(2, Sized(7, "\xff")),
      Sized(2, Sized(1, "q") + Sized(2, "") + Sized(5, "one") + Sized(5, "two") + std::string("\x30\x07\x30\x08", 4)),
      Sized(2, Sized(1, "q") + Sized(2, "") + Sized(7, "one") + Sized(7, "") + Sized(7, "two")),
      Sized(2, Sized(1, "q") + Sized(2, "") + Sized(5, std::string(300, 'p')) + Sized(5, "p") + "\x30\x07"),
      Sized(2, Sized(1, "q") + Sized(2, "") + std::string("\x28\x01\x32\x01p", 5)),  // of another type
      Sized(2, Sized(2, Sized(2, "\xff"))),
      Sized(2, Sized(2, Sized(3, Sized(1, "\xff")))),
      Sized(2, Sized(4, std::string("\x08\x63", 2)) + Sized(4, std::string("\x10\x05", 2))),
  };
  for (const std::string& operation : operations) {
    for (const std::string& bytes : {Sized(2, operation), Sized(2, operation) + Sized(2, "\x08\x09")}) {
      const std::string meaning = RequestByGenerated(bytes);
      EXPECT_EQ(RequestByHand(bytes), meaning) << testing::PrintToString(operation);
      EXPECT_EQ(RequestByHand(bytes, {0, 1}), meaning) << testing::PrintToString(operation);
    }
  }
}

TEST(SessionCodec, EveryRefusalHasTheTextOfTheUnaryCall) {
  const std::string long_name(70'000, 'x'), many(10'001, '\x01');
  std::string items, headers;
  for (int i = 0; i < 10'001; ++i) items += "items {} ";
  for (int i = 0; i < 65; ++i) headers += "headers { key: 'h" + std::to_string(i) + "' value: 'v' } ";
  const std::string large = "payload: '" + std::string(limits::kItemBytes + 1, 'p') + "' ";
  const std::string texts[] = {
      "put { items {} }",
      "put { queue: '.' items {} timeout_ms: -1 }",
      "put { queue: '" + long_name + "' items {} }",
      "put { queue: 'q' timeout_ms: -1 items { content_type: '" + long_name + "' } create { order: 9 } }",
      "put { queue: 'q' items { content_type: '" + long_name + "' } create { order: 9 } }",
      "put { queue: 'q' }",
      "put { queue: 'q' " + items + "}",
      "put { queue: 'q' items {} items { " + large + headers + "} items { " + headers + "} }",
      "put { queue: 'q' items {} items { " + headers + "} }",
      "put { queue: 'q' items { headers { key: '' value: 'v' } } }",
      "put { queue: 'q' items { headers { key: 'k' value: '" + std::string(limits::kHeaderBytes, 'v') + "' } } }",
      "put { queue: 'q' items {} producer: 'p' }",
      "put { queue: 'q' items {} producer: 'p' sequence: 1 request_id: 'r' }",
      "put { queue: 'q' items {} sequence: 1 request_id: 'r' }",
      "put { queue: 'q' producer: '" + long_name + "' sequence: 1 }",
      "put { queue: 'q' items { content_type: '" + long_name + "' } request_id: '" + long_name + "' }",
      "put { queue: 'q' items {} producer: 'p' timeout_ms: -1 create { order: 9 } }",
      "get { queue: 'q' max_items: 10001 }",
      "get { queue: 'q' ack: 7 lease_ms: 1 }",
      "get { queue: 'q' lease_ms: 1 create { lease_ms: -5 } }",
      "get { queue: 'q' timeout_ms: 31536000001 }",
      "get { queue: 'q' prefetch: 2 }",
      "get { queue: 'q' ack: 7 prefetch: 3 }",
      "get { queue: 'q' prefetch: -1 }",
      "task_done { queue: 'q' }",
      "task_done { queue: 'q' fences: 1 fences: 0 fences: 0 }",
      "fail { queue: 'q' }",
      "",
  };
  for (const std::string& text : texts) {
    const std::string bytes = BytesOf(Request("operations { id: 4 " + text + " }"));
    EXPECT_EQ(RequestByHand(bytes), RequestByGenerated(bytes)) << text.substr(0, 200);
  }
  const std::string fences = Sized(2, Sized(4, Sized(1, "q") + Sized(2, many)));
  EXPECT_EQ(RequestByHand(fences), RequestByGenerated(fences));
  EXPECT_NE(RequestByHand(fences).find("fences has 10001 fences"), std::string::npos);
}

TEST(SessionCodec, HoldingThatIsOddMeansTheSame) {
  google::protobuf::LogSilencer silencer;
  const std::string leases = Sized(1, Sized(1, "a") + Sized(2, "\x01\x02") + std::string("\x10\x03", 2));
  const std::string messages[] = {
      Sized(5, ""),
      Sized(5, leases) + Sized(5, leases),  // they add up
      Sized(5, Sized(1, "")),
      Sized(5, Sized(1, Sized(1, "\xff"))),
      Sized(5, Sized(1, Sized(2, "\x82"))),  // a number beyond its field
      Sized(5, Sized(9, "?")),
      std::string("\x28\x05", 2),
  };
  for (const std::string& bytes : messages) {
    EXPECT_EQ(RequestByHand(bytes), RequestByGenerated(bytes)) << testing::PrintToString(bytes);
    EXPECT_EQ(RequestByHand(bytes, {0, 1}), RequestByGenerated(bytes)) << testing::PrintToString(bytes);
  }
}

TEST(SessionCodec, RecallsThatAreOddMeanTheSame) {
  const std::string recalls[] = {Sized(3, ""), Sized(3, Sized(1, "a") + Sized(1, "b")), Sized(3, Sized(1, "\xff")),
                                 Sized(3, Sized(2, "a")), std::string("\x18\x05", 2)};
  for (const std::string& bytes : recalls) EXPECT_EQ(ResponseByHand(bytes), ResponseByGenerated(bytes));
}

TEST(SessionCodec, AQueueNamedAgainIsTheSameQueue) {
  const std::string bytes =
      BytesOf(Request("operations { stats { queue: 'a' } } operations { get { queue: 'a' } } "
                      "operations { get { queue: 'a' } } operations { get {} } operations { get { queue: 'n/a' } } "
                      "operations { get { queue: '.' } } operations { get { queue: '.' } } "
                      "operations { task_done { queue: 'n/a' fences: 1 } }"));
  EXPECT_EQ(RequestByHand(bytes), RequestByGenerated(bytes));
}

TEST(SessionCodec, AMessageHasABoundedNumberOfOperations) {
  std::string bytes;
  for (std::size_t i = 0; i < limits::kMessageOperations; ++i) bytes += Sized(2, "\x08\x01");
  EXPECT_NE(RequestByHand(bytes), kUnreadable);
  EXPECT_EQ(RequestByHand(bytes + Sized(2, "\x08\x01")), kUnreadable);
}

TEST(SessionCodec, WhatARequestHadIsReplaced) {
  const std::string first =
      BytesOf(Request("hello {} operations { id: 1 get {} } answers_seen: 5 goodbye: true holding {}"));
  RequestIn request;
  google::protobuf::io::ArrayInputStream full(first.data(), static_cast<int>(first.size()));
  ASSERT_TRUE(ReadRequest(&full, &request));
  EXPECT_TRUE(request.hello && request.goodbye && request.holding);
  google::protobuf::io::ArrayInputStream empty(first.data(), 0);
  ASSERT_TRUE(ReadRequest(&empty, &request));
  EXPECT_FALSE(request.hello || request.goodbye || request.holding);
  EXPECT_EQ(request.answers_seen, 0u);
  EXPECT_TRUE(request.operations.empty());
}

TEST(SessionCodec, AnAbsurdSizeFromAServerTakesNoMemory) {
  const std::string payload = std::string("\x0a\xef\xff\xff\xff\x07", 6);  // 2 GiB less 17
  std::string bytes = Sized(1, Sized(5, payload));
  bytes = Sized(2, Sized(4, bytes));
  EXPECT_EQ(ResponseByHand(bytes), kUnreadable);
}

}  // namespace
}  // namespace sluice::wire
