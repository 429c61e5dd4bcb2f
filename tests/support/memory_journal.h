// A journal in memory, with faults on demand: what tests and the simulator put under a broker. It keeps the rules of a
// real one to the letter, and does nothing by itself: no thread, no clock.
//
//   MemoryJournal journal;
//   journal.Script(0, {Result::kUnknown, true});  // the next append: written, but its answer is lost
//   journal.Hold(true);                           // answers wait for Commit()
//   auto after = journal.Crash(0);                // power loss: what was not synced is gone
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/journal.h"

namespace sluice::journal {

// What an append does instead of what it should.
struct Fault {
  Result result = Result::kUnavailable;
  bool is_written = false;  // before it answers; it makes a difference for kUnknown alone
};

// Thread safety: as Journal; so are the methods for tests. `done` is called by Append, or by Commit if appends are
// held, under no lock.
class MemoryJournal : public Journal {
 public:
  MemoryJournal() = default;
  // Appends that are held are never answered.
  ~MemoryJournal() override = default;
  MemoryJournal(const MemoryJournal&) = delete;
  MemoryJournal& operator=(const MemoryJournal&) = delete;

  Result List(std::vector<Extent>* extents, std::string* error) override;
  Result Own(std::string_view space, Extent* extent, std::string* error) override;
  Result Scan(std::string_view space, std::uint64_t from, const std::function<void(const ReadBatch&)>& visit,
              std::string* error) override;
  using Journal::Append;
  void Append(std::shared_ptr<const Batch> batch, Done done) override;
  Result ReadContents(std::string_view space, std::uint64_t position, std::string* contents) override;
  void Trim(std::string_view space, std::uint64_t position) override;
  // Nothing but a name is `directory`: see OpenSnapshot.
  Result Snapshot(const std::string& directory, std::string* error) override;
  Health health() const override;
  Activity activity() const override;
  std::uint64_t free_bytes() const override { return UINT64_MAX; }

  // ---- for tests ----
  // Of the appends that are carried out from now on, number `nth` (0 is the next) fails.
  void Script(std::size_t nth, Fault fault);
  // The next `count` calls of Own, or of ReadContents, do nothing and answer `result`.
  void FailOwns(std::size_t count, Result result);
  void FailReads(std::size_t count, Result result);
  // Held appends are carried out and answered by Commit, oldest first. Letting go carries out what is held.
  void Hold(bool is_held);
  std::size_t held() const;
  // False: nothing was held.
  bool Commit();
  void CommitAll();
  // While full, appends without `reserve` are refused.
  void SetFull(bool is_full);
  // Those that were carried out and are not synced: a crash may take them. Batches, trims and owners count.
  std::size_t unsynced() const;
  // Of records and contents.
  std::uint64_t bytes() const;
  // As it is opened after a power loss: of what was not synced the first `kept` (of unsynced()) are there. With all of
  // them it is as after a kill. This one is used no more.
  std::unique_ptr<MemoryJournal> Crash(std::size_t kept) const;
  // As it is opened on a snapshot of this one. Null: there is none at `directory`.
  std::unique_ptr<MemoryJournal> OpenSnapshot(const std::string& directory) const;
  // Damages a batch: Scan and ReadContents answer Corrupt.
  void Corrupt(std::string_view space, std::uint64_t position);

 private:
  struct Stored {
    std::uint64_t epoch = 0;
    std::uint64_t batch_id = 0;
    std::string records;
    std::string contents;
    bool is_corrupt = false;
  };
  struct Space {
    std::uint64_t epoch = 0;
    std::uint64_t trimmed = 0;
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::shared_ptr<const Stored>> batches{};
  };
  using Spaces = std::map<std::string, Space, std::less<>>;
  using Change = std::function<void(Spaces*)>;  // one step
  struct Held {
    std::shared_ptr<const Batch> batch;
    Done done;
  };

  // On what is there.
  explicit MemoryJournal(Spaces spaces) : spaces_(spaces), synced_(std::move(spaces)) {}

  static Extent ExtentOf(const std::string& name, const Space& space);
  void CarryOut(Held held);
  Result Write(const Batch& batch) SLUICE_REQUIRES(mutex_);
  void Apply(Change change) SLUICE_REQUIRES(mutex_);
  void Sync() SLUICE_REQUIRES(mutex_);
  // Null: it was never owned.
  const Space* Find(std::string_view name) const SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Spaces spaces_ SLUICE_GUARDED_BY(mutex_);                 // as they are read
  Spaces synced_ SLUICE_GUARDED_BY(mutex_);                 // as a power loss leaves them at least
  std::vector<Change> unsynced_ SLUICE_GUARDED_BY(mutex_);  // from the one to the other
  std::map<std::string, Spaces> snapshots_ SLUICE_GUARDED_BY(mutex_);
  std::deque<Held> held_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::size_t, Fault> script_ SLUICE_GUARDED_BY(mutex_);  // by number of append
  std::deque<Result> failing_owns_ SLUICE_GUARDED_BY(mutex_);
  std::deque<Result> failing_reads_ SLUICE_GUARDED_BY(mutex_);
  Activity activity_ SLUICE_GUARDED_BY(mutex_);
  std::size_t carried_out_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool is_held_ SLUICE_GUARDED_BY(mutex_) = false;
  bool is_full_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::journal
