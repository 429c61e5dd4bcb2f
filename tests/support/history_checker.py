"""Holds a history (see history.py) against what the server promises: history_checker.py FILE

    lost             an item that was acknowledged, or was there, is neither finished nor to be had
    unexpected       delivered, though nobody put it there, or its put was refused, or with another payload
    put twice        one put, but two items of it
    delivered after done   the server had said that the item is finished
    lease lost       though its holder lived. The death of the server may take leases that are younger than everything
                     that was answered before it: nobody waits for a lease to be written down
    fence            one for two deliveries
    attempts         do not rise after a fail that the server has acknowledged
    counts           of a join or of the statistics are not those of the items
    join             ended though an item that was put before it was not finished
    unanswered       a call did not end
    not drained      at the end something was unfinished, or nobody looked

Queues of durability memory keep nothing when the server dies: what was put before may be gone, their counts begin
anew, and a put that a death fell into may be begun again. The rest holds for them, too.
"""

import bisect
import dataclasses
import itertools
import pathlib
import sys

from history import History
from history_space import Space, name_space

MOST_LINES = 40  # of an item, in a message
MOST_OF_A_KIND = 2


@dataclasses.dataclass
class Violation:
    kind: str
    text: str
    lines: list = dataclasses.field(default_factory=list)

    def __str__(self):
        shown = self.lines[:MOST_LINES]
        return "\n    ".join([f"{self.kind}: {self.text}", *shown, *(["..."] if len(self.lines) > MOST_LINES else [])])


