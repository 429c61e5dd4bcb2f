"""The thread's work that reads the outcomes of calls."""

import os
import select
import time
from typing import TYPE_CHECKING, Any, List, Optional, Protocol, Set

from sluice import _native
from sluice.exceptions import (
    CallLost,
    Cancelled,
    Empty,
    LimitReached,
    QueueDeleted,
    QueueNotFound,
    SessionLost,
    Unavailable,
)

if TYPE_CHECKING:
    from sluice.queues import Queue

_GET, _JOIN = 0, 1  # tokens
_BATCH = 1000
_PAUSE_S = 0.2
_PATIENCE_S = 1.0  # after so long, it is asked whether calls are still there


class Waiting(Protocol):
    """Those who wait for outcomes."""

    def waiting(self) -> bool:
        """False: nothing to wait for, and there will not be."""

    def in_queue(self) -> Set[str]:
        """The calls that wait for an outcome, and were put."""

    def nothing_to_watch(self) -> bool:
        """True: in_queue() is empty; the reader is woken when it is not."""

    def arrived(self, lease: _native.Lease) -> None:
        """An outcome."""

    def lost(self, lost: Set[str]) -> None:
        """No outcome will come."""


class Reader:
    """Reads one queue of replies, and watches that calls do not vanish."""

    def __init__(self, waiting: Waiting, jobs: "Queue[Any]", name: str, wake: int) -> None:
        self._waiting = waiting
        self._jobs = jobs._native()
        self._queue = jobs.client.native().queue(name)
        self._wake = wake
        self._completions = _native.Completions()
        self._get: Optional[_native.Operation] = None
        self._join: Optional[_native.Operation] = None
        self._joining: Optional[Set[str]] = None  # calls that were put before the join

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        for operation in (self._get, self._join):
            if operation is not None:
                operation.cancel()

    def read(self) -> None:
        """Until nobody waits. Raises what ends the replies; CallLost when they are gone."""
        poll = select.poll()
        for descriptor in (self._completions.fileno(), self._wake):
            poll.register(descriptor, select.POLLIN)
        # When we look whether calls are still there.
        look: Optional[float] = time.monotonic() + _PATIENCE_S
        self._begin()
        while self._waiting.waiting():
            now = time.monotonic()
            if look is not None and now >= look:
                look = self._look(now)
            for descriptor, _ in poll.poll(None if look is None else (look - now) * 1000):
                if descriptor == self._wake:
                    os.read(self._wake, 1)
                    look = now + _PATIENCE_S
            self._take()

    def _look(self, now: float) -> Optional[float]:
        """Returns when to look again; None: when we are told."""
        if self._joining is None:
            if self._waiting.nothing_to_watch():
                return None
            self._joining = self._waiting.in_queue()
            self._join = self._jobs.join_async(self._completions, _JOIN, None, True)
        return now + _PATIENCE_S

    def _begin(self) -> None:
        self._get = self._queue.get_many_async(self._completions, _GET, _BATCH)

    def _take(self) -> None:
        # What was got first: the end of a join looks at all that came before it.
        for token, value, error in sorted(self._completions.take(), key=lambda each: each[0]):
            if token == _GET:
                self._arrived(value, error)
                self._begin()
            elif error is None or isinstance(error, (QueueNotFound, QueueDeleted)):
                self._joined()
            else:
                self._joining = None  # asked again, in a while

    def _arrived(
        self, leases: Optional[List[_native.Lease]], error: Optional[BaseException]
    ) -> None:
        if isinstance(error, (QueueNotFound, QueueDeleted)):
            raise CallLost(
                "the queue of the results is gone: the server lost it with its memory, or "
                "somebody deleted it"
            ) from error
        if isinstance(error, (LimitReached, Unavailable)):
            time.sleep(_PAUSE_S)  # it is asked again
        elif error is not None and not isinstance(error, SessionLost):
            raise error
        for lease in leases or ():
            self._waiting.arrived(lease)
        if leases:
            self._queue.done_many_nowait(leases)

    def _joined(self) -> None:
        """All outcomes of those calls are here, or in the queue."""
        asked, self._joining = self._joining or set(), None
        if self._drain():
            self._waiting.lost(asked & self._waiting.in_queue())

    def _drain(self) -> bool:
        """Reads what is in the queue now, and what the parked get has got. False: not all."""
        assert self._get is not None
        self._get.cancel()
        poll = select.poll()
        poll.register(self._completions.fileno(), select.POLLIN)
        ended = False
        while not ended:
            poll.poll()
            for token, value, error in self._completions.take():
                if token == _GET:
                    self._arrived(value, None if isinstance(error, Cancelled) else error)
                    ended = True
        drained = self._read_all()
        self._begin()
        return drained

    def _read_all(self) -> bool:
        while True:
            try:
                self._arrived(self._queue.get_many(_BATCH, 0.0), None)
            except Empty:
                return True
            except SessionLost:
                continue
            except (LimitReached, Unavailable):
                return False
            except (QueueNotFound, QueueDeleted) as error:
                self._arrived(None, error)
