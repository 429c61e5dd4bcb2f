"""asyncio's queues, with their items on a server.

    queue = sluice.aio.Queue("127.0.0.1:7171", "jobs", maxsize=100)
    await queue.put("hello")             # waits while the queue is full
    async with queue.task() as job:      # done at the end; an exception: tried again
        print(job)

`Queue`, `LifoQueue` and `PriorityQueue` are those of asyncio: the same methods and exceptions.
Thousands of coroutines may wait, on one connection; a queue may be used in several loops, of
several threads. What asyncio has as a plain function (put_nowait, get_nowait, qsize, empty,
full, shutdown) asks the server, and the loop waits for the answer: `await put(item, timeout=0)`
and `await get(timeout=0)` do not hold it up, and all of these may be called from other threads.
task_done() waits for nothing.

Cancelling: a get that is cancelled has ended when its CancelledError is here, and loses no item:
one that came meanwhile goes back to its place. A put that is cancelled may have been made, when
there was room just then: with a `request_id` it can be put again, and is there once.
"""

import asyncio
import sys
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Coroutine,
    Generic,
    Iterable,
    List,
    Mapping,
    Optional,
    Tuple,
    TypeVar,
    Union,
)

from sluice import codecs, loops
from sluice.aio_task import Takers, Task
from sluice.base import PriorityBase, QueueBase
from sluice.client import Client
from sluice.exceptions import Empty, Full, ShutDown
from sluice.held import Held

if TYPE_CHECKING:
    from sluice._native import Lease
    from sluice._native import Queue as NativeQueue
    from sluice.held import Line
    from sluice.types import Durability

__all__ = [
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "Task",
]

T = TypeVar("T")

_OLDEST: Any = object()

QueueEmpty = asyncio.QueueEmpty
QueueFull = asyncio.QueueFull

if sys.version_info >= (3, 13):
    QueueShutDown = asyncio.QueueShutDown
else:

    class QueueShutDown(Exception):
        """Raised when put/get with shut-down queue, as `asyncio.QueueShutDown` of Python 3.13."""


