"""The items that threads (or tasks of asyncio) of this process took and have not finished."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Optional, Protocol, Tuple

if TYPE_CHECKING:
    from sluice._native import Lease

    Line = OrderedDict[Lease, Any]  # oldest first


class Takers(Protocol):
    """Who takes items: each has a line, that lives as long as anybody holds it."""

    kind: str

    @property
    def line(self) -> "Line":
        """That of who asks."""

    @property
    def nobodys(self) -> "Line":
        """Of what no taker took; anybody may finish it."""


class Threads(threading.local):
    """Each thread is a taker."""

    kind = "thread"
    nobodys: "Line" = OrderedDict()  # empty: there is always a thread

    def __init__(self) -> None:
        self.line: "Line" = OrderedDict()


class Held:
    """Leases and their items, by taker and by item.

    Thread safety: all methods may be called from any thread.
    """

    def __init__(self, takers: Optional[Takers] = None) -> None:
        self._lock = threading.RLock()
        self._takers: Takers = Threads() if takers is None else takers
        # All lines with something in them, those of takers that have ended too: an item may be
        # finished by another taker than the one that took it.
        self._lines: "dict[int, Line]" = {}

    def line(self) -> "Line":
        """That of who asks: for an add() by another one, who brings what this one asked for."""
        return self._takers.line

    def add(self, item: Any, lease: "Lease", line: "Optional[Line]" = None) -> None:
        """This taker took it, or that of the line."""
        line = self._takers.line if line is None else line
        with self._lock:
            if not line:
                self._lines[id(line)] = line
            line[lease] = item

    def add_many(
        self, items: Iterable[Any], leases: "Iterable[Lease]", line: "Optional[Line]" = None
    ) -> None:
        """This taker took them, or that of the line, in this order."""
        line = self._takers.line if line is None else line
        with self._lock:
            line.update(zip(leases, items))
            self._lines[id(line)] = line

    def put_back(self, taken: "Iterable[Tuple[Lease, Any]]") -> None:
        """What was popped and not finished; it is this taker's oldest again."""
        line = self._takers.line
        with self._lock:
            older = dict(taken)
            older.update(line)
            line.clear()
            line.update(older)
            if line:
                self._lines[id(line)] = line

    def pop_oldest(self) -> "Tuple[Lease, Any]":
        """The oldest that this taker took, else that nobody took. ValueError: there is none."""
        line = self._takers.line or self._takers.nobodys
        with self._lock:
            if line:
                taken = line.popitem(last=False)
                if not line:
                    self._lines.pop(id(line), None)
                return taken
        kind = self._takers.kind
        raise ValueError(
            f"task_done() called too many times: this {kind} took no item that is not done. "
            f"Another {kind}'s is finished with task_done(item)"
        )

    def pop(self, item: Any) -> "Tuple[Lease, Any]":
        """The oldest that is this item, else equals it; this taker's first. ValueError."""
        own = self._takers.line
        with self._lock:
            lines = [own] + [line for line in self._lines.values() if line is not own]
            found = _find(lines, lambda each: each is item)
            if found is None:
                found = _find(lines, lambda each: bool(each == item))
            if found is not None:
                line, lease = found
                return lease, self._take(line, lease)
        raise ValueError("task_done(item) called for an item that was not taken, or is done")

    def pop_many(self, items: Optional[Iterable[Any]]) -> "List[Tuple[Lease, Any]]":
        """Each as pop() would; None: all that this taker took. ValueError: none was popped."""
        if items is None:
            return self._pop_mine()
        taken: "List[Tuple[Lease, Any]]" = []
        try:
            for item in items:
                taken.append(self.pop(item))
        except BaseException:
            self.put_back(taken)
            raise
        return taken

    def _pop_mine(self) -> "List[Tuple[Lease, Any]]":
        """All that this taker took, oldest first."""
        line = self._takers.line
        with self._lock:
            taken = list(line.items())
            line.clear()
            self._lines.pop(id(line), None)
        return taken

    def forget(self, left: "List[Any]") -> None:
        """In the child of a fork: they are the parent's. They go into `left`."""
        left.append(self._lines)
        self._lock = threading.RLock()
        self._takers = type(self._takers)()
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
