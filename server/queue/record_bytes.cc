#include "server/queue/record_bytes.h"

#include "common/limits.h"

namespace sluice::queue {

void WriteVarint(std::uint64_t value, std::string* bytes) {
  while (value >= 0x80) {
    bytes->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes->push_back(static_cast<char>(value));
}

bool ReadVarint(std::string_view* bytes, std::uint64_t* value) {
  std::uint64_t read = 0;
  for (std::size_t at = 0; at < bytes->size() && at < 10; ++at) {
    const auto byte = static_cast<unsigned char>((*bytes)[at]);
    read |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * at);
    if (byte & 0x80) continue;
    if (at == 9 && byte > 1) return false;
    bytes->remove_prefix(at + 1);
    *value = read;
    return true;
  }
  return false;
}

void WriteText(std::string_view text, std::string* bytes) {
  WriteVarint(text.size(), bytes);
  bytes->append(text);
}

bool ReadText(std::string_view* bytes, std::string* text) {
  std::uint64_t size = 0;
  if (!ReadVarint(bytes, &size) || size > bytes->size()) return false;
  text->assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

void FieldWriter::Write(const NumberList& numbers) {
  WriteVarint(numbers.size(), bytes_);
  std::uint64_t expected = 0;
  for (std::size_t at = 0; at < numbers.size();) {
    std::size_t run = 1;
    while (at + run < numbers.size() && numbers[at + run] == numbers[at] + run) ++run;
    WriteVarint(ZigZag(static_cast<std::int64_t>(numbers[at] - expected)), bytes_);
    WriteVarint(run, bytes_);
    expected = numbers[at] + run;
    at += run;
  }
}

std::uint64_t FieldReader::Varint() {
  std::uint64_t value = 0;
  if (!ReadVarint(&bytes_, &value)) ok_ = false;
  return ok_ ? value : 0;
}

void FieldReader::Read(NumberList& numbers) {
  const std::uint64_t count = Varint();
  if (count > limits::kRecordNumbers) ok_ = false;
  std::uint64_t expected = 0;
  numbers.clear();
  while (ok_ && numbers.size() < count) {
    const std::uint64_t first = expected + static_cast<std::uint64_t>(UnZigZag(Varint()));
    const std::uint64_t run = Varint();
    if (run == 0 || run > count - numbers.size()) ok_ = false;
    for (std::uint64_t at = 0; ok_ && at < run; ++at) numbers.push_back(first + at);
    expected = first + run;
  }
}

}  // namespace sluice::queue
