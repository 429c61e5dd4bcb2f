// Every command and every answer, over the wire and back. Each sample sets every field of its message to a value of
// its own, so that one which is dropped or swapped on either way is seen.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/proto/operations.h"

namespace sluice::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using std::chrono::milliseconds;

std::string Text(const Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  EXPECT_TRUE(printer.PrintToString(message, &text));
  return text;
}

// Excluded by other fields of its message.
bool MayBeAbsent(const FieldDescriptor& field) { return field.full_name() == "sluice.v1.PutRequest.request_id"; }

// Every field of the message, and of those in it; of a oneof the member that is set.
void ExpectComplete(const Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    if (field->real_containing_oneof() != nullptr || MayBeAbsent(*field)) continue;
    if (field->is_repeated()) {
      EXPECT_GT(reflection.FieldSize(message, field), 0) << field->full_name();
      for (int j = 0; j < reflection.FieldSize(message, field); ++j) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          ExpectComplete(reflection.GetRepeatedMessage(message, field, j));
        }
      }
    } else {
      EXPECT_TRUE(reflection.HasField(message, field)) << field->full_name();
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ExpectComplete(reflection.GetMessage(message, field));
      }
    }
  }
}

// The member of the oneof that is set.
const Message& Member(const Message& message, const char* oneof) {
  const auto& reflection = *message.GetReflection();
  const auto* field = reflection.GetOneofFieldDescriptor(message, message.GetDescriptor()->FindOneofByName(oneof));
  return reflection.GetMessage(message, field);
}

ContentPtr Sample() {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::string("\0p", 2));
  content->content_type = "text/plain";
  content->headers = {{"h", "\xff"}};
  content->priority = -4;
  return content;
}

Put PutOne(std::string queue, ContentPtr item) {
  Put put;
  put.queue = std::move(queue);
  put.items = {std::move(item)};
  return put;
}

const char kItemText[] =
    R"({ payload: "\000p" content_type: "text/plain" headers { key: "h" value: "\377" } priority: -4 })";

