"""The connection of a process to a server."""

import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Type, Union, cast

from sluice import fork

if TYPE_CHECKING:
    from sluice import _native
    from sluice.types import Counts, Description, Settings, SettingsChange

DEFAULT_ADDRESS = "127.0.0.1:7171"


class Client:
    """A connection to a server, shared by all threads of the process; one is enough.

    `address` is "HOST:PORT" (IPv6 as "[::1]:PORT") or "unix:PATH"; without one it is
    $SLUICE_ADDRESS, or 127.0.0.1:7171. Options, times in seconds:

    name             for the server's logs; default: program and process id
    lease            silence after which the server takes back what this client holds (0.1 to
                     86400; default 30); heartbeats keep it off, however long the work takes
    connect_timeout  how long the first call, and calls while the server is away, wait for it
                     before Unavailable (default 10)
    retry_forever    True (default): calls that wait on the server survive any outage
    min_backoff, max_backoff
                     between attempts to connect (default 0.05 and 5)

    Connects at its first use, so that one that was made before a fork works after it; one that
    was connected before a fork raises ForkError in the child. Can be pickled: the copy makes a
    connection of its own, and no lease goes with it.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(
        self,
        address: Optional[str] = None,
        *,
        name: str = "",
        lease: float = 30.0,
        connect_timeout: float = 10.0,
        retry_forever: bool = True,
        min_backoff: float = 0.05,
        max_backoff: float = 5.0,
    ) -> None:
        self.address = address or os.environ.get("SLUICE_ADDRESS") or DEFAULT_ADDRESS
        self._options: Dict[str, Any] = {
            "name": name,
            "lease": lease,
            "connect_timeout": connect_timeout,
            "retry_forever": retry_forever,
            "min_backoff": min_backoff,
            "max_backoff": max_backoff,
        }
        # Reentrant: a signal's handler may use the client while its thread connects.
        self._lock = threading.RLock()
        self._native: "Optional[_native.Client]" = None
        self._closed = False
        fork.watch(self)

    @classmethod
    def shared(cls, address: Optional[str] = None) -> "Client":
        """The one for this address, in this process: made when nobody has it."""
        address = address or os.environ.get("SLUICE_ADDRESS") or DEFAULT_ADDRESS
        with _shared_lock:
            client = _shared.get(address)
            if client is None or client._closed:
                client = _shared[address] = cls(address)
            return client

    def native(self) -> "_native.Client":
        """The connection; made now if there is none. For the package's own modules.

        Raises Unavailable, InvalidArgument, ForkError, and Cancelled after close().
        """
        with self._lock:
            if self._native is None:
                fork.check()
                from sluice import _native

                self._check_open()
                native = _native.Client(self.address, **self._options)
                if self._closed or self._native is not None:  # a signal's handler was faster
                    native.close()
                    self._check_open()
                else:
                    self._native = native
                    _close_with_process(self)
            assert self._native is not None
            return self._native

    def _check_open(self) -> None:
        if self._closed:
            from sluice.exceptions import Cancelled

            raise Cancelled("the client was closed")

    # ---- the server's queues ----

    def create(self, queue: str, **settings: Any) -> bool:
        """Make a queue. True: created; False: there was one with equal settings.

        Settings: order ("fifo", "lifo", "priority"), maxsize, max_bytes, count_leased,
        durability ("memory", "async", "fsync"), lease, max_attempts, paused.
        QueueExists: there is one with other settings. Idempotent.
        """
        return self.native().create(queue, cast("Settings", settings))

    def update(self, queue: str, **changes: Any) -> "Settings":
        """Change settings live: all but order and durability. Returns them all."""
        return self.native().update(queue, cast("SettingsChange", changes))

    def delete(self, queue: str) -> int:
        """Delete a queue and its items; returns how many. Who waits gets QueueDeleted."""
        return self.native().delete(queue)

    def list(self, namespace: str = "default", prefix: str = "") -> "List[Description]":
        """All queues of a namespace whose names start with `prefix`."""
        return self.native().list(namespace, prefix)

    def describe(self, queue: str) -> "Description":
        """Settings and statistics of a queue."""
        return self.native().describe(queue)

    def join(
        self,
        queues: Iterable[str],
        timeout: Optional[float] = None,
        *,
        only_put_before: bool = False,
    ) -> "List[Counts]":
        """Wait until nothing is unfinished in all of these queues, of one namespace, at once.

        With `only_put_before`, items that are put after this call are not waited for. Returns
        how the items ended; raises sluice.Timeout.
        """
        return self.native().join(list(queues), timeout, only_put_before)

    def close(self) -> None:
        """End the connection now: waiting calls raise Cancelled, leases go back. Idempotent."""
        with self._lock:
            self._closed = True
            native = self._native
        if native is not None:
            native.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"sluice.Client({self.address!r})"

    def __reduce__(self) -> Any:
        if _shared.get(self.address) is self:
            return Client.shared, (self.address,)
        return _remake, (type(self), self.address, self._options)

    def _forked(self, left: List[Any]) -> None:
        left.append(self._native)
        self._native = None
        self._lock = threading.RLock()  # another thread may have had it


def _remake(cls: Type[Client], address: str, options: Dict[str, Any]) -> Client:
    return cls(address, **options)


def client_of(client: Union[Client, str, None]) -> Client:
    """The client that a queue's constructor means: one, or that of an address."""
    return client if isinstance(client, Client) else Client.shared(client)


def _close_with_process(client: Client) -> None:
    """A process that multiprocessing started may end without the interpreter's end, where all
    clients are closed: what task_done() did not wait for is told before."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(client, _close_if_there, args=(weakref.ref(client),), exitpriority=-100)


def _close_if_there(client: "weakref.ref[Client]") -> None:
    there = client()
    if there is not None:
        there.close()


_shared: "weakref.WeakValueDictionary[str, Client]" = weakref.WeakValueDictionary()
_shared_lock = threading.RLock()


def _renew_lock() -> None:
    global _shared_lock
    _shared_lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)
