// When the next batch of a namespace is handed to the journal.
//
// At once would be too early when several clients work in step, as workers do that wait for each answer: those who
// were just answered come back while the next batch is on its way, with those who were not in the last one. So there
// are two groups that wait for each other's batches, and everybody waits for two. Who waits for the others for a
// moment waits for one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include <sluice/clock.h>

namespace sluice::broker {

// Thread safety: none.
class Gathering {
 public:
  // While a batch takes less, those who come back take as long: the one group works while the other waits.
  static constexpr std::chrono::milliseconds kWorthIt{1};
  // Others wait no longer than for this part of a batch.
  static constexpr int kPart = 2;
  static constexpr std::chrono::milliseconds kMost{5};

  // A batch is handed to the journal.
  void Sent(TimePoint now) { sent_ = now; }

  // It is durable. `answered` waited for it, `waiting` wait for the next one already.
  void Landed(TimePoint now, std::size_t answered, std::size_t waiting) {
    until_.reset();
    const auto took = now - sent_;
    if (answered + waiting < 2 || took < kWorthIt || stopped_) return;
    if (pauses_left_ > 0) {
      --pauses_left_;
      return;
    }
    expected_ = answered + waiting;
    enough_ = expected_ - answered / 4;
    until_ = now + std::min<TimePoint::duration>(took / kPart, kMost);
  }

  // True: the next batch is to be handed over now; `waiting` wait for it.
  bool IsOver(TimePoint now, std::size_t waiting) {
    if (!until_) return true;
    if (waiting < expected_ && now < *until_) return false;
    // When few come back it is not tried again for a while.
    pauses_ = waiting >= enough_ ? 0 : std::min(2 * pauses_ + 1, kMostPauses);
    pauses_left_ = pauses_;
    until_.reset();
    return true;
  }

  // When IsOver is to be asked again, if something waits.
  std::optional<TimePoint> until() const { return until_; }

  // Nobody comes back any more.
  void Stop() {
    stopped_ = true;
    until_.reset();
  }

 private:
  static constexpr std::size_t kMostPauses = 63;  // batches

  TimePoint sent_{};
  std::optional<TimePoint> until_;
  std::size_t expected_ = 0;
  std::size_t enough_ = 0;  // for it to have been worth it
  std::size_t pauses_ = 0;
  std::size_t pauses_left_ = 0;
  bool stopped_ = false;
};

}  // namespace sluice::broker
