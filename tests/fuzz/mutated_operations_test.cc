// A few thousand mutated operations through Parse, the same ones in every run.
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "tests/fuzz/byte_mutator.h"
#include "tests/fuzz/check_parse.h"

namespace sluice::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const char* const kSeeds[] = {
    "put { queue: 'n/q' items { payload: 'p' content_type: 't' headers { key: 'h' value: 'v' } priority: -1 } }",
    "put { queue: 'q' items {} items {} timeout_ms: 5 create { order: LIFO maxsize: 1 lease_ms: 200 } }",
    "put { queue: 'q' items {} producer: 'p' sequence: 1 }",
    "put { queue: 'q' items {} request_id: 'r' }",
    "get { queue: 'q' max_items: 2 timeout_ms: 0 ack: AUTO lease_ms: 400 until_finished: true create {} }",
    "task_done { queue: 'q' fences: 1 fences: 2 }",
    "fail { queue: 'q' fences: 1 error: 'why' }",
    "release { queue: 'q' fences: 3 }",
    "extend { queue: 'q' fences: 1 lease_ms: 700 }",
    "join { queues: 'n/q' queues: 'n/p' timeout_ms: 5 only_put_before: true }",
    "shutdown { queue: 'q' immediate: true }",
    "reopen { queue: 'q' }",
    "stats { queue: 'q' }",
    "peek { queue: 'q' max_items: 3 }",
    "create_queue { queue: 'q' settings { order: PRIORITY max_bytes: 9 durability: FSYNC max_attempts: 3 } }",
    "update_queue { queue: 'q' maxsize: 1 max_bytes: 2 count_leased: true lease_ms: 300 max_attempts: 4 paused: true }",
    "delete_queue { queue: 'q' }",
    "list_queues { namespace: 'n' prefix: 'p' after: 'pa' max_queues: 9 }",
    "describe_queue { queue: 'q' }",
    "purge_queue { queue: 'q' }",
    "cancel { operation: 1 }",
};

class Mutator : public ByteMutator {
 public:
  using ByteMutator::ByteMutator;

  // Gives random fields absurd values, at any depth.
  void Fields(Message* message, int depth = 0) {
    const auto& descriptor = *message->GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor* field = descriptor.field(i);
      const bool is_set = field->is_repeated() || message->GetReflection()->HasField(*message, field);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (is_set && !field->is_map() && depth < 3) Submessage(message, field, depth);
      } else if (Below(3) == 0) {
        Scalar(message, field);
      }
    }
  }

 private:
  template <typename Number>
  Number Absurd() {
    const Number values[] = {0,
                             1,
                             99,
                             10'001,
                             std::numeric_limits<Number>::min(),
                             std::numeric_limits<Number>::max(),
                             static_cast<Number>(-1),
                             static_cast<Number>(Any())};
    return values[Below(std::size(values))];
  }

  std::string AbsurdText() {
    const std::string values[] = {"",
                                  "/",
                                  "a/b",
                                  "a/b/c",
                                  ".",
                                  "\xff",
                                  std::string(1, '\0'),
                                  std::string(256, 'x'),
                                  std::string(70'000, 'y'),
                                  "caf\u00e9",
                                  "q"};
    return values[Below(std::size(values))];
  }

  void Submessage(Message* message, const FieldDescriptor* field, int depth) {
    const auto& reflection = *message->GetReflection();
    if (!field->is_repeated()) {
      Fields(reflection.MutableMessage(message, field), depth + 1);
      return;
    }
    if (Below(4) == 0) reflection.AddMessage(message, field);
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      Fields(reflection.MutableRepeatedMessage(message, field, i), depth + 1);
    }
  }

  void Scalar(Message* message, const FieldDescriptor* field) {
    const auto& reflection = *message->GetReflection();
    const bool repeated = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: reflection.SetInt32(message, field, Absurd<std::int32_t>()); break;
      case FieldDescriptor::CPPTYPE_INT64: reflection.SetInt64(message, field, Absurd<std::int64_t>()); break;
      case FieldDescriptor::CPPTYPE_UINT32: reflection.SetUInt32(message, field, Absurd<std::uint32_t>()); break;
      case FieldDescriptor::CPPTYPE_UINT64:
        repeated ? reflection.AddUInt64(message, field, Absurd<std::uint64_t>())
                 : reflection.SetUInt64(message, field, Absurd<std::uint64_t>());
        break;
      case FieldDescriptor::CPPTYPE_ENUM: reflection.SetEnumValue(message, field, Absurd<std::int32_t>()); break;
      case FieldDescriptor::CPPTYPE_BOOL: reflection.SetBool(message, field, Below(2) == 0); break;
      case FieldDescriptor::CPPTYPE_STRING:
        repeated ? reflection.AddString(message, field, AbsurdText())
                 : reflection.SetString(message, field, AbsurdText());
        break;
      default: FAIL() << "the mutator does not know the type of " << field->full_name();
    }
  }
};

v1::Operation Seed(const char* text) {
  v1::Operation operation;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &operation)) << text;
  return operation;
}

struct Tally {
  int accepted = 0, refused = 0, unreadable = 0;
};

TEST(MutatedOperations, BytesAreUnreadableRefusedOrACommand) {
  google::protobuf::LogSilencer silencer;  // it reports every string that is not UTF-8
  Mutator mutator(1);
  Tally tally;
  for (const char* text : kSeeds) {
    const std::string seed = Seed(text).SerializeAsString();
    for (int i = 0; i < 300; ++i) {
      v1::Operation operation;
      if (!operation.ParseFromString(mutator.Bytes(seed))) {
        ++tally.unreadable;
      } else {
        ++(CheckParse(operation) ? tally.accepted : tally.refused);
      }
    }
  }
  EXPECT_GT(tally.unreadable, 100) << "the mutations reach every outcome";
  EXPECT_GT(tally.refused, 100);
  EXPECT_GT(tally.accepted, 100);
}

TEST(MutatedOperations, AbsurdFieldsAreRefusedOrACommand) {
  Mutator mutator(2);
  Tally tally;
  for (const char* text : kSeeds) {
    const v1::Operation seed = Seed(text);
    for (int i = 0; i < 300; ++i) {
      v1::Operation operation = seed;
      mutator.Fields(&operation);
      ++(CheckParse(operation) ? tally.accepted : tally.refused);
    }
  }
  EXPECT_GT(tally.refused, 100) << "the mutations reach every outcome";
  EXPECT_GT(tally.accepted, 100);
}

}  // namespace
}  // namespace sluice::fuzz
