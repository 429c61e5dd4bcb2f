// Thousands of mutated messages of a session stream through both readers, the same ones in every run.
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/fuzz/byte_mutator.h"
#include "tests/fuzz/check_codec.h"

namespace sluice::fuzz {
namespace {

const char* const kRequests[] = {
    ("operations { id: 1 put { queue: 'n/q' items { payload: 'p' content_type: 't' headers { key: 'h' value: 'v' } "
     "headers { key: 'i' value: '' } priority: -1 } items {} timeout_ms: 5 create { order: LIFO maxsize: 300 } } } "
     "answers_seen: 300"),
    ("operations { id: 300 get { queue: 'q' max_items: 2 timeout_ms: 0 ack: AUTO lease_ms: 400 until_finished: true "
     "create {} } } operations { id: 301 get { queue: 'q' } }"),
    "operations { id: 2 task_done { queue: 'q' fences: 1 fences: 300 } } operations { id: 3 cancel { operation: 2 } }",
    "operations { id: 4 fail { queue: 'q' fences: 1 error: 'why' } } operations { id: 5 stats { queue: 'q' } }",
    "hello { client_name: 'c' lease_ms: 300 session: 1 token: 't' producer: 'p' } goodbye: true",
    "operations { id: 6 put { queue: 'q' items { payload: 'some bytes' } producer: 'p' sequence: 300 } }",
    "operations { id: 7 put { queue: 'q' items { payload: 'some bytes' } request_id: 'r' } }",
    "holding { leases { queue: 'n/q' fences: 1 fences: 300 } leases { queue: 'p' } }",
};
const char* const kResponses[] = {
    ("answers { operation: 1 put { first_id: 300 count: 2 durability: ASYNC duplicate: true } } answers { operation: 2 "
     "task_done { durability: FSYNC } }"),
    ("answers { operation: 300 get { deliveries { id: 1 fence: 300 attempt: 1 put_time_unix_ms: 1700000000123 item { "
     "payload: 'p' content_type: 't' headers { key: 'h' value: 'v' } priority: 3 } } deliveries {} lease_ms: 4 } }"),
    "answers { operation: 3 error { reason: EMPTY message: 'm' } } answers { task_done { lost: 1 lost: 300 } }",
    "welcome { session: 1 token: 't' operations_seen: 3 restarted: true } answers { operation: 4 fail { lost: 1 "
    "retried: 2 } }",
};

template <typename Message>
std::string Seed(const char* text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message.SerializeAsString();
}

struct Tally {
  int read = 0, unreadable = 0;
};

template <typename Check>
Tally Mutate(const std::string& seed, int rounds, Check&& check) {
  google::protobuf::LogSilencer silencer;  // it reports every string that is not UTF-8
  ByteMutator mutator(3);
  Tally tally;
  for (int i = 0; i < rounds; ++i) {
    const std::string bytes = mutator.Bytes(seed);
    const wire::Cut cut{static_cast<int>(mutator.Below(bytes.size() + 1)), static_cast<int>(mutator.Below(5))};
    ++(check(bytes, cut) ? tally.read : tally.unreadable);
  }
  return tally;
}

TEST(MutatedSessions, RequestsMeanTheSameToBothReaders) {
  for (const char* text : kRequests) {
    const Tally tally = Mutate(Seed<v1::SessionRequest>(text), 4'000, CheckRequest);
    EXPECT_GT(tally.read, 100) << "the mutations reach both outcomes: " << text;
    EXPECT_GT(tally.unreadable, 100) << text;
  }
}

TEST(MutatedSessions, ResponsesMeanTheSameToBothReaders) {
  for (const char* text : kResponses) {
    const Tally tally = Mutate(Seed<v1::SessionResponse>(text), 4'000, CheckResponse);
    EXPECT_GT(tally.read, 100) << "the mutations reach both outcomes: " << text;
    EXPECT_GT(tally.unreadable, 100) << text;
  }
}

}  // namespace
}  // namespace sluice::fuzz
