// Files that are torn or damaged: what is read is a valid prefix, or nothing is and the error names the place. Never is
// it a wrong batch.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/server/journal/history.h"
#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// The journal that a killed process leaves, and copies of it to damage.
class Damage : public testing::Test {
 protected:
  void SetUp() override {
    const std::unique_ptr<RocksDbJournal> journal = OpenOrFail(scratch_.path("journal"));
    ASSERT_NE(journal, nullptr);
    History history(journal.get(), 1, 2);
    while (!HasTables()) history.Step();
    for (int i = 0; i < 40; ++i) history.Step();
    promises_ = history.promises();
    CopyAsItIs(scratch_.path("journal"));
  }

  // Another one instead: of a process that has synced a second log, while nothing of the first is in a table yet.
  void LeaveTwoLogs() {
    const auto disk = std::make_shared<SimulatedDisk>();
    RocksDbOptions options = SmallOptions();
    options.file_system = disk;
    const std::string directory = scratch_.path("two logs");
    const std::unique_ptr<RocksDbJournal> journal = OpenOrFail(directory, options);
    ASSERT_NE(journal, nullptr);
    std::promise<void> copied;
    disk->SetHook([until = copied.get_future().share()](const DiskOperation& operation) {
      if (operation.what == "create" && operation.path.ends_with(".sst")) until.wait_for(kPatience);
      return Verdict{};
    });
    History history(journal.get(), 1, 1);
    const Promises& promised = history.promises().begin()->second;
    while (Logs(directory).size() < 2) history.Step();
    for (const std::uint64_t before = promised.sent; promised.synced <= before;) history.Step();
    promises_ = history.promises();
    fs::remove_all(original_);
    CopyAsItIs(directory);
    copied.set_value();
  }

