// Where the truth is kept: a log of batches, each one position, atomic.
//
// The broker appends a batch per step of the core that changed state, in the order of the steps, and answers
// nothing of a step before its batch is durable at the level asked for. This version keeps queues in memory
// (NullJournal): a batch carries no records and is "durable" at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <sluice/types.h>

namespace sluice::journal {

enum class AppendResult : std::uint8_t {
  kOk,           // durable as asked for
  kFenced,       // another owner has taken over: final
  kUnknown,      // may or may not be written: append the same batch again until Ok or Fenced
  kUnavailable,  // certainly not written
  kFull,         // no space: refuse puts, go on with what frees space
  kTooLarge,
  kCorrupt,      // stop the namespace; never truncate
  kLost,         // as kCorrupt: acknowledged records are missing
};

struct Batch {
  std::string_view space;      // the namespace
  std::uint64_t epoch = 0;     // of the owner
  std::uint64_t position = 0;  // rises by one within a namespace
  std::uint64_t batch_id = 0;  // makes sending again harmless
  Durability durability = Durability::kMemory;
  std::string_view records;    // encoded; Borrows: until Append returns
};

// Thread safety: all methods may be called from any thread; batches of one namespace in order of position.
class Journal {
 public:
  virtual ~Journal() = default;
  // Calls `done` exactly once, perhaps before it returns, under no lock of the journal's. Blocks: never.
  virtual void Append(const Batch& batch, std::function<void(AppendResult)> done) = 0;
  // The strongest level that Append can reach.
  virtual Durability Reaches() const = 0;
};

// Queues live in memory.
class NullJournal final : public Journal {
 public:
  void Append(const Batch&, std::function<void(AppendResult)> done) override { done(AppendResult::kOk); }
  Durability Reaches() const override { return Durability::kMemory; }
};

}  // namespace sluice::journal
