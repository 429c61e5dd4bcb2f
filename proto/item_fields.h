// An Item as its fields come off the wire. Internal to proto/session_codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

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

}  // namespace sluice::wire