const QueueSettings kSettings = {Order::kPriority, 11, 12, true, Durability::kFsync, milliseconds(1'300), 14, true};
const char kSettingsText[] =
    "{ order: PRIORITY maxsize: 11 max_bytes: 12 count_leased: true durability: FSYNC lease_ms: 1300 "
    "max_attempts: 14 paused: true }";

std::vector<std::pair<Command, std::string>> Commands() {
  const std::string item = kItemText, settings = kSettingsText;
  return {
      {Put{"q", {Sample()}, milliseconds(5), kSettings, "p", 6},
       "put { queue: \"n/q\" items " + item + " timeout_ms: 5 create " + settings + " producer: \"p\" sequence: 6 }"},
      {Get{"q", 2, milliseconds(3), true, milliseconds(400), true, kSettings, Prefetch::kWanted},
       "get { queue: \"n/q\" max_items: 2 timeout_ms: 3 ack: AUTO lease_ms: 400 until_finished: true create " +
           settings + " prefetch: WANTED }"},
      {TaskDone{"q", {{1}, {2}}}, "task_done { queue: \"n/q\" fences: 1 fences: 2 }"},
      {Fail{"q", {{1}, {2}}, "why"}, "fail { queue: \"n/q\" fences: 1 fences: 2 error: \"why\" }"},
      {Release{"q", {{18446744073709551615u}}}, "release { queue: \"n/q\" fences: 18446744073709551615 }"},
      {Extend{"q", {{1}}, milliseconds(700)}, "extend { queue: \"n/q\" fences: 1 lease_ms: 700 }"},
      {Join{{"q", "p"}, milliseconds(5), true},
       "join { queues: \"n/q\" queues: \"n/p\" timeout_ms: 5 only_put_before: true }"},
      {Shutdown{"q", true}, "shutdown { queue: \"n/q\" immediate: true }"},
      {Reopen{"q"}, "reopen { queue: \"n/q\" }"},
      {Stats{"q"}, "stats { queue: \"n/q\" }"},
      {Peek{"q", 3}, "peek { queue: \"n/q\" max_items: 3 }"},
      {CreateQueue{"q", kSettings}, "create_queue { queue: \"n/q\" settings " + settings + " }"},
      {UpdateQueue{"q", {1, 2, true, milliseconds(300), 4, true}},
       "update_queue { queue: \"n/q\" maxsize: 1 max_bytes: 2 count_leased: true lease_ms: 300 max_attempts: 4 "
       "paused: true }"},
      {DeleteQueue{"q"}, "delete_queue { queue: \"n/q\" }"},
      {ListQueues{"pre", "pre1", 9}, "list_queues { namespace: \"n\" prefix: \"pre\" after: \"pre1\" max_queues: 9 }"},
      {DescribeQueue{"q"}, "describe_queue { queue: \"n/q\" }"},
      {PurgeQueue{"q"}, "purge_queue { queue: \"n/q\" }"},
  };
}

TEST(RoundTrip, CommandsArriveAsTheyWereSent) {
  const auto samples = Commands();
  ASSERT_EQ(samples.size(), std::variant_size_v<Command>);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto& [command, text] = samples[i];
    ASSERT_EQ(command.index(), i) << "one sample of each kind";
    v1::Operation sent;
    Write("n", command, &sent);
    EXPECT_EQ(Text(sent), text + " ");
    ExpectComplete(Member(sent, "call"));

    Parsed parsed = Parse(v1::Operation(sent));
    ASSERT_TRUE(std::holds_alternative<Routed>(parsed)) << std::get<Invalid>(parsed).message;
    const Routed& routed = std::get<Routed>(parsed);
    EXPECT_EQ(routed.command.index(), i);
    v1::Operation again;
    Write(routed.space, routed.command, &again);
    EXPECT_EQ(Text(again), Text(sent));
  }
}

TEST(RoundTrip, ACommandWithoutOptionsStaysWithoutThem) {
  v1::Operation operation;
  Get plain;
  plain.queue = "q";
  Write("n", plain, &operation);
  EXPECT_EQ(Text(operation), "get { queue: \"n/q\" max_items: 1 } ");
  const Get get = Accepted<Get>(Parse(std::move(operation)));
  EXPECT_EQ(get.timeout, kForever);
  EXPECT_FALSE(get.create);
}

TEST(RoundTrip, ARequestIdIsAProducerWithoutSequences) {
  Put sent = PutOne("q", Sample());
  sent.producer = "once";
  v1::Operation operation;
  Write("n", sent, &operation);
  EXPECT_EQ(operation.put().request_id(), "once");
  EXPECT_EQ(operation.put().producer(), "");
  const Put put = Accepted<Put>(Parse(std::move(operation)));
  EXPECT_EQ(put.producer, "once");
  EXPECT_EQ(put.sequence, 0u);
}

TEST(RoundTrip, InASessionASequenceMayLeaveItsProducerToTheHello) {
  Put sent = PutOne("q", Sample());
  sent.sequence = 7;
  v1::Operation operation;
  Write("n", sent, &operation);
  const Put put = Accepted<Put>(Parse(v1::Operation(operation)));
  EXPECT_EQ(put.producer, "");
  EXPECT_EQ(put.sequence, 7u);
  EXPECT_EQ(Refused(Parse(std::move(*operation.mutable_put()))).reason, Reason::kInvalidArgument)
      << "a unary call has no hello";
}

TEST(RoundTrip, TheNumberOfAnOperationIsLeftToTheCaller) {
  v1::Operation operation;
  operation.set_id(7);
  Write("n", Stats{"q"}, &operation);
  EXPECT_EQ(operation.id(), 7u);
}

TEST(RoundTrip, ABadNameOfTheCallerIsRefusedAndNeverBreaksTheMessage) {
  for (const std::string& name : {std::string("\xff"), std::string("a/b"), std::string()}) {
    v1::Operation sent, received;
    Write("n", PutOne(name, Sample()), &sent);
    ASSERT_TRUE(received.ParseFromString(sent.SerializeAsString()));
    EXPECT_EQ(Refused(Parse(std::move(received))).reason, Reason::kInvalidArgument);
  }
}

TEST(RoundTrip, TextThatIsNotUtf8NeverLeaves) {
  auto content = std::make_shared<Content>();
  content->content_type = "\xc0";
  content->headers = {{"\xff", "\xff"}};
  v1::Operation put, fail;
  Write("n", PutOne("q", content), &put);
  Write("n", Fail{.queue = "q", .fences = {{1}}, .error = "caf\xe9"}, &fail);
  EXPECT_TRUE(v1::Operation().ParseFromString(put.SerializeAsString()));
  EXPECT_TRUE(v1::Operation().ParseFromString(fail.SerializeAsString()));
  EXPECT_EQ(fail.fail().error(), "caf?");

  v1::Answer answer;
  Write(Answer::Refused(Reason::kInternal, "\xff"), &answer);
  EXPECT_EQ(answer.error().message(), "?");
}

const TimePoint kTime{milliseconds(1'700'000'000'123)};
const QueueStats kStats = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, milliseconds(16), true, true, true, true};
const char kStatsText[] =
    "{ ready: 1 leased: 2 unfinished: 3 ready_bytes: 4 leased_bytes: 5 put: 6 delivered: 7 redelivered: 8 done: 9 "
    "dead: 10 expired: 11 discarded: 12 waiting_getters: 13 waiting_putters: 14 waiting_joiners: 15 "
    "oldest_ready_age_ms: 16 empty: true full: true shut_down: true paused: true }";

