#include "server/queue/log.h"

#include <cstring>
#include <memory>
#include <string_view>

#include "common/limits.h"

namespace sluice::queue {
namespace {

bool TakesAnother(const NumberList& items) { return !items.empty() && items.size() < limits::kRecordNumbers; }

}  // namespace

std::size_t Log::AddContent(const Content& content) {
  const std::size_t before = batch_.contents.size();
  WriteContent(content, &batch_.contents);
  return batch_.contents.size() - before;
}

void Log::AddReturned(std::uint64_t queue, bool counted, ItemId item, Durability level) {
  if (returned_.queue != queue || returned_.counted != counted || !TakesAnother(returned_.items)) {
    EndRun();
    returned_.queue = queue;
    returned_.counted = counted;
  }
  returned_.items.push_back(item.value);
  Raise(level);
}

void Log::AddFinished(std::uint64_t queue, Outcome outcome, ItemId item, Durability level) {
  if (finished_.queue != queue || finished_.outcome != outcome || !TakesAnother(finished_.items)) {
    EndRun();
    finished_.queue = queue;
    finished_.outcome = outcome;
  }
  finished_.items.push_back(item.value);
  Raise(level);
}

void Log::EndRun() {
  if (!returned_.items.empty()) WriteRecord(returned_, &batch_.records);
  if (!finished_.items.empty()) WriteRecord(finished_, &batch_.records);
  returned_.items.clear();
  finished_.items.clear();
}

void WriteContent(const Content& content, std::string* bytes) {
  WriteVarint(ZigZag(content.priority), bytes);
  WriteText(content.content_type, bytes);
  WriteVarint(content.headers.size(), bytes);
  for (const auto& [name, value] : content.headers) {
    WriteText(name, bytes);
    WriteText(value, bytes);
  }
  bytes->append(content.payload.view());
}

ContentPtr ReadContent(std::string_view bytes) {
  std::string content_type;
  std::uint64_t priority = 0;
  std::uint64_t count = 0;
  if (!ReadVarint(&bytes, &priority) || !ReadText(&bytes, &content_type) || !ReadVarint(&bytes, &count) ||
      count > bytes.size())
    return nullptr;
  Headers headers(count);
  for (auto& [name, value] : headers) {
    if (!ReadText(&bytes, &name) || !ReadText(&bytes, &value)) return nullptr;
  }
  char* payload = nullptr;
  const std::shared_ptr<Content> content = MakeContent(bytes.size(), &payload);
  if (!bytes.empty()) std::memcpy(payload, bytes.data(), bytes.size());
  content->content_type = std::move(content_type);
  content->headers = std::move(headers);
  content->priority = UnZigZag(priority);
  return content;
}

}  // namespace sluice::queue
