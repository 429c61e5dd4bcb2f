// Commands -> operations: the client's way out.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/limits.h"
#include "proto/nouns.h"
#include "proto/utf8.h"
#include "proto/wire.h"

namespace sluice::wire {
namespace {

// Text that is not UTF-8 is mended: the server refuses the name, instead of the whole message.
std::string FullName(const std::string& space, const std::string& queue) { return ToUtf8(space + "/" + queue); }

template <typename Request>
void FillTimeout(const WaitTime& timeout, Request* request) {
  if (timeout) request->set_timeout_ms(timeout->count());
}

template <typename Request>
void FillCreate(const std::optional<QueueSettings>& create, Request* request) {
  if (create) FillSettings(*create, request->mutable_create());
}

template <typename Request>
void FillFences(const std::vector<Fence>& fences, Request* request) {
  request->mutable_fences()->Reserve(static_cast<int>(fences.size()));
  for (const Fence fence : fences) request->add_fences(fence.value);
}

struct CommandWriter {
  const std::string& space;
  v1::Operation* operation;

  void operator()(const Put& put) const {
    auto* request = operation->mutable_put();
    request->set_queue(FullName(space, put.queue));
    request->mutable_items()->Reserve(static_cast<int>(put.items.size()));
    for (const ContentPtr& item : put.items) FillItem(*item, request->add_items());
    FillTimeout(put.timeout, request);
    FillCreate(put.create, request);
    if (put.sequence == 0) {
      request->set_request_id(ToUtf8(put.producer));
    } else {
      request->set_producer(ToUtf8(put.producer));
      request->set_sequence(put.sequence);
    }
  }
  void operator()(const Get& get) const {
    auto* request = operation->mutable_get();
    request->set_queue(FullName(space, get.queue));
    request->set_max_items(get.max_items);
    FillTimeout(get.timeout, request);
    request->set_ack(get.auto_ack ? v1::AUTO : v1::EXPLICIT);
    request->set_lease_ms(get.lease.count());
    request->set_until_finished(get.until_finished);
    FillCreate(get.create, request);
    request->set_prefetch(static_cast<v1::Prefetch>(get.prefetch));
  }
  void operator()(const TaskDone& task_done) const {
    auto* request = operation->mutable_task_done();
    request->set_queue(FullName(space, task_done.queue));
    FillFences(task_done.fences, request);
  }
  void operator()(const Fail& fail) const {
    auto* request = operation->mutable_fail();
    request->set_queue(FullName(space, fail.queue));
    FillFences(fail.fences, request);
    request->set_error(ToUtf8(CutUtf8(fail.error, limits::kErrorTextBytes)));
  }
  void operator()(const Release& release) const {
    auto* request = operation->mutable_release();
    request->set_queue(FullName(space, release.queue));
    FillFences(release.fences, request);
  }
  void operator()(const Extend& extend) const {
    auto* request = operation->mutable_extend();
    request->set_queue(FullName(space, extend.queue));
    FillFences(extend.fences, request);
    request->set_lease_ms(extend.lease.count());
  }
  void operator()(const Join& join) const {
    auto* request = operation->mutable_join();
    for (const std::string& queue : join.queues) request->add_queues(FullName(space, queue));
    FillTimeout(join.timeout, request);
    request->set_only_put_before(join.only_put_before);
  }
  void operator()(const Shutdown& shutdown) const {
    auto* request = operation->mutable_shutdown();
    request->set_queue(FullName(space, shutdown.queue));
    request->set_immediate(shutdown.immediate);
  }
  void operator()(const Reopen& reopen) const { operation->mutable_reopen()->set_queue(FullName(space, reopen.queue)); }
  void operator()(const Stats& stats) const { operation->mutable_stats()->set_queue(FullName(space, stats.queue)); }
  void operator()(const Peek& peek) const {
    operation->mutable_peek()->set_queue(FullName(space, peek.queue));
    operation->mutable_peek()->set_max_items(peek.max_items);
  }
  void operator()(const CreateQueue& create) const {
    operation->mutable_create_queue()->set_queue(FullName(space, create.queue));
    FillSettings(create.settings, operation->mutable_create_queue()->mutable_settings());
  }
  void operator()(const UpdateQueue& command) const {
    auto* request = operation->mutable_update_queue();
    const QueueUpdate& update = command.update;
    request->set_queue(FullName(space, command.queue));
    if (update.maxsize) request->set_maxsize(*update.maxsize);
    if (update.max_bytes) request->set_max_bytes(*update.max_bytes);
    if (update.count_leased) request->set_count_leased(*update.count_leased);
    if (update.lease) request->set_lease_ms(update.lease->count());
    if (update.max_attempts) request->set_max_attempts(*update.max_attempts);
    if (update.paused) request->set_paused(*update.paused);
  }
  void operator()(const DeleteQueue& command) const {
    operation->mutable_delete_queue()->set_queue(FullName(space, command.queue));
  }
  void operator()(const ListQueues& list) const {
    auto* request = operation->mutable_list_queues();
    request->set_namespace_(ToUtf8(space));
    request->set_prefix(ToUtf8(list.prefix));
    request->set_after(ToUtf8(list.after));
    request->set_max_queues(list.max_queues);
  }
  void operator()(const DescribeQueue& describe) const {
    operation->mutable_describe_queue()->set_queue(FullName(space, describe.queue));
  }
  void operator()(const PurgeQueue& purge) const {
    operation->mutable_purge_queue()->set_queue(FullName(space, purge.queue));
  }
};

}  // namespace

void Write(const std::string& space, const Command& command, v1::Operation* operation) {
  std::visit(CommandWriter{space, operation}, command);
}

}  // namespace sluice::wire
