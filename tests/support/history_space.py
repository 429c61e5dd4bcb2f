"""The log of a namespace, as far as a history tells of it."""

import bisect
import itertools


def name_space(queue):
    return queue.split("/")[0]


class Space:
    """What is known of the log of a namespace, in which everything has its place. When a lease was given is known by
    its neighbours only: an item may lie in a client before somebody gets it there."""

    def __init__(self, history, space):
        durable = {name for name, queue in history.queues.items() if queue.durability != "memory"}
        written = [(put.begun, put.ended) for put in history.puts.values()
                   if put.outcome == "ok" and put.queue in durable and name_space(put.queue) == space]  # fmt: skip
        leases = []  # (fence, not before, not after)
        for item in history.items.values():
            before = item.put.begun if item.put else 0
            for delivery in item.deliveries:
                if name_space(delivery.queue) != space:
                    continue
                leases.append((delivery.fence, before, delivery.line))
                if delivery.outcome == "ok":
                    before = max(before, delivery.begun)
                    if delivery.queue in durable:
                        written.append((delivery.begun, delivery.ended))
        written.sort()
        leases.sort()
        self._begins = [begin for begin, _ in written]
        self._ends = running_min(end for _, end in reversed(written))[::-1]
        self._fences = [fence for fence, _, _ in leases]
        self._earliest = list(itertools.accumulate((before for _, before, _ in leases), max))
        self._latest = running_min(after for _, _, after in reversed(leases))[::-1]

    def when_leased(self, fence):
        """Lines between which it was."""
        place = bisect.bisect_left(self._fences, fence)
        return self._earliest[place], self._latest[place]

    def wrote_between(self, line, later):
        """Whether something was begun after the line, and answered before the later one: it is in the log, and so is
        all that went before it."""
        place = bisect.bisect_right(self._begins, line)
        return place < len(self._begins) and self._ends[place] < later


def running_min(numbers):
    return list(itertools.accumulate(numbers, min))
