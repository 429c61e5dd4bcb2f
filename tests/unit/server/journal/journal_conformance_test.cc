#include "tests/unit/server/journal/journal_conformance.h"

#include <atomic>
#include <thread>

#include "tests/support/memory_journal.h"
#include "tests/unit/server/journal/rocksdb_lab.h"

namespace sluice::journal {
namespace {

using Records = std::map<std::uint64_t, std::string>;

class MemoryLab : public Lab {
 public:
  std::unique_ptr<Journal> Open() override { return std::make_unique<MemoryJournal>(); }
  std::unique_ptr<Journal> Reopen(std::unique_ptr<Journal> journal) override {
    const auto& memory = static_cast<const MemoryJournal&>(*journal);
    return memory.Crash(memory.unsynced());
  }
  std::string NewDirectory() override { return "snapshot" + std::to_string(++directories_); }
  std::unique_ptr<Journal> OpenSnapshot(const Journal& of, const std::string& directory) override {
    return static_cast<const MemoryJournal&>(of).OpenSnapshot(directory);
  }

 private:
  int directories_ = 0;
};

class Conformance : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    lab_ = GetParam().new_lab();
    journal_ = lab_->Open();
    ASSERT_NE(journal_, nullptr);
  }
  void Reopen() {
    journal_ = lab_->Reopen(std::move(journal_));
    ASSERT_NE(journal_, nullptr);
  }

  std::unique_ptr<Lab> lab_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(Conformance, ANewJournalKnowsNoNamespace) {
  std::vector<Extent> extents;
  std::string error;
  EXPECT_EQ(journal_->List(&extents, &error), Result::kOk);
  EXPECT_TRUE(extents.empty());
  EXPECT_TRUE(RecordsOf(*journal_, "a").empty());
  EXPECT_EQ(journal_->health().result, Result::kOk);
  EXPECT_EQ(journal_->health().text, "");
}

TEST_P(Conformance, BatchesAreReadInOrderOfPosition) {
  Owner owner(journal_.get(), "a");
  EXPECT_EQ(owner.extent().first, 1u);
  EXPECT_EQ(owner.extent().last, 0u);
  Records expected;
  for (int i = 1; i <= 300; ++i) {
    const std::string records = "r" + std::to_string(i);
    ASSERT_EQ(AppendNow(*journal_, owner.Next(records, "", Durability::kAsync)), Result::kOk);
    expected.emplace(i, records);
  }
  EXPECT_EQ(RecordsOf(*journal_, "a"), expected);
  Reopen();
  EXPECT_EQ(RecordsOf(*journal_, "a"), expected);
  EXPECT_EQ(RecordsOf(*journal_, "a", 299), (Records{{299, "r299"}, {300, "r300"}}));
  EXPECT_TRUE(RecordsOf(*journal_, "a", 301).empty());
}

TEST_P(Conformance, ABatchThatIsSentAgainIsThereOnce) {
  Owner owner(journal_.get(), "a");
  const Batch first = owner.Next("one", "contents");
  const Batch second = owner.Next("two");
  ASSERT_EQ(AppendNow(*journal_, first), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, first), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, second), Result::kOk);
  EXPECT_EQ(AppendNow(*journal_, first), Result::kOk) << "an older one, too";
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}}));
  Reopen();
  EXPECT_EQ(AppendNow(*journal_, second), Result::kOk) << "after a restart, too";
  EXPECT_EQ(AppendNow(*journal_, first), Result::kOk);
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}}));
}

TEST_P(Conformance, AnotherBatchAtAPositionThatIsTakenIsFenced) {
  Owner owner(journal_.get(), "a");
  Batch first = owner.Next("one");
  ASSERT_EQ(AppendNow(*journal_, first), Result::kOk);
  first.batch_id += 1;
  first.records = "other";
  EXPECT_EQ(AppendNow(*journal_, first), Result::kFenced);
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}}));
}

