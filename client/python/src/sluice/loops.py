"""What the SDK does without waiting, awaited: outcomes come to an event loop by one descriptor."""

import asyncio
import itertools
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Optional

from sluice import _native, fork
from sluice.exceptions import LimitReached

if TYPE_CHECKING:
    # What begins an operation, under a token. One that cannot be cancelled has no Operation.
    Begin = Callable[[_native.Completions, int], Optional[_native.Operation]]

_PAUSE_S = 0.01  # when the window of puts is full with those of others: nothing tells of its end


class Outcomes:
    """The operations of one event loop, of all clients and queues.

    Any number of outcomes that have arrived wake the loop once.

    Thread safety: for the loop's thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._completions = _native.Completions()
        self._tokens = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._threads: "dict[Any, asyncio.Future[Any]]" = {}
        self._puts = 0
        self._for_room: deque[asyncio.Future[None]] = deque()
        loop.add_reader(self._completions.fileno(), self._arrived)

    async def of(self, begin: "Begin") -> Any:
        """The outcome of an operation that is begun now.

        When the caller is cancelled the operation is, and CancelledError comes when it has ended:
        leases that came meanwhile have gone back then.
        """
        token, future, operation = self._begin(begin)
        return await self._end(token, future, operation)

    async def of_put(self, begin: "Begin") -> Any:
        """As of(), and waits, first come, first served, while the client has too many puts
        unanswered."""
        try:
            token, future, operation = await self._begin_put(begin)
        finally:
            self._tell_room()  # there may be more of it, or it was not used
        self._puts += 1
        try:
            return await self._end(token, future, operation)
        finally:
            self._puts -= 1
            self._tell_room()

    async def _begin_put(
        self, begin: "Begin"
    ) -> "tuple[int, asyncio.Future[Any], Optional[_native.Operation]]":
        if self._for_room:
            await self._room(self._for_room.append)
        while True:
            try:
                return self._begin(begin)
            except LimitReached:
                await self._room(self._for_room.appendleft)  # it was its turn

    async def of_thread(self, owner: Any, call: Callable[[], Any]) -> None:
        """Waits for `call`, in a thread: for one at a time for each owner."""
        future = self._threads.get(owner)
        if future is None:
            future = asyncio.get_running_loop().run_in_executor(None, call)
            self._threads[owner] = future
            future.add_done_callback(lambda _: self._threads.pop(owner, None))
        await asyncio.shield(future)

    def start(self, begin: "Begin") -> None:
        """Begins an operation whose outcome nobody wants to know."""
        begin(self._completions, next(self._tokens))

    def _begin(
        self, begin: "Begin"
    ) -> "tuple[int, asyncio.Future[Any], Optional[_native.Operation]]":
        token = next(self._tokens)
        operation = begin(self._completions, token)
        future = self._waiting[token] = asyncio.get_running_loop().create_future()
        return token, future, operation

    async def _end(
        self, token: int, future: "asyncio.Future[Any]", operation: "Optional[_native.Operation]"
    ) -> Any:
        try:
            return await future
        except asyncio.CancelledError:
            if token not in self._waiting:  # it has ended; what it brought goes back
                if not future.cancelled():
                    future.exception()
            elif operation is None:
                del self._waiting[token]
            else:
                await self._cancel(token, operation)
            raise

    async def _cancel(self, token: int, operation: "_native.Operation") -> None:
        ended = self._waiting[token] = asyncio.get_running_loop().create_future()
        operation.cancel()
        try:
            await ended
        except Exception:
            pass  # as it was asked to, or by itself: nobody wants to know any more

    def _arrived(self) -> None:
        for token, value, error in self._completions.take():
            future = self._waiting.pop(token, None)
            if future is None or future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    async def _room(self, join: "Callable[[asyncio.Future[None]], None]") -> None:
        if self._puts == 0:
            await asyncio.sleep(_PAUSE_S)
            return
        future = asyncio.get_running_loop().create_future()
        join(future)
        await future

    def _tell_room(self) -> None:
        while self._for_room:
            future = self._for_room.popleft()
            if not future.done():
                future.set_result(None)
                return


class _Loops:
    """The outcomes of each loop. Thread safety: all methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Outcomes]" = (
            weakref.WeakKeyDictionary()
        )
        fork.watch(self)

    def running(self) -> Outcomes:
        loop = asyncio.get_running_loop()
        outcomes = self._outcomes.get(loop)
        if outcomes is None:
            outcomes = Outcomes(loop)
            with self._lock:
                for each in list(self._outcomes):
                    if each.is_closed():  # what arrived there too late goes back now
                        del self._outcomes[each]
                self._outcomes[loop] = outcomes
        return outcomes

    def _forked(self, left: "list[Any]") -> None:
        left.append(self._outcomes)
        self._lock = threading.Lock()
        self._outcomes = weakref.WeakKeyDictionary()


_loops = _Loops()


def outcomes() -> Outcomes:
    """Those of the running loop. RuntimeError when none runs."""
    return _loops.running()
