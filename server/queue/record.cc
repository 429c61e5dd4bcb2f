#include "server/queue/record.h"

#include <cstddef>

namespace sluice::queue {
namespace {

template <std::size_t at>
bool ReadFields(std::uint64_t type, std::string_view fields, Record* record) {
  if constexpr (at == std::variant_size_v<Record>) {
    return false;
  } else {
    using One = std::variant_alternative_t<at, Record>;
    if (One::kType != type) return ReadFields<at + 1>(type, fields, record);
    FieldReader reader(fields);
    One::Fields(reader, record->emplace<at>());
    return reader.ok();
  }
}

template <std::size_t at = 0>
bool IsKnown(std::uint64_t type) {
  if constexpr (at == std::variant_size_v<Record>) {
    return false;
  } else {
    return std::variant_alternative_t<at, Record>::kType == type || IsKnown<at + 1>(type);
  }
}

}  // namespace

template <typename One>
void WriteRecord(const One& record, std::string* bytes) {
  thread_local std::string fields;  // a buffer
  fields.clear();
  FieldWriter writer(&fields);
  One::Fields(writer, record);
  WriteVarint(One::kType, bytes);
  WriteVarint(fields.size(), bytes);
  bytes->append(fields);
}

template void WriteRecord(const QueueRecord&, std::string*);
template void WriteRecord(const QueueDeletedRecord&, std::string*);
template void WriteRecord(const ItemsRecord&, std::string*);
template void WriteRecord(const ItemRecord&, std::string*);
template void WriteRecord(const LeasedRecord&, std::string*);
template void WriteRecord(const ReturnedRecord&, std::string*);
template void WriteRecord(const ErrorRecord&, std::string*);
template void WriteRecord(const FinishedRecord&, std::string*);
template void WriteRecord(const ExtendedRecord&, std::string*);
template void WriteRecord(const SessionRecord&, std::string*);
template void WriteRecord(const SessionEndedRecord&, std::string*);
template void WriteRecord(const RememberedPutRecord&, std::string*);
template void WriteRecord(const NumbersRecord&, std::string*);

bool ReadRecord(std::string_view* bytes, Record* record, std::string* error) {
  std::uint64_t type = 0;
  std::uint64_t size = 0;
  if (!ReadVarint(bytes, &type) || !ReadVarint(bytes, &size) || size > bytes->size()) {
    *error = "a record is cut off";
    return false;
  }
  if (!IsKnown(type)) {
    *error = "a record of type " + std::to_string(type) + ", which this version does not know: a newer one wrote it";
    return false;
  }
  if (!ReadFields<0>(type, bytes->substr(0, size), record)) {
    *error = "a record of type " + std::to_string(type) + " whose fields make no sense";
    return false;
  }
  bytes->remove_prefix(size);
  return true;
}

}  // namespace sluice::queue
