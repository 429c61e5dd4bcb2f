#include "tests/unit/server/journal/history.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>
#include <vector>

#include "tests/unit/server/journal/journal_conformance.h"

namespace sluice::journal {
namespace {

std::string Text(const std::string& space, std::uint64_t position, char part, std::uint64_t max_bytes) {
  std::mt19937_64 dice(std::hash<std::string>()(space) * 31 + position * 2 + (part == 'c'));
  std::string text = space + "/" + std::to_string(position) + "/" + part + "/";
  const std::uint64_t bytes = dice() % (dice() % 8 == 0 ? max_bytes * 20 : max_bytes);
  while (text.size() < bytes) text.push_back(static_cast<char>(dice()));
  return text;
}

}  // namespace

std::string RecordsAt(const std::string& space, std::uint64_t position) { return Text(space, position, 'r', 200); }
std::string ContentsAt(const std::string& space, std::uint64_t position) {
  return position % 3 == 0 ? std::string() : Text(space, position, 'c', 2000);
}

History::History(Journal* journal, std::uint64_t seed, int spaces) : journal_(journal), dice_(seed) {
  for (int i = 0; i < spaces; ++i) {
    const std::string name = "space" + std::to_string(i);
    promises_[name];
    TryToOwn(name, &spaces_[name]);
  }
}

void History::TryToOwn(const std::string& name, Space* space) {
  Extent extent;
  std::string error;
  if (journal_->Own(name, &extent, &error) != Result::kOk) {
    EXPECT_NE(error, "");
    return;
  }
  space->epoch = extent.epoch;
}

Batch History::BatchOf(const std::string& name, const Space& space) const {
  Batch batch;
  batch.space = name;
  batch.epoch = space.epoch;
  batch.position = promises_.at(name).sent;
  batch.batch_id = batch.position;
  batch.durability = space.durability;
  batch.records = RecordsAt(name, batch.position);
  batch.contents = ContentsAt(name, batch.position);
  return batch;
}

void History::Step() {
  std::vector<std::pair<std::string, std::future<Result>>> answers;
  for (auto& [name, space] : spaces_) {
    if (space.epoch == 0) TryToOwn(name, &space);
    if (space.epoch == 0 || (!space.is_waiting && dice_() % 2 == 0)) continue;
    if (!space.is_waiting) {
      ++promises_[name].sent;
      space.is_waiting = true;
      space.durability = dice_() % 2 == 0 ? Durability::kFsync : Durability::kAsync;
    }
    auto answer = std::make_shared<std::promise<Result>>();
    answers.emplace_back(name, answer->get_future());
    journal_->Append(BatchOf(name, space), [answer](Result result) { answer->set_value(result); });
  }
  for (auto& [name, answer] : answers) {
    ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready) << "no answer";
    const Result result = answer.get();
    Space& space = spaces_[name];
    Promises& promises = promises_[name];
    EXPECT_TRUE(result == Result::kOk || result == Result::kUnknown || result == Result::kUnavailable ||
                result == Result::kFull)
        << NameOf(result) << " " << journal_->health().text;
    if (result != Result::kOk) continue;
    space.is_waiting = false;
    promises.acknowledged = promises.sent;
    if (space.durability == Durability::kFsync) promises.synced = promises.sent;
    if (promises.sent % 16 == 0) {
      promises.trimmed = promises.sent - dice_() % 8;
      journal_->Trim(name, promises.trimmed);
    }
  }
}

void ExpectKept(Journal& journal, const std::map<std::string, Promises>& promises, bool all_levels) {
  for (const auto& [name, promised] : promises) {
    const std::map<std::uint64_t, std::string> records = RecordsOf(journal, name);
    for (const auto& [position, text] : records) {
      EXPECT_TRUE(text == RecordsAt(name, position)) << "a wrong batch: " << name << ", " << position;
      std::string contents;
      EXPECT_EQ(journal.ReadContents(name, position, &contents), Result::kOk) << name << ", " << position;
      EXPECT_TRUE(contents == ContentsAt(name, position)) << "wrong contents: " << name << ", " << position;
    }
    const std::uint64_t kept = all_levels ? promised.acknowledged : promised.synced;
    const std::uint64_t last =
        records.empty() ? ExtentOf(journal, name).value_or(Extent{}).last : records.rbegin()->first;
    EXPECT_GE(last, kept) << name << ": acknowledged batches are lost";
    EXPECT_LE(last, promised.sent) << name;
    const std::uint64_t first = records.empty() ? last + 1 : records.begin()->first;
    EXPECT_LE(first, promised.trimmed + 1) << name << ": trimmed too much";
  }
}

}  // namespace sluice::journal
