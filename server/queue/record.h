// What a namespace writes down: one record for each change that a restart must not forget.
//
// A record is its type, its length, and its fields in a fixed order. New fields are added at the end: a reader takes
// what is there and leaves the rest at its default, and skips what it does not know at the end of a record. So a
// version reads the records of all versions before it. A type that it does not know is refused. FORMAT.md describes the
// bytes; the field lists here are both the writer and the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <sluice/clock.h>
#include <sluice/types.h>

#include "server/queue/record_bytes.h"

namespace sluice::queue {

// As records have it.
inline std::int64_t Microseconds(TimePoint time) { return time.time_since_epoch().count(); }

// All that is known of a queue but its items.
struct QueueRecord {
  static constexpr std::uint64_t kType = 1;
  std::uint64_t queue = 0;  // its number
  std::string name;
  QueueSettings settings;
  std::int64_t created_us = 0;
  bool shut_down = false;
  bool immediate = false;
  std::uint64_t put = 0, delivered = 0, redelivered = 0, done = 0, dead = 0, discarded = 0;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.name, r.settings.order, r.settings.maxsize, r.settings.max_bytes, r.settings.count_leased,
          r.settings.durability, r.settings.lease, r.settings.max_attempts, r.settings.paused, r.created_us,
          r.shut_down, r.immediate, r.put, r.delivered, r.redelivered, r.done, r.dead, r.discarded);
  }
};

struct QueueDeletedRecord {
  static constexpr std::uint64_t kType = 2;
  std::uint64_t queue = 0;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue);
  }
};

// What is known of an item's content without reading it.
struct ContentFacts {
  std::int64_t priority = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t entry_bytes = 0;  // in the batch's contents

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.priority, r.payload_bytes, r.entry_bytes);
  }
};

// A put: its items have ids in a row, and their contents stand in a row in the batch's contents.
struct ItemsRecord {
  static constexpr std::uint64_t kType = 3;
  std::uint64_t queue = 0;
  std::uint64_t first_id = 0;
  std::int64_t put_time_us = 0;
  std::string producer;  // empty: the put said no name
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;  // of the first one's content
  std::vector<ContentFacts> items;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.first_id, r.put_time_us, r.producer, r.sequence, r.offset, r.items);
  }
};

// An item as it is now: it stands in an old batch no more.
struct ItemRecord {
  static constexpr std::uint64_t kType = 4;
  std::uint64_t queue = 0;
  std::uint64_t id = 0;
  std::int64_t put_time_us = 0;
  std::uint64_t attempts = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t offset = 0;
  ContentFacts content;
  std::string last_error;
  std::uint64_t fence = 0;  // 0: not leased; else as in LeasedRecord
  std::uint64_t session = 0;
  std::int64_t deadline_us = 0;
  bool auto_ack = false;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.id, r.put_time_us, r.attempts, r.deliveries, r.offset, r.content, r.last_error, r.fence, r.session,
          r.deadline_us, r.auto_ack);
  }
};

// A get was served: each item has one more attempt and delivery, and the fences are in a row.
struct LeasedRecord {
  static constexpr std::uint64_t kType = 5;
  std::uint64_t queue = 0;
  std::uint64_t first_fence = 0;
  std::uint64_t session = 0;     // 0: none
  std::int64_t deadline_us = 0;  // 0: none
  bool auto_ack = false;
  std::uint64_t redelivered = 0;  // of them: were delivered before
  NumberList items;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.first_fence, r.session, r.deadline_us, r.auto_ack, r.redelivered, r.items);
  }
};

// Leased items are ready again.
struct ReturnedRecord {
  static constexpr std::uint64_t kType = 6;
  std::uint64_t queue = 0;
  bool counted = false;  // the attempt
  NumberList items;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.counted, r.items);
  }
};

// The work on a leased item failed with this text.
struct ErrorRecord {
  static constexpr std::uint64_t kType = 7;
  std::uint64_t queue = 0;
  std::uint64_t item = 0;
  std::string error;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.item, r.error);
  }
};

enum class Outcome : std::uint8_t { kDone, kDead, kDiscarded };

// Items are gone for good.
struct FinishedRecord {
  static constexpr std::uint64_t kType = 8;
  std::uint64_t queue = 0;
  Outcome outcome = Outcome::kDone;
  NumberList items;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.outcome, r.items);
  }
};

// Leases that no session keeps alive have another deadline.
struct ExtendedRecord {
  static constexpr std::uint64_t kType = 9;
  std::uint64_t queue = 0;
  std::int64_t deadline_us = 0;
  NumberList items;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.deadline_us, r.items);
  }
};

// A session that holds, or held, leases.
struct SessionRecord {
  static constexpr std::uint64_t kType = 10;
  std::uint64_t session = 0;
  std::string token;
  std::string client_name;
  std::chrono::milliseconds lease{0};

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.session, r.token, r.client_name, r.lease);
  }
};

struct SessionEndedRecord {
  static constexpr std::uint64_t kType = 11;
  std::uint64_t session = 0;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.session);
  }
};

// A put that is remembered although the batch of its ItemsRecord is not kept.
struct RememberedPutRecord {
  static constexpr std::uint64_t kType = 12;
  std::uint64_t queue = 0;
  std::string producer;
  std::uint64_t sequence = 0;
  std::uint64_t first_id = 0;
  std::uint64_t count = 0;
  std::int64_t time_us = 0;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.queue, r.producer, r.sequence, r.first_id, r.count, r.time_us);
  }
};

// The highest numbers given out so far.
struct NumbersRecord {
  static constexpr std::uint64_t kType = 13;
  std::uint64_t item = 0, fence = 0, queue = 0;

  template <typename Visit, typename Record>
  static void Fields(Visit& visit, Record& r) {
    visit(r.item, r.fence, r.queue);
  }
};

using Record =
    std::variant<QueueRecord, QueueDeletedRecord, ItemsRecord, ItemRecord, LeasedRecord, ReturnedRecord, ErrorRecord,
                 FinishedRecord, ExtendedRecord, SessionRecord, SessionEndedRecord, RememberedPutRecord, NumbersRecord>;

// Appends it.
template <typename One>
void WriteRecord(const One& record, std::string* bytes) {
  thread_local std::string fields;  // a buffer
  fields.clear();
  FieldWriter writer(&fields);
  One::Fields(writer, record);
  WriteVarint(One::kType, bytes);
  WriteVarint(fields.size(), bytes);
  bytes->append(fields);
}

// Takes the first record off `bytes`. False: it is damaged or of an unknown type; `*error` says which.
bool ReadRecord(std::string_view* bytes, Record* record, std::string* error);

}  // namespace sluice::queue
