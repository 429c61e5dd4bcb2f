"""Who makes the calls of executors."""

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Optional, Tuple, Type, Union

from sluice import calls
from sluice.client import Client
from sluice.codecs import Codec
from sluice.exceptions import (
    Cancelled,
    Error,
    LeaseLost,
    LimitReached,
    SessionLost,
    ShutDown,
    TooLarge,
    Unavailable,
)
from sluice.queues import Queue
from sluice.replies import answer
from sluice.stoppable import Stop
from sluice.tasks import failure

if TYPE_CHECKING:
    from sluice._native import Lease
    from sluice.types import Durability

Function = Union[Callable[..., Any], str]

_PAUSE_S = 0.2


class WorkerPool:
    """Threads that make the calls of `sluice.Executor`s; they run as soon as it is made.

        with sluice.WorkerPool("127.0.0.1:7171", "calls", [pictures.resize], workers=4) as pool:
            pool.wait()  # until the queue is shut down and finished

    `functions`: those that may be called, themselves or as "module:qualname"; nothing else is.
    `workers`: how many at the same time. The other arguments are those of sluice.Executor; the
    codec has to read what the executors' codec writes. `on_error` is told, in the worker's thread,
    the name of a function and what it raised; an exception of its own ends the pool.

    An item that is no call is the argument of the function, if there is one only: done when it
    returns, failed and tried again when it raises.

    A call whose worker dies is made by another one, so a function may be called again with the
    same arguments: at least once, not at most once.

    Raises Unavailable when there is no server; later outages are waited out.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(
        self,
        client: Union[Client, str, None],
        name: str,
        functions: Iterable[Function],
        workers: int = 1,
        *,
        maxsize: int = calls.MAXSIZE,
        codec: Optional[Codec] = None,
        durability: "Durability" = "memory",
        max_attempts: int = calls.MAX_ATTEMPTS,
        on_error: Optional[Callable[[str, BaseException], None]] = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"{workers} workers: there must be one at least")
        self._functions: Dict[str, Callable[..., Any]] = {}
        for each in functions:
            self._serve(each)
        if not self._functions:
            raise ValueError("a worker needs a function to call")
        self._on_error = on_error
        self._queue: "Queue[Any]" = Queue(
            client, name, maxsize, codec=codec, durability=durability, max_attempts=max_attempts
        )
        self._codec = self._queue._codec
        self._native = self._queue._native()
        self._stop = Stop()
        self._lock = threading.Lock()
        self._finished = 0
        self._error: Optional[BaseException] = None
        self._threads = [
            threading.Thread(target=self._work, name=f"sluice-worker-{i}", daemon=True)
            for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def queue(self) -> "Queue[Any]":
        """That of the calls."""
        return self._queue

    @property
    def finished(self) -> int:
        """How many calls and items were worked on."""
        return self._finished

    def stop(self) -> None:
        """No more calls; those that were begun are finished. Returns at once. Idempotent."""
        self._stop.request()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Until all workers have ended: after stop(), or when the queue is shut down and
        finished. False: not within `timeout` seconds. Raises what ended a worker otherwise."""
        import time

        end = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if end is None else max(end - time.monotonic(), 0))
            if thread.is_alive():
                return False
        if self._error is not None:
            raise self._error
        return True

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()
        if error is None:
            self.wait()

    def _serve(self, function: Function) -> None:
        """Under the name that was given, and the one that it calls itself."""
        if isinstance(function, str):
            name, function = function, calls.function_of(function)
            self._functions[name] = function
            try:
                self._functions[calls.name_of(function)] = function
            except TypeError:
                pass  # it has none
        else:
            self._functions[calls.name_of(function)] = function

    # ---- a worker ----

    def _work(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._stop.request()

    def _turn(self) -> bool:
        """False: there is no more. Keeps no lease: one that is undecided goes back now."""
        lease = self._get()
        if lease is None:
            return False
        try:
            self._finish(lease)
        except BaseException:  # on_error's, say: its traceback lives on, and the lease with it
            self._give_back(lease)
            raise
        return True

    def _give_back(self, lease: "Lease") -> None:
        try:
            if not lease.decided:
                lease.release()
        except Error:
            pass  # it comes again

    def _get(self) -> "Optional[Lease]":
        """None: this worker is done."""
        while not self._stop.requested:
            try:
                leases: "List[Lease]" = self._stop.wait(
                    lambda completions, token: self._native.get_many_async(
                        completions, token, until_finished=True
                    )
                )
                return None if self._stop.requested else leases[0]
            except ShutDown:
                return None
            except SessionLost:
                continue
            except (Unavailable, LimitReached):
                self._stop.pause(_PAUSE_S)
            except Cancelled:
                if not self._stop.requested:
                    raise  # the client was closed
        return None

    def _finish(self, lease: "Lease") -> None:
        """Does the work of an item, and says how it ended."""
        headers = dict(lease.headers)
        try:
            if calls.FUNCTION in headers:
                self._answer(headers, *self._call(headers, lease))
                lease.done_nowait()  # made again, it has the outcome that it has by now
            else:
                self._handle(lease)
        except (Cancelled, LeaseLost, SessionLost, Unavailable):
            pass  # the item comes again, here or elsewhere
        except (Error, KeyError) as error:  # who put it wants its outcome where it cannot go
            self._tell(headers.get(calls.FUNCTION, ""), error)
            self._fail(lease, error)
        with self._lock:
            self._finished += 1

    def _call(self, headers: Dict[str, str], lease: "Lease") -> Tuple[str, calls.Encoded]:
        name = headers[calls.FUNCTION]
        try:
            function = self._functions.get(name)
            if function is None:
                raise LookupError(f"'{name}' is not served here: {', '.join(self._functions)}")
            args, kwargs = calls.decode_arguments(lease.content(), self._codec)
            return calls.DONE, self._codec.encode(function(*args, **kwargs))
        except BaseException as error:
            self._tell(name, error)
            return calls.ERROR, calls.encode_error(error)

    def _answer(self, headers: Dict[str, str], outcome: str, content: calls.Encoded) -> None:
        client = self._queue.client.native()
        try:
            answer(client, headers, outcome, content)
        except TooLarge as error:
            self._tell(headers[calls.FUNCTION], error)
            answer(client, headers, calls.ERROR, calls.encode_error(error))

    def _handle(self, lease: "Lease") -> None:
        name, function = next(iter(self._functions.items()))
        if any(other is not function for other in self._functions.values()):
            lease.fail(f"no call of a function: it has no header '{calls.FUNCTION}'")
            return
        try:
            function(self._codec.decode(*lease.content()))
        except BaseException as error:
            self._tell(name, error)
            self._fail(lease, error)
        else:
            lease.done()

    def _fail(self, lease: "Lease", error: BaseException) -> None:
        try:
            lease.fail(failure(error))
        except Error:
            pass  # it comes again

    def _tell(self, name: str, error: BaseException) -> None:
        if self._on_error is not None:
            self._on_error(name, error)
