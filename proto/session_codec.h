// The messages of a session stream, straight from and to bytes: SessionRequest and SessionResponse of queue.proto as
// the generated classes read and write them, byte for byte, without building those for what is frequent (put, get,
// task_done and their answers). A payload is copied once: from the transport's memory into its content, or from the
// content into the message. Everything else goes through the generated classes, behind the same faces.
//
// Commands are validated as proto/wire.h does: the same reasons, the same texts.
//
// Thread safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <google/protobuf/io/zero_copy_stream.h>

#include "common/answer.h"
#include "common/command.h"
#include "common/names.h"
#include "proto/wire.h"
#include "proto/wire_writer.h"

namespace sluice::wire {

// ---- server: bytes -> requests ----
struct Cancelling {
  std::uint64_t operation = 0;  // the one whose wait is to end
};
struct OperationIn {
  std::uint64_t id = 0;
  bool answer_may_wait = false;
  std::variant<Routed, Invalid, Cancelling> call;
};
// The queue that was named last: most operations of a stream name the same one again.
struct LastName {
  std::string text;
  std::optional<QueueName> name;  // nullopt: the text is no name
  std::string scratch;
};
struct RequestIn {
  std::optional<v1::Hello> hello;
  std::uint64_t answers_seen = 0;
  bool goodbye = false;
  std::optional<v1::Holding> holding;
  std::vector<OperationIn> operations;
  LastName last_name;  // ReadRequest's own, kept from one message of a stream to the next
};
// Replaces what `request` has; the capacity of `operations` is kept. False: these bytes are not a SessionRequest, or
// one of more than limits::kMessageOperations operations; then of `request` nothing may be used.
bool ReadRequest(google::protobuf::io::ZeroCopyInputStream* in, RequestIn* request);

// ---- server: answers -> bytes ----
struct AnswerOut {
  std::uint64_t operation = 0;
  const Answer* answer = nullptr;
};
struct RecallOut {
  std::string_view space;
  std::string_view queue;
  Fence last;
};
struct ResponseOut {
  const v1::Welcome* welcome = nullptr;  // null: none
  std::span<const AnswerOut> answers;
  std::span<const RecallOut> recalls = {};
};
// One at a time: Measure, then Write into a buffer of that size. Keeps its memory for the next one.
class ResponseWriter {
 public:
  // Returns: bytes of the message. Borrows: what `response` points to, until Write returns.
  std::size_t Measure(const ResponseOut& response);
  // Requires: room for what Measure returned, all of which is written.
  void Write(char* to) const;

 private:
  Measures measures_;
  ResponseOut response_;
};

// ---- client: commands -> bytes ----
struct OperationOut {
  std::uint64_t id = 0;
  const std::string* space = nullptr;
  const Command* command = nullptr;                  // null: a Cancel of `cancels`
  std::optional<std::chrono::milliseconds> timeout;  // of a put, get or join: instead of the command's own
  std::uint64_t cancels = 0;
  bool answer_may_wait = false;
};
struct RequestOut {
  const v1::Hello* hello = nullptr;  // null: none
  std::span<const OperationOut> operations;
  std::uint64_t answers_seen = 0;
  bool goodbye = false;
  const v1::Holding* holding = nullptr;  // null: none
};
// As ResponseWriter.
class RequestWriter {
 public:
  std::size_t Measure(const RequestOut& request);
  void Write(char* to) const;

 private:
  Measures measures_;
  RequestOut request_;
};

// ---- client: bytes -> answers ----
struct RecallIn {
  std::string queue;  // its full name
  Fence last;
};
struct ResponseIn {
  std::optional<v1::Welcome> welcome;
  std::vector<std::pair<std::uint64_t, Answer>> answers;  // with the number of the operation
  std::vector<RecallIn> recalls;
};
// As ReadRequest.
bool ReadResponse(google::protobuf::io::ZeroCopyInputStream* in, ResponseIn* response);

}  // namespace sluice::wire
