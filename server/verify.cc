#include "server/verify.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <string_view>
#include <vector>

#include <sluice/clock.h>

#include "server/journal/offline_reader.h"
#include "server/queue/log.h"
#include "server/queue/memory_budget.h"
#include "server/queue/namespace.h"
#include "server/queue/stored_item.h"
#include "server/units.h"

namespace sluice::server {
namespace {

using journal::Result;

constexpr std::size_t kMostDamages = 100;  // of one namespace: a table that is gone has thousands

struct StoredContent {
  queue::Home home;
  std::size_t payload_bytes = 0;
  ItemId item;
  const std::string* queue = nullptr;
};

// One namespace.
class SpaceCheck {
 public:
  SpaceCheck(const journal::OfflineReader& reader, const journal::Extent& extent, std::ostream& out)
      : reader_(reader),
        extent_(extent),
        out_(out),
        core_(extent.space, {.max_queues = std::numeric_limits<std::size_t>::max()}, budget_) {}

  // Returns how many damages there are.
  std::size_t Run() {
    ScanBatches();
    if (damages_ == 0) CheckState();
    out_ << "namespace '" << extent_.space << "': " << batches_ << " batches, " << queues_ << " queues, " << items_
         << " items, " << sessions_ << " sessions, " << bytes_ << " bytes\n";
    return damages_;
  }

 private:
  void Report(const std::string& damage) {
    if (++damages_ <= kMostDamages) out_ << "DAMAGE: " << damage << '\n';
    if (damages_ == kMostDamages) out_ << "DAMAGE: more of it in namespace '" << extent_.space << "'\n";
  }
  std::string At(std::uint64_t position) const {
    return "namespace '" + extent_.space + "', position " + std::to_string(position) + ": ";
  }

  // Behind a damage the batches are still looked at, but what they mean is not known any more.
  void ScanBatches() {
    std::uint64_t next = extent_.first;
    while (next <= extent_.last && damages_ < kMostDamages) {
      std::string error;
      const auto visit = [&](const journal::ReadBatch& batch) {
        next = batch.position + 1;
        ++batches_;
        bytes_ += batch.records.size();
        if (damages_ == 0) Replay(batch);
      };
      const Result result = reader_.Scan(extent_, next, visit, &error);
      if (result == Result::kOk && next > extent_.last) return;
      Report(result == Result::kOk ? At(next) + "missing" : error);
      ++next;
    }
  }

  void Replay(const journal::ReadBatch& batch) {
    std::string wrong;
    if (!core_.Replay(batch.position, batch.records, &wrong)) Report(At(batch.position) + wrong);
  }

  void CheckState() {
    std::string wrong;
    if (!core_.EndReplay(&wrong)) return Report("namespace '" + extent_.space + "': " + wrong);
    queues_ = core_.queue_count();
    items_ = core_.item_count();
    sessions_ = core_.sessions().size();
    ReadContents();
    // What a server does next, and what must hold then.
    queue::Effects effects;
    core_.StartLog(extent_.last + 1);
    core_.AfterReplay(SteadyClock::Get().Now(), effects);
    if (const char* const broken = core_.BrokenInvariant()) {
      Report("namespace '" + extent_.space + "': the records contradict each other: it does not hold that " + broken);
    }
  }

  void ReadContents() {
    std::vector<StoredContent> all;
    core_.VisitHomes([&](const std::string& queue, ItemId item, const queue::Home& home, std::size_t payload_bytes) {
      all.push_back({home, payload_bytes, item, &queue});
    });
    std::sort(all.begin(), all.end(), [](const StoredContent& one, const StoredContent& other) {
      return one.home.position < other.home.position;
    });
    std::string contents;
    for (std::size_t at = 0; at < all.size();) {
      const std::uint64_t position = all[at].home.position;
      std::string error;
      const bool is_read = reader_.ReadContents(extent_, position, &contents, &error) == Result::kOk;
      if (!is_read) Report(error);
      bytes_ += contents.size();
      for (; at < all.size() && all[at].home.position == position; ++at) {
        if (is_read) CheckContent(all[at], contents);
      }
    }
  }

  void CheckContent(const StoredContent& stored, std::string_view contents) {
    const queue::Home& home = stored.home;
    const bool is_within = home.offset <= contents.size() && home.bytes <= contents.size() - home.offset;
    const ContentPtr content = is_within ? queue::ReadContent(contents.substr(home.offset, home.bytes)) : nullptr;
    if (content != nullptr && content->payload.size() == stored.payload_bytes) return;
    Report(At(home.position) + "the content of item " + std::to_string(stored.item.value) + " of queue '" +
           *stored.queue + "' is not what was written");
  }

  const journal::OfflineReader& reader_;
  const journal::Extent& extent_;
  std::ostream& out_;
  queue::MemoryBudget budget_{std::numeric_limits<std::size_t>::max()};
  queue::Namespace core_;
  std::uint64_t batches_ = 0;
  std::uint64_t bytes_ = 0;  // of records, and of the contents of items
  std::size_t queues_ = 0, items_ = 0, sessions_ = 0;
  std::size_t damages_ = 0;
};

void SayWhatToDo(const std::string& directory, std::ostream& out) {
  out << "What to do: keep " << directory << " as it is, look for a failing disk (dmesg, smartctl), and start sluiced "
      << "on a copy of the latest backup.\n";
}

}  // namespace

bool Verify(const std::string& directory, std::ostream& out) {
  journal::Health failure;
  const auto reader = journal::OfflineReader::Open(directory, journal::RocksDbOptions{}, &failure);
  if (reader == nullptr) {
    const bool is_damage = journal::IsDamage(failure.result);
    out << (is_damage ? "DAMAGE: " : "cannot verify: ") << failure.text << '\n';
    if (is_damage) SayWhatToDo(directory, out);
    return false;
  }
  std::size_t damages = 0;
  const std::vector<journal::Extent> spaces = reader->List();
  for (const journal::Extent& space : spaces) damages += SpaceCheck(*reader, space, out).Run();
  out << directory << ": " << (damages == 0 ? "sound" : "damaged") << ", " << spaces.size() << " namespaces, "
      << reader->bytes() << " bytes on the disk\n";
  if (damages > 0) SayWhatToDo(directory, out);
  return damages == 0;
}

}  // namespace sluice::server
