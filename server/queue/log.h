// The batch that a namespace is writing: the records and contents of its steps since the last one was taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/types.h>

#include "common/ids.h"
#include "common/item.h"
#include "server/queue/record.h"

namespace sluice::queue {

// Ready to be appended to a journal.
struct LogBatch {
  std::uint64_t position = 0;
  Durability level = Durability::kMemory;  // the highest that one of its records asked for
  bool adds = false;                       // it takes more space than it will free: something was put or created
  std::string records;
  std::string contents;
  std::uint64_t trim = 0;  // batches up to this position are not needed once this one is durable
  bool was_full = false;   // puts may wait for room in the next one: RetryMemory
};

// Thread safety: none.
class Log {
 public:
  // Nothing is written until it is started: queues live in memory.
  bool started() const { return position_ != 0; }
  // `position`: of the first batch.
  void Start(std::uint64_t position) { position_ = position; }

  bool empty() const { return batch_.records.empty() && returned_.items.empty() && finished_.items.empty(); }
  // Of the batch that is being written.
  std::uint64_t position() const { return position_; }
  // What must be durable so that everything said so far is.
  std::uint64_t barrier() const { return started() && empty() ? position_ - 1 : position_; }
  std::size_t bytes() const { return batch_.records.size() + batch_.contents.size(); }
  // Appends a content as it was read from another batch.
  void AddRawContent(std::string_view bytes) { batch_.contents.append(bytes); }
  std::size_t contents_bytes() const { return batch_.contents.size(); }

  template <typename One>
  void Add(const One& record, Durability level) {
    EndRun();
    WriteRecord(record, &batch_.records);
    Raise(level);
  }
  // One item of a ReturnedRecord, a FinishedRecord: what follows each other becomes one record.
  void AddReturned(std::uint64_t queue, bool counted, ItemId item, Durability level);
  void AddFinished(std::uint64_t queue, Outcome outcome, ItemId item, Durability level);
  // Appends a content. Returns how many bytes it takes.
  std::size_t AddContent(const Content& content);
  void SetAdds() { batch_.adds = true; }

  // Requires: !empty().
  LogBatch Take() {
    EndRun();
    batch_.position = position_++;
    return std::exchange(batch_, LogBatch{});
  }

 private:
  void Raise(Durability level) {
    if (level > batch_.level) batch_.level = level;
  }
  void EndRun();

  std::uint64_t position_ = 0;
  LogBatch batch_;
  ReturnedRecord returned_;  // not written yet; at most one of the two has items
  FinishedRecord finished_;
};

// A content as it stands in a batch: priority, content type, headers, and the payload to the end.
void WriteContent(const Content& content, std::string* bytes);
// Null: `bytes` is damaged.
ContentPtr ReadContent(std::string_view bytes);

}  // namespace sluice::queue
