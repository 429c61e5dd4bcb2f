// RocksDB as the store uses it: its settings, how it is opened, and what its errors mean.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <memory>
#include <string_view>

#include "server/journal/data_directory.h"
#include "server/journal/journal.h"
#include "server/journal/rocksdb_options.h"
#include "server/journal/wal_check.h"

namespace sluice::journal {

enum class Access { kRead, kWrite };

inline rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// What a status means for what was asked.
Result ResultOf(const rocksdb::Status& status);

// For the logs of a directory: what its tables have. False: `failure` says what is wrong.
bool ReadTables(const DataDirectory& directory, const RocksDbOptions& options, WalCheck::Tables* tables,
                Health* failure);
// To write, with what the logs hold written to new files and synced; to read, with nothing changed. Null: `failure`
// says what is wrong. Requires: the logs were judged, and to write they were cut.
std::unique_ptr<rocksdb::DB> OpenDatabase(const DataDirectory& directory, const RocksDbOptions& options, Access access,
                                          Health* failure);

}  // namespace sluice::journal
