// Every limit at its edge: the largest that is allowed, and one more.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "common/limits.h"
#include "tests/unit/proto/operations.h"

namespace sluice::wire {
namespace {

v1::PutRequest PutOf(v1::Item item) {
  v1::PutRequest put;
  put.set_queue("a");
  put.add_items();
  *put.add_items() = std::move(item);
  return put;
}

void ExpectTooLarge(Parsed parsed, const std::string& message) {
  const Invalid invalid = Refused(std::move(parsed));
  EXPECT_EQ(invalid.reason, Reason::kTooLarge);
  EXPECT_EQ(invalid.message, message);
}

TEST(Limits, Payload) {
  v1::Item item;
  item.set_payload(std::string(limits::kItemBytes, 'x'));
  EXPECT_EQ(Accepted<Put>(Parse(PutOf(item))).items[1]->payload.size(), limits::kItemBytes);
  item.mutable_payload()->push_back('x');
  ExpectTooLarge(Parse(PutOf(item)), "items[1].payload has 4194305 bytes: the limit is 4194304");
}

TEST(Limits, ContentType) {
  v1::Item item;
  item.set_content_type(std::string(limits::kContentTypeBytes, 'x'));
  EXPECT_EQ(Accepted<Put>(Parse(PutOf(item))).items[1]->content_type, item.content_type());
  item.mutable_content_type()->push_back('x');
  ExpectTooLarge(Parse(PutOf(item)), "items[1].content_type has 256 bytes: the limit is 255");
}

TEST(Limits, HeaderCount) {
  v1::Item item;
  for (std::size_t i = 0; i < limits::kHeaderCount; ++i) (*item.mutable_headers())["h" + std::to_string(i)] = "v";
  EXPECT_EQ(Accepted<Put>(Parse(PutOf(item))).items[1]->headers.size(), limits::kHeaderCount);
  (*item.mutable_headers())["more"] = "v";
  ExpectTooLarge(Parse(PutOf(item)), "items[1].headers has 65 headers: the limit is 64");
}

TEST(Limits, HeaderBytes) {
  v1::Item item;
  (*item.mutable_headers())["name"] = std::string(limits::kHeaderBytes - 4, 'x');
  EXPECT_EQ(Accepted<Put>(Parse(PutOf(item))).items[1]->headers[0].second.size(), limits::kHeaderBytes - 4);
  (*item.mutable_headers())["n"] = "";
  ExpectTooLarge(Parse(PutOf(item)), "items[1].headers has 16385 bytes: the limit is 16384");
}

TEST(Limits, ItemsOfAPut) {
  v1::PutRequest put;
  put.set_queue("a");
  for (std::size_t i = 0; i < limits::kBatchItems; ++i) put.add_items();
  EXPECT_EQ(Accepted<Put>(Parse(v1::PutRequest(put))).items.size(), limits::kBatchItems);
  put.add_items();
  ExpectTooLarge(Parse(std::move(put)), "items has 10001 items: the limit is 10000");
}

TEST(Limits, ProducerAndRequestId) {
  v1::PutRequest put = PutOf({});
  put.set_request_id(std::string(limits::kProducerBytes, 'r'));
  EXPECT_EQ(Accepted<Put>(Parse(v1::PutRequest(put))).producer, put.request_id());
  put.mutable_request_id()->push_back('r');
  ExpectTooLarge(Parse(v1::PutRequest(put)), "request_id has 256 bytes: the limit is 255");
  put.clear_request_id();
  put.set_sequence(UINT64_MAX);
  put.set_producer(std::string(limits::kProducerBytes, 'p'));
  EXPECT_EQ(Accepted<Put>(Parse(v1::PutRequest(put))).sequence, UINT64_MAX);
  put.mutable_producer()->push_back('p');
  ExpectTooLarge(Parse(std::move(put)), "producer has 256 bytes: the limit is 255");
}

template <typename Request, typename Command>
void ExpectBoundedFences() {
  Request request;
  request.set_queue("a");
  for (std::size_t i = 0; i < limits::kBatchItems; ++i) request.add_fences(i + 1);
  EXPECT_EQ(Accepted<Command>(Parse(Request(request))).fences.size(), limits::kBatchItems);
  request.add_fences(77);
  ExpectTooLarge(Parse(std::move(request)), "fences has 10001 fences: the limit is 10000");
}

TEST(Limits, Fences) {
  ExpectBoundedFences<v1::TaskDoneRequest, TaskDone>();
  ExpectBoundedFences<v1::FailRequest, Fail>();
  ExpectBoundedFences<v1::ReleaseRequest, Release>();
  ExpectBoundedFences<v1::ExtendRequest, Extend>();
}

TEST(Limits, QueuesOfAJoin) {
  v1::JoinRequest join;
  for (std::size_t i = 0; i < limits::kJoinQueues; ++i) join.add_queues("q" + std::to_string(i));
  EXPECT_EQ(Accepted<Join>(Parse(v1::JoinRequest(join))).queues.size(), limits::kJoinQueues);
  join.add_queues("more");
  ExpectTooLarge(Parse(std::move(join)), "queues has 1001 names: the limit is 1000");
}

TEST(Limits, ErrorTextIsCutAtACharacterAndNeverRefused) {
  v1::FailRequest fail;
  fail.set_queue("a");
  fail.add_fences(1);
  fail.set_error(std::string(limits::kErrorTextBytes, 'x'));
  EXPECT_EQ(Accepted<Fail>(Parse(v1::FailRequest(fail))).error, fail.error());
  fail.set_error(std::string(limits::kErrorTextBytes - 1, 'x') + "\u00e9" + "tail");
  EXPECT_EQ(Accepted<Fail>(Parse(v1::FailRequest(fail))).error, std::string(limits::kErrorTextBytes - 1, 'x'));
  fail.set_error("caf\xe9");
  EXPECT_EQ(Accepted<Fail>(Parse(std::move(fail))).error, "caf?");
}

TEST(Limits, NamesOf255Bytes) {
  const std::string name(limits::kNameBytes, 'n');
  EXPECT_EQ(Accepted<Stats>(ParseText("stats { queue: '" + name + "/" + name + "' }")).queue, name);
  Refused(ParseText("stats { queue: '" + name + "n' }"));
}

TEST(Limits, TheEdgesOfNumbersAreAllowed) {
  using std::chrono::milliseconds;
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' timeout_ms: 0 }")).timeout, milliseconds(0));
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' timeout_ms: 31536000000 }")).timeout, limits::kTimeout);
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' lease_ms: 100 }")).lease, limits::kMinLease);
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' lease_ms: 86400000 }")).lease, limits::kMaxLease);
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' max_items: 10000 }")).max_items, limits::kBatchItems);
  EXPECT_EQ(Accepted<Peek>(ParseText("peek { queue: 'a' max_items: 10000 }")).max_items, limits::kBatchItems);
  EXPECT_EQ(Accepted<ListQueues>(ParseText("list_queues { max_queues: 1000 }")).max_queues, limits::kListQueues);
  const auto settings = Accepted<CreateQueue>(ParseText("create_queue { queue: 'a' settings { "
                                                        "maxsize: 9223372036854775807 max_bytes: 9223372036854775807 "
                                                        "max_attempts: 2147483647 } }"))
                            .settings;
  EXPECT_EQ(settings.maxsize, INT64_MAX);
  EXPECT_EQ(settings.max_bytes, INT64_MAX);
  EXPECT_EQ(settings.max_attempts, INT32_MAX);
}

}  // namespace
}  // namespace sluice::wire
