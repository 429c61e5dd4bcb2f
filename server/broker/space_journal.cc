// A namespace and its journal: what a step said is appended, one batch after another, and the answers that depend on it
// are released when it is there.
#include <algorithm>
#include <chrono>
#include <utility>

#include "common/seeded_bug.h"
#include "server/broker/space.h"
#include "server/broker/spaces.h"

namespace sluice::broker {
namespace {

using journal::Result;

constexpr std::uint64_t kProgressBatches = 256;  // counting items costs a little for each queue

// The journal may do later what it does not do now.
bool MayPass(Result result) {
  return result == Result::kUnknown || result == Result::kUnavailable || result == Result::kFull;
}

std::string Describe(const std::string& space, Result result) {
  return "namespace '" + space + "': the journal answered " + std::string(journal::NameOf(result)) +
         ": nothing more is written, see the server's log; what was acknowledged is kept";
}

}  // namespace

bool Space::journaled() const { return spaces_.journal() != nullptr; }

// ---- taking over -------------------------------------------------------------------------------

void Space::Begin() {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.StartLog(1);
  Own();
}

void Space::Own() {
  spaces_.RunBlocking([self = shared_from_this()] {
    journal::Extent extent;
    std::string error;
    const Result result = self->spaces_.journal()->Own(self->name_, &extent, &error);
    self->Owned(result, extent, error);
  });
}

void Space::Owned(Result result, const journal::Extent& extent, const std::string& error) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (MayPass(result)) {
    RetryLater(result);
  } else if (result != Result::kOk || extent.last != 0) {
    Fail(result != Result::kOk ? error : "namespace '" + name_ + "' is in the journal, but was not found at the start");
  } else {
    epoch_ = extent.epoch;
  }
  Finish();
}

Result Space::Recover(const std::function<void(const RecoveredSpace&)>& progress,
                      std::vector<queue::LoggedSession>* sessions, std::string* error) {
  journal::Extent extent;
  journal::Journal& journal = *spaces_.journal();
  const auto fail = [&](Result result, const std::string& what) {
    *error = "namespace '" + name_ + "': " + what;
    return result;
  };
  if (const Result owned = journal.Own(name_, &extent, error); owned != Result::kOk) return fail(owned, *error);
  CompletionScope scope;
  MutexLock lock(mutex_);
  std::string problem;
  RecoveredSpace recovered;
  recovered.space = name_;
  recovered.of_batches = extent.last + 1 - extent.first;
  const Result scanned = journal.Scan(
      name_, extent.first,
      [&](const journal::ReadBatch& batch) SLUICE_REQUIRES(mutex_) {
        if (++recovered.batches % kProgressBatches == 0) {
          recovered.items = core_.item_count();
          progress(recovered);
        }
        if (!problem.empty()) return;
        std::string wrong;
        if (!core_.Replay(batch.position, batch.records, &wrong)) {
          problem = "the batch at position " + std::to_string(batch.position) + ": " + wrong;
        }
      },
      error);
  if (scanned != Result::kOk) return fail(scanned, *error);
  if (!problem.empty() || !core_.EndReplay(&problem)) return fail(Result::kCorrupt, problem);
  epoch_ = extent.epoch;
  durable_ = extent.last;
  core_.StartLog(extent.last + 1);
  *sessions = core_.sessions();
  recovered.done = true;
  recovered.queues = core_.queue_count();
  recovered.items = core_.item_count();
  recovered.sessions = sessions->size();
  progress(recovered);
  core_.AfterReplay(Now(), effects_);
  Finish();
  return Result::kOk;
}

// ---- appending ---------------------------------------------------------------------------------

void Space::Hold(Addressee&& addressee, Answer&& answer) {
  Held& held = held_.emplace_back();
  held.after = answer.after;
  held.addressee = std::move(addressee);
  if (held.addressee.receiver != nullptr) held.receiver = held.addressee.receiver->shared_from_this();
  held.answer = std::move(answer);
}

void Space::AddHeld(const AnswerReceiver& receiver, std::vector<Delivery>* deliveries) const {
  for (const Held& held : held_) {
    const auto* got = std::get_if<GetResult>(&held.answer.result);
    if (got == nullptr || held.addressee.receiver != &receiver) continue;
    deliveries->insert(deliveries->end(), got->deliveries.begin(), got->deliveries.end());
  }
}

std::size_t Space::Unwritten() const {
  const auto waits = [durable = durable_](const auto& answered) { return answered.second.after > durable; };
  return held_.size() +
         static_cast<std::size_t>(std::count_if(effects_.answers.begin(), effects_.answers.end(), waits));
}

bool Space::StillGathers() { return gathering_.until() && !gathering_.IsOver(Now(), Unwritten()); }

void Space::Flush() {
  bool was_full = false;
  if (!in_flight_ && epoch_ != 0 && trouble_.empty() && core_.HasBatch() && !StillGathers()) {
    queue::LogBatch taken = core_.TakeBatch(Now(), effects_);
    trim_ = taken.trim;
    was_full = taken.was_full;
    in_flight_ = std::make_shared<const journal::Batch>(
        journal::Batch{.space = name_,
                       .epoch = epoch_,
                       .position = taken.position,
                       .batch_id = taken.position,  // of this epoch there is one batch for a position
                       .durability = SLUICE_SEEDED_BUG(kSkipSync) ? Durability::kMemory : taken.level,
                       .reserve = !taken.adds,
                       .records = std::move(taken.records),
                       .contents = std::move(taken.contents)});
    gathering_.Sent(Now());
    Append();
  }
  if (was_full) core_.RetryMemory(Now(), effects_);
  if (!effects_.loads.empty() || !loads_.empty()) Load();
}

