"""Sluice: Python's `queue` module across machines.

    import sluice

    jobs = sluice.Queue("127.0.0.1:7171", "jobs", maxsize=100)
    jobs.put("hello")                    # waits while the queue is full
    with jobs.task() as job:             # done at the end; an exception: tried again
        print(job)

`Queue`, `LifoQueue`, `PriorityQueue` and `SimpleQueue` are those of the `queue` module: the same
methods, arguments, defaults and exceptions, with the items on a server.
"""

from typing import TYPE_CHECKING, Any

from sluice.client import Client
from sluice.codecs import Codec, DefaultCodec, MsgpackCodec, UnsafePickleCodec
from sluice.exceptions import (
    CallLost,
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
    RemoteError,
    RemoteTraceback,
    SessionLost,
    ShutDown,
    Timeout,
    TooLarge,
    Unavailable,
)
from sluice.queues import LifoQueue, PriorityQueue, Queue, SimpleQueue
from sluice.tasks import Task

if TYPE_CHECKING:
    from sluice import aio
    from sluice.executor import Executor
    from sluice.workers import WorkerPool

__version__ = "0.1.0"

__all__ = [
    "CallLost",
    "Cancelled",
    "Client",
    "Codec",
    "DecodeError",
    "DefaultCodec",
    "Empty",
    "EncodeError",
    "Error",
    "Executor",
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
    "RemoteError",
    "RemoteTraceback",
    "SessionLost",
    "ShutDown",
    "SimpleQueue",
    "Task",
    "Timeout",
    "TooLarge",
    "Unavailable",
    "UnsafePickleCodec",
    "WorkerPool",
    "aio",
]

# What stands on asyncio or concurrent.futures is loaded when it is used.
_LATER = {"Executor": "executor", "WorkerPool": "workers", "aio": "aio"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'sluice' has no attribute '{name}'")
    import importlib

    module = importlib.import_module(f"sluice.{_LATER[name]}")
    value = module if name == "aio" else getattr(module, name)
    globals()[name] = value
    return value
