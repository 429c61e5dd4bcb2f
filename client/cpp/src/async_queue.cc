// The operations of a queue that nobody waits for.
#include <sluice/queue.h>

#include <utility>

#include "client/cpp/src/async.h"
#include "client/cpp/src/command_traits.h"
#include "client/cpp/src/gather.h"
#include "client/cpp/src/queue_commands.h"

namespace sluice::detail {
namespace {

using Leases = std::vector<Lease>;

// A get_many on its way: get by get, each begun by the answer to the one before.
class Gathering : public std::enable_shared_from_this<Gathering> {
 public:
  Gathering(const std::shared_ptr<Link>& link, Gather gather, std::stop_token stop, Callback<Leases> callback)
      : link_(link),
        async_(link->async()),
        gather_(std::move(gather)),
        stop_(std::move(stop)),
        callback_(std::move(callback)) {}

  void Begin(const std::shared_ptr<Link>& link, Get get, WhenFull when_full) {
    SubmitAsync(
        link, gather_.space(), std::move(get), stop_, kAnyEpoch,
        [self = shared_from_this()](Answer&& answer, Epoch epoch) { self->Answered(std::move(answer), epoch); },
        when_full);
  }

 private:
  void Answered(Answer&& answer, Epoch epoch) {
    const std::shared_ptr<Link> link = link_.lock();
    if (!answer.ok()) return gather_.empty() ? End(Outcome<Leases>(ErrorOf(answer))) : End();
    if (!link) return End(Outcome<Leases>(std::make_exception_ptr(Cancelled("the client is gone"))));
    gather_.Add(link, std::move(answer), epoch);
    std::optional<Get> rest = gather_.Next(*link);
    if (!rest) return End();
    Begin(link, *std::move(rest), WhenFull::kRefuse);
  }
  void End() { End(Outcome<Leases>(gather_.Take())); }
  void End(Outcome<Leases> outcome) { Deliver(*async_, std::move(callback_), std::move(outcome)); }

  const std::weak_ptr<Link> link_;  // who only waits does not keep the connection
  const std::shared_ptr<AsyncSide> async_;
  Gather gather_;
  const std::stop_token stop_;
  Callback<Leases> callback_;
};

}  // namespace

void QueueHandle::put_async(const PutItems& items, const PutOptions& options,
                            Callback<std::vector<std::uint64_t>> callback, bool wait_for_window) const {
  Command put = PutOf(queue_, items, options, create_);
  const std::size_t bytes = WireBytes(put);
  const std::shared_ptr<AsyncSide> async = link_->async();
  async->puts.Enter(bytes, wait_for_window ? WhenFull::kWait : WhenFull::kRefuse, options.stop);
  auto end = Into<std::vector<std::uint64_t>>(
      async, std::move(callback), [](Answer&& answer, Epoch) { return IdsOf(std::get<PutResult>(answer.result)); });
  try {
    SubmitAsync(link_, space_, std::move(put), options.stop, kAnyEpoch,
                [async, bytes, end = std::move(end)](Answer&& answer, Epoch epoch) mutable {
                  async->puts.Leave(bytes);
                  end(std::move(answer), epoch);
                });
  } catch (...) {
    async->puts.Leave(bytes);
    throw;
  }
}

void QueueHandle::get_many_async(std::size_t max_items, const GetManyOptions& options,
                                 Callback<Leases> callback) const {
  Get first = GetManyOf(queue_, max_items, options, create_);
  Gather gather(space_, first, options);
  std::make_shared<Gathering>(link_, std::move(gather), options.stop, std::move(callback))
      ->Begin(link_, std::move(first), WhenFull::kWait);
}

void QueueHandle::join_async(const JoinOptions& options, Callback<QueueCounts> callback) const {
  SubmitAsync(link_, space_, JoinOf(queue_, options), options.stop, kAnyEpoch,
              Into<QueueCounts>(link_->async(), std::move(callback), [](Answer&& answer, Epoch) {
                return std::move(std::get<JoinResult>(answer.result).queues.at(0));
              }));
}

}  // namespace sluice::detail
