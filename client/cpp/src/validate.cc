#include "client/cpp/src/validate.h"

#include <charconv>

#include <sluice/error.h>

#include "common/limits.h"
#include "proto/utf8.h"

namespace sluice::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFrameBytes = 64;                                 // of an item or a header on the wire: plenty
constexpr std::size_t kSocketPathBytes = 107;                           // sockaddr_un::sun_path without its end
constexpr std::size_t kPutBytes = limits::kMessageBytes - (64u << 10);  // a put is one message, with its own frame

std::string Text(std::int64_t number) { return std::to_string(number); }

void CheckZeroOrMore(std::string_view field, std::int64_t value) {
  if (value < 0) throw InvalidArgument(std::string(field) + " is " + Text(value) + ": use 0 (no limit) or more");
}

void CheckAtMost(std::string_view what, std::size_t size, std::size_t max, std::string_view unit) {
  if (size <= max) return;
  throw TooLarge(std::string(what) + " has " + std::to_string(size) + " " + std::string(unit) + ": the limit is " +
                 std::to_string(max));
}

void CheckRange(std::string_view field, milliseconds value, milliseconds min, milliseconds max) {
  if (value >= min && value <= max) return;
  throw InvalidArgument(std::string(field) + " is " + Text(value.count()) + " ms: use " + Text(min.count()) + " to " +
                        Text(max.count()) + " ms");
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

}  // namespace

QueueName CheckQueueName(std::string_view text) {
  auto name = QueueName::Parse(text);
  if (!name) throw InvalidArgument(InvalidNameMessage(text));
  return *std::move(name);
}

void CheckName(std::string_view field, std::string_view text) {
  if (!text.empty() && !IsValidName(text)) throw InvalidArgument(std::string(field) + ": " + InvalidNameMessage(text));
}

void CheckTimeout(const WaitTime& timeout) {
  if (!timeout) return;
  if (*timeout < milliseconds(0)) {
    throw InvalidArgument("the timeout is " + Text(timeout->count()) +
                          " ms: use 0 (do not wait), more, or kForever (wait for ever)");
  }
  if (*timeout > limits::kTimeout) {
    throw InvalidArgument("the timeout is " + Text(timeout->count()) + " ms: use at most " +
                          Text(limits::kTimeout.count()) + " ms, or kForever (wait for ever)");
  }
}

std::uint32_t CheckMaxItems(std::size_t count) {
  if (count >= 1 && count <= limits::kBatchItems) return static_cast<std::uint32_t>(count);
  throw InvalidArgument("max_items is " + std::to_string(count) + ": use 1 to " + std::to_string(limits::kBatchItems));
}

void CheckPrefetch(std::size_t count) {
  if (count >= 1 && count <= limits::kBatchItems) return;
  throw InvalidArgument("prefetch is " + std::to_string(count) + ": use 1 to " + std::to_string(limits::kBatchItems) +
                        ", or get from the queue itself");
}

void CheckGather(std::size_t max_items, const GetManyOptions& options) {
  CheckRange("the linger", options.linger, milliseconds(0), limits::kTimeout);
  if (options.min_items <= max_items) return;
  throw InvalidArgument("min_items is " + std::to_string(options.min_items) + ": use at most max_items, which is " +
                        std::to_string(max_items));
}

void CheckLease(milliseconds lease) { CheckRange("the lease", lease, limits::kMinLease, limits::kMaxLease); }

void CheckSettings(const QueueSettings& settings) {
  CheckZeroOrMore("maxsize", settings.maxsize);
  CheckZeroOrMore("max_bytes", settings.max_bytes);
  CheckZeroOrMore("max_attempts", settings.max_attempts);
  CheckLease(settings.lease);
}

void CheckUpdate(const QueueUpdate& update) {
  CheckZeroOrMore("maxsize", update.maxsize.value_or(0));
  CheckZeroOrMore("max_bytes", update.max_bytes.value_or(0));
  CheckZeroOrMore("max_attempts", update.max_attempts.value_or(0));
  if (update.lease) CheckLease(*update.lease);
}

void CheckPayload(std::size_t bytes) { CheckAtMost("the item", bytes, limits::kItemBytes, "bytes"); }

void CheckContent(const Content& content) {
  CheckAtMost("the content type", content.content_type.size(), limits::kContentTypeBytes, "bytes");
  CheckAtMost("the item", content.headers.size(), limits::kHeaderCount, "headers");
  std::size_t bytes = 0;
  for (const auto& [name, value] : content.headers) {
    if (name.empty()) throw InvalidArgument("a header has no name");
    bytes += name.size() + value.size();
  }
  CheckAtMost("the item", bytes, limits::kHeaderBytes, "bytes of headers");
}

void CheckRequestId(std::string_view text) {
  CheckAtMost("the request id", text.size(), limits::kProducerBytes, "bytes");
  if (!wire::IsUtf8(text)) throw InvalidArgument("the request id is not UTF-8: use text");
}

void CheckPutCount(std::size_t items) {
  if (items == 0) throw InvalidArgument("nothing to put: give at least one item");
  CheckAtMost("the put", items, limits::kBatchItems, "items");
}

void CheckBatch(const std::vector<ContentPtr>& items) {
  std::size_t bytes = 0;
  for (const ContentPtr& item : items) {
    bytes += item->payload.size() + item->content_type.size() + kFrameBytes;
    for (const auto& [name, value] : item->headers) bytes += name.size() + value.size() + kFrameBytes;
  }
  CheckAtMost("the put", bytes, kPutBytes, "bytes");
}

void CheckFences(std::span<const std::uint64_t> fences) {
  if (fences.empty()) throw InvalidArgument("no fence: give at least one");
  CheckAtMost("the call", fences.size(), limits::kBatchItems, "fences");
  for (const std::uint64_t fence : fences) {
    if (fence == 0) throw InvalidArgument("the fence is 0: use the fence of a delivery");
  }
}

void CheckPutWindow(const PutWindowOptions& options) {
  if (options.puts > 0 && options.bytes > 0) return;
  throw InvalidArgument("put_window is " + std::to_string(options.puts) + " puts and " + std::to_string(options.bytes) +
                        " bytes: use at least 1 of each");
}

void CheckClientOptions(const ClientOptions& options) {
  CheckAtMost("the client's name", options.name.size(), limits::kClientNameBytes, "bytes");
  CheckLease(options.lease);
  CheckRange("connect_timeout", options.connect_timeout, milliseconds(1), limits::kTimeout);
  CheckRange("min_backoff", options.min_backoff, milliseconds(1), limits::kTimeout);
  CheckPutWindow(options.put_window);
  CheckRange("max_backoff", options.max_backoff, options.min_backoff, limits::kTimeout);
}

void CheckAddress(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  const auto colon = address.rfind(':');
  const bool is_path = address.starts_with(kUnix) && address.size() > kUnix.size();
  const bool is_host = !address.starts_with(kUnix) && colon != address.npos && colon > 0 &&
                       IsPort(address.substr(colon + 1)) && address.find_first_of("/ \t\n") == address.npos &&
                       (address.front() == '[') == (address.substr(0, colon).find(':') != address.npos);
  if (is_path && address.size() - kUnix.size() > kSocketPathBytes) {
    throw InvalidArgument("'" + std::string(address) + "' is too long: the path of a Unix socket has at most " +
                          std::to_string(kSocketPathBytes) + " bytes");
  }
  if (is_path || is_host) return;
  throw InvalidArgument("'" + std::string(address) + "' is not an address: use HOST:PORT (port 1 to 65535, IPv6 as " +
                        "[::1]:PORT) or unix:PATH");
}

}  // namespace sluice::detail
