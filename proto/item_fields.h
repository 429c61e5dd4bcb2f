// An Item as its fields come off the wire. Internal to proto/session_codec.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/item.h"
#include "proto/checker.h"
#include "proto/wire_reader.h"

namespace sluice::wire {

class ItemFields {
 public:
  // One occurrence of the message: of a field that comes again the last one counts, headers add up.
  // A payload of more than `max_payload` bytes is not kept.
  bool Read(WireReader* in, std::size_t max_payload);
  // As items[index] of a put.
  void Check(std::size_t index, Checker* check) const;
  // Requires: no payload was too large.
  ContentPtr Take();

 private:
  bool ReadPayload(WireReader* in, std::size_t max_payload);
  bool ReadHeader(WireReader* in);
  void SortHeaders();

  std::shared_ptr<Content> content_;  // with the payload; null: none yet, or too large
  std::size_t payload_bytes_ = 0;
  std::string content_type_;
  Headers headers_;  // by name, each once
  std::int64_t priority_ = 0;
};

// Room for all elements of a list, of which the first one took `bytes`: as many as fit into the rest of the message at
// hand, within reason, for its size may not be true.
template <typename Element>
void ReserveLike(std::uint64_t bytes, const WireReader& in, std::vector<Element>* list) {
  constexpr std::uint64_t kWithinReason = 512;
  if (bytes > 0) list->reserve(1 + std::min(in.rest() / bytes, kWithinReason));
}

}  // namespace sluice::wire
