#include "client/cpp/src/item_buffer.h"

#include <algorithm>
#include <utility>

#include <sluice/error.h>

#include "common/limits.h"

namespace sluice::detail {

std::shared_ptr<ItemBuffer> ItemBuffer::Make(const std::shared_ptr<Link>& link, std::string space, Get ahead,
                                             std::size_t most) {
  const std::string queue = space + "/" + ahead.queue;
  std::shared_ptr<ItemBuffer> buffer(new ItemBuffer(link, std::move(space), std::move(ahead), most));
  link->recalls().Add(queue, buffer);
  return buffer;
}

// ---- callers -----------------------------------------------------------------------------------

Called ItemBuffer::Take(Link& link, Get get, const std::stop_token& stop) {
  CheckMayBlock(link, stop);
  Called called;
  SeatPtr seat;
  Link::Ticket ended;
  {
    MutexLock lock(mutex_);
    DropLost(link.leases().epoch());
    if (items_.empty()) {
      seat = SitDown(&get, &ended);
    } else {
      called = TakeItems(get.max_items);
    }
  }
  if (ended) link.CancelLater(ended);
  if (seat) called = WaitAt(link, seat, std::move(get), stop);
  AskAhead(link);
  return called;
}

// A get in advance is of no use to who waits: the one that is wanted gets as much, and is served first.
ItemBuffer::SeatPtr ItemBuffer::SitDown(Get* get, Link::Ticket* ended) {
  *ended = EndAhead();
  const std::size_t wants = get->max_items;
  const std::size_t items = std::min(wants + Missing(), limits::kBatchItems);
  get->max_items = static_cast<std::uint32_t>(items);
  get->prefetch = Prefetch::kWanted;
  recalled_ = false;
  asked_ += items;
  wanted_ += wants;
  return seats_.emplace_back(std::make_shared<Seat>(shared_from_this(), items, wants));
}

Called ItemBuffer::WaitAt(Link& link, const SeatPtr& seat, Get get, const std::stop_token& stop) {
  Link::Ticket ticket;
  try {
    ticket = link.Submit(space_, std::move(get), Receiver(std::shared_ptr<Intake>(seat)), stop, kAnyEpoch);
  } catch (...) {
    if (Leave(seat)) throw;
  }
  if (ticket) Submitted(link, seat, ticket);
  const std::stop_callback on_stop(stop, [&] {
    if (ticket) link.Cancel(ticket);
  });
  const std::shared_ptr<Waiting> waiting(seat, &seat->waiting);
  AwaitAnswer(link, ticket, waiting);
  Called called = waiting->Take();
  if (!called.answer.ok()) ThrowError(called.answer.reason, called.answer.message);
  return called;
}

bool ItemBuffer::Leave(const SeatPtr& seat) {
  MutexLock lock(mutex_);
  seat->answered = true;
  if (std::exchange(seat->counted, false)) asked_ -= seat->max_items;
  if (seat->served) return false;
  std::erase(seats_, seat);
  wanted_ -= seat->wants;
  return true;
}

// It may have been answered meanwhile, or be of no use any more.
void ItemBuffer::Submitted(Link& link, const AskedPtr& asked, Link::Ticket ticket) {
  {
    MutexLock lock(mutex_);
    if (asked->answered) return;
    if (!asked->unwanted) {
      asked->ticket = std::move(ticket);
      return;
    }
  }
  link.Cancel(ticket);
}

Called ItemBuffer::TakeItems(std::size_t wants) {
  GetResult result;
  const Epoch epoch = items_.front().epoch;
  result.deliveries.reserve(std::min(wants, items_.size()));
  while (!items_.empty() && items_.front().epoch == epoch && result.deliveries.size() < wants) {
    result.deliveries.push_back(std::move(items_.front().delivery));
    items_.pop_front();
  }
  return {Answer::Ok(std::move(result)), epoch};
}

// ---- in advance --------------------------------------------------------------------------------

std::size_t ItemBuffer::Missing() const {
  const std::size_t room = most_ + wanted_;
  const std::size_t taken = asked_ + items_.size();
  return taken >= room ? 0 : room - taken;
}

// Half of them at a time: a get for each item would cost as much as none in advance. At once while others are here, so
// that they last until it is answered; if none is, the caller may be back before there is any use in it.
void ItemBuffer::AskAhead(Link& link) {
  AskedPtr ahead;
  bool at_once = false;
  {
    MutexLock lock(mutex_);
    const std::size_t missing = Missing();
    if (closed_ || recalled_ || ahead_ || missing < (most_ + 1) / 2) return;
    at_once = !items_.empty();
    ahead = ahead_ = std::make_shared<Asked>(shared_from_this(), missing);
    asked_ += missing;
  }
  Get get = ahead_get_;
  get.max_items = static_cast<std::uint32_t>(ahead->max_items);
  get.prefetch = Prefetch::kAhead;
  try {
    Receiver receiver{std::shared_ptr<Intake>(ahead)};
    Submitted(link, ahead, link.SubmitLater(space_, std::move(get), std::move(receiver), kAnyEpoch, at_once));
  } catch (const std::exception&) {  // closed, or no memory: the next caller hears of it
    MutexLock lock(mutex_);
    Dismiss(*ahead);
    if (ahead_ == ahead) ahead_ = nullptr;
  }
}

Link::Ticket ItemBuffer::Dismiss(Asked& asked) {
  if (std::exchange(asked.counted, false)) asked_ -= asked.max_items;
  asked.unwanted = true;
  return std::exchange(asked.ticket, nullptr);
}

Link::Ticket ItemBuffer::EndAhead() {
  const AskedPtr ahead = std::exchange(ahead_, nullptr);
  return ahead ? Dismiss(*ahead) : nullptr;
}

// ---- what comes --------------------------------------------------------------------------------

void ItemBuffer::Answered(Asked& asked, Answer&& answer, Epoch epoch) {
  Errands errands;
  {
    MutexLock lock(mutex_);
    asked.answered = true;
    asked.ticket = nullptr;
    if (std::exchange(asked.counted, false)) asked_ -= asked.max_items;
    const bool late = asked.somebody_waited && Find(asked) == seats_.end();
    if (ahead_.get() == &asked) ahead_ = nullptr;
    if (auto* got = std::get_if<GetResult>(&answer.result)) {
      DropLost(epoch);
      for (Delivery& delivery : got->deliveries) items_.push_back({std::move(delivery), epoch});
      if (late && seats_.empty()) GiveBackFirst(got->deliveries.size(), &errands);
      HandOut(asked, &errands);
      GiveBackRecalled(&errands);  // the recall may have been faster than this
      GiveBack(closed_ ? 0 : most_, &errands);
    } else {
      Refuse(asked, std::move(answer), &errands);
    }
  }
  Run(std::move(errands));
}

std::deque<ItemBuffer::SeatPtr>::iterator ItemBuffer::Find(const Asked& asked) {
  return std::find_if(seats_.begin(), seats_.end(), [&](const SeatPtr& each) { return each.get() == &asked; });
}

// First to its own seat: nothing else is under way for that one.
void ItemBuffer::HandOut(const Asked& asked, Errands* errands) {
  if (const auto own = Find(asked); own != seats_.end()) std::rotate(seats_.begin(), own, own + 1);
  while (!items_.empty() && !seats_.empty()) {
    const SeatPtr seat = std::move(seats_.front());
    seats_.pop_front();
    wanted_ -= seat->wants;
    seat->served = true;
    if (!seat->answered) {  // it was faster by another one's get
      if (auto ticket = Dismiss(*seat)) errands->cancels.push_back(std::move(ticket));
    }
    Called called = TakeItems(seat->wants);
    errands->served.push_back({seat, std::move(called.answer), called.epoch});
  }
}

void ItemBuffer::Refuse(const Asked& asked, Answer&& answer, Errands* errands) {
  const auto found = Find(asked);
  if (found == seats_.end()) return;  // nobody waits for this one
  const SeatPtr seat = std::move(*found);
  seats_.erase(found);
  wanted_ -= seat->wants;
  seat->served = true;
  errands->served.push_back({seat, std::move(answer), kAnyEpoch});
}

// ---- what goes back ----------------------------------------------------------------------------

void ItemBuffer::Recalled(Fence last) {
  const std::shared_ptr<Link> link = link_.lock();
  if (!link) return;
  Errands errands;
  {
    MutexLock lock(mutex_);
    DropLost(link->leases().epoch());
    recalled_ = true;
    recalled_to_ = std::max(recalled_to_, last);
    GiveBackRecalled(&errands);
    if (auto ticket = EndAhead()) errands.cancels.push_back(std::move(ticket));
  }
  Run(std::move(errands));
}

void ItemBuffer::Close() noexcept {
  Errands errands;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    GiveBack(0, &errands);
    if (auto ticket = EndAhead()) errands.cancels.push_back(std::move(ticket));
  }
  Run(std::move(errands));
}

