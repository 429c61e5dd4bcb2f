#include "server/queue/record.h"

#include <cstddef>

namespace sluice::queue {
namespace {

enum class Found { kRecord, kNonsense, kUnknownType };

template <std::size_t at = 0>
Found ReadFields(std::uint64_t type, std::string_view fields, Record* record) {
  if constexpr (at == std::variant_size_v<Record>) {
    return Found::kUnknownType;
  } else {
    using One = std::variant_alternative_t<at, Record>;
    if (One::kType != type) return ReadFields<at + 1>(type, fields, record);
    FieldReader reader(fields);
    One::Fields(reader, record->emplace<at>());
    return reader.ok() ? Found::kRecord : Found::kNonsense;
  }
}

}  // namespace

bool ReadRecord(std::string_view* bytes, Record* record, std::string* error) {
  std::uint64_t type = 0;
  std::uint64_t size = 0;
  if (!ReadVarint(bytes, &type) || !ReadVarint(bytes, &size) || size > bytes->size()) {
    *error = "a record is cut off";
    return false;
  }
  switch (ReadFields(type, bytes->substr(0, size), record)) {
    case Found::kRecord: break;
    case Found::kNonsense:
      *error = "a record of type " + std::to_string(type) + " whose fields make no sense";
      return false;
    case Found::kUnknownType:
      *error = "a record of type " + std::to_string(type) + ", which this version does not know: a newer one wrote it";
      return false;
  }
  bytes->remove_prefix(size);
  return true;
}

}  // namespace sluice::queue
