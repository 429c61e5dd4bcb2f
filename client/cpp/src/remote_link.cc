#include "client/cpp/src/remote_link.h"

#include <errno.h>
#include <unistd.h>

#include <new>
#include <utility>

#include <sluice/error.h>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/command_traits.h"
#include "client/cpp/src/reaper.h"
#include "client/cpp/src/session_thread.h"
#include "client/cpp/src/validate.h"

namespace sluice::detail {
namespace {

constexpr std::chrono::milliseconds kClose{150};  // the goodbye's 100 ms, and a moment for the thread

std::string DefaultName() { return std::string(program_invocation_short_name) + "-" + std::to_string(getpid()); }

RemoteOperationPtr MakeOperation(std::string_view space, Command command, Receiver receiver, Epoch held_in) {
  auto operation = std::make_shared<RemoteOperation>();
  operation->space = space;
  operation->bytes = WireBytes(command);
  operation->command = std::move(command);
  operation->receiver = std::move(receiver);
  operation->held_in = held_in;
  return operation;
}

}  // namespace

std::shared_ptr<RemoteLink> RemoteLink::Connect(const std::string& address, ClientOptions options) {
  CheckAddress(address);
  CheckClientOptions(options);
  CheckNotForked();
  if (options.name.empty()) options.name = DefaultName();
  std::shared_ptr<RemoteLink> link(
      new RemoteLink(address, options, std::make_shared<LeaseTable>(), std::make_shared<RecallTable>()));
  link->session_->WaitUntilConnected(options.connect_timeout);
  return link;
}

RemoteLink::RemoteLink(const std::string& address, const ClientOptions& options, std::shared_ptr<LeaseTable> leases,
                       std::shared_ptr<RecallTable> recalls)
    : Link(leases, recalls) {
  Reaper::Get();
  session_ = std::make_shared<SessionThread>(address, options, std::move(leases), std::move(recalls));
  thread_ = std::thread([session = session_, ended = thread_ended_] {
    session->Run();
    ended->store(true, std::memory_order_release);
  });
}

RemoteLink::~RemoteLink() {
  if (!usable()) {  // the child of a fork: all is left as it is, locks and threads that are not there
    new std::shared_ptr<SessionThread>(std::move(session_));
    new std::thread(std::move(thread_));
    return;
  }
  session_->Close();
  Reaper::Get().Adopt(std::move(thread_), thread_ended_);
}

Link::Ticket RemoteLink::Submit(std::string_view space, Command command, Receiver receiver, const std::stop_token& stop,
                                Epoch held_in) {
  RemoteOperationPtr operation = MakeOperation(space, std::move(command), std::move(receiver), held_in);
  session_->Submit(operation, stop);
  return operation;
}

Link::Ticket RemoteLink::SubmitLater(std::string_view space, Command command, Receiver receiver, Epoch held_in,
                                     bool at_once) {
  RemoteOperationPtr operation = MakeOperation(space, std::move(command), std::move(receiver), held_in);
  operation->answer_may_wait = true;
  session_->SubmitLater(operation, at_once);
  return operation;
}

bool RemoteLink::Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) {
  return session_->Await(waiting, until);
}

void RemoteLink::Cancel(const Ticket& ticket) { session_->Cancel(std::static_pointer_cast<RemoteOperation>(ticket)); }

void RemoteLink::CancelLater(const Ticket& ticket) {
  session_->CancelLater(std::static_pointer_cast<RemoteOperation>(ticket));
}

void RemoteLink::Release(std::string_view space, std::string_view queue, Fence fence, Epoch held_in) noexcept {
  try {
    RemoteOperationPtr operation = MakeOperation(space, sluice::Release{std::string(queue), {fence}}, nullptr, held_in);
    operation->answer_may_wait = true;
    session_->Submit(std::move(operation), {});
  } catch (const std::exception&) {
    // Closed, lost, or no memory: the item comes back with the session's end.
  }
}

void RemoteLink::Close() noexcept {
  if (!usable()) return;
  session_->Close();
  if (thread_.get_id() != std::this_thread::get_id()) session_->WaitUntilClosed(kClose);
}

}  // namespace sluice::detail
