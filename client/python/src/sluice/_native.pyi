"""The C++ SDK of Sluice: what the package stands on, in bytes and seconds.

Calls that wait release the GIL. In the main thread a signal's handler runs while a call waits;
when it raises, the call ends and what it got goes back. All objects may be used from any thread;
a lease by one at a time (ValueError). A timeout is None (for ever), 0 (not at all) or seconds.
Everything raises the classes of `sluice.exceptions`; in the child of a fork, ForkError.
"""

from typing import Any, List, Mapping, Sequence

from sluice.types import (
    Content,
    Counts,
    Description,
    PeekedItem,
    Receipt,
    Settings,
    SettingsChange,
    Stats,
)

class Client:
    """A connection. Ends with the last of the client, its queues and leases."""

    def __init__(
        self,
        address: str,
        *,
        name: str = "",
        lease: float = 30.0,
        connect_timeout: float = 10.0,
        retry_forever: bool = True,
        min_backoff: float = 0.05,
        max_backoff: float = 5.0,
    ) -> None: ...
    def queue(self, name: str, create: Settings | None = None) -> Queue: ...
    def create(self, queue: str, settings: Settings) -> bool: ...
    def update(self, queue: str, changes: SettingsChange) -> Settings: ...
    def delete(self, queue: str) -> int: ...
    def list(self, namespace: str = "default", prefix: str = "") -> List[Description]: ...
    def describe(self, queue: str) -> Description: ...
    def join(
        self, queues: Sequence[str], timeout: float | None = None, only_put_before: bool = False
    ) -> List[Counts]: ...
    def close(self) -> None: ...

class Queue:
    """The operations of one queue. With `create`, the first put or get makes it."""

    @property
    def name(self) -> str: ...
    def put(
        self,
        payload: bytes,
        content_type: str,
        priority: int = 0,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        request_id: str = "",
    ) -> int: ...
    def put_many(
        self, items: Sequence[Content], timeout: float | None = None, request_id: str = ""
    ) -> Receipt: ...
    def get(self, timeout: float | None = None, until_finished: bool = False) -> Lease: ...
    def get_many(
        self,
        max_items: int,
        timeout: float | None = None,
        min_items: int = 0,
        linger: float = 0.0,
        until_finished: bool = False,
    ) -> list[Lease]: ...
    def pop(self, timeout: float | None = None) -> Lease:
        """The plain pop: the lease is done already."""

    def consumer(self, prefetch: int) -> Consumer: ...
    def done_many(self, leases: Sequence[Lease]) -> None: ...
    def done_many_nowait(self, leases: Sequence[Lease]) -> None: ...
    def task_done(self, fences: Sequence[int]) -> list[int]:
        """By fence, for leases that are elsewhere. Returns those that were not held."""

    def fail(self, fences: Sequence[int], error: str) -> list[int]: ...
    def release(self, fences: Sequence[int]) -> list[int]: ...
    def extend(self, fence: int, lease: float) -> float: ...
    def join(self, timeout: float | None = None, only_put_before: bool = False) -> Counts: ...
    def shutdown(self, immediate: bool = False) -> int: ...
    def reopen(self) -> None: ...
    def purge(self) -> int: ...
    def describe(self) -> Description: ...
    def stats(self) -> Stats: ...
    def peek(self, max_items: int = 1) -> list[PeekedItem]: ...
    def update(self, **changes: Any) -> Settings: ...

    # ---- without waiting: the outcome arrives in `completions`, under the token ----

    def put_async(
        self,
        completions: Completions,
        token: int,
        payload: bytes,
        content_type: str,
        priority: int = 0,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        request_id: str = "",
    ) -> Operation:
        """Value: [id]. LimitReached, at once: more than 10,000 puts or 8 MiB are unanswered."""

    def put_many_async(
        self,
        completions: Completions,
        token: int,
        items: Sequence[Content],
        timeout: float | None = None,
        request_id: str = "",
    ) -> Operation:
        """Value: the ids."""

    def get_many_async(
        self,
        completions: Completions,
        token: int,
        max_items: int = 1,
        timeout: float | None = None,
        min_items: int = 0,
        linger: float = 0.0,
        until_finished: bool = False,
    ) -> Operation:
        """Value: 1 to max_items leases."""

    def join_async(
        self,
        completions: Completions,
        token: int,
        timeout: float | None = None,
        only_put_before: bool = False,
    ) -> Operation:
        """Value: the counts."""

class Lease:
    """An item in this process's hands. One that is dropped undecided goes back to its place."""

    @property
    def id(self) -> int: ...
    @property
    def fence(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def priority(self) -> int: ...
    @property
    def put_time(self) -> float: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    def content(self) -> tuple[bytes, str]:
        """Payload and content type, with one call."""

    @property
    def decided(self) -> bool: ...
    @property
    def lost(self) -> bool: ...
    def done(self) -> None: ...
    def done_nowait(self) -> None: ...
    def fail(self, error: str) -> None: ...
    def release(self) -> None: ...
    def done_async(self, completions: Completions, token: int) -> None:
        """The lease goes with the operation. Value: None."""

    def fail_async(self, completions: Completions, token: int, error: str) -> None:
        """As done_async."""

class Consumer:
    """A queue to get from, with up to `prefetch` leased items got in advance."""

    def get(self, timeout: float | None = None, until_finished: bool = False) -> Lease: ...
    def get_many(
        self,
        max_items: int,
        timeout: float | None = None,
        min_items: int = 0,
        linger: float = 0.0,
        until_finished: bool = False,
    ) -> list[Lease]: ...
    def close(self) -> None:
        """What was not begun goes back."""

class Completions:
    """Where the outcomes of operations arrive that nobody waits for."""

    def __init__(self) -> None: ...
    def fileno(self) -> int:
        """Readable while an outcome is here; once for many."""

    def take(self) -> list[tuple[int, Any, BaseException | None]]:
        """All that are here: (token, value, exception). Leases that nobody keeps go back."""

class Operation:
    """One that is under way. Dropping it changes nothing."""

    def cancel(self) -> None:
        """It ends soon, with Cancelled or with what came first; its outcome arrives in any case."""