std::vector<std::pair<Answer, std::string>> Answers() {
  const std::string item = kItemText, settings = kSettingsText, stats = kStatsText;
  const QueueDescription description{"q", kSettings, kStats, kTime};
  const std::string described =
      "{ queue: \"q\" settings " + settings + " stats " + stats + " created_unix_ms: 1700000000123 }";
  return {
      {Answer::Ok(PutResult{{1}, 2, Durability::kAsync, true}),
       "put { first_id: 1 count: 2 durability: ASYNC duplicate: true }"},
      {Answer::Ok(GetResult{{{{1}, {2}, 3, kTime, Sample()}}, milliseconds(4), false}),
       "get { deliveries { id: 1 fence: 2 attempt: 3 put_time_unix_ms: 1700000000123 item " + item +
           " } lease_ms: 4 }"},
      {Answer::Ok(TaskDoneResult{{{1}, {2}}, Durability::kFsync}), "task_done { lost: 1 lost: 2 durability: FSYNC }"},
      {Answer::Ok(FailResult{{{1}}, 2, 3, Durability::kAsync}),
       "fail { lost: 1 retried: 2 dead: 3 durability: ASYNC }"},
      {Answer::Ok(ReleaseResult{{{1}}, Durability::kFsync}), "release { lost: 1 durability: FSYNC }"},
      {Answer::Ok(ExtendResult{{{1}}, milliseconds(2), Durability::kAsync}),
       "extend { lost: 1 lease_ms: 2 durability: ASYNC }"},
      {Answer::Ok(JoinResult{{{"q", 1, 2, 3, 4}}}),
       "join { queues { queue: \"q\" done: 1 dead: 2 expired: 3 discarded: 4 } }"},
      {Answer::Ok(ShutdownResult{1, Durability::kFsync}), "shutdown { discarded: 1 durability: FSYNC }"},
      {Answer::Ok(ReopenResult{Durability::kAsync}), "reopen { durability: ASYNC }"},
      {Answer::Ok(StatsResult{kStats}), "stats { stats " + stats + " }"},
      {Answer::Ok(PeekResult{{{{1}, 2, kTime, "why", Sample()}}}),
       "peek { items { id: 1 attempts: 2 put_time_unix_ms: 1700000000123 last_error: \"why\" item " + item + " } }"},
      {Answer::Ok(CreateResult{true, Durability::kFsync}), "create_queue { created: true durability: FSYNC }"},
      {Answer::Ok(UpdateResult{kSettings, Durability::kAsync}),
       "update_queue { settings " + settings + " durability: ASYNC }"},
      {Answer::Ok(DeleteResult{1, Durability::kFsync}), "delete_queue { discarded: 1 durability: FSYNC }"},
      {Answer::Ok(ListResult{{description}, true}), "list_queues { queues " + described + " more: true }"},
      {Answer::Ok(DescribeResult{description}), "describe_queue { queue " + described + " }"},
      {Answer::Ok(PurgeResult{1, Durability::kAsync}), "purge_queue { discarded: 1 durability: ASYNC }"},
  };
}

TEST(RoundTrip, AnswersArriveAsTheyWereSent) {
  const auto samples = Answers();
  ASSERT_EQ(samples.size() + 1, std::variant_size_v<decltype(Answer::result)>);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto& [answer, text] = samples[i];
    ASSERT_EQ(answer.result.index(), i + 1) << "one sample of each kind";
    v1::Answer sent;
    Write(answer, &sent);
    EXPECT_EQ(Text(sent), text + " ");
    ExpectComplete(Member(sent, "result"));

    const Answer read = Read(v1::Answer(sent));
    EXPECT_EQ(read.reason, Reason::kOk);
    EXPECT_EQ(read.result.index(), i + 1);
    v1::Answer again;
    Write(read, &again);
    EXPECT_EQ(Text(again), Text(sent));
  }
}

