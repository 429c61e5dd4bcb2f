// An Item as it goes onto the wire. Internal to proto/session_codec.
#pragma once

#include <cstdint>

#include "common/item.h"

namespace sluice::wire {

// `Out`: see proto/wire_writer.h.
template <typename Out>
void WriteItem(Out& out, const Content& content) {
  out.Bytes(1, content.payload.view());
  out.Text(2, content.content_type);
  for (const auto& header : content.headers) {
    out.Message(3, [&] {
      out.PresentText(1, header.first);
      out.PresentBytes(2, header.second);
    });
  }
  const auto priority = static_cast<std::uint64_t>(content.priority);
  out.Varint(4, (priority << 1) ^ (content.priority < 0 ? ~std::uint64_t{0} : 0));  // zigzag
}

}  // namespace sluice::wire