TEST_P(Conformance, ABatchThatAnEarlierOwnerHasWrittenIsAnotherOne) {
  Owner old(journal_.get(), "a");
  Batch first = old.Next("one");
  Batch second = old.Next("two");
  ASSERT_EQ(AppendNow(*journal_, first), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, second), Result::kOk);
  first.epoch = second.epoch = Owner(journal_.get(), "a").extent().epoch;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(AppendNow(*journal_, second), Result::kFenced) << "though its id is the same";
    EXPECT_EQ(AppendNow(*journal_, first), Result::kFenced);
    EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}}));
    Reopen();
  }
}

TEST_P(Conformance, ItCountsWhatItAnswers) {
  Owner owner(journal_.get(), "a");
  const std::uint64_t refused_before = journal_->activity().refused;
  ASSERT_EQ(AppendNow(*journal_, owner.Next("records", "contents", Durability::kFsync)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("more", "", Durability::kMemory)), Result::kOk);
  Batch gap = owner.Next("after a gap");
  gap.position += 1;
  ASSERT_NE(AppendNow(*journal_, gap), Result::kOk);
  const Activity activity = journal_->activity();
  EXPECT_EQ(activity.batches, 2u);
  EXPECT_EQ(activity.bytes, std::string("recordscontentsmore").size());
  EXPECT_EQ(activity.refused, refused_before + 1);
  EXPECT_EQ(activity.failures, 0u);
}

TEST_P(Conformance, AGapIsUnavailable) {
  Owner owner(journal_.get(), "a");
  const Batch first = owner.Next("one");
  const Batch second = owner.Next("two");
  EXPECT_EQ(AppendNow(*journal_, second), Result::kUnavailable);
  EXPECT_TRUE(RecordsOf(*journal_, "a").empty());
  EXPECT_EQ(AppendNow(*journal_, first), Result::kOk);
  EXPECT_EQ(AppendNow(*journal_, second), Result::kOk);
}

TEST_P(Conformance, ADeposedOwnerIsFencedOff) {
  Owner old(journal_.get(), "a");
  ASSERT_EQ(AppendNow(*journal_, old.Next("one")), Result::kOk);
  Owner owner(journal_.get(), "a");
  EXPECT_GT(owner.extent().epoch, old.extent().epoch);
  EXPECT_EQ(owner.extent().last, 1u);
  EXPECT_EQ(AppendNow(*journal_, old.Next("late")), Result::kFenced);
  EXPECT_EQ(AppendNow(*journal_, owner.Next("two")), Result::kOk);
  Reopen();
  EXPECT_EQ(AppendNow(*journal_, old.Next("later")), Result::kFenced) << "after a restart, too";
  EXPECT_GT(Owner(journal_.get(), "a").extent().epoch, owner.extent().epoch);
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}}));
}

TEST_P(Conformance, WhoOwnsNothingIsFenced) {
  Batch batch;
  batch.space = "nobody's";
  batch.position = 1;
  EXPECT_EQ(AppendNow(*journal_, batch), Result::kFenced);
  batch.epoch = 1;
  EXPECT_EQ(AppendNow(*journal_, batch), Result::kFenced);
  EXPECT_FALSE(ExtentOf(*journal_, "nobody's"));
}

TEST_P(Conformance, ContentsAreReadByPosition) {
  Owner owner(journal_.get(), "a");
  const std::string binary("\0\xff\n", 3);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("one", binary)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("two")), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("", "three")), Result::kOk);
  for (int round = 0; round < 2; ++round) {
    std::string contents = "before";
    EXPECT_EQ(journal_->ReadContents("a", 1, &contents), Result::kOk);
    EXPECT_EQ(contents, binary);
    EXPECT_EQ(journal_->ReadContents("a", 2, &contents), Result::kOk);
    EXPECT_EQ(contents, "") << "there are none";
    EXPECT_EQ(journal_->ReadContents("a", 3, &contents), Result::kOk);
    EXPECT_EQ(contents, "three");
    EXPECT_EQ(journal_->ReadContents("a", 4, &contents), Result::kLost) << "never there";
    EXPECT_EQ(journal_->ReadContents("b", 1, &contents), Result::kLost);
    Reopen();
  }
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}, {3, ""}}));
}

