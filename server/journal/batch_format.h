// How batches and namespaces are written as keys and values.
//
//   namespace of id n     's' n                    value: epoch, trimmed, name
//   records of a batch    'b' n 'r' position       value: header, bytes
//   contents of a batch   'b' n 'c' position       value: header, bytes; absent when there are none
//   version of it all     'f'                      value: the number
//
// Numbers in keys are big endian, so that keys sort by position; records stand apart from contents, so that recovery
// reads the small ones alone. Numbers in values are little endian.
//
// Each value begins with a byte for its format and a checksum (XXH3, 64 bits) over its key and all that follows. It
// protects from the append to the read, whatever lies between, and names the batch that is damaged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::journal {

// Of a directory. It is the first; any other is refused.
constexpr std::uint32_t kDirectoryVersion = 1;

constexpr std::string_view kVersionKey = "f";
constexpr std::string_view kSpacePrefix = "s";

enum class Part : char { kRecords = 'r', kContents = 'c' };

std::string SpaceKey(std::uint32_t id);
std::string BatchKey(std::uint32_t id, Part part, std::uint64_t position);
// Of the keys that the two above have made.
std::uint32_t IdOfSpaceKey(std::string_view key);
std::uint64_t PositionOfBatchKey(std::string_view key);

struct BatchHeader {
  std::uint64_t epoch = 0;
  std::uint64_t batch_id = 0;
  std::uint64_t contents_bytes = 0;
};

// A namespace as it stands in the store.
struct StoredSpace {
  std::uint32_t id = 0;
  std::uint64_t epoch = 0;
  std::uint64_t trimmed = 0;  // batches up to here are gone
  std::uint64_t last = 0;     // position of the newest batch; 0 = none ever
  BatchHeader newest{};       // its header; epoch 0: it was trimmed
  std::string name;
};

// Epoch, trimmed and name; the batches say the rest.
std::string EncodeSpace(std::string_view key, const StoredSpace& space);
// False: damaged, or of a format that this version does not know.
bool DecodeSpace(std::string_view key, std::string_view bytes, StoredSpace* space);

// What stands before `bytes` in the value of `key`.
std::string EncodeHeader(std::string_view key, const BatchHeader& header, std::string_view bytes);
// `bytes` borrows from `value`. False: damaged, or of a format that this version does not know.
bool DecodeBatch(std::string_view key, std::string_view value, BatchHeader* header, std::string_view* bytes);

}  // namespace sluice::journal
