// PROTOCOL.md against the .proto files and common/limits.h: nothing is missing, no figure is stale, and what the
// transcripts show are messages.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "proto/wire.h"
#include "tests/unit/proto/transcripts.h"

namespace sluice::wire {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

std::string Text() {
  std::string text;
  for (const std::string& line : ProtocolLines()) text += line + "\n";
  return text;
}

bool Contains(std::string_view text, const std::string& part) { return text.find(part) != text.npos; }

std::string Quoted(const std::string& word) { return "`" + word + "`"; }

// The text under the heading that names `word`, down to the next heading; empty when there is none.
std::string Section(const std::string& word) {
  std::string section;
  bool inside = false;
  for (const std::string& line : ProtocolLines()) {
    if (line.starts_with("#")) {
      if (inside) break;
      inside = Contains(line, Quoted(word));
    }
    if (inside) section += line + "\n";
  }
  return section;
}

// Those that a program carries: what reflection can tell.
std::vector<const FileDescriptor*> Files() {
  std::vector<const FileDescriptor*> files;
  for (const char* name : {"sluice/v1/queue.proto", "sluice/v1/admin.proto"}) {
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    EXPECT_NE(file, nullptr) << name << " is not linked in";
    if (file != nullptr) files.push_back(file);
  }
  return files;
}

const char* StatusName(int code) {
  switch (code) {
    case 0: return "OK";
    case 1: return "CANCELLED";
    case 3: return "INVALID_ARGUMENT";
    case 5: return "NOT_FOUND";
    case 6: return "ALREADY_EXISTS";
    case 8: return "RESOURCE_EXHAUSTED";
    case 9: return "FAILED_PRECONDITION";
    case 10: return "ABORTED";
    case 13: return "INTERNAL";
    case 14: return "UNAVAILABLE";
    default: return "?";
  }
}

TEST(ProtocolDoc, TellsEveryFieldOfEveryMessage) {
  int messages = 0;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i, ++messages) {
      const Descriptor* message = file->message_type(i);
      const std::string section = Section(message->name());
      EXPECT_NE(section, "") << "no heading names `" << message->name() << "`";
      for (int j = 0; j < message->field_count(); ++j) {
        EXPECT_TRUE(Contains(section, Quoted(message->field(j)->name()))) << message->field(j)->full_name();
      }
    }
  }
  EXPECT_GT(messages, 40);
}

TEST(ProtocolDoc, TellsEveryCall) {
  const std::string text = Text();
  int calls = 0;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      EXPECT_TRUE(Contains(text, Quoted(file->service(i)->name())));
      for (int j = 0; j < file->service(i)->method_count(); ++j, ++calls) {
        const std::string& name = file->service(i)->method(j)->name();
        EXPECT_TRUE(Contains(text, "\n### " + name + ": ") || Contains(text, "\n" + Quoted(name) + " is ")) << name;
      }
    }
  }
  EXPECT_EQ(calls, 20);
}

TEST(ProtocolDoc, TellsEveryReasonWithItsNumberAndStatus) {
  const std::string text = Text();
  for (int i = 0; i < v1::Reason_ARRAYSIZE; ++i) {
    const std::string row = "\n| " + Quoted(v1::Reason_Name(i)) + " | " + std::to_string(i) + " | " +
                            StatusName(ToStatusCode(static_cast<Reason>(i))) + " | ";
    EXPECT_TRUE(Contains(text, row)) << row;
  }
}

TEST(ProtocolDoc, TellsEveryValueOfTheOtherEnums) {
  const std::string text = Text();
  for (const auto* type :
       {v1::Order_descriptor(), v1::Durability_descriptor(), v1::Ack_descriptor(), v1::Prefetch_descriptor()}) {
    for (int i = 0; i < type->value_count(); ++i) EXPECT_TRUE(Contains(text, Quoted(type->value(i)->name())));
  }
}

TEST(ProtocolDoc, TellsEveryLimitAsItIs) {
  using std::chrono::milliseconds;
  const std::vector<std::pair<std::string, std::int64_t>> rows = {
      {"kNameBytes", limits::kNameBytes},
      {"kItemBytes", limits::kItemBytes},
      {"kMessageBytes", limits::kMessageBytes},
      {"kBatchItems", limits::kBatchItems},
      {"kMessageOperations", limits::kMessageOperations},
      {"kHeaderCount", limits::kHeaderCount},
      {"kHeaderBytes", limits::kHeaderBytes},
      {"kContentTypeBytes", limits::kContentTypeBytes},
      {"kErrorTextBytes", limits::kErrorTextBytes},
      {"kReplyBytes", limits::kReplyBytes},
      {"kJoinQueues", limits::kJoinQueues},
      {"kListQueues", limits::kListQueues},
      {"kClientNameBytes", limits::kClientNameBytes},
      {"kProducerBytes", limits::kProducerBytes},
      {"kPutWindow", limits::kPutWindow},
      {"kPutWindowTime", milliseconds(limits::kPutWindowTime).count()},
      {"kMetadataBytes", limits::kMetadataBytes},
      {"kItemOverheadBytes", limits::kItemOverheadBytes},
      {"kMemoryBytes", limits::kMemoryBytes},
      {"kQueues", limits::kQueues},
      {"kNamespaces", limits::kNamespaces},
      {"kWaiters", limits::kWaiters},
      {"kSessions", limits::kSessions},
      {"kRetainedAnswers", limits::kRetainedAnswers},
      {"kTimeout", milliseconds(limits::kTimeout).count()},
      {"kMinLease", milliseconds(limits::kMinLease).count()},
      {"kMaxLease", milliseconds(limits::kMaxLease).count()},
      {"kDefaultLease", milliseconds(limits::kDefaultLease).count()},
      {"kGrace", milliseconds(limits::kGrace).count()},
      {"kDrain", milliseconds(limits::kDrain).count()},
  };
  const auto lines = ProtocolLines();
  for (const auto& [name, value] : rows) {
    std::string row;
    for (const std::string& line : lines) {
      if (line.starts_with("| ") && Contains(line, Quoted(name))) row = line;
    }
    EXPECT_TRUE(Contains(row, " " + std::to_string(value))) << name << " is " << value << ", the row is: " << row;
  }
}

// ---- transcripts -------------------------------------------------------------------------------

// "OK" or "CODE, sluice-reason: REASON", where both belong together.
void ExpectStatus(const std::string& status) {
  if (status == "OK") return;
  const std::string middle = ", " + std::string(kReasonMetadataKey) + ": ";
  const auto at = status.find(middle);
  ASSERT_NE(at, status.npos) << status;
  v1::Reason reason = v1::INTERNAL;
  ASSERT_TRUE(v1::Reason_Parse(status.substr(at + middle.size()), &reason)) << status;
  EXPECT_EQ(status.substr(0, at), StatusName(ToStatusCode(static_cast<Reason>(reason)))) << status;
}

TEST(ProtocolDoc, TranscriptsAreMadeOfMessagesAndStatuses) {
  for (const Exchange& exchange : Transcripts()) {
    if (!exchange.message) ExpectStatus(exchange.status);
  }
}

}  // namespace
}  // namespace sluice::wire
