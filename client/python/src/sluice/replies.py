"""How the outcome of a call comes back: by a queue for the replies to one process.

This, with reply_reader, is all there is of that queue: executors and workers see futures and
answers.
"""

import atexit
import os
import threading
import uuid
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from sluice import calls, fork
from sluice.codecs import Codec
from sluice.exceptions import CallLost, Cancelled, Error, QueueDeleted, QueueNotFound, ShutDown
from sluice.reply_reader import Reader

if TYPE_CHECKING:
    from sluice._native import Client, Lease
    from sluice.queues import Queue


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
        self._reading = False  # what follows is of the thread while it does
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
            if not self._reading:
                self._start()
            self._futures[call] = future
            name = self._name
        try:
            put({calls.CALL: call, calls.REPLY: name})
        except BaseException:
            self.take(call)
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
            self._tell()

    def wait(self) -> None:
        """Until the thread has ended, as it does after close()."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def abandon(self) -> None:
        """The process ends: nobody waits any more."""
        if self._reading:
            self._delete(self._name)

    # ---- the thread ----

    def _start(self) -> None:
        client = self._jobs.client
        durability = self._jobs._settled(lambda jobs: jobs.describe())["settings"]["durability"]
        name = f"{self._jobs.name}.results-{uuid.uuid4().hex[:12]}"
        client.create(name, durability=durability)
        if self._reading:  # a signal's handler was faster
            return self._delete(name)
        self._name, self._wake, self._reading = name, os.pipe(), True
        self._thread = threading.Thread(
            target=self._read, args=(name, self._wake[0]), name="sluice-replies", daemon=True
        )
        self._thread.start()

    def _tell(self) -> None:
        if self._reading:
            os.write(self._wake[1], b".")

    def _read(self, name: str, wake: int) -> None:
        error: Optional[BaseException] = None
        try:
            with Reader(self, self._jobs, name, wake) as reader:
                reader.read()
        except BaseException as raised:
            error = raised
        with self._lock:
            left, self._futures = self._futures, {}
            self._put.clear()
            self._reading = False
            for descriptor in self._wake:
                os.close(descriptor)
        for future in left.values():
            _end(future, error)
        self._delete(name)

    def _delete(self, name: str) -> None:
        try:
            self._jobs.client.delete(name)
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

    def arrived(self, lease: "Lease") -> None:
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
            future = self._futures.pop(call, None)
            if self._closed and not self._futures:
                self._tell()  # it was the last one
            return future

    def _forked(self, left: "List[Any]") -> None:
        left.append(self._futures)
        self._lock = threading.RLock()
        self._futures = {}
        self._put = set()
        self._thread = None
        if self._reading:
            for descriptor in self._wake:
                os.close(descriptor)
        self._reading = self._asleep = False


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


def answer(
    client: "Client",
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
