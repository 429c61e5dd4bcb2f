// The items of one get_many that lingers: they come with several gets.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/error.h>
#include <sluice/options.h>
#include <sluice/task.h>

#include "client/cpp/src/link.h"
#include "common/command.h"

namespace sluice::detail {

// Thread safety: none.
class Gather {
 public:
  // `first`: the get that waits for the first item.
  Gather(std::string space, const Get& first, const GetManyOptions& options);

  // An answer with items.
  void Add(const std::shared_ptr<Link>& link, Answer&& answer, Epoch epoch);
  // The next get, for the rest; its timeout is what is left of the linger. Nullopt: there are enough, or it is over.
  std::optional<Get> Next(const Link& link) const;
  std::vector<Lease> Take() { return std::move(leases_); }

  // All of it, from `first` on. Blocks: as `call`, which runs a get and throws what it is refused with.
  template <typename Call>
  std::vector<Lease> Run(const std::shared_ptr<Link>& link, Get first, const Call& call) {
    Called called = call(std::move(first));
    Add(link, std::move(called.answer), called.epoch);
    while (std::optional<Get> rest = Next(*link)) {
      try {
        called = call(*std::move(rest));
      } catch (const Error&) {
        break;  // the linger is over; what else it may be, the next call says
      }
      Add(link, std::move(called.answer), called.epoch);
    }
    return Take();
  }

  bool empty() const { return leases_.empty(); }
  const std::string& space() const { return space_; }

 private:
  std::string space_;
  Get first_;
  std::size_t enough_;
  std::chrono::milliseconds linger_;
  std::optional<TimePoint> deadline_;
  std::vector<Lease> leases_;
};

}  // namespace sluice::detail