TEST_P(Conformance, WhatIsTrimmedStaysTrimmed) {
  Owner owner(journal_.get(), "a");
  for (int i = 1; i <= 10; ++i) ASSERT_EQ(AppendNow(*journal_, owner.Next("r", "c")), Result::kOk);
  journal_->Trim("a", 7);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("r", "c")), Result::kOk);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{8, "r"}, {9, "r"}, {10, "r"}, {11, "r"}}));
    EXPECT_EQ(ExtentOf(*journal_, "a")->first, 8u);
    EXPECT_EQ(ExtentOf(*journal_, "a")->last, 11u);
    std::string contents;
    EXPECT_EQ(journal_->ReadContents("a", 7, &contents), Result::kLost);
    EXPECT_EQ(journal_->ReadContents("a", 8, &contents), Result::kOk);
    Reopen();
  }
}

TEST_P(Conformance, TrimNeverGoesBeyondWhatIsThere) {
  Owner owner(journal_.get(), "a");
  ASSERT_EQ(AppendNow(*journal_, owner.Next("one")), Result::kOk);
  journal_->Trim("a", 1000);
  journal_->Trim("a", 0);
  journal_->Trim("nobody's", 3);
  Owner next(journal_.get(), "a");  // behind the trim
  EXPECT_EQ(ExtentOf(*journal_, "a")->first, 2u);
  EXPECT_EQ(ExtentOf(*journal_, "a")->last, 1u);
  Reopen();
  EXPECT_EQ(ExtentOf(*journal_, "a")->first, 2u);
  EXPECT_EQ(ExtentOf(*journal_, "a")->last, 1u) << "positions go on, nothing is counted from the start again";
  EXPECT_EQ(AppendNow(*journal_, next.Next("two")), Result::kOk);
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{2, "two"}}));
}

TEST_P(Conformance, EveryLevelOfDurabilitySurvivesTheProcess) {
  Owner owner(journal_.get(), "a");
  ASSERT_EQ(AppendNow(*journal_, owner.Next("memory", "", Durability::kMemory)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("async", "", Durability::kAsync)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("fsync", "", Durability::kFsync)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("last", "", Durability::kMemory)), Result::kOk);
  Reopen();
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "memory"}, {2, "async"}, {3, "fsync"}, {4, "last"}}));
}

TEST_P(Conformance, NamespacesAreApart) {
  std::vector<Owner> owners;
  for (int i = 0; i < 70; ++i) owners.emplace_back(journal_.get(), "space" + std::to_string(i));
  for (int i = 0; i < 70; ++i) {
    ASSERT_EQ(AppendNow(*journal_, owners[i].Next(std::to_string(i), "c" + std::to_string(i), Durability::kAsync)),
              Result::kOk);
  }
  journal_->Trim("space7", 1);
  Owner again(journal_.get(), "space8");
  Reopen();
  std::vector<Extent> extents;
  std::string error;
  ASSERT_EQ(journal_->List(&extents, &error), Result::kOk);
  ASSERT_EQ(extents.size(), 70u);
  EXPECT_TRUE(std::is_sorted(extents.begin(), extents.end(),
                             [](const Extent& one, const Extent& other) { return one.space < other.space; }));
  for (int i = 0; i < 70; ++i) {
    const std::string space = "space" + std::to_string(i);
    EXPECT_EQ(RecordsOf(*journal_, space), i == 7 ? Records{} : (Records{{1, std::to_string(i)}}));
    EXPECT_EQ(ExtentOf(*journal_, space)->epoch, i == 8 ? 2u : 1u);
  }
}

TEST_P(Conformance, ALargeBatchIsWhole) {
  Owner owner(journal_.get(), "a");
  std::string contents(16 << 20, 'x');
  for (std::size_t i = 0; i < contents.size(); i += 97) contents[i] = static_cast<char>(i);
  ASSERT_EQ(AppendNow(*journal_, owner.Next(std::string(1 << 20, 'r'), contents)), Result::kOk);
  ASSERT_EQ(AppendNow(*journal_, owner.Next("small", "one")), Result::kOk);
  Reopen();
  std::string read;
  ASSERT_EQ(journal_->ReadContents("a", 1, &read), Result::kOk);
  EXPECT_TRUE(read == contents);
  EXPECT_EQ(RecordsOf(*journal_, "a")[1].size(), std::size_t{1} << 20);
}

