"""What the queues of threads and those of asyncio have in common: a name, settings, a codec."""

import threading
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Iterable,
    List,
    Mapping,
    Optional,
    Tuple,
    TypeVar,
    Union,
)

from sluice import codecs, fork
from sluice.client import Client, client_of
from sluice.exceptions import DecodeError, Error, QueueExists, QueueNotFound
from sluice.held import Held

if TYPE_CHECKING:
    from sluice._native import Consumer, Lease
    from sluice._native import Queue as NativeQueue
    from sluice.types import Durability, Order, Settings, Stats

_Result = TypeVar("_Result")

_MIN_PRIORITY, _MAX_PRIORITY = -(1 << 63), (1 << 63) - 1


class QueueBase:
    """A queue of a server, by name.

    The first call makes the queue if it does not exist, with the settings given here; a queue
    that exists is used as it is. Nothing is asked of the server before.
    """

    _order: "Order" = "fifo"

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
        prefetch: int = 0,
    ) -> None:
        self.name = name
        self._client = client_of(client)
        self._codec: codecs.Codec = codecs.DEFAULT if codec is None else codec
        self._settings: "Settings" = {
            "order": self._order,
            "maxsize": maxsize,
            "durability": durability,
            "max_bytes": max_bytes,
            "count_leased": count_leased,
            "max_attempts": max_attempts,
        }
        self._prefetch = prefetch
        self._held = Held()
        self._making = threading.RLock()  # reentrant: for handlers of signals
        self._queue: "Optional[NativeQueue]" = None
        self._source: "Union[NativeQueue, Consumer, None]" = None
        fork.watch(self)

    @property
    def client(self) -> Client:
        """The connection."""
        return self._client

    # ---- what Python's queues tell ----

    @property
    def maxsize(self) -> int:
        """Items that may wait in the queue; 0: no bound. Set it live: shrinking drops nothing,
        puts wait until the queue is below it again."""
        return self._settled(lambda queue: queue.describe())["settings"]["maxsize"]

    @maxsize.setter
    def maxsize(self, maxsize: int) -> None:
        self._settled(lambda queue: queue.update(maxsize=maxsize))
        self._settings["maxsize"] = maxsize

    @property
    def unfinished_tasks(self) -> int:
        """Items that wait in the queue, or are taken and not done."""
        return self.stats()["unfinished"]

    @property
    def is_shutdown(self) -> bool:
        """shutdown() was called, here or elsewhere."""
        return self.stats()["shut_down"]

    def qsize(self) -> int:
        """How many items wait in the queue now."""
        return self.stats()["ready"]

    def empty(self) -> bool:
        """True if no item waits in the queue now."""
        return self.stats()["empty"]

    def full(self) -> bool:
        """True if the queue has no room now."""
        return self.stats()["full"]

    def shutdown(self, immediate: bool = False) -> None:
        """No more puts; gets drain what is left and then raise ShutDown.

        With `immediate` nothing is left: what is not taken is discarded, and counts as done.
        Idempotent.
        """
        self._settled(lambda queue: queue.shutdown(immediate))

    # ---- what a server has beyond them ----

    def stats(self) -> "Stats":
        """A consistent snapshot of the queue's numbers."""
        return self._settled(lambda queue: queue.stats())

    def purge(self) -> int:
        """Discard what waits in the queue; returns how many items that were."""
        return self._settled(lambda queue: queue.purge())

    def reopen(self) -> None:
        """The undo of shutdown()."""
        self._settled(lambda queue: queue.reopen())

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} {self.name!r} of {self._client!r}>"

    def __reduce__(self) -> Any:
        options = dict(self._settings, codec=self._codec)
        del options["order"]
        if self._prefetch:
            options["prefetch"] = self._prefetch
        return _remake, (type(self), self._client, self.name, options)

    # ---- for the queues of this package ----

    def _native(self) -> "NativeQueue":
        """The operations; connects if need be."""
        if self._queue is None:
            self._make()
        assert self._queue is not None
        return self._queue

    def _gets(self) -> "Union[NativeQueue, Consumer]":
        """What items are got from: the queue, or a consumer that has some in advance."""
        if self._source is None:
            self._make()
        assert self._source is not None
        return self._source

    def _make(self) -> None:
        with self._making:
            if self._queue is None:
                client = self._client.native()
                if self._queue is None:  # a signal's handler may have been faster
                    queue = client.queue(self.name, self._settings)
                    self._source = queue.consumer(self._prefetch) if self._prefetch else queue
                    self._queue = queue

    def _settled(self, call: "Callable[[NativeQueue], _Result]") -> _Result:
        """Runs `call`; makes the queue first when it does not exist, which only puts and gets do
        by themselves."""
        queue = self._native()
        try:
            return call(queue)
        except QueueNotFound:
            try:
                self._client.create(self.name, **self._settings)
            except QueueExists:
                pass  # somebody was faster, with settings of their own
            return call(queue)

    def _priority(self, item: Any, priority: Optional[int]) -> int:
        """That of an item, in a queue that has any."""
        if priority is None:
            return 0
        if not _MIN_PRIORITY <= priority <= _MAX_PRIORITY:
            raise ValueError(f"priority {priority}: use an int of 64 bits")
        return priority

    def _encode(
        self, item: Any, priority: Optional[int], headers: Optional[Mapping[str, str]]
    ) -> "Tuple[bytes, str, int, Optional[Mapping[str, str]]]":
        payload, content_type = self._codec.encode(item)
        return payload, content_type, self._priority(item, priority), headers

    def _decode(self, lease: "Lease") -> Any:
        """Its value. An item that cannot be decoded here has failed, and is tried again, perhaps
        by somebody who can, up to `max_attempts`."""
        payload, content_type = lease.content()
        try:
            return self._codec.decode(payload, content_type)
        except Exception as error:
            if not lease.decided:
                self._reject(lease, f"cannot be decoded: {error}")
            if isinstance(error, DecodeError):
                raise
            raise DecodeError(f"the codec failed: {error}", payload, content_type) from error

    def _decode_many(self, leases: "Iterable[Lease]") -> "Tuple[List[Any], List[Lease]]":
        """The values that can be decoded, and their leases. DecodeError: none can."""
        values: List[Any] = []
        taken: "List[Lease]" = []
        failed: Optional[DecodeError] = None
        for lease in leases:
            try:
                values.append(self._decode(lease))
                taken.append(lease)
            except DecodeError as error:
                failed = error
        if failed is not None and not values:
            raise failed
        return values, taken

    def _reject(self, lease: "Lease", reason: str) -> None:
        try:
            lease.fail(reason)
        except Error:
            pass  # it comes again with the lease's end

    def _forked(self, left: "list[Any]") -> None:
        left += [self._queue, self._source]
        self._queue = None
        self._source = None
        self._making = threading.RLock()
        self._held.forget(left)


class PriorityBase(QueueBase):
    """What a queue by priority has: one for each item."""

    _order = "priority"

    def _priority(self, item: Any, priority: Optional[int]) -> int:
        if priority is None:
            number = item[0] if isinstance(item, (tuple, list)) and item else item
            if not isinstance(number, (int, float)) or number != number // 1:
                raise TypeError(
                    "an item's priority is a whole number of 64 bits: put(item, priority=...), "
                    f"or an item that is or begins with one; not {number!r}"
                )
            priority = int(number)
        return super()._priority(item, priority)


def _remake(cls: Any, client: Client, name: str, options: "dict[str, Any]") -> Any:
    return cls(client, name, **options)
