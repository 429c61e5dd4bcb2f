"""Python's queue classes, with their items on a server."""

from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Iterable,
    List,
    Mapping,
    Optional,
    Tuple,
    TypeVar,
)

from sluice.base import PriorityBase, QueueBase
from sluice.tasks import Task

if TYPE_CHECKING:
    from sluice._native import Lease

T = TypeVar("T")

_OLDEST: Any = object()


def wait_time(block: bool, timeout: Optional[float]) -> Optional[float]:
    """Python's two arguments as one: None: for ever, 0: not at all, else seconds."""
    if not block:
        return 0.0
    if timeout is not None and timeout < 0:
        raise ValueError("'timeout' must be a non-negative number")
    return timeout


class Queue(QueueBase, Generic[T]):
    """`queue.Queue`, on a server: first in, first out.

    `client`: a Client, or the address of a server (None: $SLUICE_ADDRESS); all queues of an
    address share one connection. `name`: the queue's, "jobs" or "namespace/jobs". `maxsize`:
    items that may wait in the queue; below 1: no bound. The first call makes the queue if it
    does not exist, with these settings; one that exists is used as it is.

    codec         how items become bytes and come back; see sluice.codecs
    durability    "memory" (default), "async" or "fsync"
    max_bytes     payload bytes that may wait; 0 (default): no bound
    count_leased  True: the bounds count items that are taken and not done, too
    max_attempts  deliveries after which a failed or lost item is dead; 0 (default): no limit
    prefetch      0 (default), or so many items are got in advance: no round trip for them, nor
                  for task_done(item). An item that is here waits for its turn here; a lease that
                  was lost is not heard of

    A get takes the item under a lease; task_done() finishes it. An item whose taker's process
    dies, or whose Queue object is gone, goes back to its place. So a program that never calls task_done()
    wants a SimpleQueue.

    All calls raise what `queue.Queue` raises, and the sluice.Errors: Unavailable and so on.

    Thread safety: all methods may be called from any thread.
    """

    # ---- as queue.Queue ----

    def put(
        self,
        item: T,
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        priority: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        request_id: str = "",
    ) -> None:
        """Put an item into the queue; waits for room.

        Full: there was none within `timeout` seconds, or at once without `block`. ShutDown.
        EncodeError (a TypeError): the codec does not take it. TooLarge: it can never fit.

        The put is sent again until its answer is known, and the item is added once. `request_id`
        makes that hold for another call, by any process, under the same id: for 10 minutes.
        """
        timeout = wait_time(block, timeout)
        payload, content_type, number, _ = self._encode(item, priority, None)
        self._native().put(payload, content_type, number, headers, timeout, request_id)

    def put_nowait(self, item: T, **options: Any) -> None:
        """put(item, block=False)."""
        return self.put(item, False, **options)

    def get(self, block: bool = True, timeout: Optional[float] = None) -> T:
        """Take an item from the queue; waits for one.

        Empty: there was none within `timeout` seconds, or at once without `block`. ShutDown: the
        queue is shut down and nothing is left. DecodeError: the item has failed.
        """
        item, lease = self._take(block, timeout)
        self._held.add(item, lease)
        return item

    def get_nowait(self) -> T:
        """get(block=False)."""
        return self.get(False)

    def task_done(self, item: T = _OLDEST) -> None:
        """The work on an item is finished.

        Without an argument: on the oldest that this thread took. Waits for nothing: the server is
        told with the next message, after 20 ms at most. ValueError: this thread took none.

        With one: on this item, whoever took it; it is found by identity, else by equality. Waits
        for the server. ValueError: there is none. LeaseLost: somebody else has, or has done, it.
        """
        lease, value = self._held.pop_oldest() if item is _OLDEST else self._held.pop(item)
        try:
            if item is _OLDEST or self._prefetch:
                lease.done_nowait()
            else:
                lease.done()
        except BaseException:
            if not lease.decided:  # not known: it is still this thread's
                self._held.put_back([(lease, value)])
            raise

    def join(self) -> None:
        """Wait until every item that was put is done."""
        self._settled(lambda queue: queue.join())

    # ---- beyond queue.Queue ----

    def task(
        self,
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        until_finished: bool = False,
    ) -> Task[T]:
        """`with queue.task() as item:` gets an item; done at the end, failed by an exception.

        `until_finished`: for the loop of a worker. After shutdown() it waits on while others
        work on items, which come back if they fail; ShutDown when all are done.
        """
        return Task(lambda: self._take(block, timeout, until_finished))

    def put_many(
        self,
        items: Iterable[T],
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        priority: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        request_id: str = "",
    ) -> None:
        """Put items with one message: all of them, or none.

        As put(). TooLarge: more than 10,000 items, than 16 MiB, or than can ever fit.
        """
        timeout = wait_time(block, timeout)
        encoded = [self._encode(item, priority, headers) for item in items]
        if encoded:
            self._native().put_many(encoded, timeout, request_id)

    def get_many(
        self,
        max_items: int,
        block: bool = True,
        timeout: Optional[float] = None,
        *,
        min_items: int = 0,
        linger: float = 0.0,
    ) -> List[T]:
        """Take 1 to `max_items` items (at most 10,000): waits for the first, as get().

        With a `linger`, then waits on until there are `min_items` (0: max_items), or so many
        seconds have passed. Items that cannot be decoded have failed; DecodeError: none can.
        """
        leases = self._gets().get_many(max_items, wait_time(block, timeout), min_items, linger)
        items, taken = self._decode_many(leases)
        self._held.add_many(items, taken)
        return items

    def done_many(self, items: Optional[Iterable[T]] = None) -> None:
        """The work on these items, or on all that this thread took, is finished: one message.

        Items are found as by task_done(item). LeaseLost: some leases were lost; all the others
        are done. ValueError: one of them is not taken; none is done then.
        """
        taken = self._held.pop_many(items)
        try:
            if taken:
                self._native().done_many([lease for lease, _ in taken])
        except BaseException:
            self._held.put_back([each for each in taken if not each[0].decided])
            raise

    def _take(
        self, block: bool, timeout: Optional[float], until_finished: bool = False
    ) -> "Tuple[T, Lease]":
        lease = self._gets().get(wait_time(block, timeout), until_finished)
        return self._decode(lease), lease


