"""How the outcome of a call comes back: by a queue for the replies to one process.

This is all there is of that queue: executors and workers see futures and answers.
"""

import atexit
import os
import select
import threading
import time
import uuid
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from sluice import _native, calls, fork
from sluice.codecs import Codec
from sluice.exceptions import (
    CallLost,
    Cancelled,
    Empty,
    Error,
    QueueDeleted,
    QueueNotFound,
    SessionLost,
    ShutDown,
)

if TYPE_CHECKING:
    from sluice.queues import Queue

_GET, _JOIN = 0, 1  # tokens
_BATCH = 1000
_PATIENCE_S = 1.0


class Replies:
    """The futures of calls that were put into a queue, and a thread that fulfils them.

    A future never hangs. Its call is in the queue or with a worker, or its outcome is here: a
    worker sends that before the call is done. So once all calls that were put before some
    instant are finished, and the outcomes that had come by then are read, a future that has none
    belongs to a call that was discarded or given up: CallLost.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(self, jobs: "Queue[Any]", codec: Codec) -> None:
        self._jobs = jobs
        self._codec = codec
        self._lock = threading.RLock()
        self._futures: "Dict[str, Future[Any]]" = {}
        self._put: Set[str] = set()  # those whose calls are in the queue, as far as known
        self._thread: Optional[threading.Thread] = None
        self._name = ""
        self._wake = (-1, -1)  # a pipe that wakes the thread
        self._asleep = False  # the thread, until a call is put
        self._closed = False
        fork.watch(self)
        _all.add(self)

    def call(self, put: Callable[[Mapping[str, str]], None]) -> "Future[Any]":
        """The future of a call that `put` puts, with these headers. Raises what that raises, and
        Cancelled after close()."""
        call = uuid.uuid4().hex
        future = _Call(self, call)
        with self._lock:
            if self._closed:
                raise Cancelled("closed")
            if self._thread is None:
                self._start()
            self._futures[call] = future
            name = self._name
        try:
            put({calls.CALL: call, calls.REPLY: name})
        except BaseException:
            with self._lock:
                self._futures.pop(call, None)
            raise
        with self._lock:
            if call in self._futures:
                self._put.add(call)
                if self._asleep:
                    self._asleep = False
                    self._tell()
        return future

    def cancel(self, headers: Mapping[str, str]) -> bool:
        """The call with these headers was taken out of the queue. False: it is somebody else's."""
        if headers.get(calls.REPLY) != self._name:
            return False
        future = self.take(headers.get(calls.CALL, ""))
        if future is not None:
            _end(future, Cancelled())
        return True

    def cancel_all(self) -> None:
        """Nothing is known of the calls any more."""
        with self._lock:
            left = list(self._futures)
        for call in left:
            self.cancel({calls.REPLY: self._name, calls.CALL: call})

    def pending(self) -> bool:
        """There are futures without an outcome."""
        with self._lock:
            return bool(self._futures)

    def close(self) -> None:
        """No more calls. The thread ends when no future is left."""
        with self._lock:
            self._closed = True
            if self._thread is not None:
                self._tell()

    def wait(self) -> None:
        """Until the thread has ended, as it does after close()."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def abandon(self) -> None:
        """The process ends: nobody waits any more."""
        with self._lock:
            running = self._thread is not None
        if running:
            self._delete()

    # ---- the thread ----

    def _start(self) -> None:
        client = self._jobs.client
        durability = self._jobs._settled(lambda jobs: jobs.describe())["settings"]["durability"]
        self._name = f"{self._jobs.name}.results-{uuid.uuid4().hex[:12]}"
        client.create(self._name, durability=durability)
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, name="sluice-replies", daemon=True)
        self._thread.start()

    def _tell(self) -> None:
        os.write(self._wake[1], b".")

    def _run(self) -> None:
        try:
            with _Reader(self, self._jobs, self._name, self._wake[0]) as reader:
                reader.read()
            error: Optional[BaseException] = None
        except BaseException as raised:
            error = raised
        with self._lock:
            left, self._futures = self._futures, {}
            self._put.clear()
            self._thread = None
            for descriptor in self._wake:
                os.close(descriptor)
        for future in left.values():
            _end(future, error)
        self._delete()

    def _delete(self) -> None:
        try:
            self._jobs.client.delete(self._name)
        except Error:
            pass  # it is gone, or the server is

    def waiting(self) -> bool:
        """False: nothing to wait for, and there will not be."""
        return self.pending() or not self._closed

    def in_queue(self) -> Set[str]:
        """The calls that wait for an outcome, and were put."""
        with self._lock:
            return set(self._put)

    def nothing_to_watch(self) -> bool:
        """True: from now on the thread is told when a call is put."""
        with self._lock:
            self._asleep = not self._put
            return self._asleep

    def arrived(self, lease: "_native.Lease") -> None:
        """An outcome."""
        headers = dict(lease.headers)
        future = self.take(headers.get(calls.CALL, ""))
        if future is None or not future.set_running_or_notify_cancel():
            return
        try:
            if headers.get(calls.OUTCOME) == calls.ERROR:
                future.set_exception(calls.decode_error(lease.content()))
            else:
                future.set_result(self._codec.decode(*lease.content()))
        except Exception as error:  # the codec's
            future.set_exception(error)

    def lost(self, lost: Set[str]) -> None:
        """No outcome will come."""
        for call in lost:
            future = self.take(call)
            if future is not None:
                _end(
                    future,
                    CallLost(
                        "the call was taken out of its queue, or given up after "
                        "its workers died: no result will come"
                    ),
                )

    def take(self, call: str) -> "Optional[Future[Any]]":
        """Who takes a future ends it; None: somebody else has."""
        with self._lock:
            self._put.discard(call)
            return self._futures.pop(call, None)

    def _forked(self, left: "List[Any]") -> None:
        left.append(self._futures)
        self._lock = threading.RLock()
        self._futures = {}
        self._put = set()
        self._thread = None


class _Call(Future[Any]):
    """A future that is at its end when it is cancelled: there is no worker here to notice."""

    def __init__(self, replies: Replies, call: str) -> None:
        super().__init__()
        self._replies = replies
        self._call = call

    def cancel(self) -> bool:
        if not super().cancel():
            return False
        if self._replies.take(self._call) is not None:
            self.set_running_or_notify_cancel()
        return True


class _Reader:
    """Reads one queue of replies, and watches that calls do not vanish."""

    def __init__(self, replies: Replies, jobs: "Queue[Any]", name: str, wake: int) -> None:
        self._replies = replies
        self._jobs = jobs._native()
        self._queue = jobs.client.native().queue(name)
        self._wake = wake
        self._completions = _native.Completions()
        self._get: Optional[_native.Operation] = None
        self._join: Optional[_native.Operation] = None
        self._joining: Optional[Set[str]] = None  # calls that were put before the join

    def __enter__(self) -> "_Reader":
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
        while self._replies.waiting():
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
            if self._replies.nothing_to_watch():
                return None
            self._joining = self._replies.in_queue()
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
        self, leases: "Optional[List[_native.Lease]]", error: Optional[BaseException]
    ) -> None:
        if isinstance(error, (QueueNotFound, QueueDeleted)):
            raise CallLost(
                "the queue of the results is gone: the server lost it with its memory, or "
                "somebody deleted it"
            ) from error
        if error is not None and not isinstance(error, SessionLost):
            raise error
        for lease in leases or ():
            self._replies.arrived(lease)
        if leases:
            self._queue.done_many_nowait(leases)

    def _joined(self) -> None:
        """All outcomes of those calls are here, or in the queue."""
        asked, self._joining = self._joining or set(), None
        self._drain()
        self._replies.lost(asked & self._replies.in_queue())

    def _drain(self) -> None:
        """Reads what is in the queue now, and what the parked get has got."""
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
        while True:
            try:
                self._arrived(self._queue.get_many(_BATCH, 0.0), None)
            except Empty:
                break
            except Error as error:
                self._arrived(None, error)
        self._begin()


def answer(
    client: "_native.Client",
    headers: Mapping[str, str],
    outcome: str,
    content: Tuple[bytes, str],
) -> None:
    """Sends the outcome of the call with these headers, once, however often it is sent.

    TooLarge, Unavailable. Nobody waits any more: nothing happens.
    """
    call = headers.get(calls.CALL)
    if not call:
        return
    payload, content_type = content
    try:
        client.queue(headers[calls.REPLY]).put(
            payload,
            content_type,
            headers={calls.CALL: call, calls.OUTCOME: outcome},
            request_id=call,
        )
    except (QueueNotFound, QueueDeleted, ShutDown):
        pass


def _end(future: "Future[Any]", error: Optional[BaseException]) -> None:
    """Without an outcome: cancelled when the client was closed."""
    if isinstance(error, Cancelled):
        future.cancel()
    if future.set_running_or_notify_cancel():
        future.set_exception(error or CallLost("nobody reads the results any more"))


_all: "weakref.WeakSet[Replies]" = weakref.WeakSet()


def _abandon_all() -> None:
    for replies in list(_all):
        replies.abandon()


atexit.register(_abandon_all)
