#include "tests/unit/proto/both_readers.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>
#include <utility>
#include <variant>

#include "proto/session_codec.h"

namespace sluice::wire {

using google::protobuf::Message;
using google::protobuf::io::ZeroCopyInputStream;

std::string BytesOf(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

namespace {

std::string Describe(const Message& message) { return message.GetDescriptor()->name() + " " + BytesOf(message) + "\n"; }

std::string Describe(const Invalid& invalid) {
  return std::string(ReasonName(invalid.reason)) + " " + invalid.message + "\n";
}

std::string Describe(const Routed& routed) {
  v1::Operation operation;
  Write(routed.space, routed.command, &operation);
  return Describe(operation);
}

std::string Describe(const Cancelling& cancelling) { return "cancel " + std::to_string(cancelling.operation) + "\n"; }

std::string Describe(std::uint64_t operation, const Answer& answer) {
  v1::Answer message;
  Write(answer, &message);
  message.set_operation(operation);
  return Describe(message);
}

std::string DescribeAlways(std::uint64_t answers_seen, bool goodbye) {
  return "answers_seen " + std::to_string(answers_seen) + (goodbye ? ", goodbye\n" : "\n");
}

std::string DescribeRecall(const std::string& queue, std::uint64_t last_fence) {
  return "recall " + queue + " up to " + std::to_string(last_fence) + "\n";
}

template <typename Read>
bool ReadCut(std::string_view bytes, Cut cut, Read&& read) {
  const int size = static_cast<int>(bytes.size());
  const int chunk = cut.chunk == 0 ? -1 : cut.chunk;
  google::protobuf::io::ArrayInputStream first(bytes.data(), cut.first, chunk);
  google::protobuf::io::ArrayInputStream rest(bytes.data() + cut.first, size - cut.first, chunk);
  ZeroCopyInputStream* parts[] = {&first, &rest};
  google::protobuf::io::ConcatenatingInputStream stream(parts, 2);
  return read(&stream);
}

}  // namespace

std::string RequestByHand(std::string_view bytes, Cut cut) {
  RequestIn request;
  if (!ReadCut(bytes, cut, [&](ZeroCopyInputStream* in) { return ReadRequest(in, &request); })) return kUnreadable;
  std::string text = DescribeAlways(request.answers_seen, request.goodbye);
  if (request.hello) {
    request.hello->DiscardUnknownFields();
    text += Describe(*request.hello);
  }
  if (request.holding) {
    request.holding->DiscardUnknownFields();
    text += Describe(*request.holding);
  }
  for (const OperationIn& operation : request.operations) {
    text += std::to_string(operation.id) + (operation.answer_may_wait ? ", may wait: " : ": ");
    text += std::visit([](const auto& call) { return Describe(call); }, operation.call);
  }
  return text;
}

std::string RequestByGenerated(std::string_view bytes) {
  v1::SessionRequest request;
  if (!request.ParseFromString({bytes.data(), bytes.size()})) return kUnreadable;
  std::string text = DescribeAlways(request.answers_seen(), request.goodbye());
  if (request.has_hello()) {
    request.mutable_hello()->DiscardUnknownFields();
    text += Describe(request.hello());
  }
  if (request.has_holding()) {
    request.mutable_holding()->DiscardUnknownFields();
    text += Describe(request.holding());
  }
  for (v1::Operation& operation : *request.mutable_operations()) {
    text += std::to_string(operation.id()) + (operation.answer_may_wait() ? ", may wait: " : ": ");
    if (operation.has_cancel()) {
      text += Describe(Cancelling{operation.cancel().operation()});
    } else {
      text += std::visit([](const auto& parsed) { return Describe(parsed); }, Parse(std::move(operation)));
    }
  }
  return text;
}

std::string ResponseByHand(std::string_view bytes, Cut cut) {
  ResponseIn response;
  if (!ReadCut(bytes, cut, [&](ZeroCopyInputStream* in) { return ReadResponse(in, &response); })) return kUnreadable;
  std::string text;
  if (response.welcome) {
    response.welcome->DiscardUnknownFields();
    text += Describe(*response.welcome);
  }
  for (const auto& [operation, answer] : response.answers) text += Describe(operation, answer);
  for (const RecallIn& recall : response.recalls) text += DescribeRecall(recall.queue, recall.last.value);
  return text;
}

std::string ResponseByGenerated(std::string_view bytes) {
  v1::SessionResponse response;
  if (!response.ParseFromString({bytes.data(), bytes.size()})) return kUnreadable;
  std::string text;
  if (response.has_welcome()) {
    response.mutable_welcome()->DiscardUnknownFields();
    text += Describe(response.welcome());
  }
  for (v1::Answer& answer : *response.mutable_answers()) {
    const std::uint64_t operation = answer.operation();
    text += Describe(operation, Read(std::move(answer)));
  }
  for (const v1::Recall& recall : response.recalls()) text += DescribeRecall(recall.queue(), recall.last_fence());
  return text;
}

}  // namespace sluice::wire