void Space::Append() {
  // Under no lock: the journal may answer before it returns.
  CompletionScope::Defer([self = shared_from_this(), batch = in_flight_] {
    self->spaces_.journal()->Append(batch, [self](Result result) { self->Appended(result); });
  });
}

void Space::AppendLater(Result result) {
  if (result == Result::kFull && !in_flight_->reserve) {
    // What is in it was accepted while there was space. Nothing more is, so it may use what is kept for such.
    journal::Batch batch = *in_flight_;
    batch.reserve = true;
    in_flight_ = std::make_shared<const journal::Batch>(std::move(batch));
  }
  RetryLater(result);
}

void Space::RetryLater(Result result) {
  retry_ = Now() + kRetry;
  spaces_.schedule().Arm(shared_from_this(), *retry_);
  written_.NotifyAll();
  if (std::exchange(noted_, true)) return;
  spaces_.Note("namespace '" + name_ + "': the journal answered " + std::string(journal::NameOf(result)) +
               "; trying again, and nothing is acknowledged meanwhile");
}

void Space::Appended(Result result) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (MayPass(result)) return AppendLater(result);
  in_flight_.reset();
  if (result != Result::kOk) {
    Fail(Describe(name_, result));
    Finish();
    return;
  }
  ++durable_;
  if (std::exchange(noted_, false)) spaces_.Note("namespace '" + name_ + "': the journal takes what is said again");
  if (trim_ != 0) spaces_.journal()->Trim(name_, trim_);
  auto later = held_.begin();
  for (Held& held : held_) {
    if (held.after > durable_) {
      if (&*later != &held) *later = std::move(held);
      ++later;
    } else {
      Release(std::move(held.addressee), std::move(held.answer));
      if (held.receiver) CompletionScope::Defer([keep = std::move(held.receiver)] {});
    }
  }
  gathering_.Landed(Now(), static_cast<std::size_t>(held_.end() - later),
                    static_cast<std::size_t>(later - held_.begin()));
  held_.erase(later, held_.end());
  Finish();
  if (!in_flight_) written_.NotifyAll();
}

void Space::Fail(std::string trouble) {
  if (!trouble_.empty()) return;
  trouble_ = std::move(trouble);
  written_.NotifyAll();
  spaces_.ReportTrouble(trouble_);
  for (Held& held : std::exchange(held_, {})) Release(std::move(held.addressee), Failed());
  // Those that wait in lines would wait for ever.
  core_.CancelAll(Reason::kUnavailable, trouble_, effects_);
  for (auto& [id, answer] : effects_.answers) answer.after = 0;
}

Answer Space::Failed() const { return Answer::Refused(Reason::kUnavailable, trouble_); }

void Space::WaitUntilWritten() {
  MutexLock lock(mutex_);
  while (trouble_.empty() && !retry_ && (in_flight_ || core_.HasBatch())) written_.Wait(mutex_);
}

void Space::HoldPuts(bool hold) {
  core_.HoldPuts(hold);
  if (std::exchange(puts_held_, hold) && !hold) core_.RetryMemory(Now(), effects_);
}

// ---- reading -----------------------------------------------------------------------------------

void Space::Load() {
  if (stopped_) {  // nobody waits for contents any more, and the next server tidies the log
    effects_.loads.clear();
    loads_.clear();
    return;
  }
  loads_.insert(loads_.end(), effects_.loads.begin(), effects_.loads.end());
  effects_.loads.clear();
  std::erase_if(loads_, [&, durable = durable_](std::uint64_t position) {
    if (position > durable) return false;  // when it is written
    spaces_.RunBlocking([self = shared_from_this(), position] { self->ReadContents(position); });
    return true;
  });
}

void Space::ReadContents(std::uint64_t position) {
  std::string contents;
  const Result result = spaces_.journal()->ReadContents(name_, position, &contents);
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (MayPass(result)) {
    ReadLater(position, result);
    Finish();
    return;
  }
  // kLost: what stood there has gone since, and the batch with it.
  if (result == Result::kLost) contents.clear();
  if (result != Result::kOk && result != Result::kLost) {
    Fail(Describe(name_, result));
  } else if (!core_.Loaded(position, contents, Now(), effects_)) {
    Fail("namespace '" + name_ + "': the contents at position " + std::to_string(position) +
         " are not what was written: stop the server and run sluiced --verify");
  } else if (unread_.empty() && std::exchange(unread_noted_, false)) {
    spaces_.Note("namespace '" + name_ + "': contents are read again");
  }
  Finish();
}

void Space::ReadLater(std::uint64_t position, Result result) {
  if (!trouble_.empty()) return;
  unread_.push_back(position);
  if (!reread_) reread_ = Now() + kRetry;
  if (std::exchange(unread_noted_, true)) return;
  spaces_.Note("namespace '" + name_ + "': the journal answered " + std::string(journal::NameOf(result)) +
               " when contents were read; trying again, and who gets these items waits");
}

void Space::RetryDue(TimePoint now) {
  if (retry_ && *retry_ <= now) {
    retry_.reset();
    if (epoch_ == 0) {
      Own();
    } else {
      Append();
    }
  }
  if (reread_ && *reread_ <= now) {
    reread_.reset();
    loads_.insert(loads_.end(), unread_.begin(), unread_.end());
    unread_.clear();
  }
}

}  // namespace sluice::broker
