// Session requests off the wire: the server's way in.
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "proto/checker.h"
#include "proto/generated_field.h"
#include "proto/item_fields.h"
#include "proto/session_codec.h"
#include "proto/utf8.h"
#include "proto/wire_reader.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;

// One operation, as its fields come. Of a field that comes again the last one counts, or they add up, as in protobuf:
// so what is found is judged at the end, in the order of proto/parse.cc.
class OperationFields {
 public:
  explicit OperationFields(LastName* last_name) : last_name_(*last_name) {}

  bool Read(WireReader* in);
  void Take(OperationIn* operation);

 private:
  bool ReadCall(WireReader* in, std::uint32_t tag);
  bool ReadPut(WireReader* in);
  bool ReadGet(WireReader* in);
  bool ReadTaskDone(WireReader* in);
  bool ReadOther(WireReader* in, std::uint32_t tag);
  bool ReadName(WireReader* in);
  bool ReadTimeout(WireReader* in);
  bool ReadCreate(WireReader* in);
  bool ReadItem(WireReader* in);
  bool ReadText(WireReader* in, BoundedText* text);
  void AddFence(std::uint64_t fence);
  bool ReadFences(WireReader* in);

  QueueName TakeName(Checker* check) const;
  Parsed TakePut();
  Parsed TakeGet();
  Parsed TakeTaskDone();

  // The field of the call, of which the rest belongs to the last.
  struct Call {
    std::uint32_t field = 0;  // 0: none
    bool named = false;       // by last_name_
    std::optional<std::int64_t> timeout;
    std::optional<v1::QueueSettings> create;
    BoundedText producer;
    BoundedText request_id;
    std::uint64_t sequence = 0;
    std::vector<ContentPtr> items;  // as many as are allowed
    std::size_t item_count = 0;
    Checker item_check;
    std::vector<Fence> fences;  // as many as are allowed
    std::size_t fence_count = 0;
    std::uint64_t max_items = 0;
    std::uint64_t ack = 0;
    std::uint64_t lease_ms = 0;
    std::uint64_t until_finished = 0;
    std::uint64_t prefetch = 0;
    std::optional<v1::Operation> other;  // of all other calls
  };

  LastName& last_name_;
  std::uint64_t id_ = 0;
  std::uint64_t answer_may_wait_ = 0;
  Call call_;
};

constexpr std::uint32_t kPutField = v1::Operation::kPutFieldNumber;
constexpr std::uint32_t kGetField = v1::Operation::kGetFieldNumber;
constexpr std::uint32_t kTaskDoneField = v1::Operation::kTaskDoneFieldNumber;
constexpr std::uint32_t kLastCallField = v1::Operation::kPurgeQueueFieldNumber;

bool OperationFields::Read(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    const std::uint32_t field = tag >> 3;
    if (tag == Tag(1, kVarint)) {
      if (!in->Varint(&id_)) return false;
    } else if (tag == Tag(v1::Operation::kAnswerMayWaitFieldNumber, kVarint)) {
      if (!in->Varint(&answer_may_wait_)) return false;
    } else if ((tag & 7) == kSized && field >= kPutField && field <= kLastCallField) {
      if (!ReadCall(in, tag)) return false;
    } else if (!in->Skip(tag)) {
      return false;
    }
  }
  return in->ok();
}

bool OperationFields::ReadCall(WireReader* in, std::uint32_t tag) {
  const std::uint32_t field = tag >> 3;
  if (call_.field != field) {
    if (call_.field != 0) call_ = {};
    call_.field = field;
  }
  switch (field) {
    case kPutField: return in->Message([&] { return ReadPut(in); });
    case kGetField: return in->Message([&] { return ReadGet(in); });
    case kTaskDoneField: return in->Message([&] { return ReadTaskDone(in); });
    default: return ReadOther(in, tag);
  }
}

