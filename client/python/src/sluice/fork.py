"""What becomes of clients when the process forks.

A connection does not survive a fork: the threads that keep it alive are not in the child, and
locks may be held for ever. So what was connected is left as it is in the child, never touched
and never freed, and a call there says what to do instead of hanging. Leases stay the parent's.
"""

import os
import weakref
from typing import Any, Protocol

from sluice.exceptions import ForkError


class Forked(Protocol):
    """What is told of a fork."""

    def _forked(self, left: list[Any]) -> None:
        """In the child: forget native objects; they go into `left`."""


_watched: "weakref.WeakSet[Forked]" = weakref.WeakSet()
_left: list[Any] = []  # the parent's, for ever
_connected = False
_inherited = False


def watch(thing: Forked) -> None:
    """It is told when this process is the child of a fork. It must be hashable."""
    _watched.add(thing)


def check() -> None:
    """Call before connecting. Raises ForkError."""
    global _connected
    if _inherited:
        raise ForkError(
            "this process was forked from one that was connected to a server, and a connection "
            "does not survive a fork: start processes with multiprocessing.get_context('spawn') "
            "or 'forkserver', or make the first call on a client after the fork"
        )
    _connected = True


def _after_in_child() -> None:
    global _inherited
    _inherited = _inherited or _connected
    for thing in list(_watched):
        thing._forked(_left)


os.register_at_fork(after_in_child=_after_in_child)
