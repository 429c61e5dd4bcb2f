"""`with queue.task() as item:` an item, and the duty to say how its work ended."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, Tuple, Type, TypeVar

from sluice.exceptions import Error

if TYPE_CHECKING:
    from sluice._native import Lease

T = TypeVar("T")

_ERROR_BYTES = 16 << 10  # the server keeps no more of an error


class Task(Generic[T]):
    """Gets an item when it is entered. At the end the item is done; when an exception leaves the
    block it has failed, with the traceback for who looks at it, and is tried again, up to the
    queue's `max_attempts`. What is no `Exception` (Ctrl-C, SystemExit) says nothing of the item:
    it goes back to its place, and the attempt is not counted.

    LeaseLost, at the end: somebody else has, or has done, the item.

    Thread safety: for one thread at a time. Can be entered once.
    """

    def __init__(self, get: "Callable[[], Tuple[T, Lease]]") -> None:
        self._get = get
        self._lease: "Optional[Lease]" = None

    @property
    def lease(self) -> "Lease":
        """The item's lease: its id, fence, attempt, priority, put time and headers."""
        if self._lease is None:
            raise ValueError("the task was not entered: use `with queue.task() as item:`")
        return self._lease

    @property
    def headers(self) -> "dict[str, str]":
        """Those the item was put with."""
        return dict(self.lease.headers)

    @property
    def attempt(self) -> int:
        """1 for the first delivery."""
        return self.lease.attempt

    @property
    def fence(self) -> int:
        """Rises with each delivery in the namespace: pass it to a storage of your own, which
        then can refuse a worker that comes too late."""
        return self.lease.fence

    def __enter__(self) -> T:
        if self._lease is not None:
            raise ValueError("the task was entered before: each has one item")
        item, self._lease = self._get()
        return item

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self.lease.decided:
            return  # by the block
        if error is None:
            self.lease.done()
            return
        try:
            if isinstance(error, Exception):
                self.lease.fail(failure(error))
            else:
                self.lease.release()
        except Error:
            pass  # the block's own exception says more; the item comes again


def failure(error: BaseException) -> str:
    """The text that a failed item is given: the traceback; its end, when it is long."""
    import traceback

    text = "".join(traceback.format_exception(error))
    return text.encode(errors="replace")[-_ERROR_BYTES:].decode(errors="ignore")
