"""What can go wrong, each by its name.

The standard library's `queue.Empty` and `queue.Full`, and its `queue.ShutDown` where there is
one (Python 3.13), so that code which catches those need not change. All others are `Error`s.
"""

import queue as _queue
import sys

Empty = _queue.Empty
Full = _queue.Full

if sys.version_info >= (3, 13):
    ShutDown = _queue.ShutDown
else:

    class ShutDown(Exception):
        """Raised when put/get with shut-down queue, as `queue.ShutDown` of Python 3.13."""


class Error(Exception):
    """Base of what Sluice raises beyond the `queue` module's exceptions."""


class Timeout(Error, TimeoutError):
    """A join with a timeout was not over in time."""


class LeaseLost(Error):
    """Somebody else has, or has done, the item: what was done with it here may be done twice."""


class QueueNotFound(Error):
    """There is no queue of this name."""


class QueueExists(Error):
    """There is a queue of this name with other settings."""


class QueueDeleted(Error):
    """The queue was deleted while the call waited."""


class TooLarge(Error, ValueError):
    """The item, or the put as a whole, can never fit."""


class InvalidArgument(Error, ValueError):
    """An argument makes no sense; the message says what does."""


class LimitReached(Error):
    """A limit of the server, or of what one client may have unanswered."""


class Cancelled(Error):
    """The call was ended from here: by `Client.close()`, or because its operation was cancelled."""


class SessionLost(Error):
    """The server does not know this client any more; its leases are lost."""


class Unavailable(Error, ConnectionError):
    """The server cannot be reached. Whether it did what was asked is not known."""


class InternalError(Error):
    """A bug, of Sluice's or of this machine's."""


class ForkError(Error):
    """A client that was connected before a fork, in the child.

    A connection does not survive a fork: its threads are not there. Start processes with
    `multiprocessing.get_context("spawn")` or `"forkserver"`, or make the first call on a client
    after the fork.
    """


class EncodeError(Error, TypeError):
    """The codec does not take this value; the message says what to do."""


class DecodeError(Error, ValueError):
    """The codec cannot make a value of this item.

    `payload` and `content_type` are the item's, so that nothing is lost with an item that was
    popped.
    """

    def __init__(self, message: str, payload: bytes = b"", content_type: str = "") -> None:
        super().__init__(message)
        self.payload = payload
        self.content_type = content_type


class CallLost(Error):
    """No result of a call will come: it was taken out of its queue, or given up after its workers
    died, or the queue was, with the server's memory."""


class RemoteError(Error):
    """A call raised, where it ran, an exception that is not known here.

    `type` is "module:name", `message` its text. Its traceback is that of `__cause__`.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(type, message)
        self.type = type
        self.message = message

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


class RemoteTraceback(Exception):
    """The `__cause__` of an exception that a call raised: where that was, as text."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"
