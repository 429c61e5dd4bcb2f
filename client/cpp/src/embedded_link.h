// A link to a broker in this process.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <thread>

#include <sluice/options.h>

#include "client/cpp/src/link.h"

namespace sluice::detail {

class EmbeddedLink final : public Link {
 public:
  // Throws InvalidArgument for options that make no sense.
  static std::shared_ptr<EmbeddedLink> Make(const EmbeddedOptions& options);
  ~EmbeddedLink() override;

  Ticket Submit(std::string_view space, Command command, Receiver receiver, const std::stop_token& stop,
                Epoch held_in) override;
  Ticket SubmitLater(std::string_view space, Command command, Receiver receiver, Epoch held_in, bool at_once) override;
  bool Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) override;
  void Cancel(const Ticket& ticket) override;
  void CancelLater(const Ticket& ticket) override { Cancel(ticket); }
  void Release(std::string_view space, std::string_view queue, Fence fence, Epoch held_in) noexcept override;
  void Close() noexcept override;
  TimePoint Now() const override { return clock_.Now(); }

 private:
  class Core;
  EmbeddedLink(const EmbeddedOptions& options, std::shared_ptr<LeaseTable> leases,
               std::shared_ptr<RecallTable> recalls);

  Clock& clock_;
  std::shared_ptr<Core> core_;  // shared with the thread, which may outlive the link by a moment
  int subscription_ = 0;        // to a clock that is moved by hand
  std::thread thread_;          // for a clock that moves by itself
  std::shared_ptr<std::atomic<bool>> thread_ended_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace sluice::detail