void ItemBuffer::GiveBack(std::size_t keep, Errands* errands) {
  if (items_.size() <= keep) return;
  errands->back_epoch = items_.back().epoch;
  while (items_.size() > keep) {
    if (items_.back().epoch == errands->back_epoch) errands->back.push_back(items_.back().delivery.fence);
    items_.pop_back();
  }
}

// Of the `count` last ones: the server takes it for begun, and would not recall it.
void ItemBuffer::GiveBackFirst(std::size_t count, Errands* errands) {
  if (count == 0 || items_.back().epoch != epoch_) return;
  const auto first = items_.end() - static_cast<std::ptrdiff_t>(count);
  errands->back_epoch = epoch_;
  errands->back.push_back(first->delivery.fence);
  items_.erase(first);
}

void ItemBuffer::GiveBackRecalled(Errands* errands) {
  if (items_.empty() || !recalled_to_) return;
  errands->back_epoch = items_.back().epoch;
  std::erase_if(items_, [errands, to = recalled_to_](const Held& each) {
    if (each.delivery.fence > to) return false;
    errands->back.push_back(each.delivery.fence);
    return true;
  });
}

void ItemBuffer::DropLost(Epoch epoch) {
  if (epoch > epoch_) recalled_to_ = {};  // a server that was started again gives fences out anew
  epoch_ = std::max(epoch_, epoch);
  while (!items_.empty() && items_.front().epoch < epoch) items_.pop_front();
}

// The gets that are of no use end before items go back, or they would get them again; those who are served come last,
// for they may get anew.
void ItemBuffer::Run(Errands&& errands) {
  const std::shared_ptr<Link> link = errands.cancels.empty() && errands.back.empty() ? nullptr : link_.lock();
  if (link && link->usable()) {
    for (const Link::Ticket& ticket : errands.cancels) link->Cancel(ticket);
    Release(*link, std::move(errands.back), errands.back_epoch);
  }
  for (Errands::Served& each : errands.served) each.seat->waiting.Finish(std::move(each.answer), each.epoch);
}

void ItemBuffer::Release(Link& link, std::vector<Fence>&& fences, Epoch epoch) const {
  while (!fences.empty()) {
    const auto batch = fences.end() - static_cast<std::ptrdiff_t>(std::min(fences.size(), limits::kBatchItems));
    sluice::Release release{ahead_get_.queue, {batch, fences.end()}};
    fences.erase(batch, fences.end());
    try {
      link.Submit(space_, std::move(release), nullptr, {}, epoch);
    } catch (const std::exception&) {
      return;  // closed or lost: the items come back with the session's end
    }
  }
}

}  // namespace sluice::detail
