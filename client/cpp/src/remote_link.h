// A link to a server, over one session stream.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/options.h>

#include "client/cpp/src/link.h"

namespace sluice::detail {

class SessionThread;

class RemoteLink final : public Link {
 public:
  // Blocks: until connected. Throws InvalidArgument, Unavailable, LimitReached.
  static std::shared_ptr<RemoteLink> Connect(const std::string& address, ClientOptions options);
  ~RemoteLink() override;

  Ticket Submit(std::string_view space, Command command, Receiver receiver, const std::stop_token& stop,
                Epoch held_in) override;
  Ticket SubmitLater(std::string_view space, Command command, Receiver receiver, Epoch held_in, bool at_once) override;
  bool Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) override;
  void Cancel(const Ticket& ticket) override;
  void CancelLater(const Ticket& ticket) override;
  void Release(std::string_view space, std::string_view queue, Fence fence, Epoch held_in) noexcept override;
  void Close() noexcept override;

 private:
  RemoteLink(const std::string& address, const ClientOptions& options, std::shared_ptr<LeaseTable> leases,
             std::shared_ptr<RecallTable> recalls);

  std::shared_ptr<SessionThread> session_;  // shared with its thread, which may outlive the link by a moment
  std::shared_ptr<std::atomic<bool>> thread_ended_ = std::make_shared<std::atomic<bool>>(false);
  std::thread thread_;
};

}  // namespace sluice::detail
