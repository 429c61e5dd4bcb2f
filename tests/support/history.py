"""A history: what the clients of a server saw, line by line, as tests/system/history writes it.

A line is the time in microseconds of the monotonic clock, an event, and its words; the order of the lines is the order
of the events: what is begun stands before what came of it. Queues are SPACE/NAME, items are numbers that the payloads
carry, an operation (OP) is a number.

    queue QUEUE DURABILITY MAX_ATTEMPTS     it is there
    put OP QUEUE ITEM...                    begun
    put_ok OP ID...                         acknowledged
    put_refused OP REASON                   not added
    put_unknown OP REASON                   added or not
    got QUEUE ITEM ID FENCE ATTEMPT         leased; ITEM is "damaged" when the payload is nobody's
    get_failed QUEUE REASON
    settle OP QUEUE WAY FENCE...            done, fail or release: begun
    settled OP FENCE:OUTCOME...             ok, lost or unknown
    join OP QUEUE...                        begun
    join_ok OP DONE:DEAD:EXPIRED:DISCARDED...    for each queue
    join_failed OP REASON
    final QUEUE PUT DONE DEAD EXPIRED DISCARDED UNFINISHED     the statistics at the end
    kill SIGNAL                             the server is about to be killed
    killed                                  it is gone
"""

import dataclasses


@dataclasses.dataclass(slots=True)
class Put:
    operation: str
    queue: str
    items: list
    begun: int  # lines, from 0
    ended: int | None = None
    outcome: str | None = None  # ok, refused, unknown
    ids: list | None = None


@dataclasses.dataclass(slots=True)
class Delivery:
    queue: str
    id: int
    fence: int
    attempt: int
    line: int
    way: str | None = None  # done, fail, release
    begun: int | None = None
    ended: int | None = None
    outcome: str | None = None  # ok, lost, unknown


@dataclasses.dataclass(slots=True)
class Item:
    number: str
    put: Put | None  # None: nobody put it
    place: int = 0  # within its put
    deliveries: list = dataclasses.field(default_factory=list)  # by fence

    @property
    def acknowledged(self):
        return self.put is not None and self.put.outcome == "ok"

    @property
    def last(self):
        return self.deliveries[-1] if self.deliveries else None


@dataclasses.dataclass(slots=True)
class Join:
    operation: str
    queues: list
    begun: int
    ended: int | None = None
    counts: list | None = None  # [done, dead, expired, discarded] of each queue; None: it failed


@dataclasses.dataclass(slots=True)
class QueueHistory:
    name: str
    durability: str
    max_attempts: int
    final: list | None = None  # put, done, dead, expired, discarded, unfinished
    items: list = dataclasses.field(default_factory=list)


class History:
    """queues, puts, items and joins by their names and numbers; settlements as {operation: deliveries};
    kills as pairs of lines; misfits: lines that nothing goes before."""

    def __init__(self, lines):
        self.lines = [line.rstrip("\n") for line in lines]
        self.queues, self.puts, self.items, self.joins, self.settlements = {}, {}, {}, {}, {}
        self.kills, self.misfits, self._leases, self._killing = [], [], {}, None
        for number, line in enumerate(self.lines):
            words = line.split()
            try:
                getattr(self, f"_{words[1]}")(number, *words[2:])
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                self.misfits.append(number)
        for item in self.items.values():
            item.deliveries.sort(key=lambda delivery: delivery.fence)
            for queue in {delivery.queue for delivery in item.deliveries} | {item.put.queue if item.put else None}:
                if queue in self.queues:
                    self.queues[queue].items.append(item)

    def about(self, item):
        """The lines that name the item, or an operation on it, and the kills between them."""
        numbers = {number for delivery in item.deliveries
                   for number in (delivery.line, delivery.begun, delivery.ended)}  # fmt: skip
        if item.put:
            numbers |= {item.put.begun, item.put.ended}
        numbers -= {None}
        numbers |= {line for kill in self.kills for line in kill if min(numbers) < line < max(numbers)}
        return [self.lines[number] for number in sorted(numbers)]

    def killed_after(self, line):
        """Whether a server died after it, or perhaps while it was written."""
        return bool(self.kills) and line < self.kills[-1][1]

    def killed_between(self, begun, ended):
        ended = len(self.lines) if ended is None else ended
        return any(begun < killed and kill < ended for kill, killed in self.kills)

    # ---- one event each ----

    def _queue(self, _line, name, durability, max_attempts):
        self.queues[name] = QueueHistory(name, durability, int(max_attempts))

    def _put(self, line, operation, queue, *items):
        put = self.puts[operation] = Put(operation, queue, list(items), line)
        for place, number in enumerate(items):
            self.items[number] = Item(number, put, place)

    def _put_ok(self, line, operation, *ids):
        put = self.puts[operation]
        put.ended, put.outcome, put.ids = line, "ok", [int(each) for each in ids]

    def _put_refused(self, line, operation, _reason):
        put = self.puts[operation]
        put.ended, put.outcome = line, "refused"

    def _put_unknown(self, line, operation, _reason):
        put = self.puts[operation]
        put.ended, put.outcome = line, "unknown"

    def _got(self, line, queue, number, item_id, fence, attempt):
        delivery = Delivery(queue, int(item_id), int(fence), int(attempt), line)
        self.items.setdefault(number, Item(number, None)).deliveries.append(delivery)
        self._leases[queue, fence] = delivery

    def _get_failed(self, _line, _queue, _reason):
        pass

    def _settle(self, line, operation, queue, way, *fences):
        leases = self.settlements[operation] = {fence: self._leases[queue, fence] for fence in fences}
        for delivery in leases.values():
            delivery.way, delivery.begun = way, line

    def _settled(self, line, operation, *outcomes):
        leases = self.settlements.pop(operation)
        for text in outcomes:
            fence, outcome = text.split(":")
            delivery = leases[fence]
            delivery.ended, delivery.outcome = line, outcome

    def _join(self, line, operation, *queues):
        self.joins[operation] = Join(operation, list(queues), line)

    def _join_ok(self, line, operation, *counts):
        join = self.joins[operation]
        join.ended, join.counts = line, [[int(count) for count in text.split(":")] for text in counts]

    def _join_failed(self, line, operation, _reason):
        self.joins[operation].ended = line

    def _final(self, _line, queue, *counts):
        self.queues[queue].final = [int(count) for count in counts]

    def _kill(self, line, _signal):
        self._killing = line

    def _killed(self, line):
        self.kills.append((self._killing, line))
