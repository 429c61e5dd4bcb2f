"""Sluice: Python's `queue` module across machines.

    import sluice

    jobs = sluice.Queue("127.0.0.1:7171", "jobs", maxsize=100)
    jobs.put("hello")                    # waits while the queue is full
    with jobs.task() as job:             # done at the end; an exception: tried again
        print(job)

`Queue`, `LifoQueue`, `PriorityQueue` and `SimpleQueue` are those of the `queue` module: the same
methods, arguments, defaults and exceptions, with the items on a server.
"""

from sluice.client import Client
from sluice.codecs import Codec, DefaultCodec, MsgpackCodec, UnsafePickleCodec
from sluice.exceptions import (
    Cancelled,
    DecodeError,
    Empty,
    EncodeError,
    Error,
    ForkError,
    Full,
    InternalError,
    InvalidArgument,
    LeaseLost,
    LimitReached,
    QueueDeleted,
    QueueExists,
    QueueNotFound,
    SessionLost,
    ShutDown,
    Timeout,
    TooLarge,
    Unavailable,
)
from sluice.queues import LifoQueue, PriorityQueue, Queue, SimpleQueue
from sluice.tasks import Task

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Client",
    "Codec",
    "DecodeError",
    "DefaultCodec",
    "Empty",
    "EncodeError",
    "Error",
    "ForkError",
    "Full",
    "InternalError",
    "InvalidArgument",
    "LeaseLost",
    "LifoQueue",
    "LimitReached",
    "MsgpackCodec",
    "PriorityQueue",
    "Queue",
    "QueueDeleted",
    "QueueExists",
    "QueueNotFound",
    "SessionLost",
    "ShutDown",
    "SimpleQueue",
    "Task",
    "Timeout",
    "TooLarge",
    "Unavailable",
    "UnsafePickleCodec",
]
