// Session responses onto the wire: the server's way out.
#include <cstddef>
#include <cstdint>
#include <variant>

#include "common/fetch.h"
#include "proto/nouns.h"
#include "proto/session_codec.h"
#include "proto/wire_writer.h"
#include "proto/write_item.h"

namespace sluice::wire {
namespace {

template <typename Out>
void WriteDelivery(Out& out, const Delivery& delivery) {
  out.Varint(1, delivery.id.value);
  out.Varint(2, delivery.fence.value);
  out.Varint(3, delivery.attempt);
  out.Varint(4, static_cast<std::uint64_t>(ToUnixMs(delivery.put_time)));
  out.Message(5, [&] { WriteItem(out, *delivery.content); });
}

// What the first pass looks at, and then the second.
void Fetch(const Sizer& /*out*/, const Content& content) { FetchToRead(&content, sizeof content); }
void Fetch(const Writer& /*out*/, const Content& content) {
  FetchToRead(content.payload.view().data(), content.payload.size());
}

template <typename Out>
void WriteGet(Out& out, const GetResult& result) {
  constexpr std::size_t kAhead = 4;
  for (std::size_t at = 0; at < result.deliveries.size(); ++at) {
    if (at + kAhead < result.deliveries.size()) Fetch(out, *result.deliveries[at + kAhead].content);
    out.Message(1, [&] { WriteDelivery(out, result.deliveries[at]); });
  }
  out.Varint(2, static_cast<std::uint64_t>(result.lease.count()));
}

template <typename Out>
void WriteAnswer(Out& out, const AnswerOut& ready) {
  const Answer& answer = *ready.answer;
  out.Varint(1, ready.operation);
  if (!answer.ok()) {
    out.Message(v1::Answer::kErrorFieldNumber, [&] {
      out.Varint(1, static_cast<std::uint64_t>(answer.reason));
      out.Text(2, answer.message);
    });
  } else if (const auto* put = std::get_if<PutResult>(&answer.result)) {
    out.Message(v1::Answer::kPutFieldNumber, [&] {
      out.Varint(1, put->first.value);
      out.Varint(2, put->count);
      out.Varint(3, static_cast<std::uint64_t>(put->durability));
      out.Varint(4, put->duplicate ? 1 : 0);
    });
  } else if (const auto* get = std::get_if<GetResult>(&answer.result)) {
    out.Message(v1::Answer::kGetFieldNumber, [&] { WriteGet(out, *get); });
  } else if (const auto* task_done = std::get_if<TaskDoneResult>(&answer.result)) {
    out.Message(v1::Answer::kTaskDoneFieldNumber, [&] {
      out.Fences(1, task_done->lost);
      out.Varint(2, static_cast<std::uint64_t>(task_done->durability));
    });
  } else {
    out.template Fields<v1::Answer>([&](v1::Answer* message) { Write(answer, message); });
  }
}

template <typename Out>
void WriteResponse(Out& out, const ResponseOut& response) {
  if (response.welcome != nullptr) {
    out.Message(1,
                [&] { out.template Fields<v1::Welcome>([&](v1::Welcome* welcome) { *welcome = *response.welcome; }); });
  }
  for (const AnswerOut& answer : response.answers) {
    out.Message(2, [&] { WriteAnswer(out, answer); });
  }
  for (const RecallOut& recall : response.recalls) {
    out.Message(3, [&] {
      out.QueueName(1, recall.space, recall.queue);
      out.Varint(2, recall.last.value);
    });
  }
}

}  // namespace

std::size_t ResponseWriter::Measure(const ResponseOut& response) {
  response_ = response;
  measures_.Clear();
  Sizer sizer(&measures_);
  WriteResponse(sizer, response_);
  return sizer.size();
}

void ResponseWriter::Write(char* to) const {
  Writer writer(measures_, to);
  WriteResponse(writer, response_);
}

}  // namespace sluice::wire
