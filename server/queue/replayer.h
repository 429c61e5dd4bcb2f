// What the records of the journal have said so far, while they are replayed.
//
// The oldest batches may have been trimmed. So a record may speak of a queue, a session or an item whose own record
// comes later, or never, because it was gone before the log ends. What a record says of something that is not known is
// left out: the record that tells all of it comes later and says it, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/queue/replayed_line.h"
#include "server/queue/state.h"

namespace sluice::queue {

// Thread safety: none. Borrows: the state, for life.
class Namespace::State::Replayer {
 public:
  explicit Replayer(State& state) : state_(state) {}

  // The next batch. False: `error` says what is wrong.
  bool Read(std::uint64_t position, std::string_view records, std::string* error);
  // All have been read: hands the queues to the state. False: as Read.
  bool HandOver(std::string* error);
  // All leases, by fence. Requires: HandOver.
  std::vector<StoredItem*> TakeLeases();
  // So far; none that were handed over.
  std::size_t item_count() const;

 private:
  struct OfQueue {
    std::unique_ptr<Queue> queue;
    bool defined = false;
    ReplayedLine line;                                                     // items to which nothing has happened
    std::unordered_map<std::uint64_t, std::unique_ptr<StoredItem>> items;  // the others
  };

  void Take(const QueueRecord& record);
  void Take(const QueueDeletedRecord& record);
  void Take(const ItemsRecord& record);
  void Take(const ItemRecord& record);
  void Take(const LeasedRecord& record);
  void Take(const ReturnedRecord& record);
  void Take(const ErrorRecord& record);
  void Take(const FinishedRecord& record);
  void Take(const ExtendedRecord& record);
  void Take(const SessionRecord& record);
  void Take(const SessionEndedRecord& record);
  void Take(const RememberedPutRecord& record);
  void Take(const NumbersRecord& record);

  OfQueue& Of(std::uint64_t number);
  // The item, out of the line if it is there. Null: not known.
  static StoredItem* Find(OfQueue& of, std::uint64_t id);
  static StoredItem* Add(OfQueue& of, std::uint64_t id);
  static void AddToLine(OfQueue& of, const ReplayedItem& item);
  // The lease of the item ended so.
  void NoteSettled(const StoredItem& item, Settled how);
  // Of an ItemRecord, a LeasedRecord.
  template <typename One>
  void SetLease(StoredItem& item, std::uint64_t fence, const One& record);
  void LinkAll(OfQueue& of);
  void Link(StoredItem& item);

  State& state_;
  std::uint64_t position_ = 0;  // of the batch that is read
  std::size_t contents_ = 0;    // bytes of the contents in it
  std::map<std::uint64_t, OfQueue> queues_;
  std::vector<StoredItem*> leases_;
  std::unordered_map<SessionState*, std::deque<std::uint64_t>> settled_;  // fences, as they are in it, oldest first
};

}  // namespace sluice::queue