TEST_P(Conformance, ASnapshotIsAJournal) {
  Owner owner(journal_.get(), "a");
  ASSERT_EQ(AppendNow(*journal_, owner.Next("one", "c1", Durability::kAsync)), Result::kOk);
  const std::string directory = lab_->NewDirectory();
  std::string error;
  ASSERT_EQ(journal_->Snapshot(directory, &error), Result::kOk) << error;
  EXPECT_NE(journal_->Snapshot(directory, &error), Result::kOk) << "it is there";
  EXPECT_NE(error.find(directory), std::string::npos) << error;
  ASSERT_EQ(AppendNow(*journal_, owner.Next("two")), Result::kOk);
  const std::unique_ptr<Journal> copy = lab_->OpenSnapshot(*journal_, directory);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(RecordsOf(*copy, "a"), (Records{{1, "one"}}));
  std::string contents;
  EXPECT_EQ(copy->ReadContents("a", 1, &contents), Result::kOk);
  EXPECT_EQ(contents, "c1");
  EXPECT_EQ(RecordsOf(*journal_, "a"), (Records{{1, "one"}, {2, "two"}})) << "the journal goes on";
}

TEST_P(Conformance, NamespacesAppendAtTheSameTimeAndEachAppendIsAnsweredOnce) {
  constexpr int kThreads = 8;
  static constexpr int kBatches = 200;
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Owner owner(journal_.get(), "space" + std::to_string(i));
      struct Own {
        std::atomic<int> answers{0};
        std::promise<void> all;
      };
      const auto own = std::make_shared<Own>();
      for (int n = 1; n <= kBatches; ++n) {
        const Durability level = n % 16 == 0 ? Durability::kFsync : Durability::kAsync;
        journal_->Append(owner.Next(std::to_string(n), "c", level), [&answers, own](Result result) {
          EXPECT_EQ(result, Result::kOk);
          ++answers;
          if (++own->answers == kBatches) own->all.set_value();
        });
        if (n % 50 == 0) journal_->Trim("space" + std::to_string(i), n - 40);
      }
      EXPECT_EQ(own->all.get_future().wait_for(kPatience), std::future_status::ready);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Reopen();
  EXPECT_EQ(answers, kThreads * kBatches) << "each once";
  for (int i = 0; i < kThreads; ++i) {
    const Records records = RecordsOf(*journal_, "space" + std::to_string(i));
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.rbegin()->second, std::to_string(kBatches));
    EXPECT_LE(records.size(), kBatches - 110u) << "trimmed up to 110 at least";
  }
}

TEST_P(Conformance, WhatWasAppendedBeforeTheEndIsAnswered) {
  Owner owner(journal_.get(), "a");
  std::atomic<int> answers{0};
  for (int i = 0; i < 100; ++i) journal_->Append(owner.Next("r"), [&](Result) { ++answers; });
  journal_ = lab_->Reopen(std::move(journal_));
  EXPECT_EQ(answers, 100);
  EXPECT_EQ(RecordsOf(*journal_, "a").size(), 100u);
}

TEST_P(Conformance, AnAnswerMayAppendAgain) {
  Owner owner(journal_.get(), "a");
  std::promise<void> finished;
  std::function<void(Result)> again = [&](Result result) {
    EXPECT_EQ(result, Result::kOk);
    if (owner.last() == 50) {
      finished.set_value();
    } else {
      journal_->Append(owner.Next("r"), again);
    }
  };
  journal_->Append(owner.Next("r"), again);
  EXPECT_EQ(finished.get_future().wait_for(kPatience), std::future_status::ready);
  Reopen();  // while what the answers use is there
  EXPECT_EQ(RecordsOf(*journal_, "a").size(), 50u);
}

INSTANTIATE_TEST_SUITE_P(, Conformance,
                         testing::Values(Implementation{"Memory", [] { return std::make_unique<MemoryLab>(); }},
                                         Implementation{"RocksDb", [] { return std::make_unique<RocksDbLab>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace sluice::journal
