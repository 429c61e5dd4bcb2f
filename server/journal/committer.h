// The thread that writes. What was appended while it was busy is written together: one write and at most one sync for
// the batches of all namespaces. Nobody waits for a group to fill.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/journal.h"
#include "server/journal/store.h"

namespace sluice::journal {

class Committer {
 public:
  using Done = Journal::Done;

  // Borrows: `store`, until destroyed.
  Committer(Store* store, std::vector<StoredSpace> spaces, const RocksDbOptions& options);
  // What was appended before is carried out and answered.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void Append(Batch batch, Done done);
  void Trim(std::string_view space, std::uint64_t position);
  Result Own(std::string_view space, StoredSpace* owned, std::string* error);

  // As of the last commit.
  std::optional<StoredSpace> Find(std::string_view space) const;
  std::vector<StoredSpace> Spaces() const;

 private:
  struct Pending;  // an append
  struct Claim;    // an Own
  struct Group;    // what is written at once

  void Run();
  // False: there is nothing left to do, ever.
  bool Take(Group* group);
  void Commit(Group* group);
  void Plan(Group* group) const;
  void PlanAppend(Group* group, Pending* pending) const;
  void PlanTrims(Group* group) const;
  void PlanClaims(Group* group) const;
  // The namespace as it will be after the group; null if it was never owned.
  StoredSpace* Planned(Group* group, const std::string& name) const;
  void Publish(Group* group);
  static void Answer(Group* group, Result result, bool only_unsynced);

  Store* const store_;
  const RocksDbOptions options_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool is_stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::deque<Pending> appends_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> trims_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Claim*> claims_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, StoredSpace, std::less<>> spaces_ SLUICE_GUARDED_BY(mutex_);
  CondVar claimed_;

  std::thread thread_;
};

}  // namespace sluice::journal
