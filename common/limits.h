// Every bound of the product: its name with the unit, its value, its reason. Configurable ones are defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::limits {

using namespace std::chrono_literals;

// ---- names -------------------------------------------------------------------------------------
inline constexpr std::size_t kNameBytes = 255;  // a file name's limit: a name may become one

// ---- items and messages ------------------------------------------------------------------------
inline constexpr std::size_t kItemBytes = 4u << 20;         // one payload; larger belongs into an object store
inline constexpr std::size_t kMessageBytes = 16u << 20;     // one gRPC message: three largest items and their frame
inline constexpr std::size_t kBatchItems = 10'000;          // items of a put or a get, fences of a task_done
inline constexpr std::size_t kMessageOperations = 100'000;  // of one message of a session: as many as may wait
inline constexpr std::size_t kHeaderCount = 64;             // headers of an item: metadata, not a second payload
inline constexpr std::size_t kHeaderBytes = 16u << 10;      // names and values of one item's headers together
inline constexpr std::size_t kContentTypeBytes = 255;       // as a name
inline constexpr std::size_t kErrorTextBytes = 16u << 10;   // of a fail: longer text is cut, a trace fits
inline constexpr std::size_t kReplyBytes = 4u << 20;      // a get or peek adds no more items: payloads, headers, texts
inline constexpr std::size_t kJoinQueues = 1'000;         // queues of one join
inline constexpr std::size_t kListQueues = 1'000;         // queues of one page of a listing
inline constexpr std::size_t kClientNameBytes = 255;      // as a name
inline constexpr std::size_t kProducerBytes = 255;        // of a producer or a request id: as a name
inline constexpr std::size_t kMetadataBytes = 16u << 10;  // HTTP headers of one call
inline constexpr std::size_t kItemOverheadBytes = 256;    // charged per item beside its bytes: the maps that hold it
inline constexpr std::size_t kColdItemBytes = 48;         // charged for one that is far from the front of a long queue
inline constexpr std::size_t kRecordNumbers = 100'000'000;  // of one record of the journal: items of a purge
inline constexpr std::size_t kPagingBytes = 64u << 20;      // contents at the front of a long queue that are in memory
// Parts of the server's memory for what long queues read ahead: of all together, of each at least (what is read is a
// whole batch), and of each at most when half of the memory is taken.
inline constexpr std::size_t kPagedPart = 4;
inline constexpr std::size_t kLeastPagedPart = 1024;
inline constexpr std::size_t kTightPagedPart = 64;

// ---- the journal -------------------------------------------------------------------------------
inline constexpr std::size_t kLogBytes = 64u << 20;        // a namespace's log up to this size carries no item forward
inline constexpr std::size_t kBatchFillBytes = 16u << 20;  // a batch that waits for the one before takes no more puts
// Fences of leases, and ids of items in memory, that were given out but not written down are never given out again: a
// server that starts skips so many, and writes down where it is when it has used half of them.
inline constexpr std::uint64_t kNumbersSkipped = std::uint64_t{1} << 26;
inline constexpr std::size_t kLogFactor = 2;                // beyond it, it may be so many times what is alive
inline constexpr std::size_t kCopyForwardBytes = 1u << 20;  // that one batch carries for older ones; more if it must

// ---- counts (defaults; configurable) -----------------------------------------------------------
inline constexpr std::size_t kMemoryBytes = std::size_t{1} << 30;  // items of the whole server
inline constexpr std::size_t kQueues = 10'000;                     // of the whole server
inline constexpr std::size_t kNamespaces = 1'000;                  // each has its own lock and counters
inline constexpr std::size_t kWaiters = 100'000;                   // parked calls of the whole server
inline constexpr std::size_t kSessions = 20'000;                   // sessions, connected or in their grace period
inline constexpr std::size_t kRetainedAnswers = 65'536;            // answers that a session's client did not confirm
inline constexpr std::size_t kSettledLeases = 65'536;  // of a session, known after a restart: task_done may come again
inline constexpr std::size_t kPutWindow = 262'144;     // puts of a namespace that are known again when they come again

// ---- times -------------------------------------------------------------------------------------
inline constexpr auto kTimeout = std::chrono::milliseconds(365 * 24h);  // longest timeout; absent means for ever
inline constexpr auto kMinLease = 100ms;                                // shorter cannot be kept alive over a network
inline constexpr auto kMaxLease = std::chrono::milliseconds(24h);       // longer hides a dead worker for a day
inline constexpr auto kDefaultLease = 30'000ms;
inline constexpr auto kGrace = 5'000ms;                                   // a broken session is kept; configurable
inline constexpr auto kPutWindowTime = std::chrono::milliseconds(10min);  // and so long: who is back later has given up
inline constexpr auto kDrain = 5'000ms;  // SIGTERM: answers may take this long to leave; configurable

}  // namespace sluice::limits
