#include "server/journal/garbage.h"

#include <rocksdb/convenience.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <numeric>

namespace sluice::journal {

Garbage::Garbage(rocksdb::DB* db, const std::vector<StoredSpace>& spaces) : db_(db) {
  for (const StoredSpace& space : spaces) {
    for (const Part part : {Part::kRecords, Part::kContents}) {
      ranges_.push_back({BatchKey(space.id, part, 0), BatchKey(space.id, part, space.trimmed + 1)});
    }
  }
}

std::uint64_t Garbage::bytes() const {
  std::vector<rocksdb::Range> ranges;
  for (const KeyRange& range : ranges_) ranges.emplace_back(range.begin, range.end);
  std::vector<std::uint64_t> sizes(ranges.size());
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  const rocksdb::Status status = db_->GetApproximateSizes(options, db_->DefaultColumnFamily(), ranges.data(),
                                                          static_cast<int>(ranges.size()), sizes.data());
  return status.ok() ? std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}) : 0;
}

rocksdb::Status Garbage::DropFiles() {
  std::vector<rocksdb::Slice> bounds;
  for (const KeyRange& range : ranges_) {
    bounds.emplace_back(range.begin);
    bounds.emplace_back(range.end);
  }
  std::vector<rocksdb::RangePtr> ranges;
  for (std::size_t i = 0; i < bounds.size(); i += 2) ranges.emplace_back(&bounds[i], &bounds[i + 1]);
  return rocksdb::DeleteFilesInRanges(db_, db_->DefaultColumnFamily(), ranges.data(), ranges.size(), false);
}

std::uint64_t Garbage::BytesBeside() const {
  std::uint64_t sum = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &sum);
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    const bool is_touched = file.level <= 1 || std::any_of(ranges_.begin(), ranges_.end(), [&](const KeyRange& range) {
                              return file.smallestkey < range.end && file.largestkey >= range.begin;
                            });
    if (is_touched) sum += file.size;
  }
  return sum - std::min(sum, bytes());
}

rocksdb::Status Garbage::Compact(std::atomic<bool>* is_canceled) {
  rocksdb::CompactRangeOptions options;
  options.canceled = is_canceled;
  rocksdb::Status status;
  for (const KeyRange& range : ranges_) {
    const rocksdb::Slice begin(range.begin);
    const rocksdb::Slice end(range.end);
    if (status.ok()) status = db_->CompactRange(options, &begin, &end);
  }
  return status;
}

}  // namespace sluice::journal
