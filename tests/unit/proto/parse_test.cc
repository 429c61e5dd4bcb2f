// What Parse makes of valid requests: defaults, names, payloads.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "common/limits.h"
#include "tests/unit/proto/operations.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;

Routed RoutedText(const std::string& text) { return std::get<Routed>(ParseText(text)); }

TEST(Parse, ANameWithoutNamespaceGoesToTheDefaultOne) {
  const Routed routed = RoutedText("stats { queue: 'jobs' }");
  EXPECT_EQ(routed.space, "default");
  EXPECT_EQ(std::get<Stats>(routed.command).queue, "jobs");
}

TEST(Parse, TheNamespaceIsTakenOffTheName) {
  const Routed routed = RoutedText("stats { queue: 'shop/jobs' }");
  EXPECT_EQ(routed.space, "shop");
  EXPECT_EQ(std::get<Stats>(routed.command).queue, "jobs");
}

TEST(Parse, JoinTakesTheNamespaceOffEveryName) {
  const Routed routed = RoutedText("join { queues: 'shop/b' queues: 'shop/a' }");
  EXPECT_EQ(routed.space, "shop");
  EXPECT_EQ(std::get<Join>(routed.command).queues, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(RoutedText("join { queues: 'a' queues: 'default/b' }").space, "default");
}

TEST(Parse, ListWithoutNamespaceListsTheDefaultOne) {
  EXPECT_EQ(RoutedText("list_queues {}").space, "default");
  EXPECT_EQ(RoutedText("list_queues { namespace: 'shop' }").space, "shop");
}

TEST(Parse, AnAbsentTimeoutWaitsForEverAndZeroDoesNotWait) {
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' }")).timeout, kForever);
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' timeout_ms: 0 }")).timeout, milliseconds(0));
  EXPECT_EQ(Accepted<Put>(ParseText("put { queue: 'a' items {} }")).timeout, kForever);
  EXPECT_EQ(Accepted<Join>(ParseText("join { queues: 'a' }")).timeout, kForever);
}

TEST(Parse, DefaultsOfAGet) {
  const Get get = Accepted<Get>(ParseText("get { queue: 'a' }"));
  EXPECT_EQ(get.max_items, 1u);
  EXPECT_FALSE(get.auto_ack);
  EXPECT_EQ(get.lease, milliseconds(0)) << "the queue's";
  EXPECT_FALSE(get.until_finished);
  EXPECT_FALSE(get.create);
  EXPECT_EQ(Accepted<Peek>(ParseText("peek { queue: 'a' }")).max_items, 1u);
}

TEST(Parse, EmptySettingsAreTheDefaults) {
  EXPECT_EQ(Accepted<CreateQueue>(ParseText("create_queue { queue: 'a' }")).settings, QueueSettings());
  EXPECT_EQ(Accepted<Get>(ParseText("get { queue: 'a' create {} }")).create, QueueSettings());
  EXPECT_EQ(Accepted<UpdateQueue>(ParseText("update_queue { queue: 'a' lease_ms: 0 }")).update.lease,
            limits::kDefaultLease);
}

TEST(Parse, AnUpdateLeavesOutWhatIsAbsent) {
  const QueueUpdate update = Accepted<UpdateQueue>(ParseText("update_queue { queue: 'a' paused: false }")).update;
  EXPECT_EQ(update.paused, false);
  EXPECT_FALSE(update.maxsize || update.max_bytes || update.count_leased || update.lease || update.max_attempts);
}

TEST(Parse, APriorityIsAllowedInAnyQueue) {
  EXPECT_EQ(Accepted<Put>(ParseText("put { queue: 'a' items { priority: -9 } }")).items[0]->priority, -9);
}

TEST(Parse, PayloadsAreMovedNotCopied) {
  v1::Operation operation;
  operation.mutable_put()->set_queue("a");
  operation.mutable_put()->add_items()->set_payload(std::string(1'000, 'x'));
  const void* bytes = operation.put().items(0).payload().data();
  const Put put = Accepted<Put>(Parse(std::move(operation)));
  EXPECT_EQ(put.items[0]->payload.view().data(), bytes);
}

TEST(Parse, PayloadsOutliveTheMessage) {
  Put put;
  {
    v1::PutRequest request;
    request.set_queue("a");
    request.add_items()->set_payload(std::string(1'000, 'x'));
    put = Accepted<Put>(Parse(std::move(request)));
  }
  EXPECT_EQ(put.items[0]->payload.view(), std::string(1'000, 'x'));
}

TEST(Parse, AReceivedPayloadIsMovedOutToo) {
  v1::Answer answer;
  answer.mutable_get()->add_deliveries()->mutable_item()->set_payload(std::string(1'000, 'x'));
  const void* bytes = answer.get().deliveries(0).item().payload().data();
  const Answer read = Read(std::move(answer));
  EXPECT_EQ(std::get<GetResult>(read.result).deliveries[0].content->payload.view().data(), bytes);
}

TEST(Parse, HeadersComeSortedByName) {
  const Put put =
      Accepted<Put>(ParseText("put { queue: 'a' items { headers { key: 'b' value: '2' } "
                              "headers { key: 'c' value: '3' } headers { key: 'a' value: '1' } } }"));
  EXPECT_EQ(put.items[0]->headers, (Headers{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
}

TEST(Parse, ARefusedPutLeavesItsItemsAlone) {
  v1::PutRequest request;
  request.set_queue("a");
  request.add_items()->set_payload(std::string(1'000, 'x'));
  request.add_items()->set_payload(std::string(limits::kItemBytes + 1, 'x'));
  Refused(Parse(std::move(request)));
  EXPECT_EQ(request.items(0).payload().size(), 1'000u) << "nothing was built of the first item";
}

}  // namespace
}  // namespace sluice::wire
