// Checks the fields of one request and hands out their values. Keeps the first problem. Internal to proto/wire.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/command.h"
#include "common/limits.h"
#include "common/names.h"
#include "proto/wire.h"

namespace sluice::wire {

// Where a request came.
enum class Within : bool { kNoSession, kSession };

// A text of which no more is kept than limits::kProducerBytes.
class BoundedText {
 public:
  BoundedText() = default;
  explicit BoundedText(std::string_view text) { Assign(text); }
  void Assign(std::string_view text) {
    text_ = text.substr(0, limits::kProducerBytes);
    bytes_ = text.size();
  }
  bool empty() const { return bytes_ == 0; }
  // Of the whole text.
  std::size_t bytes() const { return bytes_; }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t bytes_ = 0;
};

// Each method returns the field's value, or any value of its type when there is a problem: Route then tells the
// first one. Nothing is kept or copied of a field before its size is known to be allowed.
//
// Thread safety: none.
class Checker {
 public:
  QueueName Queue(std::string_view field, const std::string& text);
  // Of one namespace, each named once; the names without it.
  std::vector<std::string> Queues(const google::protobuf::RepeatedPtrField<std::string>& texts, std::string* space);
  // Empty or a valid name.
  std::string NameOrEmpty(std::string_view field, const std::string& text);

  WaitTime Timeout(bool present, std::int64_t ms);
  // 0 = `standard`.
  std::chrono::milliseconds Lease(const std::string& field, std::int64_t ms, std::chrono::milliseconds standard);
  std::uint32_t Count(std::string_view field, std::uint32_t count, std::size_t max);
  std::int64_t ZeroOrMore(const std::string& field, std::int64_t value);
  bool IsAuto(v1::Ack ack);
  sluice::Prefetch Prefetch(v1::Prefetch prefetch);

  std::vector<Fence> Fences(const google::protobuf::RepeatedField<std::uint64_t>& fences);
  // Of `count` fences: the first of them, as many as are allowed.
  void Fences(const std::vector<Fence>& fences, std::size_t count);
  // Moves the items out, once all of them are known to be allowed.
  std::vector<ContentPtr> Items(google::protobuf::RepeatedPtrField<v1::Item>* items);
  void ItemCount(std::size_t count);
  // What makes a put known when it comes again. In a session a sequence may do without a producer: it is the Hello's.
  void Repeatable(BoundedText producer, std::uint64_t sequence, BoundedText request_id, Within within, Put* put);
  // Of items[index].
  void Payload(std::size_t index, std::size_t bytes);
  void ContentType(std::size_t index, std::string_view text);
  // A range of pairs of texts, each name once.
  template <typename Range>
  void Headers(std::size_t index, const Range& headers);

  QueueSettings Settings(const std::string& field, const v1::QueueSettings& settings);
  std::optional<QueueSettings> Create(bool present, const v1::QueueSettings& settings);

  // What another one found, after what this one did.
  void Add(const Checker& other);
  bool has_problem() const { return problem_.has_value(); }
  // The end of every Parse: the command, or the first problem.
  Parsed Route(std::string space, Command command);

 private:
  void FenceCount(std::size_t count);
  void Fail(Reason reason, std::string message);
  // "<field> is <value>: use <allowed>"
  void BadValue(std::string_view field, std::int64_t value, std::string_view allowed);
  // "<field> has <size> <unit>: the limit is <max>"
  void TooLarge(std::string_view field, std::size_t size, std::string_view unit, std::size_t max);

  std::optional<Invalid> problem_;
};

}  // namespace sluice::wire
