// Session responses off the wire: the client's way in.
#include <limits>
#include <string>
#include <utility>

#include "proto/generated_field.h"
#include "proto/item_fields.h"
#include "proto/nouns.h"
#include "proto/session_codec.h"
#include "proto/wire_reader.h"

namespace sluice::wire {
namespace {

using std::chrono::milliseconds;

// One answer, as its fields come; see OperationFields in read_request.cc.
class AnswerFields {
 public:
  explicit AnswerFields(std::string* scratch) : scratch_(*scratch) {}

  bool Read(WireReader* in);
  std::pair<std::uint64_t, Answer> Take();

 private:
  bool ReadResult(WireReader* in, std::uint32_t tag);
  bool ReadPut(WireReader* in);
  bool ReadGet(WireReader* in);
  bool ReadDelivery(WireReader* in);
  bool ReadTaskDone(WireReader* in);
  bool ReadLost(WireReader* in);
  Answer TakeResult();

  // The field of the result, of which the rest belongs to the last.
  struct Result {
    std::uint32_t field = 0;  // 0: none
    std::uint64_t first_id = 0;
    std::uint64_t count = 0;
    std::uint64_t durability = 0;
    std::uint64_t duplicate = 0;
    GetResult get;
    std::uint64_t lease_ms = 0;
    TaskDoneResult task_done;
    std::optional<v1::Answer> other;  // of all other results
  };

  std::string& scratch_;
  std::uint64_t operation_ = 0;
  std::optional<v1::Answer> error_;
  Result result_;
};

constexpr std::uint32_t kErrorField = v1::Answer::kErrorFieldNumber;
constexpr std::uint32_t kPutField = v1::Answer::kPutFieldNumber;
constexpr std::uint32_t kGetField = v1::Answer::kGetFieldNumber;
constexpr std::uint32_t kTaskDoneField = v1::Answer::kTaskDoneFieldNumber;
constexpr std::uint32_t kLastResultField = v1::Answer::kPurgeQueueFieldNumber;

bool AnswerFields::Read(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    const std::uint32_t field = tag >> 3;
    bool read = false;
    if (tag == Tag(1, kVarint)) {
      read = in->Varint(&operation_);
    } else if (tag == Tag(kErrorField, kSized)) {
      if (!error_) error_.emplace();
      read = MergeField(in, tag, &scratch_, &*error_);
    } else if ((tag & 7) == kSized && field >= kPutField && field <= kLastResultField) {
      read = ReadResult(in, tag);
    } else {
      read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool AnswerFields::ReadResult(WireReader* in, std::uint32_t tag) {
  const std::uint32_t field = tag >> 3;
  if (result_.field != field) {
    if (result_.field != 0) result_ = {};
    result_.field = field;
  }
  switch (field) {
    case kPutField: return in->Message([&] { return ReadPut(in); });
    case kGetField: return in->Message([&] { return ReadGet(in); });
    case kTaskDoneField: return in->Message([&] { return ReadTaskDone(in); });
    default:
      if (!result_.other) result_.other.emplace();
      return MergeField(in, tag, &scratch_, &*result_.other);
  }
}

bool AnswerFields::ReadPut(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kVarint): read = in->Varint(&result_.first_id); break;
      case Tag(2, kVarint): read = in->Varint(&result_.count); break;
      case Tag(3, kVarint): read = in->Varint(&result_.durability); break;
      case Tag(4, kVarint): read = in->Varint(&result_.duplicate); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool AnswerFields::ReadGet(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kSized): {
        const std::uint64_t before = in->rest();
        read = in->Message([&] { return ReadDelivery(in); });
        if (read && result_.get.deliveries.size() == 1) ReserveLike(before - in->rest(), *in, &result_.get.deliveries);
        break;
      }
      case Tag(2, kVarint): read = in->Varint(&result_.lease_ms); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool AnswerFields::ReadDelivery(WireReader* in) {
  std::uint64_t attempt = 0, put_time_ms = 0;
  Delivery& delivery = result_.get.deliveries.emplace_back();
  ItemFields item;
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kVarint): read = in->Varint(&delivery.id.value); break;
      case Tag(2, kVarint): read = in->Varint(&delivery.fence.value); break;
      case Tag(3, kVarint): read = in->Varint(&attempt); break;
      case Tag(4, kVarint): read = in->Varint(&put_time_ms); break;
      case Tag(5, kSized):
        read = in->Message([&] { return item.Read(in, std::numeric_limits<std::size_t>::max()); });
        break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  delivery.attempt = static_cast<std::uint32_t>(attempt);
  delivery.put_time = FromUnixMs(static_cast<std::int64_t>(put_time_ms));
  delivery.content = item.Take();
  return in->ok();
}

bool AnswerFields::ReadTaskDone(WireReader* in) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    std::uint64_t fence = 0;
    switch (tag) {
      case Tag(1, kSized): read = in->Message([&] { return ReadLost(in); }); break;
      case Tag(1, kVarint):
        if ((read = in->Varint(&fence))) result_.task_done.lost.push_back({fence});
        break;
      case Tag(2, kVarint): read = in->Varint(&result_.durability); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool AnswerFields::ReadLost(WireReader* in) {
  std::uint64_t fence = 0;
  while (in->More()) {
    if (!in->Varint(&fence)) return false;
    result_.task_done.lost.push_back({fence});
  }
  return in->ok();
}

Answer AnswerFields::TakeResult() {
  const Durability durability = ReachedDurability(static_cast<v1::Durability>(static_cast<int>(result_.durability)));
  switch (result_.field) {
    case kPutField:
      return Answer::Ok(
          PutResult{{result_.first_id}, static_cast<std::uint32_t>(result_.count), durability, result_.duplicate != 0});
    case kGetField:
      result_.get.lease = milliseconds(static_cast<std::int64_t>(result_.lease_ms));
      return Answer::Ok(std::move(result_.get));
    case kTaskDoneField: result_.task_done.durability = durability; return Answer::Ok(std::move(result_.task_done));
    default: return wire::Read(result_.other ? std::move(*result_.other) : v1::Answer());
  }
}

std::pair<std::uint64_t, Answer> AnswerFields::Take() {
  return {operation_, error_ ? wire::Read(std::move(*error_)) : TakeResult()};
}

bool ReadRecall(WireReader* in, RecallIn* recall) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    switch (tag) {
      case Tag(1, kSized): read = in->Text(&recall->queue); break;
      case Tag(2, kVarint): read = in->Varint(&recall->last.value); break;
      default: read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

bool ReadFields(WireReader* in, ResponseIn* response) {
  std::string scratch;
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    bool read = false;
    if (tag == Tag(1, kSized)) {
      if (!response->welcome) response->welcome.emplace();
      read = MergeMessage(in, &scratch, &*response->welcome);
    } else if (tag == Tag(2, kSized)) {
      AnswerFields answer(&scratch);
      read = in->Message([&] { return answer.Read(in); });
      if (read) response->answers.push_back(answer.Take());
    } else if (tag == Tag(3, kSized)) {
      read = in->Message([&] { return ReadRecall(in, &response->recalls.emplace_back()); });
    } else {
      read = in->Skip(tag);
    }
    if (!read) return false;
  }
  return in->ok();
}

}  // namespace

bool ReadResponse(google::protobuf::io::ZeroCopyInputStream* in, ResponseIn* response) {
  response->welcome.reset();
  response->answers.clear();
  response->recalls.clear();
  WireReader reader(in);
  return ReadFields(&reader, response);
}

}  // namespace sluice::wire
