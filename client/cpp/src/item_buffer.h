// What a consumer has got in advance, and who waits at it.
//
// A caller that finds nothing sits down: it gets, in earnest, for itself and for those that are missing. Whatever
// comes, by its own get or by another one, goes to those that sit there, then into the buffer. So items leave in the
// order in which the server gave them. While nobody waits, a get in advance asks for what is missing.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <sluice/mutex.h>
#include <sluice/types.h>

#include "client/cpp/src/link.h"
#include "client/cpp/src/recall_table.h"
#include "client/cpp/src/receiver.h"
#include "client/cpp/src/waiting.h"
#include "common/answer.h"
#include "common/command.h"

namespace sluice::detail {

// Lock order: it calls the link under no lock.
// Thread safety: all methods may be called from any thread.
class ItemBuffer final : public RecallReceiver, public std::enable_shared_from_this<ItemBuffer> {
 public:
  // Holds at most `most` items that are not begun.
  static std::shared_ptr<ItemBuffer> Make(const std::shared_ptr<Link>& link, std::string space, Get ahead,
                                          std::size_t most);

  // Takes up to get.max_items. Blocks: until there is one, or as `get` says. Throws as Call.
  // Requires: `link` is that of Make.
  Called Take(Link& link, Get get, const std::stop_token& stop) SLUICE_EXCLUDES(mutex_);
  // All that is not begun goes back, and so does what comes after. Nobody waits, or will. Idempotent.
  void Close() noexcept SLUICE_EXCLUDES(mutex_);
  // All that is not begun, up to `last`, goes back; nothing is asked for in advance until somebody waits again.
  void Recalled(Fence last) override SLUICE_EXCLUDES(mutex_);

 private:
  // A get of the buffer's.
  struct Asked : Intake {
    Asked(std::shared_ptr<ItemBuffer> whose, std::size_t items, bool waited = false)
        : buffer(std::move(whose)), max_items(items), somebody_waited(waited) {}
    void Take(Answer&& answer, Epoch epoch) override { buffer->Answered(*this, std::move(answer), epoch); }

    const std::shared_ptr<ItemBuffer> buffer;
    const std::size_t max_items;
    const bool somebody_waited;
    // ---- under the buffer's lock ----
    bool counted = true;  // in asked_
    bool answered = false;
    bool unwanted = false;  // it is to end soon
    Link::Ticket ticket;    // while it is not answered, from its submission on
  };
  // One of a caller that waits.
  struct Seat : Asked {
    Seat(std::shared_ptr<ItemBuffer> whose, std::size_t items, std::size_t wanted)
        : Asked(std::move(whose), items, true), wants(wanted) {}

    const std::size_t wants;
    bool served = false;
    Waiting waiting;
  };
  using AskedPtr = std::shared_ptr<Asked>;
  using SeatPtr = std::shared_ptr<Seat>;
  struct Held {
    Delivery delivery;
    Epoch epoch;
  };
  // What is to be done under no lock.
  struct Errands {
    struct Served {
      SeatPtr seat;
      Answer answer;
      Epoch epoch;
    };
    std::vector<Served> served;
    std::vector<Link::Ticket> cancels;
    std::vector<Fence> back;
    Epoch back_epoch = kAnyEpoch;
  };

  ItemBuffer(const std::shared_ptr<Link>& link, std::string space, Get ahead, std::size_t most)
      : link_(link), space_(std::move(space)), ahead_get_(std::move(ahead)), most_(most) {}

  Called WaitAt(Link& link, const SeatPtr& seat, Get get, const std::stop_token& stop) SLUICE_EXCLUDES(mutex_);
  // The seat's own get could not be begun. True: nothing else has served it either.
  bool Leave(const SeatPtr& seat) SLUICE_EXCLUDES(mutex_);
  void Submitted(Link& link, const AskedPtr& asked, Link::Ticket ticket) SLUICE_EXCLUDES(mutex_);
  void AskAhead(Link& link) SLUICE_EXCLUDES(mutex_);
  void Answered(Asked& asked, Answer&& answer, Epoch epoch) SLUICE_EXCLUDES(mutex_);
  void Run(Errands&& errands) SLUICE_EXCLUDES(mutex_);
  void Release(Link& link, std::vector<Fence>&& fences, Epoch epoch) const SLUICE_EXCLUDES(mutex_);

  SeatPtr SitDown(Get* get, Link::Ticket* ended) SLUICE_REQUIRES(mutex_);
  Called TakeItems(std::size_t wants) SLUICE_REQUIRES(mutex_);
  std::deque<SeatPtr>::iterator Find(const Asked& asked) SLUICE_REQUIRES(mutex_);
  void HandOut(const Asked& asked, Errands* errands) SLUICE_REQUIRES(mutex_);
  void Refuse(const Asked& asked, Answer&& answer, Errands* errands) SLUICE_REQUIRES(mutex_);
  // From the last one on, until there are `keep` left.
  void GiveBack(std::size_t keep, Errands* errands) SLUICE_REQUIRES(mutex_);
  void GiveBackFirst(std::size_t count, Errands* errands) SLUICE_REQUIRES(mutex_);
  void GiveBackRecalled(Errands* errands) SLUICE_REQUIRES(mutex_);
  // Nothing more is expected of it. Returns what is to be cancelled, if anything.
  Link::Ticket Dismiss(Asked& asked) SLUICE_REQUIRES(mutex_);
  Link::Ticket EndAhead() SLUICE_REQUIRES(mutex_);
  // What is held and known in an epoch before `epoch` is void.
  void DropLost(Epoch epoch) SLUICE_REQUIRES(mutex_);
  // How many more may be asked for.
  std::size_t Missing() const SLUICE_REQUIRES(mutex_);

  const std::weak_ptr<Link> link_;  // who only waits does not keep the connection
  const std::string space_;
  const Get ahead_get_;
  const std::size_t most_;

  Mutex mutex_;
  std::deque<Held> items_ SLUICE_GUARDED_BY(mutex_);
  std::deque<SeatPtr> seats_ SLUICE_GUARDED_BY(mutex_);  // not served yet; then items_ is empty
  AskedPtr ahead_ SLUICE_GUARDED_BY(mutex_);             // that is not answered, nor dismissed
  std::size_t asked_ SLUICE_GUARDED_BY(mutex_) = 0;      // items, by all gets that are not answered, nor dismissed
  std::size_t wanted_ SLUICE_GUARDED_BY(mutex_) = 0;     // items, by all seats that are not served
  bool recalled_ SLUICE_GUARDED_BY(mutex_) = false;      // since somebody last sat down
  Fence recalled_to_ SLUICE_GUARDED_BY(mutex_);          // in this epoch: what comes up to it goes back
  Epoch epoch_ SLUICE_GUARDED_BY(mutex_) = kAnyEpoch;    // the latest one seen
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::detail
