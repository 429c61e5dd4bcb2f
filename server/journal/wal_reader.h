// The records in one of RocksDB's log files, and the places where it is damaged. RocksDB's own reader says neither the
// offset of a damage nor what lies behind it; both decide whether a log may be used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::journal {

// One batch of RocksDB.
struct WalRecord {
  std::uint64_t end = 0;       // offset behind it
  std::uint64_t sequence = 0;  // of its first key
  std::uint64_t keys = 0;
  // All keys up to this sequence were on stable storage when the record was written; as its mark says.
  std::uint64_t synced = 0;
};

// What a batch carries for that: WriteBatch::PutLogData of it, before all else.
std::string WalMark(std::uint64_t synced);

// Thread safety: as int.
class WalReader {
 public:
  // Borrows: `file`, its whole content.
  explicit WalReader(std::string_view file) : file_(file) {}

  // The next sound record; damaged ones are passed over. False: there are no more.
  bool Next(WalRecord* record);

  // Of the first damage so far: where, and what. Zeros at the end are none.
  const std::optional<std::uint64_t>& damage() const { return damage_; }
  const std::string& damage_text() const { return damage_text_; }

 private:
  enum class Piece { kFull, kFirst, kMiddle, kLast, kSkipped, kEnd };

  Piece NextPiece(std::string_view* bytes);
  Piece Damaged(std::uint64_t at, const char* text, std::uint64_t resume);

  const std::string_view file_;
  std::uint64_t at_ = 0;
  std::string assembled_;
  bool is_assembling_ = false;
  std::uint64_t assembled_at_ = 0;
  std::optional<std::uint64_t> damage_;
  std::string damage_text_;
};

}  // namespace sluice::journal
