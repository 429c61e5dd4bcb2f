// Session requests onto the wire: the client's way out.
#include <cstdint>
#include <variant>

#include "proto/nouns.h"
#include "proto/session_codec.h"
#include "proto/wire_writer.h"
#include "proto/write_item.h"

namespace sluice::wire {
namespace {

// A WaitTime: of none nothing is written.
template <typename Out>
void WriteTimeout(Out& out, std::uint32_t field, const WaitTime& timeout) {
  if (timeout) out.PresentVarint(field, static_cast<std::uint64_t>(timeout->count()));
}

template <typename Out>
void WriteCreate(Out& out, std::uint32_t field, const std::optional<QueueSettings>& create) {
  if (!create) return;
  out.Message(field, [&] {
    out.template Fields<v1::QueueSettings>([&](v1::QueueSettings* settings) { FillSettings(*create, settings); });
  });
}

template <typename Out>
void WritePut(Out& out, const OperationOut& operation, const Put& put) {
  out.QueueName(1, *operation.space, put.queue);
  for (const ContentPtr& item : put.items) {
    out.Message(2, [&] { WriteItem(out, *item); });
  }
  WriteTimeout(out, 3, operation.timeout ? operation.timeout : put.timeout);
  WriteCreate(out, 4, put.create);
  if (put.sequence != 0) {
    out.Text(5, put.producer);
    out.Varint(6, put.sequence);
  } else {
    out.Text(7, put.producer);
  }
}

template <typename Out>
void WriteGet(Out& out, const OperationOut& operation, const Get& get) {
  out.QueueName(1, *operation.space, get.queue);
  out.Varint(2, get.max_items);
  WriteTimeout(out, 3, operation.timeout ? operation.timeout : get.timeout);
  out.Varint(4, get.auto_ack ? v1::AUTO : v1::EXPLICIT);
  out.Varint(5, static_cast<std::uint64_t>(get.lease.count()));
  out.Varint(6, get.until_finished ? 1 : 0);
  WriteCreate(out, 7, get.create);
  out.Varint(8, static_cast<std::uint64_t>(get.prefetch));
}

void FillOther(const OperationOut& operation, v1::Operation* message) {
  Write(*operation.space, *operation.command, message);
  if (operation.timeout && message->has_join()) message->mutable_join()->set_timeout_ms(operation.timeout->count());
}

template <typename Out>
void WriteOperation(Out& out, const OperationOut& operation) {
  out.Varint(1, operation.id);
  if (operation.command == nullptr) {
    out.Message(v1::Operation::kCancelFieldNumber, [&] { out.Varint(1, operation.cancels); });
  } else if (const auto* put = std::get_if<Put>(operation.command)) {
    out.Message(v1::Operation::kPutFieldNumber, [&] { WritePut(out, operation, *put); });
  } else if (const auto* get = std::get_if<Get>(operation.command)) {
    out.Message(v1::Operation::kGetFieldNumber, [&] { WriteGet(out, operation, *get); });
  } else if (const auto* task_done = std::get_if<TaskDone>(operation.command)) {
    out.Message(v1::Operation::kTaskDoneFieldNumber, [&] {
      out.QueueName(1, *operation.space, task_done->queue);
      out.Fences(2, task_done->fences);
    });
  } else {
    out.template Fields<v1::Operation>([&](v1::Operation* message) { FillOther(operation, message); });
  }
  out.Varint(v1::Operation::kAnswerMayWaitFieldNumber, operation.answer_may_wait ? 1 : 0);
}

template <typename Out>
void WriteRequest(Out& out, const RequestOut& request) {
  if (request.hello != nullptr) {
    out.Message(1, [&] { out.template Fields<v1::Hello>([&](v1::Hello* hello) { *hello = *request.hello; }); });
  }
  for (const OperationOut& operation : request.operations) {
    out.Message(2, [&] { WriteOperation(out, operation); });
  }
  out.Varint(3, request.answers_seen);
  out.Varint(4, request.goodbye ? 1 : 0);
  if (request.holding != nullptr) {
    out.Message(5,
                [&] { out.template Fields<v1::Holding>([&](v1::Holding* holding) { *holding = *request.holding; }); });
  }
}

}  // namespace

std::size_t RequestWriter::Measure(const RequestOut& request) {
  request_ = request;
  measures_.Clear();
  Sizer sizer(&measures_);
  WriteRequest(sizer, request_);
  return sizer.size();
}

void RequestWriter::Write(char* to) const {
  Writer writer(measures_, to);
  WriteRequest(writer, request_);
}

}  // namespace sluice::wire