class _Translated:
    """The exceptions of threads' queues become those of asyncio's."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: Any, error: Optional[BaseException], _trace: Any) -> None:
        if isinstance(error, Empty):
            raise QueueEmpty from None
        if isinstance(error, Full):
            raise QueueFull from None
        if isinstance(error, ShutDown):
            raise QueueShutDown from None


_translated = _Translated()


class Queue(QueueBase, Generic[T]):
    """`asyncio.Queue`, on a server: first in, first out.

    Arguments, settings and further exceptions are those of sluice.Queue. An item is taken under
    a lease; task_done() finishes it, and one whose taker's process dies goes back to its place.
    Nothing belongs to a loop: every call is for the loop it runs in.

    Thread safety: all methods may be called from any thread, coroutines in any loop.
    """

    def __init__(
        self,
        client: Union[Client, str, None],
        name: str,
        maxsize: int = 0,
        *,
        codec: Optional[codecs.Codec] = None,
        durability: "Durability" = "memory",
        max_bytes: int = 0,
        count_leased: bool = False,
        max_attempts: int = 0,
    ) -> None:
        super().__init__(
            client,
            name,
            maxsize,
            codec=codec,
            durability=durability,
            max_bytes=max_bytes,
            count_leased=count_leased,
            max_attempts=max_attempts,
        )
        self._held = Held(Takers())
        self._made = False

    # ---- as asyncio.Queue ----

    async def put(
        self,
        item: T,
        *,
        timeout: Optional[float] = None,
        priority: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        request_id: str = "",
    ) -> None:
        """Put an item into the queue; waits for room.

        QueueFull: there was none within `timeout` seconds. QueueShutDown. Otherwise as
        sluice.Queue.put(). While the client has more than 10,000 puts or 8 MiB unanswered, in
        all its queues, it waits for that too.
        """
        payload, content_type, number, _ = self._encode(item, priority, None)
        queue = await self._there()
        with _translated:
            await loops.outcomes().of_put(
                lambda completions, token: queue.put_async(
                    completions,
                    token,
                    payload,
                    content_type,
                    number,
                    headers,
                    timeout,
                    request_id,
                )
            )

    def put_nowait(
        self,
        item: T,
        *,
        priority: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        request_id: str = "",
    ) -> None:
        """Put an item if there is room now, else QueueFull."""
        payload, content_type, number, _ = self._encode(item, priority, None)
        with _translated:
            self._native().put(payload, content_type, number, headers, 0.0, request_id)

    def get(self, *, timeout: Optional[float] = None) -> Coroutine[Any, Any, T]:
        """Take an item from the queue; waits for one.

        QueueEmpty: there was none within `timeout` seconds. QueueShutDown: the queue is shut down
        and nothing is left. DecodeError: the item has failed.

        The item is of the task that calls this, also when it lets another one wait, as
        `asyncio.wait_for(queue.get(), 1)` may.
        """
        return self._get(self._held.line(), timeout)

    async def _get(self, line: "Line", timeout: Optional[float]) -> T:
        item, lease = await self._take(timeout)
        self._held.add(item, lease, line)
        return item

    def get_nowait(self) -> T:
        """Take an item if there is one now, else QueueEmpty."""
        with _translated:
            lease = self._native().get(0.0)
        item: T = self._decode(lease)
        self._held.add(item, lease)
        return item

    def task_done(self, item: T = _OLDEST) -> None:
        """The work on an item is finished; waits for nothing.

        Without an argument: on the oldest that this task took. With one: on this item, whoever
        took it; it is found by identity, else by equality. ValueError: there is none.

        The server is told within 20 ms. When somebody else has got the item meanwhile, this one
        is not told: `async with queue.task()` is.
        """
        lease, _ = self._held.pop_oldest() if item is _OLDEST else self._held.pop(item)
        lease.done_nowait()

    async def join(self) -> None:
        """Wait until every item that was put is done."""
        queue = await self._there()
        await loops.outcomes().of(queue.join_async)

    # ---- beyond asyncio.Queue ----

    def task(self, *, timeout: Optional[float] = None, until_finished: bool = False) -> Task[T]:
        """`async with queue.task() as item:` gets an item; done at the end, failed by an
        exception. `until_finished` as in sluice.Queue.task()."""
        return Task(lambda: self._take(timeout, until_finished))

    async def put_many(
        self,
        items: Iterable[T],
        *,
        timeout: Optional[float] = None,
        priority: Optional[int] = None,
        headers: Optional[Mapping[str, str]] = None,
        request_id: str = "",
    ) -> None:
        """Put items with one message: all of them, or none. As sluice.Queue.put_many()."""
        encoded = [self._encode(item, priority, headers) for item in items]
        if not encoded:
            return
        queue = await self._there()
        with _translated:
            await loops.outcomes().of_put(
                partial(
                    queue.put_many_async, items=encoded, timeout=timeout, request_id=request_id
                )
            )

    def get_many(
        self,
        max_items: int,
        *,
        timeout: Optional[float] = None,
        min_items: int = 0,
        linger: float = 0.0,
    ) -> Coroutine[Any, Any, List[T]]:
        """Take 1 to `max_items` items, as sluice.Queue.get_many()."""
        return self._get_many(self._held.line(), max_items, timeout, min_items, linger)

    async def _get_many(self, line: "Line", max_items: int, *options: Any) -> List[T]:
        items, taken = self._decode_many(await self._leases(max_items, *options))
        self._held.add_many(items, taken, line)
        return items

    def done_many(self, items: Optional[Iterable[T]] = None) -> None:
        """The work on these items, or on all that this task took, is finished: as task_done()."""
        taken = self._held.pop_many(items)
        if taken:
            self._native().done_many_nowait([lease for lease, _ in taken])

    # ---- inside ----

    async def _there(self) -> "NativeQueue":
        """The operations; the loop goes on while this connects and makes the queue. It is made
        before anything else is asked: what is on its way at the same time keeps its order."""
        if self._queue is None or not self._made:
            await loops.outcomes().of_thread(self, self.stats)
            self._made = True
        return self._native()

    def _forked(self, left: "List[Any]") -> None:
        super()._forked(left)
        self._made = False

    async def _take(
        self, timeout: Optional[float], until_finished: bool = False
    ) -> "Tuple[T, Lease]":
        (lease,) = await self._leases(1, timeout, until_finished=until_finished)
        return self._decode(lease), lease

    async def _leases(
        self,
        max_items: int,
        timeout: Optional[float],
        min_items: int = 0,
        linger: float = 0.0,
        until_finished: bool = False,
    ) -> "List[Lease]":
        queue = await self._there()
        with _translated:
            leases: "List[Lease]" = await loops.outcomes().of(
                lambda completions, token: queue.get_many_async(
                    completions, token, max_items, timeout, min_items, linger, until_finished
                )
            )
        return leases

    def _reject(self, lease: "Lease", reason: str) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            super()._reject(lease, reason)
        else:
            loops.outcomes().start(partial(lease.fail_async, error=reason))


class LifoQueue(Queue[T]):
    """`asyncio.LifoQueue`, on a server: last in, first out."""

    _order = "lifo"


class PriorityQueue(PriorityBase, Queue[T]):
    """`asyncio.PriorityQueue`, on a server: the lowest priority first; an item's priority as in
    sluice.PriorityQueue."""
