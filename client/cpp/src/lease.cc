#include "client/cpp/src/lease.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include <sluice/error.h>

#include "client/cpp/src/async.h"
#include "common/limits.h"

namespace sluice::detail {
namespace {

[[noreturn]] void ThrowLost(Lease::State& state) {
  state.decision = Decision::kLost;
  throw LeaseLost("the lease of item " + std::to_string(state.delivery.id.value) +
                  " is lost with the client's session: the item is delivered again");
}

// A second decision is a mistake; a lost lease takes none.
void CheckUndecided(Lease::State* state) {
  if (state == nullptr) throw std::logic_error("the task was moved away");
  if (state->decision == Decision::kLost) ThrowLost(*state);
  if (state->decision != Decision::kNone) throw std::logic_error("the task was decided before");
  if (!state->Held()) ThrowLost(*state);
}

// Sends the decision and waits until the server has taken it. When the answer is not known, the lease stays undecided.
template <typename Make>
void Settle(Lease::State* state, Decision decision, const Make& make) {
  CheckUndecided(state);
  try {
    Call(*state->from->link, state->from->space, make(*state), {}, state->from->epoch);
    state->decision = decision;
  } catch (const LeaseLost&) {
    state->decision = Decision::kLost;
    throw;
  }
}

// The lease goes with the operation; when the answer is not known, it is released at the end of that.
template <typename Make>
void SettleAsync(Lease lease, Decision decision, Callback<void> callback, const Make& make) {
  const std::shared_ptr<Link> link = lease.state() != nullptr ? lease.state()->from->link : nullptr;
  std::exception_ptr lost;  // given away when this thread has let go of it
  try {
    CheckUndecided(lease.state());
  } catch (const LeaseLost&) {
    lost = std::current_exception();
  }
  if (lost) return Deliver(*link->async(), std::move(callback), Outcome<void>(std::move(lost)));
  Lease::State& state = *lease.state();
  Command command = make(state);
  // Shared: a std::function must be copyable.
  const auto kept = std::make_shared<Lease>(std::move(lease));
  auto end = Into<void>(link->async(), std::move(callback), [](Answer&&, Epoch) { return std::monostate(); });
  SubmitAsync(link, state.from->space, std::move(command), {}, state.from->epoch,
              [kept, decision, end = std::move(end)](Answer&& answer, Epoch epoch) mutable {
                if (answer.ok()) kept->state()->decision = decision;
                if (answer.reason == Reason::kLeaseLost) kept->state()->decision = Decision::kLost;
                end(std::move(answer), epoch);
              });
}

TaskDone DoneOf(const Lease::State& state) { return {state.from->queue, {state.delivery.fence}}; }

Fail FailOf(const Lease::State& state, std::string_view error) {
  return {state.from->queue, {state.delivery.fence}, std::string(error.substr(0, limits::kErrorTextBytes))};
}

}  // namespace

Lease::Lease() = default;
Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  Lease old(std::move(other));
  state_.swap(old.state_);
  return *this;
}

Lease::~Lease() {
  if (!state_) return;
  if (!state_->from->link->usable()) {
    static_cast<void>(state_.release());  // the child of a fork: the lease is the parent's
    return;
  }
  state_->from->link->leases().Unwatch(state_->watch);
  if (state_->Held())
    state_->from->link->Release(state_->from->space, state_->from->queue, state_->delivery.fence, state_->from->epoch);
}

std::uint64_t Lease::id() const { return state_->delivery.id.value; }
std::uint64_t Lease::fence() const { return state_->delivery.fence.value; }
std::uint32_t Lease::attempt() const { return state_->delivery.attempt; }
TimePoint Lease::put_time() const { return state_->delivery.put_time; }
std::string_view Lease::payload() const { return state_->delivery.content->payload.view(); }
const std::string& Lease::content_type() const { return state_->delivery.content->content_type; }
const std::vector<std::pair<std::string, std::string>>& Lease::headers() const {
  return state_->delivery.content->headers;
}
std::int64_t Lease::priority() const { return state_->delivery.content->priority; }
Decision Lease::decision() const noexcept { return state_ ? state_->decision : Decision::kNone; }

std::stop_token Lease::stop_token() const {
  if (!state_->stop) {
    state_->stop.emplace();
    if (state_->decision == Decision::kNone)
      state_->watch = state_->from->link->leases().Watch(state_->from->epoch, *state_->stop);
  }
  return state_->stop->get_token();
}

void Lease::done() { Settle(state_.get(), Decision::kDone, DoneOf); }

void Lease::done_nowait() {
  CheckUndecided(state_.get());
  CheckUsable(*state_->from->link);
  try {
    state_->from->link->SubmitLater(state_->from->space, DoneOf(*state_), nullptr, state_->from->epoch, false);
  } catch (const LeaseLost&) {
    ThrowLost(*state_);
  }
  state_->decision = Decision::kDone;
}

void Lease::fail(std::string_view error) {
  Settle(state_.get(), Decision::kFailed, [&](const State& state) { return FailOf(state, error); });
}

void Lease::release() {
  Settle(state_.get(), Decision::kReleased, [](const State& state) {
    return sluice::Release{state.from->queue, {state.delivery.fence}};
  });
}

void Lease::done_async(Callback<void> callback) && {
  SettleAsync(std::move(*this), Decision::kDone, std::move(callback), DoneOf);
}

void Lease::fail_async(std::string_view error, Callback<void> callback) && {
  SettleAsync(std::move(*this), Decision::kFailed, std::move(callback),
              [&](const State& state) { return FailOf(state, error); });
}

}  // namespace sluice::detail
