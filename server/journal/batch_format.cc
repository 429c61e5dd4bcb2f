#include "server/journal/batch_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstring>

namespace sluice::journal {
namespace {

constexpr char kValueFormat = 1;
constexpr std::size_t kChecksumEnd = 1 + sizeof(std::uint64_t);
constexpr std::size_t kBatchHeaderBytes = kChecksumEnd + 3 * sizeof(std::uint64_t);
constexpr std::size_t kSpaceHeaderBytes = kChecksumEnd + 2 * sizeof(std::uint64_t);

static_assert(std::endian::native == std::endian::little, "values are written as they are in memory");

template <typename Number>
void PutLittle(std::string* to, Number number) {
  to->append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint64_t LittleAt(std::string_view bytes, std::size_t at) {
  std::uint64_t number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <typename Number>
void PutBig(std::string* to, Number number) {
  for (std::size_t shift = sizeof number * 8; shift > 0; shift -= 8) {
    to->push_back(static_cast<char>(number >> (shift - 8)));
  }
}

template <typename Number>
Number BigAt(std::string_view bytes, std::size_t at) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number = static_cast<Number>(number << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// Over the key, the format, and what follows the checksum, which may lie in two pieces.
std::uint64_t Checksum(std::string_view key, std::string_view header, std::string_view bytes) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, key.data(), key.size());
  XXH3_64bits_update(&state, header.data(), 1);
  XXH3_64bits_update(&state, header.data() + kChecksumEnd, header.size() - kChecksumEnd);
  XXH3_64bits_update(&state, bytes.data(), bytes.size());
  return XXH3_64bits_digest(&state);
}

std::string NewHeader(std::initializer_list<std::uint64_t> numbers) {
  std::string header(1, kValueFormat);
  PutLittle(&header, std::uint64_t{0});  // the checksum, later
  for (const std::uint64_t number : numbers) PutLittle(&header, number);
  return header;
}

void Seal(std::string_view key, std::string_view bytes, std::string* header) {
  const std::uint64_t checksum = Checksum(key, *header, bytes);
  std::memcpy(header->data() + 1, &checksum, sizeof checksum);
}

bool IsSound(std::string_view key, std::string_view value, std::size_t header_bytes) {
  return value.size() >= header_bytes && value[0] == kValueFormat &&
         LittleAt(value, 1) == Checksum(key, value.substr(0, header_bytes), value.substr(header_bytes));
}

}  // namespace

std::string SpaceKey(std::uint32_t id) {
  std::string key(kSpacePrefix);
  PutBig(&key, id);
  return key;
}

std::string BatchKey(std::uint32_t id, Part part, std::uint64_t position) {
  std::string key = "b";
  PutBig(&key, id);
  key.push_back(static_cast<char>(part));
  PutBig(&key, position);
  return key;
}

std::uint32_t IdOfSpaceKey(std::string_view key) { return BigAt<std::uint32_t>(key, 1); }
std::uint64_t PositionOfBatchKey(std::string_view key) { return BigAt<std::uint64_t>(key, 6); }

std::string EncodeSpace(std::string_view key, const StoredSpace& space) {
  std::string header = NewHeader({space.epoch, space.trimmed});
  Seal(key, space.name, &header);
  return header + space.name;
}

bool DecodeSpace(std::string_view key, std::string_view bytes, StoredSpace* space) {
  if (!IsSound(key, bytes, kSpaceHeaderBytes)) return false;
  space->epoch = LittleAt(bytes, kChecksumEnd);
  space->trimmed = LittleAt(bytes, kChecksumEnd + 8);
  space->name = bytes.substr(kSpaceHeaderBytes);
  return true;
}

std::string EncodeHeader(std::string_view key, const BatchHeader& header, std::string_view bytes) {
  std::string encoded = NewHeader({header.epoch, header.batch_id, header.contents_bytes});
  Seal(key, bytes, &encoded);
  return encoded;
}

bool DecodeBatch(std::string_view key, std::string_view value, BatchHeader* header, std::string_view* bytes) {
  if (!IsSound(key, value, kBatchHeaderBytes)) return false;
  header->epoch = LittleAt(value, kChecksumEnd);
  header->batch_id = LittleAt(value, kChecksumEnd + 8);
  header->contents_bytes = LittleAt(value, kChecksumEnd + 16);
  *bytes = value.substr(kBatchHeaderBytes);
  return true;
}

}  // namespace sluice::journal
