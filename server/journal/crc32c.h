// CRC-32C (Castagnoli), as RocksDB's logs have it.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::journal {

std::uint32_t Crc32c(std::string_view bytes);
// The same on any processor.
std::uint32_t Crc32cByTable(std::string_view bytes);

}  // namespace sluice::journal