class LifoQueue(Queue[T]):
    """`queue.LifoQueue`, on a server: last in, first out."""

    _order = "lifo"


class PriorityQueue(PriorityBase, Queue[T]):
    """`queue.PriorityQueue`, on a server: the lowest priority first.

    A server cannot compare Python's objects. An item's priority is `priority=`, or else the
    item, when that is a number, or the number that it begins with, when it is a tuple or a list:
    an int of 64 bits, or a float that is one. Items of equal priority come in the order of their
    puts.
    """


class SimpleQueue(QueueBase, Generic[T]):
    """`queue.SimpleQueue`, on a server: a get is the plain pop, and there is nothing to be done.

    An item that was got is gone: when its taker dies, nobody else gets it. Arguments and
    settings as those of Queue.
    """

    def put(self, item: T, block: bool = True, timeout: Optional[float] = None) -> None:
        """As Queue.put()."""
        timeout = wait_time(block, timeout)
        self._native().put(*self._encode(item, None, None), timeout)

    def put_nowait(self, item: T) -> None:
        """put(item, block=False)."""
        return self.put(item, False)

    def get(self, block: bool = True, timeout: Optional[float] = None) -> T:
        """As Queue.get(); the item is gone from the server.

        DecodeError has the payload of an item that cannot be decoded.
        """
        item: T = self._decode(self._native().pop(wait_time(block, timeout)))
        return item

    def get_nowait(self) -> T:
        """get(block=False)."""
        return self.get(False)
