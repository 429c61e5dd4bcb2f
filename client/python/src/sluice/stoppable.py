"""Waiting that another thread can end."""

import select
import threading
from typing import TYPE_CHECKING, Any, Callable, List

from sluice import _native, fork

if TYPE_CHECKING:
    from sluice._native import Completions, Operation


class Stop:
    """Ends the waiting of threads, once and for all.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(self) -> None:
        # Reentrant: a signal's handler may request the stop while its thread is in here.
        self._lock = threading.RLock()
        self._operations: "set[Operation]" = set()
        self._requested = threading.Event()
        fork.watch(self)

    @property
    def requested(self) -> bool:
        """It is, and no wait is begun any more that does not end at once."""
        return self._requested.is_set()

    def request(self) -> None:
        """Waits end soon: with Cancelled, or with what came first."""
        with self._lock:
            self._requested.set()
            for operation in self._operations:
                operation.cancel()

    def wait(self, begin: "Callable[[Completions, int], Operation]") -> Any:
        """The outcome of an operation that is begun now."""
        completions = _native.Completions()
        operation = begin(completions, 0)
        with self._lock:
            self._operations.add(operation)
            if self.requested:
                operation.cancel()
        try:
            poll = select.poll()
            poll.register(completions.fileno(), select.POLLIN)
            poll.poll()
        except BaseException:  # a signal's handler raised; leases that come go back
            operation.cancel()
            raise
        finally:
            with self._lock:
                self._operations.discard(operation)
        ((_, value, error),) = completions.take()
        if error is not None:
            raise error
        return value

    def pause(self, seconds: float) -> None:
        """Waits so long, or until requested."""
        self._requested.wait(seconds)

    def _forked(self, left: List[Any]) -> None:
        left.append(self._operations)
        self._lock = threading.RLock()
        self._operations = set()
        requested, self._requested = self._requested.is_set(), threading.Event()
        if requested:
            self._requested.set()