  // The process lives on, and may be writing a table: until a copy is of one moment.
  void CopyAsItIs(const std::string& directory) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::error_code error;
    do {
      fs::remove_all(original_);
      const auto before = Look(directory);
      fs::copy(directory, original_, fs::copy_options::recursive, error);
      if (!error && Look(directory) == before) return;
    } while (std::chrono::steady_clock::now() < end);
    FAIL() << "it never rests " << error.message();
  }
  static std::map<fs::path, std::pair<std::uintmax_t, fs::file_time_type>> Look(const std::string& directory) {
    std::map<fs::path, std::pair<std::uintmax_t, fs::file_time_type>> files;
    std::error_code gone;  // meanwhile
    for (const auto& file : fs::directory_iterator(directory)) {
      files[file.path()] = {file.file_size(gone), file.last_write_time(gone)};
    }
    return files;
  }

  bool HasTables() const {
    const auto files = fs::directory_iterator(scratch_.path("journal"));
    return std::any_of(begin(files), end(files), [](const auto& file) { return file.path().extension() == ".sst"; });
  }

  // Those that hold what was appended, or say where it is.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(original_)) {
      const std::string name = file.path().filename();
      if (file.file_size() == 0) continue;  // RocksDB has just begun it
      if (name.ends_with(".log") || name.ends_with(".sst") || name == "CURRENT" || name.starts_with("MANIFEST")) {
        names.push_back(name);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // In order.
  static std::vector<std::string> Logs(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(directory)) {
      if (file.path().extension() == ".log") names.push_back(file.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // The log that is written now.
  std::string LastLog() const { return Logs(original_).back(); }

  // Without the zeros that are written ahead.
  std::string Written(const std::string& name) const {
    std::string bytes = Read(fs::path(original_) / name);
    bytes.resize(bytes.find_last_not_of('\0') + 1);
    return bytes;
  }

  std::string Copy() {
    fs::remove_all(scratch_.path("copy"));
    fs::copy(original_, scratch_.path("copy"), fs::copy_options::recursive);
    return scratch_.path("copy");
  }
  // With `name` replaced.
  std::string Copy(const std::string& name, const std::string& bytes) {
    const std::string directory = Copy();
    Write(fs::path(directory) / name, bytes);
    return directory;
  }

  // Opens and reads all. Empty: it is a valid prefix; else the error.
  std::string Examine(const std::string& directory) {
    Health failure;
    const auto journal = RocksDbJournal::Open(directory, QuickOptions(), &failure);
    if (journal == nullptr) {
      EXPECT_NE(failure.text, "");
      return failure.text;
    }
    std::string error;
    for (const auto& entry : promises_) {
      const std::string& name = entry.first;
      const Promises& promised = entry.second;
      const Result scanned = journal->Scan(
          name, 1,
          [&](const ReadBatch& batch) {
            EXPECT_TRUE(batch.records == RecordsAt(name, batch.position)) << "a wrong batch";
            EXPECT_LE(batch.position, promised.sent);
          },
          &error);
      if (scanned != Result::kOk) {
        EXPECT_NE(error, "");
        return error;
      }
      for (std::uint64_t position = 1; position <= promised.sent; ++position) {
        std::string contents;
        const Result read = journal->ReadContents(name, position, &contents);
        if (read == Result::kOk) {
          EXPECT_TRUE(contents == ContentsAt(name, position)) << "wrong contents";
        } else if (read != Result::kLost) {
          error = std::string(NameOf(read));
        }
      }
    }
    return error;
  }

  const ScratchDirectory scratch_;
  const std::string original_ = scratch_.path("original");
  std::map<std::string, Promises> promises_;
};

TEST_F(Damage, AKilledProcessLeavesEverythingThatWasAcknowledged) {
  const std::unique_ptr<RocksDbJournal> after = OpenOrFail(original_);
  ASSERT_NE(after, nullptr);
  ExpectKept(*after, promises_, true);
}

// SLUICE_EVERY_CUT: at every byte of the last 64 KiB; else of the last 48 bytes, and at some others.
TEST_F(Damage, ALogThatIsCutOffIsReadUpToTheCut) {
  const std::string name = LastLog();
  const std::string whole = Written(name);
  const std::size_t last = std::getenv("SLUICE_EVERY_CUT") != nullptr ? 64 << 10 : 48;
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i <= std::min(last, whole.size()); ++i) cuts.push_back(whole.size() - i);
  std::mt19937_64 dice(1);
  for (int i = 0; i < 50; ++i) cuts.push_back(dice() % (whole.size() + 1));
  for (const std::size_t cut : cuts) {
    EXPECT_EQ(Examine(Copy(name, whole.substr(0, cut))), "") << "cut at " << cut;
    ASSERT_FALSE(HasFailure()) << "cut at " << cut;
  }
}

TEST_F(Damage, ZerosBehindALogAreItsEnd) {
  const std::string name = LastLog();
  const std::string directory = Copy(name, Written(name) + std::string(100'000, '\0'));
  const std::unique_ptr<RocksDbJournal> after = OpenOrFail(directory);
  ASSERT_NE(after, nullptr);
  ExpectKept(*after, promises_, true);
}

TEST_F(Damage, InFrontOfWhatWasAcknowledgedIsRefusedWithFileAndOffset) {
  LeaveTwoLogs();
  const std::string name = Logs(original_).front();
  std::string bytes = Written(name);
  bytes[bytes.size() / 2] ^= 1;
  const std::string directory = Copy(name, bytes);
  const std::string error = Examine(directory);
  EXPECT_NE(error.find(directory + "/" + name + ", offset "), std::string::npos) << error;
  EXPECT_NE(error.find("backup"), std::string::npos) << "says what to do: " << error;
  EXPECT_EQ(Read(fs::path(directory) / name), bytes) << "nothing is cut off";
}

TEST_F(Damage, ALogThatIsMissingIsNoticed) {
  LeaveTwoLogs();
  ASSERT_EQ(Logs(original_).size(), 2u);
  EXPECT_EQ(Examine(Copy()), "") << "while both are there";
  const std::string directory = Copy();
  fs::remove(fs::path(directory) / Logs(original_).front());
  const std::string error = Examine(directory);
  EXPECT_NE(error.find(directory), std::string::npos) << error;
}

TEST_F(Damage, ATableThatIsMissingIsNoticed) {
  const std::string directory = Copy();
  ASSERT_NE(OpenOrFail(directory), nullptr);  // writes all of it to tables
  for (const auto& file : fs::directory_iterator(directory)) {
    if (file.path().extension() == ".sst") fs::remove(file.path());
  }
  EXPECT_NE(Examine(directory), "");
}

// SLUICE_FLIPS: so many.
TEST_F(Damage, AByteThatFlipsAnywhereNeverMakesAWrongBatch) {
  const char* wanted = std::getenv("SLUICE_FLIPS");
  const int flips = wanted != nullptr ? std::atoi(wanted) : 300;
  const std::vector<std::string> names = Files();
  std::mt19937_64 dice(1);
  int refused = 0;
  for (int i = 0; i < flips; ++i) {
    const std::string& name = names[dice() % names.size()];
    std::string bytes = Written(name);
    const std::size_t at = dice() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice() % 8));
    if (!Examine(Copy(name, bytes)).empty()) ++refused;
    ASSERT_FALSE(HasFailure()) << "flip " << i << ": " << name << ", offset " << at;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace sluice::journal
