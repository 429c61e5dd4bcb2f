#include "proto/checker.h"

#include <algorithm>
#include <set>
#include <utility>

#include "proto/nouns.h"
#include "proto/utf8.h"

namespace sluice::wire {

using std::chrono::milliseconds;

namespace {

std::string Element(std::string_view field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

}  // namespace

void Checker::Fail(Reason reason, std::string message) {
  if (!problem_) problem_ = Invalid{reason, std::move(message)};
}

void Checker::BadValue(std::string_view field, std::int64_t value, std::string_view allowed) {
  Fail(Reason::kInvalidArgument, std::string(field) + " is " + std::to_string(value) + ": use " + std::string(allowed));
}

void Checker::TooLarge(std::string_view field, std::size_t size, std::string_view unit, std::size_t max) {
  Fail(Reason::kTooLarge, std::string(field) + " has " + std::to_string(size) + " " + std::string(unit) +
                              ": the limit is " + std::to_string(max));
}

QueueName Checker::Queue(std::string_view field, const std::string& text) {
  auto name = QueueName::Parse(text);
  if (name) return *std::move(name);
  Fail(Reason::kInvalidArgument, std::string(field) + ": " + InvalidNameMessage(text));
  return {};
}

std::vector<std::string> Checker::Queues(const google::protobuf::RepeatedPtrField<std::string>& texts,
                                         std::string* space) {
  std::vector<std::string> names;
  if (texts.empty()) Fail(Reason::kInvalidArgument, "queues is empty: name at least one queue");
  if (static_cast<std::size_t>(texts.size()) > limits::kJoinQueues) {
    TooLarge("queues", texts.size(), "names", limits::kJoinQueues);
    return names;
  }
  std::set<std::string_view> seen;
  names.reserve(texts.size());
  for (int i = 0; i < texts.size() && !problem_; ++i) {
    const std::string field = "queues[" + std::to_string(i) + "]";
    QueueName name = Queue(field, texts[i]);
    if (problem_) break;
    if (i == 0) *space = name.space;
    if (name.space != *space) {
      Fail(Reason::kInvalidArgument,
           field + " is in namespace '" + name.space + "', queues[0] in '" + *space + "': use queues of one namespace");
    }
    names.push_back(std::move(name.name));
    if (!seen.insert(names.back()).second) {
      Fail(Reason::kInvalidArgument, field + " names '" + names.back() + "' again: name each queue once");
    }
  }
  return names;
}

std::string Checker::NameOrEmpty(std::string_view field, const std::string& text) {
  if (text.empty() || IsValidName(text)) return text;
  Fail(Reason::kInvalidArgument, std::string(field) +
                                     " is not (the beginning of) a name: leave it out or use 1-255 bytes of A-Z a-z "
                                     "0-9 . _ -, not starting with a dot");
  return {};
}

WaitTime Checker::Timeout(bool present, std::int64_t ms) {
  if (!present) return kForever;
  if (ms < 0 || ms > limits::kTimeout.count()) {
    BadValue("timeout_ms", ms,
             "0 (do not wait), a positive number up to " + std::to_string(limits::kTimeout.count()) +
                 ", or leave it out to wait for ever");
  }
  return milliseconds(ms);
}

milliseconds Checker::Lease(const std::string& field, std::int64_t ms, milliseconds standard) {
  if (ms == 0) return standard;
  if (ms < limits::kMinLease.count() || ms > limits::kMaxLease.count()) {
    BadValue(field, ms,
             "0 (the default) or " + std::to_string(limits::kMinLease.count()) + " to " +
                 std::to_string(limits::kMaxLease.count()));
  }
  return milliseconds(ms);
}

std::uint32_t Checker::Count(std::string_view field, std::uint32_t count, std::size_t max) {
  if (count > max) BadValue(field, count, "0 (the default) or 1 to " + std::to_string(max));
  return count;
}

std::int64_t Checker::ZeroOrMore(const std::string& field, std::int64_t value) {
  if (value < 0) BadValue(field, value, "0 (no limit) or a positive number");
  return value;
}

bool Checker::IsAuto(v1::Ack ack) {
  if (!v1::Ack_IsValid(ack)) BadValue("ack", ack, "EXPLICIT (0) or AUTO (1)");
  return ack == v1::AUTO;
}

sluice::Prefetch Checker::Prefetch(v1::Prefetch prefetch) {
  static_assert(static_cast<int>(sluice::Prefetch::kAhead) == v1::AHEAD &&
                static_cast<int>(sluice::Prefetch::kWanted) == v1::WANTED);
  if (!v1::Prefetch_IsValid(prefetch)) BadValue("prefetch", prefetch, "NONE (0), AHEAD (1) or WANTED (2)");
  return static_cast<sluice::Prefetch>(prefetch);
}

void Checker::FenceCount(std::size_t count) {
  if (count == 0) Fail(Reason::kInvalidArgument, "fences is empty: name at least one fence of a delivery");
  if (count > limits::kBatchItems) TooLarge("fences", count, "fences", limits::kBatchItems);
}

void Checker::Fences(const std::vector<Fence>& fences, std::size_t count) {
  FenceCount(count);
  if (count > limits::kBatchItems) return;
  const auto none = std::find(fences.begin(), fences.end(), Fence{});
  if (none == fences.end()) return;
  BadValue(Element("fences", static_cast<std::size_t>(none - fences.begin())), 0, "the fence of a delivery");
}

std::vector<Fence> Checker::Fences(const google::protobuf::RepeatedField<std::uint64_t>& fences) {
  std::vector<Fence> result;
  const auto count = static_cast<std::size_t>(fences.size());
  if (count <= limits::kBatchItems) {
    result.reserve(count);
    for (const std::uint64_t fence : fences) result.push_back({fence});
  }
  Fences(result, count);
  return result;
}

void Checker::ItemCount(std::size_t count) {
  if (count == 0) Fail(Reason::kInvalidArgument, "items is empty: put at least one item");
  if (count > limits::kBatchItems) TooLarge("items", count, "items", limits::kBatchItems);
}

void Checker::Repeatable(BoundedText producer, std::uint64_t sequence, BoundedText request_id, Within within,
                         Put* put) {
  constexpr std::size_t kMax = limits::kProducerBytes;
  if (producer.bytes() > kMax) return TooLarge("producer", producer.bytes(), "bytes", kMax);
  if (request_id.bytes() > kMax) return TooLarge("request_id", request_id.bytes(), "bytes", kMax);
  if (!request_id.empty() && (!producer.empty() || sequence != 0)) {
    return Fail(Reason::kInvalidArgument, "request_id is given beside producer or sequence: use one or the other");
  }
  if (!producer.empty() && sequence == 0) {
    return Fail(Reason::kInvalidArgument, "sequence is 0: the puts of a producer have one each, from 1");
  }
  if (sequence != 0 && producer.empty() && within == Within::kNoSession) {
    return Fail(Reason::kInvalidArgument, "producer is empty: a put with a sequence names its producer");
  }
  put->producer = request_id.empty() ? producer.Take() : request_id.Take();
  put->sequence = sequence;
}

std::vector<ContentPtr> Checker::Items(google::protobuf::RepeatedPtrField<v1::Item>* items) {
  std::vector<ContentPtr> result;
  ItemCount(static_cast<std::size_t>(items->size()));
  for (int i = 0; i < items->size() && !problem_; ++i) {
    const v1::Item& item = items->Get(i);
    const auto index = static_cast<std::size_t>(i);
    Payload(index, item.payload().size());
    ContentType(index, item.content_type());
    Headers(index, item.headers());
  }
  if (problem_) return result;
  result.reserve(static_cast<std::size_t>(items->size()));
  for (v1::Item& item : *items) result.push_back(ToContent(std::move(item)));
  return result;
}

void Checker::Payload(std::size_t index, std::size_t bytes) {
  if (bytes > limits::kItemBytes) TooLarge(Element("items", index) + ".payload", bytes, "bytes", limits::kItemBytes);
}

void Checker::ContentType(std::size_t index, std::string_view text) {
  if (text.empty()) return;
  if (text.size() > limits::kContentTypeBytes) {
    TooLarge(Element("items", index) + ".content_type", text.size(), "bytes", limits::kContentTypeBytes);
  } else if (!IsUtf8(text)) {
    Fail(Reason::kInvalidArgument, Element("items", index) + ".content_type is not UTF-8: use text");
  }
}

template <typename Range>
void Checker::Headers(std::size_t index, const Range& headers) {
  if (headers.empty()) return;
  const std::string field = Element("items", index) + ".headers";
  if (headers.size() > limits::kHeaderCount) TooLarge(field, headers.size(), "headers", limits::kHeaderCount);
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size();
  if (bytes > limits::kHeaderBytes) TooLarge(field, bytes, "bytes", limits::kHeaderBytes);
  for (const auto& [name, value] : headers) {
    if (problem_) return;
    if (name.empty()) Fail(Reason::kInvalidArgument, field + " has a header without a name: name it");
    if (!IsUtf8(name)) Fail(Reason::kInvalidArgument, field + " has a name that is not UTF-8: use text");
  }
}

template void Checker::Headers(std::size_t index, const sluice::Headers& headers);

void Checker::Add(const Checker& other) {
  if (!problem_) problem_ = other.problem_;
}

QueueSettings Checker::Settings(const std::string& field, const v1::QueueSettings& settings) {
  if (!v1::Order_IsValid(settings.order())) {
    BadValue(field + ".order", settings.order(), "FIFO (0), LIFO (1) or PRIORITY (2)");
  }
  if (!v1::Durability_IsValid(settings.durability())) {
    BadValue(field + ".durability", settings.durability(), "MEMORY (0), ASYNC (1) or FSYNC (2)");
  }
  ZeroOrMore(field + ".maxsize", settings.maxsize());
  ZeroOrMore(field + ".max_bytes", settings.max_bytes());
  Lease(field + ".lease_ms", settings.lease_ms(), limits::kDefaultLease);
  ZeroOrMore(field + ".max_attempts", settings.max_attempts());
  return problem_ ? QueueSettings() : ToSettings(settings);
}

std::optional<QueueSettings> Checker::Create(bool present, const v1::QueueSettings& settings) {
  if (!present) return std::nullopt;
  return Settings("create", settings);
}

Parsed Checker::Route(std::string space, Command command) {
  if (problem_) return *std::move(problem_);
  return Routed{std::move(space), std::move(command)};
}

}  // namespace sluice::wire
