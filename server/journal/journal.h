// Where the truth is kept: one log of batches for each namespace.
//
// A batch is what one namespace has to say at once: records (small; all of them are read at recovery) and contents (the
// payloads of the items in them; read when they are needed). It is one position, and atomic. Batches are appended with
// (epoch, position, batch id), so that sending one again is harmless and an owner that was deposed is fenced off.
//
// The journal interprets nothing. What records mean is server/queue's matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/types.h>

namespace sluice::journal {

enum class Result : std::uint8_t {
  kOk,           // as asked for; of an append: durable at the batch's level
  kFenced,       // another owner has taken over: final
  kUnknown,      // may or may not be written: append the same batch again until Ok or Fenced
  kUnavailable,  // certainly not written; may work later
  kFull,         // no space, certainly not written: refuse puts, go on with what frees space
  kTooLarge,     // certainly not written
  kCorrupt,      // stop the namespace; never truncate
  kLost,         // as kCorrupt: acknowledged batches are missing
};

// "Ok", "Fenced", ...
std::string_view NameOf(Result result);
// What was acknowledged is not there as it was: trying again does not help.
constexpr bool IsDamage(Result result) { return result == Result::kCorrupt || result == Result::kLost; }

struct Batch {
  std::string space;           // the namespace
  std::uint64_t epoch = 0;     // of the owner
  std::uint64_t position = 0;  // from 1; rises by one within a namespace
  std::uint64_t batch_id = 0;  // another one for each batch of an owner
  // The level at which the append is done. kMemory is like kAsync: what is in a journal is at least with the
  // operating system.
  Durability durability = Durability::kFsync;
  bool reserve = false;  // it frees more than it takes (task_done, trim): may use the space that is reserved for that
  std::string records;
  std::string contents;  // may be empty
};

// As errors name the place of a batch: `namespace "orders", position 17`
std::string PlaceOf(std::string_view space, std::uint64_t position);

// What the journal has of a namespace.
struct Extent {
  std::string space;
  std::uint64_t epoch = 0;  // of its last owner
  std::uint64_t first = 0;  // position of the oldest batch that was not trimmed; last + 1 when none is there
  std::uint64_t last = 0;   // of the newest; 0 = none ever
};

// A batch as it was read. Borrows: until the visit returns.
struct ReadBatch {
  std::uint64_t position = 0;
  std::string_view records;
};

// How well it is. `text` says what is wrong and what to do; empty when all is well.
struct Health {
  Result result = Result::kOk;  // of what is appended now, as far as known
  std::string text;
};

// What it has done since it was opened: counts that only grow.
struct Activity {
  std::uint64_t batches = 0;   // appended, each answered with Ok
  std::uint64_t bytes = 0;     // of their records and contents
  std::uint64_t refused = 0;   // appends that were answered with anything else
  std::uint64_t syncs = 0;     // that succeeded; each may cover many batches
  std::uint64_t failures = 0;  // of the disk: writes, syncs and attempts to open it anew

  // One append was answered.
  void Add(const Batch& batch, Result result) {
    if (result != Result::kOk) {
      ++refused;
      return;
    }
    ++batches;
    bytes += batch.records.size() + batch.contents.size();
  }
};

// Thread safety: all methods may be called from any thread; appends of one namespace in order of position.
class Journal {
 public:
  using Done = std::function<void(Result)>;

  virtual ~Journal() = default;

  // ---- at start ----
  // Every namespace that was ever owned, by name.
  virtual Result List(std::vector<Extent>* extents, std::string* error) = 0;
  // Takes the namespace over, which need not exist: `extent->epoch` is the new owner's, above every one before, whose
  // appends are fenced off from now on. Blocks: for the disk.
  virtual Result Own(std::string_view space, Extent* extent, std::string* error) = 0;
  // Visits the records of all batches from `from` on, in order of position, each checked against its checksum. On a
  // result other than Ok `error` names the place: file or key, position, what is wrong. Blocks: for the disk.
  virtual Result Scan(std::string_view space, std::uint64_t from, const std::function<void(const ReadBatch&)>& visit,
                      std::string* error) = 0;

  // ---- at work ----
  // Calls `done` exactly once: from the journal's own thread, under no lock of the journal's; or, if it can answer at
  // once, before it returns. Blocks: never for the disk. The same batch again (epoch, position and batch id) is Ok and
  // adds nothing; another one at a position that is taken, or a deposed epoch, is Fenced; a position that leaves a gap
  // is Unavailable.
  // The batch may be kept, to be appended again. Borrows: nothing.
  virtual void Append(std::shared_ptr<const Batch> batch, Done done) = 0;
  void Append(Batch batch, Done done) { Append(std::make_shared<const Batch>(std::move(batch)), std::move(done)); }
  // The contents of one batch. kLost: trimmed, or never there. Blocks: for the disk.
  virtual Result ReadContents(std::string_view space, std::uint64_t position, std::string* contents) = 0;
  // Batches up to `position` are not needed any more. Takes effect some time later. Blocks: never.
  virtual void Trim(std::string_view space, std::uint64_t position) = 0;
  // A copy of everything that is durable now, in the new directory `directory`: what a later journal is opened on.
  // Blocks: for the disk.
  virtual Result Snapshot(const std::string& directory, std::string* error) = 0;

  virtual Health health() const = 0;
  virtual Activity activity() const = 0;
  // On its disk; UINT64_MAX when nobody knows. Blocks: for the disk.
  virtual std::uint64_t free_bytes() const = 0;
};

}  // namespace sluice::journal
