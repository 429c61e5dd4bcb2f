"""A test case with a server of its own, and the package that was built."""

import itertools
import pathlib
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import sluice  # noqa: E402
from gate import Gate  # noqa: E402
from sluice_process import DEADLINE_S, Process, Server, wait_until  # noqa: E402

__all__ = ["DEADLINE_S", "Background", "Gate", "Process", "ROOT", "Server", "ServerCase", "wait_until"]

_numbers = itertools.count(1)


class ServerCase(unittest.TestCase):
    """All tests of a class share a server and a client; each queue has a name of its own."""

    server_listen = None  # a Unix socket
    server_args = ("--grace", "1s")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.server_listen, args=cls.server_args)
        cls.addClassCleanup(cls.server.close)
        cls.client = sluice.Client(cls.server.address)
        cls.addClassCleanup(cls.client.close)

    @staticmethod
    def new_name():
        return f"q{next(_numbers)}"

    def new_queue(self, maxsize=0, kind=sluice.Queue, **options):
        return kind(self.client, self.new_name(), maxsize, **options)

    def in_thread(self, function, *args):
        """The outcome of a call in a thread of its own: wait for it with result()."""
        return Background(function, *args)

    def await_stat(self, queue, stat, value):
        """Until the queue's number is that."""
        wait_until(lambda: queue.stats()[stat] == value, f"{stat} == {value} of {queue.name}")


class Background:
    def __init__(self, function, *args):
        self._function, self._args = function, args
        self._value = self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._value = self._function(*self._args)
        except BaseException as error:
            self._error = error

    def result(self):
        """What it returned or raised; AssertionError when it does not end."""
        self._thread.join(DEADLINE_S)
        if self._thread.is_alive():
            raise AssertionError(f"{self._function} did not end")
        if self._error is not None:
            raise self._error
        return self._value
