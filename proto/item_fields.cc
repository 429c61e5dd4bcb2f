#include "proto/item_fields.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"

namespace sluice::wire {

bool ItemFields::Read(WireReader* in, std::size_t max_payload) {
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    std::uint64_t value = 0;
    switch (tag) {
      case Tag(1, kSized):
        if (!ReadPayload(in, max_payload)) return false;
        break;
      case Tag(2, kSized):
        if (!in->Text(&content_type_)) return false;
        break;
      case Tag(3, kSized):
        if (!in->Message([&] { return ReadHeader(in); })) return false;
        break;
      case Tag(4, kVarint):
        if (!in->Varint(&value)) return false;
        priority_ = static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));  // zigzag
        break;
      default:
        if (!in->Skip(tag)) return false;
    }
  }
  if (headers_.size() > 1) SortHeaders();
  return in->ok();
}

bool ItemFields::ReadPayload(WireReader* in, std::size_t max_payload) {
  if (!in->Size(&payload_bytes_)) return false;
  if (payload_bytes_ > max_payload) {
    content_.reset();
    return in->Discard(payload_bytes_);
  }
  if (payload_bytes_ > limits::kItemBytes) {  // room for it comes as it does: the size may not be true
    std::string text;
    if (!in->Append(&text, payload_bytes_)) return false;
    content_ = std::make_shared<Content>();
    content_->payload = Bytes(std::move(text));
    return true;
  }
  char* payload = nullptr;
  content_ = MakeContent(payload_bytes_, &payload);
  return in->Copy(payload, payload_bytes_);
}

bool ItemFields::ReadHeader(WireReader* in) {
  std::string name, value;
  std::uint32_t tag = 0;
  while (in->Next(&tag)) {
    std::size_t size = 0;
    switch (tag) {
      case Tag(1, kSized):
        if (!in->Text(&name)) return false;
        break;
      case Tag(2, kSized):
        value.clear();
        if (!in->Size(&size) || !in->Append(&value, size)) return false;
        break;
      default:
        if (!in->Skip(tag)) return false;
    }
  }
  headers_.emplace_back(std::move(name), std::move(value));
  return in->ok();
}

// By name; of those with the same name the last.
void ItemFields::SortHeaders() {
  std::stable_sort(headers_.begin(), headers_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto first_kept =
      std::unique(headers_.rbegin(), headers_.rend(), [](const auto& a, const auto& b) { return a.first == b.first; });
  headers_.erase(headers_.begin(), first_kept.base());
}

// What nearly every item has is known to be right at a look.
void ItemFields::Check(std::size_t index, Checker* check) const {
  if (payload_bytes_ > limits::kItemBytes) check->Payload(index, payload_bytes_);
  if (content_type_.size() > limits::kContentTypeBytes) check->ContentType(index, content_type_);  // Text: it is UTF-8
  if (!headers_.empty()) check->Headers(index, headers_);
}

ContentPtr ItemFields::Take() {
  char* none = nullptr;
  if (!content_) content_ = MakeContent(0, &none);
  content_->content_type = std::move(content_type_);
  content_->headers = std::move(headers_);
  content_->priority = priority_;
  return std::move(content_);
}

}  // namespace sluice::wire
