"""The items that threads of this process took and have not finished."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Optional, Tuple

if TYPE_CHECKING:
    from sluice._native import Lease


class _Thread(threading.local):
    """A line for each thread: who took what. Lives as long as anybody holds it."""

    def __init__(self) -> None:
        self.line: "OrderedDict[Lease, Any]" = OrderedDict()  # oldest first


class Held:
    """Leases and their items, by thread and by item.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._thread = _Thread()
        # All lines with something in them, those of threads that have ended too: an item may be
        # finished by another thread than the one that took it.
        self._lines: "dict[int, OrderedDict[Lease, Any]]" = {}

    def add(self, item: Any, lease: "Lease") -> None:
        """This thread took it."""
        line = self._thread.line
        with self._lock:
            if not line:
                self._lines[id(line)] = line
            line[lease] = item

    def add_many(self, items: Iterable[Any], leases: "Iterable[Lease]") -> None:
        """This thread took them, in this order."""
        line = self._thread.line
        with self._lock:
            line.update(zip(leases, items))
            self._lines[id(line)] = line

    def put_back(self, taken: "Iterable[Tuple[Lease, Any]]") -> None:
        """What was popped and not finished; it is this thread's oldest again."""
        line = self._thread.line
        with self._lock:
            older = dict(taken)
            older.update(line)
            line.clear()
            line.update(older)
            if line:
                self._lines[id(line)] = line

    def pop_oldest(self) -> "Tuple[Lease, Any]":
        """The oldest that this thread took. ValueError when there is none."""
        line = self._thread.line
        with self._lock:
            if line:
                taken = line.popitem(last=False)
                if not line:
                    del self._lines[id(line)]
                return taken
        raise ValueError(
            "task_done() called too many times: this thread took no item that is not done. "
            "Another thread's is finished with task_done(item)"
        )

    def pop(self, item: Any) -> "Tuple[Lease, Any]":
        """The oldest that is this item, else equals it; this thread's first. ValueError."""
        own = self._thread.line
        with self._lock:
            lines = [own] + [line for line in self._lines.values() if line is not own]
            found = _find(lines, lambda each: each is item)
            if found is None:
                found = _find(lines, lambda each: bool(each == item))
            if found is not None:
                line, lease = found
                return lease, self._take(line, lease)
        raise ValueError("task_done(item) called for an item that was not taken, or is done")

    def pop_mine(self) -> "List[Tuple[Lease, Any]]":
        """All that this thread took, oldest first."""
        line = self._thread.line
        with self._lock:
            taken = list(line.items())
            line.clear()
            self._lines.pop(id(line), None)
        return taken

    def forget(self, left: "List[Any]") -> None:
        """In the child of a fork: they are the parent's. They go into `left`."""
        left.append(self._lines)
        self._lock = threading.RLock()
        self._thread = _Thread()
        self._lines = {}

    def _take(self, line: "OrderedDict[Lease, Any]", lease: "Lease") -> Any:
        item = line.pop(lease)
        if not line:
            self._lines.pop(id(line), None)
        return item


def _find(
    lines: "List[OrderedDict[Lease, Any]]", is_it: "Callable[[Any], bool]"
) -> "Optional[Tuple[OrderedDict[Lease, Any], Lease]]":
    for line in lines:
        for lease, item in line.items():
            if is_it(item):
                return line, lease
    return None