bool OperationFields::ReadPut(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kSized): read = ReadName(in); break;
      case Tag(2, kSized): read = ReadItem(in); break;
      case Tag(3, kVarint): read = ReadTimeout(in); break;
      case Tag(4, kSized): read = ReadCreate(in); break;
      case Tag(5, kSized): read = ReadText(in, &call_.producer); break;
      case Tag(6, kVarint): read = in->Varint(&call_.sequence); break;
      case Tag(7, kSized): read = ReadText(in, &call_.request_id); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool OperationFields::ReadGet(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kSized): read = ReadName(in); break;
      case Tag(2, kVarint): read = in->Varint(&call_.max_items); break;
      case Tag(3, kVarint): read = ReadTimeout(in); break;
      case Tag(4, kVarint): read = in->Varint(&call_.ack); break;
      case Tag(5, kVarint): read = in->Varint(&call_.lease_ms); break;
      case Tag(6, kVarint): read = in->Varint(&call_.until_finished); break;
      case Tag(7, kSized): read = ReadCreate(in); break;
      case Tag(8, kVarint): read = in->Varint(&call_.prefetch); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool OperationFields::ReadTaskDone(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    std::uint64_t fence = 0;
    switch (tag) {
      case Tag(1, kSized): read = ReadName(in); break;
      case Tag(2, kSized): read = in->Message([&] { return ReadFences(in); }); break;
      case Tag(2, kVarint):
        if ((read = in->Varint(&fence))) AddFence(fence);
        break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool OperationFields::ReadOther(WireReader* in, std::uint32_t tag) {
  if (!call_.other) call_.other.emplace();
  return MergeField(in, tag, &last_name_.scratch, &*call_.other);
}

bool OperationFields::ReadName(WireReader* in) {
  std::string_view text;
  if (!in->View(&text, &last_name_.scratch)) return false;
  call_.named = true;
  if (text == last_name_.text) return true;
  if (!IsUtf8(text)) return false;
  last_name_.text = text;
  last_name_.name = QueueName::Parse(text);
  return true;
}

bool OperationFields::ReadTimeout(WireReader* in) {
  std::uint64_t ms = 0;
  if (!in->Varint(&ms)) return false;
  call_.timeout = static_cast<std::int64_t>(ms);
  return true;
}

bool OperationFields::ReadCreate(WireReader* in) {
  if (!call_.create) call_.create.emplace();
  return MergeMessage(in, &last_name_.scratch, &*call_.create);
}

bool OperationFields::ReadItem(WireReader* in) {
  ItemFields item;
  const std::uint64_t before = in->rest();
  if (!in->Message([&] { return item.Read(in, limits::kItemBytes); })) return false;
  if (call_.items.capacity() == 0) ReserveLike(before - in->rest(), *in, &call_.items);
  item.Check(call_.item_count, &call_.item_check);
  if (++call_.item_count > limits::kBatchItems || call_.item_check.has_problem()) {
    call_.items.clear();  // the put is refused
  } else {
    call_.items.push_back(item.Take());
  }
  return true;
}

bool OperationFields::ReadText(WireReader* in, BoundedText* text) {
  std::string_view whole;
  if (!in->View(&whole, &last_name_.scratch) || !IsUtf8(whole)) return false;
  text->Assign(whole);
  return true;
}

void OperationFields::AddFence(std::uint64_t fence) {
  if (++call_.fence_count <= limits::kBatchItems) call_.fences.push_back({fence});
}

bool OperationFields::ReadFences(WireReader* in) {
  std::uint64_t fence = 0;
  while (in->More()) {
    if (!in->Varint(&fence)) return false;
    AddFence(fence);
  }
  return in->ok();
}

// ---- judging -----------------------------------------------------------------------------------

QueueName OperationFields::TakeName(Checker* check) const {
  if (!call_.named) return check->Queue("queue", "");
  return last_name_.name ? *last_name_.name : check->Queue("queue", last_name_.text);
}

Parsed OperationFields::TakePut() {
  Checker check;
  QueueName queue = TakeName(&check);
  Put put;
  put.queue = std::move(queue.name);
  put.timeout = check.Timeout(call_.timeout.has_value(), call_.timeout.value_or(0));
  if (call_.create) put.create = check.Create(true, *call_.create);
  check.Repeatable(std::move(call_.producer), call_.sequence, std::move(call_.request_id), Within::kSession, &put);
  check.ItemCount(call_.item_count);
  check.Add(call_.item_check);
  put.items = std::move(call_.items);
  return check.Route(std::move(queue.space), std::move(put));
}

Parsed OperationFields::TakeGet() {
  Checker check;
  QueueName queue = TakeName(&check);
  Get get;
  get.queue = std::move(queue.name);
  const std::uint32_t max_items =
      check.Count("max_items", static_cast<std::uint32_t>(call_.max_items), limits::kBatchItems);
  get.max_items = max_items == 0 ? 1 : max_items;
  get.timeout = check.Timeout(call_.timeout.has_value(), call_.timeout.value_or(0));
  get.auto_ack = check.IsAuto(static_cast<v1::Ack>(static_cast<int>(call_.ack)));
  get.lease = check.Lease("lease_ms", static_cast<std::int64_t>(call_.lease_ms), milliseconds(0));
  get.until_finished = call_.until_finished != 0;
  if (call_.create) get.create = check.Create(true, *call_.create);
  get.prefetch = check.Prefetch(static_cast<v1::Prefetch>(static_cast<int>(call_.prefetch)));
  return check.Route(std::move(queue.space), std::move(get));
}

Parsed OperationFields::TakeTaskDone() {
  Checker check;
  QueueName queue = TakeName(&check);
  check.Fences(call_.fences, call_.fence_count);
  return check.Route(std::move(queue.space), TaskDone{std::move(queue.name), std::move(call_.fences)});
}

// The alternatives of Parsed are alternatives of an operation's call.
void Set(Parsed&& parsed, OperationIn* operation) {
  if (auto* routed = std::get_if<Routed>(&parsed)) {
    operation->call = std::move(*routed);
  } else {
    operation->call = std::move(std::get<Invalid>(parsed));
  }
}

void OperationFields::Take(OperationIn* operation) {
  operation->id = id_;
  operation->answer_may_wait = answer_may_wait_ != 0;
  switch (call_.field) {
    case kPutField: return Set(TakePut(), operation);
    case kGetField: return Set(TakeGet(), operation);
    case kTaskDoneField: return Set(TakeTaskDone(), operation);
    default: break;
  }
  if (!call_.other) call_.other.emplace();
  call_.other->set_id(id_);
  if (call_.other->has_cancel()) {
    operation->call = Cancelling{call_.other->cancel().operation()};
  } else {
    Set(Parse(std::move(*call_.other)), operation);
  }
}

bool ReadOperation(WireReader* in, RequestIn* request) {
  if (request->operations.size() == limits::kMessageOperations) return false;
  OperationFields fields(&request->last_name);
  if (!in->Message([&] { return fields.Read(in); })) return false;
  fields.Take(&request->operations.emplace_back());
  return true;
}

bool ReadHello(WireReader* in, RequestIn* request) {
  if (!request->hello) request->hello.emplace();
  return MergeMessage(in, &request->last_name.scratch, &*request->hello);
}

bool ReadHolding(WireReader* in, RequestIn* request) {
  if (!request->holding) request->holding.emplace();
  return MergeMessage(in, &request->last_name.scratch, &*request->holding);
}

bool ReadFields(WireReader* in, RequestIn* request) {
  std::uint32_t tag = 0;
  std::uint64_t goodbye = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kSized): read = ReadHello(in, request); break;
      case Tag(2, kSized): read = ReadOperation(in, request); break;
      case Tag(3, kVarint): read = in->Varint(&request->answers_seen); break;
      case Tag(4, kVarint): read = in->Varint(&goodbye); break;
      case Tag(5, kSized): read = ReadHolding(in, request); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  request->goodbye = goodbye != 0;
  return in->ok();
}

}  // namespace

bool ReadRequest(google::protobuf::io::ZeroCopyInputStream* in, RequestIn* request) {
  constexpr std::size_t kScratchKept = 4'096;
  request->hello.reset();
  request->answers_seen = 0;
  request->goodbye = false;
  request->holding.reset();
  request->operations.clear();
  WireReader reader(in);
  const bool read = ReadFields(&reader, request);
  if (request->last_name.scratch.capacity() > kScratchKept) request->last_name.scratch = std::string();
  if (request->last_name.text.size() > kScratchKept) request->last_name = {};
  return read;
}

}  // namespace sluice::wire
