#include "proto/generated_field.h"

#include <cstddef>

#include <google/protobuf/io/coded_stream.h>

namespace sluice::wire {

// Its tag, its size and its bytes are a message with this field alone.
bool MergeField(WireReader* in, std::uint32_t tag, std::string* scratch, google::protobuf::MessageLite* message) {
  using google::protobuf::io::CodedOutputStream;
  std::string_view bytes;
  if (!in->View(&bytes, scratch)) return false;
  std::uint8_t head[10];
  std::uint8_t* end = CodedOutputStream::WriteTagToArray(tag, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(bytes.size()), end);
  std::string field(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  field += bytes;
  return message->MergeFromString(field);
}

}  // namespace sluice::wire
