#include "tests/sim/text.h"

#include <sstream>
#include <variant>

namespace sluice::sim {
namespace {

using std::ostream;

ostream& operator<<(ostream& out, const std::vector<Fence>& fences) {
  out << '[';
  for (Fence fence : fences) out << ' ' << fence.value;
  return out << " ]";
}

ostream& operator<<(ostream& out, const WaitTime& timeout) {
  return timeout ? out << " timeout " << timeout->count() << "ms" : out << " for ever";
}

ostream& operator<<(ostream& out, const Content& content) {
  return out << '\'' << content.payload.view() << "'/" << content.priority;
}

ostream& operator<<(ostream& out, const QueueSettings& s) {
  const char* orders[] = {"fifo", "lifo", "priority"};
  return out << orders[static_cast<int>(s.order)] << " maxsize " << s.maxsize << " max_bytes " << s.max_bytes
             << (s.count_leased ? " count_leased" : "") << " lease " << s.lease.count() << "ms max_attempts "
             << s.max_attempts << (s.paused ? " paused" : "");
}

ostream& operator<<(ostream& out, const std::optional<QueueSettings>& create) {
  return create ? out << " create(" << *create << ')' : out;
}

ostream& operator<<(ostream& out, const QueueStats& s) {
  return out << "ready " << s.ready << '/' << s.ready_bytes << "B leased " << s.leased << '/' << s.leased_bytes
             << "B unfinished " << s.unfinished << " put " << s.put << " delivered " << s.delivered << " redelivered "
             << s.redelivered << " done " << s.done << " dead " << s.dead << " expired " << s.expired << " discarded "
             << s.discarded << " getters " << s.waiting_getters << " putters " << s.waiting_putters << " joiners "
             << s.waiting_joiners << " age " << s.oldest_ready_age.count() << "ms" << (s.empty ? " empty" : "")
             << (s.full ? " full" : "") << (s.shut_down ? " shut_down" : "") << (s.paused ? " paused" : "");
}

ostream& operator<<(ostream& out, const QueueDescription& q) {
  return out << q.queue << ": " << q.settings << " created " << q.created.time_since_epoch().count() << "us "
             << q.stats;
}

struct AnswerWriter {
  ostream& out;
  void operator()(const std::monostate&) const {}
  void operator()(const PutResult& r) const {
    out << " first " << r.first.value << " count " << r.count << " durability " << static_cast<int>(r.durability)
        << (r.duplicate ? " duplicate" : "");
  }
  void operator()(const GetResult& r) const {
    for (const Delivery& d : r.deliveries) {
      out << " item " << d.id.value << " fence " << d.fence.value << " attempt " << d.attempt << " put at "
          << d.put_time.time_since_epoch().count() << "us " << *d.content;
    }
    out << " lease " << r.lease.count() << "ms" << (r.auto_ack ? " auto_ack" : "");
  }
  void operator()(const TaskDoneResult& r) const { out << " lost " << r.lost; }
  void operator()(const FailResult& r) const {
    out << " lost " << r.lost << " retried " << r.retried << " dead " << r.dead;
  }
  void operator()(const ReleaseResult& r) const { out << " lost " << r.lost; }
  void operator()(const ExtendResult& r) const { out << " lost " << r.lost << " lease " << r.lease.count() << "ms"; }
  void operator()(const JoinResult& r) const {
    for (const QueueCounts& c : r.queues) {
      out << ' ' << c.queue << ": done " << c.done << " dead " << c.dead << " expired " << c.expired << " discarded "
          << c.discarded;
    }
  }
  void operator()(const ShutdownResult& r) const { out << " discarded " << r.discarded; }
  void operator()(const ReopenResult&) const { out << " reopened"; }
  void operator()(const StatsResult& r) const { out << ' ' << r.stats; }
  void operator()(const PeekResult& r) const {
    for (const PeekedItem& item : r.items) {
      out << " item " << item.id.value << " attempts " << item.attempts << " put at "
          << item.put_time.time_since_epoch().count() << "us error '" << item.last_error << "' " << *item.content;
    }
  }
  void operator()(const CreateResult& r) const { out << (r.created ? " created" : " existed"); }
  void operator()(const UpdateResult& r) const { out << ' ' << r.settings; }
  void operator()(const DeleteResult& r) const { out << " deleted " << r.discarded; }
  void operator()(const ListResult& r) const {
    for (const QueueDescription& queue : r.queues) out << ' ' << queue << ';';
    if (r.more) out << " more";
  }
  void operator()(const DescribeResult& r) const { out << ' ' << r.queue; }
  void operator()(const PurgeResult& r) const { out << " purged " << r.discarded; }
};

struct CommandWriter {
  ostream& out;
  void operator()(const Put& c) const {
    out << "put " << c.queue;
    for (const ContentPtr& item : c.items) out << ' ' << *item;
    out << c.timeout << c.create;
  }
  void operator()(const Get& c) const {
    out << "get " << c.queue << ' ' << c.max_items << c.timeout << (c.auto_ack ? " auto_ack" : "") << " lease "
        << c.lease.count() << "ms" << (c.until_finished ? " until_finished" : "")
        << (c.prefetch == Prefetch::kAhead    ? " ahead"
            : c.prefetch == Prefetch::kWanted ? " wanted"
                                              : "")
        << c.create;
  }
  void operator()(const TaskDone& c) const { out << "task_done " << c.queue << ' ' << c.fences; }
  void operator()(const Fail& c) const { out << "fail " << c.queue << ' ' << c.fences << " '" << c.error << '\''; }
  void operator()(const Release& c) const { out << "release " << c.queue << ' ' << c.fences; }
  void operator()(const Extend& c) const {
    out << "extend " << c.queue << ' ' << c.fences << " lease " << c.lease.count() << "ms";
  }
  void operator()(const Join& c) const {
    out << "join";
    for (const std::string& queue : c.queues) out << ' ' << queue;
    out << c.timeout << (c.only_put_before ? " only_put_before" : "");
  }
  void operator()(const Shutdown& c) const { out << "shutdown " << c.queue << (c.immediate ? " immediate" : ""); }
  void operator()(const Reopen& c) const { out << "reopen " << c.queue; }
  void operator()(const Stats& c) const { out << "stats " << c.queue; }
  void operator()(const Peek& c) const { out << "peek " << c.queue << ' ' << c.max_items; }
  void operator()(const CreateQueue& c) const { out << "create " << c.queue << ": " << c.settings; }
  void operator()(const UpdateQueue& c) const {
    out << "update " << c.queue;
    if (c.update.maxsize) out << " maxsize " << *c.update.maxsize;
    if (c.update.max_bytes) out << " max_bytes " << *c.update.max_bytes;
    if (c.update.count_leased) out << " count_leased " << *c.update.count_leased;
    if (c.update.lease) out << " lease " << c.update.lease->count() << "ms";
    if (c.update.max_attempts) out << " max_attempts " << *c.update.max_attempts;
    if (c.update.paused) out << " paused " << *c.update.paused;
  }
  void operator()(const DeleteQueue& c) const { out << "delete " << c.queue; }
  void operator()(const ListQueues& c) const {
    out << "list '" << c.prefix << "' after '" << c.after << "' " << c.max_queues;
  }
  void operator()(const DescribeQueue& c) const { out << "describe " << c.queue; }
  void operator()(const PurgeQueue& c) const { out << "purge " << c.queue; }
};

template <typename Writer, typename Variant>
std::string Written(const Variant& variant, std::string start) {
  std::ostringstream out;
  out << start;
  std::visit(Writer{out}, variant);
  return out.str();
}

}  // namespace

std::string ToText(const Answer& answer) {
  return Written<AnswerWriter>(answer.result, std::string(ReasonName(answer.reason)));
}

std::string ToText(const Command& command) { return Written<CommandWriter>(command, ""); }

std::string ToText(const QueueDescription& queue) {
  std::ostringstream out;
  out << queue;
  return out.str();
}

std::string ToText(const QueueStats& stats) {
  std::ostringstream out;
  out << stats;
  return out.str();
}

}  // namespace sluice::sim