// The unary response of a kind is the same message as the session's.
template <typename Response>
void ExpectSameAsInSession(const Answer& answer) {
  v1::Answer session;
  Write(answer, &session);
  Response unary;
  Write(answer, &unary);
  EXPECT_EQ(Text(unary), Text(Member(session, "result")));
}

template <typename... Responses>
void ExpectAllSameAsInSession(const std::vector<std::pair<Answer, std::string>>& samples) {
  ASSERT_EQ(samples.size(), sizeof...(Responses));
  std::size_t i = 0;
  (ExpectSameAsInSession<Responses>(samples[i++].first), ...);
}

TEST(RoundTrip, UnaryResponsesAreThoseOfTheSession) {
  ExpectAllSameAsInSession<v1::PutResponse, v1::GetResponse, v1::TaskDoneResponse, v1::FailResponse,
                           v1::ReleaseResponse, v1::ExtendResponse, v1::JoinResponse, v1::ShutdownResponse,
                           v1::ReopenResponse, v1::StatsResponse, v1::PeekResponse, v1::CreateQueueResponse,
                           v1::UpdateQueueResponse, v1::DeleteQueueResponse, v1::ListQueuesResponse,
                           v1::DescribeQueueResponse, v1::PurgeQueueResponse>(Answers());
}

TEST(RoundTrip, EveryRefusalArrivesWithReasonAndMessage) {
  for (int i = 1; i < v1::Reason_ARRAYSIZE; ++i) {
    const auto reason = static_cast<Reason>(i);
    v1::Answer sent;
    Write(Answer::Refused(reason, "what to do"), &sent);
    const Answer read = Read(std::move(sent));
    EXPECT_EQ(read.reason, reason);
    EXPECT_EQ(read.message, "what to do");
    EXPECT_TRUE(std::holds_alternative<std::monostate>(read.result));
  }
}

TEST(RoundTrip, AnAnswerWithoutResultIsABugAndSaysSo) {
  v1::Answer sent;
  Write(Answer(), &sent);
  EXPECT_EQ(sent.error().reason(), v1::INTERNAL);
}

TEST(NewerServer, WhatIsUnknownBecomesInternal) {
  const char* texts[] = {
      "error { reason: 99 message: 'moved' }",
      "error { reason: OK }",
      "",
      "update_queue { settings { order: 9 } }",
      "describe_queue { queue { settings { durability: 9 } } }",
      "list_queues { queues {} queues { settings { order: -1 } } }",
  };
  for (const char* text : texts) {
    v1::Answer answer;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answer)) << text;
    const Answer read = Read(std::move(answer));
    EXPECT_EQ(read.reason, Reason::kInternal) << text;
    EXPECT_NE(read.message, "") << text;
  }
}

TEST(NewerServer, TheTextOfAnUnknownReasonIsKept) {
  v1::Answer answer;
  answer.mutable_error()->set_reason(static_cast<v1::Reason>(99));
  answer.mutable_error()->set_message("moved to b");
  EXPECT_NE(Read(std::move(answer)).message.find("moved to b"), std::string::npos);
}

TEST(NewerServer, APutOfUnknownDurabilityHasHappened) {
  v1::Answer answer;
  answer.mutable_put()->set_first_id(5);
  answer.mutable_put()->set_durability(static_cast<v1::Durability>(9));
  const auto put = std::get<PutResult>(Read(std::move(answer)).result);
  EXPECT_EQ(put.first.value, 5u);
  EXPECT_EQ(put.durability, Durability::kMemory) << "the least that can be promised";
}

TEST(NewerServer, AbsurdTimesAreClamped) {
  v1::Answer answer;
  answer.mutable_get()->add_deliveries()->set_put_time_unix_ms(INT64_MAX);
  answer.mutable_get()->add_deliveries()->set_put_time_unix_ms(INT64_MIN);
  const auto get = std::get<GetResult>(Read(std::move(answer)).result);
  EXPECT_GT(get.deliveries[0].put_time, kTime);
  EXPECT_LT(get.deliveries[1].put_time, TimePoint());
}

}  // namespace
}  // namespace sluice::wire
