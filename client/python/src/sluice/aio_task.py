"""Tasks of asyncio as takers of items, and `async with queue.task()`."""

import asyncio
import weakref
from collections import OrderedDict
from functools import partial
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Awaitable,
    Callable,
    Generic,
    Optional,
    Tuple,
    Type,
    TypeVar,
)

from sluice import loops
from sluice.exceptions import Error
from sluice.tasks import failure

if TYPE_CHECKING:
    from sluice._native import Lease
    from sluice.held import Line

T = TypeVar("T")


class Takers:
    """Each task of asyncio is a taker."""

    kind = "task"

    def __init__(self) -> None:
        self._lines: "weakref.WeakKeyDictionary[asyncio.Task[Any], Line]" = (
            weakref.WeakKeyDictionary()
        )
        self.nobodys: "Line" = OrderedDict()  # got outside of any task

    @property
    def line(self) -> "Line":
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop
            task = None
        if task is None:
            return self.nobodys
        line = self._lines.get(task)
        if line is None:
            line = self._lines[task] = OrderedDict()
        return line


class Task(Generic[T]):
    """`async with queue.task() as item:` gets an item, and says how its work ended.

    Done at the end of the block, LeaseLost when somebody else has, or has done, it. An exception
    that leaves the block: failed, with the traceback for who looks at it, and tried again up to
    the queue's `max_attempts`. What is no `Exception` (CancelledError) says nothing of the item:
    it goes back to its place, and the attempt is not counted.

    Can be entered once.
    """

    def __init__(self, get: "Callable[[], Awaitable[Tuple[T, Lease]]]") -> None:
        self._get = get
        self._lease: "Optional[Lease]" = None
        self.headers: dict[str, str] = {}  # those the item was put with
        self.attempt = 0  # 1 for the first delivery
        self.fence = 0  # rises with each delivery in the namespace

    async def __aenter__(self) -> T:
        if self.attempt:
            raise ValueError("the task was entered before: each has one item")
        item, lease = await self._get()
        self._lease = lease
        self.headers = dict(lease.headers)
        self.attempt = lease.attempt
        self.fence = lease.fence
        return item

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        lease, self._lease = self._lease, None
        assert lease is not None
        if error is None:
            await loops.outcomes().of(lease.done_async)
        elif isinstance(error, Exception):
            text = failure(error)
            try:
                await loops.outcomes().of(partial(lease.fail_async, error=text))
            except Error:
                pass  # the block's own exception says more; the item comes again
