"""A server for a test class, and queues on it that no other test has."""

import itertools
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from sluice_process import DEADLINE_S, Process, Server, wait_until  # noqa: E402,F401

import sluice  # noqa: E402

_numbers = itertools.count(1)


class ServerCase(unittest.TestCase):
    """`self.server` for the whole class; `self.name()` for a queue of one's own."""

    server_args = ("--grace", "200ms")  # how soon the items of a client that was killed are back

    @classmethod
    def setUpClass(cls):
        cls.server = Server(args=cls.server_args)
        cls.addClassCleanup(cls.server.close)

    def name(self):
        return f"q{next(_numbers)}"

    def client(self, **options):
        """One that is closed with the test."""
        client = sluice.Client(self.server.address, **options)
        self.addCleanup(client.close)
        return client

    def until(self, queue, **expected):
        """Waits until the statistics of a queue are so."""
        wait_until(
            lambda: all(queue.stats()[name] == value for name, value in expected.items()),
            f"{expected} of {queue}",
        )

    def python(self, *args, **options):
        """A Python that has the package: a Process."""
        env = {"SLUICE_ADDRESS": self.server.address, "PYTHONPATH": os.pathsep.join(sys.path)}
        return Process(sys.executable, *args, env=env, **options)
