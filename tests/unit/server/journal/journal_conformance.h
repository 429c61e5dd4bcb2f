// What every journal promises, whatever keeps it: the suite is in journal_conformance_test.cc. An implementation enters
// by a Lab, which opens it, and opens it again.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/journal/journal.h"

namespace sluice::journal {

class Lab {
 public:
  virtual ~Lab() = default;
  // The journal of this lab. Requires: the one before was destroyed.
  virtual std::unique_ptr<Journal> Open() = 0;
  // Ends it as a process ends, and opens what it leaves.
  virtual std::unique_ptr<Journal> Reopen(std::unique_ptr<Journal> journal) = 0;
  // Where a snapshot may go, and a journal on it; `of` has made it.
  virtual std::string NewDirectory() = 0;
  virtual std::unique_ptr<Journal> OpenSnapshot(const Journal& of, const std::string& directory) = 0;
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Lab>()> new_lab;
};

// One owner of a namespace, who counts positions.
class Owner {
 public:
  Owner(Journal* journal, std::string space) : journal_(journal), space_(std::move(space)) {
    std::string error;
    EXPECT_EQ(journal_->Own(space_, &extent_, &error), Result::kOk) << error;
    next_ = extent_.last + 1;
  }

  const Extent& extent() const { return extent_; }
  std::uint64_t last() const { return next_ - 1; }

  // The next batch.
  Batch Next(std::string records, std::string contents = "", Durability durability = Durability::kFsync) {
    Batch batch;
    batch.space = space_;
    batch.epoch = extent_.epoch;
    batch.position = next_++;
    batch.batch_id = extent_.epoch * 1'000'000 + batch.position;
    batch.durability = durability;
    batch.records = std::move(records);
    batch.contents = std::move(contents);
    return batch;
  }

 private:
  Journal* journal_;
  std::string space_;
  Extent extent_;
  std::uint64_t next_ = 1;
};

constexpr std::chrono::seconds kPatience{30};

// Blocks: until it is answered, within bounds.
inline Result AppendNow(Journal& journal, Batch batch) {
  auto answer = std::make_shared<std::promise<Result>>();
  std::future<Result> result = answer->get_future();
  journal.Append(std::move(batch), [answer](Result given) { answer->set_value(given); });
  if (result.wait_for(kPatience) != std::future_status::ready) {
    ADD_FAILURE() << "an append was not answered";
    return Result::kUnknown;
  }
  return result.get();
}

// The records of a namespace, by position.
inline std::map<std::uint64_t, std::string> RecordsOf(Journal& journal, std::string_view space,
                                                      std::uint64_t from = 1) {
  std::map<std::uint64_t, std::string> records;
  std::string error;
  std::uint64_t before = 0;
  EXPECT_EQ(journal.Scan(
                space, from,
                [&](const ReadBatch& batch) {
                  EXPECT_GT(batch.position, before) << "out of order";
                  before = batch.position;
                  records.emplace(batch.position, batch.records);
                },
                &error),
            Result::kOk)
      << error;
  return records;
}

inline std::optional<Extent> ExtentOf(Journal& journal, std::string_view space) {
  std::vector<Extent> extents;
  std::string error;
  EXPECT_EQ(journal.List(&extents, &error), Result::kOk) << error;
  for (Extent& extent : extents) {
    if (extent.space == space) return std::move(extent);
  }
  return std::nullopt;
}

}  // namespace sluice::journal
