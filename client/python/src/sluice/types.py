"""The shapes of what the server tells: plain dicts. Times are seconds."""

from typing import Literal, Mapping, Optional, Tuple, TypedDict

Order = Literal["fifo", "lifo", "priority"]
Durability = Literal["memory", "async", "fsync"]

# Payload, content type, priority, headers.
Content = Tuple[bytes, str, int, Optional[Mapping[str, str]]]


class SettingsChange(TypedDict, total=False):
    """What can be changed live."""

    maxsize: int  # items that wait; 0: no bound of its own
    max_bytes: int  # payload bytes that wait; 0: no bound of its own
    count_leased: bool  # the bounds count leased items too
    lease: float  # of a get that no client keeps alive
    max_attempts: int  # deliveries after which a failed or lost item is dead; 0: no limit
    paused: bool  # gets wait; puts go on


class Settings(SettingsChange, total=False):
    """Those of a queue. What is left out has the server's default."""

    order: Order
    durability: Durability


class Stats(TypedDict):
    """A consistent snapshot. Counters count since the queue was created."""

    ready: int
    leased: int
    unfinished: int
    ready_bytes: int
    leased_bytes: int
    put: int
    delivered: int
    redelivered: int
    done: int
    dead: int
    expired: int
    discarded: int
    waiting_getters: int
    waiting_putters: int
    waiting_joiners: int
    oldest_ready_age: float
    empty: bool
    full: bool
    shut_down: bool
    paused: bool


class Counts(TypedDict):
    """How items ended."""

    queue: str
    done: int
    dead: int
    expired: int
    discarded: int


class Description(TypedDict):
    """A queue of the server; `created` is seconds since the Unix epoch."""

    queue: str
    settings: Settings
    stats: Stats
    created: float


class PeekedItem(TypedDict):
    """An item that is looked at and stays where it is."""

    id: int
    attempts: int
    put_time: float
    last_error: str
    payload: bytes
    content_type: str
    headers: list[tuple[str, str]]
    priority: int


class Receipt(TypedDict):
    """What the server says of a put."""

    ids: list[int]
    durability: Durability
    duplicate: bool
