#include "server/journal/wal_reader.h"

#include <algorithm>
#include <cstring>

#include "server/journal/crc32c.h"

namespace sluice::journal {
namespace {

// RocksDB's format: blocks of 32 KiB; in them pieces of records, each with checksum (4 bytes), length (2), type (1).
constexpr std::uint64_t kBlockBytes = 32768;
constexpr std::uint64_t kHeaderBytes = 7;
// A batch in a record: sequence (8 bytes), number of keys (4), and the entries.
constexpr std::size_t kWriteBatchHeaderBytes = 12;
constexpr char kLogDataTag = 3;

constexpr std::string_view kMarkName = "sluice1:";
constexpr std::size_t kMarkBytes = kMarkName.size() + sizeof(std::uint64_t);

template <typename Number>
Number LittleAt(std::string_view bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

// Checksums are stored so that a log within a log is not taken for one.
std::uint32_t Unmask(std::uint32_t masked) {
  const std::uint32_t turned = masked - 0xa282ead8u;
  return (turned >> 17) | (turned << 15);
}

bool IsZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

std::uint64_t ReadMark(std::string_view entries) {
  const std::size_t head = 2;  // tag, and the length in one byte
  if (entries.size() < head + kMarkBytes || entries[0] != kLogDataTag || entries[1] != kMarkBytes) return 0;
  if (entries.substr(head, kMarkName.size()) != kMarkName) return 0;
  return LittleAt<std::uint64_t>(entries, head + kMarkName.size());
}

}  // namespace

std::string WalMark(std::uint64_t synced) {
  std::string mark(kMarkName);
  mark.append(reinterpret_cast<const char*>(&synced), sizeof synced);
  return mark;
}

bool WalReader::Next(WalRecord* record) {
  for (;;) {
    std::string_view bytes;
    const std::uint64_t start = at_;
    const Piece piece = NextPiece(&bytes);
    const bool continues = piece == Piece::kMiddle || piece == Piece::kLast;
    if (is_assembling_ && !continues) {
      Damaged(assembled_at_, "a record without its end", at_);
      is_assembling_ = false;
    }
    if (piece == Piece::kEnd) return false;
    if (continues && !is_assembling_) Damaged(start, "a record without its start", at_);
    if (piece == Piece::kSkipped || (continues && !is_assembling_)) continue;
    if (!continues) {
      assembled_.clear();
      assembled_at_ = start;
    }
    assembled_.append(bytes);
    is_assembling_ = piece == Piece::kFirst || piece == Piece::kMiddle;
    if (is_assembling_) continue;
    if (assembled_.size() < kWriteBatchHeaderBytes) {
      Damaged(assembled_at_, "a record that is too short", at_);
      continue;
    }
    *record = {at_, LittleAt<std::uint64_t>(assembled_, 0), LittleAt<std::uint32_t>(assembled_, 8),
               ReadMark(std::string_view(assembled_).substr(kWriteBatchHeaderBytes))};
    return true;
  }
}

WalReader::Piece WalReader::NextPiece(std::string_view* bytes) {
  std::uint64_t block_end = (at_ / kBlockBytes + 1) * kBlockBytes;
  if (block_end - at_ < kHeaderBytes) {  // too small for a header: filled up
    at_ = block_end;
    block_end += kBlockBytes;
  }
  const std::uint64_t start = at_;
  if (start >= file_.size()) return Piece::kEnd;
  if (IsZero(file_.substr(start, kHeaderBytes)) && IsZero(file_.substr(start))) return Piece::kEnd;
  if (start + kHeaderBytes > file_.size()) return Damaged(start, "a header that is cut off", file_.size());
  const std::uint64_t length = LittleAt<std::uint16_t>(file_, start + 4);
  const std::uint64_t end = start + kHeaderBytes + length;
  // Behind a length or type that may be wrong nothing in the block can be found.
  if (end > block_end) return Damaged(start, "a wrong length", block_end);
  if (end > file_.size()) return Damaged(start, "a record that is cut off", file_.size());
  const char type = file_[start + 6];
  if (Crc32c(file_.substr(start + 6, length + 1)) != Unmask(LittleAt<std::uint32_t>(file_, start))) {
    return Damaged(start, "a wrong checksum", block_end);
  }
  if (type < 1 || type > 4) return Damaged(start, "a record of a type that is not known", block_end);
  at_ = end;
  *bytes = file_.substr(start + kHeaderBytes, length);
  constexpr Piece kPieces[] = {Piece::kFull, Piece::kFirst, Piece::kMiddle, Piece::kLast};
  return kPieces[type - 1];
}

WalReader::Piece WalReader::Damaged(std::uint64_t at, const char* text, std::uint64_t resume) {
  if (!damage_) {
    damage_ = at;
    damage_text_ = text;
  }
  at_ = std::min<std::uint64_t>(resume, file_.size());
  return Piece::kSkipped;
}

}  // namespace sluice::journal
