"""`concurrent.futures` over a queue: calls that workers make, on any machine."""

import threading
import weakref
from concurrent import futures
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, TypeVar, Union

from sluice import calls
from sluice.client import Client
from sluice.codecs import Codec
from sluice.exceptions import (
    Cancelled,
    Empty,
    Error,
    Full,
    LeaseLost,
    LimitReached,
    SessionLost,
    ShutDown,
)
from sluice.queues import Queue
from sluice.replies import Replies
from sluice.stoppable import Stop

if TYPE_CHECKING:
    from sluice._native import Lease
    from sluice.types import Durability

T = TypeVar("T")

_BATCH = 1000
_PAUSE_S = 0.05


class Executor(futures.Executor):
    """`concurrent.futures.Executor` whose workers are `sluice.WorkerPool`s, or processes of
    `python -m sluice worker module:function`, anywhere.

        with sluice.Executor("127.0.0.1:7171") as executor:
            thumbnails = list(executor.map(pictures.resize, names))

    `client`: a Client, or the address of a server (None: $SLUICE_ADDRESS). `name`: the queue's;
    any number of executors and workers may share it. `maxsize`: calls that may wait in it; submit
    waits for room. `codec`, `durability` and `max_attempts` as those of sluice.Queue: who uses
    the queue first makes it with these, and a queue that exists is used as it is.

    A function travels as its name, "module:qualname", and calls only what its worker was told to
    serve; it may be given as that text, too. Arguments and results are what the codec takes: by
    default JSON values, as results also bytes, str and protobuf messages. Pickle is
    `codec=sluice.UnsafePickleCodec()`, here and at the workers.

    What the function raised is raised by `future.result()`: of the same class when that is known
    here, else a RemoteError; its `__cause__` has the remote traceback.

    A call is made at least once: when its worker dies it is made by another one, and its future
    gets one result. Futures never hang. CallLost: it was discarded, or it killed `max_attempts`
    workers. Futures are cancelled when the client is closed. `Future.cancel()` succeeds until the
    result is here: it says that nobody waits any more, and the call may still be made.

    Callbacks of futures run in one thread: they must not wait for other futures.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(
        self,
        client: Union[Client, str, None] = None,
        name: str = calls.NAME,
        maxsize: int = calls.MAXSIZE,
        *,
        codec: Optional[Codec] = None,
        durability: "Durability" = "memory",
        max_attempts: int = calls.MAX_ATTEMPTS,
    ) -> None:
        self._queue: "Queue[Any]" = Queue(
            client,
            name,
            maxsize,
            codec=codec,
            durability=durability,
            max_attempts=max_attempts,
        )
        self._codec = self._queue._codec
        self._replies = Replies(self._queue, self._codec)
        self._stop = Stop()
        self._takes_back = False
        self._taking_back = threading.Lock()
        weakref.finalize(self, self._replies.close)

    @property
    def queue(self) -> "Queue[Any]":
        """That of the calls. Its shutdown() tells the workers to end when all is finished."""
        return self._queue

    def submit(
        self, fn: Union[Callable[..., T], str], /, *args: Any, **kwargs: Any
    ) -> "futures.Future[T]":
        """The future of fn(*args, **kwargs); waits for room in the queue.

        TypeError: the function has no name to be found by, or (EncodeError) the codec does not
        take an argument. ShutDown: the queue is shut down. RuntimeError: the executor is.
        """
        content = calls.encode_arguments(args, kwargs, self._codec)
        function = {calls.FUNCTION: calls.name_of(fn)}
        try:
            future = self._replies.call(lambda headers: self._put(content, {**function, **headers}))
        except Cancelled:
            if self._stop.requested:
                raise RuntimeError("cannot schedule new futures after shutdown") from None
            raise
        if self._takes_back:  # since before this call was there
            self._take_all_back()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more calls; a submit that waits for room ends with RuntimeError. Idempotent.

        wait            until all futures are done
        cancel_futures  calls of this executor that no worker has begun are taken out of the
                        queue, and their futures are cancelled
        """
        self._stop.request()
        if cancel_futures:
            self._takes_back = True
            self._take_all_back()
        self._replies.close()
        if wait:
            self._replies.wait()

    def _put(self, content: calls.Encoded, headers: Mapping[str, str]) -> None:
        queue = self._queue._native()
        payload, content_type = content
        while not self._stop.requested:
            try:
                queue.put(payload, content_type, 0, headers, 0.0)
                return
            except Full:
                pass
            try:
                self._stop.wait(
                    lambda completions, token: queue.put_async(
                        completions, token, payload, content_type, 0, headers
                    )
                )
                return
            except LimitReached:  # the client has too many puts that wait
                self._stop.pause(_PAUSE_S)
        raise Cancelled("shut down")

    def _take_all_back(self) -> None:
        with self._taking_back:
            while self._replies.pending():
                try:
                    self._take_back()
                except (Empty, ShutDown):
                    return  # that were all
                except (LeaseLost, SessionLost):
                    continue  # some are there again
                except Error:
                    self._replies.cancel_all()  # the client, the queue or the server is gone
                    return

    def _take_back(self) -> None:
        queue = self._queue._native()
        others: "List[Lease]" = []  # back at their places when we are through
        while True:
            ours: "List[Lease]" = []
            for lease in queue.get_many(_BATCH, 0.0):
                (ours if self._replies.cancel(dict(lease.headers)) else others).append(lease)
            queue.done_many_nowait(ours)
