// What Parse refuses, and how it says so: one row a rule.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/unit/proto/operations.h"

namespace sluice::wire {
namespace {

struct Row {
  const char* name;
  std::string operation;
  std::string message;  // the whole of it
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.operation; }

class Refusal : public testing::TestWithParam<Row> {};

TEST_P(Refusal, NamesTheFieldAndSaysWhatIsAllowed) {
  const Invalid invalid = Refused(ParseText(GetParam().operation));
  EXPECT_EQ(invalid.reason, Reason::kInvalidArgument);
  EXPECT_EQ(invalid.message, GetParam().message);
}

const char kTimeout[] = ": use 0 (do not wait), a positive number up to 31536000000, or leave it out to wait for ever";
const char kLease[] = ": use 0 (the default) or 100 to 86400000";
const char kName[] =
    " is not a queue name: use name or namespace/name, each 1-255 bytes of A-Z a-z 0-9 . _ -, not starting with a dot";
const char kListName[] =
    " is not (the beginning of) a name: leave it out or use 1-255 bytes of A-Z a-z 0-9 . _ -, not starting with a dot";
const std::string kItem = " items {} ";

const Row kNames[] = {
    {"Missing", "put { items {} }", std::string("queue: ''") + kName},
    {"Space", "get { queue: 'a b' }", std::string("queue: 'a?b'") + kName},
    {"LeadingDot", "stats { queue: '.a' }", std::string("queue: '.a'") + kName},
    {"TwoSlashes", "reopen { queue: 'a/b/c' }", std::string("queue: 'a/b/c'") + kName},
    {"EmptyNamespace", "peek { queue: '/b' }", std::string("queue: '/b'") + kName},
    {"Absurd", "shutdown { queue: '" + std::string(300, 'x') + "' }",
     "queue: '" + std::string(64, 'x') + "...'" + kName},
    {"Delete", "delete_queue {}", std::string("queue: ''") + kName},
    {"Describe", "describe_queue {}", std::string("queue: ''") + kName},
    {"Purge", "purge_queue {}", std::string("queue: ''") + kName},
    {"Create", "create_queue {}", std::string("queue: ''") + kName},
    {"Update", "update_queue {}", std::string("queue: ''") + kName},
    {"TaskDone", "task_done { fences: 1 }", std::string("queue: ''") + kName},
    {"Fail", "fail { fences: 1 }", std::string("queue: ''") + kName},
    {"Release", "release { fences: 1 }", std::string("queue: ''") + kName},
    {"Extend", "extend { fences: 1 }", std::string("queue: ''") + kName},
    {"Namespace", "list_queues { namespace: 'a/b' }", std::string("namespace") + kListName},
    {"Prefix", "list_queues { prefix: 'a*' }", std::string("prefix") + kListName},
    {"After", "list_queues { after: '.a' }", std::string("after") + kListName},
};
INSTANTIATE_TEST_SUITE_P(Names, Refusal, testing::ValuesIn(kNames), [](const auto& row) { return row.param.name; });

const Row kTimes[] = {
    {"PutNegative", "put { queue: 'a' timeout_ms: -5" + kItem + "}", std::string("timeout_ms is -5") + kTimeout},
    {"PutTooLong", "put { queue: 'a' timeout_ms: 31536000001" + kItem + "}",
     std::string("timeout_ms is 31536000001") + kTimeout},
    {"GetNegative", "get { queue: 'a' timeout_ms: -9223372036854775808 }",
     std::string("timeout_ms is -9223372036854775808") + kTimeout},
    {"JoinNegative", "join { queues: 'a' timeout_ms: -1 }", std::string("timeout_ms is -1") + kTimeout},
    {"GetLeaseNegative", "get { queue: 'a' lease_ms: -1 }", std::string("lease_ms is -1") + kLease},
    {"GetLeaseTooShort", "get { queue: 'a' lease_ms: 99 }", std::string("lease_ms is 99") + kLease},
    {"ExtendTooLong", "extend { queue: 'a' fences: 1 lease_ms: 86400001 }",
     std::string("lease_ms is 86400001") + kLease},
    {"SettingsLease", "create_queue { queue: 'a' settings { lease_ms: 9223372036854775807 } }",
     std::string("settings.lease_ms is 9223372036854775807") + kLease},
    {"UpdateLease", "update_queue { queue: 'a' lease_ms: 1 }", std::string("lease_ms is 1") + kLease},
};
INSTANTIATE_TEST_SUITE_P(Times, Refusal, testing::ValuesIn(kTimes), [](const auto& row) { return row.param.name; });

const Row kCounts[] = {
    {"GetPrefetch", "get { queue: 'a' prefetch: 3 }", "prefetch is 3: use NONE (0), AHEAD (1) or WANTED (2)"},
    {"GetItems", "get { queue: 'a' max_items: 10001 }", "max_items is 10001: use 0 (the default) or 1 to 10000"},
    {"PeekItems", "peek { queue: 'a' max_items: 4294967295 }",
     "max_items is 4294967295: use 0 (the default) or 1 to 10000"},
    {"ListQueues", "list_queues { max_queues: 1001 }", "max_queues is 1001: use 0 (the default) or 1 to 1000"},
    {"Maxsize", "create_queue { queue: 'a' settings { maxsize: -1 } }",
     "settings.maxsize is -1: use 0 (no limit) or a positive number"},
    {"MaxBytes", "put { queue: 'a' create { max_bytes: -7 }" + kItem + "}",
     "create.max_bytes is -7: use 0 (no limit) or a positive number"},
    {"MaxAttempts", "get { queue: 'a' create { max_attempts: -2147483648 } }",
     "create.max_attempts is -2147483648: use 0 (no limit) or a positive number"},
    {"UpdateMaxsize", "update_queue { queue: 'a' maxsize: -1 }",
     "maxsize is -1: use 0 (no limit) or a positive number"},
    {"UpdateMaxBytes", "update_queue { queue: 'a' max_bytes: -1 }",
     "max_bytes is -1: use 0 (no limit) or a positive number"},
    {"UpdateMaxAttempts", "update_queue { queue: 'a' max_attempts: -1 }",
     "max_attempts is -1: use 0 (no limit) or a positive number"},
};
INSTANTIATE_TEST_SUITE_P(Counts, Refusal, testing::ValuesIn(kCounts), [](const auto& row) { return row.param.name; });

const Row kEnums[] = {
    {"Order", "create_queue { queue: 'a' settings { order: 3 } }",
     "settings.order is 3: use FIFO (0), LIFO (1) or PRIORITY (2)"},
    {"OrderNegative", "put { queue: 'a' create { order: -1 }" + kItem + "}",
     "create.order is -1: use FIFO (0), LIFO (1) or PRIORITY (2)"},
    {"Durability", "get { queue: 'a' create { durability: 99 } }",
     "create.durability is 99: use MEMORY (0), ASYNC (1) or FSYNC (2)"},
    {"Ack", "get { queue: 'a' ack: 2 }", "ack is 2: use EXPLICIT (0) or AUTO (1)"},
};
INSTANTIATE_TEST_SUITE_P(Enums, Refusal, testing::ValuesIn(kEnums), [](const auto& row) { return row.param.name; });

const Row kLists[] = {
    {"NoItems", "put { queue: 'a' }", "items is empty: put at least one item"},
    {"ProducerWithoutSequence", "put { queue: 'a' producer: 'p'" + kItem + "}",
     "sequence is 0: the puts of a producer have one each, from 1"},
    {"RequestIdBesideProducer", "put { queue: 'a' producer: 'p' sequence: 1 request_id: 'r'" + kItem + "}",
     "request_id is given beside producer or sequence: use one or the other"},
    {"RequestIdBesideSequence", "put { queue: 'a' sequence: 1 request_id: 'r'" + kItem + "}",
     "request_id is given beside producer or sequence: use one or the other"},
    {"NoHeaderName", "put { queue: 'a' items {} items { headers { key: '' value: 'x' } } }",
     "items[1].headers has a header without a name: name it"},
    {"NoFencesDone", "task_done { queue: 'a' }", "fences is empty: name at least one fence of a delivery"},
    {"NoFencesFail", "fail { queue: 'a' }", "fences is empty: name at least one fence of a delivery"},
    {"NoFencesRelease", "release { queue: 'a' }", "fences is empty: name at least one fence of a delivery"},
    {"NoFencesExtend", "extend { queue: 'a' }", "fences is empty: name at least one fence of a delivery"},
    {"FenceZero", "task_done { queue: 'a' fences: 7 fences: 0 }", "fences[1] is 0: use the fence of a delivery"},
    {"NoQueues", "join {}", "queues is empty: name at least one queue"},
    {"TwoNamespaces", "join { queues: 'x/a' queues: 'b' }",
     "queues[1] is in namespace 'default', queues[0] in 'x': use queues of one namespace"},
    {"QueueTwice", "join { queues: 'a' queues: 'b' queues: 'default/a' }",
     "queues[2] names 'a' again: name each queue once"},
    {"BadJoinName", "join { queues: 'a' queues: '!' }", std::string("queues[1]: '?'") + kName},
};
INSTANTIATE_TEST_SUITE_P(Lists, Refusal, testing::ValuesIn(kLists), [](const auto& row) { return row.param.name; });

const Row kCalls[] = {
    {"None", "id: 7", "operation 7 has no call that this server knows: set one"},
    {"Cancel", "id: 8 cancel { operation: 7 }", "operation 8 has no call that this server knows: set one"},
};
INSTANTIATE_TEST_SUITE_P(Calls, Refusal, testing::ValuesIn(kCalls), [](const auto& row) { return row.param.name; });

TEST(Refusals, TheFirstProblemWins) {
  EXPECT_EQ(Refused(ParseText("put { queue: 'a' timeout_ms: -1 create { maxsize: -1 } }")).message,
            std::string("timeout_ms is -1") + kTimeout);
}

TEST(Refusals, ASequenceOutsideASessionNamesItsProducer) {
  v1::PutRequest put;
  put.set_queue("a");
  put.set_sequence(1);
  put.add_items();
  EXPECT_EQ(Refused(Parse(std::move(put))).message, "producer is empty: a put with a sequence names its producer");
}

TEST(Refusals, TextThatIsNotUtf8IsRefusedInItemsThatNeverCrossedTheWire) {
  v1::PutRequest put;
  put.set_queue("a");
  put.add_items()->set_content_type("\xff");
  EXPECT_EQ(Refused(Parse(v1::PutRequest(put))).message, "items[0].content_type is not UTF-8: use text");
  put.mutable_items(0)->clear_content_type();
  (*put.mutable_items(0)->mutable_headers())["\xc0\x80"] = "x";
  EXPECT_EQ(Refused(Parse(std::move(put))).message, "items[0].headers has a name that is not UTF-8: use text");
}

}  // namespace
}  // namespace sluice::wire