class Checker:
    """After it is made: violations, a list."""

    def __init__(self, history):
        self.history = history
        self.violations = []
        for number in history.misfits:
            self._add("unexpected", f"line {number + 1} does not fit: {history.lines[number]}")
        self._check_operations()
        self._check_fences()
        self._spaces = {space: Space(history, space) for space in {name_space(queue) for queue in history.queues}}
        for item in history.items.values():
            self._check_item(item)
        for queue in history.queues.values():
            self._check_ids(queue)
            self._check_final(queue)
        for name, queue in history.queues.items():
            self._check_joins(queue, [join for join in history.joins.values() if join.counts and name in join.queues])

    def _add(self, kind, text, item=None):
        self.violations.append(Violation(kind, text, self.history.about(item) if item else []))

    def _survives(self, queue):
        """Whether nothing of the queue may ever be gone."""
        return queue.durability != "memory" or not self.history.kills

    # ---- an item ----

    def _check_item(self, item):
        queue = self.history.queues.get(item.put.queue) if item.put else None
        if queue is None or any(delivery.queue != queue.name for delivery in item.deliveries):
            return self._add("unexpected", f"item {item.number} came from a queue that it was not put into", item)
        if item.put.outcome == "refused":
            if item.deliveries:
                self._add("unexpected", f"item {item.number} was refused, and delivered", item)
            return None
        # As a put that was begun again adds another item, in a queue that keeps nothing.
        renewed = queue.durability == "memory" and self.history.killed_between(item.put.begun, item.put.ended)
        if not renewed:
            self._check_deliveries(queue, item)
        may_be_gone = queue.durability == "memory" and self.history.killed_after(item.put.begun)
        if (item.acknowledged or item.deliveries) and not may_be_gone and not is_finished(queue, item):
            self._add("lost", f"item {item.number} of {queue.name} is not finished, and nobody has it", item)
        return None

    def _check_deliveries(self, queue, item):
        if len(self._ids(item)) > 1:
            self._add("put twice", f"item {item.number} of {queue.name} has the ids {sorted(self._ids(item))}", item)
        attempts = 0
        for delivery in item.deliveries:
            if delivery.attempt <= attempts:
                self._add("attempts", f"item {item.number} of {queue.name} failed at attempt {attempts}", item)
            if delivery.way == "fail" and delivery.outcome == "ok":
                attempts = delivery.attempt
            if delivery.outcome == "lost" and self._survives(queue) and not self._died_unwritten(delivery):
                self._add("lease lost", f"item {item.number} of {queue.name}, fence {delivery.fence}", item)
        if any(delivery.way == "done" and delivery.outcome == "ok" for delivery in item.deliveries[:-1]):
            self._add("delivered after done", f"item {item.number} of {queue.name}", item)

    def _died_unwritten(self, delivery):
        """Whether the server may have died before it wrote the lease down."""
        earliest, latest = self._spaces[name_space(delivery.queue)].when_leased(delivery.fence)
        deaths = [kill for kill, killed in self.history.kills if killed > earliest and kill < delivery.ended]
        return any(not self._spaces[name_space(delivery.queue)].wrote_between(latest, death) for death in deaths)

    # ---- all of them ----

    def _check_operations(self):
        history = self.history
        open_calls = [f"put {put.operation}" for put in history.puts.values() if put.ended is None]
        open_calls += [f"join {join.operation}" for join in history.joins.values() if join.ended is None]
        open_calls += [f"settle {operation}" for operation in history.settlements]
        for text in open_calls:
            self._add("unanswered", text)
        for put in history.puts.values():
            if put.outcome == "ok" and len(put.ids) != len(put.items):
                self._add("counts", f"put {put.operation} of {len(put.items)} items has {len(put.ids)} ids")

    def _check_fences(self):
        leases = {}
        for item in self.history.items.values():
            for delivery in item.deliveries:
                space = name_space(delivery.queue)
                other, first = leases.setdefault((space, delivery.fence), (item, delivery))
                if first is not delivery:
                    text = f"{delivery.fence} of {space} was given to the items {other.number} and {item.number}"
                    self._add("fence", text, item)

    def _ids(self, item):
        ids = {delivery.id for delivery in item.deliveries}
        if item.acknowledged and item.place < len(item.put.ids):
            ids.add(item.put.ids[item.place])
        return ids

    def _check_ids(self, queue):
        if not self._survives(queue):
            return
        owners = {}
        for item in queue.items:
            for each in self._ids(item):
                if owners.setdefault(each, item) is not item:
                    self._add("put twice", f"id {each} of {queue.name} is that of items {owners[each].number}, "
                              f"{item.number}", item)  # fmt: skip

    def _check_final(self, queue):
        if queue.final is None:
            return self._add("not drained", f"{queue.name} has no statistics at the end")
        put, done, dead, expired, discarded, unfinished = queue.final
        if unfinished:
            self._add("not drained", f"{queue.name} has {unfinished} unfinished")
        if not self._survives(queue):
            return None
        there = [item for item in queue.items if item.acknowledged or item.deliveries]
        least_done = sum(is_done(item) for item in there)
        least_dead = sum(is_dead(queue, item) for item in there)
        if put != len(there):
            self._add("counts", f"{queue.name}: {put} put, but {len(there)} items were seen")
        if done + dead != len(there) or done < least_done or dead < least_dead or expired or discarded:
            self._add("counts", f"{queue.name}: done {done}, dead {dead}, expired {expired}, discarded {discarded}; "
                      f"but of {len(there)} items {least_done} are done and {least_dead} dead for certain")  # fmt: skip
        return None

    def _check_joins(self, queue, joins):
        """Counts lie between what had ended before the join and what was begun before its end; and what was put
        before it began was begun to be finished before it ended."""
        ends = [item.last for item in queue.items if item.last and is_finished(queue, item)]
        certain = sorted(end.ended for end in ends if end.outcome == "ok")
        possible = sorted(end.begun for end in ends)
        acknowledged = sorted(
            (item for item in queue.items if item.acknowledged and is_finished(queue, item)),
            key=lambda item: item.put.ended,
        )
        latest = list(itertools.accumulate(acknowledged, lambda *two: max(two, key=lambda item: item.last.begun)))
        for join in joins:
            finished = sum(join.counts[join.queues.index(queue.name)])
            least, most = bisect.bisect_left(certain, join.begun), bisect.bisect_left(possible, join.ended)
            if self._survives(queue) and not least <= finished <= most:
                text = f"join {join.operation} counts {finished} items of {queue.name}, which had {least} to {most}"
                self._add("counts", text)
            before = bisect.bisect_left(acknowledged, join.begun, key=lambda item: item.put.ended)
            if before and latest[before - 1].last.begun > join.ended:
                item = latest[before - 1]
                self._add("join", f"{join.operation} of {queue.name} ended, but not item {item.number}", item)


def is_done(item):
    """The server has said so."""
    return item.last is not None and item.last.way == "done" and item.last.outcome == "ok"


def is_dead(queue, item):
    """The server has said so, by what it acknowledged."""
    last = item.last
    return (0 < queue.max_attempts <= last.attempt and last.way == "fail" and last.outcome == "ok") if last else False


def is_finished(queue, item):
    """As far as anybody can know: its last lease ended so that it need not come again."""
    last = item.last
    if last is None or last.begun is None:
        return False
    if last.way == "done" and last.outcome in ("ok", "unknown", None):
        return True
    return last.way == "fail" and last.outcome != "lost" and 0 < queue.max_attempts <= last.attempt


def check(lines):
    """The violations of the history in these lines."""
    return Checker(History(lines)).violations


def report(violations):
    """For people: how many there are of each kind, and the first of each."""
    kinds = {}
    for violation in violations:
        kinds.setdefault(violation.kind, []).append(violation)
    head = ", ".join(f"{len(group)} x {kind}" for kind, group in kinds.items())
    return "\n".join([head, *(str(violation) for group in kinds.values() for violation in group[:MOST_OF_A_KIND])])


def main():
    violations = check(pathlib.Path(sys.argv[1]).read_text().splitlines())
    print(report(violations) if violations else "every promise was kept")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
